import { describe, expect, it } from 'vitest';
import { spotAt } from './context';

const policy = `name: x
value:
  balance: 0.5
  worth: {nano: 0.001, si|A}
rules:
  # a comment |B
  - name: first
    when: category == "co|C
    only: provider == "x"
    floor: LI|D
  - {name: two, when: tier == |E, use: x}
  - na|F
  - when: >-
      tools > 0 &&
      |G
    use:
      - openai/|H
tests:
- prompt: hi
  expect:
  - tier == |I
  |J
|K
`;

const at = (mark: string) => {
	const pos = policy.indexOf(`|${mark}`);
	return spotAt(policy.replace(/\|[A-Z]/g, ''), policy.slice(0, pos).replace(/\|[A-Z]/g, '').length);
};

describe('spotAt', () => {
	it.each([
		['A', 'key', 'value', '', ['value', 'worth'], 'si'],
		['C', 'expression', 'rules', 'when', ['rules'], 'category == "co'],
		['D', 'value', 'rules', 'floor', ['rules'], 'LI'],
		['E', 'expression', 'rules', 'when', ['rules'], 'tier == '],
		['F', 'key', 'rules', '', ['rules'], 'na'],
		['G', 'expression', 'rules', 'when', ['rules'], ''],
		['H', 'value', 'rules', 'use', ['rules'], 'openai/'],
		['I', 'expression', 'tests', 'expect', ['tests'], 'tier == '],
		['J', 'key', 'tests', '', ['tests'], ''],
		['K', 'key', '', '', [], ''],
	])('%s is %s in %s of key %s', (mark, kind, section, key, path, text) => {
		const spot = at(mark);
		expect([spot.kind, spot.section, spot.key, spot.path, spot.text]).toEqual([kind, section, key, path, text]);
	});
	it('is nothing in a comment', () => expect(at('B').kind).toBe('none'));
});
