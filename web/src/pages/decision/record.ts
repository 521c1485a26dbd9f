// The record of a decision, as GET /admin/decisions/{id} tells it. Money is in nano-dollars there, and in USD in `decision`.
import type { Row } from '../../lib/types';

export interface Candidate {
	deployment: string;
	model: string;
	provider: string;
	effort?: string;
	quality?: number;
	value?: number;
	bonus?: number;
	cost?: number; // USD
	cache_loss?: number; // USD
	output_tokens?: number;
	safety_net?: boolean;
	guessed?: boolean;
	estimated?: boolean | string[];
	out?: string;
	by?: string;
	cooldown_left?: number;
	because?: { rule: string; points: number }[];
}

export interface Rule {
	rule: string;
	matched: boolean;
	skipped?: string;
	error?: string;
	line?: number;
}

export interface Attempt {
	deployment: string;
	model: string;
	provider: string;
	class?: string;
	status?: number;
	took_us: number;
	sent?: boolean;
	tokens?: Tokens;
	cost: number;
	cost_source?: string;
	retry_after_us?: number;
}

export interface Tokens {
	prompt: number;
	cached?: number;
	completion: number;
	reasoning?: number;
}

export interface Brief {
	method: string;
	profile: string;
	policy: string;
	category: string;
	domain: string;
	tier: string;
	difficulty: number;
	history?: number;
	unsure?: boolean;
	history_floor?: boolean;
	tool_loop?: boolean;
	affinity?: boolean;
	completion_tokens: number;
	worth: number;
	expected_baseline: number;
	looked_at: number;
	chain: Candidate[];
	fell: { by: string; why: string; count: number }[] | null;
	rules?: Rule[];
	notes?: string[];
}

export interface Record_ {
	id?: string;
	request_id: string;
	time: string;
	replica?: string;
	dialect: string;
	asked?: string;
	stream?: boolean;
	status: number;
	outcome: string;
	demo?: boolean;
	rule?: string;
	limit?: string;
	who?: { key?: string; name?: string; team?: string; owner?: string; tags?: string[]; profile?: string };
	facts?: { [fact: string]: number | boolean | string | string[] | undefined };
	fields?: { [field: string]: unknown };
	class?: {
		module: string;
		fallback?: string;
		category: { label: string; p: number }[];
		domain: string;
		difficulty: number;
		confidence: number;
		completion_tokens?: number;
		heads?: { name: string; labels: { label: string; p: number }[] }[];
	};
	world?: {
		conversation?: { id?: string; model?: string; floor?: number; cached?: number; turns?: number };
		health?: { deployments: { deployment: string; state?: string; since?: string; until?: string; why?: string; first_token?: number }[] };
		left?: { name: string; left: number }[];
	};
	decision?: Brief;
	attempts?: Attempt[];
	model?: string;
	provider?: string;
	fallback?: boolean;
	tokens?: Tokens;
	cost: number;
	priced: boolean;
	baseline: number;
	took_us: number;
	reading_us: number;
	classifying_us: number;
	deciding_us: number;
	first_token_us?: number;
	versions?: { snapshot: number; policy: string; catalog: string; classifier?: string; profiles?: string };
	prompt?: { keep?: string; hash?: string; text?: string; system?: string; context?: string; redacted?: number; cut?: boolean };
}

export interface Whole extends Row {
	record?: Record_;
	decision?: { candidates: Candidate[]; rules?: Rule[]; chain: Candidate[] };
	no_decision?: string;
}

export const usd = (nano: number): number => nano / 1e9;

/** stages are what narrows candidates down, in order, with what each looks at. */
export const stages: readonly (readonly [string, string])[] = [
	['status', 'retired, preview or not listed'],
	['capability', 'what the request needs'],
	['profile', "what the key's profile allows"],
	['health', 'connected and well'],
	['rule', "the policy's rules"],
	['request', "the request's own fields"],
	['adequacy', 'good enough for the tier'],
	['place', 'behind those in the chain'],
];

export interface Step {
	by: string;
	left: number; // after it
	fell: { why: string; count: number; who: string[] }[];
}

/** narrow is the way from all candidates to those of the chain, by stage; who fell is known where the decision could be made again. */
export function narrow(d: Brief, candidates?: Candidate[]): Step[] {
	let left = d.looked_at;
	const steps: Step[] = [];
	for (const [by] of stages) {
		const fell = (d.fell ?? [])
			.filter((f) => f.by === by)
			.map((f) => ({
				why: f.why,
				count: f.count,
				who: candidates?.filter((c) => c.by === f.by && c.out === f.why).map((c) => c.deployment) ?? [],
			}))
			.sort((a, b) => b.count - a.count);
		const n = fell.reduce((t, f) => t + f.count, 0);
		if (n === 0) continue;
		left -= n;
		steps.push({ by, left, fell });
	}
	return steps;
}

/** scoredOf is how many candidates were left to score. */
export function scoredOf(d: Brief): number {
	return d.looked_at - (d.fell ?? []).filter((f) => f.by !== 'adequacy' && f.by !== 'place').reduce((t, f) => t + f.count, 0);
}

/** ruleState is what a rule did: fired, false, overridden (or skipped for another reason), failed. */
export function ruleState(r: Rule): { state: 'fired' | 'false' | 'overridden' | 'failed'; why?: string } {
	if (r.error) return { state: 'failed', why: r.error };
	if (r.skipped) return { state: 'overridden', why: r.skipped };
	return { state: r.matched ? 'fired' : 'false' };
}

/** sentence is the whole story in one line. */
export function sentence(r: Record_, seconds: (s: number) => string): string {
	const d = r.decision;
	if (!d?.chain?.length) return `Refused${r.rule ? ` by rule “${r.rule}”` : ''}: ${r.outcome.replaceAll('_', ' ')} (HTTP ${r.status}).`;
	const what = `for ${d.category} / ${d.tier}`;
	const first = d.chain[0]!.deployment;
	let head: string;
	const attempts = r.attempts ?? [];
	if (r.outcome !== 'ok')
		head = `Failed (${r.outcome.replaceAll('_', ' ')}, HTTP ${r.status}) after ${attempts.length} ${attempts.length === 1 ? 'attempt' : 'attempts'} ${what}; asked first: ${first}`;
	else if (r.fallback) {
		const failed = attempts.find((a) => a.class);
		head = `Sent to ${attempts[attempts.length - 1]?.deployment ?? r.model} after ${first} had failed${failed ? ` (${failed.status || failed.class!.replaceAll('_', ' ')})` : ''}, ${what}`;
	} else if (d.method === 'direct') head = `Sent to ${first}, which was named`;
	else if (d.tool_loop) head = `Sent to ${first}: it made the tool calls whose results came back`;
	else head = `Sent to ${first}: best value of ${scoredOf(d)} candidates ${what}`;
	const at = Date.parse(r.time);
	const sick = (r.world?.health?.deployments ?? [])
		.filter((x) => x.state && x.until && Date.parse(x.until) > at)
		.slice(0, 3)
		.map(
			(x) =>
				`${x.deployment} was cooling down (${x.why || x.state!.replaceAll('_', ' ')}, ${seconds((Date.parse(x.until!) - at) / 1000)} more)`,
		);
	return `${head}${sick.length ? `; ${sick.join(', ')}` : ''}.`;
}

/** curlOf is the request as a command line, as far as it is kept. */
export function curlOf(r: Record_, origin: string): string {
	const messages = [];
	if (r.prompt?.system) messages.push({ role: 'system', content: r.prompt.system });
	messages.push({ role: 'user', content: r.prompt?.text || 'the prompt was not kept: put it here' });
	const body: Record<string, unknown> = { model: r.asked || 'auto', messages };
	if (r.stream) body.stream = true;
	for (const [name, value] of Object.entries(r.fields ?? {})) body[`routor_${name}`] = value;
	return `curl ${origin}/v1/chat/completions \\\n  -H "Content-Type: application/json" -H "Authorization: Bearer $ROUTOR_API_KEY" \\\n  -d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`;
}
