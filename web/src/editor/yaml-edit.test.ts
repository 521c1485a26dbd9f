import { describe, expect, it } from 'vitest';
import { appendItem, apply, removeKey, scalar, scalarOf, setScalar } from './yaml-edit';

const set = (text: string, path: string[], value: string) => apply(text, setScalar(text, path, value));

describe('setScalar', () => {
	it('keeps comments and order', () => {
		expect(set('# top\nvalue:\n  # knob\n  balance: 0.5 # half\n  worth: {nano: 1}\n', ['value', 'balance'], '0.7')).toBe(
			'# top\nvalue:\n  # knob\n  balance: 0.7 # half\n  worth: {nano: 1}\n',
		);
	});
	it('sets inside a flow map', () =>
		expect(set('value: {balance: 0.5, worth: {nano: 1}}\n', ['value', 'worth', 'nano'], '2')).toBe(
			'value: {balance: 0.5, worth: {nano: 2}}\n',
		));
	it('adds a key to a flow map', () => expect(set('value: {a: 1}\n', ['value', 'balance'], '0.7')).toBe('value: {balance: 0.7, a: 1}\n'));
	it('adds a key to a block map', () =>
		expect(set('value:\n  # of what\n  baseline: x\n', ['value', 'balance'], '0.7')).toBe(
			'value:\n  # of what\n  balance: 0.7\n  baseline: x\n',
		));
	it('adds maps before the rules', () =>
		expect(set('name: x\nrules:\n  - name: a\n', ['value', 'balance'], '0.7')).toBe(
			'name: x\nvalue:\n  balance: 0.7\n\nrules:\n  - name: a\n',
		));
	it('fills an empty text', () => expect(set('', ['value', 'balance'], '0.7')).toBe('value:\n  balance: 0.7\n'));
	it('adds to a file without rules', () => expect(set('name: x', ['value', 'balance'], '1')).toBe('name: x\nvalue:\n  balance: 1\n'));
});

describe('removeKey', () => {
	const remove = (text: string, path: string[]) => {
		const c = removeKey(text, path);
		return c && apply(text, c);
	};
	it('takes a line out', () => expect(remove('a: 1\nb: 2 # two\nc: 3\n', ['b'])).toBe('a: 1\nc: 3\n'));
	it('takes a part of a flow map out', () => {
		expect(remove('a: {x: 1, y: 2}\n', ['a', 'x'])).toBe('a: {y: 2}\n');
		expect(remove('a: {x: 1, y: 2}\n', ['a', 'y'])).toBe('a: {x: 1}\n');
	});
	it('says that there is none', () => expect(remove('a: 1\n', ['b'])).toBeNull());
});

describe('appendItem', () => {
	const add = (text: string) => apply(text, appendItem(text, 'tests', 'name: n\nprompt: p'));
	it('follows the list as it is indented', () =>
		expect(add('tests:\n  - prompt: hi\n    expect: x\n# end\n')).toBe(
			'tests:\n  - prompt: hi\n    expect: x\n  - name: n\n    prompt: p\n# end\n',
		));
	it('keeps a blank line between items', () =>
		expect(add('tests:\n- a: 1\n\n- b: 2\n')).toBe('tests:\n- a: 1\n\n- b: 2\n\n- name: n\n  prompt: p\n'));
	it('begins the list', () => expect(add('name: x\n')).toBe('name: x\n\ntests:\n  - name: n\n    prompt: p\n'));
	it('begins an empty list', () => expect(add('tests: []\n')).toBe('tests: \n  - name: n\n    prompt: p\n'));
	it('ends before what follows the list', () =>
		expect(add('tests:\n  - prompt: >-\n      long\n      text\n\nrules: []\n')).toBe(
			'tests:\n  - prompt: >-\n      long\n      text\n  - name: n\n    prompt: p\n\nrules: []\n',
		));
});

describe('scalars', () => {
	it.each([
		['plain words', 'plain words'],
		['key.team == "legal"', `'key.team == "legal"'`],
		["it's: x", '"it\'s: x"'],
		['true', "'true'"],
		['two\nlines', '"two\\nlines"'],
		['', "''"],
		['12', "'12'"],
	])('%s', (text, written) => expect(scalar(text)).toBe(written));
	it('reads what is written', () => {
		expect(scalarOf('value: {balance: "0.5"}', ['value', 'balance'])).toBe('0.5');
		expect(scalarOf('a:\n  - b: x\n', ['a', 0, 'b'])).toBe('x');
		expect(scalarOf('a: [1]', ['a'])).toBeUndefined();
	});
});
