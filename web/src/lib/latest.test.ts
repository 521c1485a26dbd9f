import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { latest } from './latest';

describe('latest', () => {
	beforeEach(() => void vi.useFakeTimers());
	afterEach(() => void vi.useRealTimers());

	it('asks once after a burst', async () => {
		const run = vi.fn(async (n: number) => n);
		const got: number[] = [];
		const l = latest(100, run, (r) => got.push(r));
		for (const n of [1, 2, 3]) {
			l.ask(n);
			await vi.advanceTimersByTimeAsync(50);
		}
		await vi.advanceTimersByTimeAsync(100);
		expect(run.mock.calls.map((c) => c[0])).toEqual([3]);
		expect(got).toEqual([3]);
	});

	it('does not tell of an old answer that comes late', async () => {
		const answers: ((v: string) => void)[] = [];
		const got: string[] = [];
		const l = latest(
			0,
			() => new Promise<string>((done) => answers.push(done)),
			(r) => got.push(r),
		);
		l.ask(1, { now: true });
		l.ask(2, { now: true });
		answers[1]!('second');
		await vi.advanceTimersByTimeAsync(1);
		answers[0]!('first');
		await vi.advanceTimersByTimeAsync(1);
		expect(got).toEqual(['second']);
	});

	it('calls off what is under way', async () => {
		let off = false;
		const l = latest(
			0,
			(_: number, signal) =>
				new Promise<void>((_done, fail) =>
					signal.addEventListener('abort', () => {
						off = true;
						fail(new Error('aborted'));
					}),
				),
			() => undefined,
			() => {
				throw new Error('told');
			},
		);
		l.ask(1, { now: true });
		l.cancel();
		await vi.advanceTimersByTimeAsync(1);
		expect(off).toBe(true);
	});

	it('tells of a failure of the last question', async () => {
		const failed = vi.fn();
		latest(
			0,
			async () => {
				throw new Error('no');
			},
			() => undefined,
			failed,
		).ask(1, { now: true });
		await vi.advanceTimersByTimeAsync(1);
		expect(failed).toHaveBeenCalledOnce();
	});
});
