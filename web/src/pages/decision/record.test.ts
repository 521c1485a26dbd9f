import { expect, test } from 'vitest';
import { duration } from '../../lib/format';
import { curlOf, narrow, ruleState, scoredOf, sentence, type Brief, type Record_ } from './record';

const brief = {
	method: 'auto',
	category: 'coding',
	tier: 'LIGHT',
	looked_at: 31,
	chain: [{ deployment: 'anthropic/claude-haiku-4.5', model: 'anthropic/claude-haiku-4.5', provider: 'anthropic' }],
	fell: [
		{ by: 'rule', why: 'rule "eu"', count: 5 },
		{ by: 'capability', why: 'takes no images', count: 9 },
		{ by: 'adequacy', why: 'not adequate for the tier', count: 8 },
	],
} as unknown as Brief;
const record = (change: Partial<Record_>): Record_ => ({ request_id: 'req_1', time: '2026-01-01T00:00:00Z', dialect: 'chat', status: 200, outcome: 'ok', decision: brief, ...change }) as Record_;
const told = (change: Partial<Record_>) => sentence(record(change), (s) => duration(s * 1000));

test('the sentence', () => {
	expect(told({})).toBe('Sent to anthropic/claude-haiku-4.5: best value of 17 candidates for coding / LIGHT.');
	expect(told({ world: { health: { deployments: [{ deployment: 'openai/gpt-5.5', state: 'rate_limited', until: '2026-01-01T00:00:12Z', why: '429' }] } } })).toBe(
		'Sent to anthropic/claude-haiku-4.5: best value of 17 candidates for coding / LIGHT; openai/gpt-5.5 was cooling down (429, 12 s more).',
	);
	expect(told({ decision: { ...brief, method: 'direct' } })).toBe('Sent to anthropic/claude-haiku-4.5, which was named.');
	expect(told({ decision: undefined, outcome: 'denied', rule: 'no law', status: 403 })).toBe('Refused by rule “no law”: denied (HTTP 403).');
	const failed = { deployment: 'anthropic/claude-haiku-4.5', model: '', provider: 'anthropic', class: 'rate_limited', status: 429, took_us: 1, cost: 0 };
	expect(told({ fallback: true, attempts: [failed, { ...failed, deployment: 'zai/glm-5.2', class: '', status: 200 }] })).toBe('Sent to zai/glm-5.2 after anthropic/claude-haiku-4.5 had failed (429), for coding / LIGHT.');
	expect(told({ outcome: 'upstream_failed', status: 502, attempts: [failed] })).toBe('Failed (upstream failed, HTTP 502) after 1 attempt for coding / LIGHT; asked first: anthropic/claude-haiku-4.5.');
});

test('narrowed in the order of the stages', () => {
	expect(narrow(brief).map((s) => [s.by, s.left])).toEqual([
		['capability', 22],
		['rule', 17],
		['adequacy', 9],
	]);
	expect(scoredOf(brief)).toBe(17);
});

test('what a rule did', () => {
	expect(ruleState({ rule: 'a', matched: true }).state).toBe('fired');
	expect(ruleState({ rule: 'a', matched: false }).state).toBe('false');
	expect(ruleState({ rule: 'a', matched: true, skipped: 'by "b"' }).state).toBe('overridden');
	expect(ruleState({ rule: 'a', matched: true, error: 'x' }).state).toBe('failed');
});

test("a quote in a prompt does not end the shell's", () => {
	expect(curlOf(record({ prompt: { text: "it's" } }), 'http://h')).toContain(`it'\\''s`);
});
