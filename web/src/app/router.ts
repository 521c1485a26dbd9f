// The history API and nothing else: a page is a path, and all else that it shows is in the query.
import { computed, signal } from '@preact/signals';
import { withQuery } from '../lib/url';

export interface Place {
	path: string;
	search: string;
	hash: string;
}

const here = (): Place => ({ path: location.pathname, search: location.search, hash: location.hash });

/** place is where we are. */
export const place = signal<Place>(typeof location === 'undefined' ? { path: '/', search: '', hash: '' } : here());

/** query are the parameters of where we are. */
export const query = computed(() => new URLSearchParams(place.value.search));

/** param is one of them, '' where it is not given. */
export const param = (name: string): string => query.value.get(name) ?? '';

// A page with something unsaved may ask before it is left.
let guard: (() => string) | null = null;

/** guardLeaving has a page's own question asked before another page opens; '' asks nothing. It returns how to stop. */
export function guardLeaving(ask: () => string): () => void {
	guard = ask;
	return () => {
		if (guard === ask) guard = null;
	};
}

/** go opens an address of ours. */
export function go(href: string, options: { replace?: boolean } = {}): void {
	const url = new URL(href, location.href);
	const leaves = url.pathname !== place.value.path;
	const question = leaves && guard ? guard() : '';
	if (question && !window.confirm(question)) return;
	history[options.replace ? 'replaceState' : 'pushState'](null, '', url.pathname + url.search + url.hash);
	place.value = here();
	if (leaves) document.querySelector('main')?.scrollTo(0, 0);
}

/** setQuery changes parameters of this page; '' and null take one out. It makes no step of the history unless push is set. */
export function setQuery(change: Record<string, string | number | boolean | null | undefined>, push = false): void {
	go(place.value.path + withQuery(place.value.search, change) + place.value.hash, { replace: !push });
}

/** hrefWith is this page's address with parameters changed, for links. */
export const hrefWith = (change: Record<string, string | number | boolean | null | undefined>): string =>
	place.value.path + withQuery(place.value.search, change);

/** start listens to the history and to clicks on links of ours. */
export function start(): void {
	window.addEventListener('popstate', () => {
		place.value = here();
	});
	document.addEventListener('click', (e) => {
		if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
		const link = (e.target as Element).closest?.('a[href]') as HTMLAnchorElement | null;
		if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
		if (/^\/(admin|v1|assets|metrics|readyz|healthz)(\/|$)/.test(link.pathname)) return;
		e.preventDefault();
		go(link.pathname + link.search + link.hash);
	});
}
