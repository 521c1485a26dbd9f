import { defineConfig } from 'vite';

// The pages ask only their own server, and run under a policy that lets in scripts and styles by nonce alone: the server
// writes a fresh one in the place of __NONCE__ with each answer.
const server = process.env.ROUTOR_URL ?? 'http://127.0.0.1:8484';

export default defineConfig({
	base: '/',
	html: { cspNonce: '__NONCE__' },
	build: {
		target: 'es2022',
		outDir: 'dist',
		emptyOutDir: true,
		assetsDir: 'assets',
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		reportCompressedSize: false,
		chunkSizeWarningLimit: 800,
	},
	server: {
		// The server refuses what pages of another origin send: to it, these come from itself.
		proxy: Object.fromEntries(['/admin', '/v1', '/readyz', '/healthz'].map((path) => [path, { target: server, changeOrigin: true, headers: { origin: server } }])),
	},
	test: { include: ['src/**/*.test.ts'], environment: 'node' },
} as import('vite').UserConfig & { test: unknown });
