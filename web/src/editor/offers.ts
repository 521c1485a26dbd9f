// What could be written at a place of a policy. The texts alone, so that it can be tested without an editor.
import { type Environment, valuesOf, variablesFor } from './environment';
import type { Spot } from './context';

export interface Offer {
	label: string;
	insert: string;
	detail?: string;
	doc?: string;
	kind: 'variable' | 'function' | 'value' | 'key' | 'keyword';
	again?: boolean; // what follows can be offered at once
}

export interface Offers {
	from: number; // what is written from here on is replaced
	list: Offer[];
}

const topMaps: Record<string, string[]> = {
	value: ['balance', 'baseline', 'worth', 'adequate'],
	tiers: ['nano', 'simple', 'light', 'standard'],
	worth: ['nano', 'simple', 'light', 'standard', 'complex'],
	adequate: ['nano', 'simple', 'light', 'standard', 'complex'],
	unsure: ['below', 'tier'],
	key: ['name', 'team', 'owner', 'tags', 'profile'],
};
const maps = new Set(['tiers', 'value', 'unsure', 'worth', 'adequate', 'key']);
const lists = new Set(['rules', 'tests']);
const words = ['and', 'or', 'not', 'in', 'contains', 'startsWith', 'endsWith', 'matches'];

/** offersAt is what could stand at a spot; null = nothing that is known. */
export function offersAt(spot: Spot, env: Environment): Offers | null {
	if (spot.kind === 'key') return keys(spot, env);
	if (spot.kind === 'value') return values(spot, env);
	if (spot.kind === 'expression') return expression(spot, env);
	return null;
}

function keys(spot: Spot, env: Environment): Offers {
	const typed = /[\w-]*$/.exec(spot.text)![0];
	const from = spot.from + spot.text.length - typed.length;
	const parent = spot.path[spot.path.length - 1] ?? '';
	const plain = topMaps[parent];
	if (plain) return { from, list: plain.map((k) => ({ label: k, insert: `${k}: `, kind: 'key', again: true })) };
	const table = parent === 'rules' ? env.keys : parent === 'tests' ? env.tests : spot.path.length === 0 ? env.top : [];
	return {
		from,
		list: table.map((k) => ({
			label: k.name,
			insert: `${k.name}:${lists.has(k.name) || maps.has(k.name) ? '' : ' '}`,
			detail: k.hard ? `hard · ${k.takes}` : k.takes,
			doc: k.doc,
			kind: 'key',
			again: true,
		})),
	};
}

const literal = (v: string, doc?: string): Offer => ({ label: v, insert: v, kind: 'value', doc });

function values(spot: Spot, env: Environment): Offers | null {
	const typed = /[\w./*-]*$/.exec(spot.text)![0];
	const from = spot.from + spot.text.length - typed.length;
	const models = valuesOf(env, 'model');
	const providers = valuesOf(env, 'provider');
	switch (spot.key) {
		case 'floor':
		case 'ceiling':
		case 'tier':
			return { from, list: valuesOf(env, 'tier').map((v) => literal(v)) };
		case 'use':
		case 'shadow':
			return {
				from,
				list: [...models.map((v) => literal(v)), ...providers.map((p) => literal(`${p}/*`, `all active models of ${p}, strongest first`))],
			};
		case 'baseline':
			return { from, list: models.map((v) => literal(v)) };
		case 'split':
			return { from, list: models.map((v) => ({ ...literal(v), insert: `${v}: 5%` })) };
		case 'down':
			return { from, list: providers.map((v) => literal(v)) };
		case 'profile':
			return { from, list: valuesOf(env, 'profile').map((v) => literal(v)) };
		case 'stop':
		case 'soft':
		case 'live':
		case 'warn':
			return { from, list: [literal('true')] };
	}
	return null;
}

// What is compared at the end of an expression: the name, and what of the other side is written.
const compared = /([A-Za-z_][\w.]*)\s*(?:==|!=|<=|>=|<|>)\s*(["']?)([\w./*-]*)$/;
const among = /([A-Za-z_][\w.]*)\s+(?:not\s+)?in\s*\[(?:[^\]]*,)?\s*(["']?)([\w./*-]*)$/;
const called = /provider_is_down\(\s*(["']?)([\w-]*)$/;
const has = /(["'])([\w./*-]*)\1?\s*$/;

function expression(spot: Spot, env: Environment): Offers | null {
	const text = spot.text;
	const scope = variablesFor(env, spot.key);
	const m = compared.exec(text) ?? among.exec(text);
	const down = called.exec(text);
	const set = m ? scope.find((v) => v.name === m[1])?.values : down ? valuesOf(env, 'provider') : undefined;
	const quote = m?.[2] ?? down?.[1] ?? '';
	const typed = m?.[3] ?? down?.[2] ?? '';
	if (set && set.length > 0) {
		const bare = set[0] === set[0]!.toUpperCase(); // tiers are written bare
		return {
			from: spot.from + text.length - typed.length - quote.length,
			list: set.map((v) => ({ label: v, insert: bare && !quote ? v : `"${v}"`, kind: 'value', detail: m?.[1] ?? 'provider' })),
		};
	}
	if (inString(text)) return null;
	const word = /[A-Za-z_][\w.]*$/.exec(text)?.[0] ?? '';
	if (has.test(text) && !word) return null;
	return {
		from: spot.from + text.length - word.length,
		list: [
			...scope.map(
				(v): Offer => ({
					label: v.name,
					insert: v.may_be_unknown
						? `(${v.name} ?? ${v.type === 'number' || v.type === 'integer' ? (v.name.startsWith('model.') && v.type === 'number' ? '0.5' : '0') : '""'})`
						: v.name,
					detail: v.type + (v.may_be_unknown ? ', may be unknown' : ''),
					doc: v.doc,
					kind: 'variable',
				}),
			),
			...env.functions.map(
				(f): Offer => ({
					label: f.name,
					insert: `${f.name}(`,
					detail: f.signature.slice(f.name.length),
					doc: f.doc,
					kind: 'function',
					again: f.name === 'provider_is_down',
				}),
			),
			...words.map((w): Offer => ({ label: w, insert: `${w} `, kind: 'keyword' })),
		],
	};
}

/** inString is whether an expression ends inside a text. */
function inString(text: string): boolean {
	let quote = '';
	for (let i = 0; i < text.length; i++) {
		const c = text[i]!;
		if (quote) {
			if (c === '\\') i++;
			else if (c === quote) quote = '';
		} else if (c === '"' || c === "'" || c === '`') quote = c;
	}
	// A value that YAML has in single quotes opens one that is not the expression's.
	return quote !== '' && !(quote === "'" && text.trimStart().startsWith("'"));
}
