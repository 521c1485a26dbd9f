// What the shell always knows: what serves, how the providers and the replicas are. Pages read it too, and ask no second time.
import { computed, effect, signal } from '@preact/signals';
import { get, Problem } from '../lib/api';
import { resource } from '../lib/resource';
import type { Counters, Documents, Fleet, ProviderCard, Status } from '../lib/types';
import { gaps, on } from './live';

export const status = resource<Status>((s) => get('/admin/status', s));
export const documents = resource<Documents>((s) => get('/admin/documents', s));
export const fleet = resource<Fleet>((s) => get('/admin/fleet', s));
export const providers = resource<{ providers: ProviderCard[] }>((s) => get('/admin/providers', s));

/** rollout is the change that is under way; undefined where the server has no rollouts. */
export interface Rollout {
	kind: string;
	stage: 'none' | 'shadow' | 'canary';
	base_version?: number;
	source?: string;
	share?: number;
	by?: string;
	since?: string;
	author?: string;
	note?: string;
	bounds?: Record<string, string>;
	current?: Record<string, unknown>;
	history?: unknown[];
}
export const rollout = resource<Rollout | null>(async (s) => {
	try {
		return await get<Rollout>('/admin/rollout', s);
	} catch (err) {
		if (err instanceof Problem && err.status === 404) return null;
		throw err;
	}
});

/** counters are the last that the stream told. */
export const counters = signal<Counters | null>(null);

/** drafts is whether something unpublished is kept; the policy page sets it. */
export const hasDraft = signal(false);

/** demo is whether simulated providers answer. */
export const demo = computed(() => !!status.data.value?.demo);

/** version is what serves of a kind: v12, or "built-in". */
export function version(kind: keyof Documents['documents']): string {
	const docs = documents.data.value;
	if (!docs) return '…';
	const d = docs.documents[kind];
	return d ? `v${d.version}` : 'built-in';
}

/** connected counts the providers that can be asked. */
export const connected = computed(() => {
	const list = providers.data.value?.providers.filter((p) => p.builtin || p.state !== 'not_configured') ?? [];
	return { usable: list.filter((p) => p.usable).length, all: list.length, list };
});

/** startShell asks for all of it, and follows the stream. */
export function startShell(): () => void {
	const all = [status, documents, fleet, providers, rollout];
	for (const r of all) void r.reload();
	const stop = [
		on<Counters>('counters', (c) => {
			counters.value = c;
		}),
		on<{ providers: ProviderCard[] }>('providers', (p) => providers.set(p)),
		on<Fleet>('fleet', (f) => fleet.set(f)),
		on<Rollout>('rollout', (r) => rollout.set(r)),
		on('documents', () => {
			void documents.reload();
			void status.reload();
			void fleet.reload();
		}),
	];
	let first = true;
	stop.push(
		effect(() => {
			gaps.value;
			if (first) {
				first = false;
				return;
			}
			for (const r of all) void r.reload();
		}),
	);
	// Without events of its own, a server is asked every now and then.
	const timer = setInterval(() => {
		if (!document.hidden) for (const r of [status, documents, fleet, providers]) void r.reload();
	}, 30_000);
	stop.push(() => clearInterval(timer));
	return () => {
		for (const s of stop) s();
	};
}
