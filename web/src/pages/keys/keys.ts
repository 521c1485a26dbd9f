// Keys as the page shows them: each with what it has used, and how full its limits are.
import type { Key, Limits } from '../../lib/types';

export interface Tally {
	requests: number;
	tokens: number;
	usd: number;
}
export interface Use {
	day: Tally;
	month: Tally;
}
export interface UsageCard {
	id?: string;
	name: string;
	team?: string;
	profile?: string;
	state?: string;
	limits?: Limits;
	use: Use;
}
export interface Usage {
	as_of: string;
	keys: UsageCard[];
	keys_total: number;
	profiles: UsageCard[];
}
export interface Standing {
	limit: keyof Limits;
	scope: 'key' | 'profile';
	name: string;
	value: number;
	used: number;
	reserved?: number;
	remaining: number;
	resets: string;
}
export interface KeyCard extends Key {
	use?: Use;
	standing?: Standing[];
	secret?: string;
}
export interface Profile {
	name: string;
	floor?: string;
	ceiling?: string;
	max_cost?: number;
	bfcl_min?: number;
	balance?: number;
	allow?: string[];
	never?: string[];
	limits?: Limits;
	prompts?: string;
	override_model?: string;
	strict?: boolean;
	continue?: boolean;
	[more: string]: unknown;
}

export const limitNames: Record<keyof Limits, string> = {
	requests_per_minute: 'requests a minute',
	tokens_per_minute: 'tokens a minute',
	usd_per_day: 'USD a day',
	usd_per_month: 'USD a month',
};

/** stateOf is active, expired or revoked. */
export function stateOf(k: Key, now = Date.now()): 'active' | 'expired' | 'revoked' {
	if (k.revoked) return 'revoked';
	return k.expires && Date.parse(k.expires) <= now ? 'expired' : 'active';
}

/** fullest is the limit in money that is used most, of those that a key has: 0..1, undefined = it has none. */
export function fullest(
	limits: Limits | undefined,
	use: Use | undefined,
): { share: number; text: 'day' | 'month'; value: number; used: number } | undefined {
	const all = [
		limits?.usd_per_day ? { text: 'day' as const, value: limits.usd_per_day, used: use?.day.usd ?? 0 } : undefined,
		limits?.usd_per_month ? { text: 'month' as const, value: limits.usd_per_month, used: use?.month.usd ?? 0 } : undefined,
	].filter((x) => x !== undefined);
	const best = all.map((x) => ({ ...x, share: x.used / x.value })).sort((a, b) => b.share - a.share)[0];
	return best;
}

/** readLimits takes what was typed; '' is no limit. A problem names the field. */
export function readLimits(typed: Record<keyof Limits, string>): { limits?: Limits; problem?: { field: keyof Limits; text: string } } {
	const limits: Limits = {};
	for (const name of Object.keys(limitNames) as (keyof Limits)[]) {
		const text = typed[name].trim();
		if (!text) continue;
		const value = Number(text.replace(/^\$/, '').replaceAll(',', ''));
		const whole = name.endsWith('_minute');
		if (!Number.isFinite(value) || value <= 0 || (whole && !Number.isInteger(value)))
			return {
				problem: {
					field: name,
					text: whole ? 'A whole number above 0, or nothing for no limit' : 'An amount in USD above 0, or nothing for no limit',
				},
			};
		limits[name] = value;
	}
	return { limits };
}

export interface Snippet {
	name: string;
	text: string;
}

/** snippets call this server with a key, ready to paste. */
export function snippets(origin: string, secret: string): Snippet[] {
	return [
		{
			name: 'curl',
			text: `curl ${origin}/v1/chat/completions \\\n  -H "Authorization: Bearer ${secret}" \\\n  -H "Content-Type: application/json" \\\n  -d '{"model": "auto", "messages": [{"role": "user", "content": "hi"}]}'`,
		},
		{
			name: 'Python',
			text: `from openai import OpenAI\n\nclient = OpenAI(base_url="${origin}/v1", api_key="${secret}")\nanswer = client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "hi"}])\nprint(answer.choices[0].message.content)`,
		},
		{
			name: 'Node',
			text: `import OpenAI from 'openai';\n\nconst client = new OpenAI({ baseURL: '${origin}/v1', apiKey: '${secret}' });\nconst answer = await client.chat.completions.create({ model: 'auto', messages: [{ role: 'user', content: 'hi' }] });\nconsole.log(answer.choices[0].message.content);`,
		},
		{ name: 'Claude Code', text: `ANTHROPIC_BASE_URL=${origin} ANTHROPIC_AUTH_TOKEN=${secret} claude --model auto` },
		{
			name: '.env',
			text: `OPENAI_BASE_URL=${origin}/v1\nOPENAI_API_KEY=${secret}\nANTHROPIC_BASE_URL=${origin}\nANTHROPIC_AUTH_TOKEN=${secret}`,
		},
	];
}
