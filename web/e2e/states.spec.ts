import { accessible, expect, signIn, test, visit } from './server';

const paths = ['/traffic', '/keys', '/keys?tab=profiles', '/activity', '/activity?tab=alerts', '/activity?tab=replicas'];

for (const theme of ['light', 'dark'] as const) {
	test(`axe finds nothing on full pages, ${theme}`, async ({ signedIn: page, server }) => {
		await page.emulateMedia({ colorScheme: theme });
		await server.ask('Write a limerick about gophers');
		for (const path of paths) {
			await visit(page, server, path);
			await expect(page.locator('h1')).toBeVisible();
			await page.waitForLoadState('load');
			await expect(page.locator('.blocks')).toHaveCount(0);
			await accessible(page, `${path}, ${theme}`);
		}
	});
}

test('empty pages say what will be there', async ({ signedIn: page, server }) => {
	await page.route(/\/admin\/decisions\?/, (r) => r.fulfill({ json: { decisions: [], next: '' } }));
	await page.route(/\/admin\/(events|decisions\/tail)/, (r) => r.abort());
	await page.route(/\/admin\/rollups/, (r) =>
		r.fulfill({
			json: {
				span: 'minute',
				by: 'tier',
				rollups: [],
				total: {
					requests: 0,
					failed: 0,
					fallback: 0,
					attempts: 0,
					cost_usd: 0,
					baseline_usd: 0,
					prompt_tokens: 0,
					cached_tokens: 0,
					completion_tokens: 0,
					reasoning_tokens: 0,
					mean_ms: 0,
					groups: {},
				},
			},
		}),
	);
	await page.route(/\/admin\/keys$/, (r) => r.fulfill({ json: { keys: [] } }));
	await page.route(/\/admin\/audit/, (r) => r.fulfill({ json: { events: [] } }));
	for (const [path, text] of [
		['/traffic', 'No request yet in this time'],
		['/keys', 'No keys yet'],
		['/activity', 'Nothing was changed yet'],
	] as const) {
		await visit(page, server, path);
		await expect(page.getByText(text)).toBeVisible();
		await accessible(page, `${path}, empty`);
	}
});

test('a 500 of each call leaves a page that says so, and Retry mends it', async ({ signedIn: page, server }) => {
	const broken = /\/admin\/(rollups|decisions\?|keys|usage|profiles|audit|fleet|documents|status|providers|ledger)/;
	await page.route(broken, (r) =>
		r.fulfill({
			status: 500,
			headers: { 'X-Request-Id': 'req_broken' },
			json: { error: { message: 'the state is on fire', code: 'internal_error' } },
		}),
	);
	for (const path of paths.filter((p) => !/alerts|replicas/.test(p))) {
		// the stream tells of replicas, too
		await visit(page, server, path);
		await expect(page.getByRole('alert').first()).toContainText('the state is on fire');
		await expect(page.getByRole('alert').first()).toContainText('req_broken');
		await accessible(page, `${path}, failed`);
	}
	await visit(page, server, '/activity');
	await expect(page.getByRole('alert').first()).toBeVisible();
	await page.unroute(broken);
	await page.getByRole('button', { name: 'Retry' }).first().click();
	await expect(page.getByRole('alert')).toHaveCount(0);
});

test('three seconds of waiting show blocks, never a blank page', async ({ signedIn: page, server }) => {
	await page.route(/\/admin\/(rollups|decisions\?|keys|usage|profiles|audit)/, async (r) => {
		await new Promise((done) => setTimeout(done, 3000));
		await r.continue().catch(() => undefined);
	});
	for (const path of ['/traffic', '/keys', '/activity']) {
		await visit(page, server, path);
		await expect(page.locator('.block').first()).toBeVisible();
		await accessible(page, `${path}, loading`);
		await expect(page.locator('.blocks')).toHaveCount(0, { timeout: 9000 });
	}
});

test('a stream that is cut is told, and comes back', async ({ signedIn: page, server, context }) => {
	await expect(page.locator('.live')).toHaveText('live');
	await page.route(/\/admin\/(events|decisions\/tail)/, (r) => r.abort());
	await context.setOffline(true);
	await page.reload().catch(() => undefined);
	await context.setOffline(false);
	await visit(page, server, '/traffic');
	await expect(page.locator('.live')).toHaveText(/no stream|stale since/);
	await expect(page.locator('.figures')).toBeVisible();
	await page.unroute(/\/admin\/(events|decisions\/tail)/);
	await expect(page.locator('.live')).toHaveText('live', { timeout: 20_000 });
	await server.ask('hi');
	await expect(page.locator('.tbody .tr').first()).toBeVisible();
});

test('a viewer sees everything and changes nothing', async ({ page, server }) => {
	const made = await server.admin<{ secret: string }>('POST', '/admin/admin-keys', { name: `viewer ${Date.now()}`, role: 'viewer' });
	await signIn(page, server.url, made.secret);
	await expect(page.locator('.who')).toContainText('read-only');
	await visit(page, server, '/keys');
	const create = page.getByRole('button', { name: 'Create a key' });
	await expect(create).toHaveAttribute('aria-disabled', 'true');
	await expect(create).toHaveAttribute('title', /read-only/);
	await create.click({ force: true }); // it is there to say why, not to be pressed
	await expect(page.getByRole('status').filter({ hasText: 'read-only' })).toBeVisible();
	await accessible(page, 'keys, read-only');
});

test('the first steps of the demo tick themselves off', async ({ signedIn: page, server }) => {
	const strip = page.getByRole('region', { name: 'First steps' });
	await expect(strip).toBeVisible();
	const { request } = await server.ask('Write a haiku about routers');
	await expect(strip.locator('li').nth(0)).toHaveClass(/done/);
	await visit(page, server, `/traffic?d=${request}`);
	await expect(strip.locator('li').nth(1)).toHaveClass(/done/);
	await strip.getByRole('button', { name: 'Make openai fail' }).click();
	await expect(strip.getByRole('button', { name: 'Make openai well' })).toBeVisible();
	await strip.getByRole('button', { name: 'Make openai well' }).click();
	await strip.getByRole('button', { name: 'Connect real keys' }).click();
	await expect(strip).toContainText('routor serve');
	await accessible(page, 'the first steps');
	await strip.getByRole('button', { name: 'Close the first steps' }).click();
	await expect(strip).toHaveCount(0);
});
