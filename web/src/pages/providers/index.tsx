// Providers: which answer, how fast, what went wrong, and what is missing.
import './providers.css';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { param, setQuery } from '../../app/router';
import { connected, demo, providers } from '../../app/shell-data';
import { Problem, post } from '../../lib/api';
import { ago, clock, count, duration, percent, plural } from '../../lib/format';
import { Button, CopyButton, Page, State, Time } from '../../ui/base';
import { Drawer } from '../../ui/overlay';
import { Blocks, Empty, Failed, Filtered, Stale } from '../../ui/states';
import { type Column, Table } from '../../ui/table';
import { toast } from '../../ui/toast';
import { byClass, cooling, isUnset, type Provider, quickest, rank, stateLook } from './provider';

export const title = 'Providers';

/** Left counts down to a time. */
function Left({ until }: { until?: string }) {
	const [, tick] = useState(0);
	const ms = until ? Date.parse(until) - Date.now() : 0;
	useEffect(() => {
		if (ms <= 0) return;
		const t = setInterval(() => tick((n) => n + 1), 1000);
		return () => clearInterval(t);
	}, [until, ms > 0]);
	if (ms <= 0) return null;
	return (
		<span class="num countdown" title={`Until ${clock(until!)}`}>
			{duration(Math.ceil(ms / 1000) * 1000)}
		</span>
	);
}

function Where({ p }: { p: Provider }) {
	const look = stateLook(p.state, p.usable);
	const c = cooling(p);
	return (
		<span class="where">
			<State tone={look.tone} icon={look.icon}>
				{look.word}
			</State>
			{c && <Left until={c.until} />}
		</span>
	);
}

function Why({ p }: { p: Provider }) {
	if (isUnset(p) && p.env?.length)
		return (
			<span class="unset">
				<span class="muted">set</span> <code>{p.env[0]}</code>
				<CopyButton small text={`export ${p.env[0]}=`} label={`Copy export ${p.env[0]}=`} />
			</span>
		);
	const c = cooling(p);
	return <span title={c?.why || p.detail}>{c?.why || p.detail}</span>;
}

const Ms = ({ v }: { v?: number }) => (v ? <>{duration(v)}</> : <span class="muted">–</span>);

function Errors({ p }: { p: Provider }) {
	const list = byClass(p);
	const all = list.reduce((n, [, k]) => n + k, 0);
	if (all === 0) return <span class="muted">{p.counts && Object.keys(p.counts).length > 0 ? '0' : '–'}</span>;
	const [first, n] = list[0]!;
	return (
		<span class="errors" title={list.map(([name, k]) => `${name}: ${count(k)}`).join('\n')}>
			<b class="num">{count(all)}</b> <span class="muted">{list.length === 1 ? first : `${first} ${count(n)}, …`}</span>
		</span>
	);
}

const columns: Column<Provider>[] = [
	{ key: 'name', head: 'Provider', width: 'minmax(110px, .8fr)', fixed: true, phone: true, cell: (p) => <b class="p-name">{p.name}</b>, sort: (p) => p.name },
	{ key: 'state', head: 'State', width: '168px', phone: true, cell: (p) => <Where p={p} />, sort: rank },
	{ key: 'since', head: 'Since', width: '104px', mono: true, cell: (p) => (p.since ? <Time at={p.since} relative /> : <span class="muted">–</span>), sort: (p) => p.since },
	{ key: 'why', head: 'Why', width: 'minmax(180px, 2fr)', cell: (p) => <Why p={p} /> },
	{ key: 'p50', head: 'p50', width: '82px', right: true, mono: true, cell: (p) => <Ms v={p.p50_ms} />, sort: (p) => p.p50_ms, title: 'To the first text of a stream, or a whole plain answer: half are quicker' },
	{ key: 'p95', head: 'p95', width: '82px', right: true, mono: true, phone: true, cell: (p) => <Ms v={p.p95_ms} />, sort: (p) => p.p95_ms, title: '95 of 100 are quicker' },
	{ key: 'calls', head: 'Calls', width: '72px', right: true, mono: true, cell: (p) => count(Object.values(p.counts ?? {}).reduce((a, b) => a + b, 0)), sort: (p) => Object.values(p.counts ?? {}).reduce((a, b) => a + b, 0) },
	{ key: 'errors', head: 'Errors by class', width: 'minmax(130px, 1fr)', cell: (p) => <Errors p={p} />, sort: (p) => byClass(p).reduce((n, [, k]) => n + k, 0) },
	{ key: 'flight', head: 'In flight', width: '78px', right: true, mono: true, cell: (p) => p.in_flight ?? 0, sort: (p) => p.in_flight },
	{ key: 'key', head: 'Key', width: '112px', mono: true, cell: (p) => (p.keys?.length ? <span title={p.keys.map((k) => `${k.key ?? k.id ?? ''} ${k.state}`).join('\n')}>{p.keys[0]!.key ?? (p.keys[0]!.id ? `#${p.keys[0]!.id.slice(0, 6)}` : '')}{p.keys.length > 1 && <span class="muted"> +{p.keys.length - 1}</span>}</span> : <span class="muted">–</span>) },
];

export default function Providers() {
	const typed = param('q');
	const open = param('provider');
	const [busy, setBusy] = useState(false);
	const [hidden, setHidden] = useState<string[]>([]);
	const list = providers.data.value?.providers as Provider[] | undefined;
	const error = providers.error.value;
	const shown = useMemo(() => (list ?? []).filter((p) => !typed || `${p.id} ${p.name} ${p.state} ${p.detail ?? ''}`.toLowerCase().includes(typed.toLowerCase())), [list, typed]);
	const c = connected.value;
	const check = async () => {
		setBusy(true);
		try {
			providers.set(await post<{ providers: Provider[] }>('/admin/providers/validate'));
			toast('All keys were checked; no tokens were spent');
		} catch (err) {
			toast(err instanceof Problem ? err.message : String(err), { bad: true });
		}
		setBusy(false);
	};
	const ill = (list ?? []).filter((p) => !p.usable && !isUnset(p));
	const fast = quickest(list ?? []);
	const opened = list?.find((p) => p.id === open);
	return (
		<div class="list-page fill">
			<Page
				title={title}
				note={
					list && (
						<>
							{c.usable} of {plural(c.all, 'provider')} can be asked
							{ill.length > 0 ? `; out: ${ill.map((p) => p.name).join(', ')}` : ''}
							{fast && ` · quickest ${fast.name}, p50 ${duration(fast.p50_ms)}`}
							{demo.value && ' · simulated'}
						</>
					)
				}
				tools={<input data-filter class="input small list-filter" type="search" aria-label="Filter providers" placeholder="Name, state, why" value={typed} onInput={(e) => setQuery({ q: e.currentTarget.value })} />}
				action={
					<Button kind="primary" icon="retry" changes busy={busy} onClick={() => void check()}>
						Check again
					</Button>
				}
			>
				{error && list && <Stale since={providers.at.value} why={error.message} retry={() => void providers.reload()} />}
				{!list ? (
					error ? (
						<Failed problem={error} what="The providers can't be shown" still="Requests are routed as before." retry={() => void providers.reload()} />
					) : (
						<Blocks rows={13} height={24} />
					)
				) : list.length === 0 ? (
					<Empty title="No providers">The catalog names none. Routor comes with thirteen: the overlay may have taken them out.</Empty>
				) : shown.length === 0 ? (
					<Filtered filter={`No provider has “${typed}”.`} onClear={() => setQuery({ q: null })} />
				) : (
					<Table
						rows={shown}
						columns={columns}
						id={(p) => p.id}
						label="Providers"
						keys
						selected={open}
						onOpen={(p) => setQuery({ provider: p.id, d: null }, !open)}
						sort={param('sort') || 'state'}
						onSort={(s) => setQuery({ sort: s })}
						hidden={hidden}
						onHidden={setHidden}
					/>
				)}
			</Page>
			{opened && !param('d') && (
				<div class="page-drawer">
					<Drawer title={opened.name} onClose={() => setQuery({ provider: null })} tools={<a class="button quiet small" href={`/traffic?provider=${encodeURIComponent(opened.id)}`}>Its traffic</a>}>
						<Details p={opened} key={opened.id} />
					</Drawer>
				</div>
			)}
		</div>
	);
}

function Details({ p }: { p: Provider }) {
	const errors = byClass(p);
	const calls = Object.values(p.counts ?? {}).reduce((a, b) => a + b, 0);
	const most = Math.max(1, ...errors.map(([, n]) => n));
	return (
		<div class="details">
			<p>
				<Where p={p} /> {p.since && <span class="muted">since {ago(p.since)}</span>}
			</p>
			<Why p={p} />
			<dl class="pairs">
				<dt>Address</dt>
				<dd>
					<code>{p.base_url ?? '–'}</code>
				</dd>
				<dt>Dialect</dt>
				<dd>{p.dialect}</dd>
				<dt>Checked</dt>
				<dd>{p.checked_at ? <Time at={p.checked_at} /> : 'not yet'}</dd>
				<dt>Models</dt>
				<dd>
					<a href={`/models?q=${encodeURIComponent(`${p.id}/`)}`}>{plural(p.models ?? 0, 'model')}</a>
				</dd>
				<dt>Latency</dt>
				<dd class="num">
					p50 {duration(p.p50_ms)} · p95 {duration(p.p95_ms)}
				</dd>
				{p.retry_budget && (
					<>
						<dt>Retries lately</dt>
						<dd class="num">
							{count(p.retry_budget.retries)} of {plural(p.retry_budget.calls, 'call')}
						</dd>
					</>
				)}
			</dl>
			<h3>Calls by outcome since the start</h3>
			{calls === 0 ? (
				<p class="muted">None yet.</p>
			) : (
				<ul class="classes">
					{Object.entries(p.counts ?? {})
						.sort((a, b) => b[1] - a[1])
						.map(([name, n]) => (
							<li key={name}>
								<span class={name === 'ok' ? '' : 'tone-bad'}>{name}</span>
								<i style={{ width: `${(100 * n) / Math.max(most, name === 'ok' ? n : most)}%` }} class={name === 'ok' ? 'ok' : ''} />
								<span class="num">{count(n)}</span>
								<span class="num muted">{percent((100 * n) / calls)}</span>
							</li>
						))}
				</ul>
			)}
			<h3>Keys</h3>
			{p.keys?.length ? (
				<ul class="rows">
					{p.keys.map((k) => {
						const look = stateLook(k.state, k.state === 'healthy');
						return (
							<li key={k.id ?? k.key}>
								<code>{k.key ?? `#${k.id?.slice(0, 6) ?? ''}`}</code>
								<State tone={look.tone} icon={look.icon}>
									{look.word}
								</State>
								<Left until={k.until} />
								<span class="muted">{k.detail}</span>
							</li>
						);
					})}
				</ul>
			) : (
				<p class="muted">
					{p.env?.length ? (
						<>
							None. Set <code>{p.env.join(' or ')}</code> in the environment or in a key file; it is read again without a restart.
						</>
					) : (
						'It takes none.'
					)}
				</p>
			)}
			{!!p.deployments?.length && (
				<>
					<h3>Deployments that were asked</h3>
					<ul class="rows">
						{p.deployments.map((d) => {
							const look = stateLook(d.state, d.state === 'healthy' || d.state === '');
							return (
								<li key={d.deployment}>
									<code class="grow">{d.deployment}</code>
									<State tone={look.tone} icon={look.icon} title={d.why}>
										{look.word}
									</State>
									<Left until={d.until} />
									<span class="num muted">{d.p50_ms ? duration(d.p50_ms) : ''}</span>
								</li>
							);
						})}
					</ul>
				</>
			)}
			{!!p.missing_models?.length && (
				<>
					<h3>In the catalog, and not in its list of models</h3>
					<p class="muted">{p.missing_models.join(', ')}</p>
				</>
			)}
		</div>
	);
}
