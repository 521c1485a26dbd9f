// The one event stream of a tab. It is closed while the tab is hidden, resumes where it was cut, and says how old what it
// told is. Pages say which topics and which decisions they want; the shell wants little, always.
import { computed, effect, signal } from '@preact/signals';
import { open, online, Problem, session } from '../lib/api';
import { follow, type StreamEvent } from '../lib/stream';
import { withQuery } from '../lib/url';

export type Topic = 'decisions' | 'counters' | 'providers' | 'documents' | 'audit' | 'fleet' | 'rollout';
type Handler = (data: unknown, e: StreamEvent) => void;

/** state of the stream: off = hidden or signed out, stale = open, and nothing came for 10 s. */
export type LiveState = 'off' | 'connecting' | 'live' | 'stale' | 'cut';
export const liveState = signal<LiveState>('off');

/** heard is when something came last, ms since 1970. */
export const heard = signal(0);

/** gaps counts how often something was missed: whoever shows lists asks for them again. */
export const gaps = signal(0);

const staleAfter = 10_000;
const shell: Topic[] = ['counters', 'providers', 'documents', 'fleet', 'rollout'];
const wanted = signal<{ topic: Topic; n: number }[]>([]);
const filter = signal('');
const handlers = new Map<string, Set<Handler>>();

/** on hears events of a kind: decision, counters, providers, documents, audit, fleet, rollout, gap. It returns how to stop. */
export function on<T>(event: string, handler: (data: T, e: StreamEvent) => void): () => void {
	let set = handlers.get(event);
	if (!set) handlers.set(event, (set = new Set()));
	set.add(handler as Handler);
	return () => set.delete(handler as Handler);
}

/** want asks for a topic besides the shell's own, for as long as it is not stopped. */
export function want(topic: Topic): () => void {
	const entry = { topic, n: Math.random() };
	wanted.value = [...wanted.value, entry];
	return () => {
		wanted.value = wanted.value.filter((w) => w !== entry);
	};
}

/** filterDecisions says which decisions the stream sends: a query of GET /admin/decisions. */
export function filterDecisions(query: Record<string, string>): void {
	filter.value = withQuery('', query).slice(1);
}

const address = computed(() => {
	const topics = [...new Set([...shell, ...wanted.value.map((w) => w.topic)])].sort().join(',');
	return `/admin/events?topics=${topics}${filter.value && topics.includes('decisions') ? `&${filter.value}` : ''}`;
});

function dispatch(e: StreamEvent): void {
	let data: unknown;
	try {
		data = JSON.parse(e.data);
	} catch {
		return;
	}
	if (e.event === 'gap') gaps.value++;
	for (const handler of handlers.get(e.event) ?? []) handler(data, e);
}

const visible = signal(true);

/** fallback is the stream of a server that has no /admin/events: decisions and counters alone. */
const fallback = signal(false);

/** startLive opens the stream whenever somebody is signed in and looks. */
export function startLive(): void {
	visible.value = !document.hidden;
	document.addEventListener('visibilitychange', () => {
		visible.value = !document.hidden;
	});
	// Addresses change in bursts while a page opens: one stream for the last of them.
	const settled = signal(address.peek());
	let timer = 0;
	effect(() => {
		const next = address.value;
		clearTimeout(timer);
		timer = window.setTimeout(() => {
			settled.value = next;
		}, 30);
	});
	effect(() => {
		const path = fallback.value ? `/admin/decisions/tail${filter.value ? `?${filter.value}` : ''}` : settled.value;
		if (!session.value || !visible.value) {
			liveState.value = 'off';
			return;
		}
		liveState.value = 'connecting';
		let cut = false; // since something was heard last
		let resumes = false; // events have ids: the server tells what was missed, or that it can't
		const stream = follow({
			open: (headers, signal) => open(path, { headers, signal }),
			on: (e) => {
				if (e.id) resumes = true;
				dispatch(e);
			},
			alive: () => {
				if (cut && !resumes) gaps.value++;
				cut = false;
				heard.value = Date.now();
				liveState.value = 'live';
			},
			ended: (err) => {
				if (err instanceof Problem && (err.status === 401 || err.status === 403)) {
					liveState.value = 'cut';
					return -1;
				}
				if (err instanceof Problem && err.status === 404 && !fallback.peek()) {
					setTimeout(() => {
						fallback.value = true;
					});
					return -1;
				}
				liveState.value = 'cut';
				cut = true;
			},
		});
		return stream.stop;
	});
	setInterval(() => {
		if (liveState.value === 'live' && Date.now() - heard.value > staleAfter) liveState.value = 'stale';
		if (liveState.value === 'live') online.value = true;
	}, 1000);
}
