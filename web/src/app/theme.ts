// Light or dark: as the system has it, unless one was chosen here.
import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';
const kept = 'routor.theme';

const read = (): Theme => {
	try {
		const t = localStorage.getItem(kept);
		return t === 'light' || t === 'dark' ? t : 'system';
	} catch {
		return 'system';
	}
};

/** theme is what was chosen. */
export const theme = signal<Theme>(read());

const system = matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(system.matches);
system.addEventListener('change', (e) => {
	systemDark.value = e.matches;
});

/** dark is whether the pages are dark now. */
export const dark = signal(false);

effect(() => {
	dark.value = theme.value === 'dark' || (theme.value === 'system' && systemDark.value);
	document.documentElement.dataset.theme = dark.value ? 'dark' : 'light';
});

/** nextTheme goes on to the next: system, light, dark. */
export function nextTheme(): void {
	theme.value = ({ system: 'light', light: 'dark', dark: 'system' } as const)[theme.value];
	try {
		if (theme.value === 'system') localStorage.removeItem(kept);
		else localStorage.setItem(kept, theme.value);
	} catch {
		// A browser that keeps nothing forgets it with the tab.
	}
}

/** color reads a token's value, for canvases. */
export const color = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
