// The request that the test panel asks about: what was typed, as the body of a chat completion; and a recorded one, as far as
// its words were kept.
import { scalar } from '../../editor/scalar';

export interface Turn {
	role: 'user' | 'assistant';
	content: string;
}

export interface Trial {
	prompt: string;
	system: string;
	turns: Turn[]; // before the prompt
	tools: number;
	images: number;
	structured: boolean;
	key: string;
	profile: string;
	down: string[];
	note: string; // where it is from
}

export const emptyTrial: Trial = {
	prompt: '',
	system: '',
	turns: [],
	tools: 0,
	images: 0,
	structured: false,
	key: '',
	profile: '',
	down: [],
	note: '',
};

// One pixel: what counts is that there is an image, not what is on it.
const pixel = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=';

/** bodyOf is a trial as POST /admin/explain takes it. */
export function bodyOf(t: Trial, source: string | null): Record<string, unknown> {
	const user =
		t.images > 0
			? [{ type: 'text', text: t.prompt }, ...Array.from({ length: t.images }, () => ({ type: 'image_url', image_url: { url: pixel } }))]
			: t.prompt;
	const request: Record<string, unknown> = {
		model: 'auto',
		messages: [
			...(t.system ? [{ role: 'system', content: t.system }] : []),
			...t.turns.filter((x) => x.content),
			{ role: 'user', content: user },
		],
	};
	if (t.tools > 0)
		request.tools = Array.from({ length: t.tools }, (_, i) => ({
			type: 'function',
			function: { name: `tool_${i + 1}`, description: 'A tool', parameters: { type: 'object', properties: {} } },
		}));
	if (t.structured) request.response_format = { type: 'json_object' };
	const body: Record<string, unknown> = { request };
	if (source !== null) body.source = source;
	if (t.key) body.key = t.key;
	if (t.profile) body.profile = t.profile;
	if (t.down.length > 0) body.down = t.down;
	return body;
}

/** Recorded is what the pages read of a decision's record. */
export interface Recorded {
	prompt?: string | { keep?: string; text?: string; system?: string };
	facts?: { tools?: number; images?: number; format?: number };
	decision?: { tier?: string; category?: string; model?: string };
	record?: Recorded;
	model?: string;
	tier?: string;
	category?: string;
	key?: string;
	key_name?: string;
	team?: string;
	profile?: string;
	request_id?: string;
}

/** trialOf is a trial like a recorded request; kept is false where its words were not. */
export function trialOf(decision: Recorded): { trial: Trial; kept: boolean } {
	const r = decision.record ?? decision;
	const words =
		typeof r.prompt === 'object'
			? r.prompt
			: { text: typeof decision.prompt === 'string' ? decision.prompt : undefined, system: undefined };
	const text = words?.text ?? '';
	return {
		kept: text !== '',
		trial: {
			...emptyTrial,
			prompt: text,
			system: words?.system ?? '',
			tools: r.facts?.tools ?? 0,
			images: r.facts?.images ?? 0,
			structured: (r.facts?.format ?? 0) > 0,
			key: decision.key ?? '',
			profile: decision.key ? '' : (decision.profile ?? ''),
		},
	};
}

const oneLine = (text: string, most: number) => {
	const line = text.replace(/\s+/g, ' ').trim();
	return line.length > most ? `${line.slice(0, most - 1).trimEnd()}…` : line;
};

/** block is a key with a text of several lines as YAML has it, or of one. */
function block(key: string, text: string): string {
	if (!text.includes('\n')) return `${key}: ${scalar(text)}`;
	// A first line that begins with a blank, or a tab at the begin of one, would be read as indent.
	if (/^\s|\n\t|\r/.test(text)) return `${key}: ${JSON.stringify(text)}`;
	return `${key}: |${text.endsWith('\n') ? '' : '-'}\n${text.replace(/\n$/, '').replace(/^(?=.)/gm, '  ')}`;
}

/** testOf is a trial, and what became of it, as an item of the policy's tests: its lines without indent. */
export function testOf(t: Trial, got: { tier?: string; model?: string }, team = ''): string {
	const lines = [`name: ${scalar(oneLine(t.prompt, 60) || 'a recorded request')}`];
	if (t.turns.some((x) => x.content)) {
		lines.push('messages:', ...t.turns.filter((x) => x.content).map((x) => `  - {role: ${x.role}, content: ${JSON.stringify(x.content)}}`));
	}
	if (t.system) lines.push(block('system', t.system));
	lines.push(block('prompt', t.prompt));
	if (t.tools > 0) lines.push(`tools: ${t.tools}`);
	if (t.images > 0) lines.push(`images: ${t.images}`);
	if (team) lines.push(`key: {team: ${scalar(team)}}`);
	else if (t.profile) lines.push(`profile: ${scalar(t.profile)}`);
	if (t.down.length > 0) lines.push(`down: [${t.down.join(', ')}]`);
	const expect = [got.tier && `tier == ${got.tier}`, got.model && `model == "${got.model}"`].filter((x): x is string => !!x);
	if (expect.length === 0) expect.push('error == ""');
	lines.push('expect:', ...expect.map((e) => `  - ${e}`));
	return lines.join('\n');
}
