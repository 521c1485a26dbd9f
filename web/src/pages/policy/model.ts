// The state of the workbench: the draft, what it is based on, and all that is asked about it as it is written. It outlives the
// page, so that nothing is lost by looking at another one.
import { computed, effect, signal } from '@preact/signals';
import { on, want } from '../../app/live';
import { documents, hasDraft } from '../../app/shell-data';
import type { Environment } from '../../editor/environment';
import { call, get, Problem, post, put, readOnly, session } from '../../lib/api';
import { diffLines } from '../../lib/diff';
import { latest } from '../../lib/latest';
import { resource } from '../../lib/resource';
import type { Check, Draft, Explained, LivePolicy, Published, Result } from './shapes';
import { bodyOf, emptyTrial, type Trial } from './request';

export const draftName = 'workbench';
const author = () => session.value?.name || 'admin';

/** live is the policy that serves. */
export const live = resource<LivePolicy>((s) => get('/admin/policy', s));
export const environment = resource<Environment>((s) => get('/admin/environment', s));

/** versionOf is a live policy's version; 0 = the built-in one. */
export const versionOf = (p: LivePolicy | undefined) => p?.document?.version ?? 0;
export const nameOf = (version: number) => (version > 0 ? `v${version}` : 'built-in');

export interface Base {
	version: number;
	source: string;
}

/** text is the draft, base what it was begun from. undefined until they are loaded. */
export const text = signal<string | undefined>(undefined);
export const base = signal<Base | undefined>(undefined);
export const edited = computed(() => text.value !== undefined && live.data.value !== undefined && text.value !== live.data.value.source);

/** stale is whether another version was published since the draft was begun. */
export const stale = computed(() => !!base.value && !!live.data.value && base.value.version !== versionOf(live.data.value));

/** Kept is where the draft is kept. */
export type Kept =
	| { where: 'nowhere' }
	| { where: 'browser' | 'server'; at: number }
	| { where: 'saving' }
	| { where: 'conflict'; theirs: Draft };
export const kept = signal<Kept>({ where: 'nowhere' });
export const loadProblem = signal<Problem | undefined>(undefined);

// What the browser keeps: enough to go on without the server.
const local = 'routor.policy.draft';
interface Local {
	text: string;
	base: Base;
	at: number;
	revision: number;
	synced: boolean;
}
let revision = 0;

function readLocal(): Local | null {
	try {
		const kept = JSON.parse(localStorage.getItem(local) ?? 'null') as Local | null;
		return kept && typeof kept.text === 'string' && kept.base ? kept : null;
	} catch {
		return null;
	}
}

function writeLocal(synced: boolean): void {
	if (text.value === undefined || !base.value) return;
	try {
		localStorage.setItem(local, JSON.stringify({ text: text.value, base: base.value, at: Date.now(), revision, synced } satisfies Local));
	} catch {
		// A browser that keeps nothing still has the server.
	}
}

function dropLocal(): void {
	try {
		localStorage.removeItem(local);
	} catch {
		// Nothing was kept.
	}
}

async function serverDraft(): Promise<Draft | null> {
	try {
		return await get<Draft>(`/admin/drafts/policy?author=${encodeURIComponent(author())}&name=${draftName}`);
	} catch (err) {
		if (err instanceof Problem && !err.offline) return null; // none, or a server that keeps none
		throw err;
	}
}

/** baseOf is what a draft was begun from. Where that is not known any more, the lines that the draft shares with what serves stand for it. */
async function baseOf(version: number, now: LivePolicy, draft: string): Promise<Base> {
	if (version === versionOf(now)) return { version, source: now.source };
	if (version > 0) {
		try {
			return { version, source: (await get<{ source: string }>(`/admin/documents/policy?version=${version}`)).source };
		} catch {
			// Gone.
		}
	}
	const shared = diffLines(now.source, draft).filter((l) => l.sign === ' ');
	return { version, source: shared.map((l) => l.text).join('\n') };
}

let loading: Promise<void> | undefined;

/** load brings what serves and the draft; what is kept here and was not saved yet goes first. */
export function load(): Promise<void> {
	loading ??= begin().finally(() => {
		loading = undefined;
	});
	return loading;
}

async function begin(): Promise<void> {
	loadProblem.value = undefined;
	const mine = readLocal();
	await live.reload();
	const now = live.data.value;
	if (!now) {
		if (text.value === undefined && mine) {
			// Without the server: go on with what is kept here.
			base.value = mine.base;
			text.value = mine.text;
			revision = mine.revision;
			kept.value = { where: 'browser', at: mine.at };
		}
		loadProblem.value = live.error.value;
		return;
	}
	if (text.value !== undefined && edited.value) return; // still being edited
	let theirs: Draft | null = null;
	try {
		theirs = await serverDraft();
	} catch {
		// The draft comes from here, or later.
	}
	revision = theirs?.revision ?? 0;
	if (mine && mine.text !== now.source && (!mine.synced || !theirs)) {
		base.value = mine.base;
		text.value = mine.text;
		if (theirs && theirs.revision !== mine.revision && theirs.content !== mine.text) kept.value = { where: 'conflict', theirs };
		else {
			kept.value = { where: 'browser', at: mine.at };
			keep();
		}
		return;
	}
	if (theirs && theirs.content !== now.source) {
		base.value = await baseOf(theirs.base, now, theirs.content);
		text.value = theirs.content;
		kept.value = { where: 'server', at: Date.parse(theirs.time) };
		writeLocal(true);
		return;
	}
	base.value = { version: versionOf(now), source: now.source };
	text.value = now.source;
	kept.value = { where: 'nowhere' };
}

/** write changes the draft. */
export function write(next: string): void {
	if (text.value === next) return;
	text.value = next;
	if (!edited.value) {
		void discardKept();
		return;
	}
	writeLocal(false);
	if (kept.value.where !== 'conflict') kept.value = { where: 'browser', at: Date.now() };
	keep();
}

let timer: ReturnType<typeof setTimeout> | undefined;

/** keep saves the draft on the server, a moment after the last change. */
function keep(): void {
	clearTimeout(timer);
	if (readOnly() || kept.value.where === 'conflict') return;
	timer = setTimeout(() => void save(), 1500);
}

/** save keeps the draft on the server now. It is true once the server has it. */
export async function save(force = false): Promise<boolean> {
	clearTimeout(timer);
	if (text.value === undefined || !base.value || !edited.value || readOnly()) return false;
	if (kept.value.where === 'conflict') {
		if (!force) return false;
		revision = kept.value.theirs.revision;
	}
	const content = text.value;
	const before = kept.value;
	kept.value = { where: 'saving' };
	try {
		const saved = await put<Draft>('/admin/drafts/policy', {
			author: author(),
			name: draftName,
			base: base.value.version,
			content,
			revision,
		});
		revision = saved.revision;
		writeLocal(text.value === content);
		kept.value = text.value === content ? { where: 'server', at: Date.now() } : { where: 'browser', at: Date.now() };
		if (text.value !== content) keep();
		return true;
	} catch (err) {
		if (err instanceof Problem && err.status === 409) {
			const theirs = await serverDraft().catch(() => null);
			if (theirs && theirs.content !== content) {
				kept.value = { where: 'conflict', theirs };
				return false;
			}
			revision = theirs?.revision ?? 0;
		}
		kept.value = before.where === 'server' ? before : { where: 'browser', at: Date.now() };
		if (err instanceof Problem && (err.offline || err.status >= 500 || err.status === 409)) timer = setTimeout(() => void save(), 5000);
		return false;
	}
}

/** takeTheirs goes on with what another tab has saved. */
export function takeTheirs(): void {
	if (kept.value.where !== 'conflict') return;
	const theirs = kept.value.theirs;
	revision = theirs.revision;
	kept.value = { where: 'server', at: Date.parse(theirs.time) };
	text.value = theirs.content;
	writeLocal(true);
}

async function discardKept(): Promise<void> {
	clearTimeout(timer);
	dropLocal();
	kept.value = { where: 'nowhere' };
	if (revision === 0) return;
	revision = 0;
	await call(`/admin/drafts/policy?author=${encodeURIComponent(author())}&name=${draftName}`, { method: 'DELETE' }).catch(() => undefined);
}

/** discard goes back to what serves. It returns the text that was there, for Undo. */
export function discard(): string {
	const was = text.value ?? '';
	const now = live.data.value;
	if (now) {
		base.value = { version: versionOf(now), source: now.source };
		text.value = now.source;
	}
	void discardKept();
	return was;
}

/** rebase puts the draft onto what serves now. */
export function rebase(merged: string): void {
	const now = live.data.value;
	if (!now) return;
	base.value = { version: versionOf(now), source: now.source };
	write(merged);
	if (text.value === now.source) void discardKept();
}

// What is asked about the draft as it is written.
export const check = signal<{ of: string; answer: Check; ms: number } | undefined>(undefined);
export const checkProblem = signal<Problem | undefined>(undefined);
export const impact = signal<{ of: string; answer: Result; ms: number } | undefined>(undefined);
export const impactProblem = signal<Problem | undefined>(undefined);
export const impactPending = signal(false);

/** problems are those of the text as it stands; those of an older one are not told. */
export const problems = computed(() => check.value?.answer.problems ?? []);
export const errors = computed(() => problems.value.filter((p) => p.severity === 'error'));
export const checked = computed(() => check.value !== undefined && check.value.of === text.value);

const asProblem = (err: unknown) => (err instanceof Problem ? err : new Problem(String(err), -1, 'page', ''));

let began = 0;
const checker = latest<string, Check>(
	60,
	(source, signal) => post<Check>('/admin/check/policy', { source }, signal),
	(answer, source) => {
		checkProblem.value = undefined;
		check.value = { of: source, answer, ms: performance.now() - began };
		const valid = !answer.problems.some((p) => p.severity === 'error');
		if (valid && edited.value) {
			impactPending.value = true;
			weigher.ask(source, { now: true });
		} else if (!edited.value) {
			impact.value = undefined;
			impactPending.value = false;
		}
	},
	(err) => {
		checkProblem.value = asProblem(err);
	},
);

const weigher = latest<string, Result>(
	0,
	(source, signal) => post<Result>('/admin/impact', { source, sample: 2000 }, signal),
	(answer, source) => {
		impactProblem.value = undefined;
		impactPending.value = false;
		impact.value = { of: source, answer, ms: performance.now() - began };
	},
	(err) => {
		impactPending.value = false;
		impactProblem.value = asProblem(err);
	},
);

/** checkAgain asks again, after the server could not answer. */
export function checkAgain(): void {
	began = performance.now();
	if (text.value !== undefined) checker.ask(text.value, { now: true });
}

// The test panel.
const kept0 = (): Trial => {
	try {
		return { ...emptyTrial, ...(JSON.parse(sessionStorage.getItem('routor.trial') ?? '{}') as Partial<Trial>) };
	} catch {
		return emptyTrial;
	}
};
export const trial = signal<Trial>(typeof sessionStorage === 'undefined' ? emptyTrial : kept0());
export const explained = signal<{ of: string; answer: Explained; ms: number } | undefined>(undefined);
export const explainProblem = signal<Problem | undefined>(undefined);
let asked = 0;

const explainer = latest<{ source: string; trial: Trial }, Explained>(
	60,
	(q, signal) => post<Explained>('/admin/explain', bodyOf(q.trial, q.source), signal),
	(answer, q) => {
		explainProblem.value = undefined;
		explained.value = { of: q.source, answer, ms: performance.now() - asked };
	},
	(err, q) => {
		const problem = asProblem(err);
		if (problem.status === 422 && problem.code !== 'invalid_request') {
			// The draft does not check: the editor says so, and the last answer stays, marked as such.
			explainProblem.value = undefined;
			return;
		}
		if (q.source === text.value) explainProblem.value = problem;
	},
);

/** setTrial changes what is tested. */
export function setTrial(change: Partial<Trial>): void {
	trial.value = { ...trial.value, ...change };
	try {
		sessionStorage.setItem('routor.trial', JSON.stringify(trial.value));
	} catch {
		// Nothing is kept.
	}
}

/** testNow asks at once. */
export function testNow(): void {
	if (text.value === undefined || trial.value.prompt === '') return;
	asked = performance.now();
	explainer.ask({ source: text.value, trial: trial.value }, { now: true });
}

/** start follows the draft, what serves, and what is tested, for as long as the page is open. */
export function start(): () => void {
	void environment.reload();
	void load();
	const stop = [
		effect(() => {
			const source = text.value;
			if (source === undefined || source === check.peek()?.of) return;
			began = performance.now();
			impactPending.value = source !== live.data.peek()?.source;
			checker.ask(source);
		}),
		effect(() => {
			const source = text.value;
			const t = trial.value;
			if (source === undefined) return;
			if (t.prompt.trim() === '') {
				explainer.cancel();
				explained.value = undefined;
				explainProblem.value = undefined;
				return;
			}
			asked = performance.now();
			explainer.ask({ source, trial: t });
		}),
		effect(() => {
			hasDraft.value = edited.value;
		}),
		on<{ kind: string }>('documents', (d) => {
			if (d.kind === 'policy') void taken();
			void environment.reload();
		}),
		effect(() => {
			// Servers without events tell by their documents.
			const version = documents.data.value?.documents.policy?.version ?? 0;
			if (live.data.peek() && version !== versionOf(live.data.peek())) void taken();
		}),
		want('documents'),
	];
	return () => {
		for (const s of stop) s();
		if (edited.value && kept.value.where === 'browser') void save();
	};
}

/** taken looks at what serves now; a draft without changes goes along with it. */
export async function taken(): Promise<void> {
	const was = live.data.value?.source;
	await live.reload();
	const now = live.data.value;
	if (!now) return;
	if (text.value === was || text.value === now.source) {
		base.value = { version: versionOf(now), source: now.source };
		text.value = now.source;
		void discardKept();
		check.value = undefined;
		checkAgain();
	}
}

/** publish brings the draft live, if what it was begun from still serves. */
export async function publish(note: string, force = false): Promise<Published> {
	const source = text.value!;
	const done = await post<Published>('/admin/policy', { source, note, version: base.value!.version, force });
	await live.reload();
	void documents.reload();
	const now = live.data.value;
	if (now && now.source === source) {
		base.value = { version: versionOf(now), source };
		if (text.value === source) await discardKept();
	}
	impact.value = undefined;
	return done;
}

/** goBack brings an older version back; 0 = the policy that ships with Routor, by its source. */
export async function goBack(to: { version: number; source?: string }, on: number): Promise<Published> {
	const done =
		to.version > 0
			? await post<Published>('/admin/rollback/policy', { to: to.version, version: on })
			: await post<Published>('/admin/policy', { source: to.source, note: 'back to the policy before', version: on });
	void documents.reload();
	await taken();
	return done;
}
