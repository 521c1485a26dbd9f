import { useEffect, useState } from 'preact/hooks';
import { clock } from '../lib/format';
import { Mark, Icon } from '../ui/icon';
import { helpOpen } from './help';
import { heard, liveState } from './live';
import { label } from './keyboard';
import { paletteOpen } from './palette';
import { connected, demo, fleet, rollout, status, version } from './shell-data';
import { nextTheme, theme } from './theme';

/** TopBar says what serves, how it is, and whether what is shown is live. */
export function TopBar() {
	const s = status.data.value;
	const c = connected.value;
	const replicas = fleet.data.value?.replicas ?? [];
	const here = replicas.filter((r) => !r.silent).length;
	const away = fleet.data.value && !fleet.data.value.state.reachable;
	const stage = rollout.data.value?.stage;
	return (
		<header class="top">
			<a class="brand" href="/traffic" aria-label="Routor: Traffic">
				<Mark size={20} />
				<span>routor</span>
			</a>
			<div class="facts">
				<a href="/policy">
					<Icon name="policy" size={14} /> <span class="fact-name">policy</span> <b>{version('policy')}</b>
					{stage && stage !== 'none' && <span class="muted"> · {stage}</span>}
				</a>
				<a href="/classifiers" class="wide-only">
					classifier{' '}
					<b>{version('classifier') === 'built-in' && s?.classifier ? `${s.classifier.version} built-in` : version('classifier')}</b>
					{s?.classifier?.taken_over && <span class="tone-warn"> · stood in for</span>}
				</a>
				<a href="/providers" class={c.all > 0 && c.usable < c.all ? 'tone-warn' : ''}>
					{c.all > 0 && c.usable < c.all && <Icon name="warn" size={13} />}
					{(c.all === 0 || c.usable === c.all) && <Icon name="providers" size={14} />} <span class="fact-name">providers</span>{' '}
					<b>{c.all ? `${c.usable}/${c.all}` : '…'}</b>
				</a>
				<a
					href="/activity?tab=replicas"
					class={`wide-only${away ? ' tone-bad' : here < replicas.length ? ' tone-warn' : ''}`}
					title={away ? 'The shared state is not reached: serving from the last good snapshot' : undefined}
				>
					fleet <b>{replicas.length ? `${here}/${replicas.length}` : '…'}</b>
					{away && ' · state away'}
				</a>
			</div>
			<div class="top-end">
				{demo.value && (
					<span class="demo-badge" title="Simulated providers: nothing leaves this machine, nothing is billed">
						DEMO
					</span>
				)}
				<Live />
				<button
					type="button"
					class="find"
					onClick={() => {
						paletteOpen.value = true;
					}}
					aria-label={`Find anything (${label('mod+k')})`}
					aria-keyshortcuts="Meta+K Control+K"
				>
					<Icon name="search" size={14} />
					<kbd>{label('mod+k')}</kbd>
				</button>
				<button
					type="button"
					class="button quiet only-icon wide-only"
					aria-label="Keys (?)"
					title="Keys (?)"
					onClick={() => {
						helpOpen.value = true;
					}}
				>
					?
				</button>
				<button
					type="button"
					class="button quiet only-icon"
					aria-label={`Theme: ${theme.value}`}
					title={`Theme: ${theme.value}`}
					onClick={nextTheme}
				>
					<Icon name={theme.value === 'system' ? 'half' : theme.value === 'dark' ? 'moon' : 'sun'} />
				</button>
			</div>
		</header>
	);
}

/** Live is whether the stream is open, and since when it says nothing. */
export function Live() {
	const [, tick] = useState(0);
	useEffect(() => {
		const t = setInterval(() => tick((n) => n + 1), 5000);
		return () => clearInterval(t);
	}, []);
	const state = liveState.value;
	const text = {
		off: 'paused',
		connecting: 'connecting',
		live: 'live',
		stale: `stale since ${clock(heard.value)}`,
		cut: heard.value ? `stale since ${clock(heard.value)}` : 'no stream',
	}[state];
	return (
		<span class={`live ${state}`} role="status">
			<i aria-hidden="true" />
			{text}
		</span>
	);
}
