// What the calls of the workbench answer.
import type { Problem } from '../../editor/position';

export interface TestItem {
	expect: string;
	line: number;
	pass: boolean;
	actual: string;
	error?: string;
}

export interface TestOutcome {
	name: string;
	line: number;
	pass: boolean;
	warn: boolean;
	error?: string;
	items: TestItem[];
}

export interface Check {
	ok: boolean;
	problems: Problem[];
	rules: { name: string; line: number }[];
	tests: TestOutcome[];
}

export interface Candidate {
	model: string;
	deployment: string;
	provider: string;
	effort?: string;
	quality?: number | null;
	cost?: number | null;
	value?: number | null;
	output_tokens?: number;
	cache_loss?: number | null;
	bonus?: number;
	first_token?: number | null;
	because?: { rule: string; points: number }[];
	estimated?: string[];
	safety_net?: boolean;
	out?: string;
	by?: string;
}

export interface RuleRun {
	rule: string;
	line: number;
	did: 'fired' | 'false' | 'overridden' | 'failed' | 'stopped';
	matched: boolean;
	skipped?: string;
	error?: string;
}

export interface Explained {
	model?: string;
	tier: string;
	category: string;
	domain: string;
	difficulty: number;
	confidence: number;
	profile: string;
	unsure?: boolean;
	history_floor?: boolean;
	completion_tokens: number;
	worth?: number;
	expected_cost?: number;
	baseline_cost?: number;
	savingsPct?: number;
	classifier: string;
	chain: Candidate[];
	candidates: Candidate[];
	rules: RuleRun[];
	notes: string[];
	categories: { label: string; p: number }[];
	classify_us: number;
	decide_us: number;
	refused?: { message: string; code?: string; status?: number; rule?: string };
}

export interface Figure {
	before: number | null;
	after: number | null;
	measured: number;
	estimated: number;
	before_measured?: number;
	before_estimated?: number;
}

export interface Share {
	name: string;
	before: number;
	after: number;
}

export interface Side {
	model?: string;
	deployment?: string;
	effort?: string;
	tier?: string;
	cost?: number;
	quality?: number;
	value?: number;
	why?: string;
}

export interface CurvePoint {
	balance: number;
	cost: number;
	quality: number;
}

export interface Result {
	asked: number;
	replayed: number;
	reasons: Record<string, number>;
	wordless?: number;
	health?: string;
	from?: string;
	to?: string;
	moved: number;
	impossible: number;
	became_possible?: number;
	cost: Figure;
	quality: Figure;
	latency_ms: Figure;
	models: Share[];
	providers: Share[];
	tiers: Share[];
	moves: { from: string; to: string; n: number; cost_before: number; cost_after: number }[];
	movers: { id: string; at: string; prompt?: string; category?: string; before: Side; after: Side }[];
	impossible_why?: { why: string; n: number }[];
	impossible_requests?: { id: string; at: string; prompt?: string; why: string; rule?: string; code?: string }[];
	curve?: { sample: number; live: CurvePoint; draft: CurvePoint; points: CurvePoint[] };
	ms: number;
	per_second?: number;
}

export interface Job {
	id: string;
	state: 'running' | 'done' | 'failed' | 'cancelled';
	done: number;
	total: number;
	per_second?: number;
	left_s?: number;
	error?: string;
	result?: Result;
	since?: string;
	begun?: string;
}

export interface Version {
	version: number;
	author: string;
	note?: string;
	time: string;
	owner?: string;
	rollback?: number;
	diff?: string;
	title?: string;
	size?: number;
	hash?: string;
}

export interface Taken {
	replica: string;
	state: 'live' | 'refused' | 'silent';
	why?: string;
}

export interface Published {
	version?: number;
	dry_run?: boolean;
	replicas: Taken[] | null;
	document?: Version;
}

export interface LivePolicy {
	name: string;
	hash: string;
	source: string;
	file: string;
	document: Version | null;
	tiers?: number[]; // upper bounds of NANO, SIMPLE, LIGHT, STANDARD
	balance?: number;
	baseline?: string;
}

export interface Draft {
	author: string;
	name: string;
	base: number;
	note?: string;
	content: string;
	time: string;
	revision: number;
}
