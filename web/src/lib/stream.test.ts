import { expect, test } from 'vitest';
import { Parser } from './stream';

const text = ': beat\n\nid: 7\nretry: 2000\nevent: decision\ndata: {"a":1}\n\ndata: two\ndata: lines\r\n\r\nevent: empty\n\n';
const want = [
	{ event: 'decision', data: '{"a":1}', id: '7' },
	{ event: 'message', data: 'two\nlines', id: '7' },
];

test('reads a stream as it comes', () => {
	const p = new Parser();
	expect(p.push(text)).toEqual(want);
	expect(p.lastId).toBe('7');
	expect(p.retry).toBe(2000);
});

test('wherever it is cut', () => {
	for (let size = 1; size < text.length; size++) {
		const p = new Parser();
		const got = [];
		for (let i = 0; i < text.length; i += size) got.push(...p.push(text.slice(i, i + size)));
		expect(got, `in pieces of ${size}`).toEqual(want);
	}
});

test('what is not complete is not told', () => {
	const p = new Parser();
	expect(p.push('data: a\n')).toEqual([]);
	expect(p.push('\n')).toEqual([{ event: 'message', data: 'a', id: '' }]);
});
