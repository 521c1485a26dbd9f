import { describe, expect, it } from 'vitest';
import { type Catalog, linesOf, overall, sourceOf, steps } from './model';

const price = { input: 1, output: 2, cached_input: null };
const catalog: Catalog = {
	version: 'v',
	models: [
		{ id: 'a/x', name: 'X', owned_by: 'a', created: 0, context_window: 1, max_output_tokens: null, pricing: price, ability: { coding: 0.5, math: null, writing: 0.7 } },
		{ id: 'b/y', name: 'Y', owned_by: 'b', created: 0, context_window: null, max_output_tokens: null, pricing: null },
	],
	deployments: [
		{ id: 'c/x', model: 'a/x', provider: 'c', upstream: 'x', home: false, usable: true, pricing: price },
		{ id: 'a/x-1', model: 'a/x', provider: 'a', upstream: 'x-1', home: true, usable: false, pricing: price, source: 'price page (2026-07-02)' },
	],
};

describe('models', () => {
	it('stand with where they are served', () => {
		const [x, y] = linesOf(catalog, 'deployments:\n  c/x:\n    prices: {input: 3}\n');
		expect([x!.home?.id, x!.usable, x!.overlaid]).toEqual(['a/x-1', true, true]);
		expect([y!.home, y!.usable, y!.overlaid]).toEqual([undefined, false, false]);
	});
	it('have a mean of what is known', () => {
		expect(overall(catalog.models[0]!)).toBeCloseTo(0.6);
		expect(overall(catalog.models[1]!)).toBeUndefined();
	});
	it('say where a price is from', () => {
		expect(sourceOf(catalog.deployments[1])).toEqual({ where: 'price page', date: '2026-07-02' });
		expect(sourceOf(undefined)).toEqual({ where: '', date: '' });
	});
	it('change by paths of the overlay', () => {
		const [x] = linesOf(catalog);
		expect(steps(x!, { input: 3, source: 'our contract', context: 9 }, (t) => `'${t}'`)).toEqual([
			[['deployments', 'a/x-1', 'prices', 'input'], '3'],
			[['deployments', 'a/x-1', 'prices', 'verified'], 'yes'],
			[['deployments', 'a/x-1', 'prices', 'source'], "'our contract'"],
			[['models', 'a/x', 'context'], '9'],
		]);
	});
});
