// Toasts say what has happened, and take it back where that can be done.
import { signal } from '@preact/signals';
import { Icon } from './icon';

interface Toast {
	id: number;
	text: string;
	bad: boolean;
	action?: { text: string; run: () => void };
}

const toasts = signal<Toast[]>([]);
let next = 1;

const drop = (id: number) => {
	toasts.value = toasts.value.filter((t) => t.id !== id);
};

/** toast shows a line for some seconds, with Undo where one is given. */
export function toast(
	text: string,
	options: { undo?: () => void; action?: { text: string; run: () => void }; bad?: boolean; ms?: number } = {},
): void {
	const action = options.undo ? { text: 'Undo', run: options.undo } : options.action;
	const id = next++;
	toasts.value = [...toasts.value.filter((t) => t.text !== text), { id, text, bad: !!options.bad, action }].slice(-3);
	setTimeout(() => drop(id), options.ms ?? (action || options.bad ? 10_000 : 3500));
}

export function Toasts() {
	return (
		<div class="toasts" role="status" aria-live="polite">
			{toasts.value.map((t) => (
				<div key={t.id} class={`toast${t.bad ? ' bad' : ''}`}>
					<span>{t.text}</span>
					{t.action && (
						<button
							type="button"
							class="toast-action"
							onClick={() => {
								drop(t.id);
								t.action!.run();
							}}
						>
							{t.action.text}
						</button>
					)}
					<button type="button" class="toast-close" aria-label="Dismiss" onClick={() => drop(t.id)}>
						<Icon name="cross" size={14} />
					</button>
				</div>
			))}
		</div>
	);
}
