// The shell: the bar at the top, the pages at the side, the page, and whatever lies over it.
import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { resume, session } from '../lib/api';
import Login from '../pages/login/index';
import { Blocks, Failed, Late, Offline } from '../ui/states';
import { Confirm, depth } from '../ui/overlay';
import { Toasts } from '../ui/toast';
import { Problem } from '../lib/api';
import { Boundary } from './boundary';
import { DecisionDrawer } from './decision-drawer';
import { bind } from './keyboard';
import { Help, helpOpen } from './help';
import { Nav } from './nav';
import { Palette, paletteOpen } from './palette';
import { fetchPage, module, pageAt, pages, type PageEntry } from './pages';
import { go, param, place, setQuery } from './router';
import { Strip } from './strip';
import { TopBar } from './topbar';
import { startShell } from './shell-data';

const unreached = signal<Problem | null>(null);

async function begin(): Promise<void> {
	unreached.value = null;
	try {
		await resume();
	} catch (err) {
		unreached.value = err as Problem;
	}
}

/** PageView is the page of where we are, fetched as it is opened; the one before stays until it is there. */
function PageView({ entry }: { entry: PageEntry }) {
	const [shown, setShown] = useState<{ entry: PageEntry; Component: ComponentType } | null>(() => {
		const m = module(entry);
		return m ? { entry, Component: m.default } : null;
	});
	const [failed, setFailed] = useState<Problem | null>(null);
	const ready = module(entry);
	useEffect(() => {
		let here = true;
		setFailed(null);
		fetchPage(entry).then(
			(m) => here && setShown({ entry, Component: m.default }),
			(err) =>
				here &&
				setFailed(new Problem(`${entry.name} could not be fetched (${String(err)}). After an update, reload the page.`, -1, 'page', '')),
		);
		return () => {
			here = false;
		};
	}, [entry]);
	if (failed)
		return (
			<Failed
				problem={failed}
				what={`The page ${entry.name} can't be shown`}
				still="The other pages work."
				retry={() => location.reload()}
			/>
		);
	const view = ready ? { entry, Component: ready.default } : shown;
	if (!view)
		return (
			<div class="page">
				<Late>
					<Blocks rows={8} />
				</Late>
			</div>
		);
	return (
		<Boundary key={view.entry.path}>
			<view.Component />
		</Boundary>
	);
}

function Missing() {
	return (
		<div class="page">
			<div class="empty">
				<p class="empty-title">There is no page at {place.value.path}</p>
				<a href="/traffic">Open Traffic</a>
			</div>
		</div>
	);
}

function Shell() {
	const entry = pageAt(place.value.path);
	useEffect(startShell, []);
	useEffect(
		() =>
			bind(
				...pages.map((p) => ({ keys: `g ${p.key}`, what: p.name, group: 'Go to', run: () => (depth.value > 0 ? false : go(p.path)) })),
				{
					keys: 'mod+k',
					what: 'Find anything: pages, models, keys, a request id, commands',
					group: 'Everywhere',
					run: () => void (paletteOpen.value = !paletteOpen.value),
				},
				{ keys: '?', what: 'These keys', group: 'Everywhere', run: () => void (helpOpen.value = true) },
				{
					keys: '/',
					what: 'Filter',
					group: 'Everywhere',
					run: () => {
						const field = document.querySelector<HTMLInputElement>('main [data-filter]');
						if (!field || depth.value > 0) return false;
						field.focus();
						field.select();
					},
				},
				{ keys: 'Escape', what: 'Close', group: 'Everywhere', run: () => (param('d') ? setQuery({ d: null }) : false) },
			),
		[],
	);
	return (
		<div class="shell">
			<a class="skip" href="#main">
				Skip to the page
			</a>
			<TopBar />
			<Nav at={entry} />
			<main id="main" tabIndex={-1}>
				<Offline />
				<Strip />
				{entry ? <PageView entry={entry} /> : <Missing />}
			</main>
			<DecisionDrawer />
			{paletteOpen.value && <Palette />}
			{helpOpen.value && <Help />}
		</div>
	);
}

export function App() {
	useEffect(() => void begin(), []);
	const who = session.value;
	const login = place.value.path === '/login';
	useEffect(() => {
		// Signed in, the login page leads on to where one wanted to go. A link's token is for the login page itself.
		if (who && login && !param('token')) go(safe(param('to')), { replace: true });
	}, [who, login]);
	let view = (
		<Late>
			<div class="starting">
				<Blocks rows={3} />
			</div>
		</Late>
	);
	if (unreached.value)
		view = (
			<div class="starting">
				<Failed problem={unreached.value} what="Routor can't be shown" retry={() => void begin()} />
			</div>
		);
	else if (who === null || (login && param('token'))) view = <Login />;
	else if (who && !login) view = <Shell />;
	return (
		<>
			{view}
			<Confirm />
			<Toasts />
		</>
	);
}

/** safe is an address of ours, or the first page. */
const safe = (to: string): string => (/^\/(?![/\\])/.test(to) ? to : '/traffic');
