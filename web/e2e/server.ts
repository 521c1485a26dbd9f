// A server of the demo for the tests of a worker, and pages that are signed in to it.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import AxeBuilder from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';

export const adminKey = 'demo-admin-key';

export interface Server {
	url: string;
	log: () => string;
	ask: (prompt: string, key?: string) => Promise<{ request: string; model: string }>;
	admin: <T = Record<string, unknown>>(method: string, path: string, body?: unknown) => Promise<T>;
}

const freePort = (): Promise<number> =>
	new Promise((done) => {
		const probe = createServer();
		probe.listen(0, '127.0.0.1', () => {
			const { port } = probe.address() as { port: number };
			probe.close(() => done(port));
		});
	});

async function start(flags: string[]): Promise<{ server: Server; stop: () => void }> {
	const port = await freePort();
	const url = `http://127.0.0.1:${port}`;
	let log = '';
	const binary = process.env.ROUTOR ?? new URL('../../bin/routor', import.meta.url).pathname;
	const child = spawn(binary, ['serve', '--demo', '--listen', `127.0.0.1:${port}`, ...flags], {
		stdio: ['ignore', 'pipe', 'pipe'],
		env: { ...process.env, ROUTOR_ADMIN_KEY: '' },
	});
	for (const out of [child.stdout, child.stderr]) out.on('data', (b: Buffer) => (log += b.toString()));
	for (let tries = 0; ; tries++) {
		if (
			await fetch(`${url}/readyz`).then(
				(r) => r.ok,
				() => false,
			)
		)
			break;
		if (tries > 100 || child.exitCode !== null) throw new Error(`${binary} did not start:\n${log}`);
		await new Promise((done) => setTimeout(done, 100));
	}
	const server: Server = {
		url,
		log: () => log,
		async ask(prompt, key) {
			const headers: Record<string, string> = { 'Content-Type': 'application/json' };
			if (key) headers.Authorization = `Bearer ${key}`;
			const r = await fetch(`${url}/v1/chat/completions`, {
				method: 'POST',
				headers,
				body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: prompt }] }),
			});
			expect(r.status, await r.clone().text()).toBe(200);
			return { request: r.headers.get('X-Request-Id')!, model: r.headers.get('X-Routor-Model')! };
		},
		async admin(method, path, body) {
			const r = await fetch(url + path, {
				method,
				headers: { Authorization: `Bearer ${adminKey}`, 'Content-Type': 'application/json' },
				body: body === undefined ? undefined : JSON.stringify(body),
			});
			expect(r.ok, `${method} ${path}: ${r.status} ${await r.clone().text()}`).toBeTruthy();
			return (await r.json()) as never;
		},
	};
	return { server, stop: () => child.kill('SIGTERM') };
}

export const test = base.extend<{ signedIn: Page; quiet: string[] }, { server: Server }>({
	server: [
		async ({}, use) => {
			const { server, stop } = await start([]);
			await use(server);
			stop();
		},
		{ scope: 'worker' },
	],
	// What a page writes to the console as an error fails its test, unless the test expects it.
	quiet: async ({}, use) => use([]),
	signedIn: async ({ page, server, quiet }, use) => {
		page.on('pageerror', (e) => quiet.push(e.message));
		page.on('console', (m) => m.type() === 'error' && /Content Security|Refused/.test(m.text()) && quiet.push(m.text()));
		await signIn(page, server.url, adminKey);
		await use(page);
		expect(quiet).toEqual([]);
	},
});

export { expect };

/** signIn gives the page a session, as the login page would. */
export async function signIn(page: Page, url: string, key: string): Promise<void> {
	const r = await page.request.post(`${url}/admin/session`, { data: { key }, headers: { Origin: url } });
	expect(r.ok(), await r.text()).toBeTruthy();
	await page.goto(`${url}/traffic`);
	await expect(page.locator('.shell')).toBeVisible();
}

/** visit opens a page of the UI. */
export const visit = (page: Page, server: Server, path: string) => page.goto(server.url + path);

/** accessible has axe find nothing. */
export async function accessible(page: Page, what: string): Promise<void> {
	const found = await new AxeBuilder({ page }).analyze();
	const list = found.violations.map(
		(v) =>
			`${v.id} (${v.impact}): ${v.nodes
				.map((n) => `${n.target.join(' ')} – ${n.failureSummary?.split('\n')[1] ?? ''}`)
				.slice(0, 4)
				.join('; ')}`,
	);
	expect(list, what).toEqual([]);
}

/** fits is whether nothing of a page goes beyond its right edge. */
export async function fits(page: Page): Promise<void> {
	expect(
		await page.evaluate(
			() =>
				document.documentElement.scrollWidth <= innerWidth &&
				(document.querySelector('main')?.scrollWidth ?? 0) <= (document.querySelector('main')?.clientWidth ?? 0) + 1,
		),
	).toBe(true);
}
