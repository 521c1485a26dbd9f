// How far a new line of YAML stands in: as what it goes on with, or as what follows.

/** indentAfter is the indent of a line that is begun at a position. */
export function indentAfter(text: string, pos: number): number {
	const before = text.slice(0, pos).split('\n');
	let last = before.pop()!;
	while (/^\s*$/.test(last) && before.length > 0) last = before.pop()!;
	const indent = /^\s*/.exec(last)![0].length;
	if (/^\s*#/.test(last)) return indent;
	const item = /^(\s*(?:- +)+)\S/.exec(last);
	const key = item ? item[1]!.length : indent;
	if (!/(:|[|>][-+]?)\s*(#.*)?$/.test(last)) return key;
	// A key without a value: as deep as what stands below it already, else one step.
	for (const line of text.slice(pos).split('\n').slice(1)) {
		if (/^\s*(#|$)/.test(line)) continue;
		const next = /^\s*/.exec(line)![0].length;
		return next > key || (next === key && /^\s*-/.test(line)) ? next : key + 2;
	}
	return key + 2;
}
