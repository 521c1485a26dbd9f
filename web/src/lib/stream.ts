// Server-sent events over fetch: unlike EventSource it can say who asks, tells how an attempt ended, and backs off.

export interface StreamEvent {
	event: string;
	data: string;
	id: string;
}

/** Parser takes the bytes of text/event-stream as they come (HTML standard, section 9.2.6). */
export class Parser {
	private rest = '';
	private event = '';
	private data: string[] = [];
	lastId = '';
	retry = 0; // ms, as the server asks; 0 = it did not

	/** push gives the events that are complete with this text. Comments give none, and still say that the server is there. */
	push(text: string): StreamEvent[] {
		const out: StreamEvent[] = [];
		const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
		this.rest = lines.pop() ?? '';
		for (const line of lines) {
			if (line === '') {
				if (this.data.length > 0) out.push({ event: this.event || 'message', data: this.data.join('\n'), id: this.lastId });
				this.event = '';
				this.data = [];
				continue;
			}
			const colon = line.indexOf(':');
			const field = colon < 0 ? line : line.slice(0, colon);
			const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
			if (field === 'event') this.event = value;
			else if (field === 'data') this.data.push(value);
			else if (field === 'id' && !value.includes('\0')) this.lastId = value;
			else if (field === 'retry' && /^\d+$/.test(value)) this.retry = Number(value);
		}
		return out;
	}
}

export interface Source {
	open: (headers: Record<string, string>, signal: AbortSignal) => Promise<Response>;
	on: (e: StreamEvent) => void;
	alive: () => void; // bytes came
	ended: (err: unknown) => number | void; // an attempt ended; ms until the next, or -1 for none
}

/** follow keeps a stream open until stop is called, resuming where it was cut. */
export function follow(source: Source): { stop: () => void } {
	const control = new AbortController();
	const run = async () => {
		let failures = 0;
		let lastId = '';
		while (!control.signal.aborted) {
			const parser = new Parser();
			let error: unknown;
			try {
				const headers: Record<string, string> = { Accept: 'text/event-stream' };
				if (lastId) headers['Last-Event-ID'] = lastId;
				const answer = await source.open(headers, control.signal);
				const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
				for (;;) {
					const { done, value } = await reader.read();
					if (done) break;
					failures = 0;
					source.alive();
					for (const e of parser.push(value)) source.on(e);
					if (parser.lastId) lastId = parser.lastId;
				}
			} catch (err) {
				error = err;
			}
			if (control.signal.aborted) return;
			failures++;
			const wait = source.ended(error) ?? Math.min(15_000, (parser.retry || 500) * 2 ** Math.min(failures - 1, 5));
			if (wait < 0) return;
			await new Promise<void>((done) => {
				const timer = setTimeout(done, wait);
				control.signal.addEventListener('abort', () => {
					clearTimeout(timer);
					done();
				});
			});
		}
	};
	void run();
	return { stop: () => control.abort() };
}
