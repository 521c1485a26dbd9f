import { describe, expect, it } from 'vitest';
import { tokensOf } from './expr';
import { policyLanguage } from './language';

const read = (text: string) => tokensOf(text).map(([name, from, to]) => `${name} ${text.slice(from, to)}`);

describe('expressions', () => {
	it('are read token by token', () => {
		expect(read('tier >= NANO && lower(text) contains "a\\"b"')).toEqual(['Name tier', 'Operator >=', 'Atom NANO', 'Operator &&', 'Function lower', 'Mark (', 'Name text', 'Mark )', 'Word contains', 'Text "a\\"b"']);
		expect(read('(model.x ?? .5) in [1..2, openai/gpt-5.5]')).toEqual(['Mark (', 'Name model', 'Member .x', 'Operator ??', 'Number .5', 'Mark )', 'Word in', 'Mark [', 'Number 1', 'Operator ..', 'Number 2', 'Mark ,', 'Model openai/gpt-5.5', 'Mark ]']);
		expect(read('any(key.tags, {# startsWith "eu')).toContain('Text "eu');
	});
	it('stand in the values of their keys alone', () => {
		const text = 'name: a == 1\nrules:\n  - when: tools > 0\n    deny: x > 1\ntests:\n  - expect:\n      - tier == NANO\n';
		const found: string[] = [];
		policyLanguage()
			.language.parser.parse(text)
			.iterate({
				enter: (n) => {
					if (n.name === 'Operator') found.push(text.slice(n.from - 2, n.to + 2));
				},
			});
		expect(found).toEqual(['s > 0', 'r == N']);
	});
});
