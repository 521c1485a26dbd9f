// What happened over the range, as figures and as series of a chart.
import type { Series } from '../../charts/time';
import { count, duration, money, part, percent } from '../../lib/format';
import { tiers, type Rollup, type Rollups, type Sums } from '../../lib/types';

export type View = 'tier' | 'model' | 'cost' | 'latency';
export const views: readonly View[] = ['tier', 'model', 'cost', 'latency'];

const seconds = { minute: 60, '10m': 600, hour: 3600, day: 86_400 } as const;

/** spanFor is how fine a range is told: 60 to 360 points. */
export function spanFor(ms: number): keyof typeof seconds {
	if (ms <= 6 * 3_600_000) return 'minute';
	if (ms <= 36 * 3_600_000) return '10m';
	return ms <= 15 * 86_400_000 ? 'hour' : 'day';
}

export interface Grid {
	times: number[];
	step: number; // seconds
	at: (Rollup | undefined)[];
	share: (i: number) => number; // of the step that has passed: 1 but for the last
}

/** grid puts rollups on even steps. The last step is left out while less than half of it has passed: its figures would mislead. */
export function grid(r: Rollups, from: number, to: number): Grid {
	const step = seconds[r.span as keyof typeof seconds] ?? 60;
	const known = new Map(r.rollups.map((x) => [Math.floor(new Date(x.time!).getTime() / 1000 / step), x]));
	const first = Math.max(Math.ceil(from / step), Math.min(...known.keys(), Math.floor(to / step)));
	const times: number[] = [];
	const at: (Rollup | undefined)[] = [];
	for (let k = first; k * step < to; k++) {
		if (to - k * step < step / 2) break;
		times.push(k * step);
		at.push(known.get(k));
	}
	return { times, step, at, share: (i) => Math.min(1, (to - times[i]!) / step) };
}

const perMinute = (g: Grid, pick: (r: Rollup) => number): (number | null)[] =>
	g.at.map((r, i) => (r ? pick(r) : 0) / ((g.step / 60) * g.share(i)));

/** tierSeries are requests a minute by tier. Steps in which nothing was asked count as none. */
export function tierSeries(g: Grid): Series[] {
	return tiers.map((tier, i) => ({ name: tier, color: `tier-${i + 1}`, values: perMinute(g, (r) => r.groups?.[tier]?.requests ?? 0) }));
}

/** modelSeries are requests a minute by model: the five largest, and the others together. */
export function modelSeries(g: Grid, total: Rollup): Series[] {
	const order = Object.entries(total.groups ?? {}).sort((a, b) =>
		a[0] === 'other' ? 1 : b[0] === 'other' ? -1 : b[1].requests - a[1].requests,
	);
	return order.map(([name], i) => ({
		name: name.slice(name.indexOf('/') + 1) || 'none',
		color: name === 'other' ? 'series-other' : `series-${Math.min(i + 1, 5)}`,
		values: perMinute(g, (r) => r.groups?.[name]?.requests ?? 0),
	}));
}

/** costSeries are USD an hour, beside what the same would have cost at the baseline model. */
export function costSeries(g: Grid): Series[] {
	const hourly = (pick: (r: Rollup) => number) => perMinute(g, pick).map((v) => (v === null ? null : v * 60));
	return [
		{ name: 'cost', color: 'series-1', values: hourly((r) => r.cost_usd) },
		{ name: '≈ at the baseline', color: 'series-other', values: hourly((r) => r.baseline_usd), dashed: true },
	];
}

/** latencySeries are milliseconds from arrival to end; where nothing was asked there is a gap. */
export function latencySeries(g: Grid): Series[] {
	const of = (q: 'p50' | 'p95') => g.at.map((r) => r?.latency_ms?.[q] ?? null);
	return [
		{ name: 'half within', color: 'series-1', values: of('p50') },
		{ name: '95 % within', color: 'series-2', values: of('p95') },
	];
}

/** finding is what a view shows, in one sentence. */
export function finding(view: View, total: Rollup, hours: number): string {
	if (total.requests === 0) return 'Nothing was asked';
	const top = (groups: Record<string, Sums>) =>
		Object.entries(groups)
			.filter(([name]) => name !== 'other')
			.sort((a, b) => b[1].requests - a[1].requests)[0];
	switch (view) {
		case 'tier': {
			const easy = (total.groups?.NANO?.requests ?? 0) + (total.groups?.SIMPLE?.requests ?? 0);
			const hard = total.groups?.COMPLEX?.requests ?? 0;
			return `${percent(part(easy, total.requests), 0)} of requests are NANO or SIMPLE, ${percent(part(hard, total.requests), 0)} COMPLEX`;
		}
		case 'model': {
			const best = top(total.groups ?? {});
			return best
				? `${best[0].slice(best[0].indexOf('/') + 1)} takes ${percent(part(best[1].requests, total.requests), 0)} of requests`
				: 'No model was asked';
		}
		case 'cost':
			return total.savings_pct === undefined
				? `${money(total.cost_usd / hours)} an hour`
				: `${money(total.cost_usd / hours)} an hour, ${percent(Math.abs(total.savings_pct))} ${total.savings_pct >= 0 ? 'below' : 'above'} the baseline`;
		case 'latency':
			return total.latency_ms
				? `Half of the answers end within ${duration(total.latency_ms.p50)}, 95 % within ${duration(total.latency_ms.p95)}`
				: 'Nothing was timed';
	}
}

export const unitOf: Record<View, string> = {
	tier: 'requests a minute',
	model: 'requests a minute',
	cost: 'USD an hour',
	latency: 'from arrival to end',
};
export const formatOf: Record<View, (v: number | null | undefined) => string> = {
	tier: (v) => (v === null || v === undefined ? '–' : count(Math.round(v * 10) / 10)),
	model: (v) => (v === null || v === undefined ? '–' : count(Math.round(v * 10) / 10)),
	cost: money,
	latency: duration,
};
