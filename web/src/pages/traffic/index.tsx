// Traffic: how it goes, over time and right now. Each figure opens the requests behind it.
import './traffic.css';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { bind } from '../../app/keyboard';
import { param, query, setQuery } from '../../app/router';
import { counters } from '../../app/shell-data';
import { TimeChart } from '../../charts/time';
import { count, duration, money, part, percent, plural, signed, when } from '../../lib/format';
import { useResource } from '../../lib/resource';
import type { Rollup, Rollups } from '../../lib/types';
import { address, rangeMs, ranges, type Range } from '../../lib/url';
import { Button, Figure, Page, Panel, Segmented, Shown, Spark, depth } from '../../ui';
import { FilterField, FilterChips } from './filter-field';
import { filtersOf } from './filter';
import { useFeed } from './feed';
import { Rows } from './rows';
import { costSeries, finding, formatOf, grid, latencySeries, modelSeries, spanFor, tierSeries, unitOf, views, type View } from './history';

export const title = 'Traffic';

/** usePace is requests a second over the last ten seconds, as the stream counts them. */
function usePace(): number | undefined {
	const last = useRef<{ n: number; s: number }[]>([]);
	const c = counters.value;
	useMemo(() => {
		if (c && c.seconds > 0) last.current = [...last.current, { n: c.total, s: c.seconds }].slice(-10);
	}, [c]);
	const s = last.current.reduce((t, x) => t + x.s, 0);
	return s >= 3 ? last.current.reduce((t, x) => t + x.n, 0) / s : undefined;
}

/** rate is a figure a second, with as many digits as it is sure of. */
const rate = (v: number) => (v < 10 ? v.toFixed(v < 1 ? 2 : 1) : count(Math.round(v)));

function Figures({ r, hours, range }: { r: Rollups; hours: number; range: string }) {
	const t: Rollup = r.total;
	const pace = usePace();
	const g = useMemo(() => grid(r, Date.now() / 1000 - hours * 3600, Date.now() / 1000), [r]);
	const of = (pick: (x: Rollup) => number | null | undefined) => g.at.map((x) => (x ? pick(x) : null));
	const known = Math.max(1 / 60, Math.min(hours, (Date.now() / 1000 - (g.times[0] ?? 0)) / 3600)); // there may be less than the range
	const saved = t.baseline_usd > 0 && t.savings_pct !== undefined ? (t.baseline_usd * t.savings_pct) / 100 : undefined;
	const failedPct = part(t.failed, t.requests);
	const over = `in ${range}`;
	return (
		<div class="figures-box">
			<div class="figures">
				<Figure
					name="Requests"
					value={
						<>
							{rate(pace ?? t.requests / known / 3600)}
							<small>/s</small>
						</>
					}
					note={`${plural(t.requests, 'request')} ${over}`}
				>
					<Spark label="Requests over time" values={g.at.map((x, i) => (x?.requests ?? 0) / g.share(i))} />
				</Figure>
				<Figure
					name="Cost"
					value={
						<>
							{money(t.cost_usd / known)}
							<small>/h</small>
						</>
					}
					note={`${money(t.cost_usd)} ${over}`}
				>
					<Spark label="Cost over time" values={g.at.map((x, i) => (x?.cost_usd ?? 0) / g.share(i))} />
				</Figure>
				<Figure
					name="≈ Saved"
					value={t.savings_pct === undefined ? '–' : percent(t.savings_pct)}
					note={
						saved === undefined
							? 'no baseline known'
							: `${saved >= 0 ? money(saved) : `${money(-saved)} more`} of ${money(t.baseline_usd)} at the baseline`
					}
				>
					<Spark label="Savings over time" values={of((x) => x.savings_pct)} />
				</Figure>
				<Figure
					name="Added by Routor"
					value={
						<>
							{duration(t.added_ms?.p50)} <small>p50</small>
						</>
					}
					note={`p95 ${duration(t.added_ms?.p95)}, p99 ${duration(t.added_ms?.p99)}`}
				>
					<Spark label="Added milliseconds over time, p95" values={of((x) => x.added_ms?.p95)} />
				</Figure>
				<Figure
					name="Failed at the client"
					href="/traffic?failed=true"
					tone={t.failed > 0 ? 'bad' : undefined}
					value={
						<>
							{count(t.failed)} {t.failed > 0 && <small>{percent(failedPct, 2)}</small>}
						</>
					}
					note={t.fallback > 0 ? `${plural(t.fallback, 'failure')} behind it, unseen` : 'nothing fell back'}
				>
					<Spark label="Requests that fell back over time" values={g.at.map((x) => x?.fallback ?? 0)} color="var(--warn)" />
				</Figure>
			</div>
		</div>
	);
}

function History({ r, models, view, from, to }: { r: Rollups; models?: Rollups; view: View; from: number; to: number }) {
	const source = view === 'model' ? models : r;
	const drawn = useMemo(() => {
		if (!source) return null;
		const g = grid(source, from, to);
		const series =
			view === 'tier'
				? tierSeries(g)
				: view === 'model'
					? modelSeries(g, source.total)
					: view === 'cost'
						? costSeries(g)
						: latencySeries(g);
		return { g, series, hours: Math.max(1 / 60, Math.min(to - from, to - (g.times[0] ?? from)) / 3600) };
	}, [source, view]);
	if (!source || !drawn) return <div class="chart-wait" />;
	return (
		<TimeChart
			title={finding(view, source.total, drawn.hours)}
			unit={unitOf[view]}
			times={drawn.g.times}
			series={drawn.series}
			stacked={view === 'tier' || view === 'model'}
			step={view === 'latency' ? undefined : drawn.g.step}
			range={[Math.min(from, drawn.g.times[0] ?? from), to]}
			format={formatOf[view]}
			tools={<Segmented options={views} value={view} onChange={(by) => setQuery({ by: by === 'tier' ? null : by })} label="Chart by" />}
			table={param('table') === 'true'}
			onTable={(table) => setQuery({ table })}
			onSelect={(a, b) =>
				setQuery(
					{
						from: new Date(Math.floor(a) * 1000).toISOString().replace('.000', ''),
						to: new Date(Math.ceil(b) * 1000).toISOString().replace('.000', ''),
					},
					true,
				)
			}
		/>
	);
}

export default function Traffic() {
	const filters = filtersOf(query.value);
	const range = ((ranges as readonly string[]).includes(param('range')) ? param('range') : '24h') as Range;
	const view = ((views as readonly string[]).includes(param('by')) ? param('by') : 'tier') as View;
	const to = filters.to ? Date.parse(filters.to) / 1000 : Date.now() / 1000;
	const from = filters.from ? Date.parse(filters.from) / 1000 : to - rangeMs(range) / 1000;
	const span = spanFor((to - from) * 1000);
	const within = filters.from || filters.to ? { from: filters.from, to: filters.to } : { since: range };
	const every = span === 'minute' ? 10_000 : 60_000;
	const rollups = useResource<Rollups>(address('/admin/rollups', { span, by: 'tier', ...within }), { every, keep: true });
	const models = useResource<Rollups>(view === 'model' ? address('/admin/rollups', { span, by: 'model', top: 5, ...within }) : null, {
		every,
		keep: true,
	});
	const feed = useFeed(filters, range);
	const [paused, setPaused] = useState(false);
	const hours = (to - from) / 3600;
	const name = filters.from || filters.to ? `${when(from * 1000)} – ${when(to * 1000)}` : range;
	useEffect(
		() =>
			bind({
				keys: 'Space',
				what: 'Pause or go on with the live list',
				group: 'Lists',
				run: () => (depth.value > 0 ? false : setPaused((p) => !p)),
			}),
		[],
	);
	const c = counters.value;
	return (
		<div class="traffic fill">
			<Page
				title={title}
				tools={
					<>
						<Segmented
							options={ranges}
							value={(filters.from || filters.to ? '' : range) as Range}
							onChange={(r) => setQuery({ range: r, from: null, to: null })}
							label="Range"
						/>
						<FilterField feed={feed} />
					</>
				}
				action={
					<>
						<a
							class="button quiet"
							download
							href={address('/admin/decisions/export', { format: 'csv', ...filters, ...within })}
							title="All decisions of this range and filter, as CSV"
						>
							Export
						</a>
						<Button icon={paused ? 'play' : 'pause'} pressed={paused} onClick={() => setPaused(!paused)} title="Space">
							{paused ? 'Go on' : 'Pause'}
						</Button>
					</>
				}
			>
				<Shown of={rollups} what="The figures" blocks={4} height={28} still="The list below is asked for on its own.">
					{(r) => (
						<>
							<Figures r={r} hours={hours} range={name} />
							<Panel>
								<History r={r} models={models.data.value} view={view} from={from} to={to} />
							</Panel>
						</>
					)}
				</Shown>
				<div class="traffic-list">
					<FilterChips filters={filters} />
					{c && c.matched > c.shown && c.shown > 0 && (
						<p class="muted sampled" role="status">
							showing {count(c.shown)} of {signed(c.matched / Math.max(c.seconds, 0.001), (v) => count(Math.round(v))).slice(1)}/s
						</p>
					)}
					<Rows feed={feed} filters={filters} paused={paused} />
				</div>
			</Page>
		</div>
	);
}
