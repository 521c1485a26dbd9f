// Asking again and again while somebody types: the last question counts, whatever comes back in whichever order.

export interface Latest<A> {
	/** ask puts a question once nothing has been asked for the delay; what is under way is called off. */
	ask: (arg: A, options?: { now?: boolean }) => void;
	cancel: () => void;
}

/** latest has run asked after a delay of ms, and done told of the last question's answer alone. */
export function latest<A, R>(
	ms: number,
	run: (arg: A, signal: AbortSignal) => Promise<R>,
	done: (result: R, arg: A) => void,
	failed: (err: unknown, arg: A) => void = () => undefined,
): Latest<A> {
	let timer: ReturnType<typeof setTimeout> | undefined;
	let control: AbortController | undefined;
	const cancel = () => {
		clearTimeout(timer);
		timer = undefined;
		control?.abort();
		control = undefined;
	};
	const begin = async (arg: A) => {
		timer = undefined;
		const mine = new AbortController();
		control = mine;
		try {
			const result = await run(arg, mine.signal);
			if (control === mine) done(result, arg);
		} catch (err) {
			if (control === mine) failed(err, arg);
		}
		if (control === mine) control = undefined;
	};
	return {
		ask: (arg, options = {}) => {
			cancel();
			if (options.now) void begin(arg);
			else timer = setTimeout(() => void begin(arg), ms);
		},
		cancel,
	};
}
