import { expect, test } from 'vitest';
import { ago, bytes, count, duration, money, part, percent, perMillion, plural, points, ratio, signed, tokens, whole } from './format';

test.each([
	[0, '$0'],
	[0.00042, '$0.00042'],
	[0.0000013, '$0.0000013'],
	[0.07, '$0.070'],
	[0.31, '$0.31'],
	[12.4, '$12.40'],
	[999.99, '$999.99'],
	[1200, '$1.2k'],
	[12_345, '$12.3k'],
	[1_200_000, '$1.2M'],
	[-0.5, '−$0.50'],
	[undefined, '–'],
	[Number.NaN, '–'],
])('money %s', (usd, text) => expect(money(usd)).toBe(text));

test.each([
	[0, '0 ms'],
	[0.038, '38 µs'],
	[4.25, '4.3 ms'],
	[412, '412 ms'],
	[999.7, '1.00 s'],
	[1320, '1.32 s'],
	[12_000, '12 s'],
	[59_960, '1 min'],
	[240_000, '4 min'],
	[11_520_000, '3.2 h'],
	[172_800_000, '2 days'],
	[null, '–'],
])('duration %s', (ms, text) => expect(duration(ms)).toBe(text));

test.each([
	[950, '950'],
	[1043, '1,043'],
	[12_300, '12.3k'],
	[99_960, '100k'],
	[999_800, '1M'],
	[1_200_000, '1.2M'],
	[-5, '−5'],
	[0.5, '0.500'],
])('count %s', (n, text) => expect(count(n)).toBe(text));

test('a change carries its sign', () => {
	expect(signed(12, (v) => `${v} %`)).toBe('+12 %');
	expect(signed(-12, (v) => `${v} %`)).toBe('−12 %');
	expect(signed(0.0001, (v) => v.toFixed(1))).toBe('±0.0');
	expect(points(0.003)).toBe('+0.3 points');
	expect(points(-0.003)).toBe('−0.3 points');
});

test('figures of a hundred and of one', () => {
	expect(percent(8.14)).toBe('8.1 %');
	expect(percent(100)).toBe('100 %');
	expect(percent(-12)).toBe('−12 %');
	expect(percent(-0.01)).toBe('0 %');
	expect(part(1, 0)).toBeUndefined();
	expect(ratio(0.784)).toBe('.78');
	expect(ratio(-0.05, 3)).toBe('−.050');
	expect(ratio(1)).toBe('1.00');
});

test('sizes, prices and words', () => {
	expect(bytes(4710)).toBe('4.6 KB');
	expect(perMillion(0.15)).toBe('$0.15');
	expect(perMillion(0.015)).toBe('$0.015');
	expect(tokens(1)).toBe('1 token');
	expect(tokens(1_200_000)).toBe('1.2M tokens');
	expect(plural(1, 'rule')).toBe('1 rule');
	expect(plural(2, 'copy', 'copies')).toBe('2 copies');
	expect(whole(98_412)).toBe('98,412');
	expect(ago(1000, 13_400)).toBe('12 s ago');
	expect(ago(1000, 1500)).toBe('just now');
});
