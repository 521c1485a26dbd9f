// Classifiers: what reads prompts, its versions, and the way of a new module from a file to live.
import './classifiers.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { on } from '../../app/live';
import { param, setQuery } from '../../app/router';
import { documents } from '../../app/shell-data';
import { call, get, open, Problem, post, readOnly } from '../../lib/api';
import { bytes, count, percent, plural, ratio } from '../../lib/format';
import { useResource } from '../../lib/resource';
import { Button, Page, Panel, State, Tabs, TierName, Time } from '../../ui/base';
import { Icon, type IconName } from '../../ui/icon';
import { Empty, Failed, Shown } from '../../ui/states';
import { toast } from '../../ui/toast';
import type { Version } from '../policy/shapes';
import { areTests, type Card, type Comparison, type Done, isComparison, order, type Report, splitLines, type Step, verdict } from './report';

export const title = 'Classifiers';

interface Live {
	card?: Card;
	document: Version | null;
	taken_over?: boolean;
	file: string;
}

const asProblem = (err: unknown) => (err instanceof Problem ? err : new Problem(String(err), -1, 'page', ''));
const tabs = ['serving', 'check', 'compare', 'versions'] as const;
type Tab = (typeof tabs)[number];

export default function Classifiers() {
	const tab = (tabs as readonly string[]).includes(param('tab')) ? (param('tab') as Tab) : 'serving';
	const live = useResource<Live>('/admin/classifier');
	const history = useResource<{ versions: Version[] }>('/admin/history/classifier?limit=100');
	const [file, setFile] = useState<File | undefined>(undefined);
	const [over, setOver] = useState(false);
	const pick = useRef<HTMLInputElement>(null);
	const reload = () => void Promise.all([live.reload(), history.reload(), documents.reload()]);
	useEffect(
		() =>
			on<{ kind: string }>('documents', (d) => {
				if (d.kind === 'classifier') reload();
			}),
		[],
	);
	const take = (f: File | undefined) => {
		if (!f) return;
		const why = readOnly();
		if (why) return toast(why);
		setFile(f);
		setQuery({ tab: 'check' }, true);
	};
	return (
		<div
			class={`classifiers${over ? ' over' : ''}`}
			onDragOver={(e) => {
				e.preventDefault();
				setOver(true);
			}}
			onDragLeave={(e) => {
				if (e.currentTarget === e.target) setOver(false);
			}}
			onDrop={(e) => {
				e.preventDefault();
				setOver(false);
				take(e.dataTransfer?.files[0]);
			}}
		>
			<Page
				title={title}
				note={live.data.value?.card && `${live.data.value.card.name} ${live.data.value.card.version} serves${live.data.value.document ? `, v${live.data.value.document.version}` : ', built-in'}${live.data.value.taken_over ? '; it broke, and the built-in one stands in' : ''}`}
				action={
					<>
						<input ref={pick} type="file" accept=".wasm,application/wasm" class="sr" tabIndex={-1} aria-label="A module to check" onChange={(e) => (take(e.currentTarget.files?.[0]), (e.currentTarget.value = ''))} />
						<Button kind="primary" changes onClick={() => pick.current?.click()}>
							Check a module
						</Button>
					</>
				}
			>
				<Tabs
					label="Classifiers"
					panel="classifier-tab"
					value={tab}
					onChange={(t) => setQuery({ tab: t === 'serving' ? null : t }, true)}
					tabs={[
						['serving', 'Serving'],
						['check', 'Check a module'],
						['compare', 'Compare'],
						['versions', `Versions ${history.data.value ? history.data.value.versions.length : ''}`],
					]}
				/>
				<div id="classifier-tab" role="tabpanel" aria-labelledby={`classifier-tab-${tab}`}>
					{tab === 'serving' && (
						<Shown of={live} what="The classifier" still="Prompts are classified as before.">
							{(l) => (l.card ? <CardView card={l.card} /> : <Empty title="No classifier serves">Every request counts as unsure.</Empty>)}
						</Shown>
					)}
					{tab === 'check' && <CheckModule file={file} version={live.data.value?.document?.version ?? 0} pick={() => pick.current?.click()} onPublished={reload} />}
					{tab === 'compare' && <Compare versions={history.data.value?.versions ?? []} />}
					{tab === 'versions' && (
						<Shown of={history} what="The versions">
							{({ versions }) => <Versions list={versions} serving={live.data.value?.document?.version ?? 0} onDone={reload} />}
						</Shown>
					)}
				</div>
			</Page>
		</div>
	);
}

function CardView({ card }: { card: Card }) {
	const list = (name: string, items?: string[]) =>
		items?.length ? (
			<details class="long">
				<summary>
					{name} <span class="muted">{count(items.length)}</span>
				</summary>
				<p class="muted">{items.join(' · ')}</p>
			</details>
		) : null;
	return (
		<div class="card-grid">
			<Panel title={`${card.name} ${card.version}`}>
				<p>{card.description}</p>
				<h3>Heads</h3>
				<dl class="pairs">
					{card.heads.map((h) => (
						<>
							<dt>{h.name}</dt>
							<dd>
								{h.labels.join(', ')} <span class="muted num">{h.labels.length}</span>
							</dd>
						</>
					))}
				</dl>
				{list('Languages', card.languages)}
				{list('Trained on', card.trained_on)}
				{list('Licences', card.licences)}
				{card.weights_sha256 && (
					<p class="muted hash">
						weights <code>{card.weights_sha256}</code>
					</p>
				)}
			</Panel>
			{card.figures && (
				<Panel title="Figures, as its maker states them">
					<ul class="figs">
						{Object.entries(card.figures).map(([name, v]) => (
							<li key={name}>
								<span>{name.replace(/_/g, ' ')}</span>
								<b class="num">{ratio(v, 3)}</b>
							</li>
						))}
					</ul>
				</Panel>
			)}
		</div>
	);
}

const looks: Record<Step['state'] | 'waiting' | 'running', { icon: IconName; tone: string; word: string }> = {
	ok: { icon: 'check', tone: 'good', word: 'holds' },
	warn: { icon: 'warn', tone: 'warn', word: 'look at it' },
	failed: { icon: 'cross', tone: 'bad', word: 'failed' },
	skipped: { icon: 'dash', tone: 'quiet', word: 'not reached' },
	waiting: { icon: 'dash', tone: 'quiet', word: 'to come' },
	running: { icon: 'clock', tone: 'info', word: 'running' },
};

function Checklist({ steps, running }: { steps: readonly Step[]; running: boolean }) {
	return (
		<ol class="checklist">
			{order.map(([key, name], i) => {
				const s = steps.find((x) => x.step === key);
				const look = looks[s?.state ?? (running && steps.length === i ? 'running' : 'waiting')];
				return (
					<li key={key} data-step={key} data-state={s?.state}>
						<span class={`state ${look.tone}`}>
							<Icon name={look.icon} size={15} />
							<span class="sr">{look.word}</span>
						</span>
						<b>{name}</b>
						<span class="step-text">{s?.text ?? <span class="muted">{look.word}</span>}</span>
						{s && isComparison(s.detail) && <Differences c={s.detail} />}
						{s && s.state === 'failed' && areTests(s.detail) && (
							<ul class="step-more">
								{s.detail
									.filter((t) => !t.pass)
									.flatMap((t) => t.items.filter((x) => !x.pass).map((x) => ({ t, x })))
									.map(({ t, x }) => (
										<li key={t.name + x.expect}>
											{t.name}: <code>{x.expect}</code> <span class="tone-bad">{x.error || x.actual}</span>
										</li>
									))}
							</ul>
						)}
					</li>
				);
			})}
		</ol>
	);
}

/** CheckModule has a module checked, step by step, and publishes one that held. */
function CheckModule({ file, version, pick, onPublished }: { file?: File; version: number; pick: () => void; onPublished: () => void }) {
	const reports = useResource<{ reports: Report[] }>('/admin/check/classifier');
	const [steps, setSteps] = useState<Step[]>([]);
	const [done, setDone] = useState<Done | undefined>(undefined);
	const [running, setRunning] = useState(false);
	const [problem, setProblem] = useState<Problem | undefined>(undefined);
	const [note, setNote] = useState('');
	const [busy, setBusy] = useState(false);
	useEffect(() => {
		if (!file) return;
		const control = new AbortController();
		setSteps([]);
		setDone(undefined);
		setProblem(undefined);
		setRunning(true);
		void (async () => {
			try {
				const answer = await open(`/admin/check/classifier?name=${encodeURIComponent(file.name)}`, { method: 'POST', body: new Blob([file], { type: 'application/wasm' }), signal: control.signal });
				const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
				let rest = '';
				for (;;) {
					const { value, done: end } = await reader.read();
					if (end) break;
					const part = splitLines(rest, value);
					rest = part.rest;
					for (const line of part.lines) {
						const s = JSON.parse(line) as Step | Done;
						if (s.step === 'done') setDone(s as Done);
						else setSteps((list) => [...list, s as Step]);
					}
				}
				void reports.reload();
			} catch (err) {
				if (!control.signal.aborted) setProblem(asProblem(err));
			}
			if (!control.signal.aborted) setRunning(false);
		})();
		return () => control.abort();
	}, [file]);
	const publish = async () => {
		setBusy(true);
		setProblem(undefined);
		try {
			const p = await call<{ version: number }>(`/admin/classifier?version=${version}&note=${encodeURIComponent(note.trim())}`, { method: 'POST', body: new Blob([file!], { type: 'application/wasm' }) });
			onPublished();
			toast(`Classifier v${p.version} is live`, { undo: () => void back(version, p.version, onPublished) });
			setQuery({ tab: null });
		} catch (err) {
			setProblem(asProblem(err));
		}
		setBusy(false);
	};
	return (
		<div class="check-module">
			{file ? (
				<Panel title={`${file.name}, ${bytes(file.size)}`}>
					<p class={`verdict-line ${done ? (done.ok ? 'tone-good' : 'tone-bad') : 'muted'}`} role="status">
						{verdict(steps, done)}
					</p>
					<Checklist steps={steps} running={running} />
					{problem && <Failed problem={problem} what="It could not be taken" still="What serves goes on serving." />}
					{done?.ok && (
						<div class="publish-module">
							<input class="input" aria-label="Note" placeholder="Note: what changes, and why" value={note} onInput={(e) => setNote(e.currentTarget.value)} />
							<Button kind="primary" changes busy={busy} disabled={note.trim() === '' && 'Say in a few words what changes'} onClick={() => void publish()}>
								Publish v{version + 1}
							</Button>
						</div>
					)}
				</Panel>
			) : (
				<Empty title="Drop a .wasm here" action={<Button onClick={pick}>Choose a file</Button>}>
					It is checked in seven steps and published by nobody but you. A module that traps, loops or answers nonsense is refused, and its report is kept.
				</Empty>
			)}
			<Shown of={reports} what="Earlier reports" blocks={2}>
				{({ reports: list }) =>
					list.length === 0 ? (
						<></>
					) : (
						<Panel title="Modules checked here">
							<ul class="reports">
								{list.map((r) => (
									<li key={r.sha256}>
										<details>
											<summary>
												<State tone={r.ok ? 'good' : 'bad'}>{r.ok ? 'held' : 'refused'}</State>
												<span class="report-name">{r.name || (r.card ? `${r.card.name} ${r.card.version}` : 'a module')}</span>
												<span class="muted num">
													{bytes(r.size)} · {r.sha256.slice(0, 8)}
												</span>
												<span class="muted">
													{r.author} · <Time at={r.time} />
												</span>
											</summary>
											<Checklist steps={r.steps} running={false} />
										</details>
									</li>
								))}
							</ul>
						</Panel>
					)
				}
			</Shown>
		</div>
	);
}

/** back brings a version live again; 0 = the built-in module. */
async function back(to: number, on: number, done: () => void): Promise<void> {
	try {
		const p = to > 0 ? await post<{ version: number }>('/admin/rollback/classifier', { to, version: on }) : await call<{ version: number }>(`/admin/classifier?builtin=true&version=${on}&note=back+to+the+built-in+one`, { method: 'POST' });
		done();
		toast(`${to > 0 ? `v${to}` : 'The built-in classifier'} is live again, as v${p.version}`);
	} catch (err) {
		toast(asProblem(err).message, { bad: true });
	}
}

function Versions({ list, serving, onDone }: { list: Version[]; serving: number; onDone: () => void }) {
	if (list.length === 0) return <Empty title="Nothing was published yet">The classifier that ships with Routor serves. Drop a .wasm on this page to check another.</Empty>;
	return (
		<Panel
			tools={
				<Button small changes icon="undo" onClick={() => void back(0, serving, onDone)}>
					Back to the built-in one
				</Button>
			}
		>
			<ul class="rows versions-list">
				{list.map((v) => (
					<li key={v.version}>
						<b class="num">v{v.version}</b>
						<span class="grow">
							{v.title || 'built-in'} <span class="muted">{v.note}</span>
						</span>
						<span class="muted">
							{v.size ? `${bytes(v.size)} · ` : ''}
							{v.author} · <Time at={v.time} />
						</span>
						{v.version === serving ? (
							<State tone="good">live</State>
						) : (
							<Button small changes icon="undo" onClick={() => void back(v.version, serving, onDone)}>
								Bring back
							</Button>
						)}
					</li>
				))}
			</ul>
		</Panel>
	);
}

function Compare({ versions }: { versions: Version[] }) {
	const a = param('a') || 'live';
	const b = param('b') || 'builtin';
	const [result, setResult] = useState<Comparison | undefined>(undefined);
	const [problem, setProblem] = useState<Problem | undefined>(undefined);
	const [busy, setBusy] = useState(false);
	const choice = (name: 'a' | 'b', value: string) => (
		<select class="input small side-pick" aria-label={name === 'a' ? 'One module' : 'The other module'} value={value} onChange={(e) => setQuery({ [name]: e.currentTarget.value })}>
			<option value="live">what serves</option>
			<option value="builtin">the built-in one</option>
			{versions.map((v) => (
				<option key={v.version} value={String(v.version)}>
					v{v.version} {v.title ?? ''}
				</option>
			))}
		</select>
	);
	const go = async () => {
		setBusy(true);
		setProblem(undefined);
		try {
			setResult(await get<Comparison>(`/admin/compare/classifier?a=${a}&b=${b}`));
		} catch (err) {
			setProblem(asProblem(err));
		}
		setBusy(false);
	};
	return (
		<div class="compare">
			<p class="compare-bar">
				{choice('a', a)} <span class="muted">against</span> {choice('b', b)}
				<Button kind="primary" busy={busy} disabled={a === b && 'These are the same'} onClick={() => void go()}>
					Compare on 500 recorded prompts
				</Button>
			</p>
			{problem && <Failed problem={problem} what="They could not be compared" retry={() => void go()} />}
			{result && (result.prompts === 0 ? <Empty title="No recorded prompt keeps its words">A profile with prompts: text keeps them.</Empty> : <Panel title={`${result.modules[0]} and ${result.modules[1]} agree on the category of ${percent(result.same_category * 100)} of ${plural(result.prompts, 'prompt')}`}><Differences c={result} open /></Panel>)}
			{!result && !problem && <Empty title="Two modules, the same prompts">How often they agree on category and tier, which categories they move between, and the prompts on which they differ most.</Empty>}
		</div>
	);
}

function Differences({ c, open: unfolded }: { c: Comparison; open?: boolean }) {
	const moves = Object.entries(c.category_moves)
		.sort((x, y) => y[1] - x[1])
		.slice(0, 8);
	return (
		<div class="step-more">
			<p class="muted">
				same category {percent(c.same_category * 100)} · same tier {percent(c.same_tier * 100)} · within one {percent(c.within_one_tier * 100)} · lower {percent(c.lower_tier * 100)} · higher {percent(c.higher_tier * 100)}
			</p>
			{moves.length > 0 && (
				<ul class="figs">
					{moves.map(([way, n]) => (
						<li key={way}>
							<span>{way}</span>
							<b class="num">{count(n)}</b>
						</li>
					))}
				</ul>
			)}
			{c.differences.length > 0 && (
				<details open={unfolded}>
					<summary>{plural(c.differences.length, 'prompt')} to look at</summary>
					<ul class="differs">
						{c.differences.map((d) => (
							<li key={d.id + d.text}>
								<span class="differ-text">{d.text || <i class="muted">{d.id}</i>}</span>
								<span class="muted">{d.category[0] === d.category[1] ? d.category[0] : `${d.category[0]} → ${d.category[1]}`}</span>
								<span class="differ-tier">
									<TierName tier={d.tier[0]} />
									{d.tier[0] !== d.tier[1] && (
										<>
											<span class="muted">→</span> <TierName tier={d.tier[1]} />
										</>
									)}
								</span>
							</li>
						))}
					</ul>
				</details>
			)}
		</div>
	);
}
