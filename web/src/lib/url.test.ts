import { expect, test } from 'vitest';
import { address, rangeMs, withQuery } from './url';

test('a query keeps what it does not know', () => {
	expect(withQuery('?a=1&b=2', { b: null, c: 'x y', d: true, e: false, f: '' })).toBe('?a=1&c=x+y&d=true');
	expect(withQuery('?a=1', { a: null })).toBe('');
	expect(address('/p', { since: '24h', key: undefined, n: 0 })).toBe('/p?since=24h&n=0');
});

test('ranges', () => {
	expect(rangeMs('15m')).toBe(900_000);
	expect(rangeMs('7d')).toBe(604_800_000);
	expect(rangeMs('soon')).toBe(3_600_000);
});
