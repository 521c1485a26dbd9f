// Changes of a YAML text in place: what they don't touch, comments and all, stays as it was written.
import { yamlLanguage } from '@codemirror/lang-yaml';
import type { SyntaxNode } from '@lezer/common';
import type { Change } from './position';

export { scalar } from './scalar';

type Step = string | number;

const valueNames = /^(Literal|QuotedLiteral|BlockLiteral|BlockMapping|FlowMapping|BlockSequence|FlowSequence)$/;

function root(text: string): SyntaxNode | null {
	const doc = yamlLanguage.parser.parse(text).topNode.getChild('Document');
	return doc ? firstValue(doc) : null;
}

function firstValue(node: SyntaxNode): SyntaxNode | null {
	for (let child = node.firstChild; child; child = child.nextSibling) if (valueNames.test(child.name)) return child;
	return null;
}

const unquote = (text: string) => text.trim().replace(/^(["'])(.*)\1$/s, '$2');

function pairOf(map: SyntaxNode, key: string, text: string): SyntaxNode | null {
	for (const pair of map.getChildren('Pair')) {
		const k = pair.getChild('Key');
		if (k && unquote(text.slice(k.from, k.to)) === key) return pair;
	}
	return null;
}

function valueOf(pair: SyntaxNode): SyntaxNode | null {
	const key = pair.getChild('Key');
	for (let child = key?.nextSibling ?? null; child; child = child.nextSibling) if (valueNames.test(child.name)) return child;
	return null;
}

function find(text: string, path: readonly Step[]): SyntaxNode | null {
	let at = root(text);
	for (const step of path) {
		if (!at) return null;
		if (typeof step === 'number') {
			const item: SyntaxNode | undefined = at.getChildren('Item')[step];
			at = item ? firstValue(item) : null;
		} else {
			const pair = pairOf(at, step, text);
			at = pair ? valueOf(pair) : null;
		}
	}
	return at;
}

/** rangeOf is where a value stands; null = there is none. */
export function rangeOf(text: string, path: readonly Step[]): { from: number; to: number } | null {
	const node = find(text, path);
	return node && { from: node.from, to: node.to };
}

/** scalarOf is a plain value as it is written, without its quotes; undefined = there is none. */
export function scalarOf(text: string, path: readonly Step[]): string | undefined {
	const node = find(text, path);
	if (!node || !/Literal$/.test(node.name)) return undefined;
	return unquote(text.slice(node.from, node.to));
}

const indentAt = (text: string, pos: number) => pos - (text.lastIndexOf('\n', pos - 1) + 1);
const columnOf = (text: string, node: SyntaxNode) => indentAt(text, node.from + /^\s*/.exec(text.slice(node.from, node.to))![0].length);

/** lineEnd is the end of the line of a position, without a comment that ends it being cut off. */
const lineEnd = (text: string, pos: number) => {
	const end = text.indexOf('\n', pos);
	return end < 0 ? text.length : end;
};

/** setScalar sets a value, and makes the maps that lead to it where they are missing. value is YAML. */
export function setScalar(text: string, path: readonly string[], value: string): Change {
	const node = find(text, path);
	if (node) return { from: node.from, to: node.to, insert: value };
	let depth = path.length - 1;
	while (depth > 0 && !find(text, path.slice(0, depth))) depth--;
	const rest = path.slice(depth);
	const map = depth > 0 ? find(text, path.slice(0, depth)) : root(text);
	if (!map || !/Mapping$/.test(map.name)) {
		const gap = text === '' || text.endsWith('\n') ? '' : '\n';
		return { from: text.length, to: text.length, insert: `${gap}${nested(rest, value, 0)}` };
	}
	if (map.name === 'FlowMapping') {
		const empty = map.getChildren('Pair').length === 0;
		const flow = rest.slice(1).reduceRight((inner, key) => `{${key}: ${inner}}`, value);
		return { from: map.from + 1, to: map.from + 1, insert: `${rest[0]}: ${flow}${empty ? '' : ', '}` };
	}
	const pad = columnOf(text, map);
	if (depth > 0) {
		// Before the first key of the map: what follows it may be a comment that belongs to something else.
		const first = map.getChildren('Pair')[0]!;
		return { from: first.from, to: first.from, insert: `${nested(rest, value, pad).trimStart()}${' '.repeat(pad)}` };
	}
	// A new key of the file: before its rules, where a reader looks for it, else at the end.
	const rules = pairOf(map, 'rules', text) ?? pairOf(map, 'tests', text);
	if (!rules) return { from: text.length, to: text.length, insert: `${text.endsWith('\n') ? '' : '\n'}${nested(rest, value, 0)}` };
	return { from: rules.from, to: rules.from, insert: `${nested(rest, value, 0)}\n` };
}

/** nested are the lines of keys inside each other. */
function nested(path: readonly string[], value: string, pad: number): string {
	return path.map((key, i) => `${' '.repeat(pad + 2 * i)}${key}:${i === path.length - 1 ? ` ${value}` : ''}\n`).join('');
}

/** removeKey takes a key with its value out; null = there is none. A comment above it stays. */
export function removeKey(text: string, path: readonly string[]): Change | null {
	const parent = path.length > 1 ? find(text, path.slice(0, -1)) : root(text);
	const pair = parent && pairOf(parent, path[path.length - 1]!, text);
	if (!pair || !parent) return null;
	if (parent.name === 'FlowMapping') {
		const after = /^\s*,\s*/.exec(text.slice(pair.to));
		if (after) return { from: pair.from, to: pair.to + after[0].length, insert: '' };
		const before = /,?\s*$/.exec(text.slice(0, pair.from))!;
		return { from: pair.from - before[0].length, to: pair.to, insert: '' };
	}
	const start = text.lastIndexOf('\n', pair.from - 1) + 1;
	return { from: start, to: Math.min(text.length, lineEnd(text, pair.to) + 1), insert: '' };
}

/** appendItem adds an item, given as its lines without indent ("name: x\nprompt: y"), to the list of a top-level key. */
export function appendItem(text: string, key: string, item: string): Change {
	const lines = (pad: number) =>
		item
			.replace(/\n$/, '')
			.split('\n')
			.map((line, i) => (line === '' ? '' : `${' '.repeat(pad)}${i === 0 ? '- ' : '  '}${line}`))
			.join('\n');
	const list = find(text, [key]);
	if (list?.name === 'BlockSequence') {
		const items = list.getChildren('Item');
		const last = items[items.length - 1]!;
		const pad = indentAt(text, list.from);
		const end = lineEnd(text, trimmed(text, last));
		const gap = items.length > 1 && /\n[ \t]*\n/.test(text.slice(items[items.length - 2]!.from, last.from)) ? '\n' : '';
		return { from: end, to: end, insert: `\n${gap}${lines(pad)}` };
	}
	if (list?.name === 'FlowSequence' && list.getChildren('Item').length === 0)
		return { from: list.from, to: list.to, insert: `\n${lines(2)}` };
	const map = root(text);
	const pair = map && pairOf(map, key, text);
	if (pair) return { from: pair.to, to: pair.to, insert: `\n${lines(2)}` };
	const gap = text === '' ? '' : text.endsWith('\n') ? '\n' : '\n\n';
	return { from: text.length, to: text.length, insert: `${gap}${key}:\n${lines(2)}\n` };
}

/** trimmed is where a node ends without the blank lines that the parser counts to it. */
const trimmed = (text: string, node: SyntaxNode) => node.from + text.slice(node.from, node.to).trimEnd().length;

/** apply is a text with a change made. */
export const apply = (text: string, change: Change): string => text.slice(0, change.from) + change.insert + text.slice(change.to);
