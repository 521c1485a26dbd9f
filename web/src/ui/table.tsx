// A table that holds 100,000 rows and draws the thirty that are seen. Rows have one height; keys j and k move, Enter opens.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { bind } from '../app/keyboard';
import { Icon } from './icon';
import { Menu } from './base';
import { depth } from './overlay';

export interface Column<T> {
	key: string;
	head: ComponentChildren;
	name?: string; // in the column menu, where head is no text
	width: string; // a track of CSS grid
	right?: boolean;
	mono?: boolean;
	cell: (row: T, i: number) => ComponentChildren;
	sort?: (row: T) => number | string | undefined; // sortable by this
	title?: string;
	fixed?: boolean; // can't be hidden
	phone?: boolean; // seen on a phone too
}

export interface TableProps<T> {
	rows: readonly T[];
	columns: readonly Column<T>[];
	id: (row: T, i: number) => string;
	label: string;
	height?: string; // of the part that scrolls
	selected?: string;
	onOpen?: (row: T, i: number) => void;
	sort?: string; // "cost" or "-cost"
	onSort?: (sort: string) => void;
	hidden?: readonly string[];
	onHidden?: (hidden: string[]) => void;
	onScrolled?: (top: number) => void;
	onMoved?: () => void; // a row was reached by key or pointer
	onEnd?: () => void; // the last rows come into sight
	end?: ComponentChildren; // below the last row
	overlay?: ComponentChildren;
	keys?: boolean; // j, k and Enter are this table's
	rowTitle?: (row: T) => string;
}

const over = 8; // rows drawn beyond what is seen

function rowHeight(): number {
	return Number.parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--row')) || 32;
}

/** sorted is a copy of rows in the order of a sort, unknown last. */
export function sorted<T>(rows: readonly T[], columns: readonly Column<T>[], sort?: string): readonly T[] {
	if (!sort) return rows;
	const down = sort.startsWith('-');
	const by = columns.find((c) => c.key === sort.replace(/^-/, ''))?.sort;
	if (!by) return rows;
	const keyed = rows.map((row) => ({ row, key: by(row) }));
	keyed.sort((a, b) => {
		if (a.key === undefined || b.key === undefined) return (a.key === undefined ? 1 : 0) - (b.key === undefined ? 1 : 0);
		const order = a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
		return down ? -order : order;
	});
	return keyed.map((x) => x.row);
}

const narrow = matchMedia('(max-width: 760px)');

function useNarrow(): boolean {
	const [is, set] = useState(narrow.matches);
	useEffect(() => {
		const on = () => set(narrow.matches);
		narrow.addEventListener('change', on);
		return () => narrow.removeEventListener('change', on);
	}, []);
	return is;
}

export function Table<T>(props: TableProps<T>) {
	const box = useRef<HTMLDivElement>(null);
	const phone = useNarrow();
	const row = useMemo(rowHeight, [phone]);
	const [view, setView] = useState({ top: 0, height: 600 });
	const [at, setAt] = useState(-1);
	const rows = useMemo(() => sorted(props.rows, props.columns, props.sort), [props.rows, props.columns, props.sort]);
	const someForPhone = props.columns.some((c) => c.phone);
	const columns = props.columns.filter((c) => !props.hidden?.includes(c.key) && (!phone || !someForPhone || c.phone));
	const menu = !phone && props.onHidden;

	useLayoutEffect(() => {
		const el = box.current!;
		const measure = () => setView((v) => (v.height === el.clientHeight ? v : { ...v, height: el.clientHeight }));
		measure();
		const watch = new ResizeObserver(measure);
		watch.observe(el);
		return () => watch.disconnect();
	}, []);

	const reveal = (i: number) => {
		const el = box.current!;
		const y = i * row;
		const head = row;
		if (y < el.scrollTop) el.scrollTop = y;
		else if (y + row + head > el.scrollTop + el.clientHeight) el.scrollTop = y + row + head - el.clientHeight;
	};
	const move = (to: number) => {
		if (rows.length === 0) return;
		const next = Math.max(0, Math.min(rows.length - 1, to));
		setAt(next);
		reveal(next);
		props.onMoved?.();
	};
	const open = (i: number) => {
		const r = rows[i];
		if (r !== undefined) props.onOpen?.(r, i);
	};
	// The keys see the state of their time, not that of when they were bound.
	const now = useRef({ at, move, open });
	now.current = { at, move, open };
	useEffect(() => {
		if (!props.keys) return;
		const free = (run: () => void) => () => (depth.value > 0 ? false : run());
		return bind(
			{ keys: 'j', what: 'Next row', group: 'Lists', run: free(() => now.current.move(now.current.at + 1)) },
			{ keys: 'k', what: 'Row before', group: 'Lists', run: free(() => now.current.move(now.current.at - 1)) },
			{
				keys: 'Enter',
				what: 'Open the row',
				group: 'Lists',
				run: () => (now.current.at < 0 || depth.value > 0 ? false : now.current.open(now.current.at)),
			},
		);
	}, [props.keys]);
	// The row that is open stays the one that j and k go on from, whatever came on top of it.
	useEffect(() => {
		if (!props.selected) return;
		const i = rows.findIndex((r, k) => props.id(r, k) === props.selected);
		if (i >= 0) setAt(i);
	}, [props.selected, rows]);

	const first = Math.max(0, Math.floor(view.top / row) - over);
	const last = Math.min(rows.length, Math.ceil((view.top + view.height) / row) + over);
	useEffect(() => {
		if (props.onEnd && rows.length > 0 && last >= rows.length) props.onEnd();
	}, [last, rows.length]);

	const cols = columns.map((c) => c.width).join(' ') + (menu ? ' 36px' : '');
	const head = (c: Column<T>) => {
		const dir = props.sort === c.key ? 'ascending' : props.sort === `-${c.key}` ? 'descending' : undefined;
		return (
			<div
				key={c.key}
				class={`th${c.right ? ' right' : ''}`}
				role="columnheader"
				aria-sort={c.sort ? (dir ?? 'none') : undefined}
				title={c.title}
			>
				{c.sort && props.onSort ? (
					<button
						type="button"
						class={dir ? 'sort' : ''}
						onClick={() => props.onSort!(dir === 'descending' ? c.key : dir === 'ascending' ? '' : `-${c.key}`)}
					>
						{c.head}
						{dir && <Icon name={dir === 'ascending' ? 'up' : 'down'} size={12} />}
					</button>
				) : (
					c.head
				)}
			</div>
		);
	};
	// A row's elements are used again for the row that scrolls in as it scrolls out: making them costs more than changing them.
	const slots = Math.ceil(view.height / row) + 2 * over + 2;
	const body = [];
	for (let i = first; i < last; i++) {
		const r = rows[i]!;
		const id = props.id(r, i);
		body.push(
			<div
				key={i % slots}
				class={`tr${i === at ? ' at' : ''}${props.onOpen ? ' link-row' : ''}`}
				role="row"
				aria-rowindex={i + 2}
				aria-selected={props.selected === id}
				style={{ transform: `translateY(${i * row}px)` }}
				title={props.rowTitle?.(r)}
				onClick={(e) => {
					if ((e.target as Element).closest('a, button')) return;
					setAt(i);
					props.onMoved?.();
					open(i);
				}}
			>
				{columns.map((c) => (
					<div key={c.key} role="cell" class={`td${c.right ? ' right' : ''}${c.mono ? ' num' : ''}`}>
						{c.cell(r, i)}
					</div>
				))}
			</div>,
		);
	}
	return (
		<div class="table">
			{props.overlay}
			<div
				class="table-scroll"
				ref={box}
				style={{ height: props.height, '--cols': cols }}
				onScroll={(e) => {
					const top = e.currentTarget.scrollTop;
					setView((v) => (Math.abs(v.top - top) < row ? v : { ...v, top }));
					props.onScrolled?.(top);
				}}
				// What scrolls must be reachable without a pointer.
				tabIndex={0}
				role="table"
				aria-label={props.label}
				aria-rowcount={rows.length + 1}
			>
				<div class="table-inner" role="presentation">
					<div class="tr thead" role="row" aria-rowindex={1}>
						{columns.map(head)}
						{menu && (
							<div class="th menu-cell" role="columnheader">
								<Menu
									label="Columns"
									icon="columns"
									kind="quiet"
									items={props.columns
										.filter((c) => !c.fixed)
										.map((c) => ({
											text: c.name ?? c.head,
											checked: !props.hidden?.includes(c.key),
											run: () =>
												props.onHidden!(
													props.hidden?.includes(c.key) ? props.hidden.filter((h) => h !== c.key) : [...(props.hidden ?? []), c.key],
												),
										}))}
								/>
							</div>
						)}
					</div>
					<div class="tbody" role="rowgroup" style={{ height: `${rows.length * row}px`, position: 'relative' }}>
						{body}
					</div>
					{props.end}
				</div>
			</div>
		</div>
	);
}
