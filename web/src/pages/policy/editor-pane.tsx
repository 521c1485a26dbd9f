import { effect, signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Editor } from '../../editor/editor';
import { readOnly } from '../../lib/api';
import { Blocks } from '../../ui/states';
import { Button } from '../../ui/base';
import { checked, edited, environment, explained, live, problems, save, text, trial, write } from './model';

/** editor is the one of the page, once it is there. */
export const editor = signal<Editor | undefined>(undefined);

/** edits are changes of YAML text in place; they come with the editor. */
export const edits = signal<typeof import('../../editor/yaml-edit') | undefined>(undefined);

/** comparing is whether differences from what is live are shown in the text. */
export const comparing = signal(false);

const did: Record<string, string> = { fired: '✓ fired', false: '– false', overridden: '⤳ overridden', failed: '✕ failed', stopped: '– not reached' };

/** EditorPane is the policy's text. */
export function EditorPane() {
	const box = useRef<HTMLDivElement>(null);
	const [failed, setFailed] = useState(false);
	const [ready, setReady] = useState(false);
	const loaded = text.value !== undefined;
	useEffect(() => {
		if (!loaded) return;
		let here = true;
		let e: Editor | undefined;
		const stop: (() => void)[] = [];
		void import('../../editor/editor').then(
			(m) => {
				if (!here || !box.current) return;
				e = m.edit({
					parent: box.current,
					text: text.peek() ?? '',
					label: 'Policy, as YAML',
					readOnly: !!readOnly(),
					environment: () => environment.data.peek(),
					onChange: (next) => write(next),
					onSave: () => void save(),
				});
				edits.value = m.yaml;
				editor.value = e;
				setReady(true);
				stop.push(
					effect(() => {
						// Forms, fixes of elsewhere, and what comes from the server.
						if (text.value !== undefined) e?.setText(text.value);
					}),
					effect(() => {
						if (checked.value) e?.tell(problems.value);
					}),
					effect(() => {
						const x = explained.value;
						e?.ran(x && x.of === text.value && trial.value.prompt ? x.answer.rules.map((r) => ({ line: r.line, text: did[r.did] ?? r.did })) : []);
					}),
					effect(() => {
						e?.compare(comparing.value && edited.value ? (live.data.value?.source ?? '') : null);
					}),
				);
			},
			() => here && setFailed(true),
		);
		return () => {
			here = false;
			for (const s of stop) s();
			editor.value = undefined;
			e?.destroy();
		};
	}, [loaded]);
	return (
		<div class="policy-editor" ref={box}>
			{failed && (
				<div class="empty">
					<p class="empty-title">The editor could not be fetched</p>
					<Button icon="retry" onClick={() => location.reload()}>
						Reload the page
					</Button>
				</div>
			)}
			{!ready && !failed && (
				<div class="editor-blocks">
					<Blocks rows={14} label="Loading the policy" />
				</div>
			)}
		</div>
	);
}

/** goToLine shows a line of the draft. */
export function goToLine(line: number, column = 1): void {
	document.querySelector('.bench')?.setAttribute('data-pane', 'editor');
	editor.value?.goTo(line, column);
}
