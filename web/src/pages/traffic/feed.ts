// The list of decisions: the newest pages of the ledger, and what the event stream adds on top. While somebody reads, what is
// new waits and is counted.
import { batch, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { filterDecisions, gaps, on, want } from '../../app/live';
import { get, Problem } from '../../lib/api';
import type { DecisionPage, Row } from '../../lib/types';
import { address } from '../../lib/url';
import type { Filters } from './filter';

const page = 200;
const mostRows = 100_000;
const mostWaiting = 5_000;

/** rowId tells rows apart: a decision has no id of its own until its block is written. */
export const rowId = (r: Row): string => r.request_id || r.id;

export class Feed {
	readonly rows = signal<Row[]>([]);
	readonly waiting = signal(0);
	readonly error = signal<Problem | undefined>(undefined);
	readonly loading = signal(false);
	readonly loaded = signal(false);
	readonly end = signal(false); // there are no older ones
	readonly total = signal<number | undefined>(undefined);
	held = false;
	private gap = false;
	private buffer: Row[] = [];
	private known = new Set<string>();
	private cursor = '';
	private control = new AbortController();
	private fresh: Row[] = [];
	private frame = 0;

	constructor(
		private query: Record<string, string>,
		private live: boolean,
	) {}

	/** load asks for the newest page; what is shown stays until it is there. */
	async load(): Promise<void> {
		this.control.abort();
		const control = new AbortController();
		this.control = control;
		this.loading.value = true;
		try {
			const p = await get<DecisionPage>(address('/admin/decisions', { ...this.query, limit: page }), control.signal);
			if (control.signal.aborted) return;
			batch(() => {
				this.known = new Set(p.decisions.map(rowId));
				this.rows.value = p.decisions;
				this.cursor = p.next;
				this.end.value = !p.next;
				this.total.value = p.total;
				this.error.value = undefined;
				this.loaded.value = true;
				this.buffer = [];
				this.gap = false;
				this.waiting.value = 0;
			});
		} catch (err) {
			if (!control.signal.aborted) this.error.value = err as Problem;
		}
		if (this.control === control) this.loading.value = false;
	}

	/** more asks for the page after the last row. */
	async more(): Promise<void> {
		if (this.loading.value || !this.cursor || this.rows.value.length >= mostRows) return;
		this.loading.value = true;
		const control = this.control;
		try {
			const p = await get<DecisionPage>(address('/admin/decisions', { ...this.query, limit: 1000, cursor: this.cursor }), control.signal);
			if (control.signal.aborted) return;
			const older = p.decisions.filter((r) => !this.known.has(rowId(r)));
			for (const r of older) this.known.add(rowId(r));
			batch(() => {
				this.rows.value = [...this.rows.value, ...older];
				this.cursor = p.next;
				this.end.value = !p.next;
			});
		} catch (err) {
			if (!control.signal.aborted) this.error.value = err as Problem;
		}
		this.loading.value = false;
	}

	/** add takes a row of the stream. Rows of one frame are shown together. */
	add(row: Row): void {
		if (!this.live || !this.loaded.value || this.known.has(rowId(row))) return;
		this.known.add(rowId(row));
		if (this.held) {
			if (this.buffer.length < mostWaiting) this.buffer.unshift(row);
			this.waiting.value++;
			return;
		}
		this.fresh.unshift(row);
		if (!this.frame) this.frame = requestAnimationFrame(() => this.flush());
	}

	private flush(): void {
		this.frame = 0;
		const fresh = this.fresh;
		this.fresh = [];
		if (this.held) {
			this.buffer.unshift(...fresh);
			this.waiting.value += fresh.length;
			return;
		}
		this.put(fresh);
	}

	private put(fresh: Row[]): void {
		const rows = [...fresh, ...this.rows.value];
		// A tab that is open for a day keeps as many rows as can be looked through.
		if (rows.length > mostRows) {
			for (const r of rows.splice(mostRows / 2)) this.known.delete(rowId(r));
			this.cursor = '';
		}
		this.rows.value = rows;
	}

	/** hold has what is new wait; released, it comes on top. More than was kept is asked for again. */
	hold(held: boolean): void {
		if (held === this.held) return;
		this.held = held;
		if (held || (this.waiting.value === 0 && !this.gap)) return;
		if (this.waiting.value > this.buffer.length || this.gap) {
			void this.load();
			return;
		}
		const buffer = this.buffer;
		this.buffer = [];
		batch(() => {
			this.waiting.value = 0;
			this.put(buffer);
		});
	}

	/** missed asks again for what the stream did not tell: now, or when nobody reads the list any more. */
	missed(): void {
		if (this.held && this.loaded.value) this.gap = true;
		else void this.load();
	}

	stop(): void {
		this.control.abort();
		cancelAnimationFrame(this.frame);
	}
}

/** useFeed is the feed of a filter and a range. */
export function useFeed(filters: Filters, range: string): Feed {
	const key = JSON.stringify([filters, range]);
	const feed = useMemo(() => {
		const query: Record<string, string> = { ...filters };
		if (!filters.from && !filters.to) query.since = range;
		return new Feed(query, !filters.to);
	}, [key]);
	useEffect(() => {
		const { from: _, to: __, ...which } = filters;
		filterDecisions(which);
		const stop = [want('decisions'), on<Row>('decision', (r) => feed.add(r))];
		void feed.load();
		let first = true;
		const unsubscribe = gaps.subscribe(() => {
			if (!first) feed.missed();
			first = false;
		});
		return () => {
			for (const s of stop) s();
			unsubscribe();
			feed.stop();
			filterDecisions({});
		};
	}, [feed]);
	return feed;
}
