// A model and where it is served, as GET /admin/catalog tells them; and the overlay that changes them.

export interface Pricing {
	input: number | null; // USD per 1M tokens
	output: number | null;
	cached_input: number | null;
	cache_write_5m?: number | null;
}

export interface Model {
	id: string;
	name: string;
	owned_by: string;
	created: number; // Unix seconds
	status?: string;
	aliases?: string[];
	context_window: number | null;
	max_output_tokens: number | null;
	pricing: Pricing | null;
	capabilities?: Record<string, boolean | null>;
	ability?: Record<string, number | null>;
	reasoning_efforts?: string[];
	providers?: string[];
	verified?: boolean | null;
}

export interface Deployment {
	id: string;
	model: string;
	provider: string;
	upstream: string;
	home: boolean;
	usable: boolean;
	region?: string;
	pricing: Pricing;
	verified?: boolean | string;
	source?: string;
}

export interface Catalog {
	version: string;
	models: Model[];
	deployments: Deployment[];
}

/** Line is a row of the table: a model with its home. */
export interface Line {
	model: Model;
	home?: Deployment;
	deployments: Deployment[];
	usable: boolean;
	overlaid: boolean;
}

/** linesOf are the models with where they are served. overlay is the text that lies over the catalog. */
export function linesOf(c: Catalog, overlay = ''): Line[] {
	const by = new Map<string, Deployment[]>();
	for (const d of c.deployments) {
		const list = by.get(d.model);
		if (list) list.push(d);
		else by.set(d.model, [d]);
	}
	return c.models.map((model) => {
		const deployments = by.get(model.id) ?? [];
		const named = (id: string) => overlay.includes(`${id}:`) || overlay.includes(`"${id}"`);
		return { model, deployments, home: deployments.find((d) => d.home) ?? deployments[0], usable: deployments.some((d) => d.usable), overlaid: named(model.id) || deployments.some((d) => named(d.id)) };
	});
}

/** overall is the mean of the known abilities; undefined = none is. */
export function overall(m: Model): number | undefined {
	const known = Object.values(m.ability ?? {}).filter((v): v is number => v !== null && Number.isFinite(v));
	return known.length > 0 ? known.reduce((a, b) => a + b, 0) / known.length : undefined;
}

/** abilities that the table shows as bars, in this order. */
export const shownAbilities = ['coding', 'math', 'reasoning', 'knowledge', 'writing', 'tool_use'] as const;

/** sourceOf splits "models.dev at f3fc6922 (2026-07-02)" into where and when. */
export function sourceOf(d?: Deployment): { where: string; date: string } {
	const m = /^(.*?)\s*\((\d{4}-\d{2}(?:-\d{2})?)\)\s*$/.exec(d?.source ?? '');
	return m ? { where: m[1]!, date: m[2]! } : { where: d?.source ?? '', date: '' };
}

/** Edit is what the form changes of a model; undefined = nothing. Prices are of its home. */
export interface Edit {
	input?: number;
	output?: number;
	cached_read?: number;
	context?: number;
	status?: string;
	source?: string;
}

/** steps are an edit as paths and values of the overlay. */
export function steps(line: Line, e: Edit, quote: (text: string) => string): [path: string[], value: string][] {
	const out: [string[], string][] = [];
	const home = line.home?.id;
	if (home) {
		for (const key of ['input', 'output', 'cached_read'] as const) if (e[key] !== undefined) out.push([['deployments', home, 'prices', key], String(e[key])]);
		if (e.source && out.length > 0) {
			out.push([['deployments', home, 'prices', 'verified'], 'yes']);
			out.push([['deployments', home, 'prices', 'source'], quote(e.source)]);
		}
	}
	if (e.context !== undefined) out.push([['models', line.model.id, 'context'], String(e.context)]);
	if (e.status) out.push([['models', line.model.id, 'status'], e.status]);
	return out;
}
