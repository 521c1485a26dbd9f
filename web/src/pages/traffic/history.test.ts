import { expect, test } from 'vitest';
import type { Rollups } from '../../lib/types';
import { costSeries, grid, latencySeries, spanFor, tierSeries } from './history';

const sums = {
	failed: 0,
	fallback: 0,
	attempts: 1,
	baseline_usd: 2,
	prompt_tokens: 0,
	cached_tokens: 0,
	completion_tokens: 0,
	reasoning_tokens: 0,
	mean_ms: 1,
};
const rollups = {
	span: 'minute',
	by: 'tier',
	total: { ...sums, requests: 6, cost_usd: 1 },
	rollups: [
		{
			...sums,
			time: '1970-01-01T00:01:00Z',
			requests: 2,
			cost_usd: 1,
			groups: { NANO: { ...sums, requests: 2, cost_usd: 1 } },
			latency_ms: { n: 2, p50: 5, p95: 9, p99: 9 },
		},
		{ ...sums, time: '1970-01-01T00:03:00Z', requests: 4, cost_usd: 3, groups: { NANO: { ...sums, requests: 4, cost_usd: 3 } } },
	],
} as unknown as Rollups;

test('steps are even, begin with the first record, and the last one that has hardly begun is left out', () => {
	expect(grid(rollups, 0, 240).times).toEqual([60, 120, 180]);
	expect(grid(rollups, 0, 250).times).toEqual([60, 120, 180]);
	expect(grid(rollups, 0, 215).times).toEqual([60, 120, 180]);
	expect(grid(rollups, 0, 205).times).toEqual([60, 120]);
});

test('counts are a rate, cost is an hour, and latency without requests is a gap', () => {
	const g = grid(rollups, 0, 240);
	expect(tierSeries(g)[0]!.values).toEqual([2, 0, 4]);
	expect(costSeries(g)[0]!.values).toEqual([60, 0, 180]);
	expect(latencySeries(g)[0]!.values).toEqual([5, null, null]);
	// The last step has gone three quarters: as much again in the rest makes a third more.
	expect(tierSeries(grid(rollups, 0, 225))[0]!.values[2]).toBeCloseTo(16 / 3);
});

test('spans fit ranges', () => expect([6, 24, 168, 720].map((h) => spanFor(h * 3_600_000))).toEqual(['minute', '10m', 'hour', 'day']));
