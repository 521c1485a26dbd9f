// How figures, times and sizes read everywhere: $0.00042, $1.2k, 38 µs, 412 ms, 1.2M tokens; ≈ marks an estimate.

const minus = '−';
export const unknown = '–';

/** signed puts the sign that a change always carries before the text of its size. */
export function signed(value: number, text: (size: number) => string): string {
	const size = text(Math.abs(value));
	if (/^[^1-9]*$/.test(size)) return `±${size}`;
	return (value < 0 ? minus : '+') + size;
}

/** significant keeps that many significant digits, without an exponent. */
function significant(value: number, digits: number): string {
	if (value === 0) return '0';
	const decimals = Math.max(0, Math.min(12, digits - 1 - Math.floor(Math.log10(value))));
	return value.toFixed(decimals);
}

const short: [number, string][] = [
	[1e9, 'B'],
	[1e6, 'M'],
	[1e3, 'k'],
];

/** count is how many: 950, 1,043, 12.3k, 1.2M. */
export function count(n: number | undefined): string {
	if (n === undefined || !Number.isFinite(n)) return unknown;
	if (n < 0) return minus + count(-n);
	if (n < 10_000) return Number.isInteger(n) ? n.toLocaleString('en-US') : significant(n, 3);
	return scaled(n);
}

/** scaled is a figure from 1,000 on with its unit: 1.2k. */
function scaled(n: number): string {
	for (const [unit, name] of short) {
		if (n >= unit * 0.9995) return trim((n / unit).toFixed(n / unit < 99.95 ? 1 : 0)) + name;
	}
	return String(Math.round(n));
}

/** whole is every digit of a count: 98,412. */
export const whole = (n: number): string => Math.round(n).toLocaleString('en-US');

const trim = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

/** money is USD: $0.00042, $0.31, $12.40, $1.2k. */
export function money(usd: number | undefined | null): string {
	if (usd === undefined || usd === null || !Number.isFinite(usd)) return unknown;
	if (usd < 0) return minus + money(-usd);
	if (usd === 0) return '$0';
	if (usd < 0.0000001) return '<$0.0000001';
	if (usd < 0.1) return `$${significant(usd, 2)}`;
	if (usd < 1000) return `$${usd.toFixed(2)}`;
	return `$${scaled(usd)}`;
}

/** perMillion is a price per 1M tokens: $2.50, $0.15, $0. */
export function perMillion(usd: number | undefined | null): string {
	if (usd === undefined || usd === null || !Number.isFinite(usd)) return unknown;
	if (usd === 0) return '$0';
	return usd < 0.1 ? `$${significant(usd, 2)}` : `$${usd.toFixed(2)}`;
}

/** duration takes milliseconds: 38 µs, 4.2 ms, 412 ms, 1.32 s, 12 s, 4 min, 3.2 h. */
export function duration(ms: number | undefined | null): string {
	if (ms === undefined || ms === null || !Number.isFinite(ms)) return unknown;
	if (ms < 0) return minus + duration(-ms);
	if (ms === 0) return '0 ms';
	if (ms < 1) return `${Math.max(1, Math.round(ms * 1000))} µs`;
	if (ms < 9.95) return `${trim(ms.toFixed(1))} ms`;
	if (ms < 999.5) return `${Math.round(ms)} ms`;
	if (ms < 9_995) return `${(ms / 1000).toFixed(2)} s`;
	if (ms < 59_950) return `${trim((ms / 1000).toFixed(1))} s`;
	if (ms < 3_570_000) return `${Math.round(ms / 60_000)} min`;
	if (ms < 172_800_000) return `${trim((ms / 3_600_000).toFixed(1))} h`;
	return `${Math.round(ms / 86_400_000)} days`;
}

export const micros = (us: number | undefined | null): string => duration(us === undefined || us === null ? us : us / 1000);

/** percent takes a figure of 100: 8.1 %. */
export function percent(pct: number | undefined | null, decimals = 1): string {
	if (pct === undefined || pct === null || !Number.isFinite(pct)) return unknown;
	const text =
		Math.abs(pct) >= 99.95 && decimals > 0 && Math.abs(pct) % 1 === 0 ? Math.abs(pct).toFixed(0) : trim(Math.abs(pct).toFixed(decimals));
	return `${pct < 0 && text !== '0' ? minus : ''}${text} %`;
}

/** part is n of all as a percentage, and nothing of nothing. */
export const part = (n: number, all: number): number | undefined => (all > 0 ? (100 * n) / all : undefined);

/** ratio is a figure of 0..1 with a fixed number of decimals, without its zero: .78. */
export function ratio(value: number | undefined | null, decimals = 2): string {
	if (value === undefined || value === null || !Number.isFinite(value)) return unknown;
	const text = Math.abs(value).toFixed(decimals).replace(/^0\./, '.');
	return value < 0 ? minus + text : text;
}

/** points is a difference of quality in points of 100: +0.3 points. */
export const points = (difference: number): string => `${signed(difference * 100, (v) => trim(v.toFixed(1)))} points`;

/** bytes: 4.6 KB, 1.2 MB. */
export function bytes(n: number | undefined): string {
	if (n === undefined || !Number.isFinite(n)) return unknown;
	if (n < 1024) return `${n} B`;
	for (const [unit, name] of [
		[1024 ** 3, 'GB'],
		[1024 ** 2, 'MB'],
		[1024, 'KB'],
	] as const) {
		if (n >= unit) return `${trim((n / unit).toFixed(1))} ${name}`;
	}
	return `${n} B`;
}

/** tokens: 1.2M tokens, 1 token. */
export const tokens = (n: number | undefined): string => (n === undefined ? unknown : `${count(n)} ${n === 1 ? 'token' : 'tokens'}`);

/** plural: 1 rule, 3 rules. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

const two = (n: number) => String(n).padStart(2, '0');

/** clock is the local time of day: 12:04:31. */
export function clock(at: Date | string | number): string {
	const t = new Date(at);
	return Number.isNaN(t.getTime()) ? unknown : `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}

/** day is the local date: 2026-10-03. */
export function day(at: Date | string | number): string {
	const t = new Date(at);
	return Number.isNaN(t.getTime()) ? unknown : `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`;
}

/** when is the clock today, and the date with it on other days. */
export function when(at: Date | string | number, now: Date | number = Date.now()): string {
	return day(at) === day(now) ? clock(at) : `${day(at)} ${clock(at).slice(0, 5)}`;
}

/** utc is what a time shows when it is pointed at. */
export function utc(at: Date | string | number): string {
	const t = new Date(at);
	return Number.isNaN(t.getTime()) ? unknown : t.toISOString().replace('T', ' ').replace('Z', ' UTC');
}

/** ago: just now, 12 s ago, 4 min ago, 3.2 h ago. */
export function ago(at: Date | string | number, now: Date | number = Date.now()): string {
	const ms = Number(now) - new Date(at).getTime();
	if (!Number.isFinite(ms)) return unknown;
	if (ms < 1500) return 'just now';
	return `${duration(ms < 60_000 ? Math.round(ms / 1000) * 1000 : ms)} ago`;
}
