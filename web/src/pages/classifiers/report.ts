// What checking and comparing modules answers.
import type { TestOutcome } from '../policy/shapes';

export interface Step {
	step: string;
	state: 'ok' | 'warn' | 'failed' | 'skipped';
	text: string;
	ms: number;
	detail?: unknown;
}

export interface Done {
	step: 'done';
	ok: boolean;
	still: string;
	sha256: string;
	card?: Card;
}

export interface Card {
	name: string;
	version: string;
	description?: string;
	heads: { name: string; labels: string[] }[];
	languages?: string[];
	trained_on?: string[];
	licences?: string[];
	figures?: Record<string, number>;
	weights_sha256?: string;
}

export interface Report {
	time: string;
	author: string;
	name?: string;
	size: number;
	sha256: string;
	card?: Card;
	ok: boolean;
	still: string;
	steps: Step[];
}

export interface Comparison {
	modules: [string, string];
	prompts: number;
	same_category: number;
	same_tier: number;
	within_one_tier: number;
	lower_tier: number;
	higher_tier: number;
	difficulty_distance: number;
	failed: [number, number];
	category_moves: Record<string, number>;
	differences: { id: string; text: string; category: [string, string]; tier: [string, string]; difficulty: [number, number]; distance: number }[];
}

/** order is the steps of a check, each with its name. */
export const order: readonly (readonly [string, string])[] = [
	['file', 'Size and hash'],
	['abi', 'ABI'],
	['card', 'Card and heads'],
	['probes', 'Fuel and hostile inputs'],
	['speed', 'Speed'],
	['tests', 'Policy tests'],
	['compare', 'Disagreement with what serves'],
];

/** splitLines takes text as it comes and gives the lines that are complete, and what is left over. */
export function splitLines(rest: string, more: string): { lines: string[]; rest: string } {
	const lines = (rest + more).split('\n');
	const left = lines.pop() ?? '';
	return { lines: lines.filter((l) => l.trim() !== ''), rest: left };
}

/** verdict says in a sentence what came of a module. */
export function verdict(steps: readonly Step[], done?: Done): string {
	if (!done) return 'Checking';
	const failed = steps.filter((s) => s.state === 'failed').map((s) => order.find(([key]) => key === s.step)?.[1] ?? s.step);
	if (!done.ok) return `Refused: ${failed.join(', ')} failed. Still serving ${done.still}.`;
	const warned = steps.filter((s) => s.state === 'warn').length;
	return warned > 0 ? `It can be published, with ${warned} thing${warned > 1 ? 's' : ''} to look at. Still serving ${done.still}.` : `It can be published. Still serving ${done.still}.`;
}

export const isComparison = (detail: unknown): detail is Comparison => typeof detail === 'object' && detail !== null && 'category_moves' in detail;
export const areTests = (detail: unknown): detail is TestOutcome[] => Array.isArray(detail) && detail.length > 0 && 'items' in (detail[0] as object);
