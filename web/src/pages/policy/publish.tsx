import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { on, want } from '../../app/live';
import { fleet } from '../../app/shell-data';
import { get, Problem } from '../../lib/api';
import { plural } from '../../lib/format';
import type { Row } from '../../lib/types';
import { Button, Field } from '../../ui/base';
import { Diff } from '../../ui/diff';
import { Icon } from '../../ui/icon';
import { Dialog } from '../../ui/overlay';
import { Failed } from '../../ui/states';
import { toast } from '../../ui/toast';
import { headline } from './replay';
import { check, errors, goBack, impact, live, nameOf, publish, text, versionOf } from './model';
import type { Taken } from './shapes';
import { tally } from './tests-tab';

/** Done is what was published last, for as long as its line is shown. */
interface Done {
	version: number;
	taken: Taken[];
	hash: string;
	at: number;
	was: { version: number; source: string };
	first?: Row;
	undone?: boolean;
}
export const done = signal<Done | null>(null);

/** Publish asks for a note, and shows what is about to go live. */
export function Publish({ onClose, onConflict }: { onClose: () => void; onConflict: () => void }) {
	const [note, setNote] = useState('');
	const [busy, setBusy] = useState(false);
	const [problem, setProblem] = useState<Problem | undefined>(undefined);
	const [owned, setOwned] = useState(false);
	const now = live.data.value!;
	const next = versionOf(now) + 1;
	const tests = check.value?.answer.tests ?? [];
	const n = tally(tests);
	const replicas = fleet.data.value?.replicas ?? [];
	const held = errors.value.length > 0 ? 'The draft does not check' : n.blocking > 0 ? `${plural(n.blocking, 'test')} failed` : note.trim() === '' ? 'Say in a few words what changes' : false;
	const go = async () => {
		if (held || busy) return;
		setBusy(true);
		setProblem(undefined);
		const was = { version: versionOf(now), source: now.source };
		try {
			const p = await publish(note.trim(), owned);
			done.value = { version: p.version ?? next, taken: p.replicas ?? [], hash: p.document?.hash ?? live.data.value?.hash ?? '', at: Date.now(), was };
			onClose();
		} catch (err) {
			const p = err instanceof Problem ? err : new Problem(String(err), -1, 'page', '');
			setBusy(false);
			if (p.status === 409 && p.code !== 'owned_by_file') {
				await live.reload();
				onClose();
				onConflict();
				return;
			}
			setProblem(p);
		}
	};
	return (
		<Dialog
			wide
			title={`Publish v${next}`}
			onClose={onClose}
			foot={
				<>
					<Button onClick={onClose}>Not yet</Button>
					<Button kind="primary" changes disabled={held} busy={busy} onClick={() => void go()}>
						{owned ? `Publish v${next} over the file` : `Publish v${next}`}
					</Button>
				</>
			}
		>
			<Field id="publish-note" label="Note" hint="What changes, and why: it stands in the history.">
				<input
					id="publish-note"
					class="input"
					data-autofocus
					autocomplete="off"
					maxLength={300}
					value={note}
					onInput={(e) => setNote(e.currentTarget.value)}
					onKeyDown={(e) => {
						if (e.key === 'Enter') void go();
					}}
				/>
			</Field>
			<ul class="publish-facts">
				<li class={n.blocking > 0 ? 'tone-bad' : n.passed < n.all ? 'tone-warn' : 'tone-good'}>
					<Icon name={n.blocking > 0 ? 'cross' : n.passed < n.all ? 'warn' : 'check'} size={14} /> {n.all === 0 ? 'The policy has no tests' : `${n.passed} of ${plural(n.all, 'test')} pass`}
				</li>
				<li>
					<Icon name="chart" size={14} /> {impact.value && impact.value.of === text.value ? headline(impact.value.answer) : 'The impact on recent requests is not known'}
				</li>
				<li>
					<Icon name="providers" size={14} /> {replicas.length > 0 ? `Goes to ${plural(replicas.length, 'replica')}: ${replicas.map((r) => r.name).join(', ')}` : 'Goes live on this server'}
				</li>
			</ul>
			<div class="publish-diff">
				<h3>
					{nameOf(versionOf(now))} → v{next}
				</h3>
				<Diff before={now.source} after={text.value ?? ''} />
			</div>
			{problem && (
				<>
					<Failed problem={problem} what="Nothing was published" still={`${nameOf(versionOf(now))} goes on serving, and the draft is kept.`} />
					{problem.code === 'owned_by_file' && (
						<p>
							<label class="check">
								<input type="checkbox" checked={owned} onChange={(e) => setOwned(e.currentTarget.checked)} /> Publish all the same: the file's next change overrides it
							</label>
						</p>
					)}
				</>
			)}
		</Dialog>
	);
}

/** Published says what became of a publish: where it is live, the first request decided by it, and the way back. */
export function Published() {
	const d = done.value;
	const running = d && !d.first && !d.undone;
	useEffect(() => {
		if (!running) return;
		// The first request that was decided by the new version: the stream says when to look.
		let here = true;
		let busy = false;
		const look = async () => {
			if (busy || !here) return;
			busy = true;
			try {
				const from = new Date(d.at - 2000).toISOString();
				const page = await get<{ decisions: (Row & { versions?: { policy?: string } })[] }>(`/admin/decisions?from=${encodeURIComponent(from)}&limit=100&full=true`);
				const mine = page.decisions.filter((r) => r.versions?.policy === d.hash);
				const first = mine[mine.length - 1];
				if (first && here && done.value === d) done.value = { ...d, first };
			} catch {
				// The next one is looked for again.
			}
			busy = false;
		};
		const stop = [want('decisions'), on('decision', () => void look())];
		const timer = setInterval(() => void look(), 1500);
		return () => {
			here = false;
			clearInterval(timer);
			for (const s of stop) s();
		};
	}, [d]);
	if (!d) return null;
	const taken = d.taken.filter((t) => t.state === 'live').length;
	const all = Math.max(d.taken.length, 1);
	const refused = d.taken.filter((t) => t.state !== 'live');
	const undo = async () => {
		try {
			const back = await goBack(d.was, versionOf(live.data.value));
			done.value = { ...d, undone: true };
			toast(`Undone: ${nameOf(d.was.version)} is live again, as v${back.version}`);
		} catch (err) {
			toast(err instanceof Problem ? err.message : String(err), { bad: true });
		}
	};
	return (
		<div class="banner published" role="status">
			<Icon name="check" size={14} />
			<span>
				{d.undone ? (
					<>
						v{d.version} was taken back: {nameOf(d.was.version)} serves again
					</>
				) : (
					<>
						<b>
							v{d.version} live on {d.taken.length === 0 ? 1 : taken}/{all}
						</b>
						{refused.map((r) => (
							<span key={r.replica} class="tone-bad">
								{' '}
								· {r.replica} {r.state}
								{r.why && `: ${r.why}`}
							</span>
						))}
						{'; '}
						{d.first ? (
							<>
								first request decided by it{' '}
								<a href={`/decision/${encodeURIComponent(d.first.id || d.first.request_id)}`} data-first>
									{(d.first.model ?? '').split('/').pop()} ↗
								</a>
							</>
						) : (
							<span class="muted">waiting for the first request that it decides</span>
						)}
					</>
				)}
			</span>
			{!d.undone && (
				<Button small changes icon="undo" onClick={() => void undo()}>
					Undo
				</Button>
			)}
			<Button small kind="quiet" icon="cross" label="Dismiss" onClick={() => (done.value = null)} />
		</div>
	);
}
