import { describe, expect, it } from 'vitest';
import { fixAll, fixOf, nextProblem, offsetAt, placeOf, type Problem } from './position';

const at = (line: number, column: number, end: number, more: Partial<Problem> = {}): Problem => ({
	severity: 'error',
	line,
	column,
	end_line: line,
	end_column: end,
	message: 'm',
	...more,
});

describe('places', () => {
	it('counts characters, not UTF-16 units', () => {
		expect(offsetAt('a😀b', 1, 3)).toBe(3);
		expect(offsetAt('x\n😀😀y', 2, 3)).toBe(6);
	});
	it('stays inside the line and the text', () => {
		expect(offsetAt('ab\ncd', 1, 99)).toBe(2);
		expect(offsetAt('ab', 9, 1)).toBe(2);
	});
	it('marks the word where only a point is given', () => {
		expect(placeOf('when: codng', at(1, 7, 7))).toEqual({ from: 6, to: 11 });
	});
});

describe('fixes', () => {
	const text = 'a: "codng"\nb: provder == 1\n';
	const problems = [at(1, 4, 11, { replace: '"coding"' }), at(2, 4, 11, { replace: 'provider' })];
	it('changes the marked text alone', () => expect(fixOf(text, problems[0]!)).toEqual({ from: 3, to: 10, insert: '"coding"' }));
	it('has none where the mend is advice', () => expect(fixOf(text, at(1, 1, 2, { mend: 'write it quoted' }))).toBeNull());
	it('mends all at once', () => expect(fixAll(text, problems)).toBe('a: "coding"\nb: provider == 1\n'));
	it('leaves one of two that overlap', () =>
		expect(fixAll('abc', [at(1, 1, 4, { replace: 'x' }), at(1, 2, 3, { replace: 'y' })])).toBe('ayc'));
});

describe('nextProblem', () => {
	const list = [at(2, 1, 2), at(1, 1, 2)];
	it('goes on and round', () => {
		expect(nextProblem('a\nb', list, 0)?.line).toBe(2);
		expect(nextProblem('a\nb', list, 2)?.line).toBe(1);
		expect(nextProblem('a\nb', list, 2, true)?.line).toBe(1);
		expect(nextProblem('a', [], 0)).toBeUndefined();
	});
});
