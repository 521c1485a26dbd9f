// What narrows the list: name:value words in one field, each also a parameter of the address and of GET /admin/decisions.
import { isId } from '../../app/palette';

export const names = [
	'key',
	'team',
	'profile',
	'model',
	'provider',
	'attempted',
	'tier',
	'category',
	'outcome',
	'conversation',
	'min_cost',
	'min_ms',
	'text',
] as const;
export const flags = ['failed', 'fallback'] as const;
export type Filters = Record<string, string>;

/** filtersOf are those of an address. */
export function filtersOf(query: URLSearchParams): Filters {
	const out: Filters = {};
	for (const name of [...names, ...flags, 'from', 'to']) {
		const value = query.get(name);
		if (value) out[name] = value;
	}
	return out;
}

export interface Parsed {
	filters: Filters;
	id?: string; // an id that was pasted: opens that decision
	problem?: string;
}

/** parse reads what was typed: tier:NANO model:openai/gpt-5.5 failed "some words". Words without a name are looked for in prompts. */
export function parse(typed: string): Parsed {
	const filters: Filters = {};
	const words: string[] = [];
	const text = typed.trim();
	if (/^(dec_|req_)/.test(text) && isId(text)) return { filters, id: text };
	for (const m of text.matchAll(/(\w+):(?:"([^"]*)"|(\S*))|"([^"]*)"|(\S+)/g)) {
		const name = m[1];
		if (name) {
			const value = m[2] ?? m[3] ?? '';
			if (!(names as readonly string[]).includes(name))
				return { filters, problem: `There is no filter ${name}: there are ${[...names, ...flags].join(', ')}` };
			if (!value) return { filters, problem: `${name}: needs a value` };
			filters[name] = name === 'tier' ? value.toUpperCase() : value;
		} else {
			const word = m[4] ?? m[5]!;
			if ((flags as readonly string[]).includes(word)) filters[word] = 'true';
			else words.push(word);
		}
	}
	if (words.length === 1 && Object.keys(filters).length === 0 && words[0]!.length >= 20 && isId(words[0]!))
		return { filters, id: words[0] };
	if (words.length > 0) filters.text = words.join(' ');
	return { filters };
}

/** tell is a filter in words. */
export function tell(filters: Filters): string {
	return Object.entries(filters)
		.map(([name, value]) => (value === 'true' ? name : `${name} ${value}`))
		.join(', ');
}
