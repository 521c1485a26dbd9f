import { accessible, expect, fits, test, visit } from './server';

test('figures, chart and rows follow what happens', async ({ signedIn: page, server }) => {
	const { request, model } = await server.ask('What is the capital of Peru?');
	const row = page.getByRole('row', { name: new RegExp(model.split('/')[1]!.replaceAll('.', '\\.')) }).first();
	await expect(row).toBeVisible();
	for (const name of ['Requests', 'Cost', '≈ Saved', 'Added by Routor', 'Failed at the client'])
		await expect(page.locator('.figure-name', { hasText: name })).toBeVisible();
	for (const view of ['model', 'cost', 'latency', 'tier']) {
		await page.getByRole('radio', { name: view, exact: true }).click();
		await expect(page.locator('.chart-plot canvas')).toBeVisible();
	}
	await page.getByRole('button', { name: 'Table' }).click();
	await expect(page.getByRole('region', { name: /as a table/ })).toBeVisible();
	await accessible(page, 'traffic with a table');
	// An id that is pasted opens its story.
	await page.keyboard.press('Escape');
	await page.keyboard.press('/');
	await page.keyboard.insertText(request);
	await page.keyboard.press('Enter');
	await expect(page.locator('.drawer .sentence')).toContainText('best value of');
	expect(page.url()).toContain(`d=${request}`);
});

test('filters are in the address, and go with a click', async ({ signedIn: page, server }) => {
	await server.ask('hi');
	await page.keyboard.press('/');
	await page.keyboard.type('tier:comp');
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('Enter');
	await expect(page).toHaveURL(/tier=COMPLEX/);
	await page.keyboard.press('Escape');
	await visit(page, server, '/traffic?model=nobody/nothing');
	await expect(page.getByText('Nothing matches')).toBeVisible();
	await page.getByRole('button', { name: 'Clear the filter' }).click();
	await expect(page.getByRole('table', { name: /Decisions/ })).toBeVisible();
	await page.keyboard.press('/');
	await page.keyboard.type('modell:x');
	await page.keyboard.press('Enter');
	await expect(page.getByRole('alert')).toContainText('There is no filter modell');
});

test('by keys alone: move, open, close, other pages, help', async ({ signedIn: page, server }) => {
	await server.ask('hi');
	await server.ask('thanks!');
	await expect(page.locator('.tbody .tr').nth(1)).toBeVisible();
	await page.keyboard.press('j');
	await page.keyboard.press('j');
	await page.keyboard.press('k');
	await page.keyboard.press('Enter');
	await expect(page.locator('.drawer .story')).toBeVisible();
	await page.keyboard.press('Escape');
	await expect(page.locator('.drawer')).toHaveCount(0);
	await page.keyboard.press('?');
	await expect(page.getByRole('dialog', { name: 'Keys' })).toContainText('Next row');
	await accessible(page, 'the help');
	await page.keyboard.press('Escape');
	await page.keyboard.press('g');
	await page.keyboard.press('a');
	await expect(page.getByRole('heading', { name: 'Activity', level: 1 })).toBeVisible();
	await page.keyboard.press('Control+k');
	await page.keyboard.type('traff');
	await accessible(page, 'the palette');
	await page.keyboard.press('Enter');
	await expect(page.getByRole('heading', { name: 'Traffic', level: 1 })).toBeVisible();
});

test('paused, what is new waits and is counted', async ({ signedIn: page, server }) => {
	await server.ask('hi');
	await expect(page.locator('.tbody .tr').first()).toBeVisible();
	await page.keyboard.press('Space');
	await expect(page.getByRole('button', { name: 'Go on' })).toBeVisible();
	const before = await page.locator('.tbody .tr').first().innerText();
	await server.ask('What is 2+2?');
	await expect(page.getByRole('button', { name: /\d+ new/ })).toBeVisible();
	expect(await page.locator('.tbody .tr').first().innerText()).toBe(before);
	await page.keyboard.press('Space');
	await expect(page.getByRole('button', { name: /\d+ new/ })).toHaveCount(0);
	await expect.poll(() => page.locator('.tbody .tr').first().innerText()).not.toBe(before);
});

test('a page of a hundred thousand decisions scrolls', async ({ signedIn: page }) => {
	const rows = Array.from({ length: 1000 }, (_, i) => ({
		time: new Date(1.76e12 - i * 1000).toISOString(),
		id: '',
		request_id: '',
		status: 200,
		ms: i,
		outcome: 'ok',
		model: 'a/b',
		tier: 'NANO',
		chain: 'us',
	}));
	let n = 0;
	await page.route(/\/admin\/decisions\?/, (route) => {
		n++;
		const decisions = rows.slice(0, n === 1 ? 200 : 1000).map((r, i) => ({ ...r, request_id: `req_${n}_${i}` }));
		return route.fulfill({ json: { decisions, next: n < 101 ? String(n) : '' } });
	});
	await page.route(/\/admin\/(events|decisions\/tail)/, (route) => route.abort());
	await page.goto(page.url());
	await expect(page.locator('.tbody .tr').first()).toBeVisible();
	const list = page.getByRole('table', { name: /Decisions/ });
	await expect
		.poll(
			async () => {
				await list.evaluate((e) => e.scrollTo(0, e.scrollHeight));
				return Number(await list.getAttribute('aria-rowcount'));
			},
			{ timeout: 60_000, intervals: [20] },
		)
		.toBeGreaterThan(100_000);
	// Long tasks while it is scrolled from end to begin.
	const worst = await list.evaluate(async (e) => {
		let long = 0;
		const watch = new PerformanceObserver((l) => l.getEntries().forEach((x) => (long = Math.max(long, x.duration))));
		watch.observe({ entryTypes: ['longtask'] });
		for (let i = 0; i <= 120; i++) {
			e.scrollTop = (e.scrollHeight * (120 - i)) / 120;
			await new Promise(requestAnimationFrame);
		}
		return long;
	});
	expect(await page.locator('.tbody .tr').count()).toBeLessThan(60);
	console.log(`100,000 rows: longest task ${worst.toFixed(0)} ms`);
	expect(worst).toBeLessThan(process.env.CI ? 400 : 250); // 50 ms is the aim on a machine that does nothing else
});

test('fits a phone', async ({ signedIn: page, server }) => {
	await page.setViewportSize({ width: 360, height: 740 });
	await server.ask('hi');
	for (const path of ['/traffic', '/keys', '/activity', '/activity?tab=replicas', '/keys?new=true']) {
		await visit(page, server, path);
		await expect(page.locator('h1')).toBeVisible();
		await fits(page);
	}
	await visit(page, server, '/traffic');
	await page.locator('.tbody .tr').first().click();
	await expect(page.locator('.drawer .story')).toBeVisible();
	expect((await page.locator('.drawer').boundingBox())!.width).toBe(360);
	await fits(page);
	await page.locator('.drawer').getByRole('button', { name: /Close/ }).click();
	await page.getByRole('button', { name: 'More' }).click();
	await page.getByRole('link', { name: 'Activity' }).click();
	await expect(page.getByRole('heading', { name: 'Activity', level: 1 })).toBeVisible();
});
