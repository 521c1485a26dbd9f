import { describe, expect, it } from 'vitest';
import { byClass, cooling, type Provider, quickest, rank, stateLook } from './provider';

const p = (more: Partial<Provider>): Provider => ({ id: 'x', name: 'X', state: 'healthy', usable: true, ...more });

describe('providers', () => {
	it('put what needs somebody first', () => {
		const list = [p({ name: 'A' }), p({ name: 'B', state: 'unset', usable: false }), p({ name: 'C', state: 'auth', usable: false }), p({ name: 'D', keys: [{ id: 'k', state: 'rate_limited', until: new Date(Date.now() + 9e4).toISOString() }] })];
		expect(list.sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).map((x) => x.name)).toEqual(['C', 'D', 'A', 'B']);
	});
	it('say what cools down the longest', () => {
		const now = Date.parse('2026-01-01T00:00:00Z');
		const one = p({ keys: [{ id: 'k', key: '…a1b2', state: 'rate_limited', until: '2026-01-01T00:00:10Z', detail: '429' }], deployments: [{ deployment: 'x/m', state: 'server', until: '2026-01-01T00:00:30Z' }] });
		expect(cooling(one, now)?.what).toBe('x/m');
		expect(cooling(one, now + 60_000)).toBeUndefined();
	});
	it('count errors, not what went well', () => expect(byClass(p({ counts: { ok: 9, timeout: 1, server: 3, network: 0 } }))).toEqual([['server', 3], ['timeout', 1]]));
	it('know the quickest that can be asked', () => expect(quickest([p({ name: 'A', p50_ms: 5, usable: false }), p({ name: 'B', p50_ms: 9 }), p({ name: 'C' })])?.name).toBe('B'));
	it('read as icon and word', () => {
		expect(stateLook('rate_limited', true)).toMatchObject({ tone: 'warn', word: 'rate limited' });
		expect(stateLook('auth', false).tone).toBe('bad');
		expect(stateLook('', true).word).toBe('healthy');
	});
});
