import { describe, expect, it } from 'vitest';
import { spotAt } from './context';
import type { Environment } from './environment';
import { offersAt } from './offers';

const env: Environment = {
	variables: [
		{ name: 'category', type: 'category', doc: '', where: ['when', 'candidate'], values: ['coding', 'math'], may_be_unknown: false },
		{ name: 'tier', type: 'tier', doc: '', where: ['when', 'candidate', 'expect'], values: ['NANO', 'SIMPLE'], may_be_unknown: false },
		{ name: 'provider', type: 'provider', doc: '', where: ['candidate'], values: ['openai', 'mistral'], may_be_unknown: false },
		{ name: 'model.id', type: 'model', doc: '', where: ['candidate'], values: ['openai/gpt-5.5'], may_be_unknown: false },
		{ name: 'model.tool_accuracy', type: 'number', doc: '', where: ['candidate'], may_be_unknown: true },
	],
	functions: [{ name: 'lower', signature: 'lower(text) text', doc: '' }],
	keys: [
		{ name: 'when', takes: 'condition', doc: '', hard: false },
		{ name: 'only', takes: 'condition', doc: '', hard: true },
	],
	top: [
		{ name: 'rules', takes: 'list', doc: '', hard: false },
		{ name: 'name', takes: 'text', doc: '', hard: false },
	],
	tests: [{ name: 'prompt', takes: 'text', doc: '', hard: false }],
};

// offered is what is offered at the mark, as it would be inserted; and what is replaced.
const offered = (marked: string) => {
	const pos = marked.indexOf('|');
	const text = marked.replace('|', '');
	const o = offersAt(spotAt(text, pos), env);
	return { inserts: o?.list.map((x) => x.insert) ?? [], replaced: o ? text.slice(o.from, pos) : '' };
};

describe('offersAt', () => {
	it('offers the closed set of what is compared', () => {
		expect(offered('rules:\n  - when: category == "co|')).toEqual({ inserts: ['"coding"', '"math"'], replaced: '"co' });
		expect(offered('rules:\n  - when: category in ["math", |').inserts).toEqual(['"coding"', '"math"']);
	});
	it('writes tiers bare', () => expect(offered('rules:\n  - when: tier >= |').inserts).toEqual(['NANO', 'SIMPLE']));
	it('offers what the key sees', () => {
		expect(offered('rules:\n  - when: |').inserts).not.toContain('provider');
		expect(offered('rules:\n  - only: |').inserts).toContain('provider');
	});
	it('writes what counts where a figure may be unknown', () =>
		expect(offered('rules:\n  - prefer: model.to|')).toMatchObject({
			replaced: 'model.to',
			inserts: expect.arrayContaining(['(model.tool_accuracy ?? 0.5)']),
		}));
	it('offers nothing inside other texts', () => expect(offered('rules:\n  - when: text contains "in|').inserts).toEqual([]));
	it('offers keys by where they stand', () => {
		expect(offered('rules:\n  - wh|')).toEqual({ inserts: ['when: ', 'only: '], replaced: 'wh' });
		expect(offered('tests:\n  - |').inserts).toEqual(['prompt: ']);
		expect(offered('na|').inserts).toEqual(['rules:', 'name: ']);
		expect(offered('value:\n  ba|').inserts).toContain('balance: ');
	});
	it('offers models and whole providers to use', () => {
		expect(offered('rules:\n  - use: [|').inserts).toEqual(['openai/gpt-5.5', 'openai/*', 'mistral/*']);
		expect(offered('rules:\n  - use:\n      - op|')).toMatchObject({ replaced: 'op' });
	});
});
