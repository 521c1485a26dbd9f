import { useEffect, useState } from 'preact/hooks';
import { on, want } from '../../app/live';
import { setQuery } from '../../app/router';
import { get, post, type Problem } from '../../lib/api';
import { duration } from '../../lib/format';
import type { DecisionPage, Row } from '../../lib/types';
import { address } from '../../lib/url';
import { Button, CopyButton, Dialog, Field, ModelName, State, Tabs } from '../../ui';
import { limitNames, readLimits, snippets, type KeyCard, type Profile } from './keys';
import type { Limits } from '../../lib/types';

const noLimits: Record<keyof Limits, string> = { requests_per_minute: '', tokens_per_minute: '', usd_per_day: '', usd_per_month: '' };

/** LimitFields are the four limits of a key. */
export function LimitFields({
	typed,
	onChange,
	problem,
}: {
	typed: Record<keyof Limits, string>;
	onChange: (t: Record<keyof Limits, string>) => void;
	problem?: { field: string; text: string };
}) {
	return (
		<div class="pair">
			{(Object.keys(limitNames) as (keyof Limits)[]).map((name) => (
				<Field
					key={name}
					id={`limit-${name}`}
					label={`At most ${limitNames[name]}`}
					problem={problem?.field === name ? problem.text : undefined}
				>
					<input
						id={`limit-${name}`}
						class="input mono"
						inputMode="decimal"
						placeholder="no limit"
						value={typed[name]}
						onInput={(e) => onChange({ ...typed, [name]: e.currentTarget.value })}
					/>
				</Field>
			))}
		</div>
	);
}

/** CreateKey makes a key, and shows its secret this once. */
export function CreateKey({ profiles, onClose, onCreated }: { profiles: Profile[]; onClose: () => void; onCreated: () => void }) {
	const [made, setMade] = useState<KeyCard | null>(null);
	const [form, setForm] = useState({ name: '', team: '', owner: '', profile: 'default', expires: '' });
	const [limits, setLimits] = useState(noLimits);
	const [problem, setProblem] = useState<{ field: string; text: string } | undefined>();
	const [busy, setBusy] = useState(false);
	const set = (name: keyof typeof form) => (e: { currentTarget: { value: string } }) => setForm({ ...form, [name]: e.currentTarget.value });
	const create = async () => {
		if (!form.name.trim()) return setProblem({ field: 'name', text: 'A name, by which lists and rules know the key' });
		const read = readLimits(limits);
		if (read.problem) return setProblem(read.problem);
		setProblem(undefined);
		setBusy(true);
		try {
			const key = await post<KeyCard>('/admin/keys', {
				name: form.name.trim(),
				team: form.team.trim() || undefined,
				owner: form.owner.trim() || undefined,
				profile: form.profile === 'default' ? undefined : form.profile,
				expires: form.expires ? new Date(`${form.expires}T23:59:59`).toISOString() : undefined,
				limits: Object.keys(read.limits!).length > 0 ? read.limits : undefined,
			});
			setMade(key);
			onCreated();
		} catch (err) {
			const p = err as Problem;
			setProblem({ field: p.body.param === 'profile' ? 'profile' : 'all', text: p.message });
		} finally {
			setBusy(false);
		}
	};
	if (made) return <Made made={made} onClose={onClose} />;
	const of = (field: string) => (problem?.field === field ? problem.text : undefined);
	return (
		<Dialog
			title="Create a key"
			onClose={onClose}
			foot={
				<>
					<Button onClick={onClose}>Cancel</Button>
					<Button kind="primary" changes busy={busy} onClick={() => void create()}>
						Create the key
					</Button>
				</>
			}
		>
			<form
				class="form"
				onSubmit={(e) => {
					e.preventDefault();
					void create();
				}}
			>
				<Field id="key-name" label="Name" hint="Rules read it as key.name." problem={of('name')}>
					<input id="key-name" class="input" data-autofocus autocomplete="off" value={form.name} onInput={set('name')} placeholder="web" />
				</Field>
				<div class="pair">
					<Field id="key-team" label="Team">
						<input id="key-team" class="input" autocomplete="off" value={form.team} onInput={set('team')} />
					</Field>
					<Field id="key-owner" label="Owner">
						<input id="key-owner" class="input" autocomplete="off" value={form.owner} onInput={set('owner')} />
					</Field>
					<Field id="key-profile" label="Profile" problem={of('profile')}>
						<select id="key-profile" class="input" value={form.profile} onChange={set('profile')}>
							{profiles.map((p) => (
								<option key={p.name} value={p.name}>
									{p.name}
								</option>
							))}
						</select>
					</Field>
					<Field id="key-expires" label="Expires">
						<input id="key-expires" class="input" type="date" value={form.expires} onInput={set('expires')} />
					</Field>
				</div>
				<LimitFields typed={limits} onChange={setLimits} problem={problem} />
				{of('all') && (
					<p class="problem" role="alert">
						{of('all')}
					</p>
				)}
				<button type="submit" hidden />
			</form>
		</Dialog>
	);
}

/** Made shows a new key's secret with what to do with it, and waits for its first request. */
export function Made({ made, onClose, title = 'The key is made' }: { made: KeyCard; onClose: () => void; title?: string }) {
	const secret = made.secret ?? '';
	const list = snippets(location.origin, secret);
	const [tab, setTab] = useState(list[0]!.name);
	const shown = list.find((s) => s.name === tab)!;
	const first = useFirst(made.id);
	return (
		<Dialog
			title={title}
			wide
			onClose={onClose}
			foot={
				<Button kind="primary" onClick={onClose}>
					I have copied it
				</Button>
			}
		>
			<p>This is the only time that the key is shown. Routor keeps no more of it than a hash.</p>
			<div class="secret">
				<code>{secret}</code>
				<CopyButton text={secret} label="Copy the key">
					Copy
				</CopyButton>
			</div>
			<Tabs tabs={list.map((s) => [s.name, s.name] as const)} value={tab} onChange={setTab} label="How to use it" panel="snippet" />
			<div id="snippet" role="tabpanel" aria-labelledby={`snippet-${tab}`} class="snippet">
				<pre class="code" tabIndex={0}>
					{shown.text}
				</pre>
				<CopyButton text={shown.text} label={`Copy for ${tab}`} />
			</div>
			<p role="status">
				{first ? (
					<State tone="good">
						Its first request: {first.tier} to <ModelName id={first.model} /> in {duration(first.ms)}{' '}
						<button type="button" class="link" onClick={() => setQuery({ new: null, key: null, d: first.id || first.request_id }, true)}>
							Open its story
						</button>
					</State>
				) : (
					<State tone="quiet" icon="clock">
						Waiting for its first request
					</State>
				)}
			</p>
		</Dialog>
	);
}

/** useFirst is the first decision of a key, once there is one. */
function useFirst(key: string): Row | undefined {
	const [row, setRow] = useState<Row | undefined>();
	useEffect(() => {
		if (row) return;
		const stop = [want('decisions'), on<Row>('decision', (r) => r.key === key && setRow(r))];
		const timer = setInterval(async () => {
			const p = await get<DecisionPage>(address('/admin/decisions', { key, limit: 1 })).catch(() => null);
			if (p?.decisions[0]) setRow(p.decisions[0]);
		}, 3000);
		return () => {
			clearInterval(timer);
			for (const s of stop) s();
		};
	}, [!row]);
	return row;
}
