// The pages, in the order of the bar at the side. Each is a chunk of its own, fetched when it is pointed at or opened.
import type { ComponentType } from 'preact';

export interface PageModule {
	default: ComponentType;
	title: string;
}

export interface PageEntry {
	path: string;
	name: string;
	key: string; // after g
	load: () => Promise<PageModule>;
}

export const pages: PageEntry[] = [
	{ path: '/traffic', name: 'Traffic', key: 't', load: () => import('../pages/traffic/index') },
	{ path: '/policy', name: 'Policy', key: 'p', load: () => import('../pages/policy/index') },
	{ path: '/providers', name: 'Providers', key: 'r', load: () => import('../pages/providers/index') },
	{ path: '/models', name: 'Models', key: 'm', load: () => import('../pages/models/index') },
	{ path: '/classifiers', name: 'Classifiers', key: 'c', load: () => import('../pages/classifiers/index') },
	{ path: '/keys', name: 'Keys', key: 'k', load: () => import('../pages/keys/index') },
	{ path: '/activity', name: 'Activity', key: 'a', load: () => import('../pages/activity/index') },
];

const decision: PageEntry = { path: '/decision', name: 'Decision', key: '', load: () => import('../pages/decision/index') };

/** pageAt is the page of a path; undefined = there is none. */
export function pageAt(path: string): PageEntry | undefined {
	if (path === '/' || path === '/index.html') return pages[0];
	if (path.startsWith('/decision/')) return decision;
	return pages.find((p) => path === p.path || path.startsWith(`${p.path}/`));
}

const loaded = new Map<PageEntry, PageModule>();

/** module is a page's code where it is here already. */
export const module = (page: PageEntry): PageModule | undefined => loaded.get(page);

/** fetchPage brings a page's code. */
export async function fetchPage(page: PageEntry): Promise<PageModule> {
	const known = loaded.get(page);
	if (known) return known;
	const m = await page.load();
	loaded.set(page, m);
	return m;
}
