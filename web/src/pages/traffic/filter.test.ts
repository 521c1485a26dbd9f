import { expect, test, vi } from 'vitest';

vi.mock('../../app/palette', () => ({ isId: (t: string) => /^(dec_[\w-]+|req_[\w-]+|[\w-]{16,80})$/.test(t.trim()) }));
const { parse, tell } = await import('./filter');

test.each([
	['tier:nano', { filters: { tier: 'NANO' } }],
	['model:openai/gpt-5.5 failed', { filters: { model: 'openai/gpt-5.5', failed: 'true' } }],
	['key:"my app" refund policy', { filters: { key: 'my app', text: 'refund policy' } }],
	['req_68vcs0ba5hjdh1kllsaviqut', { filters: {}, id: 'req_68vcs0ba5hjdh1kllsaviqut' }],
	['  dec_11_0 ', { filters: {}, id: 'dec_11_0' }],
])('%s', (typed, want) => expect(parse(typed)).toEqual(want));

test('a wrong name is told with those that there are', () => {
	expect(parse('modell:x').problem).toContain('There is no filter modell');
	expect(parse('tier:').problem).toBe('tier: needs a value');
});

test('a filter in words', () => expect(tell({ tier: 'NANO', failed: 'true' })).toBe('tier NANO, failed'));
