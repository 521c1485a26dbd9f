// Every state of a page is in its address: these read and write queries without losing what they do not know.

/** withQuery is a search string with names set, and those of '' or null left out. */
export function withQuery(search: string, change: Record<string, string | number | boolean | null | undefined>): string {
	const q = new URLSearchParams(search);
	for (const [name, value] of Object.entries(change)) {
		if (value === null || value === undefined || value === '' || value === false) q.delete(name);
		else q.set(name, value === true ? 'true' : String(value));
	}
	const text = q.toString();
	return text ? `?${text}` : '';
}

/** ranges are how far back the pages look. */
export const ranges = ['15m', '1h', '6h', '24h', '7d', '30d'] as const;
export type Range = (typeof ranges)[number];

/** rangeMs is a range in milliseconds. */
export function rangeMs(range: string): number {
	const m = /^(\d+)([mhd])$/.exec(range);
	if (!m) return 3_600_000;
	return Number(m[1]) * { m: 60_000, h: 3_600_000, d: 86_400_000 }[m[2] as 'm' | 'h' | 'd'];
}

/** query is a path with a query of what has a value. */
export const address = (path: string, q: Record<string, string | number | boolean | null | undefined>): string => path + withQuery('', q);
