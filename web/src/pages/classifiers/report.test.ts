import { describe, expect, it } from 'vitest';
import { splitLines, type Step, verdict } from './report';

const step = (name: string, state: Step['state']): Step => ({ step: name, state, text: '', ms: 1 });
const done = { step: 'done' as const, ok: true, still: 'v3 (routor 2)', sha256: '' };

describe('a module’s report', () => {
	it('is read line by line as it comes', () => {
		const first = splitLines('', '{"a":1}\n{"b"');
		expect(first).toEqual({ lines: ['{"a":1}'], rest: '{"b"' });
		expect(splitLines(first.rest, ':2}\n')).toEqual({ lines: ['{"b":2}'], rest: '' });
	});
	it('says what failed and what still serves', () => {
		expect(verdict([step('file', 'ok'), step('probes', 'failed'), step('speed', 'skipped')], { ...done, ok: false })).toBe('Refused: Fuel and hostile inputs failed. Still serving v3 (routor 2).');
		expect(verdict([step('compare', 'warn')], done)).toContain('1 thing to look at');
		expect(verdict([step('file', 'ok')])).toBe('Checking');
	});
});
