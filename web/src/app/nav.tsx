import { signal } from '@preact/signals';
import { leave, session } from '../lib/api';
import { Icon, type IconName } from '../ui/icon';
import { fetchPage, pages, type PageEntry } from './pages';
import { hasDraft } from './shell-data';

const more = signal(false);

/** Nav is the pages: at the side, or as tabs at the foot of a phone. */
export function Nav({ at }: { at?: PageEntry }) {
	const link = (p: PageEntry) => (
		<a
			key={p.path}
			href={p.path}
			aria-current={at === p ? 'page' : undefined}
			onPointerEnter={() => void fetchPage(p).catch(() => undefined)}
			onFocus={() => void fetchPage(p).catch(() => undefined)}
			onClick={() => {
				more.value = false;
			}}
		>
			<Icon name={p.path.slice(1) as IconName} />
			<span>{p.name}</span>
			{p.path === '/policy' && hasDraft.value && (
				<span class="draft-dot" title="There is an unpublished draft">
					<span class="sr">unpublished draft</span>
				</span>
			)}
		</a>
	);
	return (
		<nav class={`nav${more.value ? ' more' : ''}`} aria-label="Pages">
			{pages.map(link)}
			<button
				type="button"
				class="nav-more"
				aria-expanded={more.value}
				onClick={() => {
					more.value = !more.value;
				}}
			>
				<Icon name="more" />
				<span>More</span>
			</button>
			<div class="nav-foot">
				<span class="who" title={session.value?.role === 'viewer' ? 'You can look at everything and change nothing' : undefined}>
					{session.value?.name}
					{session.value?.role === 'viewer' && ' · read-only'}
				</span>
				<button type="button" class="button quiet only-icon" aria-label="Sign out" title="Sign out" onClick={() => void leave()}>
					<Icon name="leave" />
				</button>
			</div>
		</nav>
	);
}
