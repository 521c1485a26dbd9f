import { useEffect, useRef, useState } from 'preact/hooks';
import { param, setQuery } from '../../app/router';
import { call, get, Problem, post } from '../../lib/api';
import { count, duration, money, part, percent, plural, points, ratio, signed, whole } from '../../lib/format';
import { tiers } from '../../lib/types';
import { Button, ModelName, Segmented, TierName, Time } from '../../ui/base';
import { Dumbbell } from '../../ui/marks';
import { Empty, Failed, Progress } from '../../ui/states';
import { Scatter } from './scatter';
import { change, estimated } from './impact';
import { edited, errors, text } from './model';
import type { Figure, Job, Result, Share, Side } from './shapes';

const spans = ['1h', '6h', '24h', '7d'] as const;

/** Replay decides recorded requests again under the draft, and shows what moves. */
export function Replay() {
	const [job, setJob] = useState<Job | undefined>(undefined);
	const [problem, setProblem] = useState<Problem | undefined>(undefined);
	const [of, setOf] = useState<string | undefined>(undefined); // the text that it is about
	const since = param('since') || '24h';
	const health = param('health') === 'all-up' ? 'all-up' : 'recorded';
	const id = param('replay');
	const asked = useRef('');
	useEffect(() => {
		if (!id) {
			setJob(undefined);
			return;
		}
		let here = true;
		let timer = 0;
		const look = async () => {
			try {
				const next = await get<Job>(`/admin/replays/${encodeURIComponent(id)}`);
				if (!here) return;
				setJob(next);
				setProblem(undefined);
				if (next.state === 'running') timer = window.setTimeout(look, 250);
			} catch (err) {
				if (!here) return;
				const p = err instanceof Problem ? err : new Problem(String(err), -1, 'page', '');
				if (p.status === 404) setQuery({ replay: null });
				else setProblem(p);
			}
		};
		void look();
		return () => {
			here = false;
			clearTimeout(timer);
		};
	}, [id]);
	const begin = async () => {
		setProblem(undefined);
		try {
			const source = text.value!;
			const started = await post<{ id: string }>('/admin/replays', { policy: source, since, health, curve: true });
			asked.current = started.id;
			setOf(source);
			setJob({ id: started.id, state: 'running', done: 0, total: 0 });
			setQuery({ replay: started.id });
		} catch (err) {
			setProblem(err instanceof Problem ? err : new Problem(String(err), -1, 'page', ''));
		}
	};
	const running = job?.state === 'running';
	return (
		<div class="replay">
			<div class="replay-bar">
				<span class="muted">Recorded requests of the last</span>
				<Segmented label="How far back" options={spans} value={since as (typeof spans)[number]} onChange={(v) => setQuery({ since: v })} />
				<Segmented
					label="Health of providers"
					options={[
						['recorded', 'health as it was'],
						['all-up', 'all up'],
					]}
					value={health}
					onChange={(v) => setQuery({ health: v === 'recorded' ? null : v })}
				/>
				<Button kind="primary" disabled={errors.value.length > 0 ? 'The draft does not check yet' : running} onClick={() => void begin()}>
					{edited.value ? 'Replay the draft' : 'Replay what is live'}
				</Button>
			</div>
			{problem && <Failed problem={problem} what="The replay could not be run" still="The draft and the live policy are as they were." retry={() => void begin()} />}
			{running && (
				<Progress
					done={job.done}
					total={job.total}
					perSecond={job.per_second}
					left={job.left_s}
					what="requests decided again"
					onCancel={() => {
						void call(`/admin/replays/${encodeURIComponent(job.id)}`, { method: 'DELETE' }).catch(() => undefined);
						setJob({ ...job, state: 'cancelled' });
					}}
				/>
			)}
			{job?.state === 'failed' && <Failed problem={new Problem(job.error ?? 'It stopped', -1, 'replay', '')} what="The replay failed" retry={() => void begin()} />}
			{job?.state === 'cancelled' && <p class="muted">Cancelled after {whole(job.done)} requests.</p>}
			{job?.result && <Shows r={job.result} old={asked.current === id && of !== undefined && of !== text.value} />}
			{!job && !problem && (
				<Empty title="What would have become of your own traffic">
					Each recorded request is decided again, under the live policy and under the draft, with the clock, the draw and the health of its time. You see what moves, what it costs, and what becomes impossible.
				</Empty>
			)}
		</div>
	);
}

/** headline is the finding in a sentence. */
export function headline(r: Result): string {
	if (r.replayed === 0) return 'No recorded request could be decided again';
	const cost = change(r.cost);
	const parts = [`${percent(part(r.moved, r.replayed))} of ${count(r.replayed)} requests move`];
	if (cost !== undefined) parts.push(`cost ${estimated(r.cost)}${signed(cost, (v) => percent(v))}`);
	if (r.quality.before !== null && r.quality.after !== null) parts.push(`quality ≈ ${points(r.quality.after - r.quality.before)}`);
	parts.push(r.impossible > 0 ? `${plural(r.impossible, 'becomes impossible', 'become impossible')}` : 'none becomes impossible');
	return parts.join(' · ');
}

function Shows({ r, old }: { r: Result; old: boolean }) {
	const reasons = Object.entries(r.reasons ?? {}).filter(([, n]) => n > 0);
	return (
		<div class={old ? 'dimmed' : undefined}>
			{old && <p class="hint tone-warn">The draft has changed since: replay it again.</p>}
			<p class="headline">{headline(r)}</p>
			<p class="muted hint">
				{whole(r.replayed)} of {whole(r.asked)} replayed in {duration(r.ms)}
				{reasons.map(([why, n]) => (
					<span key={why}>
						{' '}
						· {whole(n)} {why}
					</span>
				))}
			</p>
			<div class="figures">
				<Fig name="Cost" f={r.cost} text={(v) => money(v)} better={-1} />
				<Fig name="Expected quality" f={r.quality} text={(v) => ratio(v, 3)} better={1} absolute />
				<Fig name="Time to first token" f={r.latency_ms} text={(v) => duration(v)} better={-1} />
			</div>
			{r.curve && <Scatter curve={r.curve} />}
			<Shares title="By tier" list={[...r.tiers].sort((a, b) => tiers.indexOf(a.name as 'NANO') - tiers.indexOf(b.name as 'NANO'))} total={r.replayed} name={(n) => <TierName tier={n} />} />
			<Shares title="By model" list={r.models} total={r.replayed} name={(n) => <ModelName id={n} />} />
			<Shares title="By provider" list={r.providers} total={r.replayed} name={(n) => n} />
			<Moves r={r} />
			<Movers r={r} />
			<Impossible r={r} />
		</div>
	);
}

function Fig({ name, f, text: show, better, absolute }: { name: string; f: Figure; text: (v: number) => string; better: 1 | -1; absolute?: boolean }) {
	const pct = change(f);
	const diff = f.before !== null && f.after !== null ? f.after - f.before : undefined;
	const none = diff === undefined || Math.abs(pct ?? 0) < 0.05;
	return (
		<div class="fig">
			<span class="muted">{name}</span>
			<b class="num">
				{f.before === null ? '–' : show(f.before)} → {f.after === null ? '–' : `${estimated(f)}${show(f.after)}`}
			</b>
			<span class={`num ${none ? 'muted' : diff! * better > 0 ? 'tone-good' : 'tone-bad'}`}>{diff === undefined ? 'unknown' : absolute ? points(diff) : pct === undefined ? '' : signed(pct, (v) => percent(v))}</span>
			<small class="muted">
				{f.measured > 0 && `${count(f.measured)} measured`}
				{f.measured > 0 && f.estimated > 0 && ', '}
				{f.estimated > 0 && `${count(f.estimated)} estimated`}
			</small>
		</div>
	);
}

/** Shares are the shares before and after, one dumbbell a name, those that changed most first. */
function Shares({ title, list, total, name }: { title: string; list: Share[]; total: number; name: (n: string) => preact.ComponentChildren }) {
	const [all, setAll] = useState(false);
	if (list.length === 0) return null;
	const few = list.length > 8 && !all ? [...list].sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before)).slice(0, 8) : list;
	const max = Math.max(...list.flatMap((s) => [s.before, s.after]));
	return (
		<section class="shares">
			<h3>
				{title} <span class="muted">before ○ → ● after, share of requests</span>
			</h3>
			<ul>
				{few.map((s) => {
					const before = part(s.before, total) ?? 0;
					const after = part(s.after, total) ?? 0;
					const diff = after - before;
					return (
						<li key={s.name}>
							<span class="share-name">{name(s.name)}</span>
							<Dumbbell before={s.before} after={s.after} max={max} label={`${s.name}: ${percent(before)} → ${percent(after)}`} />
							<span class="num muted">{percent(before)}</span>
							<span class="num">{percent(after)}</span>
							<span class={`num ${Math.abs(diff) < 0.05 ? 'muted' : ''}`}>{signed(diff, (v) => v.toFixed(1))}</span>
						</li>
					);
				})}
			</ul>
			{few.length < list.length && (
				<button type="button" class="link" onClick={() => setAll(true)}>
					All {list.length}
				</button>
			)}
		</section>
	);
}

/** Moves is the matrix of which model gives how many requests to which. */
function Moves({ r }: { r: Result }) {
	const moves = r.moves.filter((m) => m.from !== m.to);
	if (moves.length === 0) return null;
	const sum = (key: 'from' | 'to') => {
		const totals = new Map<string, number>();
		for (const m of moves) totals.set(m[key], (totals.get(m[key]) ?? 0) + m.n);
		return [...totals].sort((a, b) => b[1] - a[1]).slice(0, 7).map(([n]) => n);
	};
	const from = sum('from');
	const to = sum('to');
	const most = Math.max(...moves.map((m) => m.n));
	const short = (n: string) => n.slice(n.indexOf('/') + 1);
	return (
		<section class="moves">
			<h3>
				Moves <span class="muted">requests, from the row to the column</span>
			</h3>
			<div class="scroll-x" tabIndex={0} role="region" aria-label="Moves">
				<table>
					<thead>
						<tr>
							<th scope="col">from ↓ to →</th>
							{to.map((n) => (
								<th key={n} scope="col" title={n}>
									<span>{short(n)}</span>
								</th>
							))}
						</tr>
					</thead>
					<tbody>
						{from.map((f) => (
							<tr key={f}>
								<th scope="row" title={f}>
									{short(f)}
								</th>
								{to.map((t) => {
									const m = moves.find((x) => x.from === f && x.to === t);
									return (
										<td key={t} class="num" style={m ? { '--share': `${Math.round((m.n / most) * 70)}%` } : undefined} title={m ? `${f} → ${t}: ${whole(m.n)} requests, ${money(m.cost_before)} → ${money(m.cost_after)}` : undefined}>
											{m ? count(m.n) : ''}
										</td>
									);
								})}
							</tr>
						))}
					</tbody>
				</table>
			</div>
			{moves.length > 0 && (from.length >= 7 || to.length >= 7) && <p class="hint muted">The seven largest of each side.</p>}
		</section>
	);
}

function OneSide({ s, name }: { s: Side; name: string }) {
	return (
		<div class="side">
			<span class="muted">{name}</span>
			<span>
				<ModelName id={s.model} /> {s.tier && <TierName tier={s.tier} />}
			</span>
			<span class="num muted">
				q {ratio(s.quality)} · {money(s.cost)}
			</span>
			{s.why && <p>{s.why}</p>}
		</div>
	);
}

function Movers({ r }: { r: Result }) {
	if (r.movers.length === 0) return null;
	return (
		<section class="movers">
			<h3>Moved most</h3>
			<ul>
				{r.movers.slice(0, 20).map((m) => (
					<li key={m.id}>
						<details>
							<summary>
								<span class="mover-prompt">{m.prompt || <i class="muted">{m.category ?? 'words not kept'}</i>}</span>
								<span class="mover-way">
									<ModelName id={m.before.model} /> <span class="muted">→</span> <ModelName id={m.after.model} />
								</span>
							</summary>
							<div class="sides">
								<OneSide s={m.before} name="live" />
								<OneSide s={m.after} name="draft" />
							</div>
							<p class="hint">
								<a href={`/policy?d=${encodeURIComponent(m.id)}`} onClick={(e) => (e.preventDefault(), setQuery({ d: m.id }, true))}>
									Its story
								</a>
								{' · '}
								<button type="button" class="link" onClick={() => setQuery({ tab: 'test', decision: m.id }, true)}>
									Test it
								</button>{' '}
								<span class="muted">
									<Time at={m.at} />
								</span>
							</p>
						</details>
					</li>
				))}
			</ul>
		</section>
	);
}

function Impossible({ r }: { r: Result }) {
	if (r.impossible === 0) return null;
	return (
		<section>
			<h3 class="tone-bad">{plural(r.impossible, 'request becomes', 'requests become')} impossible</h3>
			<ul class="impossibles">
				{r.impossible_why?.map((w) => (
					<li key={w.why}>
						<span class="num">{count(w.n)}</span> {w.why}
					</li>
				))}
				{r.impossible_requests?.slice(0, 10).map((q) => (
					<li key={q.id} class="muted">
						<button type="button" class="link" onClick={() => setQuery({ d: q.id }, true)}>
							{q.prompt || q.id}
						</button>
						: {q.why}
					</li>
				))}
			</ul>
		</section>
	);
}
