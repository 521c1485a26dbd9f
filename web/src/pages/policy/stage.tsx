import { useState } from 'preact/hooks';
import { rollout } from '../../app/shell-data';
import { call, Problem, post } from '../../lib/api';
import { ago, count, money, percent, plural } from '../../lib/format';
import { Button, Field } from '../../ui/base';
import { Icon } from '../../ui/icon';
import { Dialog } from '../../ui/overlay';
import { Failed } from '../../ui/states';
import { base, live, nameOf, text, versionOf } from './model';

const asProblem = (err: unknown) => (err instanceof Problem ? err : new Problem(String(err), -1, 'page', ''));

/** Stage begins a shadow run or a canary of the draft. */
export function Stage({ stage, onClose }: { stage: 'shadow' | 'canary'; onClose: () => void }) {
	const [share, setShare] = useState('5');
	const [by, setBy] = useState('conversation');
	const [cost, setCost] = useState('+10%');
	const [errors, setErrors] = useState('+1%');
	const [note, setNote] = useState('');
	const [problem, setProblem] = useState<Problem | undefined>(undefined);
	const [busy, setBusy] = useState(false);
	const go = async () => {
		setBusy(true);
		try {
			await post('/admin/rollout', {
				kind: 'policy',
				stage,
				source: text.value,
				base_version: base.value?.version,
				note: note.trim(),
				...(stage === 'canary' ? { share: Number(share) / 100, by, bounds: { cost, errors } } : {}),
			});
			await rollout.reload();
			onClose();
		} catch (err) {
			setProblem(asProblem(err));
			setBusy(false);
		}
	};
	const wrong = stage === 'canary' && !(Number(share) > 0 && Number(share) <= 100);
	return (
		<Dialog
			title={stage === 'shadow' ? 'Run the draft in shadow' : 'Give the draft a share of the traffic'}
			onClose={onClose}
			foot={
				<>
					<Button onClick={onClose}>Not yet</Button>
					<Button kind="primary" changes busy={busy} disabled={wrong ? 'Give a share from 0 to 100 %' : note.trim() === '' ? 'Say in a few words what changes' : false} onClick={() => void go()}>
						{stage === 'shadow' ? 'Begin the shadow run' : `Send ${share} % to the draft`}
					</Button>
				</>
			}
		>
			<p class="muted">
				{stage === 'shadow'
					? 'The draft decides every request beside the live policy and sends nothing. What would differ is recorded.'
					: 'Requests of that share are decided by the draft. Beyond the bounds, all of them go back to the live policy by themselves.'}
			</p>
			<Field id="stage-note" label="Note">
				<input id="stage-note" class="input" data-autofocus value={note} onInput={(e) => setNote(e.currentTarget.value)} />
			</Field>
			{stage === 'canary' && (
				<div class="form">
					<div class="pair">
						<Field id="stage-share" label="Share, %">
							<input id="stage-share" class="input mono" inputMode="decimal" value={share} onInput={(e) => setShare(e.currentTarget.value)} />
						</Field>
						<Field id="stage-by" label="Dealt by">
							<select id="stage-by" class="input" value={by} onChange={(e) => setBy(e.currentTarget.value)}>
								<option value="conversation">conversation</option>
								<option value="key">key</option>
							</select>
						</Field>
					</div>
					<div class="pair">
						<Field id="stage-cost" label="Cost at most" hint="against the live policy">
							<input id="stage-cost" class="input mono" value={cost} onInput={(e) => setCost(e.currentTarget.value)} />
						</Field>
						<Field id="stage-errors" label="Errors at most" hint="in points of requests">
							<input id="stage-errors" class="input mono" value={errors} onInput={(e) => setErrors(e.currentTarget.value)} />
						</Field>
					</div>
				</div>
			)}
			{problem && <Failed problem={problem} what="Nothing was begun" />}
		</Dialog>
	);
}

/** Running is a shadow run or canary that is under way: who, since when, bounds and current values, Promote and Stop. */
export function Running() {
	const r = rollout.data.value;
	const [problem, setProblem] = useState<Problem | undefined>(undefined);
	if (!r || r.stage === 'none') return null;
	const arms = r.current as Record<string, { requests: number; errors: number; cost: number; moved?: number } | undefined> | undefined;
	const mine = arms?.[r.stage];
	const others = arms?.control;
	const act = async (run: () => Promise<unknown>) => {
		setProblem(undefined);
		try {
			await run();
			await rollout.reload();
			await live.reload();
		} catch (err) {
			setProblem(asProblem(err));
		}
	};
	return (
		<div class="banner info running">
			<Icon name="activity" size={14} />
			<span>
				<b>{r.stage}</b> of {nameOf(r.base_version ?? versionOf(live.data.value))} by {r.author ?? 'somebody'} since {r.since ? ago(r.since) : '–'}
				{mine && ` · ${plural(mine.requests, 'request')}`}
				{mine?.moved !== undefined && ` · ${count(mine.moved)} differ`}
				{mine && others && ` · cost a request ${money(others.cost)} → ${money(mine.cost)} · errors ${percent(others.errors * 100)} → ${percent(mine.errors * 100)}`}
				{r.bounds && Object.keys(r.bounds).length > 0 && (
					<span class="muted">
						{' '}
						· bounds{' '}
						{Object.entries(r.bounds)
							.map(([k, v]) => `${k} ${v}`)
							.join(', ')}
					</span>
				)}
				{problem && <span class="tone-bad"> · {problem.message}</span>}
			</span>
			<Button small changes kind="primary" onClick={() => void act(() => post('/admin/rollout/promote', { to: r.stage === 'shadow' ? 'canary' : 'live' }))}>
				Promote
			</Button>
			<Button small changes onClick={() => void act(() => call('/admin/rollout', { method: 'DELETE' }))}>
				Stop
			</Button>
		</div>
	);
}
