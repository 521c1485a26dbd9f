import { describe, expect, it } from 'vitest';
import { merge, merged } from './merge';

const both = (base: string, theirs: string, yours: string) => merge(base, theirs, yours);
const text = (base: string, theirs: string, yours: string) => merged(both(base, theirs, yours), []);

describe('merge', () => {
	it('takes changes of both', () => expect(text('a\nb\nc\nd\ne', 'A\nb\nc\nd\ne', 'a\nb\nc\nd\nE')).toBe('A\nb\nc\nd\nE'));
	it('takes insertions of both', () => expect(text('a\nb\nc', 'a\nx\nb\nc', 'a\nb\ny\nc')).toBe('a\nx\nb\ny\nc'));
	it('takes what both did alike once', () => expect(text('a\nb', 'a\nB', 'a\nB')).toBe('a\nB'));
	it('asks where both changed the same line', () => {
		const pieces = both('a\nb\nc', 'a\nT\nc', 'a\nY\nc');
		expect(pieces.filter((p) => 'yours' in p)).toEqual([{ base: ['b'], theirs: ['T'], yours: ['Y'] }]);
		expect(merged(pieces, ['theirs'])).toBe('a\nT\nc');
		expect(merged(pieces, ['yours'])).toBe('a\nY\nc');
		expect(merged(pieces, ['both'])).toBe('a\nT\nY\nc');
	});
	it('asks where both insert at the same place', () =>
		expect(both('a\nc', 'a\nx\nc', 'a\ny\nc').filter((p) => 'yours' in p)).toHaveLength(1));
	it('asks where one removes what the other changes', () =>
		expect(both('a\nb\nc', 'a\nc', 'a\nB\nc').filter((p) => 'yours' in p)).toHaveLength(1));
	it('never loses a line of yours by default', () => expect(text('a\nb\nc', 'x', 'a\nb\nc\nmine')).toContain('mine'));
	it('gives the text itself where nothing changed', () => expect(text('a\nb\n', 'a\nb\n', 'a\nb\n')).toBe('a\nb\n'));
});
