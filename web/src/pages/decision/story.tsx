// A decision's story: what was asked, how it was read, who could answer, why this one, what became of it.
import './story.css';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { go } from '../../app/router';
import { count, duration, micros, money, percent, plural, ratio, signed, utc, when } from '../../lib/format';
import { useResource } from '../../lib/resource';
import { tiers } from '../../lib/types';
import {
	Bar,
	Button,
	copy,
	CopyButton,
	Empty,
	Failed,
	Menu,
	ModelName,
	Scale,
	Shown,
	State,
	TierName,
	Timeline,
	type Span,
} from '../../ui';
import {
	curlOf,
	narrow,
	ruleState,
	scoredOf,
	sentence,
	stages,
	usd,
	type Candidate,
	type Record_,
	type Rule,
	type Step,
	type Whole,
} from './record';

interface LivePolicy {
	hash: string;
	tiers?: number[];
	baseline?: string;
}

/** Story is everything that is known of a decision, in the order in which it happened. */
export function Story({ id }: { id: string }) {
	const r = useResource<Whole>(`/admin/decisions/${encodeURIComponent(id)}`);
	const policy = useResource<LivePolicy>('/admin/policy');
	const error = r.error.value;
	if (error?.status === 404 && !r.data.value)
		return (
			<Empty title="There is no such decision">
				<p>
					<code>{id}</code> is neither the id of a decision nor an X-Request-Id that the ledger knows. Records go after{' '}
					<code>ledger.age</code>.
				</p>
			</Empty>
		);
	return (
		<Shown of={r} what="The decision" blocks={14}>
			{(d) =>
				d.record ? (
					<Told d={d} r={d.record} policy={policy.data.value} />
				) : (
					<Failed
						problem={{ ...(error ?? {}), message: 'This server keeps no ledger: only the row of the list is known.' } as never}
						what="There is no story"
					/>
				)
			}
		</Shown>
	);
}

function Part({ n, title, note, children }: { n: number; title: string; note?: ComponentChildren; children: ComponentChildren }) {
	return (
		<section class="part">
			<h2>
				<span class="part-n" aria-hidden="true">
					{n}
				</span>
				{title}
				{note && <span class="part-note">{note}</span>}
			</h2>
			{children}
		</section>
	);
}

function Told({ d, r, policy }: { d: Whole; r: Record_; policy?: LivePolicy }) {
	const id = r.id || r.request_id;
	const link = `/decision/${encodeURIComponent(id)}`;
	const q = encodeURIComponent(id);
	return (
		<article class="story">
			<p class="sentence">{sentence(r, (s) => duration(s * 1000))}</p>
			<div class="story-actions">
				<Button kind="primary" onClick={() => go(`/policy?tab=test&decision=${q}`)}>
					Open in workbench
				</Button>
				<Button onClick={() => go(`/policy?tab=replay&decision=${q}`)}>Replay</Button>
				<Button changes onClick={() => go(`/policy?tab=tests&save=${q}`)}>
					Save as test
				</Button>
				<Menu
					label="Copy"
					text="Copy"
					icon="copy"
					items={[
						{ text: 'curl', run: () => void copy(curlOf(r, location.origin), 'curl copied') },
						{ text: 'JSON', run: () => void copy(JSON.stringify(d, null, 2), 'JSON copied') },
						{ text: 'Link', run: () => void copy(location.origin + link, 'Link copied') },
						{ text: 'Command', run: () => void copy(`routor decision show ${id}`, 'Command copied') },
					]}
				/>
			</div>
			<div class="story-half">
				<Asked r={r} />
				<Classified r={r} policy={policy} />
				<Narrowed d={d} r={r} />
			</div>
			<div class="story-half">
				<Scored d={d} r={r} />
				<Sent r={r} />
				<Cost r={r} baseline={policy?.hash === r.versions?.policy ? policy?.baseline : undefined} />
				<By d={d} r={r} />
			</div>
		</article>
	);
}

const factNames: readonly (readonly [string, string, string?])[] = [
	['turns', 'turn'],
	['messages', 'message'],
	['tools', 'tool'],
	['hosted_tools', 'hosted tool'],
	['images', 'image'],
	['files', 'file'],
	['audio', 'audio part', 'audio parts'],
	['video', 'video'],
];

function facts(r: Record_): string[] {
	const f = r.facts;
	if (!f) return [];
	const out = factNames.filter(([name]) => Number(f[name]) > 0).map(([name, one, many]) => plural(Number(f[name]), one, many));
	if (f.prompt_tokens) out.push(`≈ ${count(Number(f.prompt_tokens))} prompt tokens`);
	if (f.max_tokens) out.push(`at most ${count(Number(f.max_tokens))} tokens wanted`);
	if (f.effort) out.push(`effort ${f.effort}`);
	if (f.format) out.push(f.format === 2 ? 'JSON by schema' : 'JSON');
	if (f.forced_tool) out.push('a tool is forced');
	if (f.ends_in_tool) out.push('ends in a tool result');
	if (f.continuation) out.push('a bare continuation');
	if (f.thanks) out.push('thanks');
	if (f.has_system) out.push('system prompt');
	return out;
}

function Asked({ r }: { r: Record_ }) {
	const fields = Object.entries(r.fields ?? {});
	const p = r.prompt;
	return (
		<Part n={1} title="Asked" note={<time title={utc(r.time)}>{when(r.time)}</time>}>
			<dl class="pairs">
				<dt>model</dt>
				<dd>
					<code>{r.asked || 'auto'}</code> by {r.dialect}
					{r.stream && ', streaming'}
				</dd>
				<dt>key</dt>
				<dd>
					{r.who?.key ? <a href={`/keys?key=${encodeURIComponent(r.who.key)}`}>{r.who.name || r.who.key}</a> : 'none'}
					{r.who?.team && `, team ${r.who.team}`}
					{r.decision?.profile && `, profile ${r.decision.profile}`}
				</dd>
				{r.facts && (
					<>
						<dt>facts</dt>
						<dd>{facts(r).join(' · ')}</dd>
					</>
				)}
				{fields.length > 0 && (
					<>
						<dt>wishes</dt>
						<dd>
							{fields.map(([name, value]) => (
								<code key={name}>
									routor_{name}: {String(value)}{' '}
								</code>
							))}
						</dd>
					</>
				)}
				{r.world?.conversation?.turns ? (
					<>
						<dt>conversation</dt>
						<dd>
							{plural(r.world.conversation.turns, 'turn')} before, last by {r.world.conversation.model}
							{r.world.conversation.cached ? `, ${count(r.world.conversation.cached)} tokens in its cache` : ''}
						</dd>
					</>
				) : null}
			</dl>
			{p?.system && (
				<details class="prompt-more">
					<summary>System prompt</summary>
					<pre class="code wrap">{p.system}</pre>
				</details>
			)}
			{p?.text ? (
				<pre class="code wrap prompt-text">
					{p.text}
					{p.cut && ' …'}
				</pre>
			) : (
				<p class="muted">
					The prompt was not kept{p?.keep ? ` (prompts: ${p.keep})` : ''}.{p?.hash && ' Equal prompts share the hash '}
					{p?.hash && <code>{p.hash}</code>}
				</p>
			)}
			{p?.redacted ? <p class="muted">{plural(p.redacted, 'place')} blackened.</p> : null}
		</Part>
	);
}

function Classified({ r, policy }: { r: Record_; policy?: LivePolicy }) {
	const c = r.class;
	const d = r.decision;
	if (!c || !d) return null;
	const top = [...c.category].sort((a, b) => b.p - a.p).slice(0, 3);
	const limits = policy?.tiers ?? [0.05, 0.2, 0.45, 0.7];
	const same = policy?.hash === r.versions?.policy;
	const moved = [d.unsure ? 'unsure: the default tier' : '', d.history_floor ? `the conversation needs ${ratio(d.history)}` : '']
		.filter(Boolean)
		.join(', ');
	return (
		<Part n={2} title="Classified" note={`${c.module} in ${micros(r.classifying_us)}`}>
			{c.fallback && <State tone="warn">The built-in module stood in: {c.fallback}</State>}
			<div class="tops">
				{top.map((x) => (
					<div key={x.label}>
						<span>{x.label}</span>
						<Bar value={x.p} label={`${x.label} ${ratio(x.p)}`} />
						<span class="num">{ratio(x.p)}</span>
					</div>
				))}
			</div>
			<div class="difficulty">
				<p>
					difficulty <b class="num">{ratio(c.difficulty)}</b>
					{Math.abs(c.difficulty - d.difficulty) > 0.004 && (
						<>
							{' '}
							→ <b class="num">{ratio(d.difficulty)}</b>
						</>
					)}{' '}
					→ <TierName tier={d.tier} />
					{moved && <span class="muted"> ({moved})</span>}
				</p>
				<Scale
					label={`Difficulty ${ratio(d.difficulty)}: ${d.tier}`}
					at={d.difficulty}
					was={c.difficulty}
					limits={tiers.map((name, i) => ({ name, to: limits[i] ?? 1, fill: `var(--tier-${i + 1})` }))}
				/>
				{!same && policy && <p class="muted small">The limits are the live policy's, which has changed since.</p>}
			</div>
			<dl class="pairs">
				<dt>confidence</dt>
				<dd class="num">{ratio(c.confidence)}</dd>
				<dt>domain</dt>
				<dd>{c.domain}</dd>
				{c.heads?.map((h) => {
					const best = [...h.labels].sort((a, b) => b.p - a.p)[0];
					return best ? (
						<>
							<dt>{h.name}</dt>
							<dd>
								{best.label} <span class="num">{ratio(best.p)}</span>
							</dd>
						</>
					) : null;
				})}
			</dl>
		</Part>
	);
}

function Narrowed({ d, r }: { d: Whole; r: Record_ }) {
	const b = r.decision;
	if (!b) return null;
	const steps = narrow(b, d.decision?.candidates);
	return (
		<Part n={3} title="Narrowed">
			<p class="way num">
				{b.looked_at}
				{steps.map((s) => (
					<span key={s.by}>
						{' → '}
						{s.left} <em>{s.by}</em>
					</span>
				))}
			</p>
			<div class="steps">
				{steps.map((s) => (
					<StepRow key={s.by} s={s} />
				))}
			</div>
			{d.no_decision && <p class="muted small">Who fell can't be told any more: {d.no_decision}.</p>}
			{(b.rules?.length ?? 0) > 0 && (
				<ul class="rules">
					{b.rules!.map((rule, i) => (
						<RuleRow key={i} rule={rule} />
					))}
				</ul>
			)}
			{b.notes?.map((n, i) => (
				<p key={i} class="muted">
					{n}
				</p>
			))}
		</Part>
	);
}

function StepRow({ s }: { s: Step }) {
	const about = stages.find((x) => x[0] === s.by)?.[1];
	const n = s.fell.reduce((t, f) => t + f.count, 0);
	const many = s.fell.some((f) => f.who.length > 0);
	const head = (
		<>
			<span class="num">−{n}</span> <b>{s.by}</b> <span class="muted">{about}</span>
		</>
	);
	const why = (
		<ul>
			{s.fell.map((f) => (
				<li key={f.why}>
					<span class="num">{f.count}</span> {f.why}
					{f.who.length > 0 && <span class="who-fell">{f.who.join(', ')}</span>}
				</li>
			))}
		</ul>
	);
	return many ? (
		<details>
			<summary>{head}</summary>
			{why}
		</details>
	) : (
		<div class="step">
			<p>{head}</p>
			{(s.fell.length > 1 || s.fell[0]?.why !== about) && why}
		</div>
	);
}

function RuleRow({ rule }: { rule: Rule }) {
	const { state, why } = ruleState(rule);
	const tone = ({ fired: 'good', false: 'quiet', overridden: 'warn', failed: 'bad' } as const)[state];
	return (
		<li>
			<State tone={tone}>{state}</State>
			<a href={`/policy?rule=${encodeURIComponent(rule.rule)}`}>{rule.rule}</a>
			{why && <span class="muted">{why}</span>}
		</li>
	);
}

/** term is a figure of a value's sum: three decimals, fewer where it is large. */
const term = (v: number | undefined): string => ratio(v, v !== undefined && Math.abs(v) >= 10 ? 1 : 3);

const isGuess = (c: Candidate, what: string) =>
	Array.isArray(c.estimated) ? c.estimated.includes(what) : what === 'quality' ? !!c.guessed : !!c.estimated;

function Scored({ d, r }: { d: Whole; r: Record_ }) {
	const [all, setAll] = useState(false);
	const b = r.decision;
	if (!b?.chain?.length) return null;
	const chain: Candidate[] = b.chain.map((c) => ({
		...c,
		cost: usd(c.cost ?? 0),
		cache_loss: c.cache_loss ? usd(c.cache_loss) : undefined,
	}));
	const chained = new Set(chain.map((c) => `${c.deployment}|${c.effort ?? ''}`));
	const others = (d.decision?.candidates ?? [])
		.filter((c) => c.value !== undefined && !chained.has(`${c.deployment}|${c.effort ?? ''}`))
		.sort((x, y) => (y.value ?? 0) - (x.value ?? 0));
	const bonus = [...chain, ...others].some((c) => c.bonus);
	const loss = chain.some((c) => c.cache_loss);
	const lead = chain.length > 1 ? chain[0]!.value! - chain[1]!.value! : undefined;
	const best = Math.max(...chain.map((c) => c.value ?? 0), 0.01);
	const because = new Map((d.decision?.candidates ?? []).map((c) => [c.deployment, c.because]));
	const row = (c: Candidate, i: number | null) => (
		<tr key={`${c.deployment}${c.effort}${i}`} class={i === 0 ? 'best' : i === null ? 'behind' : ''}>
			<td class="num muted">{i === null ? '' : i + 1}</td>
			<th scope="row">
				<a href={`/models?model=${encodeURIComponent(c.model)}`}>
					<ModelName id={c.deployment} />
				</a>
				<span class="muted effort">
					{[`≈ ${money(c.cost)}`, c.effort && `effort ${c.effort}`, c.safety_net && 'safety net', c.out].filter(Boolean).join(' · ')}
				</span>
			</th>
			<td class="right num">
				{isGuess(c, 'quality') && '≈ '}
				{ratio(c.quality, 3)}
			</td>
			<td class="right num" title={c.cost === undefined ? undefined : `≈ ${money(c.cost)} at $${b.worth} for a fully right answer`}>
				{c.cost === undefined ? '–' : `−${term(c.cost / b.worth)}`}
			</td>
			{bonus && (
				<td
					class="right num"
					title={because
						.get(c.deployment)
						?.map((x) => `${x.rule} ${x.points}`)
						.join(', ')}
				>
					{c.bonus ? signed(c.bonus, (v) => ratio(v, 3)) : ''}
				</td>
			)}
			<td class="value-bar">
				<Bar value={Math.max(0, c.value ?? 0)} of={best} estimate={isGuess(c, 'quality')} fill={i === 0 ? undefined : 'var(--control)'} />
			</td>
			<td class="right num">{term(c.value)}</td>
		</tr>
	);
	return (
		<Part
			n={4}
			title="Scored"
			note={
				<>
					value = quality − cost ÷ ${b.worth}
					{bonus && ' + rules'}
				</>
			}
		>
			<div class="scroll-x" tabIndex={0} role="region" aria-label="Candidates by value">
				<table class="grid-table scored">
					<thead>
						<tr>
							<td />
							<th>deployment</th>
							<th class="right">quality</th>
							<th class="right">cost term</th>
							{bonus && <th class="right">rules</th>}
							<th colSpan={2} class="right">
								value
							</th>
						</tr>
					</thead>
					<tbody>
						{chain.map((c, i) => row(c, i))}
						{all && others.map((c) => row(c, null))}
					</tbody>
				</table>
			</div>
			{others.length > 0 && (
				<button type="button" class="link" onClick={() => setAll(!all)}>
					{all ? 'Only the chain' : `${plural(others.length, 'more candidate')} with a value`}
				</button>
			)}
			<p class="muted small">
				{lead !== undefined && `Lead over the next ${signed(lead, (v) => ratio(v, 3))} of ${scoredOf(b)} scored. `}
				{loss && `Leaving the warm cache costs the others ${money(Math.max(...chain.map((c) => c.cache_loss ?? 0)))}. `}
				{b.affinity && `The prompt cache of ${r.world?.conversation?.model} is warm. `}
				{b.history_floor && 'The conversation set the floor. '}
				{[...chain, ...others].some((c) => isGuess(c, 'quality')) &&
					'≈ and a hatched bar: nothing public is known of the quality; it is estimated.'}
			</p>
		</Part>
	);
}

function Sent({ r }: { r: Record_ }) {
	const attempts = r.attempts ?? [];
	if (attempts.length === 0) return null;
	const own = (r.reading_us + r.classifying_us + r.deciding_us) / 1000;
	const total = r.took_us / 1000;
	const spans: Span[] = [
		{
			name: 'Routor decides',
			note: `read ${micros(r.reading_us)}, classify ${micros(r.classifying_us)}, decide ${micros(r.deciding_us)}`,
			from: 0,
			to: own,
			tone: 'quiet',
		},
	];
	let at = own;
	attempts.forEach((a, i) => {
		const last = i === attempts.length - 1 && !a.class;
		const from = at;
		const to = last ? total : Math.min(total, at + a.took_us / 1000);
		at += a.took_us / 1000;
		const points = [];
		if (last && r.first_token_us) points.push({ at: r.first_token_us / 1000, name: 'first token: the commit point' });
		const what = a.class
			? `${a.class.replaceAll('_', ' ')}${a.status ? ` (HTTP ${a.status})` : ''}${a.retry_after_us ? `, cools down ${micros(a.retry_after_us)}` : ''}`
			: r.first_token_us
				? `first token after ${micros(r.first_token_us)}`
				: `answered${a.status ? ` (HTTP ${a.status})` : ''}`;
		spans.push({ name: a.deployment, note: what, from, to, tone: a.class ? 'bad' : 'good', points });
	});
	return (
		<Part n={5} title="Sent" note={`${plural(attempts.length, 'attempt')}, ${duration(total)} in all`}>
			<Timeline spans={spans} total={total} label={`Attempts over ${duration(total)}`} />
			{r.outcome !== 'ok' && (
				<State tone="bad">
					{r.outcome.replaceAll('_', ' ')} (HTTP {r.status})
				</State>
			)}
			{attempts.some((a) => a.class) && (
				<p class="muted small">
					The client saw {r.outcome === 'ok' ? 'none of the failures' : 'this failure'}.{' '}
					{attempts.some((a) => a.class && a.sent) && 'A failed attempt may have been billed.'}
				</p>
			)}
		</Part>
	);
}

function Cost({ r, baseline }: { r: Record_; baseline?: string }) {
	const b = r.decision;
	const c = b?.chain?.[0];
	const expected = c?.cost !== undefined ? usd(c.cost - (c.cache_loss ?? 0)) : undefined;
	const saved = r.priced && r.baseline > 0 ? 100 * (1 - r.cost / r.baseline) : undefined;
	const row = (name: string, before: ComponentChildren, after: ComponentChildren) => (
		<tr>
			<th scope="row">{name}</th>
			<td class="right num">{before}</td>
			<td class="right num">{after}</td>
		</tr>
	);
	return (
		<Part
			n={6}
			title="Cost and tokens"
			note={saved === undefined ? undefined : saved >= 0 ? `${percent(saved)} saved` : `${percent(-saved)} more than the baseline`}
		>
			<table class="grid-table costs">
				<thead>
					<tr>
						<td />
						<th class="right">expected</th>
						<th class="right">actual</th>
					</tr>
				</thead>
				<tbody>
					{row(
						'prompt tokens',
						r.facts?.prompt_tokens ? `≈ ${count(Number(r.facts.prompt_tokens))}` : '–',
						r.tokens ? `${count(r.tokens.prompt)}${r.tokens.cached ? ` (${count(r.tokens.cached)} cached)` : ''}` : 'not told',
					)}
					{row(
						'answer tokens',
						c?.output_tokens ? `≈ ${count(c.output_tokens)}` : '–',
						r.tokens ? `${count(r.tokens.completion)}${r.tokens.reasoning ? ` (${count(r.tokens.reasoning)} reasoning)` : ''}` : 'not told',
					)}
					{row('cost', expected === undefined ? '–' : `≈ ${money(expected)}`, r.priced ? money(usd(r.cost)) : 'not told')}
					{(r.baseline > 0 || !!b?.expected_baseline) &&
						row(
							`at the baseline${baseline ? `, ${baseline}` : ''}`,
							b?.expected_baseline ? `≈ ${money(usd(b.expected_baseline))}` : '–',
							r.baseline > 0 ? `≈ ${money(usd(r.baseline))}` : '–',
						)}
				</tbody>
			</table>
			{(r.attempts?.length ?? 0) > 1 && <p class="muted small">The cost is that of all attempts.</p>}
		</Part>
	);
}

function Id({ value, short }: { value: string; short?: number }) {
	return (
		<>
			<code title={value}>{short ? value.slice(0, short) : value}</code>
			<CopyButton text={value} small />
		</>
	);
}

function By({ d, r }: { d: Whole; r: Record_ }) {
	const v = r.versions;
	return (
		<Part n={7} title="By">
			<dl class="pairs ids">
				<dt>request</dt>
				<dd>
					<Id value={r.request_id} />
				</dd>
				{r.id && (
					<>
						<dt>decision</dt>
						<dd>
							<Id value={r.id} />
						</dd>
					</>
				)}
				{v && (
					<>
						<dt>policy</dt>
						<dd>
							<a href="/policy">{r.decision?.policy}</a> <Id value={v.policy} short={12} />
						</dd>
						<dt>catalog</dt>
						<dd>
							<Id value={v.catalog} short={12} />
						</dd>
						{v.classifier && (
							<>
								<dt>classifier</dt>
								<dd>
									<a href="/classifiers">{v.classifier}</a>
								</dd>
							</>
						)}
						<dt>snapshot</dt>
						<dd class="num">{v.snapshot}</dd>
					</>
				)}
				{r.replica && (
					<>
						<dt>replica</dt>
						<dd>{r.replica}</dd>
					</>
				)}
				{d.demo && (
					<>
						<dt>demo</dt>
						<dd>a simulated provider answered</dd>
					</>
				)}
			</dl>
		</Part>
	);
}
