// Prints what a page costs to load, gzipped, and fails beyond the budgets: 90 KB for the first page, 220 KB for the editor.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const read = (file) => readFileSync(`dist/${file}`, 'utf8');
const packed = (file) => gzipSync(read(file), { level: 9 }).length / 1024;
const files = readdirSync('dist/assets').map((name) => `assets/${name}`);
const html = read('index.html');

/** closure adds what each file imports as it starts. */
function closure(list) {
	const seen = new Set(list);
	for (const file of seen) {
		if (!file.endsWith('.js')) continue;
		for (const m of read(file).matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g)) seen.add(`assets/${m[1]}`);
	}
	return [...seen].filter((file) => files.includes(file));
}
const named = (pattern) => files.filter((file) => pattern.test(file));
const first = closure([...files.filter((file) => html.includes(file)), ...named(/assets\/traffic-/)]);
const editor = closure(named(/assets\/editor-.*\.(js|css)$/)).filter((file) => !first.includes(file));

for (const [size, file] of files.map((file) => [packed(file), file]).sort((a, b) => b[0] - a[0])) {
	const part = first.includes(file) ? '  first page' : editor.includes(file) ? '  editor' : '';
	console.log(`${size.toFixed(1).padStart(7)} KB  ${file}${part}`);
}
let failed = false;
const sum = (list) => list.reduce((total, file) => total + packed(file), 0);
for (const [what, size, budget] of [
	['first page', sum(first) + packed('index.html'), 90],
	['editor', sum(editor), 220],
]) {
	console.log(`${what}: ${size.toFixed(1)} of ${budget} KB gzip`);
	if (size > budget) failed = true;
}
if (failed) {
	console.error('over budget: load less at first, or load it when it is asked for');
	process.exit(1);
}
