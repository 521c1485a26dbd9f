// The shapes of the admin API's answers that several pages read. Money is USD, durations are in the unit of their name.

export type Tier = 'NANO' | 'SIMPLE' | 'LIGHT' | 'STANDARD' | 'COMPLEX';
export const tiers: readonly Tier[] = ['NANO', 'SIMPLE', 'LIGHT', 'STANDARD', 'COMPLEX'];

/** Row is a decision in brief, as lists and the event stream send it. */
export interface Row {
	time: string;
	id: string; // '' until its block is written
	request_id: string;
	status: number;
	ms: number;
	outcome: string; // ok, or an error's code
	asked?: string;
	model?: string;
	provider?: string;
	tier?: Tier;
	category?: string;
	profile?: string;
	key?: string;
	key_name?: string;
	team?: string;
	dialect?: string;
	stream?: boolean;
	replica?: string;
	demo?: boolean;
	chain?: string; // a letter a candidate: o tried without success, u used, s spare
	attempts?: number;
	fallback?: boolean;
	prompt_tokens?: number;
	completion_tokens?: number;
	cost_usd?: number;
	savings_pct?: number;
	routing_us?: number;
	first_token_ms?: number;
	conversation?: string;
	keep?: string;
	prompt?: string; // its head, where it is kept and may be read
}

export interface DecisionPage {
	decisions: Row[];
	next: string;
	looked_at?: number;
	total?: number;
	partial?: boolean;
}

export interface Quantiles {
	n: number;
	p50: number;
	p95: number;
	p99: number;
}

export interface Sums {
	requests: number;
	failed: number;
	fallback: number;
	attempts: number;
	cost_usd: number;
	baseline_usd: number;
	savings_pct?: number;
	prompt_tokens: number;
	cached_tokens: number;
	completion_tokens: number;
	reasoning_tokens: number;
	mean_ms: number;
	latency_ms?: Quantiles;
	first_token_ms?: Quantiles;
}

export interface Rollup extends Sums {
	time?: string;
	added_ms?: Quantiles;
	groups?: Record<string, Sums>;
}

export interface Rollups {
	span: 'minute' | 'hour' | 'day';
	by: string;
	rollups: Rollup[];
	total: Rollup;
}

/** Counters are what there was in truth since the last second; the figures are of this process since it started. */
export interface Counters {
	matched: number;
	total: number;
	shown: number;
	dropped: number;
	seconds: number;
	[figure: string]: unknown;
}

export interface ProviderCard {
	id: string;
	name: string;
	state: string;
	usable: boolean;
	detail?: string;
	checked_at?: string;
	since?: string;
	base_url?: string;
	dialect?: string;
	models?: number;
	env?: string[];
	keys?: { id: string; state: string; detail?: string; since?: string; until?: string; weight?: number; in_flight?: number }[];
	in_flight?: number;
	[more: string]: unknown;
}

export interface Status {
	version: string;
	uptime_seconds: number;
	demo: boolean;
	draining: boolean;
	running: number;
	keys_needed: boolean;
	snapshot: { version: number; author: string; note?: string; time?: string };
	policy: { name: string; hash: string; rules: number; tests: number };
	catalog: { version: string; models: number; deployments: number; providers: number };
	classifier?: { name: string; version: string; taken_over: boolean };
	providers: ProviderCard[];
	drift?: unknown;
	state?: unknown;
}

/** Document is a published version of policy, catalog, profiles or classifier; null = the built-in one serves. */
export interface DocumentVersion {
	version: number;
	author?: string;
	note?: string;
	time?: string;
	owner?: string;
	hash?: string;
	[more: string]: unknown;
}

export interface Documents {
	documents: Record<'policy' | 'catalog' | 'profiles' | 'classifier', DocumentVersion | null>;
	drift: unknown;
}

/** Serving is what a replica serves of a kind; version 0 = the built-in one. */
export interface Serving {
	version: number;
	seq: number;
	since?: string;
	refused?: number; // version that it did not take over
	why?: string;
}

export interface Replica {
	name: string;
	pid?: number;
	version: string; // of the program
	started: string;
	heard: string;
	documents: Record<string, Serving>;
	keys?: number;
	leaving?: boolean;
	silent?: boolean;
}

export interface Fleet {
	replicas: Replica[];
	self: string;
	state: { where: string; reachable: boolean; copies?: number; since?: string };
}

export interface AuditEvent {
	seq: number;
	time: string;
	author: string;
	action: string; // publish, rollback, adopt, key.create, key.revoke, draft.save, …
	what: string; // policy, catalog, profiles, classifier, key, draft
	name: string;
	version?: number;
	note?: string;
	diff?: string;
}

export interface Key {
	id: string;
	name: string;
	team?: string;
	owner?: string;
	tags?: string[];
	profile?: string;
	profiles?: string[];
	expires?: string;
	created?: string;
	revoked?: string;
	last4?: string;
	limits?: Limits;
	[more: string]: unknown;
}

export interface Limits {
	requests_per_minute?: number;
	tokens_per_minute?: number;
	usd_per_day?: number;
	usd_per_month?: number;
}
