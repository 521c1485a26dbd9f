// Models: what each costs, can and is able to; and the overlay, in which prices and entries are changed.
import '../providers/providers.css';
import './models.css';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { on } from '../../app/live';
import { param, setQuery } from '../../app/router';
import { count, day, perMillion, percent, plural, ratio } from '../../lib/format';
import { useResource } from '../../lib/resource';
import { Button, Chip, CopyButton, ModelName, Page, Segmented, State } from '../../ui/base';
import { Icon } from '../../ui/icon';
import { Bar } from '../../ui/marks';
import { Drawer } from '../../ui/overlay';
import { Blocks, Empty, Failed, Filtered, Stale } from '../../ui/states';
import { type Column, Table } from '../../ui/table';
import { type Catalog, type Line, linesOf, overall, shownAbilities, sourceOf } from './model';
import { EditModel, Overlay } from './overlay';

export const title = 'Models';

const Price = ({ v }: { v?: number | null }) => (v === null || v === undefined ? <span class="muted" title="Unknown">–</span> : <>{perMillion(v)}</>);

const caps: [key: string, name: string, short: string][] = [
	['tools', 'tools', 'tools'],
	['image', 'images', 'img'],
	['pdf', 'PDF', 'pdf'],
	['audio', 'audio', 'aud'],
	['json_schema', 'JSON schema', 'json'],
	['reasoning', 'reasoning', 'think'],
];

function Caps({ line }: { line: Line }) {
	const c = line.model.capabilities ?? {};
	return (
		<span class="caps">
			{caps.map(([key, name, short]) => {
				const v = c[key];
				return (
					<span key={key} class={v === true ? 'yes' : v === false ? 'no' : 'unknown'} title={`${name}: ${v === true ? 'yes' : v === false ? 'no' : 'unknown'}`}>
						{short}
						<span class="sr">{v === true ? ' yes' : v === false ? ' no' : ' unknown'}</span>
					</span>
				);
			})}
		</span>
	);
}

function Abilities({ line }: { line: Line }) {
	const a = line.model.ability;
	const label = shownAbilities.map((k) => `${k} ${a?.[k] === null || a?.[k] === undefined ? 'unknown' : ratio(a[k])}`).join(', ');
	return (
		<span class="ability" role="img" aria-label={label} title={label.replaceAll(', ', '\n')}>
			{shownAbilities.map((k) => {
				const v = a?.[k];
				return <i key={k} class={v === null || v === undefined ? 'unknown' : ''} style={v === null || v === undefined ? undefined : { '--v': String(Math.max(0.06, v)) }} />;
			})}
		</span>
	);
}

const tokensShort = (n: number | null) => (n === null ? <span class="muted">–</span> : count(n));
const statusTone = { active: 'good', preview: 'warn', deprecated: 'warn', retired: 'bad' } as const;

const columns: Column<Line>[] = [
	{
		key: 'model',
		head: 'Model',
		width: 'minmax(200px, 1.3fr)',
		fixed: true,
		phone: true,
		cell: (l) => (
			<span class={`m-name${l.usable ? '' : ' off'}`}>
				<ModelName id={l.model.id} />
				{l.overlaid && <Icon name="columns" size={12} />}
				{l.overlaid && <span class="sr">changed by the overlay</span>}
			</span>
		),
		sort: (l) => l.model.id,
	},
	{ key: 'in', head: 'In', width: '76px', right: true, mono: true, phone: true, cell: (l) => <Price v={l.model.pricing?.input} />, sort: (l) => l.model.pricing?.input ?? undefined, title: 'USD per 1M prompt tokens, at its home' },
	{ key: 'out', head: 'Out', width: '80px', right: true, mono: true, phone: true, cell: (l) => <Price v={l.model.pricing?.output} />, sort: (l) => l.model.pricing?.output ?? undefined, title: 'USD per 1M completion tokens' },
	{ key: 'cached', head: 'Cached', width: '80px', right: true, mono: true, cell: (l) => <Price v={l.model.pricing?.cached_input} />, sort: (l) => l.model.pricing?.cached_input ?? undefined, title: 'USD per 1M prompt tokens from the cache' },
	{ key: 'context', head: 'Context', width: '80px', right: true, mono: true, cell: (l) => tokensShort(l.model.context_window), sort: (l) => l.model.context_window ?? undefined },
	{ key: 'max', head: 'Output', width: '76px', right: true, mono: true, cell: (l) => tokensShort(l.model.max_output_tokens), sort: (l) => l.model.max_output_tokens ?? undefined },
	{ key: 'caps', head: 'Can', width: '216px', cell: (l) => <Caps line={l} /> },
	{ key: 'ability', head: 'Ability', width: '104px', cell: (l) => <Abilities line={l} />, sort: (l) => overall(l.model), title: `Expected quality at average difficulty: ${shownAbilities.join(', ')}; hatched = unknown` },
	{ key: 'at', head: 'Served by', width: 'minmax(100px, .7fr)', cell: (l) => [...new Set(l.deployments.map((d) => d.provider))].join(', '), sort: (l) => l.deployments.length },
	{
		key: 'source',
		head: 'Source',
		width: 'minmax(120px, .8fr)',
		cell: (l) => (
			<span title={l.home?.source}>
				{l.model.verified === false && <Chip tone="warn">unverified</Chip>} {sourceOf(l.home).where}
			</span>
		),
	},
	{ key: 'date', head: 'As of', width: '96px', mono: true, cell: (l) => sourceOf(l.home).date, sort: (l) => sourceOf(l.home).date },
];

export default function Models() {
	const catalog = useResource<Catalog>('/admin/catalog');
	const doc = useResource<{ source?: string; document: { version: number } | null; file: string }>('/admin/documents/catalog');
	const [hidden, setHidden] = useState<string[]>(['max', 'at']);
	const typed = param('q');
	const which = param('show') === 'all' ? 'all' : 'usable';
	const open = param('model');
	const overlay = doc.data.value?.source ?? '';
	useEffect(
		() =>
			on<{ kind: string }>('documents', (d) => {
				if (d.kind === 'catalog') void Promise.all([catalog.reload(), doc.reload()]);
			}),
		[],
	);
	const lines = useMemo(() => (catalog.data.value ? linesOf(catalog.data.value, overlay) : []), [catalog.data.value, overlay]);
	const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
	const shown = lines.filter((l) => {
		if (which === 'usable' && !l.usable && !typed) return false;
		const text = `${l.model.id} ${l.model.name} ${l.model.aliases?.join(' ') ?? ''} ${l.deployments.map((d) => d.id).join(' ')} ${l.model.status ?? ''} ${caps.filter(([k]) => l.model.capabilities?.[k]).map(([, n]) => n).join(' ')}`.toLowerCase();
		return words.every((w) => text.includes(w));
	});
	const opened = lines.find((l) => l.model.id === open || l.deployments.some((d) => d.id === open));
	const reload = () => void Promise.all([catalog.reload(), doc.reload()]);
	return (
		<div class="list-page fill">
			<Page
				title={title}
				note={catalog.data.value && `${count(lines.filter((l) => l.usable).length)} of ${plural(lines.length, 'model')} can be used · prices in USD per 1M tokens · overlay ${doc.data.value?.document ? `v${doc.data.value.document.version}` : 'empty'}`}
				tools={
					<>
						<input data-filter class="input small list-filter" type="search" aria-label="Filter models" placeholder="Name, provider, ability to …" value={typed} onInput={(e) => setQuery({ q: e.currentTarget.value })} />
						<Segmented
							label="Which models"
							options={[
								['usable', 'Usable'],
								['all', 'All'],
							]}
							value={which}
							onChange={(v) => setQuery({ show: v === 'all' ? 'all' : null })}
						/>
					</>
				}
				action={<Button onClick={() => setQuery({ overlay: true, model: null }, true)}>Edit the overlay</Button>}
			>
				{catalog.error.value && catalog.data.value && <Stale since={catalog.at.value} why={catalog.error.value.message} retry={reload} />}
				{!catalog.data.value ? (
					catalog.error.value ? (
						<Failed problem={catalog.error.value} what="The catalog can't be shown" still="Requests are routed as before." retry={reload} />
					) : (
						<Blocks rows={16} height={24} />
					)
				) : shown.length === 0 ? (
					typed ? (
						<Filtered filter={`No model has “${typed}”.`} onClear={() => setQuery({ q: null })} />
					) : (
						<Empty title="No model can be used" action={<Button onClick={() => setQuery({ show: 'all' })}>Show all {lines.length}</Button>}>
							A model can be used once the provider that serves it has a key: see <a href="/providers">Providers</a>.
						</Empty>
					)
				) : (
					<Table
						rows={shown}
						columns={columns}
						id={(l) => l.model.id}
						label="Models"
						keys
						selected={opened?.model.id}
						onOpen={(l) => setQuery({ model: l.model.id, d: null }, !open)}
						sort={param('sort') || 'model'}
						onSort={(s) => setQuery({ sort: s })}
						hidden={hidden}
						onHidden={setHidden}
					/>
				)}
			</Page>
			{opened && !param('d') && !param('overlay') && (
				<div class="page-drawer">
					<Drawer title={<ModelName id={opened.model.id} />} onClose={() => setQuery({ model: null })} tools={<a class="button quiet small" href={`/traffic?model=${encodeURIComponent(opened.model.id)}`}>Its traffic</a>}>
						<Details line={opened} key={opened.model.id} />
					</Drawer>
				</div>
			)}
			{param('overlay') && doc.data.value && <Overlay source={overlay} version={doc.data.value.document?.version ?? 0} file={doc.data.value.file} onClose={() => setQuery({ overlay: null })} onDone={reload} />}
		</div>
	);
}

function Details({ line }: { line: Line }) {
	const m = line.model;
	const [editing, setEditing] = useState(false);
	const tone = statusTone[(m.status ?? 'active') as keyof typeof statusTone] ?? 'quiet';
	return (
		<div class="details">
			<p>
				<State tone={line.usable ? tone : 'quiet'}>{line.usable ? (m.status ?? 'active') : `${m.status ?? 'active'}, no key for it`}</State>
			</p>
			<dl class="pairs">
				<dt>Name</dt>
				<dd>
					{m.name} <CopyButton small text={m.id} label="Copy the id" />
				</dd>
				<dt>Made by</dt>
				<dd>
					{m.owned_by}
					{m.created > 0 && `, ${day(m.created * 1000)}`}
				</dd>
				{!!m.aliases?.length && (
					<>
						<dt>Also called</dt>
						<dd>{m.aliases.join(', ')}</dd>
					</>
				)}
				<dt>Context</dt>
				<dd class="num">
					{m.context_window === null ? 'unknown' : `${count(m.context_window)} tokens`}
					{m.max_output_tokens !== null && `, ${count(m.max_output_tokens)} out`}
				</dd>
				{!!m.reasoning_efforts?.length && (
					<>
						<dt>Efforts</dt>
						<dd>{m.reasoning_efforts.join(', ')}</dd>
					</>
				)}
				<dt>Can</dt>
				<dd>
					<Caps line={line} />
				</dd>
			</dl>
			<h3>
				Expected quality at average difficulty <span class="muted">hatched = unknown</span>
			</h3>
			<ul class="bars">
				{Object.entries(m.ability ?? {}).map(([name, v]) => (
					<li key={name}>
						<span>{name.replace(/_/g, ' ')}</span>
						<Bar value={v} label={`${name} ${v === null ? 'unknown' : percent(v * 100, 0)}`} />
						<span class="num">{v === null ? 'unknown' : ratio(v)}</span>
					</li>
				))}
				{!m.ability && <li class="muted">No benchmark is known: it is counted as middling, and marked as estimated.</li>}
			</ul>
			<h3>Served by</h3>
			<div class="scroll-x">
				<table class="grid-table">
					<thead>
						<tr>
							<th>deployment</th>
							<th class="right">in</th>
							<th class="right">out</th>
							<th class="right">cached</th>
							<th>source</th>
						</tr>
					</thead>
					<tbody>
						{line.deployments.map((d) => (
							<tr key={d.id}>
								<td>
									<code>{d.id}</code>
									{d.home && <span class="muted"> home</span>}
								</td>
								<td class="num right">{perMillion(d.pricing.input)}</td>
								<td class="num right">{perMillion(d.pricing.output)}</td>
								<td class="num right">{perMillion(d.pricing.cached_input)}</td>
								<td class="muted">{d.source}</td>
							</tr>
						))}
					</tbody>
				</table>
			</div>
			{editing ? (
				<EditModel line={line} onClose={() => setEditing(false)} />
			) : (
				<p>
					<Button changes onClick={() => setEditing(true)}>
						Change prices or limits
					</Button>
				</p>
			)}
		</div>
	);
}
