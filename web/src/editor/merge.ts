// Merging three texts by lines: what was published meanwhile, and what one has written oneself, onto what both began from.
import { diffLines } from '../lib/diff';

/** Piece is a part of the merge: settled, or changed by both in different ways. */
export type Piece = { lines: string[] } | { base: string[]; theirs: string[]; yours: string[] };

interface Hunk {
	from: number; // line of the base
	to: number;
	lines: string[];
}

function hunksOf(base: string, text: string): Hunk[] {
	const out: Hunk[] = [];
	let at = 0;
	let open: Hunk | null = null;
	for (const l of diffLines(base, text)) {
		if (l.sign === ' ') {
			open = null;
			at++;
			continue;
		}
		if (!open) out.push((open = { from: at, to: at, lines: [] }));
		if (l.sign === '-') open.to = ++at;
		else open.lines.push(l.text);
	}
	return out;
}

/** merge puts the changes of two texts onto their base. */
export function merge(base: string, theirs: string, yours: string): Piece[] {
	const lines = base.split('\n');
	const a = hunksOf(base, theirs);
	const b = hunksOf(base, yours);
	const out: Piece[] = [];
	const settled = (text: string[]) => {
		const last = out[out.length - 1];
		if (last && 'lines' in last) last.lines.push(...text);
		else if (text.length > 0) out.push({ lines: [...text] });
	};
	let at = 0;
	while (a.length > 0 || b.length > 0) {
		// The next group of hunks that touch each other.
		const from = Math.min(a[0]?.from ?? Number.POSITIVE_INFINITY, b[0]?.from ?? Number.POSITIVE_INFINITY);
		let to = from;
		const mine: [Hunk[], Hunk[]] = [[], []];
		for (let grown = true; grown; ) {
			grown = false;
			[a, b].forEach((list, side) => {
				while (list[0] && (list[0].from < to || list[0].from === from || (list[0].from === to && mine[1 - side]!.length > 0))) {
					to = Math.max(to, list[0].to);
					mine[side]!.push(list.shift()!);
					grown = true;
				}
			});
		}
		settled(lines.slice(at, from));
		const text = [a, b].map((_, side) => replaced(lines, from, to, mine[side]!));
		const [left, right] = text as [string[], string[]];
		if (mine[1].length === 0 || same(left, right)) settled(left);
		else if (mine[0].length === 0) settled(right);
		else out.push({ base: lines.slice(from, to), theirs: left, yours: right });
		at = to;
	}
	settled(lines.slice(at));
	return out;
}

const same = (a: string[], b: string[]) => a.length === b.length && a.every((line, i) => line === b[i]);

function replaced(lines: string[], from: number, to: number, hunks: Hunk[]): string[] {
	const out: string[] = [];
	let at = from;
	for (const h of hunks) {
		out.push(...lines.slice(at, h.from), ...h.lines);
		at = h.to;
	}
	out.push(...lines.slice(at, to));
	return out;
}

export type Choice = 'theirs' | 'yours' | 'both';

/** merged is the text of a merge with a choice for each piece that both changed, in order. */
export function merged(pieces: readonly Piece[], choices: readonly Choice[]): string {
	let n = 0;
	return pieces
		.flatMap((p) => {
			if ('lines' in p) return p.lines;
			const choice = choices[n++] ?? 'yours';
			return choice === 'both' ? [...p.theirs, ...p.yours] : p[choice];
		})
		.join('\n');
}
