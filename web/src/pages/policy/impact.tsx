import { count, part, percent, plural, points, signed } from '../../lib/format';
import { Icon } from '../../ui/icon';
import { edits } from './editor-pane';
import { checked, edited, errors, impact, impactPending, impactProblem, live, text, write } from './model';
import type { Figure } from './shapes';

/** change is a figure's change in percent of what it was; undefined = it can't be told. */
export function change(f: Figure): number | undefined {
	if (f.before === null || f.after === null) return undefined;
	if (f.before === 0) return f.after === 0 ? 0 : undefined;
	return (100 * (f.after - f.before)) / f.before;
}

export const estimated = (f: Figure) => (f.estimated > 0 ? '≈ ' : '');

const pct = (v: number) => `${v < 10 && v % 1 !== 0 ? v.toFixed(1) : v.toFixed(0)} %`;

/** Impact says in one line what the draft would do to the latest requests. */
export function Impact({ onOpen }: { onOpen: () => void }) {
	const i = impact.value;
	const r = i?.answer;
	if (!edited.value) return <p class="impact muted">Change the policy, and this line says what that does to the latest requests.</p>;
	if (checked.value && errors.value.length > 0)
		return <p class="impact muted">The impact follows once the draft checks: {plural(errors.value.length, 'error')} left.</p>;
	if (impactProblem.value && !impactPending.value)
		return (
			<p class="impact tone-warn">
				<Icon name="warn" size={14} /> Impact unknown: {impactProblem.value.offline ? 'the server is not reached' : impactProblem.value.message}
			</p>
		);
	if (!r) return <p class="impact muted">{impactPending.value ? 'Deciding the latest requests again …' : 'No impact known yet.'}</p>;
	if (r.replayed === 0)
		return <p class="impact muted">{r.asked === 0 ? 'No requests were recorded yet: send one, and this line says what the draft does to it.' : `None of ${count(r.asked)} recorded requests can be decided again.`}</p>;
	const cost = change(r.cost);
	const quality = r.quality.before !== null && r.quality.after !== null ? r.quality.after - r.quality.before : undefined;
	const tone = (better: boolean, none: boolean) => (none ? '' : better ? 'tone-good' : 'tone-bad');
	const old = i.of !== text.value || impactPending.value;
	return (
		<div class={`impact${old ? ' old' : ''}`} role="status" aria-busy={old}>
			<span class="muted">Impact on {count(r.replayed)} recent requests</span>
			<b class="num">{percent(part(r.moved, r.replayed))} move</b>
			<span>
				cost <b class={`num ${cost === undefined ? '' : tone(cost < 0, Math.abs(cost) < 0.05)}`}>{cost === undefined ? 'unknown' : `${estimated(r.cost)}${signed(cost, pct)}`}</b>
			</span>
			<span>
				quality <b class={`num ${quality === undefined ? '' : tone(quality > 0, Math.abs(quality) < 0.0005)}`}>{quality === undefined ? 'unknown' : `≈ ${points(quality)}`}</b>
			</span>
			<span>
				impossible <b class={`num ${r.impossible > 0 ? 'tone-bad' : ''}`}>{count(r.impossible)}</b>
			</span>
			<button type="button" class="link" onClick={onOpen}>
				See which
			</button>
			<span class="impact-ms num muted" title="From the last key to this line">
				{Math.round(i.ms)} ms
			</span>
		</div>
	);
}

/** Balance is value.balance of the draft as a slider: it edits the text in place. */
export function Balance() {
	const e = edits.value;
	const source = text.value;
	const written = e && source !== undefined ? e.scalarOf(source, ['value', 'balance']) : undefined;
	const value = written !== undefined && Number.isFinite(Number(written)) ? Number(written) : 0.5;
	const was = live.data.value?.balance ?? (e && live.data.value ? Number(e.scalarOf(live.data.value.source, ['value', 'balance']) ?? 0.5) : 0.5);
	return (
		<label class="balance">
			<span class="muted">balance</span>
			<span>cheaper</span>
			<span class="balance-track" style={{ '--was': `${was * 100}%` }}>
				<input
					type="range"
					min="0"
					max="1"
					step="0.01"
					value={value}
					aria-label="Balance between cheaper (0) and best (1)"
					disabled={!e || source === undefined}
					onInput={(x) => {
						if (!e || source === undefined) return;
						const next = String(Math.round(x.currentTarget.valueAsNumber * 100) / 100);
						write(e.apply(source, e.setScalar(source, ['value', 'balance'], next)));
					}}
				/>
			</span>
			<span>best</span>
			<output class="num">{value.toFixed(2)}</output>
			{Math.abs(value - was) > 0.004 && <span class="num muted">was {was.toFixed(2)}</span>}
		</label>
	);
}
