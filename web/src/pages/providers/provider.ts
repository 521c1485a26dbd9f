// A provider as GET /admin/providers tells it, and how it reads.
import type { ProviderCard } from '../../lib/types';
import type { Tone } from '../../ui/base';
import type { IconName } from '../../ui/icon';

export interface ProviderKey {
	key?: string; // its last characters
	id: string;
	state: string;
	detail?: string;
	since?: string;
	until?: string;
	weight?: number;
	in_flight?: number;
}

export interface DeploymentState {
	deployment: string;
	state: string;
	why?: string;
	since?: string;
	until?: string;
	breaker?: string;
	p50_ms?: number;
	p95_ms?: number;
	counts?: Record<string, number>;
}

export interface Provider extends ProviderCard {
	keys?: ProviderKey[];
	counts?: Record<string, number>; // calls by outcome: ok, or a class of error
	p50_ms?: number;
	p95_ms?: number;
	deployments?: DeploymentState[];
	missing_models?: string[];
	retry_budget?: { calls: number; retries: number };
}

const looks: Record<string, { tone: Tone; icon: IconName }> = {
	healthy: { tone: 'good', icon: 'check' },
	unset: { tone: 'quiet', icon: 'dash' },
	not_configured: { tone: 'quiet', icon: 'dash' },
	unchecked: { tone: 'info', icon: 'clock' },
	cooling: { tone: 'warn', icon: 'clock' },
};

/** stateLook is a state as an icon and a word. What can still be asked is at worst a warning. */
export function stateLook(state: string, usable: boolean): { tone: Tone; icon: IconName; word: string } {
	const word = (state || 'healthy').replace(/_/g, ' ');
	const known = looks[state || 'healthy'];
	if (known) return { ...known, word };
	return usable ? { tone: 'warn', icon: 'warn', word } : { tone: 'bad', icon: 'cross', word };
}

/** isUnset is whether a provider has no key yet. */
export const isUnset = (p: Provider): boolean => p.state === 'unset' || p.state === 'not_configured';

/** rank puts what needs somebody first, and what was never set up last. */
export function rank(p: Provider): string {
	const group = isUnset(p) ? 2 : p.usable && p.state === 'healthy' && !cooling(p) ? 1 : 0;
	return `${group}${p.name.toLowerCase()}`;
}

/** cooling is what of a provider is cooling down, and ends last; undefined = nothing. */
export function cooling(p: Provider, now = Date.now()): { what: string; until: string; why?: string } | undefined {
	const all = [
		...(p.keys ?? []).map((k) => ({ what: `key ${k.key ?? k.id ?? ''}`, until: k.until, why: k.detail })),
		...(p.deployments ?? []).map((d) => ({ what: d.deployment, until: d.until, why: d.why ? `${d.deployment}: ${d.why}` : d.deployment })),
	].filter((x): x is { what: string; until: string; why: string | undefined } => !!x.until && Date.parse(x.until) > now);
	return all.sort((a, b) => Date.parse(b.until) - Date.parse(a.until))[0];
}

/** byClass are a provider's errors by class, most first; what went well is none. */
export const byClass = (p: Provider): [string, number][] =>
	Object.entries(p.counts ?? {})
		.filter(([name, n]) => name !== 'ok' && name !== 'cancelled' && n > 0)
		.sort((a, b) => b[1] - a[1]);

/** quickest is the provider with the least p50; undefined while none was asked. */
export const quickest = (list: readonly Provider[]): Provider | undefined =>
	list.filter((p) => p.usable && (p.p50_ms ?? 0) > 0).sort((a, b) => a.p50_ms! - b.p50_ms!)[0];
