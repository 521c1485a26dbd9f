import type { ComponentChildren } from 'preact';
import { rollout } from '../../app/shell-data';
import { part, percent, plural, ago } from '../../lib/format';
import { Icon, type IconName } from '../../ui/icon';
import { base, check, checked, edited, errors, live, nameOf, versionOf } from './model';

interface Step {
	key: string;
	name: ComponentChildren;
	state: 'done' | 'at' | 'ahead' | 'bad';
	note: ComponentChildren;
	why?: string; // can't be taken
	run?: () => void;
}

const marks: Record<Step['state'], IconName | null> = { done: 'check', at: null, ahead: null, bad: 'cross' };

/** draftNote says how the draft stands. */
export function draftNote(): { text: string; bad: boolean } {
	const n = errors.value.length;
	const tests = check.value?.answer.tests ?? [];
	const failed = tests.filter((t) => !t.pass && !t.warn).length;
	if (!edited.value) return { text: 'no changes', bad: false };
	if (!checked.value) return { text: 'checking', bad: false };
	if (n > 0) return { text: plural(n, 'error'), bad: true };
	if (failed > 0) return { text: `${plural(failed, 'test')} failed`, bad: true };
	return { text: tests.length > 0 ? `checked · ${tests.length}/${tests.length}` : 'checked', bad: false };
}

/** Life is the life of a change, in one line: draft, shadow, canary, live. */
export function Life({ onPublish, onStage }: { onPublish: () => void; onStage: (stage: 'shadow' | 'canary') => void }) {
	const r = rollout.data.value;
	const none = r === null || r === undefined;
	const stage = r?.stage ?? 'none';
	const draft = draftNote();
	const idle = none ? 'This server does not roll changes out in steps' : !edited.value && stage === 'none' ? 'Change the draft first' : draft.bad ? 'Mend the draft first' : '';
	const share = r?.share !== undefined ? percent(r.share <= 1 ? r.share * 100 : r.share, 0) : '5 %';
	const shadow = (r?.current as Record<string, { requests: number; moved?: number }> | undefined)?.shadow;
	const moved = shadow ? part(shadow.moved ?? 0, shadow.requests) : undefined;
	const steps: Step[] = [
		{ key: 'base', name: nameOf(base.value?.version ?? versionOf(live.data.value)), state: 'done', note: 'base' },
		{ key: 'draft', name: 'draft', state: draft.bad ? 'bad' : edited.value ? (checked.value ? 'done' : 'at') : 'ahead', note: draft.text },
		{
			key: 'shadow',
			name: 'shadow',
			state: stage === 'shadow' ? 'at' : stage === 'canary' ? 'done' : 'ahead',
			note: stage === 'shadow' ? `${r?.since ? ago(r.since) : ''}${moved !== undefined ? ` · ${percent(moved)} differ` : ''}` : 'sends nothing',
			why: stage === 'shadow' ? '' : idle,
			run: () => onStage('shadow'),
		},
		{
			key: 'canary',
			name: `canary ${stage === 'canary' ? share : '5 %'}`,
			state: stage === 'canary' ? 'at' : 'ahead',
			note: stage === 'canary' ? `since ${r?.since ? ago(r.since) : ''}` : 'a share',
			why: stage === 'canary' ? '' : idle,
			run: () => onStage('canary'),
		},
		{
			key: 'live',
			name: edited.value ? `v${versionOf(live.data.value) + 1} live` : 'live',
			state: 'ahead',
			note: 'publish',
			why: !edited.value ? 'There is nothing to publish' : draft.bad ? 'Mend the draft first' : '',
			run: onPublish,
		},
	];
	return (
		<ol class="life" aria-label="The life of this change">
			{steps.map((s) => (
				<li key={s.key} class={s.state} aria-current={s.state === 'at' ? 'step' : undefined}>
					<i aria-hidden="true">{marks[s.state] && <Icon name={marks[s.state]!} size={10} />}</i>
					{s.run ? (
						<button type="button" aria-disabled={!!s.why || undefined} title={s.why || undefined} onClick={() => !s.why && s.run!()}>
							{s.name}
						</button>
					) : (
						<b>{s.name}</b>
					)}
					<small>{s.why && s.key !== 'live' && none ? 'not on this server' : s.note}</small>
				</li>
			))}
		</ol>
	);
}
