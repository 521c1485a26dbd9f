// Keys and profiles: who may call, what for, and how much of it is used.
import './keys.css';
import { useMemo, useState } from 'preact/hooks';
import { go, param, setQuery } from '../../app/router';
import { count, money, percent, plural } from '../../lib/format';
import { useResource } from '../../lib/resource';
import type { Key, Limits } from '../../lib/types';
import {
	Bar,
	Blocks,
	Button,
	Command,
	Drawer,
	Empty,
	Failed,
	Filtered,
	Page,
	Panel,
	Shown,
	Stale,
	State,
	Table,
	Tabs,
	Time,
	type Column,
} from '../../ui';
import { CreateKey } from './create';
import { KeyDetails } from './details';
import { fullest, limitNames, stateOf, type Profile, type Usage, type UsageCard } from './keys';

export const title = 'Keys';

interface Line {
	key: Key;
	usage?: UsageCard;
	state: 'active' | 'expired' | 'revoked';
}

const tones = { active: 'good', expired: 'warn', revoked: 'quiet' } as const;

/** Filled is how much of a limit is used. */
export function Filled({ used, value, unit, of }: { used: number; value: number; unit: (v: number) => string; of: string }) {
	const share = value > 0 ? used / value : 0;
	return (
		<span class="filled" title={`${unit(used)} of ${unit(value)} ${of}`}>
			<Bar value={share} fill={share >= 1 ? 'var(--bad)' : share >= 0.8 ? 'var(--warn)' : undefined} />
			<span class="num">
				{unit(used)}{' '}
				<span class="muted">
					of {unit(value)} {of}
				</span>
			</span>
		</span>
	);
}

const columns: Column<Line>[] = [
	{
		key: 'name',
		head: 'Name',
		width: 'minmax(120px, 1fr)',
		fixed: true,
		phone: true,
		cell: (l) => <b class="key-name">{l.key.name || l.key.id}</b>,
		sort: (l) => l.key.name,
	},
	{
		key: 'state',
		head: 'State',
		width: '104px',
		phone: true,
		cell: (l) => <State tone={tones[l.state]}>{l.state}</State>,
		sort: (l) => l.state,
	},
	{ key: 'secret', head: 'Key', width: '100px', mono: true, cell: (l) => (l.key.last4 ? `…${l.key.last4}` : '') },
	{
		key: 'team',
		head: 'Team',
		width: 'minmax(80px, .6fr)',
		cell: (l) => l.key.team ?? <span class="muted">–</span>,
		sort: (l) => l.key.team,
	},
	{
		key: 'owner',
		head: 'Owner',
		width: 'minmax(100px, .8fr)',
		cell: (l) => l.key.owner ?? <span class="muted">–</span>,
		sort: (l) => l.key.owner,
	},
	{
		key: 'profile',
		head: 'Profile',
		width: 'minmax(80px, .6fr)',
		cell: (l) => l.key.profile || 'default',
		sort: (l) => l.key.profile || 'default',
	},
	{
		key: 'requests',
		head: 'Requests today',
		width: '128px',
		right: true,
		mono: true,
		cell: (l) => count(l.usage?.use.day.requests ?? 0),
		sort: (l) => l.usage?.use.day.requests ?? 0,
	},
	{
		key: 'spent',
		head: 'Spent this month',
		width: '152px',
		right: true,
		mono: true,
		phone: true,
		cell: (l) => money(l.usage?.use.month.usd ?? 0),
		sort: (l) => l.usage?.use.month.usd ?? 0,
	},
	{
		key: 'limit',
		head: 'Budget used',
		width: 'minmax(270px, 1.2fr)',
		cell: (l) => {
			const f = fullest(l.key.limits, l.usage?.use);
			return f ? <Filled used={f.used} value={f.value} unit={money} of={`a ${f.text}`} /> : <span class="muted">no budget</span>;
		},
		sort: (l) => fullest(l.key.limits, l.usage?.use)?.share,
	},
	{
		key: 'expires',
		head: 'Expires',
		width: '140px',
		mono: true,
		cell: (l) => (l.key.expires ? <Time at={l.key.expires} /> : <span class="muted">never</span>),
		sort: (l) => l.key.expires,
	},
];

export default function Keys() {
	const tab = param('tab') === 'profiles' ? 'profiles' : 'keys';
	const typed = param('q');
	const list = useResource<{ keys: Key[] }>('/admin/keys', { every: 15_000 });
	const usage = useResource<Usage>('/admin/usage?limit=100000', { every: 15_000 });
	const profiles = useResource<{ profiles: Profile[] }>('/admin/profiles');
	const [hidden, setHidden] = useState<string[]>(['owner']);
	const showAll = param('all') === 'true';
	const lines = useMemo(() => {
		const used = new Map(usage.data.value?.keys.map((u) => [u.id, u]));
		return (list.data.value?.keys ?? [])
			.filter((k) => !k.admin)
			.map((key): Line => ({ key, usage: used.get(key.id), state: stateOf(key) }));
	}, [list.data.value, usage.data.value]);
	const shown = lines.filter((l) => {
		if (!showAll && l.state !== 'active') return false;
		if (!typed) return true;
		return [l.key.name, l.key.id, l.key.team, l.key.owner, l.key.profile, ...(l.key.tags ?? [])].some((t) =>
			t?.toLowerCase().includes(typed.toLowerCase()),
		);
	});
	const inactive = lines.filter((l) => l.state !== 'active').length;
	const open = param('key');
	return (
		<div class="keys-page fill">
			<Page
				title={title}
				tools={
					tab === 'keys' && (
						<>
							<input
								data-filter
								class="input small keys-filter"
								type="search"
								aria-label="Filter keys"
								placeholder="Name, team, owner, profile"
								value={typed}
								onInput={(e) => setQuery({ q: e.currentTarget.value })}
							/>
							{inactive > 0 && (
								<Button kind="quiet" pressed={showAll} onClick={() => setQuery({ all: !showAll })}>
									{`Show ${count(inactive)} revoked or expired`}
								</Button>
							)}
						</>
					)
				}
				action={
					<Button kind="primary" icon="plus" changes onClick={() => setQuery({ new: true }, true)}>
						Create a key
					</Button>
				}
			>
				<Tabs
					tabs={[
						['keys', `Keys ${list.data.value ? count(lines.filter((l) => l.state === 'active').length) : ''}`],
						['profiles', `Profiles ${profiles.data.value ? count(profiles.data.value.profiles.length) : ''}`],
					]}
					value={tab}
					onChange={(t) => setQuery({ tab: t === 'keys' ? null : t }, true)}
					label="Keys and profiles"
					panel="keys-panel"
				/>
				<div id="keys-panel" role="tabpanel" aria-labelledby={`keys-panel-${tab}`} class="keys-panel">
					{tab === 'keys' ? (
						!list.data.value ? (
							list.error.value ? (
								<Failed
									problem={list.error.value}
									what="The keys can't be shown"
									still="Callers with keys are served as before."
									retry={() => void list.reload()}
								/>
							) : (
								<Blocks rows={6} height={24} />
							)
						) : lines.length === 0 ? (
							<Empty
								title="No keys yet: anybody who reaches this server may call it"
								action={
									<Button kind="primary" changes onClick={() => setQuery({ new: true }, true)}>
										Create the first key
									</Button>
								}
							>
								<p>
									A key says who calls, under which profile, and how much they may use. From the first one on, a call without a key is
									refused. Or by command:
								</p>
								<Command>routor key add --name web --team product</Command>
							</Empty>
						) : shown.length === 0 ? (
							typed ? (
								<Filtered filter={`No key has “${typed}” in its name, team, owner or profile`} onClear={() => setQuery({ q: null })} />
							) : (
								<Empty title="No active key">Every key is revoked or expired: calls with them are refused.</Empty>
							)
						) : (
							<>
								{(list.error.value || usage.error.value) && (
									<Stale
										since={list.at.value}
										why={(list.error.value ?? usage.error.value)?.message}
										retry={() => void Promise.all([list.reload(), usage.reload()])}
									/>
								)}
								<Table
									rows={shown}
									columns={columns}
									id={(l) => l.key.id}
									label="Keys"
									keys
									selected={open}
									onOpen={(l) => setQuery({ key: l.key.id, d: null }, !open)}
									sort={param('sort') || '-spent'}
									onSort={(s) => setQuery({ sort: s })}
									hidden={hidden}
									onHidden={setHidden}
								/>
							</>
						)
					) : (
						<Shown of={profiles} what="The profiles">
							{(p) => (
								<div class="profiles">
									{p.profiles.map((x) => (
										<ProfileCard
											key={x.name}
											p={x}
											usage={usage.data.value?.profiles.find((u) => u.name === x.name)}
											keys={lines.filter((l) => (l.key.profile || 'default') === x.name && l.state === 'active').length}
										/>
									))}
									<p class="muted">
										Profiles are a document with a history, as the policy is: <code>routor documents publish profiles FILE</code>, or the
										file that <code>profiles:</code> in routor.yaml names.
									</p>
								</div>
							)}
						</Shown>
					)}
				</div>
			</Page>
			{open && !param('d') && (
				<KeyDrawer
					id={open}
					profiles={profiles.data.value?.profiles ?? []}
					onChanged={() => void Promise.all([list.reload(), usage.reload()])}
				/>
			)}
			{param('new') === 'true' && (
				<CreateKey
					profiles={profiles.data.value?.profiles ?? []}
					onClose={() => setQuery({ new: null })}
					onCreated={() => void list.reload()}
				/>
			)}
		</div>
	);
}

function KeyDrawer({ id, profiles, onChanged }: { id: string; profiles: Profile[]; onChanged: () => void }) {
	return (
		<div class="page-drawer">
			<Drawer title="Key" onClose={() => setQuery({ key: null })}>
				<KeyDetails id={id} key={id} profiles={profiles} onChanged={onChanged} />
			</Drawer>
		</div>
	);
}

const bounds = (p: Profile): [string, string][] => {
	const out: [string, string][] = [];
	const add = (name: string, value: unknown) => {
		if (value !== undefined && value !== null && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0))
			out.push([name, Array.isArray(value) ? value.join(', ') : value === true ? 'yes' : String(value)]);
	};
	add('tier floor', p.floor);
	add('tier ceiling', p.ceiling);
	if (p.max_cost !== undefined) add('most a request', money(p.max_cost));
	if (p.bfcl_min !== undefined) add('tool accuracy from', percent(p.bfcl_min * 100, 0));
	if (p.balance !== undefined) add('balance', `${p.balance} (0 cheapest, 1 best)`);
	add('models', p.allow);
	add('never', p.never);
	add('routed as', p.override_model);
	add('prompts kept', p.prompts);
	for (const name of ['strict', 'continue', 'no_tools', 'no_images'] as const) add(name.replace('_', ' '), p[name]);
	return out;
};

function ProfileCard({ p, usage, keys }: { p: Profile; usage?: UsageCard; keys: number }) {
	const list = bounds(p);
	const limits = Object.entries(p.limits ?? {}) as [keyof Limits, number][];
	return (
		<Panel
			title={p.name}
			tools={
				<>
					<button type="button" class="link" onClick={() => go(`/keys?q=${encodeURIComponent(p.name)}`)}>
						{plural(keys, 'key')}
					</button>
					<a href={`/traffic?profile=${encodeURIComponent(p.name)}`}>its traffic</a>
				</>
			}
		>
			<dl class="pairs">
				{list.map(([name, value]) => (
					<>
						<dt>{name}</dt>
						<dd>{value}</dd>
					</>
				))}
				<dt>used</dt>
				<dd class="num">
					{count(usage?.use.day.requests ?? 0)} requests, {money(usage?.use.day.usd ?? 0)} today · {money(usage?.use.month.usd ?? 0)} this
					month
				</dd>
				{limits.map(([name, value]) => (
					<>
						<dt>{limitNames[name]}</dt>
						<dd>
							{name === 'usd_per_day' ? (
								<Filled used={usage?.use.day.usd ?? 0} value={value} unit={money} of="a day" />
							) : name === 'usd_per_month' ? (
								<Filled used={usage?.use.month.usd ?? 0} value={value} unit={money} of="a month" />
							) : (
								count(value)
							)}
						</dd>
					</>
				))}
			</dl>
			{list.length === 0 && limits.length === 0 && (
				<p class="muted">Bounds nothing: its keys may use every model that the policy chooses.</p>
			)}
		</Panel>
	);
}
