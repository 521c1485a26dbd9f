import { useState } from 'preact/hooks';
import { money, ratio } from '../../lib/format';
import { Button } from '../../ui/base';
import type { CurvePoint, Result } from './shapes';

const w = 560;
const h = 170;
const pad = { left: 44, right: 16, top: 12, bottom: 30 };

/** ticks are a few round figures within a range. */
export function ticks(low: number, high: number, n = 4): number[] {
	const span = high - low;
	if (!(span > 0)) return [low];
	const step = 10 ** Math.floor(Math.log10(span / n));
	const by = [1, 2, 5, 10].map((m) => m * step).find((s) => span / s <= n) ?? step * 10;
	const out: number[] = [];
	for (let v = Math.ceil(low / by) * by; v <= high + by * 1e-9; v += by) out.push(Number(v.toPrecision(12)));
	return out;
}

/** decades are round figures of a logarithmic axis: 1, 2 and 5 of each decade, or the decades alone where there are many. */
export function decades(low: number, high: number): number[] {
	const steps = high - low > 2.2 ? [1] : high - low > 1.2 ? [1, 3] : [1, 2, 5];
	const out: number[] = [];
	for (let d = Math.floor(low); d <= high; d++) for (const s of steps) if (Math.log10(s) + d >= low && Math.log10(s) + d <= high) out.push(Number((s * 10 ** d).toPrecision(3)));
	return out;
}

/** Scatter is cost against quality: the live policy, the draft, and what the draft's dial can reach. */
export function Scatter({ curve }: { curve: NonNullable<Result['curve']> }) {
	const [table, setTable] = useState(false);
	const all = [...curve.points, curve.live, curve.draft];
	const range = (f: (p: CurvePoint) => number): [number, number] => {
		const low = Math.min(...all.map(f));
		const high = Math.max(...all.map(f));
		const air = (high - low || Math.abs(high) || 1) * 0.08;
		return [Math.max(0, low - air), high + air];
	};
	const [q0, q1] = range((p) => p.quality);
	// Costs differ by decades: their axis is logarithmic, and what is free stands at its begin.
	const dearest = Math.max(...all.map((p) => p.cost), 1e-9);
	const least = Math.max(Math.min(...all.map((p) => p.cost).filter((c) => c > 0), dearest), dearest / 1e4);
	const l0 = Math.log10(least) - 0.12;
	const l1 = Math.log10(dearest) + 0.12;
	const x = (v: number) => pad.left + ((Math.log10(Math.max(v, least)) - l0) / (l1 - l0)) * (w - pad.left - pad.right);
	const y = (v: number) => h - pad.bottom - ((v - q0) / (q1 - q0)) * (h - pad.top - pad.bottom);
	const line = [...curve.points].sort((a, b) => a.balance - b.balance);
	const over = curve.live.quality >= curve.draft.quality;
	const better = curve.draft.quality >= curve.live.quality && curve.draft.cost <= curve.live.cost;
	const worse = curve.draft.quality <= curve.live.quality && curve.draft.cost >= curve.live.cost;
	const same = Math.abs(curve.draft.cost - curve.live.cost) < 1e-9 && Math.abs(curve.draft.quality - curve.live.quality) < 1e-6;
	const finding = same ? 'The draft stands where live stands' : better ? 'The draft is better and cheaper than live' : worse ? 'The draft is dearer and no better than live' : curve.draft.cost < curve.live.cost ? 'The draft is cheaper, for less quality' : 'The draft is better, for more cost';
	return (
		<section class="scatter">
			<h3>
				{finding} <span class="muted">≈ quality against cost a request, and the curve of the draft's dial</span>
				<Button kind="quiet" small icon={table ? 'chart' : 'table'} label={table ? 'As a chart' : 'As a table'} onClick={() => setTable(!table)} />
			</h3>
			{table ? (
				<table class="grid-table">
					<thead>
						<tr>
							<th />
							<th class="right">balance</th>
							<th class="right">cost a request</th>
							<th class="right">≈ quality</th>
						</tr>
					</thead>
					<tbody>
						{[['live', curve.live] as const, ['draft', curve.draft] as const, ...line.map((p) => ['dial', p] as const)].map(([name, p], i) => (
							<tr key={i} class={i < 2 ? 'best' : ''}>
								<td>{name}</td>
								<td class="num right">{p.balance.toFixed(2)}</td>
								<td class="num right">{money(p.cost)}</td>
								<td class="num right">{ratio(p.quality, 3)}</td>
							</tr>
						))}
					</tbody>
				</table>
			) : (
				<svg viewBox={`0 0 ${w} ${h}`} role="img" aria-label={`${finding}: live ${money(curve.live.cost)} and ${ratio(curve.live.quality, 3)}, draft ${money(curve.draft.cost)} and ${ratio(curve.draft.quality, 3)}`}>
					{ticks(q0, q1).map((v) => (
						<g key={v}>
							<path class="rule" d={`M${pad.left} ${y(v)}H${w - pad.right}`} />
							<text x={pad.left - 6} y={y(v) + 4} text-anchor="end">
								{ratio(v, 2)}
							</text>
						</g>
					))}
					{decades(l0, l1).map((v) => (
						<text key={v} x={x(v)} y={h - 12} text-anchor="middle">
							{money(v)}
						</text>
					))}
					<path class="dial" d={line.map((p, i) => `${i ? 'L' : 'M'}${x(p.cost).toFixed(1)} ${y(p.quality).toFixed(1)}`).join('')} />
					{line.map((p) => (
						<circle key={p.balance} class="dot" cx={x(p.cost)} cy={y(p.quality)} r="2.2">
							<title>
								balance {p.balance}: {money(p.cost)}, {ratio(p.quality, 3)}
							</title>
						</circle>
					))}
					<circle class="live" cx={x(curve.live.cost)} cy={y(curve.live.quality)} r="5.5" />
					<circle class="draft" cx={x(curve.draft.cost)} cy={y(curve.draft.quality)} r="4" />
					<text class="name" x={x(curve.live.cost) + 9} y={y(curve.live.quality) + (over ? -8 : 15)}>
						{same ? 'live, draft' : 'live'}
					</text>
					{!same && (
						<text class="name" x={x(curve.draft.cost) + 9} y={y(curve.draft.quality) + (over ? 15 : -7)}>
							draft
						</text>
					)}
				</svg>
			)}
		</section>
	);
}
