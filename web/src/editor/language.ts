// YAML whose expressions are expressions.
import { yaml, yamlLanguage } from '@codemirror/lang-yaml';
import { HighlightStyle, LanguageSupport, syntaxHighlighting } from '@codemirror/language';
import { parseMixed, type SyntaxNodeRef } from '@lezer/common';
import { tags as t } from '@lezer/highlight';
import { expressionKeys, exprLanguage } from './expr';

/** keyOf is the nearest key that a value belongs to: through lists, not through maps. */
function keyOf(node: SyntaxNodeRef, text: (from: number, to: number) => string): string {
	let at = node.node.parent;
	while (at && /^(Item|BlockSequence|FlowSequence|BlockLiteral)$/.test(at.name)) at = at.parent;
	if (at?.name !== 'Pair') return '';
	const key = at.getChild('Key');
	return key && key.to <= node.from ? text(key.from, key.to) : '';
}

const mixed = yamlLanguage.configure({
	wrap: parseMixed((node, input) => {
		if (!/^(Literal|QuotedLiteral|BlockLiteralContent)$/.test(node.name)) return null;
		if (!expressionKeys.has(keyOf(node, (from, to) => input.read(from, to)))) return null;
		if (node.name !== 'QuotedLiteral') return { parser: exprLanguage.parser };
		if (node.to - node.from < 3) return null;
		return { parser: exprLanguage.parser, overlay: [{ from: node.from + 1, to: node.to - 1 }] };
	}),
});

/** policyLanguage is the language of policies. */
export const policyLanguage = () => new LanguageSupport(mixed, yaml().support);

// The colours are tokens of the page, so that light and dark are one table.
const style = HighlightStyle.define([
	{ tag: [t.propertyName, t.definition(t.propertyName)], color: 'var(--code-key)' },
	{ tag: [t.string, t.special(t.string)], color: 'var(--code-string)' },
	{ tag: [t.number, t.bool, t.atom, t.null], color: 'var(--code-number)' },
	{ tag: [t.keyword, t.operator, t.operatorKeyword], color: 'var(--code-word)' },
	{ tag: [t.comment, t.lineComment], color: 'var(--code-comment)', fontStyle: 'italic' },
	{ tag: t.function(t.variableName), color: 'var(--code-function)' },
	{ tag: t.special(t.variableName), color: 'var(--code-number)' },
	{ tag: [t.punctuation, t.separator, t.squareBracket, t.brace], color: 'var(--code-comment)' },
]);

export const policyColours = syntaxHighlighting(style);
