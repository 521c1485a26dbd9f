import { useRef, useState } from 'preact/hooks';
import { query, setQuery } from '../../app/router';
import { tiers } from '../../lib/types';
import { when } from '../../lib/format';
import { Chip } from '../../ui';
import { Icon } from '../../ui/icon';
import type { Feed } from './feed';
import { filtersOf, flags, names, parse, type Filters } from './filter';

/** suggest are the next words that make sense after what was typed: names, or values that the list has. */
function suggest(typed: string, feed: Feed): string[] {
	const word = typed.split(/\s+/).pop() ?? '';
	const [name, value] = word.includes(':') ? [word.slice(0, word.indexOf(':')), word.slice(word.indexOf(':') + 1)] : ['', word];
	if (!name) {
		const all = [...flags, ...names.map((n) => `${n}:`)];
		return all.filter((n) => n.startsWith(value.toLowerCase())).slice(0, value ? 6 : 14);
	}
	const pick: Record<string, (r: Record<string, unknown>) => unknown> = {
		key: (r) => r.key_name ?? r.key,
		attempted: (r) => r.provider,
	};
	const of = pick[name] ?? ((r: Record<string, unknown>) => r[name]);
	const seen = new Set<string>(name === 'tier' ? tiers : []);
	for (const row of feed.rows.peek().slice(0, 2000)) {
		const v = of(row as unknown as Record<string, unknown>);
		if (typeof v === 'string' && v) seen.add(v);
	}
	if (['min_cost', 'min_ms', 'text', 'conversation'].includes(name)) return [];
	return [...seen]
		.filter((v) => v.toLowerCase().includes(value.toLowerCase()))
		.sort()
		.slice(0, 10)
		.map((v) => `${name}:${/\s/.test(v) ? `"${v}"` : v}`);
}

/** FilterField takes filters, and the id of a decision or a request. */
export function FilterField({ feed }: { feed: Feed }) {
	const [typed, setTyped] = useState('');
	const [problem, setProblem] = useState('');
	const [open, setOpen] = useState(false);
	const [at, setAt] = useState(-1);
	const field = useRef<HTMLInputElement>(null);
	const list = open ? suggest(typed, feed) : [];
	const apply = (text: string) => {
		const p = parse(text);
		if (p.problem) {
			setProblem(p.problem);
			return;
		}
		setProblem('');
		setTyped('');
		setOpen(false);
		if (p.id) setQuery({ d: p.id }, true);
		else if (Object.keys(p.filters).length > 0) setQuery({ ...p.filters }, true);
	};
	const take = (word: string) => {
		const before = typed.replace(/\S*$/, '');
		const next = before + word;
		setAt(-1);
		if (word.endsWith(':')) {
			setTyped(next);
			field.current?.focus();
		} else apply(next);
	};
	return (
		<div class="filter" onFocusOut={(e) => !(e.currentTarget as HTMLElement).contains(e.relatedTarget as Node) && setOpen(false)}>
			<Icon name="search" size={14} />
			<input
				ref={field}
				data-filter
				class="input small"
				role="combobox"
				aria-label="Filter, or the id of a request"
				aria-expanded={list.length > 0}
				aria-controls="filter-list"
				aria-activedescendant={at >= 0 ? `filter-${at}` : undefined}
				aria-invalid={!!problem}
				placeholder="Filter, or paste an X-Request-Id"
				autocomplete="off"
				spellcheck={false}
				value={typed}
				onFocus={() => setOpen(true)}
				onInput={(e) => {
					setTyped(e.currentTarget.value);
					setProblem('');
					setOpen(true);
					setAt(-1);
				}}
				onPaste={(e) => {
					const text = e.clipboardData?.getData('text').trim() ?? '';
					const p = parse(text);
					if (p.id) {
						e.preventDefault();
						apply(text);
					}
				}}
				onKeyDown={(e) => {
					if (e.key === 'ArrowDown' && list.length) setAt((at + 1) % list.length);
					else if (e.key === 'ArrowUp' && list.length) setAt((at - 1 + list.length) % list.length);
					else if (e.key === 'Enter') at >= 0 && list[at] ? take(list[at]!) : apply(typed);
					else if (e.key === 'Escape') {
						if (!typed && !open) field.current?.blur();
						setTyped('');
						setProblem('');
						setOpen(false);
						if (!typed) field.current?.blur();
					} else return;
					e.preventDefault();
				}}
			/>
			{problem && (
				<p class="problem filter-problem" role="alert">
					{problem}
				</p>
			)}
			<ul class="filter-list" id="filter-list" role="listbox" aria-label="Filters" hidden={list.length === 0}>
				{list.map((word, i) => (
					<li
						key={word}
						id={`filter-${i}`}
						role="option"
						aria-selected={i === at}
						onPointerDown={(e) => e.preventDefault()}
						onClick={() => take(word)}
					>
						<code>{word}</code>
					</li>
				))}
			</ul>
		</div>
	);
}

/** FilterChips are the filters that count, each to be taken off. */
export function FilterChips({ filters }: { filters: Filters }) {
	const list = Object.entries(filters).filter(([name]) => name !== 'to' || !filters.from);
	if (list.length === 0) return null;
	return (
		<div class="filter-chips">
			{list.map(([name, value]) => {
				const isTime = name === 'from' || name === 'to';
				const text = isTime
					? `${filters.from ? when(filters.from) : '…'} – ${filters.to ? when(filters.to) : 'now'}`
					: value === 'true'
						? name
						: `${name}: ${value}`;
				return (
					<Chip
						key={name}
						tone="accent"
						removeLabel={`Take off ${text}`}
						onRemove={() => setQuery(isTime ? { from: null, to: null } : { [name]: null })}
					>
						{text}
					</Chip>
				);
			})}
			<button
				type="button"
				class="link"
				onClick={() => setQuery(Object.fromEntries(Object.keys(filtersOf(query.value)).map((n) => [n, null])))}
			>
				Clear
			</button>
			<span class="muted">The list is filtered; figures and chart count all requests.</span>
		</div>
	);
}
