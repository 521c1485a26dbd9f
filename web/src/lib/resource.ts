// A resource is an answer of the server that a component shows: asked for when first seen and when its address changes,
// kept on screen (and called stale) while a fresh one is late or fails.
import { signal, type Signal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { get, Problem } from './api';

export interface Resource<T> {
	data: Signal<T | undefined>;
	error: Signal<Problem | undefined>;
	loading: Signal<boolean>;
	at: Signal<number>; // when data came, ms since 1970; 0 = never
	reload: () => Promise<void>;
	set: (data: T) => void; // what is known from elsewhere, such as the event stream
}

/** resource makes one outside of components. */
export function resource<T>(load: (signal: AbortSignal) => Promise<T>): Resource<T> & { abort: () => void } {
	const data = signal<T | undefined>(undefined);
	const error = signal<Problem | undefined>(undefined);
	const loading = signal(false);
	const at = signal(0);
	let control = new AbortController();
	const set = (value: T) => {
		data.value = value;
		error.value = undefined;
		at.value = Date.now();
	};
	const reload = async () => {
		control.abort();
		const mine = new AbortController();
		control = mine;
		loading.value = true;
		try {
			const value = await load(mine.signal);
			if (!mine.signal.aborted) set(value);
		} catch (err) {
			if (mine.signal.aborted) return;
			error.value = err instanceof Problem ? err : new Problem(String(err), -1, 'page', '');
		}
		if (control === mine) loading.value = false;
	};
	return { data, error, loading, at, reload, set, abort: () => control.abort() };
}

/** useResource asks for an address, again whenever it changes, and every so many ms while the page is looked at. */
export function useResource<T>(path: string | null, options: { every?: number; keep?: boolean } = {}): Resource<T> {
	const current = useRef<string | null>(path);
	const r = useMemo(
		() => resource<T>((s) => (current.current ? get<T>(current.current, s) : Promise.reject(new Problem('', -1, 'nothing', '')))),
		[],
	);
	useEffect(() => {
		const changed = current.current !== path;
		current.current = path;
		if (changed && !options.keep) r.data.value = undefined;
		if (path) void r.reload();
		if (!path || !options.every) return;
		const timer = setInterval(() => {
			if (!document.hidden) void r.reload();
		}, options.every);
		return () => clearInterval(timer);
	}, [path]);
	useEffect(() => () => r.abort(), []);
	return r;
}
