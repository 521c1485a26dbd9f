// Prints what a page costs to load, gzipped, and fails beyond the budgets: 90 KB for the first page, 220 KB for the editor.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const budgets = { first: 90, editor: 220 };
const kb = (bytes) => bytes / 1024;
const packed = (file) => gzipSync(readFileSync(`dist/${file}`), { level: 9 }).length;
const files = readdirSync('dist/assets').map((name) => `assets/${name}`);
const sizes = new Map(files.map((file) => [file, packed(file)]));
const html = readFileSync('dist/index.html', 'utf8');

// What index.html loads, and what the traffic page adds to it.
const first = files.filter((file) => html.includes(file) || /assets\/(traffic|chart|uplot)[-.]/i.test(file));
const editor = files.filter((file) => /assets\/(editor|codemirror)[-.]/i.test(file));
const sum = (list) => kb(list.reduce((total, file) => total + sizes.get(file), packed('index.html') * (list === first ? 1 : 0)));

for (const [file, size] of [...sizes].sort((a, b) => b[1] - a[1])) console.log(`${kb(size).toFixed(1).padStart(7)} KB  ${file}${first.includes(file) ? '  (first page)' : ''}`);
let failed = false;
for (const [what, list, budget] of [['first page', first, budgets.first], ['editor', editor, budgets.editor]]) {
	const size = sum(list);
	console.log(`${what}: ${size.toFixed(1)} of ${budget} KB gzip`);
	if (size > budget) failed = true;
}
if (failed) {
	console.error('over budget: load less at first, or load it when it is asked for');
	process.exit(1);
}
