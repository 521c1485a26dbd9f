// Expressions inside a policy's YAML: which values are expressions, and how they are coloured.
import { defineLanguageFacet, Language } from '@codemirror/language';
import { type Input, NodeSet, NodeType, Parser, type PartialParse, Tree } from '@lezer/common';
import { styleTags, tags as t } from '@lezer/highlight';

/** expressionKeys are the keys whose values are expressions. */
export const expressionKeys: ReadonlySet<string> = new Set(['when', 'only', 'never', 'prefer', 'avoid', 'expect']);

// The tokens of expr (its language definition, sections Literals and Operators), tried in this order. A model's bare id is a text.
const tokens: [name: string, pattern: RegExp][] = [
	['Text', /"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`[^`]*`?/y],
	['Number', /0[xX][\da-fA-F_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?|\.\d[\d_]*/y],
	['Member', /\??\.\s*[A-Za-z_]\w*/y],
	['Model', /[A-Za-z_][\w-]*\/[\w.*-]+/y],
	['Word', /(?:and|or|not|in|matches|contains|startsWith|endsWith|let|if|else)\b/y],
	['Atom', /(?:true|false|nil|[A-Z]{2,})\b/y],
	['Function', /[A-Za-z_$][\w$]*(?=\()/y],
	['Name', /[A-Za-z_$][\w$]*/y],
	['Element', /#\w*/y],
	['Operator', /&&|\|\||\?\?|[!=<>]=|\.\.|[-+*/%^!<>?:|]/y],
	['Mark', /\S/y],
];

/** tokensOf are the tokens of an expression: index in the table, from, to. */
export function tokensOf(text: string): [name: string, from: number, to: number][] {
	const out: [string, number, number][] = [];
	for (let at = 0; at < text.length; ) {
		let end = at + 1;
		for (const [name, pattern] of tokens) {
			pattern.lastIndex = at;
			const m = pattern.exec(text);
			if (!m) continue;
			end = at + m[0].length;
			out.push([name, at, end]);
			break;
		}
		at = end;
	}
	return out;
}

const data = defineLanguageFacet({ commentTokens: { line: '#' }, closeBrackets: { brackets: ['(', '[', '{', '"'] } });
const names = ['Expression', ...tokens.map(([name]) => name)];
const nodes = new NodeSet(names.map((name, id) => NodeType.define({ id, name, top: id === 0 }))).extend(
	styleTags({
		Text: t.string,
		Model: t.string,
		Number: t.number,
		Atom: t.atom,
		Word: t.keyword,
		Operator: t.operator,
		Function: t.function(t.variableName),
		Name: t.variableName,
		Member: t.variableName,
		Element: t.special(t.variableName),
		Mark: t.punctuation,
	}),
);

// Expressions are short: each is read whole, wherever it stands.
class ExpressionParser extends Parser {
	createParse(input: Input, _fragments: unknown, ranges: readonly { from: number; to: number }[]): PartialParse {
		const from = ranges[0]!.from;
		const to = ranges[ranges.length - 1]!.to;
		let end = to;
		return {
			parsedPos: from,
			get stoppedAt() {
				return end < to ? end : null;
			},
			stopAt(pos: number) {
				end = pos;
			},
			advance() {
				const buffer: number[] = [];
				for (const r of ranges) {
					for (const [name, a, b] of tokensOf(input.read(r.from, Math.min(r.to, end)))) buffer.push(names.indexOf(name), r.from - from + a, r.from - from + b, 4);
				}
				return Tree.build({ buffer, nodeSet: nodes, topID: 0, length: Math.min(end, to) - from });
			},
		};
	}
}

/** exprLanguage is the language of expressions. */
export const exprLanguage = new Language(data, new ExpressionParser(), [], 'expr');
