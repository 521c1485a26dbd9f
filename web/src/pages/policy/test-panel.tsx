import { useEffect, useRef, useState } from 'preact/hooks';
import { get, Problem, session } from '../../lib/api';
import { micros, money, percent, ratio } from '../../lib/format';
import { useResource } from '../../lib/resource';
import type { DecisionPage, Key, Row } from '../../lib/types';
import { tiers } from '../../lib/types';
import { Button, Menu, ModelName, TierName } from '../../ui/base';
import { Icon, type IconName } from '../../ui/icon';
import { Scale } from '../../ui/marks';
import { Failed } from '../../ui/states';
import { toast } from '../../ui/toast';
import { Candidates } from './candidates';
import { edits, goToLine } from './editor-pane';
import { environment, errors, explained, explainProblem, live, setTrial, testNow, text, trial, write } from './model';
import { type Recorded, testOf, trialOf } from './request';
import type { Explained, RuleRun } from './shapes';

const examples: { name: string; prompt: string; tools?: number; images?: number; system?: string }[] = [
	{ name: 'A greeting', prompt: 'hi' },
	{ name: 'A plain fact', prompt: 'What is the capital of Australia?' },
	{ name: 'Code, with tools', prompt: 'Write a Go function that merges two sorted linked lists in place, with a test that shows that it keeps equal elements in order.', tools: 2 },
	{ name: 'A bug to find', prompt: 'My Python service leaks 30 MB an hour under load. Here is the connection pool. Find out why connections are never closed, and mend it without changing the API.' },
	{ name: 'A proof', prompt: 'Prove that for every prime p > 3 the number p² − 1 is divisible by 24, and say where the proof fails for p = 3.' },
	{ name: 'A contract', prompt: 'Summarise the termination clauses of this contract and say which of them German law would not uphold.', system: 'You assist the legal department.' },
	{ name: 'A picture', prompt: 'What is wrong with this circuit board?', images: 1 },
	{ name: 'A long table', prompt: 'Extract all invoice numbers, dates and amounts from the text as JSON: {"invoices": [{"number", "date", "amount"}]}.' },
];

/** Test is a prompt, and at once what the draft makes of it. */
export function Test({ saveAsTest }: { saveAsTest: () => void }) {
	const t = trial.value;
	const [more, setMore] = useState(t.system !== '' || t.turns.length > 0);
	const area = useRef<HTMLTextAreaElement>(null);
	const x = explained.value;
	useEffect(() => {
		// As high as what is typed, up to a third of the screen.
		const el = area.current;
		if (!el) return;
		el.style.height = 'auto';
		el.style.height = `${Math.min(Math.max(64, el.scrollHeight + 2), innerHeight / 3)}px`;
	}, [t.prompt]);
	return (
		<div class="test">
			<div class="test-ask">
				<div class="test-bar">
					<Recent />
					<Menu
						label="An example"
						text="Example"
						kind="quiet"
						items={examples.map((e) => ({ text: e.name, run: () => setTrial({ prompt: e.prompt, system: e.system ?? '', turns: [], tools: e.tools ?? 0, images: e.images ?? 0, note: '' }) }))}
					/>
					<Button kind="quiet" small pressed={more} onClick={() => setMore(!more)}>
						System, turns
					</Button>
					{t.prompt && (
						<Button kind="quiet" small onClick={saveAsTest} changes>
							Save as test
						</Button>
					)}
				</div>
				{more && <Context />}
				<textarea
					ref={area}
					class="input prompt"
					rows={3}
					placeholder="Type a prompt, or take one from recent traffic"
					aria-label="Prompt to test"
					value={t.prompt}
					onInput={(e) => setTrial({ prompt: e.currentTarget.value, note: '' })}
					onKeyDown={(e) => {
						if (e.key === 'Enter' && (e.metaKey || e.ctrlKey) && !e.shiftKey) {
							e.preventDefault();
							testNow();
						}
					}}
				/>
				<Flags />
				{t.note && <p class="hint muted">{t.note}</p>}
			</div>
			{explainProblem.value && <Failed problem={explainProblem.value} what="The prompt could not be tested" retry={testNow} />}
			{x && (
				<div class={x.of === text.value ? undefined : 'dimmed'}>
					{x.of !== text.value && <p class="hint muted">Of the last draft that checked.</p>}
					<Classified x={x.answer} ms={x.ms} />
					<Rules rules={x.answer.rules} />
					<Candidates of={x.answer} />
				</div>
			)}
			{!x && t.prompt !== '' && errors.value.length > 0 && <p class="hint muted">The test follows once the draft checks: F8 goes to the next error.</p>}
			{!x && !explainProblem.value && t.prompt === '' && (
				<div class="empty">
					<p class="empty-title">What would become of a prompt</p>
					<div class="empty-text">Its category, difficulty and tier, what each rule does with it, and the value of every candidate. Nothing is sent to a provider.</div>
					<Button
						onClick={() => {
							const e = examples[2]!;
							setTrial({ prompt: e.prompt, tools: e.tools ?? 0 });
						}}
					>
						Try an example
					</Button>
				</div>
			)}
		</div>
	);
}

function Recent() {
	const may = session.value?.read_prompts !== false;
	const r = useResource<DecisionPage>('/admin/decisions?limit=40');
	const rows = r.data.value?.decisions ?? [];
	const worded = rows.filter((d) => d.prompt);
	const items = (worded.length > 0 ? worded : rows).slice(0, 20).map((d) => ({
		text: (
			<span class="recent">
				<span class="recent-prompt">{d.prompt ?? <i class="muted">not kept</i>}</span>
				<span class="muted">{d.category}</span>
				<TierName tier={d.tier} />
			</span>
		),
		run: () => void take(d),
		disabled: d.prompt ? undefined : 'The words of this request were not kept',
	}));
	const none = { text: <span class="muted">{may ? 'No requests were recorded yet' : 'Your session may not read prompts'}</span>, run: () => undefined, disabled: 'Send a request first' };
	return <Menu label="A recent request" text="Recent" kind="quiet" items={items.length > 0 && may ? items : [none]} />;
}

async function take(row: Row): Promise<void> {
	await openDecision(row.id || row.request_id);
}

/** openDecision fills the panel with a recorded request. It is false where its words were not kept. */
export async function openDecision(id: string): Promise<boolean> {
	try {
		const d = await get<Recorded>(`/admin/decisions/${encodeURIComponent(id)}`);
		const { trial: next, kept } = trialOf(d);
		setTrial({ ...next, note: kept ? `From request ${id}` : `The words of ${id} were not kept: type some that are like them.` });
		return kept;
	} catch (err) {
		toast(err instanceof Problem ? err.message : 'The request could not be read', { bad: true });
		return false;
	}
}

function Context() {
	const t = trial.value;
	const turn = (i: number, change: Partial<(typeof t.turns)[number]>) => setTrial({ turns: t.turns.map((x, k) => (k === i ? { ...x, ...change } : x)) });
	return (
		<div class="context">
			<textarea class="input" rows={2} placeholder="System prompt" aria-label="System prompt" value={t.system} onInput={(e) => setTrial({ system: e.currentTarget.value })} />
			{t.turns.map((x, i) => (
				<div class="turn" key={i}>
					<select class="input small" aria-label={`Role of turn ${i + 1}`} value={x.role} onChange={(e) => turn(i, { role: e.currentTarget.value as 'user' })}>
						<option value="user">user</option>
						<option value="assistant">assistant</option>
					</select>
					<input class="input small" aria-label={`Turn ${i + 1}`} placeholder="what was said" value={x.content} onInput={(e) => turn(i, { content: e.currentTarget.value })} />
					<Button kind="quiet" small icon="cross" label="Remove this turn" onClick={() => setTrial({ turns: t.turns.filter((_, k) => k !== i) })} />
				</div>
			))}
			<Button kind="quiet" small icon="plus" onClick={() => setTrial({ turns: [...t.turns, { role: t.turns.length % 2 === 0 ? 'user' : 'assistant', content: '' }] })}>
				Add an earlier turn
			</Button>
		</div>
	);
}

function Counter({ name, value, set, most }: { name: string; value: number; set: (n: number) => void; most: number }) {
	return (
		<span class={`counter${value > 0 ? ' on' : ''}`} role="group" aria-label={name}>
			<button type="button" aria-label={`Fewer ${name}`} disabled={value === 0} onClick={() => set(value - 1)}>
				−
			</button>
			<span>
				{value > 0 && <b class="num">{value}</b>} {name}
			</span>
			<button type="button" aria-label={`More ${name}`} disabled={value >= most} onClick={() => set(value + 1)}>
				+
			</button>
		</span>
	);
}

function Flags() {
	const t = trial.value;
	const keys = useResource<{ keys: Key[] | null }>('/admin/keys');
	const profiles = useResource<{ profiles: { name: string }[] }>('/admin/profiles');
	const providers = environment.data.value?.variables.find((v) => v.type === 'provider')?.values ?? [];
	return (
		<div class="flags">
			<Counter name={t.tools === 1 ? 'tool' : 'tools'} value={t.tools} most={20} set={(tools) => setTrial({ tools })} />
			<Counter name={t.images === 1 ? 'image' : 'images'} value={t.images} most={8} set={(images) => setTrial({ images })} />
			<button type="button" class={`toggle${t.structured ? ' on' : ''}`} aria-pressed={t.structured} onClick={() => setTrial({ structured: !t.structured })}>
				JSON
			</button>
			<select class={`input small pick${t.key ? ' on' : ''}`} aria-label="Key" value={t.key} onChange={(e) => setTrial({ key: e.currentTarget.value })}>
				<option value="">any key</option>
				{t.key && !keys.data.value?.keys?.some((k) => k.id === t.key) && <option value={t.key}>{t.key}</option>}
				{keys.data.value?.keys
					?.filter((k) => !k.revoked)
					.map((k) => (
						<option key={k.id} value={k.id}>
							{k.name || k.id}
							{k.team ? ` · ${k.team}` : ''}
						</option>
					))}
			</select>
			<select class={`input small pick${t.profile ? ' on' : ''}`} aria-label="Profile" value={t.profile} onChange={(e) => setTrial({ profile: e.currentTarget.value })}>
				<option value="">its profile</option>
				{profiles.data.value?.profiles.map((p) => (
					<option key={p.name}>{p.name}</option>
				))}
			</select>
			<select
				class={`input small pick${t.down.length > 0 ? ' on' : ''}`}
				aria-label="Providers supposed to be down"
				value=""
				onChange={(e) => {
					const p = e.currentTarget.value;
					if (p) setTrial({ down: t.down.includes(p) ? t.down.filter((d) => d !== p) : [...t.down, p] });
				}}
			>
				<option value="">{t.down.length > 0 ? `down: ${t.down.join(', ')}` : 'none down'}</option>
				{providers.map((p) => (
					<option key={p} value={p}>
						{t.down.includes(p) ? `${p} – up again` : p}
					</option>
				))}
			</select>
		</div>
	);
}

/** limits are the tiers as bands of the difficulty, by what the draft says. */
function limits(): { to: number; name: string; fill: string }[] {
	const e = edits.value;
	const source = text.value;
	const known = live.data.value?.tiers ?? [0.05, 0.2, 0.45, 0.7];
	return tiers.map((name, i) => {
		const key = name.toLowerCase();
		const written = e && source !== undefined ? Number(e.scalarOf(source, ['tiers', key])) : Number.NaN;
		return { name, fill: `var(--tier-${i + 1})`, to: name === 'COMPLEX' ? 1 : Number.isFinite(written) ? written : known[i]! };
	});
}

function Classified({ x, ms }: { x: Explained; ms: number }) {
	return (
		<section class="classified">
			<p class="verdict">
				{x.refused ? (
					<span class="tone-bad">
						<Icon name="cross" size={14} /> Refused{x.refused.rule ? ` by “${x.refused.rule}”` : ''}: {x.refused.message}
					</span>
				) : (
					<>
						<Icon name="send" size={14} />
						<ModelName id={x.model} />
						<span class="muted">
							≈ {money(x.expected_cost)}
							{x.savingsPct !== undefined && Number.isFinite(x.savingsPct) && ` · ${percent(x.savingsPct)} less than the baseline`}
						</span>
					</>
				)}
			</p>
			<p class="class-line">
				{x.categories.slice(0, 3).map((c, i) => (
					<span key={c.label} class={i === 0 ? '' : 'muted'}>
						{i === 0 ? <b>{c.label}</b> : c.label} <span class="num">{ratio(c.p)}</span>
					</span>
				))}
				<span class="muted">{x.domain}</span>
				<TierName tier={x.tier} />
				<span>
					confidence <span class="num">{ratio(x.confidence)}</span>
					{x.unsure && <span class="tone-warn"> unsure</span>}
				</span>
				<span class="muted num class-ms" title={`Classified by ${x.classifier} in ${micros(x.classify_us)}, decided in ${micros(x.decide_us)}; ${Math.round(ms)} ms from the last key to here`}>
					{micros(x.classify_us + x.decide_us)}
				</span>
			</p>
			<Scale limits={limits()} at={x.difficulty} label={`Difficulty ${ratio(x.difficulty)}: ${x.tier}`} />
			{x.notes.map((n) => (
				<p key={n} class="hint muted">
					{n}
				</p>
			))}
		</section>
	);
}

const look: Record<RuleRun['did'], { icon: IconName; tone: string; word: string }> = {
	fired: { icon: 'check', tone: 'good', word: 'fired' },
	false: { icon: 'dash', tone: 'quiet', word: 'false' },
	overridden: { icon: 'right', tone: 'warn', word: 'overridden' },
	failed: { icon: 'cross', tone: 'bad', word: 'failed' },
	stopped: { icon: 'dash', tone: 'quiet', word: 'not reached' },
};

function Rules({ rules }: { rules: RuleRun[] }) {
	if (rules.length === 0) return <p class="hint muted rules-none">The policy has no rules: value alone decides.</p>;
	return (
		<section class="rules">
			<h3>Rules</h3>
			<ul>
				{rules.map((r) => {
					const l = look[r.did] ?? look.false;
					return (
						<li key={r.rule + r.line} class={r.did}>
							<button type="button" onClick={() => goToLine(r.line)} title={`Line ${r.line}`}>
								<span class={`state ${l.tone}`}>
									<Icon name={l.icon} size={13} />
								</span>
								<span class="rule-name">{r.rule}</span>
								<span class="muted">
									{l.word}
									{(r.error || r.skipped) && `: ${r.error || r.skipped}`}
								</span>
								<span class="num muted line">{r.line}</span>
							</button>
						</li>
					);
				})}
			</ul>
		</section>
	);
}

/** addTest appends the trial to the draft's tests. */
export function addTest(team = ''): boolean {
	const e = edits.value;
	const source = text.value;
	if (!e || source === undefined) return false;
	const x = explained.value?.answer;
	const keyTeam = team;
	const change = e.appendItem(source, 'tests', testOf(trial.value, { tier: x?.tier, model: x?.model }, keyTeam));
	write(e.apply(source, change));
	const line = source.slice(0, change.from).split('\n').length + 1;
	toast('Added to the tests of the draft', { undo: () => write(source) });
	setTimeout(() => goToLine(line), 80);
	return true;
}
