// A chart over time: uPlot in the colours of the page, with its legend as a line of text, and the same figures as a table.
import 'uplot/dist/uPlot.min.css';
import './time.css';
import type { ComponentChildren } from 'preact';
import uPlot from 'uplot';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { color, dark } from '../app/theme';
import { clock, day, utc } from '../lib/format';
import { Button } from '../ui/base';

export interface Series {
	name: string;
	color: string; // a token's name: tier-1, series-2
	values: (number | null)[]; // null = a gap
	dashed?: boolean;
}

export interface TimeChartProps {
	title: string; // the finding
	unit: string;
	times: number[]; // seconds since 1970
	series: Series[];
	stacked?: boolean;
	format: (v: number | null | undefined) => string;
	height?: number;
	table: boolean;
	onTable: (table: boolean) => void;
	tools?: ComponentChildren;
	onSelect?: (from: number, to: number) => void; // seconds: a span was drawn
	step?: number; // seconds that a point stands for: drawn as steps
	range?: [number, number]; // seconds
}

/** stack adds up series from the first on; a gap counts as nothing, unless all are gaps. */
export function stack(series: (number | null)[][]): (number | null)[][] {
	const out: (number | null)[][] = [];
	series.forEach((values, s) => {
		out.push(
			values.map((v, i) => {
				const below = s > 0 ? out[s - 1]![i]! : null;
				if (v === null && below === null) return null;
				return (v ?? 0) + (below ?? 0);
			}),
		);
	});
	return out;
}

const axisTime = (s: number, span: number) => (span > 2 * 86_400 ? day(s * 1000).slice(5) : clock(s * 1000).slice(0, span < 300 ? 8 : 5));

export function TimeChart(props: TimeChartProps) {
	const box = useRef<HTMLDivElement>(null);
	const plot = useRef<uPlot | null>(null);
	const bounds = useRef(props.range);
	bounds.current = props.range;
	const [at, setAt] = useState<number | null>(null);
	const height = props.height ?? 190;
	const drawn = useMemo(() => {
		const values = props.series.map((s) => s.values);
		return props.stacked ? stack(values) : values;
	}, [props.series, props.stacked]);
	// The last step is as wide as the others.
	const data = useMemo(() => {
		const order = props.series.map((_, i) => (props.stacked ? props.series.length - 1 - i : i));
		const n = props.times.length;
		const tail = props.step && n > 0 ? 1 : 0;
		const times = tail
			? [...props.times, Math.min(props.times[n - 1]! + props.step!, props.range?.[1] ?? Number.POSITIVE_INFINITY)]
			: props.times;
		return [times, ...order.map((i) => (tail ? [...drawn[i]!, drawn[i]![n - 1] ?? null] : drawn[i]!))] as uPlot.AlignedData;
	}, [drawn, props.times]);
	const shape = `${props.series.map((s) => s.name + s.color).join()}|${props.stacked}|${dark.value}|${props.table}|${height}`;

	useEffect(() => {
		if (props.table || !box.current) return;
		const el = box.current;
		const muted = color('muted');
		const line = color('line');
		const font = '11px ui-monospace, Menlo, Consolas, monospace';
		// The last series lies at the back of a stack: what is drawn first is covered by what comes after.
		const order = props.series.map((_, i) => (props.stacked ? props.series.length - 1 - i : i));
		const options: uPlot.Options = {
			width: el.clientWidth,
			height,
			padding: [8, 8, 0, 0],
			cursor: { y: false, points: { show: !props.stacked, size: 6 }, drag: { x: !!props.onSelect, y: false, setScale: false } },
			legend: { show: false },
			scales: {
				x: { time: true, range: (_, low, high) => bounds.current ?? [low, high] },
				y: { range: (_, low, high) => [Math.min(0, low ?? 0), (high ?? 0) > 0 ? high * 1.08 : 1] },
			},
			axes: [
				{
					stroke: muted,
					font,
					size: 26,
					gap: 6,
					grid: { show: false },
					ticks: { stroke: line, width: 1, size: 4 },
					values: (u, ticks) => ticks.map((t) => axisTime(t, (u.scales.x!.max ?? 0) - (u.scales.x!.min ?? 0))),
				},
				{
					stroke: muted,
					font,
					size: 62,
					gap: 6,
					splits: undefined,
					space: 36,
					grid: { stroke: line, width: 1 },
					ticks: { show: false },
					values: (_, ticks) => ticks.map((t) => props.format(t)),
				},
			],
			series: [
				{},
				...order.map((i): uPlot.Series => {
					const s = props.series[i]!;
					const c = color(s.color);
					return {
						label: s.name,
						stroke: props.stacked ? color('panel') : c,
						width: props.stacked ? 0.5 : 1.5,
						dash: s.dashed ? [4, 3] : undefined,
						fill: props.stacked ? c : undefined,
						spanGaps: false,
						paths: props.step ? uPlot.paths.stepped!({ align: 1 }) : undefined,
						points: { show: !props.step && props.times.length < 3 },
					};
				}),
			],
			hooks: {
				setCursor: [(u) => setAt(u.cursor.idx ?? null)],
				setSelect: [
					(u) => {
						if (u.select.width < 8) return;
						props.onSelect?.(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'));
						u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
					},
				],
			},
		};
		const u = new uPlot(options, data, el);
		plot.current = u;
		const watch = new ResizeObserver(() => u.setSize({ width: el.clientWidth, height }));
		watch.observe(el);
		return () => {
			watch.disconnect();
			u.destroy();
			plot.current = null;
		};
	}, [shape]);

	useEffect(() => {
		plot.current?.setData(data);
	}, [data]);

	return (
		<figure class="chart" aria-label={`${props.title}, ${props.unit}`}>
			<figcaption>
				<h2>
					{props.title} <span class="muted">{props.unit}</span>
				</h2>
				{props.tools}
				<Button kind="quiet" small icon={props.table ? 'chart' : 'table'} onClick={() => props.onTable(!props.table)}>
					{props.table ? 'Chart' : 'Table'}
				</Button>
			</figcaption>
			{props.table ? (
				<div class="chart-table" tabIndex={0} role="region" aria-label={`${props.title}, as a table`}>
					<table class="grid-table">
						<thead>
							<tr>
								<th>time</th>
								{props.series.map((s) => (
									<th key={s.name} class="right">
										{s.name}
									</th>
								))}
							</tr>
						</thead>
						<tbody>
							{props.times.map((_, k) => {
								const i = props.times.length - 1 - k;
								const t = props.times[i]! * 1000;
								return (
									<tr key={t}>
										<td class="num" title={utc(t)}>
											{day(t).slice(5)} {clock(t).slice(0, 5)}
										</td>
										{props.series.map((s) => (
											<td key={s.name} class="right num">
												{props.format(s.values[i])}
											</td>
										))}
									</tr>
								);
							})}
						</tbody>
					</table>
				</div>
			) : (
				<>
					<div
						class="chart-plot"
						ref={box}
						style={{ height: `${height}px` }}
						role="img"
						aria-label={`${props.title}. The table has the figures.`}
					/>
					<div class="legend">
						<span class="num muted legend-time">
							{at !== null && props.times[at] !== undefined
								? `${day(props.times[at]! * 1000).slice(5)} ${clock(props.times[at]! * 1000).slice(0, 5)}`
								: ''}
						</span>
						{props.series.map((s) => (
							<span key={s.name} class="legend-item">
								<i style={{ background: `var(--${s.color})` }} class={s.dashed ? 'dashed' : ''} aria-hidden="true" />
								{s.name}
								{at !== null && <b class="num">{props.format(s.values[at])}</b>}
							</span>
						))}
					</div>
				</>
			)}
		</figure>
	);
}
