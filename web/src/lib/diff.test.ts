import { expect, test } from 'vitest';
import { diffLines, hunks, readUnified, tally } from './diff';

const apply = (lines: ReturnType<typeof diffLines>, drop: '+' | '-') =>
	lines
		.filter((l) => l.sign !== drop)
		.map((l) => l.text)
		.join('\n');

test.each([
	['', 'a'],
	['a\nb\nc', 'a\nx\nc'],
	['a\nb\nc\nd', 'b\nc\nd\ne'],
	['same', 'same'],
	['a\na\na', 'a\na'],
	['1\n2\n3\n4\n5', '5\n4\n3\n2\n1'],
])('both texts are in the difference of %j and %j', (before, after) => {
	const lines = diffLines(before, after);
	expect(apply(lines, '+')).toBe(before);
	expect(apply(lines, '-')).toBe(after);
});

test('random texts', () => {
	let seed = 7;
	const next = (n: number) => (seed = (seed * 48_271) % 2_147_483_647) % n;
	for (let round = 0; round < 300; round++) {
		const text = () => Array.from({ length: next(30) }, () => String(next(5))).join('\n');
		const [before, after] = [text(), text()];
		const lines = diffLines(before, after);
		expect(apply(lines, '+')).toBe(before);
		expect(apply(lines, '-')).toBe(after);
	}
});

test('one changed line is one out and one in', () => {
	expect(tally(diffLines('a\nb\nc', 'a\nx\nc'))).toEqual({ plus: 1, minus: 1 });
});

test('what is far from a change is left out', () => {
	const many = Array.from({ length: 40 }, (_, i) => `line ${i}`);
	const out = hunks(diffLines(many.join('\n'), many.map((l, i) => (i === 5 || i === 30 ? 'x' : l)).join('\n')));
	expect(out.filter((l) => l === null)).toHaveLength(1 + 0);
	expect(out.length).toBeLessThan(20);
});

test("the server's own differences", () => {
	expect(readUnified('--- a\n+++ b\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n@@ -9 +9 @@\n d\n')).toEqual([
		{ sign: ' ', text: 'a' },
		{ sign: '-', text: 'b' },
		{ sign: '+', text: 'c' },
		null,
		{ sign: ' ', text: 'd' },
	]);
});
