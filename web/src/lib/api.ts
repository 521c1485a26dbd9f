// The admin API as the pages call it: by session cookie and CSRF token, or, at a server without sessions, by the admin key
// itself, which then lives in this tab's memory alone.
import { signal } from '@preact/signals';

/** Session is who is here. */
export interface Session {
	role: 'admin' | 'viewer';
	name: string;
	read_prompts: boolean;
	csrf: string;
	expires?: string;
	demo: boolean;
}

/** session is undefined until the server was asked, and null for nobody. */
export const session = signal<Session | null | undefined>(undefined);

/** online is false once a call did not reach the server, until one does. */
export const online = signal(true);

let bearer = '';

/** Problem is a failed call: what the server said, or that it was not reached. */
export class Problem extends Error {
	constructor(
		message: string,
		readonly status: number, // 0 = not reached
		readonly code: string,
		readonly request: string, // X-Request-Id
		readonly body: Record<string, unknown> = {}, // error, with all its members
		readonly retryAfter = 0, // seconds
	) {
		super(message);
		this.name = 'Problem';
	}
	get offline() {
		return this.status === 0;
	}
}

/** readOnly is why the one who is here can change nothing; '' = they can. */
export function readOnly(): string {
	return session.value?.role === 'viewer' ? 'You are signed in read-only: ask for an admin key to change this' : '';
}

export interface Ask {
	method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
	body?: unknown; // JSON, or a Blob as it is
	signal?: AbortSignal;
	headers?: Record<string, string>;
}

/** open sends a request with what proves who asks, and gives the answer as it comes. It throws a Problem for all but 2xx. */
export async function open(path: string, ask: Ask = {}): Promise<Response> {
	const headers: Record<string, string> = { ...ask.headers };
	const method = ask.method ?? 'GET';
	let body: BodyInit | undefined;
	if (ask.body instanceof Blob) {
		body = ask.body;
		headers['Content-Type'] ??= ask.body.type || 'application/octet-stream';
	} else if (ask.body !== undefined) {
		body = JSON.stringify(ask.body);
		headers['Content-Type'] = 'application/json';
	}
	if (bearer) headers.Authorization = `Bearer ${bearer}`;
	else if (method !== 'GET' && session.value) headers['X-Routor-CSRF'] = session.value.csrf;
	let answer: Response;
	try {
		answer = await fetch(path, { method, headers, body, signal: ask.signal, credentials: 'same-origin', cache: 'no-store' });
	} catch (err) {
		if (ask.signal?.aborted) throw err;
		online.value = false;
		throw new Problem('The server was not reached', 0, 'offline', '');
	}
	online.value = true;
	if (answer.ok) return answer;
	throw await problem(answer, path);
}

async function problem(answer: Response, path: string): Promise<Problem> {
	const request = answer.headers.get('X-Request-Id') ?? '';
	let error: Record<string, unknown> = {};
	try {
		error = ((await answer.json()) as { error?: Record<string, unknown> }).error ?? {};
	} catch {
		// Whatever stands between may answer with a page of its own.
	}
	if (answer.status === 401 && !path.startsWith('/admin/session') && path.startsWith('/admin/')) session.value = null;
	return new Problem(
		String(error.message ?? `HTTP ${answer.status} ${answer.statusText}`.trim()),
		answer.status,
		String(error.code ?? ''),
		request,
		error,
		Number(answer.headers.get('Retry-After') ?? 0),
	);
}

/** call is open for calls that answer with JSON. */
export async function call<T>(path: string, ask: Ask = {}): Promise<T> {
	const answer = await open(path, ask);
	const text = await answer.text();
	return (text ? JSON.parse(text) : undefined) as T;
}

export const get = <T>(path: string, signal?: AbortSignal) => call<T>(path, { signal });
export const post = <T>(path: string, body?: unknown, signal?: AbortSignal) => call<T>(path, { method: 'POST', body, signal });
export const put = <T>(path: string, body?: unknown) => call<T>(path, { method: 'PUT', body });
export const patch = <T>(path: string, body?: unknown) => call<T>(path, { method: 'PATCH', body });
export const del = <T>(path: string, body?: unknown) => call<T>(path, { method: 'DELETE', body });

/** resume asks who is here. */
export async function resume(): Promise<void> {
	try {
		session.value = await get<Session>('/admin/session');
	} catch (err) {
		if (err instanceof Problem && err.offline) throw err;
		if (session.value === undefined) session.value = null; // unless somebody signed in meanwhile, by a link
	}
}

/** enter begins a session by the admin key or a one-time link. A server without sessions takes the key with each call. */
export async function enter(by: { key: string } | { link: string }): Promise<void> {
	bearer = '';
	try {
		const headers = 'key' in by ? { Authorization: `Bearer ${by.key}` } : undefined;
		session.value = await call<Session>('/admin/session', { method: 'POST', body: by, headers });
	} catch (err) {
		if (!(err instanceof Problem) || err.status !== 404 || !('key' in by)) throw err;
		bearer = by.key;
		try {
			const status = await get<{ demo: boolean }>('/admin/status');
			session.value = { role: 'admin', name: 'admin', read_prompts: true, csrf: '', demo: status.demo };
		} catch (failed) {
			bearer = '';
			throw failed;
		}
	}
}

/** leave ends the session. */
export async function leave(): Promise<void> {
	if (!bearer) await del('/admin/session').catch(() => undefined);
	bearer = '';
	session.value = null;
}
