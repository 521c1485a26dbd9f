import { defineConfig } from '@playwright/test';

// A real Chromium, Debian's: nothing is downloaded. Each worker starts a server of its own.
export default defineConfig({
	testDir: '.',
	outputDir: '../node_modules/.cache/e2e',
	timeout: 90_000,
	expect: { timeout: 7_000 },
	workers: 1,
	fullyParallel: false,
	retries: process.env.CI ? 1 : 0,
	reporter: [['list']],
	use: {
		launchOptions: { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] },
		viewport: { width: 1440, height: 900 },
		locale: 'en-GB',
		trace: 'retain-on-failure',
	},
});
