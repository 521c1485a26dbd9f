// Where in a policy somebody writes: read from the lines alone, since a text that is being written seldom parses.
import { expressionKeys } from './expr';

/** Spot is a place in a policy. */
export interface Spot {
	section: string; // the top-level key that it is in; '' = the top itself
	path: string[]; // the keys above, from the top: rules, when
	kind: 'key' | 'expression' | 'value' | 'none';
	key: string; // of the value
	from: number; // where the value, or the key, begins
	text: string; // from there to the place
	column: number; // of the key, characters from 0
}

const none: Spot = { section: '', path: [], kind: 'none', key: '', from: 0, text: '', column: 0 };

/** comment is where a comment begins in a line; -1 = nowhere. */
function comment(line: string): number {
	let quote = '';
	for (let i = 0; i < line.length; i++) {
		const c = line[i]!;
		if (quote) {
			if (c === '\\' && quote === '"') i++;
			else if (c === quote) quote = '';
		} else if (c === '"' || c === "'") quote = c;
		else if (c === '#' && (i === 0 || /\s/.test(line[i - 1]!))) return i;
	}
	return -1;
}

/** inFlow splits what stands in {…} before a place: the last key and what is written of its value. */
function inFlow(text: string): { key: string; value: string; at: number } | null {
	let depth = 0;
	let quote = '';
	let part = -1;
	for (let i = 0; i < text.length; i++) {
		const c = text[i]!;
		if (quote) {
			if (c === quote) quote = '';
		} else if (c === '"' || c === "'") quote = c;
		else if ('{[('.includes(c)) {
			depth++;
			if (c === '{' && depth === 1) part = i + 1;
		} else if ('}])'.includes(c)) depth--;
		else if (c === ',' && depth === 1) part = i + 1;
	}
	if (part < 0 || depth < 1) return null;
	const m = /^\s*(?:([\w-]+):(\s+|$))?/.exec(text.slice(part))!;
	return m[1]
		? { key: m[1], value: text.slice(part + m[0].length), at: part + m[0].length }
		: { key: '', value: text.slice(part + m[0].length), at: part + m[0].length };
}

/** spotAt says where a position of a text is. */
export function spotAt(text: string, pos: number): Spot {
	const start = text.lastIndexOf('\n', pos - 1) + 1;
	const line = text.slice(start, pos);
	const hash = comment(line);
	if (hash >= 0 && /^\s*$/.test(line.slice(0, hash))) return none;
	const m = /^(\s*(?:- +)*)(?:([\w-]+)(:)(\s+|$))?/.exec(line)!;
	const indent = m[1]!.length;
	const above = parents(text.slice(0, start), indent, /-/.test(m[1]!) ? m[1]!.indexOf('-') : indent);
	const section = above[0] ?? '';
	const make = (kind: Spot['kind'], key: string, from: number, path = above): Spot => ({
		section: section || (kind === 'key' ? '' : key),
		path,
		kind,
		key,
		from: start + from,
		text: line.slice(from),
		column: indent,
	});
	if (m[2]) {
		const from = m[0].length;
		const flow = /^\s*[{]/.test(line.slice(from)) && !expressionKeys.has(m[2]) ? inFlow(line.slice(from)) : null;
		if (flow) return make(flow.key ? valueKind(flow.key) : 'key', flow.key, from + flow.at, [...above, m[2]]);
		return make(valueKind(m[2]), m[2], from);
	}
	const rest = line.slice(indent);
	const parent = above[above.length - 1] ?? '';
	if (expressionKeys.has(parent)) return make('expression', parent, indent, above.slice(0, -1));
	const flow = rest.startsWith('{') ? inFlow(rest) : null;
	if (flow) return make(flow.key ? valueKind(flow.key) : 'key', flow.key, indent + flow.at);
	if (/^(use|shadow|down)$/.test(parent)) return make('value', parent, indent, above.slice(0, -1));
	return make('key', '', indent);
}

const valueKind = (key: string): Spot['kind'] => (expressionKeys.has(key) ? 'expression' : 'value');

/** parents are the keys under which a line stands, from the top: its key at a column, or its first dash at one. */
function parents(before: string, column: number, dash: number): string[] {
	const out: string[] = [];
	// A parent stands to the left; that of a list may stand right above its dashes.
	let limit = Math.min(column, dash);
	let list = dash < column;
	const lines = before.split('\n');
	for (let i = lines.length - 2; i >= 0 && (limit > 0 || list); i--) {
		const m = /^(\s*)((?:- +)*)([\w-]+):(\s|$)/.exec(lines[i]!);
		if (!m) continue;
		const at = m[1]!.length + m[2]!.length;
		if (list ? at <= limit : at < limit) {
			out.unshift(m[3]!);
			list = m[2] !== '';
			limit = m[1]!.length;
		} else if (m[2] && m[1]!.length < limit) {
			limit = m[1]!.length; // the first key of the item that we are in
			list = true;
		}
	}
	return out;
}
