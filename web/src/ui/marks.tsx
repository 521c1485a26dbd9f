// Marks that carry a figure: value bars, dumbbells, sparklines, a scale.
import type { ComponentChildren } from 'preact';

/** Bar is a share of 0..1; estimates are hatched, what is unknown is a hatch without a fill. */
export function Bar({
	value,
	of = 1,
	estimate,
	fill,
	label,
}: {
	value?: number | null;
	of?: number;
	estimate?: boolean;
	fill?: string;
	label?: string;
}) {
	const unknown = value === undefined || value === null || !Number.isFinite(value);
	const share = unknown ? 0 : Math.max(0, Math.min(1, value / of));
	return (
		<span
			class={`bar${unknown ? ' unknown' : ''}${estimate ? ' estimate' : ''}`}
			role={label ? 'img' : undefined}
			aria-label={label}
			aria-hidden={label ? undefined : 'true'}
		>
			{!unknown && <i style={{ width: `${share * 100}%`, ...(fill ? { '--fill': fill } : {}) }} />}
		</span>
	);
}

/** Dumbbell is before → after on one scale: a hollow mark, a filled one, and the way between them. */
export function Dumbbell({ before, after, max, label }: { before: number; after: number; max: number; label: string }) {
	const x = (v: number) => `${(max > 0 ? Math.max(0, Math.min(1, v / max)) : 0) * 96 + 2}%`;
	return (
		<svg class="dumbbell" role="img" aria-label={label}>
			<title>{label}</title>
			<line class="rail" x1="2%" x2="98%" y1="7" y2="7" />
			<line class="way" x1={x(before)} x2={x(after)} y1="7" y2="7" />
			<circle class="before" cx={x(before)} cy="7" r="4" />
			<circle class="after" cx={x(after)} cy="7" r="4" />
		</svg>
	);
}

/** Spark is a line of the last figures, without axes; a gap where there is none. */
export function Spark({
	values,
	height = 26,
	color,
	label,
}: {
	values: readonly (number | null | undefined)[];
	height?: number;
	color?: string;
	label: string;
}) {
	const known = values.filter((v): v is number => v !== null && v !== undefined && Number.isFinite(v));
	if (known.length < 2) return <svg class="spark" height={height} role="img" aria-label={`${label}: not enough yet`} />;
	const low = Math.min(0, ...known);
	const high = Math.max(...known, low + 1e-12);
	const w = 100;
	const x = (i: number) => (i / (values.length - 1)) * w;
	const y = (v: number) => height - 2 - ((v - low) / (high - low)) * (height - 4);
	const runs: string[] = [];
	const areas: string[] = [];
	let run: [number, number][] = [];
	const close = () => {
		if (run.length === 1) run.push([run[0]![0] + 0.8, run[0]![1]]);
		if (run.length > 1) {
			const line = run.map(([px, py]) => `${px.toFixed(2)} ${py.toFixed(2)}`).join('L');
			runs.push(`M${line}`);
			areas.push(`M${run[0]![0].toFixed(2)} ${height}L${line}L${run[run.length - 1]![0].toFixed(2)} ${height}Z`);
		}
		run = [];
	};
	values.forEach((v, i) => {
		if (v === null || v === undefined || !Number.isFinite(v)) close();
		else run.push([x(i), y(v)]);
	});
	close();
	return (
		<svg
			class="spark"
			viewBox={`0 0 ${w} ${height}`}
			height={height}
			preserveAspectRatio="none"
			role="img"
			aria-label={label}
			style={color ? { '--accent': color } : undefined}
		>
			<path class="area" d={areas.join('')} />
			<path d={runs.join('')} />
		</svg>
	);
}

/** Scale is 0..1 with limits on it and a mark: where a difficulty stands among the tiers. */
export function Scale({
	limits,
	at,
	was,
	label,
}: {
	limits: { to: number; name: string; fill: string }[];
	at: number;
	was?: number;
	label: string;
}) {
	let from = 0;
	return (
		<div class="scale" role="img" aria-label={label}>
			<div class="scale-bands">
				{limits.map((l) => {
					const width = (l.to - from) * 100;
					const inside = at >= from && (at < l.to || l.to >= 1);
					from = l.to;
					return (
						<span key={l.name} class={`${inside ? 'in' : ''}${width < 12 ? ' thin' : ''}`} style={{ width: `${width}%`, '--fill': l.fill }}>
							<i />
							<em>{l.name}</em>
						</span>
					);
				})}
			</div>
			{was !== undefined && Math.abs(was - at) > 0.004 && <b class="was" style={{ left: `${was * 100}%` }} />}
			<b style={{ left: `${Math.max(0, Math.min(1, at)) * 100}%` }} />
		</div>
	);
}

/** Figure is one number with its name. */
export function Figure({
	name,
	value,
	note,
	children,
	tone,
	href,
}: {
	name: string;
	value: ComponentChildren;
	note?: ComponentChildren;
	children?: ComponentChildren;
	tone?: string;
	href?: string;
}) {
	const inside = (
		<>
			<span class="figure-name">{name}</span>
			<span class={`figure-value${tone ? ` tone-${tone}` : ''}`}>{value}</span>
			{note && <span class="figure-note">{note}</span>}
			{children}
		</>
	);
	return href ? (
		<a class="figure" href={href}>
			{inside}
		</a>
	) : (
		<div class="figure">{inside}</div>
	);
}
