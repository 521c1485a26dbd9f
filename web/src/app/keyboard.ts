// Keys: one table of what they do, which the help (?) shows. A key does nothing while a text field has the focus, unless it is
// a chord with ⌘ or Ctrl, or Escape, or a function key.
import { signal } from '@preact/signals';

export interface Shortcut {
	keys: string; // as pressed: "/", "g t", "mod+k", "mod+shift+Enter", "F8"
	what: string;
	group: string;
	run: (e: KeyboardEvent) => void | boolean; // false = not now: the key goes on
}

const bound: Shortcut[] = [];

/** shortcuts changes whenever the table does. */
export const shortcuts = signal<readonly Shortcut[]>([]);

/** bind adds keys for as long as they are not taken back; what was bound last goes first. */
export function bind(...list: Shortcut[]): () => void {
	bound.unshift(...list);
	shortcuts.value = [...bound];
	return () => {
		for (const s of list) bound.splice(bound.indexOf(s), 1);
		shortcuts.value = [...bound];
	};
}

export const mac = typeof navigator !== 'undefined' && /Mac|iP(hone|ad|od)/.test(navigator.platform);

/** chord is how a key press is written in the table. */
export function chord(e: KeyboardEvent): string {
	const mods = [];
	if (mac ? e.metaKey : e.ctrlKey) mods.push('mod');
	if (e.altKey) mods.push('alt');
	const named = e.key.length > 1 || e.key === ' ';
	if (e.shiftKey && (named || mods.length > 0)) mods.push('shift');
	const key = e.key === ' ' ? 'Space' : e.key.length === 1 && mods.length > 0 ? e.key.toLowerCase() : e.key;
	return [...mods, key].join('+');
}

/** label is a key as people read it: ⌘K or Ctrl K. */
export function label(keys: string): string {
	const names: Record<string, string> = mac
		? { mod: '⌘', shift: '⇧', alt: '⌥', Enter: '↵', Escape: 'Esc' }
		: { mod: 'Ctrl', shift: 'Shift', alt: 'Alt', Enter: 'Enter', Escape: 'Esc' };
	return keys
		.split(' ')
		.map((part) =>
			part
				.split('+')
				.map((k) => names[k] ?? (part.includes('+') && k.length === 1 ? k.toUpperCase() : k))
				.join(mac ? '' : ' '),
		)
		.join(' then ');
}

const writing = (t: EventTarget | null): boolean =>
	t instanceof HTMLElement &&
	(t.isContentEditable ||
		/^(TEXTAREA|SELECT)$/.test(t.tagName) ||
		(t instanceof HTMLInputElement && !/^(checkbox|radio|button|range|submit)$/.test(t.type)));

/** startKeyboard listens. */
export function startKeyboard(): void {
	let first = '';
	let since = 0;
	document.addEventListener('keydown', (e) => {
		if (e.defaultPrevented || e.isComposing || ['Shift', 'Control', 'Alt', 'Meta'].includes(e.key)) return;
		const pressed = chord(e);
		const free = /^(mod|alt)\+|^F\d|^Escape$/.test(pressed);
		if (!free && writing(e.target)) return;
		const two = first && Date.now() - since < 1200 ? `${first} ${pressed}` : '';
		first = '';
		for (const s of bound) {
			if (s.keys !== pressed && s.keys !== two) continue;
			// Space and Enter press the control that has the focus.
			if (
				(pressed === 'Space' || pressed === 'Enter') &&
				e.target instanceof Element &&
				e.target.closest('button, a, summary, [role=button], [role=tab], [role=menuitem], [role=option], input')
			)
				return;
			if (s.run(e) === false) continue;
			e.preventDefault();
			return;
		}
		if (bound.some((s) => s.keys.startsWith(`${pressed} `))) {
			first = pressed;
			since = Date.now();
		}
	});
}
