import { useState } from 'preact/hooks';
import { money, plural, ratio, signed } from '../../lib/format';
import { ModelName } from '../../ui/base';
import { Icon } from '../../ui/icon';
import { Bar } from '../../ui/marks';
import type { Candidate, Explained } from './shapes';

export interface Fallen {
	why: string;
	by: string;
	list: Candidate[];
}

const order = ['rule', 'profile', 'request', 'adequacy', 'capability', 'health', 'status'];

/** fallen are those that fell out, by why; what a policy can change goes first. */
export function fallen(candidates: readonly Candidate[]): Fallen[] {
	const groups = new Map<string, Fallen>();
	for (const c of candidates) {
		if (!c.out) continue;
		const key = `${c.by}|${c.out}`;
		let g = groups.get(key);
		if (!g) groups.set(key, (g = { why: c.out, by: c.by ?? '', list: [] }));
		g.list.push(c);
	}
	const rank = (by: string) => (order.includes(by) ? order.indexOf(by) : order.length);
	return [...groups.values()].sort((a, b) => rank(a.by) - rank(b.by) || b.list.length - a.list.length);
}

/** standing are those that are in, best value first. */
export const standing = (candidates: readonly Candidate[]): Candidate[] => candidates.filter((c) => !c.out).sort((a, b) => (b.value ?? -1e9) - (a.value ?? -1e9));

const estimate = (c: Candidate, what: string) => (c.estimated?.includes(what) ? '≈' : '');

function Terms({ c, worth }: { c: Candidate; worth?: number }) {
	const spent = worth && c.cost !== undefined && c.cost !== null ? c.cost / worth : undefined;
	return (
		<dl class="terms">
			<div>
				<dt>expected quality</dt>
				<dd class="num">
					{estimate(c, 'quality')}
					{ratio(c.quality, 3)}
				</dd>
			</div>
			<div>
				<dt>
					cost {estimate(c, 'cost')}
					{money(c.cost)} at {money(worth)} a right answer
				</dt>
				<dd class="num">{spent === undefined ? '–' : signed(-spent, (v) => ratio(v, v > 0 && v < 0.0005 ? 5 : 3))}</dd>
			</div>
			{c.because?.map((b) => (
				<div key={b.rule}>
					<dt>{b.rule}</dt>
					<dd class="num">{signed(b.points, (v) => ratio(v, 3))}</dd>
				</div>
			))}
			{!!c.cache_loss && (
				<div>
					<dt>of it: leaving a warm cache</dt>
					<dd class="num">{money(c.cache_loss)}</dd>
				</div>
			)}
			<div class="sum">
				<dt>value{c.output_tokens ? ` · ${c.output_tokens} tokens out` : ''}</dt>
				<dd class="num">{ratio(c.value, 3)}</dd>
			</div>
		</dl>
	);
}

/** Candidates are the value of each that is in, with its terms, and why the others fell out. */
export function Candidates({ of: x }: { of: Explained }) {
	const [open, setOpen] = useState('');
	const [all, setAll] = useState(false);
	const inside = standing(x.candidates);
	const chain = new Map(x.chain.map((c, i) => [c.deployment + (c.effort ?? ''), i]));
	const place = (c: Candidate) => chain.get(c.deployment + (c.effort ?? ''));
	inside.sort((a, b) => (place(a) ?? 99) - (place(b) ?? 99));
	const shown = all ? inside : inside.slice(0, Math.max(6, x.chain.length));
	const most = Math.max(0.01, ...inside.map((c) => c.value ?? 0));
	return (
		<section class="cands">
			<h3>
				{plural(inside.length, 'candidate')} of {x.candidates.length}
				<span class="cands-head">
					<span>value</span>
					<span>≈ quality</span>
					<span>cost</span>
				</span>
			</h3>
			<ul>
				{shown.map((c) => {
					const id = c.deployment + (c.effort ?? '');
					const at = place(c);
					return (
						<li key={id} class={at === 0 ? 'first' : ''}>
							<button type="button" aria-expanded={open === id} onClick={() => setOpen(open === id ? '' : id)} title={at === undefined ? 'Not in the chain' : at === 0 ? 'Used' : c.safety_net || x.chain[at]?.safety_net ? 'Safety net: the strongest, at the end' : `Fallback ${at}`}>
								<span class={`place${at === 0 ? ' used' : at === undefined ? ' none' : ''}`}>{at === undefined ? '' : at + 1}</span>
								<span class="cand-name">
									<ModelName id={c.model} />
									{c.effort && <em>{c.effort}</em>}
									{c.deployment.split('/')[0] !== c.model.split('/')[0] && <em>at {c.provider}</em>}
									{at !== undefined && x.chain[at]?.safety_net && <em>safety net</em>}
								</span>
								<Bar value={Math.max(0, c.value ?? 0)} of={most} estimate={(c.estimated?.length ?? 0) > 0} label={`value ${ratio(c.value)}`} fill={at === 0 ? undefined : 'color-mix(in srgb, var(--accent) 52%, var(--control))'} />
								<span class="num">{ratio(c.value)}</span>
								<span class="num muted">
									{estimate(c, 'quality') || ' '}
									{ratio(c.quality)}
								</span>
								<span class="num muted">{money(c.cost)}</span>
							</button>
							{open === id && <Terms c={c} worth={x.worth} />}
						</li>
					);
				})}
			</ul>
			{inside.length > shown.length && (
				<button type="button" class="link more" onClick={() => setAll(true)}>
					{plural(inside.length - shown.length, 'more candidate')}
				</button>
			)}
			<FellOut groups={fallen(x.candidates)} />
		</section>
	);
}

function FellOut({ groups }: { groups: Fallen[] }) {
	if (groups.length === 0) return null;
	return (
		<div class="fell">
			<h3>Fell out</h3>
			{groups.map((g) => (
				<details key={g.by + g.why}>
					<summary>
						<Icon name="cross" size={12} />
						<span class="fell-why">{g.why}</span>
						<span class="muted">{g.by}</span>
						<span class="num">{g.list.length}</span>
					</summary>
					<p>
						{g.list.slice(0, 60).map((c, i) => (
							<span key={i} class="fell-one">
								<ModelName id={c.model} />
								{c.value !== undefined && c.value !== null && <span class="num muted">{ratio(c.value)}</span>}
							</span>
						))}
					</p>
				</details>
			))}
		</div>
	);
}
