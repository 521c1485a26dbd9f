import { accessible, expect, test, visit } from './server';

test('a decision is told in order, with what failed before', async ({ signedIn: page, server, context }) => {
	await context.grantPermissions(['clipboard-read', 'clipboard-write']);
	const first = await server.ask('Give me a synonym for quick, please.');
	const provider = first.model.split('/')[0]!;
	await server.admin('PUT', `/admin/demo/faults/${provider}`, { error: 'server', rate: 1 });
	const second = await server.ask('Give me a synonym for slow, please.');
	await server.admin('DELETE', `/admin/demo/faults/${provider}`);
	await visit(page, server, `/decision/${second.request}`);
	await expect(page.locator('.sentence')).toContainText(/after .* had failed/);
	await expect(page.locator('.part h2')).toContainText(['Asked', 'Classified', 'Narrowed', 'Scored', 'Sent', 'Cost and tokens', 'By']);
	await expect(page.locator('.timeline-row')).toHaveCount(3);
	await expect(page.locator('.timeline')).toContainText('server');
	await expect(page.getByText('The client saw none of the failures')).toBeVisible();
	await page.getByRole('button', { name: /more candidates/ }).click();
	expect(await page.locator('.scored tbody tr').count()).toBeGreaterThan(6);
	await page.locator('.steps summary').first().click();
	await accessible(page, 'a story');
	await page.getByRole('button', { name: 'Copy', exact: true }).first().click();
	await page.getByRole('menuitem', { name: 'curl' }).click();
	expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('/v1/chat/completions');
	await page.getByRole('button', { name: 'Open in workbench' }).click();
	await expect(page).toHaveURL(/\/policy\?tab=test&decision=dec_/);
});

test('an id that nobody knows', async ({ signedIn: page, server }) => {
	await visit(page, server, '/decision/req_nobodyknowsthisone');
	await expect(page.getByText('There is no such decision')).toBeVisible();
	await accessible(page, 'no story');
});
