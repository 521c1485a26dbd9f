import { describe, expect, it } from 'vitest';
import { indentAfter } from './indent';

const at = (marked: string) => indentAfter(marked.replace('|', ''), marked.indexOf('|'));

describe('indentAfter', () => {
	it.each([
		['rules:|\n  # first\n  - name: a\n', 2],
		['rules:|\n- name: a\n', 0],
		['rules:|', 2],
		['rules:\n  - name: a|', 4],
		['rules:\n  - name: a\n    when: x|', 4],
		['  - expect:|\n      - x', 6],
		['tests:\n  - prompt: >-|', 6],
		['a: 1|', 0],
		['  # note|', 2],
		['', 0],
	])('%j', (text, indent) => expect(at(text.includes('|') ? text.replace('>-|', '>-|') : `${text}|`)).toBe(indent));
});
