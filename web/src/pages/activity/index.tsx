// Activity: who changed what, what needs eyes, what each replica serves.
import './activity.css';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { gaps, on, want } from '../../app/live';
import { param, setQuery } from '../../app/router';
import { connected, documents, fleet, status } from '../../app/shell-data';
import { get, type Problem } from '../../lib/api';
import { readUnified, tally } from '../../lib/diff';
import { ago, count, plural } from '../../lib/format';
import { useResource } from '../../lib/resource';
import type { AuditEvent, Replica } from '../../lib/types';
import { address } from '../../lib/url';
import { Blocks, Button, Diff, Empty, Failed, Filtered, Page, Panel, Segmented, Shown, State, Tabs, Time } from '../../ui';
import { alertsOf, type Ledger } from './alerts';

export const title = 'Activity';

const kinds = [
	['', 'all'],
	['policy', 'policy'],
	['classifier', 'classifier'],
	['catalog', 'catalog'],
	['profiles', 'profiles'],
	['key', 'keys'],
] as const;

type Tab = 'log' | 'alerts' | 'replicas';

export default function Activity() {
	const tab = (['log', 'alerts', 'replicas'].includes(param('tab')) ? param('tab') : 'log') as Tab;
	const ledger = useResource<Ledger>('/admin/ledger', { every: 15_000 });
	const alerts = useMemo(
		() =>
			alertsOf({
				status: status.data.value,
				documents: documents.data.value,
				fleet: fleet.data.value,
				providers: connected.value.list,
				ledger: ledger.data.value,
			}),
		[status.data.value, documents.data.value, fleet.data.value, connected.value, ledger.data.value],
	);
	return (
		<Page title={title}>
			<Tabs
				tabs={[
					['log', 'Log'],
					['alerts', alerts.length ? `Alerts ${alerts.length}` : 'Alerts'],
					['replicas', `Replicas ${fleet.data.value?.replicas.length ?? ''}`],
				]}
				value={tab}
				onChange={(t) => setQuery({ tab: t === 'log' ? null : t }, true)}
				label="Activity"
				panel="activity-panel"
			/>
			<div id="activity-panel" role="tabpanel" aria-labelledby={`activity-panel-${tab}`}>
				{tab === 'log' && <Log />}
				{tab === 'alerts' &&
					(alerts.length === 0 ? (
						<Empty title="Nothing needs you">
							<p>
								A refused module or policy, a silent replica, a provider that is down, dropped records: each would stand here, with what to
								do.
							</p>
						</Empty>
					) : (
						<ul class="alerts">
							{alerts.map((a, i) => (
								<li key={i} class="panel">
									<State tone={a.tone} icon="warn">
										<b>{a.title}</b>
									</State>
									<p>{a.text}</p>
									<p class="muted">
										{a.since && (
											<>
												since <Time at={a.since} /> ·{' '}
											</>
										)}
										<a href={a.link.href}>{a.link.text}</a>
									</p>
								</li>
							))}
						</ul>
					))}
				{tab === 'replicas' && (
					<Shown of={fleet} what="The replicas">
						{(f) => <Replicas list={f.replicas} self={f.self} where={f.state} />}
					</Shown>
				)}
			</div>
		</Page>
	);
}

const pageSize = 50;

/** useLog is the audit log, newest first, with what happens meanwhile on top. */
function useLog(what: string) {
	const [events, setEvents] = useState<AuditEvent[] | undefined>();
	const [problem, setProblem] = useState<Problem | undefined>();
	const [end, setEnd] = useState(false);
	const load = async (before?: number) => {
		try {
			const r = await get<{ events: AuditEvent[] | null }>(address('/admin/audit', { what, limit: pageSize, before }));
			const list = r.events ?? [];
			setEvents((now) => (before && now ? [...now, ...list] : list));
			setEnd(list.length < pageSize);
			setProblem(undefined);
		} catch (err) {
			setProblem(err as Problem);
		}
	};
	const missed = gaps.value;
	useEffect(() => {
		void load();
		const stop = [
			want('audit'),
			on<AuditEvent>('audit', (e) => {
				if (what && e.what !== what) return;
				setEvents((now) => (now && !now.some((x) => x.seq === e.seq) ? [e, ...now] : now));
			}),
		];
		return () => {
			for (const s of stop) s();
		};
	}, [what, missed]);
	return { events, problem, end, load };
}

function Log() {
	const what = param('what');
	const { events, problem, end, load } = useLog(what);
	return (
		<div class="log">
			<Segmented
				options={kinds as unknown as [string, string][]}
				value={what}
				onChange={(w) => setQuery({ what: w })}
				label="What was changed"
			/>
			{!events ? (
				problem ? (
					<Failed problem={problem} what="The log can't be shown" still="Changes are kept all the same." retry={() => void load()} />
				) : (
					<Blocks rows={8} height={24} />
				)
			) : events.length === 0 ? (
				what ? (
					<Filtered filter={`No change of ${what} is kept`} onClear={() => setQuery({ what: null })} />
				) : (
					<Empty title="Nothing was changed yet">
						<p>Each publish, rollback, key and draft appears here: who, when, with what note, and the lines that differ.</p>
					</Empty>
				)
			) : (
				<>
					<ol class="events">
						{events.map((e) => (
							<Event key={e.seq} e={e} />
						))}
					</ol>
					{!end && <Button onClick={() => void load(events[events.length - 1]?.seq)}>Show older changes</Button>}
				</>
			)}
		</div>
	);
}

const verbs: Record<string, string> = {
	publish: 'published',
	rollback: 'rolled back',
	adopt: 'adopted',
	create: 'made',
	revoke: 'revoked',
	limits: 'changed the limits of',
	rotate: 'rotated',
	save: 'saved',
	remove: 'removed',
};

/** told is a change in words: published policy v12, revoked key web. */
function told(e: AuditEvent): { verb: string; object: string; href?: string } {
	const verb = verbs[e.action.split('.').pop() ?? ''] ?? e.action.replaceAll('.', ' ');
	if (e.what === 'key')
		return {
			verb,
			object: `key ${e.name}`,
			href: e.note?.startsWith('key_') ? `/keys?key=${encodeURIComponent(e.note)}` : '/keys?all=true',
		};
	if (e.what === 'demo') return { verb: 'changed what goes wrong at', object: e.name, href: `/providers?provider=${encodeURIComponent(e.name)}` };
	const page: Record<string, string> = {
		policy: '/policy',
		classifier: '/classifiers',
		catalog: '/models',
		profiles: '/keys?tab=profiles',
		draft: '/policy',
	};
	return { verb, object: `${e.what}${e.version ? ` v${e.version}` : e.name && e.name !== e.what ? ` ${e.name}` : ''}`, href: page[e.what] };
}

function Event({ e }: { e: AuditEvent }) {
	const [open, setOpen] = useState(false);
	const { verb, object, href } = told(e);
	const n = useMemo(() => (e.diff ? tally(readUnified(e.diff)) : null), [e.diff]);
	const note = e.note && !e.note.startsWith('key_') ? e.note : '';
	return (
		<li class="event">
			<div class="event-line">
				<Time at={e.time} />
				<span class="event-what">
					<b>{e.author || 'unknown'}</b> {verb} {href ? <a href={href}>{object}</a> : object}
					{note && <span class="muted">: {note}</span>}
				</span>
				{n && (
					<button type="button" class="event-diff num" aria-expanded={open} onClick={() => setOpen(!open)}>
						<span class="tone-good">+{count(n.plus)}</span> <span class="tone-bad">−{count(n.minus)}</span>
						<span class="sr"> lines: {open ? 'hide' : 'show'} the difference</span>
					</button>
				)}
			</div>
			{open && <Diff unified={e.diff!} />}
		</li>
	);
}

function Replicas({ list, self, where }: { list: Replica[]; self: string; where: { where: string; reachable: boolean; copies?: number } }) {
	const kindsOf = [...new Set(list.flatMap((r) => Object.keys(r.documents)))].sort();
	const newest = (kind: string) => Math.max(...list.filter((r) => !r.silent).map((r) => r.documents[kind]?.seq ?? 0));
	return (
		<Panel
			flush
			title={`${plural(list.filter((r) => !r.silent).length, 'replica')} ${list.length === 1 ? 'serves' : 'serve'}`}
			tools={
				<State tone={where.reachable ? 'good' : 'bad'}>
					state {where.where},{' '}
					{where.reachable ? `reached${where.copies ? `, ${plural(where.copies, 'copy', 'copies')}` : ''}` : 'not reached'}
				</State>
			}
		>
			<div class="scroll-x" tabIndex={0} role="region" aria-label="Replicas">
				<table class="grid-table replicas">
					<thead>
						<tr>
							<th>replica</th>
							<th>state</th>
							<th>program</th>
							<th>up since</th>
							{kindsOf.map((k) => (
								<th key={k}>{k}</th>
							))}
						</tr>
					</thead>
					<tbody>
						{list.map((r) => (
							<tr key={r.name}>
								<th scope="row">
									<code>{r.name}</code> {r.name === self && <span class="muted">this one</span>}
								</th>
								<td>
									{r.leaving ? (
										<State tone="warn">leaving</State>
									) : r.silent ? (
										<State tone="bad">silent, heard {ago(r.heard)}</State>
									) : (
										<State tone="good">serving</State>
									)}
								</td>
								<td class="num">{r.version}</td>
								<td class="num">
									<Time at={r.started} />
								</td>
								{kindsOf.map((k) => {
									const d = r.documents[k];
									const name = d?.version ? `v${d.version}` : 'built-in';
									return (
										<td key={k} title={d?.why}>
											{d?.refused ? (
												<State tone="bad">
													{name}, refused v{d.refused}
												</State>
											) : (d?.seq ?? 0) < newest(k) ? (
												<State tone="warn" icon="clock">
													{name}, behind
												</State>
											) : (
												<span class="num">{name}</span>
											)}
										</td>
									);
								})}
							</tr>
						))}
					</tbody>
				</table>
			</div>
		</Panel>
	);
}
