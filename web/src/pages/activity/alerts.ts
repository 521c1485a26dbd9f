// What needs somebody's eyes now, worked out of what the server says of itself.
import type { Documents, Fleet, ProviderCard, Status } from '../../lib/types';

export interface Alert {
	tone: 'bad' | 'warn';
	title: string;
	text: string;
	since?: string;
	link: { href: string; text: string };
}

export interface Ledger {
	records: number;
	dropped: number;
	waiting: number;
	connected: boolean;
	caught_up: boolean;
}

interface Drift {
	kind?: string;
	file?: string;
	[more: string]: unknown;
}

/** alertsOf are they, the gravest first. */
export function alertsOf(is: {
	status?: Status;
	documents?: Documents;
	fleet?: Fleet;
	providers?: ProviderCard[];
	ledger?: Ledger;
}): Alert[] {
	const out: Alert[] = [];
	const { fleet, status, ledger, providers } = is;
	if (fleet && !fleet.state.reachable)
		out.push({
			tone: 'bad',
			title: 'The shared state is not reached',
			text: 'Requests are answered from the last good snapshot; nothing can be published, and keys made elsewhere are not known here.',
			since: fleet.state.since,
			link: { href: '/activity?tab=replicas', text: 'Replicas' },
		});
	if (providers?.length && !providers.some((p) => p.usable))
		out.push({
			tone: 'bad',
			title: 'No provider is usable',
			text: 'Every request fails until one is.',
			link: { href: '/providers', text: 'Providers' },
		});
	for (const r of fleet?.replicas ?? []) {
		if (r.silent)
			out.push({
				tone: 'warn',
				title: `Replica ${r.name} is silent`,
				text: 'It has ended without saying so, or does not reach the state.',
				since: r.heard,
				link: { href: '/activity?tab=replicas', text: 'Replicas' },
			});
		for (const [kind, d] of Object.entries(r.documents))
			if (d.refused)
				out.push({
					tone: 'bad',
					title: `${kind} v${d.refused} was refused by ${r.name}`,
					text: `${d.why ?? 'It does not check there.'} Still serving ${d.version ? `v${d.version}` : 'the built-in one'}.`,
					link: { href: kind === 'classifier' ? '/classifiers' : '/policy', text: 'Open' },
				});
	}
	if (status?.classifier?.taken_over)
		out.push({
			tone: 'bad',
			title: `The classifier ${status.classifier.name} ${status.classifier.version} broke too often`,
			text: 'The built-in one classifies in its place.',
			link: { href: '/classifiers', text: 'Classifiers' },
		});
	for (const d of (is.documents?.drift ?? []) as Drift[])
		out.push({
			tone: 'warn',
			title: `${d.kind ?? 'A document'} differs from its file`,
			text: `${d.file ?? ''} was changed and not taken over, or something newer serves.`,
			link: { href: '/policy', text: 'Open' },
		});
	if (ledger && ledger.dropped > 0)
		out.push({
			tone: 'warn',
			title: `${ledger.dropped.toLocaleString('en-US')} records were dropped`,
			text: 'The ledger could not keep up: figures miss them.',
			link: { href: '/traffic', text: 'Traffic' },
		});
	if (ledger && !ledger.connected)
		out.push({
			tone: 'warn',
			title: 'The ledger is not connected',
			text: `${ledger.waiting.toLocaleString('en-US')} records wait.`,
			link: { href: '/traffic', text: 'Traffic' },
		});
	for (const p of providers ?? [])
		if (!p.usable && p.state !== 'not_configured')
			out.push({
				tone: 'warn',
				title: `${p.name} is not usable: ${p.state.replaceAll('_', ' ')}`,
				text: p.detail ?? '',
				since: p.since,
				link: { href: `/providers?provider=${p.id}`, text: 'Open' },
			});
	return out.sort((a, b) => (a.tone === b.tone ? 0 : a.tone === 'bad' ? -1 : 1));
}
