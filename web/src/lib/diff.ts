// A diff of two texts by lines (Myers, "An O(ND) Difference Algorithm and Its Variations", 1986), for pages without an editor.

export interface DiffLine {
	sign: ' ' | '+' | '-';
	text: string;
}

/** diffLines are all lines of both texts, in order. Texts that differ in more than most lines are told whole, one after the other. */
export function diffLines(before: string, after: string, most = 2000): DiffLine[] {
	const a = before.split('\n');
	const b = after.split('\n');
	let head = 0;
	while (head < a.length && head < b.length && a[head] === b[head]) head++;
	let tail = 0;
	while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
	const out: DiffLine[] = a.slice(0, head).map((text) => ({ sign: ' ', text }));
	out.push(...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail), most));
	out.push(...a.slice(a.length - tail).map((text): DiffLine => ({ sign: ' ', text })));
	return out;
}

function middle(a: string[], b: string[], most: number): DiffLine[] {
	const n = a.length;
	const m = b.length;
	const whole = (): DiffLine[] => [
		...a.map((text): DiffLine => ({ sign: '-', text })),
		...b.map((text): DiffLine => ({ sign: '+', text })),
	];
	if (n === 0 || m === 0) return whole();
	const max = Math.min(n + m, most);
	const offset = max + 1;
	const v = new Int32Array(2 * max + 3);
	const trace: Int32Array[] = [];
	for (let d = 0; d <= max; d++) {
		trace.push(v.slice());
		for (let k = -d; k <= d; k += 2) {
			let x = k === -d || (k !== d && v[offset + k - 1]! < v[offset + k + 1]!) ? v[offset + k + 1]! : v[offset + k - 1]! + 1;
			let y = x - k;
			while (x < n && y < m && a[x] === b[y]) {
				x++;
				y++;
			}
			v[offset + k] = x;
			if (x >= n && y >= m) return back(a, b, trace, offset, d);
		}
	}
	return whole();
}

function back(a: string[], b: string[], trace: Int32Array[], offset: number, steps: number): DiffLine[] {
	const out: DiffLine[] = [];
	let x = a.length;
	let y = b.length;
	for (let d = steps; d > 0; d--) {
		const v = trace[d]!;
		const k = x - y;
		const from = k === -d || (k !== d && v[offset + k - 1]! < v[offset + k + 1]!) ? k + 1 : k - 1;
		const px = v[offset + from]!;
		const py = px - from;
		while (x > px && y > py) {
			out.push({ sign: ' ', text: a[--x]! });
			y--;
		}
		if (x > px) out.push({ sign: '-', text: a[--x]! });
		else if (y > py) out.push({ sign: '+', text: b[--y]! });
	}
	while (x > 0) out.push({ sign: ' ', text: a[--x]! });
	return out.reverse();
}

/** hunks leaves out what is far from any change; null stands for lines left out. */
export function hunks(lines: DiffLine[], context = 3): (DiffLine | null)[] {
	const keep = new Uint8Array(lines.length);
	lines.forEach((l, i) => {
		if (l.sign === ' ') return;
		for (let k = Math.max(0, i - context); k <= Math.min(lines.length - 1, i + context); k++) keep[k] = 1;
	});
	const out: (DiffLine | null)[] = [];
	lines.forEach((l, i) => {
		if (keep[i]) out.push(l);
		else if (out[out.length - 1] !== null && out.length > 0) out.push(null);
	});
	if (out[out.length - 1] === null) out.pop();
	return out;
}

/** readUnified takes a unified diff, as the server tells changes. */
export function readUnified(text: string): (DiffLine | null)[] {
	const out: (DiffLine | null)[] = [];
	for (const line of text.replace(/\n$/, '').split('\n')) {
		if (/^(---|\+\+\+) /.test(line) || line.startsWith('\\')) continue;
		if (line.startsWith('@@')) {
			if (out.length > 0) out.push(null);
		} else if (line[0] === '+' || line[0] === '-') out.push({ sign: line[0], text: line.slice(1) });
		else out.push({ sign: ' ', text: line.replace(/^ /, '') });
	}
	return out;
}

/** tally counts what was added and removed: +12 −3. */
export function tally(lines: (DiffLine | null)[]): { plus: number; minus: number } {
	return { plus: lines.filter((l) => l?.sign === '+').length, minus: lines.filter((l) => l?.sign === '-').length };
}
