// The policy workbench: the text, what it does to one prompt, to its tests and to recorded traffic, and its way to live.
import './policy.css';
import { useEffect, useState } from 'preact/hooks';
import { bind, label } from '../../app/keyboard';
import { offer } from '../../app/palette';
import { param, setQuery } from '../../app/router';
import { readOnly } from '../../lib/api';
import { clock, plural } from '../../lib/format';
import { Button, Menu, Tabs } from '../../ui/base';
import { Icon } from '../../ui/icon';
import { depth } from '../../ui/overlay';
import { Failed } from '../../ui/states';
import { toast } from '../../ui/toast';
import { OtherTab, Rebase, StaleBase } from './conflict';
import { comparing, edits, editor, EditorPane, goToLine } from './editor-pane';
import { History } from './history';
import { Balance, Impact } from './impact';
import { Life } from './life';
import { base, check, checkAgain, checkProblem, discard, edited, errors, explained, kept, live, load, loadProblem, nameOf, problems, save, start, testNow, text, write } from './model';
import { done, Publish, Published } from './publish';
import { Reference } from './reference';
import { Replay } from './replay';
import { Running, Stage } from './stage';
import { addTest, openDecision, Test } from './test-panel';
import { tally, Tests } from './tests-tab';

export const title = 'Policy';

const tabs = ['test', 'tests', 'replay', 'environment', 'history'] as const;
type Tab = (typeof tabs)[number];

/** Saved says where the draft is. */
function Saved() {
	const k = kept.value;
	if (!edited.value) return <span class="muted">{nameOf(base.value?.version ?? 0)}, unchanged</span>;
	return (
		<span class="muted" role="status">
			base {nameOf(base.value?.version ?? 0)} ·{' '}
			{k.where === 'server' && `saved ${clock(k.at).slice(0, 5)}`}
			{k.where === 'saving' && 'saving'}
			{k.where === 'browser' && <span title="The server has it a moment after the last key, or once it is reached">in this browser</span>}
			{k.where === 'conflict' && <span class="tone-warn">saved elsewhere too</span>}
			{k.where === 'nowhere' && 'not saved'}
		</span>
	);
}

/** Problems are the line below the text: how many, the next, and the mend. */
function Problems() {
	const n = errors.value.length;
	const warns = problems.value.length - n;
	const fixable = problems.value.some((p) => p.replace);
	if (checkProblem.value)
		return (
			<span class="tone-warn">
				<Icon name="warn" size={14} /> Not checked: {checkProblem.value.offline ? 'the server is not reached' : checkProblem.value.message}{' '}
				<button type="button" class="link" onClick={checkAgain}>
					Retry
				</button>
			</span>
		);
	if (problems.value.length === 0)
		return check.value ? (
			<span class="tone-good">
				<Icon name="check" size={14} /> checks
			</span>
		) : null;
	return (
		<>
			<span class={n > 0 ? 'tone-bad' : 'tone-warn'}>
				<Icon name={n > 0 ? 'cross' : 'warn'} size={14} /> {[n > 0 && plural(n, 'error'), warns > 0 && plural(warns, 'warning')].filter(Boolean).join(', ')}
			</span>
			<Button small kind="quiet" onClick={() => editor.value?.next()} title="F8">
				Next <kbd>F8</kbd>
			</Button>
			{fixable && (
				<Button small kind="quiet" onClick={() => editor.value?.fix()}>
					Fix <kbd>{label('mod+.')}</kbd>
				</Button>
			)}
		</>
	);
}

export default function Policy() {
	const tab = (tabs as readonly string[]).includes(param('tab')) ? (param('tab') as Tab) : 'test';
	const [publishing, setPublishing] = useState(false);
	const [rebasing, setRebasing] = useState(false);
	const [stage, setStage] = useState<'shadow' | 'canary' | null>(null);
	const [pane, setPane] = useState<'editor' | 'panel'>(param('tab') ? 'panel' : 'editor');
	useEffect(() => {
		document.title = 'Policy – Routor';
		return start();
	}, []);
	const canPublish = () => {
		const why = readOnly() || (!edited.value ? 'There is nothing to publish: the draft is what serves' : errors.value.length > 0 ? 'The draft does not check yet: F8 goes to the next error' : '');
		if (why) toast(why);
		else setPublishing(true);
	};
	useEffect(() => {
		const calm = (run: () => void) => () => (depth.value > 0 ? false : run());
		const stop = [
			bind(
				{ keys: 'mod+s', what: 'Save the draft on the server', group: 'Policy', run: calm(() => void saveNow()) },
				{ keys: 'mod+Enter', what: 'Test the prompt', group: 'Policy', run: calm(() => (setQuery({ tab: 'test' }), testNow())) },
				{ keys: 'mod+shift+Enter', what: 'Publish', group: 'Policy', run: calm(canPublish) },
				{ keys: 'mod+.', what: 'Write what mends a problem', group: 'Policy', run: calm(() => void editor.value?.fix()) },
				{ keys: 'F8', what: 'Next error', group: 'Policy', run: calm(() => void editor.value?.next()) },
			),
			offer(() => [
				{ text: 'Publish the draft', note: label('mod+shift+Enter'), icon: 'send', group: 'Policy', run: canPublish },
				{ text: 'Compare with what is live', icon: 'columns', group: 'Policy', run: () => void (comparing.value = !comparing.value) },
				{ text: 'Discard the draft', icon: 'undo', group: 'Policy', run: discardNow },
			]),
		];
		return () => {
			for (const s of stop) s();
		};
	}, []);
	const saveNow = async () => {
		if (!edited.value) return;
		if (await save()) toast('The draft is saved on the server');
		else toast('The draft is kept in this browser; the server does not have it yet', { bad: true });
	};
	const discardNow = () => {
		if (!edited.value) return;
		const was = discard();
		toast('The draft was discarded', { undo: () => write(was) });
	};
	// What other pages send: a request to test, to replay like, or to save as a test; a rule to go to.
	const decision = param('decision');
	const saveOf = param('save');
	useEffect(() => {
		if (decision) void openDecision(decision);
	}, [decision]);
	const editing = edits.value;
	const ready = text.value !== undefined && editing !== undefined;
	useEffect(() => {
		if (!saveOf || !ready) return;
		void (async () => {
			setQuery({ save: null });
			if (!(await openDecision(saveOf))) {
				setQuery({ tab: 'test' });
				return;
			}
			const stop = explained.subscribe((x) => {
				if (!x || x.of !== text.value) return;
				setTimeout(() => stop());
				addTest();
			});
		})();
	}, [saveOf, ready]);
	const rule = param('rule');
	useEffect(() => {
		const line = rule && check.value?.answer.rules.find((r) => r.name === rule)?.line;
		if (line && editor.value) {
			goToLine(line);
			setQuery({ rule: null });
		}
	}, [rule, check.value, editor.value]);
	const n = tally(check.value?.answer.tests ?? []);
	const open = (next: Tab) => {
		setPane('panel');
		setQuery({ tab: next === 'test' ? null : next });
	};
	if (text.value === undefined && loadProblem.value)
		return (
			<div class="page">
				<Failed problem={loadProblem.value} what="The policy can't be shown" still="Requests are routed as before." retry={() => void load()} />
			</div>
		);
	return (
		<div class="bench fill" data-pane={pane}>
			<header class="bench-head">
				<h1>Policy</h1>
				<Saved />
				<Life onPublish={canPublish} onStage={setStage} />
				<div class="bench-tools">
					<Button pressed={comparing.value} disabled={!edited.value && 'The draft is what serves'} onClick={() => (comparing.value = !comparing.value)}>
						Diff
					</Button>
					<Button pressed={tab === 'history'} onClick={() => open(tab === 'history' ? 'test' : 'history')}>
						History
					</Button>
					<Menu
						label="More"
						icon="more"
						kind="quiet"
						items={[
							{ text: 'Save the draft now', run: () => void saveNow(), disabled: edited.value ? undefined : 'Nothing has changed' },
							{ text: 'Discard the draft', run: discardNow, disabled: edited.value ? undefined : 'Nothing has changed', danger: true },
						]}
					/>
					<Button kind="primary" changes disabled={!edited.value && 'There is nothing to publish: the draft is what serves'} onClick={canPublish} title={label('mod+shift+Enter')}>
						Publish…
					</Button>
				</div>
			</header>
			<div class="bench-news">
				{done.value && <Published />}
				<Running />
				<StaleBase onRebase={() => setRebasing(true)} />
				<OtherTab />
			</div>
			<div class="bench-panes">
				<section class="bench-editor" aria-label="Policy">
					<EditorPane />
					<div class="bench-status">
						<Problems />
						{live.data.value?.file && <span class="muted">owned by {live.data.value.file}</span>}
					</div>
				</section>
				<section class="bench-panel" aria-label="Workbench">
					<Tabs
						label="Workbench"
						panel="bench-tab"
						value={pane === 'editor' && matchMedia('(max-width: 900px)').matches ? ('editor' as Tab) : tab}
						onChange={(v) => ((v as string) === 'editor' ? setPane('editor') : open(v))}
						tabs={[
							['editor' as Tab, <span class="narrow-only">Editor</span>],
							['test', 'Test'],
							[
								'tests',
								<>
									Tests{' '}
									{n.all > 0 && (
										<span class={`num tab-n ${n.blocking > 0 ? 'tone-bad' : ''}`}>
											{n.passed}/{n.all}
										</span>
									)}
								</>,
							],
							['replay', 'Replay'],
							['environment', 'Environment'],
							...(tab === 'history' ? [['history', 'History'] as const] : []),
						]}
					/>
					<div class="bench-tab" id="bench-tab" role="tabpanel" aria-labelledby={`bench-tab-${tab}`} tabIndex={-1}>
						{tab === 'test' && <Test saveAsTest={() => addTest()} />}
						{tab === 'tests' && <Tests />}
						{tab === 'replay' && <Replay />}
						{tab === 'environment' && <Reference />}
						{tab === 'history' && <History />}
					</div>
				</section>
			</div>
			<footer class="bench-foot">
				<Balance />
				<Impact onOpen={() => open('replay')} />
			</footer>
			{publishing && <Publish onClose={() => setPublishing(false)} onConflict={() => setRebasing(true)} />}
			{rebasing && <Rebase onClose={() => setRebasing(false)} />}
			{stage && <Stage stage={stage} onClose={() => setStage(null)} />}
		</div>
	);
}
