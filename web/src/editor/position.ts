// The server counts lines and columns from 1, columns in characters (code points); the editor counts UTF-16 units from 0.

export interface Problem {
	severity: 'error' | 'warning';
	line: number;
	column: number;
	end_line: number;
	end_column: number; // the first one behind
	path?: string;
	rule?: string;
	message: string;
	mend?: string;
	replace?: string; // what mends it in place
}

/** offsetAt is where a line's column is in a text; beyond the line's end it is the end. */
export function offsetAt(text: string, line: number, column: number): number {
	let from = 0;
	for (let n = 1; n < line; n++) {
		const next = text.indexOf('\n', from);
		if (next < 0) return text.length;
		from = next + 1;
	}
	let end = text.indexOf('\n', from);
	if (end < 0) end = text.length;
	let at = from;
	for (let c = 1; c < column && at < end; c++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
	return Math.min(at, end);
}

/** placeOf is what a problem marks: never nothing, so that it can be seen. */
export function placeOf(text: string, p: Problem): { from: number; to: number } {
	const from = offsetAt(text, p.line, p.column);
	let to = Math.max(from, offsetAt(text, p.end_line, p.end_column));
	if (to === from) {
		const word = /^[\w./-]+|^\S/.exec(text.slice(from, from + 80));
		if (word) to = from + word[0].length;
	}
	return { from, to };
}

export interface Change {
	from: number;
	to: number;
	insert: string;
}

/** fixOf is the change that mends a problem; null = there is none that is beyond doubt. */
export function fixOf(text: string, p: Problem): Change | null {
	if (p.replace === undefined || p.replace === '') return null;
	const from = offsetAt(text, p.line, p.column);
	const to = Math.max(from, offsetAt(text, p.end_line, p.end_column));
	return { from, to, insert: p.replace };
}

/** fixAll is a text with every problem mended that can be: from the end on, so that places stay true. */
export function fixAll(text: string, problems: readonly Problem[]): string {
	const changes = problems.flatMap((p) => fixOf(text, p) ?? []).sort((a, b) => b.from - a.from);
	let last = text.length + 1;
	for (const c of changes) {
		if (c.to > last) continue; // two that overlap: the later one first, the other after the next check
		text = text.slice(0, c.from) + c.insert + text.slice(c.to);
		last = c.from;
	}
	return text;
}

/** nextProblem is the problem after a position, round and round. */
export function nextProblem(text: string, problems: readonly Problem[], pos: number, back = false): Problem | undefined {
	const list = problems.map((p) => ({ p, at: placeOf(text, p).from })).sort((a, b) => a.at - b.at);
	if (back) return (list.findLast((x) => x.at < pos) ?? list[list.length - 1])?.p;
	return (list.find((x) => x.at > pos) ?? list[0])?.p;
}
