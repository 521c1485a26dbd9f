// What lies over a page: dialogs, the confirm that states its effect, the drawer. Focus goes in when they open, and back to
// where it was when they close.
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from './base';

/** depth is how many overlays are open: keys of the page below rest meanwhile. */
export const depth = signal(0);

const focusable =
	'a[href], button:not([disabled]), input:not([disabled]), textarea:not([disabled]), select:not([disabled]), [tabindex]:not([tabindex="-1"])';

/** useOverlay keeps the focus inside a box while it is shown, and gives it back. Escape closes it. */
export function useOverlay(onClose: () => void, modal = true) {
	const box = useRef<HTMLDivElement>(null);
	const close = useRef(onClose);
	close.current = onClose;
	useEffect(() => {
		const before = document.activeElement as HTMLElement | null;
		const el = box.current!;
		if (modal) depth.value++;
		(el.querySelector<HTMLElement>('[autofocus], [data-autofocus]') ?? el).focus({ preventScroll: true });
		const keys = (e: KeyboardEvent) => {
			if (e.key === 'Escape' && !e.defaultPrevented) {
				e.preventDefault();
				e.stopPropagation();
				close.current();
			}
			if (e.key !== 'Tab' || !modal) return;
			const list = [...el.querySelectorAll<HTMLElement>(focusable)].filter((x) => x.offsetParent !== null);
			const first = list[0];
			const last = list[list.length - 1];
			if (!first || !last) return e.preventDefault();
			if (e.shiftKey && (document.activeElement === first || document.activeElement === el)) {
				e.preventDefault();
				last.focus();
			} else if (!e.shiftKey && document.activeElement === last) {
				e.preventDefault();
				first.focus();
			}
		};
		el.addEventListener('keydown', keys);
		return () => {
			el.removeEventListener('keydown', keys);
			if (modal) depth.value--;
			if (before?.isConnected) before.focus({ preventScroll: true });
		};
	}, []);
	return box;
}

/** Dialog is a box in the middle, or a sheet on a phone. */
export function Dialog({
	title,
	onClose,
	children,
	foot,
	wide,
}: {
	title: string;
	onClose: () => void;
	children: ComponentChildren;
	foot?: ComponentChildren;
	wide?: boolean;
}) {
	const box = useOverlay(onClose);
	return (
		<div class="scrim" onPointerDown={(e) => e.target === e.currentTarget && onClose()}>
			<div class={`dialog${wide ? ' wide' : ''}`} role="dialog" aria-modal="true" aria-label={title} tabIndex={-1} ref={box}>
				<div class="dialog-head">
					<h2>{title}</h2>
					<Button kind="quiet" icon="cross" label="Close" onClick={onClose} />
				</div>
				<div class="dialog-body">{children}</div>
				{foot && <div class="dialog-foot">{foot}</div>}
			</div>
		</div>
	);
}

interface Question {
	title: string;
	text: ComponentChildren; // the effect, in numbers
	verb: string;
	danger?: boolean;
	type?: string; // what has to be typed
	answer: (yes: boolean) => void;
}

const asked = signal<Question | null>(null);

/** confirm asks before something is done, saying what it does. */
export function confirm(q: Omit<Question, 'answer'>): Promise<boolean> {
	return new Promise((done) => {
		asked.value = { ...q, answer: done };
	});
}

const typed = signal('');

export function Confirm() {
	const q = asked.value;
	if (!q) return null;
	const answer = (yes: boolean) => {
		asked.value = null;
		typed.value = '';
		q.answer(yes);
	};
	const held = q.type && typed.value !== q.type ? `Type ${q.type} to go on` : false;
	return (
		<Dialog
			title={q.title}
			onClose={() => answer(false)}
			foot={
				<>
					<Button onClick={() => answer(false)}>Cancel</Button>
					<Button kind={q.danger ? 'danger' : 'primary'} disabled={held} onClick={() => answer(true)}>
						{q.verb}
					</Button>
				</>
			}
		>
			{q.text}
			{q.type && (
				<div class="field">
					<label for="confirm-type">
						Type <code>{q.type}</code> to go on
					</label>
					<input
						id="confirm-type"
						class="input mono"
						autocomplete="off"
						spellcheck={false}
						data-autofocus
						value={typed.value}
						onInput={(e) => {
							typed.value = e.currentTarget.value;
						}}
						onKeyDown={(e) => {
							if (e.key === 'Enter' && !held) answer(true);
						}}
					/>
				</div>
			)}
		</Dialog>
	);
}

/** Drawer is a page at the right of another one: 520 px, or all of a phone. The page beside it stays usable. */
export function Drawer({
	title,
	onClose,
	children,
	tools,
}: {
	title: ComponentChildren;
	onClose: () => void;
	children: ComponentChildren;
	tools?: ComponentChildren;
}) {
	const box = useOverlay(onClose, false);
	return (
		<aside class="drawer" aria-label={typeof title === 'string' ? title : 'Details'} tabIndex={-1} ref={box}>
			<header class="drawer-head">
				<Button kind="quiet" icon="cross" label="Close (Esc)" onClick={onClose} />
				<h2>{title}</h2>
				<div class="drawer-tools">{tools}</div>
			</header>
			<div class="drawer-body">{children}</div>
		</aside>
	);
}
