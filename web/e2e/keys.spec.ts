import { accessible, expect, test, visit } from './server';

test('the life of a key', async ({ signedIn: page, server }) => {
	await visit(page, server, '/keys');
	await page
		.getByRole('button', { name: /Create (a|the first) key/ })
		.first()
		.click();
	const dialog = page.getByRole('dialog');
	await accessible(page, 'the form of a key');
	await page.getByRole('button', { name: 'Create the key' }).click();
	await expect(dialog.getByRole('alert')).toContainText('A name');
	await page.getByLabel('Name', { exact: true }).fill('e2e app');
	await page.getByLabel('Team').fill('tests');
	await page.getByLabel('At most USD a day').fill('lots');
	await page.getByRole('button', { name: 'Create the key' }).click();
	await expect(dialog.getByRole('alert')).toContainText('An amount in USD');
	await page.getByLabel('At most USD a day').fill('5');
	await page.keyboard.press('Enter');
	const secret = await dialog.locator('.secret code').innerText();
	expect(secret).toMatch(/^rtr_/);
	for (const tab of ['Python', 'Node', 'Claude Code', '.env', 'curl']) {
		await dialog.getByRole('tab', { name: tab }).click();
		await expect(dialog.locator('.snippet .code')).toContainText(secret);
		await expect(dialog.locator('.snippet .code')).toContainText(server.url);
	}
	await accessible(page, 'a new key');
	await expect(dialog.getByText('Waiting for its first request')).toBeVisible();
	await server.ask('hi', secret);
	await expect(dialog.getByText('Its first request')).toBeVisible();
	await dialog.getByRole('button', { name: 'I have copied it' }).click();
	await expect(page.getByText(secret)).toHaveCount(0);

	await page.locator('.tbody .tr', { hasText: 'e2e app' }).click();
	await expect(page.locator('.drawer')).toContainText('USD a day');
	await accessible(page, 'a key');
	await page.getByRole('button', { name: 'Change limits' }).click();
	await page.getByLabel('At most requests a minute').fill('600');
	await page.getByRole('button', { name: 'Save limits' }).click();
	await expect(page.locator('.standings')).toContainText('of 600');
	await page.getByRole('button', { name: 'Undo' }).click();
	await expect(page.locator('.standings')).not.toContainText('of 600');

	await page.getByRole('button', { name: 'Rotate' }).click();
	await page.getByLabel(/The old key works/).fill('2');
	await page.getByRole('button', { name: 'Make the new key' }).click();
	const next = await page.getByRole('dialog').locator('.secret code').innerText();
	expect(next).not.toBe(secret);
	await page.getByRole('button', { name: 'I have copied it' }).click();
	await server.ask('hi', secret);
	await server.ask('hi', next);

	await page.getByRole('button', { name: 'Revoke' }).click();
	const confirm = page.getByRole('dialog', { name: /Revoke/ });
	await expect(confirm.getByRole('button', { name: 'Revoke the key' })).toHaveAttribute('aria-disabled', 'true');
	await accessible(page, 'the question before a key is revoked');
	await confirm.getByRole('textbox').fill('e2e app');
	await page.keyboard.press('Enter');
	await expect(page.locator('.drawer')).toContainText('revoked');
	const refused = await fetch(`${server.url}/v1/models`, { headers: { Authorization: `Bearer ${secret}` } });
	expect(refused.status).toBe(401);

	await visit(page, server, '/activity?what=key');
	await expect(page.locator('.events')).toContainText('revoked key e2e app');
	await expect(page.locator('.events')).toContainText('rotated key e2e app');
	await page.locator('.event-diff').first().click();
	await expect(page.locator('.diff').first()).toBeVisible();
	await accessible(page, 'the log');
});
