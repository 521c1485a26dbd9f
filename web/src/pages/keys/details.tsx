import { useState } from 'preact/hooks';
import { session, patch, del, post, type Problem } from '../../lib/api';
import { count, money, when } from '../../lib/format';
import { useResource } from '../../lib/resource';
import type { Limits } from '../../lib/types';
import { Button, confirm, CopyButton, Dialog, Shown, State, Time, toast } from '../../ui';
import { LimitFields, Made } from './create';
import { Filled } from './index';
import { limitNames, readLimits, stateOf, type KeyCard, type Profile, type Standing } from './keys';

/** KeyDetails is one key: who it is for, how its limits stand, and what can be done with it. */
export function KeyDetails({ id, onChanged }: { id: string; profiles: Profile[]; onChanged: () => void }) {
	const r = useResource<KeyCard>(`/admin/keys/${encodeURIComponent(id)}`, { every: 5000 });
	const [rotating, setRotating] = useState(false);
	const [made, setMade] = useState<KeyCard | null>(null);
	const revoke = async (k: KeyCard) => {
		const used = k.use?.day.requests ?? 0;
		const yes = await confirm({
			title: `Revoke ${k.name}`,
			text: (
				<p>
					From then on every call with this key is refused, on all replicas, and nothing brings it back. It made <b>{count(used)}</b>{' '}
					{used === 1 ? 'request' : 'requests'} today and spent <b>{money(k.use?.month.usd ?? 0)}</b> this month.
				</p>
			),
			verb: 'Revoke the key',
			danger: true,
			type: k.name,
		});
		if (!yes) return;
		try {
			await del(`/admin/keys/${encodeURIComponent(k.id)}`);
			toast(`${k.name} is revoked`);
		} catch (err) {
			toast((err as Problem).message, { bad: true });
		}
		await r.reload();
		onChanged();
	};
	return (
		<Shown of={r} what="The key" blocks={8}>
			{(k) => {
				const state = stateOf(k);
				return (
					<div class="key-details">
						<div class="key-head">
							<h3>{k.name}</h3>
							<State tone={state === 'active' ? 'good' : state === 'expired' ? 'warn' : 'quiet'}>{state}</State>
						</div>
						<dl class="pairs">
							<dt>id</dt>
							<dd>
								<code>{k.id}</code>
								<CopyButton text={k.id} small />
							</dd>
							<dt>key</dt>
							<dd>
								<code>…{k.last4}</code>
							</dd>
							<dt>team</dt>
							<dd>{k.team || '–'}</dd>
							<dt>owner</dt>
							<dd>{k.owner || '–'}</dd>
							{k.tags && k.tags.length > 0 && (
								<>
									<dt>tags</dt>
									<dd>{k.tags.join(', ')}</dd>
								</>
							)}
							<dt>profile</dt>
							<dd>
								<a href="/keys?tab=profiles">{k.profile || 'default'}</a>
								{k.profiles && k.profiles.length > 0 && <span class="muted"> or {k.profiles.join(', ')} if asked for</span>}
							</dd>
							<dt>created</dt>
							<dd>
								<Time at={k.created} />
							</dd>
							{k.expires && (
								<>
									<dt>expires</dt>
									<dd>
										<Time at={k.expires} />
									</dd>
								</>
							)}
							{k.revoked && (
								<>
									<dt>revoked</dt>
									<dd>
										<Time at={k.revoked} />
									</dd>
								</>
							)}
							<dt>today</dt>
							<dd class="num">
								{count(k.use?.day.requests ?? 0)} requests · {count(k.use?.day.tokens ?? 0)} tokens · {money(k.use?.day.usd ?? 0)}
							</dd>
							<dt>this month</dt>
							<dd class="num">
								{count(k.use?.month.requests ?? 0)} requests · {count(k.use?.month.tokens ?? 0)} tokens · {money(k.use?.month.usd ?? 0)}
							</dd>
						</dl>
						<Limited k={k} onChanged={() => void r.reload().then(onChanged)} />
						<div class="key-actions">
							<a class="button" href={`/traffic?key=${encodeURIComponent(k.id)}`}>
								Its traffic
							</a>
							{state === 'active' && (
								<>
									<Button changes onClick={() => setRotating(true)}>
										Rotate
									</Button>
									<Button kind="danger" changes onClick={() => void revoke(k)}>
										Revoke
									</Button>
								</>
							)}
						</div>
						{rotating && (
							<Rotate
								k={k}
								onClose={() => setRotating(false)}
								onMade={(next) => {
									setRotating(false);
									setMade(next);
									void r.reload();
									onChanged();
								}}
							/>
						)}
						{made && <Made made={made} title="The new key" onClose={() => setMade(null)} />}
					</div>
				);
			}}
		</Shown>
	);
}

const unitOf = (limit: keyof Limits) => (limit.startsWith('usd') ? money : count);

function Limited({ k, onChanged }: { k: KeyCard; onChanged: () => void }) {
	const [editing, setEditing] = useState(false);
	const [typed, setTyped] = useState<Record<keyof Limits, string>>({
		requests_per_minute: '',
		tokens_per_minute: '',
		usd_per_day: '',
		usd_per_month: '',
	});
	const [problem, setProblem] = useState<{ field: string; text: string } | undefined>();
	const [busy, setBusy] = useState(false);
	const begin = () => {
		setTyped(
			Object.fromEntries((Object.keys(limitNames) as (keyof Limits)[]).map((n) => [n, k.limits?.[n] ? String(k.limits[n]) : ''])) as Record<
				keyof Limits,
				string
			>,
		);
		setProblem(undefined);
		setEditing(true);
	};
	const put = async (limits: Limits | null | undefined, done: string, before?: Limits | null) => {
		await patch(`/admin/keys/${encodeURIComponent(k.id)}`, { limits: limits && Object.keys(limits).length > 0 ? limits : null });
		toast(done, before === undefined ? {} : { undo: () => void put(before, 'The limits are as before').then(onChanged) });
		onChanged();
	};
	const save = async () => {
		const read = readLimits(typed);
		if (read.problem) return setProblem(read.problem);
		setBusy(true);
		try {
			await put(read.limits, `The limits of ${k.name} are changed`, k.limits ?? null);
			setEditing(false);
		} catch (err) {
			setProblem({ field: 'all', text: (err as Problem).message });
		} finally {
			setBusy(false);
		}
	};
	const standing = k.standing ?? [];
	return (
		<section class="key-limits">
			<div class="key-head">
				<h3>Limits</h3>
				{!editing && stateOf(k) === 'active' && (
					<Button small changes onClick={begin}>
						Change limits
					</Button>
				)}
			</div>
			{editing ? (
				<form
					class="form"
					onSubmit={(e) => {
						e.preventDefault();
						void save();
					}}
				>
					<LimitFields typed={typed} onChange={setTyped} problem={problem} />
					{problem?.field === 'all' && (
						<p class="problem" role="alert">
							{problem.text}
						</p>
					)}
					<div class="key-actions">
						<Button type="submit" kind="primary" busy={busy} changes>
							Save limits
						</Button>
						<Button onClick={() => setEditing(false)}>Cancel</Button>
					</div>
				</form>
			) : standing.length === 0 ? (
				<p class="muted">None of its own, and none of its profile.</p>
			) : (
				<ul class="standings">
					{standing.map((s: Standing) => (
						<li key={s.limit + s.scope}>
							<span>
								{limitNames[s.limit]}
								{s.scope === 'profile' && <span class="muted"> of profile {s.name}</span>}
							</span>
							<Filled used={s.used} value={s.value} unit={unitOf(s.limit)} of="" />
							<span class="muted small">
								{s.reserved ? `${money(s.reserved)} reserved · ` : ''}
								{s.used > 0 ? `all there again ${when(s.resets)}` : 'unused'}
							</span>
						</li>
					))}
				</ul>
			)}
		</section>
	);
}

/** Rotate makes a second key that is the same in all else; the old one goes on for as long as is said. */
function Rotate({ k, onClose, onMade }: { k: KeyCard; onClose: () => void; onMade: (k: KeyCard) => void }) {
	const [hours, setHours] = useState('24');
	const [problem, setProblem] = useState('');
	const [busy, setBusy] = useState(false);
	const rotate = async () => {
		const h = Number(hours);
		if (!(h >= 0 && h <= 24 * 90)) return setProblem('Between 0 hours and 90 days');
		setBusy(true);
		try {
			onMade(await post<KeyCard>(`/admin/keys/${encodeURIComponent(k.id)}`, { keep: h === 0 ? '0' : `${h}h` }));
		} catch (err) {
			setProblem((err as Problem).message);
			setBusy(false);
		}
	};
	return (
		<Dialog
			title={`Rotate ${k.name}`}
			onClose={onClose}
			foot={
				<>
					<Button onClick={onClose}>Cancel</Button>
					<Button kind="primary" changes busy={busy} onClick={() => void rotate()}>
						Make the new key
					</Button>
				</>
			}
		>
			<p>
				A new key takes over name, profile and limits. The old one, …{k.last4}, works beside it until then, so that callers can be changed
				one by one.
			</p>
			<div class="field">
				<label for="rotate-hours">The old key works for another … hours</label>
				<input
					id="rotate-hours"
					class="input mono"
					inputMode="numeric"
					data-autofocus
					value={hours}
					onInput={(e) => setHours(e.currentTarget.value)}
				/>
				{problem && (
					<p class="problem" role="alert">
						{problem}
					</p>
				)}
			</div>
			<p class="muted">Done as {session.value?.name}; the audit log keeps it.</p>
		</Dialog>
	);
}
