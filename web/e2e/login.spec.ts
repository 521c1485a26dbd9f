import { accessible, adminKey, expect, fits, test, visit } from './server';

test('a wrong key is told, the right one leads to where one wanted to go', async ({ page, server }) => {
	await visit(page, server, '/keys?tab=profiles');
	await page.getByLabel('Admin key').fill('wrong');
	await page.getByRole('button', { name: 'Sign in' }).click();
	await expect(page.getByRole('alert')).toContainText('This is not the admin key');
	await accessible(page, 'the login page with an error');
	await page.getByLabel('Admin key').fill(adminKey);
	await page.keyboard.press('Enter');
	await expect(page.getByRole('heading', { name: 'Keys', level: 1 })).toBeVisible();
	expect(page.url()).toContain('tab=profiles');
	await page.getByRole('button', { name: 'Sign out' }).click();
	await expect(page.getByLabel('Admin key')).toBeVisible();
	await page.reload();
	await expect(page.getByLabel('Admin key')).toBeVisible();
});

test('the demo lets anybody in', async ({ page, server }) => {
	await visit(page, server, '/');
	await fits(page);
	await page.getByRole('button', { name: 'Enter the demo' }).click();
	await expect(page.getByText('DEMO', { exact: true })).toBeVisible();
	await expect(page.getByRole('heading', { name: 'Traffic', level: 1 })).toBeVisible();
});

test('a link signs in once, and leaves its token nowhere', async ({ page, server, browser }) => {
	const link = /login\?token=\S+/.exec(server.log())?.[0];
	expect(link).toBeTruthy();
	await page.goto(`${server.url}/${link}`);
	await expect(page.getByRole('heading', { name: 'Traffic', level: 1 })).toBeVisible();
	expect(page.url()).not.toContain('token');
	const other = await browser.newPage();
	await other.goto(`${server.url}/${link}`);
	await expect(other.getByRole('alert')).toContainText('used already');
	await other.close();
});
