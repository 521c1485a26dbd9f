import { useEffect, useState } from 'preact/hooks';
import { on } from '../../app/live';
import { param, setQuery } from '../../app/router';
import { duration, money, percent, plural, count } from '../../lib/format';
import type { Row } from '../../lib/types';
import {
	Blocks,
	Button,
	ChainGlyph,
	Command,
	Empty,
	Failed,
	Filtered,
	ModelName,
	Stale,
	State,
	Table,
	TierName,
	Time,
	type Column,
} from '../../ui';
import { rowId, type Feed } from './feed';
import { tell, type Filters } from './filter';

const columns: Column<Row>[] = [
	{
		key: 'time',
		head: 'Time',
		width: '96px',
		mono: true,
		fixed: true,
		phone: true,
		cell: (r) => <Time at={r.time} />,
		sort: (r) => r.time,
	},
	{
		key: 'prompt',
		head: 'Prompt',
		width: 'minmax(160px, 1.6fr)',
		cell: (r) => (r.prompt ? <span title={r.prompt}>{r.prompt}</span> : <span class="muted">not kept</span>),
	},
	{
		key: 'category',
		head: 'Category',
		width: 'minmax(100px, 130px)',
		cell: (r) => r.category ?? <span class="muted">–</span>,
		sort: (r) => r.category,
	},
	{ key: 'tier', head: 'Tier', width: '112px', phone: true, cell: (r) => <TierName tier={r.tier} /> },
	{
		key: 'model',
		head: 'Model',
		width: 'minmax(150px, 1.3fr)',
		phone: true,
		cell: (r) =>
			r.outcome === 'ok' ? (
				<ModelName id={r.model} />
			) : (
				<State
					tone={r.status >= 500 || r.status === 429 ? 'bad' : 'warn'}
					title={`HTTP ${r.status}${r.model ? `, asked first: ${r.model}` : ''}`}
				>
					{r.outcome.replaceAll('_', ' ')}
				</State>
			),
		sort: (r) => r.model,
	},
	{ key: 'chain', head: 'Chain', width: '92px', cell: (r) => (r.chain ? <ChainGlyph chain={r.chain} /> : <span class="muted">–</span>) },
	{
		key: 'cost',
		head: 'Cost',
		width: '108px',
		right: true,
		mono: true,
		phone: true,
		cell: (r) => money(r.cost_usd),
		sort: (r) => r.cost_usd,
	},
	{
		key: 'saved',
		head: 'Saved',
		width: '80px',
		right: true,
		mono: true,
		cell: (r) => percent(r.savings_pct, 0),
		sort: (r) => r.savings_pct,
	},
	{
		key: 'tokens',
		head: 'Tokens',
		width: '110px',
		right: true,
		mono: true,
		cell: (r) => `${count(r.prompt_tokens)} → ${count(r.completion_tokens)}`,
		sort: (r) => (r.prompt_tokens ?? 0) + (r.completion_tokens ?? 0),
	},
	{
		key: 'added',
		head: 'Added',
		width: '84px',
		right: true,
		mono: true,
		cell: (r) => duration((r.routing_us ?? Number.NaN) / 1000),
		sort: (r) => r.routing_us,
	},
	{ key: 'ms', head: 'Total', width: '84px', right: true, mono: true, cell: (r) => duration(r.ms), sort: (r) => r.ms },
	{
		key: 'key',
		head: 'Key',
		width: 'minmax(80px, 130px)',
		cell: (r) => r.key_name ?? r.key ?? <span class="muted">none</span>,
		sort: (r) => r.key_name,
	},
	{ key: 'profile', head: 'Profile', width: '110px', cell: (r) => r.profile ?? '' },
	{ key: 'dialect', head: 'Dialect', width: '100px', cell: (r) => `${r.dialect ?? ''}${r.stream ? ' stream' : ''}` },
	{ key: 'replica', head: 'Replica', width: '110px', cell: (r) => r.replica ?? '' },
];
const usuallyHidden = ['saved', 'tokens', 'added', 'profile', 'dialect', 'replica'];

const kept = 'routor.traffic.hidden';
const hiddenAtFirst = (): string[] => {
	try {
		return JSON.parse(localStorage.getItem(kept) ?? 'null') ?? usuallyHidden;
	} catch {
		return usuallyHidden;
	}
};

/** Rows is the live list. Scrolled, with a decision open or paused, it stands still and counts what is new. */
export function Rows({ feed, filters, paused }: { feed: Feed; filters: Filters; paused: boolean }) {
	const [scrolled, setScrolled] = useState(false);
	const [hidden, setHidden] = useState(hiddenAtFirst);
	const open = param('d');
	const sort = param('sort');
	const hold = paused || scrolled || !!open || !!sort;
	useEffect(() => feed.hold(hold), [hold, feed]);
	const [first, setFirst] = useState(true);
	useEffect(() => on('decision', () => setFirst(false)), []);
	const rows = feed.rows.value;
	const error = feed.error.value;
	if (!feed.loaded.value)
		return error ? (
			<Failed problem={error} what="The list can't be shown" still="Requests are routed as before." retry={() => void feed.load()} />
		) : (
			<Blocks rows={9} height={24} label="Loading the list" />
		);
	if (rows.length === 0 && Object.keys(filters).length > 0)
		return <Filtered filter={tell(filters)} onClear={() => setQuery(Object.fromEntries(Object.keys(filters).map((n) => [n, null])))} />;
	if (rows.length === 0 && first)
		return (
			<Empty title="No request yet in this time">
				<p>Each request appears here as it is answered: what it was, which model took it, what it cost. Send one:</p>
				<Command>{`curl ${location.origin}/v1/chat/completions -H "Content-Type: application/json" -d '{"model": "auto", "messages": [{"role": "user", "content": "hi"}]}'`}</Command>
			</Empty>
		);
	const waiting = feed.waiting.value;
	return (
		<>
			{error && <Stale since={Date.now()} why={error.message} retry={() => void feed.load()} />}
			<Table
				rows={rows}
				columns={columns}
				id={rowId}
				label="Decisions, newest first"
				keys
				height="100%"
				selected={rows.find((r) => r.id === open || r.request_id === open)?.request_id}
				onOpen={(r) => setQuery({ d: r.id || r.request_id }, !open)}
				sort={sort}
				onSort={(s) => setQuery({ sort: s })}
				hidden={hidden}
				onHidden={(list) => {
					setHidden(list);
					try {
						localStorage.setItem(kept, JSON.stringify(list));
					} catch {
						// A browser that keeps nothing shows the usual columns next time.
					}
				}}
				onScrolled={(top) => setScrolled(top > 8)}
				onEnd={() => void feed.more()}
				overlay={
					waiting > 0 && (
						<div class="table-new">
							<Button
								kind="primary"
								small
								icon="up"
								onClick={() => {
									document.querySelector('.traffic-list .table-scroll')?.scrollTo({ top: 0 });
									setScrolled(false);
									if (sort) setQuery({ sort: null });
									feed.hold(false);
									feed.hold(hold && !scrolled && !sort);
								}}
							>
								{plural(waiting, 'new', 'new')}
							</Button>
						</div>
					)
				}
				end={
					<p class="table-end muted">
						{feed.end.value
							? `${plural(rows.length, 'decision')}: all there are in this time`
							: feed.loading.value
								? 'Loading older ones'
								: ''}
					</p>
				}
			/>
		</>
	);
}
