// ⌘K: everything that has a name. Pages, commands, models, keys, and any pasted id of a decision or a request.
import { signal } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { get, leave } from '../lib/api';
import type { Key } from '../lib/types';
import { useOverlay } from '../ui/overlay';
import { Icon, type IconName } from '../ui/icon';
import { helpOpen } from './help';
import { pages } from './pages';
import { go, setQuery } from './router';
import { nextTheme } from './theme';
import { label } from './keyboard';

export const paletteOpen = signal(false);

export interface Entry {
	group: string;
	text: string;
	note?: string;
	icon?: IconName;
	run: () => void;
}

const added = new Set<() => Entry[]>();

/** offer adds entries to the palette for as long as they are not taken back: a page's own commands. */
export function offer(entries: () => Entry[]): () => void {
	added.add(entries);
	return () => added.delete(entries);
}

/** match is how well a text fits what was typed: all its letters in order, those that stand together better; 0 = not at all. */
export function match(text: string, typed: string): number {
	if (!typed) return 1;
	const t = text.toLowerCase();
	const q = typed.toLowerCase().trim();
	const at = t.indexOf(q);
	if (at >= 0) return 100 - Math.min(at, 50) + (at === 0 || /[\s/.-]/.test(t[at - 1]!) ? 20 : 0);
	let score = 0;
	let from = 0;
	for (const c of q) {
		if (c === ' ') continue;
		const i = t.indexOf(c, from);
		if (i < 0) return 0;
		score += i === from ? 2 : 0.5;
		from = i + 1;
	}
	return Math.min(40, score);
}

/** isId is whether a text can be the id of a decision or of a request. */
export const isId = (text: string): boolean => /^(dec_[\w-]+|req_[\w-]+|[\w-]{16,80})$/.test(text.trim());

export function Palette() {
	const close = () => {
		paletteOpen.value = false;
	};
	const box = useOverlay(close);
	const [typed, setTyped] = useState('');
	const [at, setAt] = useState(0);
	const [found, setFound] = useState<Entry[]>([]);
	const list = useRef<HTMLUListElement>(null);
	useEffect(() => {
		const control = new AbortController();
		const add = (entries: Entry[]) => setFound((now) => [...now, ...entries]);
		get<{ models: { id: string; name?: string }[] }>('/admin/catalog', control.signal)
			.then((c) =>
				add(
					c.models.map((m) => ({
						group: 'Models',
						text: m.id,
						icon: 'models',
						run: () => go(`/models?model=${encodeURIComponent(m.id)}`),
					})),
				),
			)
			.catch(() => undefined);
		get<{ keys: Key[] }>('/admin/keys', control.signal)
			.then((k) =>
				add(
					k.keys.slice(0, 2000).map((key) => ({
						group: 'Keys',
						text: key.name || key.id,
						note: key.id,
						icon: 'keys',
						run: () => go(`/keys?key=${encodeURIComponent(key.id)}`),
					})),
				),
			)
			.catch(() => undefined);
		return () => control.abort();
	}, []);
	const shown = useMemo(() => {
		const fixed: Entry[] = [
			...pages.map(
				(p): Entry => ({
					group: 'Pages',
					text: p.name,
					note: label(`g ${p.key}`),
					icon: p.path.slice(1) as IconName,
					run: () => go(p.path),
				}),
			),
			...[...added].flatMap((f) => f()),
			{ group: 'Commands', text: 'Show failed requests', icon: 'warn', run: () => go('/traffic?failed=true') },
			{ group: 'Commands', text: 'Show requests that fell back', icon: 'undo', run: () => go('/traffic?fallback=true') },
			{ group: 'Commands', text: 'Create a key', icon: 'plus', run: () => go('/keys?new=true') },
			{ group: 'Commands', text: 'Switch theme', icon: 'half', run: nextTheme },
			{
				group: 'Commands',
				text: 'Show keys',
				note: '?',
				icon: 'info',
				run: () => {
					helpOpen.value = true;
				},
			},
			{ group: 'Commands', text: 'Sign out', icon: 'leave', run: () => void leave() },
		];
		const id = typed.trim();
		const ids: Entry[] = isId(id)
			? [{ group: 'Decision', text: `Open decision ${id}`, icon: 'open', run: () => setQuery({ d: id }, true) }]
			: [];
		const scored = [...fixed, ...found]
			.map((entry) => ({ entry, score: match(entry.text, typed) + (entry.note ? match(entry.note, typed) / 10 : 0) }))
			.filter((x) =>
				typed
					? match(x.entry.text, typed) > 0 || (x.entry.note && match(x.entry.note, typed) > 50)
					: x.entry.group !== 'Models' && x.entry.group !== 'Keys',
			)
			.sort((a, b) => b.score - a.score)
			.slice(0, 40)
			.map((x) => x.entry);
		// Grouped, groups in the order of their best entry.
		const groups = new Map<string, Entry[]>();
		for (const e of [...ids, ...scored]) groups.set(e.group, [...(groups.get(e.group) ?? []), e]);
		return [...groups.values()].flat();
	}, [typed, found]);
	const chosen = Math.min(at, shown.length - 1);
	useEffect(() => list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' }), [chosen]);
	const run = (e?: Entry) => {
		if (!e) return;
		close();
		e.run();
	};
	return (
		<div class="scrim top" onPointerDown={(e) => e.target === e.currentTarget && close()}>
			<div class="palette" role="dialog" aria-modal="true" aria-label="Find anything" ref={box} tabIndex={-1}>
				<div class="palette-field">
					<Icon name="search" />
					<input
						data-autofocus
						role="combobox"
						aria-expanded="true"
						aria-controls="palette-list"
						aria-activedescendant={shown.length ? `palette-${chosen}` : undefined}
						aria-label="Find anything"
						placeholder="A page, a model, a key, a request id, a command"
						autocomplete="off"
						spellcheck={false}
						value={typed}
						onInput={(e) => {
							setTyped(e.currentTarget.value);
							setAt(0);
						}}
						onKeyDown={(e) => {
							if (e.key === 'ArrowDown') setAt((chosen + 1) % Math.max(1, shown.length));
							else if (e.key === 'ArrowUp') setAt((chosen - 1 + shown.length) % Math.max(1, shown.length));
							else if (e.key === 'Enter') run(shown[chosen]);
							else return;
							e.preventDefault();
						}}
					/>
				</div>
				<ul id="palette-list" role="listbox" aria-label="What was found" ref={list}>
					{shown.map((e, i) => (
						<li key={i} role="presentation">
							{(i === 0 || shown[i - 1]!.group !== e.group) && (
								<div class="palette-group" aria-hidden="true">
									{e.group}
								</div>
							)}
							<div
								id={`palette-${i}`}
								role="option"
								aria-selected={i === chosen}
								class="palette-entry"
								onPointerMove={() => i !== chosen && setAt(i)}
								onClick={() => run(e)}
							>
								{e.icon && <Icon name={e.icon} />}
								<span class="palette-text">{e.text}</span>
								{e.note && <span class="palette-note">{e.note}</span>}
							</div>
						</li>
					))}
				</ul>
				{shown.length === 0 && <p class="palette-none">Nothing is called that. A decision is found by its whole id or X-Request-Id.</p>}
			</div>
		</div>
	);
}
