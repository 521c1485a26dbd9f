// The overlay: YAML that lies over the catalog. The form writes into its text in place; what goes live is shown as a diff.
import { useEffect, useRef, useState } from 'preact/hooks';
import { setQuery } from '../../app/router';
import { documents } from '../../app/shell-data';
import type { Editor, Problem as Place } from '../../editor/editor';
import { get, Problem, post, readOnly } from '../../lib/api';
import { latest } from '../../lib/latest';
import { Button, Field } from '../../ui/base';
import { Diff } from '../../ui/diff';
import { Icon } from '../../ui/icon';
import { Dialog } from '../../ui/overlay';
import { Failed } from '../../ui/states';
import { toast } from '../../ui/toast';
import { type Edit, type Line, steps } from './model';

// What the form hands to the overlay's text.
let handed: string | undefined;

/** EditModel is a form for what is changed most: prices, context, status. It writes into the overlay, which is looked at before it goes live. */
export function EditModel({ line, onClose }: { line: Line; onClose: () => void }) {
	const [typed, setTyped] = useState<Record<string, string>>({});
	const [busy, setBusy] = useState(false);
	const p = line.home?.pricing;
	const was: Record<string, number | null | undefined> = { input: p?.input, output: p?.output, cached_read: p?.cached_input, context: line.model.context_window };
	const wrong = (key: string) => {
		const v = typed[key];
		return v !== undefined && v !== '' && !(Number(v) >= 0) ? 'Write a number from 0 on' : undefined;
	};
	const edit: Edit = { source: typed.source || undefined };
	for (const key of ['input', 'output', 'cached_read', 'context'] as const) if (typed[key] && !wrong(key) && Number(typed[key]) !== was[key]) edit[key] = Number(typed[key]);
	const changes = Object.keys(edit).filter((k) => edit[k as keyof Edit] !== undefined && k !== 'source').length;
	const go = async () => {
		setBusy(true);
		try {
			const [{ yaml }, doc] = await Promise.all([import('../../editor/editor'), get<{ source?: string }>('/admin/documents/catalog')]);
			let text = doc.source ?? '';
			for (const [path, value] of steps(line, edit, yaml.scalar)) text = yaml.apply(text, yaml.setScalar(text, path, value));
			handed = text;
			setQuery({ overlay: true, model: null }, true);
		} catch (err) {
			toast(err instanceof Problem ? err.message : String(err), { bad: true });
			setBusy(false);
		}
	};
	const field = (key: string, name: string, hint?: string) => (
		<Field id={`edit-${key}`} label={name} problem={wrong(key)} hint={hint}>
			<input
				id={`edit-${key}`}
				class="input mono small"
				inputMode="decimal"
				placeholder={was[key] === null || was[key] === undefined ? 'unknown' : String(was[key])}
				value={typed[key] ?? ''}
				onInput={(e) => setTyped({ ...typed, [key]: e.currentTarget.value })}
			/>
		</Field>
	);
	return (
		<div class="form edit-model">
			<div class="pair">
				{field('input', 'In, USD per 1M')}
				{field('output', 'Out, USD per 1M')}
			</div>
			<div class="pair">
				{field('cached_read', 'Cached, USD per 1M')}
				{field('context', 'Context, tokens')}
			</div>
			<Field id="edit-source" label="Where the price is from" hint="Marks it as verified.">
				<input id="edit-source" class="input small" placeholder="our contract of 2026-09" value={typed.source ?? ''} onInput={(e) => setTyped({ ...typed, source: e.currentTarget.value })} />
			</Field>
			<p class="edit-acts">
				<Button onClick={onClose}>Cancel</Button>
				<Button kind="primary" changes busy={busy} disabled={changes === 0 && 'Nothing has changed'} onClick={() => void go()}>
					Look at the change
				</Button>
			</p>
		</div>
	);
}

const start = `# What stands here lies over the catalog: it adds, changes and takes out entries by id.
# deployments:
#   openai/gpt-5.5:
#     prices: {input: 4.5, output: 27, verified: yes, source: our contract of 2026-09}
`;

/** Overlay is the text of the overlay, its diff, and its publish. It is checked as one types. */
export function Overlay({ source, version, file, onClose, onDone }: { source: string; version: number; file: string; onClose: () => void; onDone: () => void }) {
	const box = useRef<HTMLDivElement>(null);
	const editor = useRef<Editor | undefined>(undefined);
	const [text, setText] = useState(() => handed ?? (source || start));
	const [note, setNote] = useState('');
	const [checked, setChecked] = useState<{ of: string; problems: Place[] } | undefined>(undefined);
	const [problem, setProblem] = useState<Problem | undefined>(undefined);
	const [busy, setBusy] = useState(false);
	useEffect(() => {
		handed = undefined;
		let here = true;
		void import('../../editor/editor').then((m) => {
			if (!here || !box.current) return;
			editor.current = m.edit({ parent: box.current, text, label: 'Catalog overlay, as YAML', plain: true, readOnly: !!readOnly(), onChange: setText });
			editor.current.focus();
		});
		return () => {
			here = false;
			editor.current?.destroy();
		};
	}, []);
	const [checker] = useState(() =>
		latest<string, unknown>(
			150,
			(of, signal) => post('/admin/documents/catalog', { source: of, dry_run: true }, signal),
			(_, of) => {
				setChecked({ of, problems: [] });
				editor.current?.tell([]);
			},
			(err, of) => {
				const places = placesOf(err);
				setChecked({ of, problems: places });
				if (places.length > 0) editor.current?.tell(places);
				setProblem(places.length === 0 && err instanceof Problem ? err : undefined);
			},
		),
	);
	useEffect(() => {
		if (text !== source && !readOnly()) checker.ask(text);
		return checker.cancel;
	}, [text]);
	const held = text === source ? 'Nothing has changed' : !checked || checked.of !== text ? 'It is being checked' : checked.problems.length > 0 ? 'It does not check yet' : note.trim() === '' ? 'Say in a few words what changes' : false;
	const publish = async () => {
		setBusy(true);
		setProblem(undefined);
		try {
			const done = await post<{ version: number }>('/admin/documents/catalog', { source: text, note: note.trim(), version });
			void documents.reload();
			onDone();
			onClose();
			toast(`Overlay v${done.version} is live`, {
				undo: () =>
					void (version > 0 ? post('/admin/rollback/catalog', { to: version }) : post('/admin/documents/catalog', { source: '', note: 'no overlay again' })).then(
						() => {
							onDone();
							toast('Undone: the overlay is as it was');
						},
						(err) => toast(String(err instanceof Problem ? err.message : err), { bad: true }),
					),
			});
		} catch (err) {
			const p = err instanceof Problem ? err : new Problem(String(err), -1, 'page', '');
			setBusy(false);
			if (p.status === 409 && p.code !== 'owned_by_file') {
				setProblem(new Problem('Another version was published meanwhile. Copy your change, close this, and open it again: nothing was overwritten.', 409, p.code, p.request));
				return;
			}
			setProblem(p);
		}
	};
	return (
		<Dialog
			wide
			title="Catalog overlay"
			onClose={onClose}
			foot={
				<>
					<input class="input overlay-note" aria-label="Note" placeholder="Note: what changes, and why" value={note} onInput={(e) => setNote(e.currentTarget.value)} />
					<Button onClick={onClose}>Not yet</Button>
					<Button kind="primary" changes busy={busy} disabled={held} onClick={() => void publish()}>
						Publish v{version + 1}
					</Button>
				</>
			}
		>
			{file && (
				<p class="tone-warn">
					<Icon name="lock" size={14} /> The overlay belongs to {file}: change it there, or adopt it first (routor catalog adopt).
				</p>
			)}
			<div class="policy-editor overlay-text" ref={box} />
			{problem && <Failed problem={problem} what={problem.status === 409 ? 'Nothing was published' : 'It does not check'} still="What serves goes on serving." />}
			{text !== source && source !== '' && <Diff before={source} after={text} />}
			{checked && checked.of === text && checked.problems.length === 0 && !problem && text !== source && (
				<p class="tone-good">
					<Icon name="check" size={14} /> It checks, and the policy's tests pass with it.
				</p>
			)}
		</Dialog>
	);
}

/** placesOf are the problems of a refused text, with their places: the server's list, or what its message says. */
export function placesOf(err: unknown): Place[] {
	if (!(err instanceof Problem)) return [];
	const list = Array.isArray(err.body.problems) ? (err.body.problems as unknown[]) : [];
	const lines = list.length > 0 ? list : err.message.split('\n');
	return lines.flatMap((p): Place[] => {
		const text = typeof p === 'string' ? p : String((p as { message?: string; Message?: string }).message ?? (p as { Message?: string }).Message ?? '');
		const given = typeof p === 'object' && p ? (p as { line?: number; column?: number }) : {};
		const m = /^[^\s:]+:(\d+):(\d+):\s*(.*)$/.exec(text);
		const line = given.line ?? Number(m?.[1] ?? 0);
		if (!line) return [];
		const column = given.column ?? Number(m?.[2] ?? 1);
		return [{ severity: 'error', line, column, end_line: line, end_column: column, message: m?.[3] ?? text }];
	});
}
