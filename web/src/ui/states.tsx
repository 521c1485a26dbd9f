// The states of a part that is not simply there: loading, empty, filtered to nothing, failed, stale, offline, in conflict.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { online, type Problem } from '../lib/api';
import { clock, duration } from '../lib/format';
import type { Resource } from '../lib/resource';
import { Button, CopyButton } from './base';
import { Icon } from './icon';

/** Late shows its children once 150 ms have passed, so that what is quick does not flicker. */
export function Late({ children, ms = 150 }: { children: ComponentChildren; ms?: number }) {
	const [shown, setShown] = useState(false);
	useEffect(() => {
		const t = setTimeout(() => setShown(true), ms);
		return () => clearTimeout(t);
	}, []);
	return shown ? <>{children}</> : null;
}

/** Blocks are grey blocks of the size of what will stand there. */
export function Blocks({ rows = 6, height = 20, label = 'Loading' }: { rows?: number; height?: number; label?: string }) {
	return (
		<div class="blocks" role="status" aria-label={label}>
			<Late>
				{Array.from({ length: rows }, (_, i) => (
					<div key={i} class="block" style={{ height: `${height}px`, width: `${96 - ((i * 37) % 40)}%` }} />
				))}
			</Late>
		</div>
	);
}

/** Empty says what will appear here, and the one thing that makes it appear. */
export function Empty({ title, children, action }: { title: string; children?: ComponentChildren; action?: ComponentChildren }) {
	return (
		<div class="empty">
			<p class="empty-title">{title}</p>
			{children && <div class="empty-text">{children}</div>}
			{action}
		</div>
	);
}

/** Filtered is a list that a filter has emptied. */
export const Filtered = ({ filter, onClear }: { filter: string; onClear: () => void }) => (
	<Empty title="Nothing matches" action={<Button onClick={onClear}>Clear the filter</Button>}>
		{filter}
	</Empty>
);

/** Command is a command line to copy. */
export function Command({ children }: { children: string }) {
	return (
		<span class="command">
			<code>{children}</code>
			<CopyButton text={children} small />
		</span>
	);
}

/** Failed says what failed, what still works, what to do. */
export function Failed({ problem, what, still, retry }: { problem: Problem; what: string; still?: ComponentChildren; retry?: () => void }) {
	return (
		<div class="failed" role="alert">
			<Icon name="warn" />
			<div>
				<p class="failed-title">{problem.offline ? `${what}: the server was not reached` : what}</p>
				{!problem.offline && <p>{problem.message}</p>}
				{still && <p class="muted">{still}</p>}
				{problem.request && (
					<p class="muted">
						Request <code>{problem.request}</code>
						<CopyButton text={problem.request} label="Copy the request id" small />
					</p>
				)}
			</div>
			{retry && (
				<Button icon="retry" onClick={retry}>
					Retry
				</Button>
			)}
		</div>
	);
}

/** Shown is a resource in whichever state it is: its children once there is data, dimmed while that is older than a failure. */
export function Shown<T>({
	of,
	what,
	blocks = 6,
	height,
	still,
	children,
}: {
	of: Resource<T>;
	what: string;
	blocks?: number;
	height?: number;
	still?: ComponentChildren;
	children: (data: T) => ComponentChildren;
}) {
	const data = of.data.value;
	const error = of.error.value;
	if (data === undefined)
		return error ? (
			<Failed problem={error} what={`${what} can't be shown`} still={still} retry={() => void of.reload()} />
		) : (
			<Blocks rows={blocks} height={height} label={`Loading ${what}`} />
		);
	return (
		<>
			{error && (
				<Stale since={of.at.value} why={error.offline ? 'the server is not reached' : error.message} retry={() => void of.reload()} />
			)}
			<div class={error ? 'dimmed' : undefined}>{children(data)}</div>
		</>
	);
}

/** Stale says how old what is shown is. */
export function Stale({ since, why, retry }: { since: number; why?: string; retry?: () => void }) {
	return (
		<div class="stale" role="status">
			<Icon name="clock" size={14} />
			<span>
				stale since {clock(since)}
				{why && `: ${why}`}
			</span>
			{retry && (
				<button type="button" class="link" onClick={retry}>
					Retry
				</button>
			)}
		</div>
	);
}

/** Offline is a line over the page while the server is not reached. */
export function Offline() {
	if (online.value) return null;
	return (
		<div class="banner warn" role="status">
			<Icon name="warn" size={14} /> The server is not reached. What you see is the last that it said; drafts are kept in this browser.
		</div>
	);
}

/** Progress is a long job: how far, how fast, how long yet, and a way out. */
export function Progress({
	done,
	total,
	perSecond,
	left,
	onCancel,
	what,
}: {
	done: number;
	total: number;
	perSecond?: number;
	left?: number;
	onCancel?: () => void;
	what: string;
}) {
	const pct = total > 0 ? Math.min(100, (100 * done) / total) : 0;
	return (
		<div class="progress-line">
			<div class="progress" role="progressbar" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(pct)} aria-label={what}>
				<i style={{ width: `${pct}%` }} />
			</div>
			<span class="num">
				{done.toLocaleString('en-US')} of {total.toLocaleString('en-US')} {what}
				{perSecond ? ` · ${Math.round(perSecond).toLocaleString('en-US')}/s` : ''}
				{left ? ` · ${duration(left * 1000)} left` : ''}
			</span>
			{onCancel && (
				<Button small onClick={onCancel}>
					Cancel
				</Button>
			)}
		</div>
	);
}
