import { describe, expect, it } from 'vitest';
import { bodyOf, emptyTrial, testOf, trialOf } from './request';

describe('bodyOf', () => {
	it('asks about the live policy without a source', () =>
		expect(bodyOf({ ...emptyTrial, prompt: 'hi' }, null)).toEqual({
			request: { model: 'auto', messages: [{ role: 'user', content: 'hi' }] },
		}));
	it('has all that is set', () => {
		const body = bodyOf(
			{
				...emptyTrial,
				prompt: 'p',
				system: 's',
				turns: [
					{ role: 'user', content: 'a' },
					{ role: 'assistant', content: '' },
				],
				tools: 2,
				images: 1,
				structured: true,
				key: 'k',
				profile: 'web',
				down: ['openai'],
			},
			'rules: []',
		);
		const request = body.request as { messages: { role: string; content: unknown }[]; tools: unknown[] };
		expect(request.messages.map((m) => m.role)).toEqual(['system', 'user', 'user']);
		expect(request.messages[2]!.content).toHaveLength(2);
		expect(request.tools).toHaveLength(2);
		expect(body).toMatchObject({ source: 'rules: []', key: 'k', profile: 'web', down: ['openai'] });
	});
});

describe('trialOf', () => {
	it('takes the words where they are kept', () => {
		expect(
			trialOf({
				key: 'k1',
				record: { prompt: { keep: 'text', text: 'hello', system: 'be brief' }, facts: { tools: 1, images: 0, format: 2 } },
			}),
		).toMatchObject({
			kept: true,
			trial: { prompt: 'hello', system: 'be brief', tools: 1, structured: true, key: 'k1' },
		});
	});
	it('says where they are not', () => expect(trialOf({ record: { prompt: { keep: 'features' }, facts: {} } }).kept).toBe(false));
});

describe('testOf', () => {
	it('writes one line', () =>
		expect(testOf({ ...emptyTrial, prompt: 'What is "x": y?', tools: 1 }, { tier: 'LIGHT', model: 'a/b' }, 'legal')).toBe(
			'name: \'What is "x": y?\'\nprompt: \'What is "x": y?\'\ntools: 1\nkey: {team: legal}\nexpect:\n  - tier == LIGHT\n  - model == "a/b"',
		));
	it('writes several lines as a block', () =>
		expect(testOf({ ...emptyTrial, prompt: 'a\n\n b' }, {})).toBe('name: a b\nprompt: |-\n  a\n\n   b\nexpect:\n  - error == ""'));
	it('quotes what a block would lose', () => expect(testOf({ ...emptyTrial, prompt: ' a\nb' }, {})).toContain('prompt: " a\\nb"'));
});
