// Expressions inside a policy's YAML: which values are expressions, and how they are coloured.
import { StreamLanguage, type StringStream } from '@codemirror/language';

/** expressionKeys are the keys whose values are expressions. */
export const expressionKeys: ReadonlySet<string> = new Set(['when', 'only', 'never', 'prefer', 'avoid', 'expect']);

const words = /^(and|or|not|in|matches|contains|startsWith|endsWith|let|if|else)$/;

// A token of expr (its language definition, sections Literals and Operators).
function token(s: StringStream): string | null {
	if (s.eatSpace()) return null;
	if (s.match(/^"(?:[^"\\]|\\.)*"?/) || s.match(/^'(?:[^'\\]|\\.)*'?/) || s.match(/^`[^`]*`?/)) return 'string';
	if (s.match(/^(?:0[xX][\da-fA-F_]+|[\d_]*\.?\d[\d_]*(?:[eE][+-]?\d+)?)/)) return 'number';
	if (s.match(/^\??\.\s*[A-Za-z_]\w*/)) return 'propertyName';
	if (s.match(/^[A-Za-z_$][\w$]*(?:\/[\w.-]+)?/)) {
		const word = s.current();
		if (word.includes('/')) return 'string';
		if (words.test(word)) return 'keyword';
		if (/^(true|false|nil)$/.test(word)) return 'bool';
		if (/^[A-Z]+$/.test(word)) return 'atom';
		return s.peek() === '(' ? 'variableName.function' : 'variableName';
	}
	if (s.match(/^#\w*/)) return 'variableName.special';
	if (s.match(/^(?:&&|\|\||\?\?|[!=<>]=|\.\.|[-+*/%^!<>?:|])/)) return 'operator';
	s.next();
	return 'punctuation';
}

/** exprLanguage colours expressions. */
export const exprLanguage = StreamLanguage.define({
	name: 'expr',
	token,
	languageData: { commentTokens: { line: '#' }, closeBrackets: { brackets: ['(', '[', '{', '"'] } },
});
