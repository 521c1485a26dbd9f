// Icons are lines of 1.5 on a grid of 16, in the colour of their text.
const paths = {
	traffic: 'M1.5 9.5h3l2-6 3 9 2-5h3',
	policy: 'M2.5 3h6M2.5 8h11M2.5 13h8M11.5 1.5v3M5.5 6.5v3M12.5 11.5v3',
	providers: 'M2.5 3.5h11v3.5h-11zM2.5 9.5h11V13h-11zM5 5.2h.01M5 11.2h.01',
	models: 'M8 1.8 14 5 8 8.2 2 5zM2 8l6 3.2L14 8M2 11l6 3.2 6-3.2',
	classifiers: 'M8 2.2v3M4 13.5V10l4-4.8L12 10v3.5M4 13.5h.01M12 13.5h.01M8 5.2v8.3',
	keys: 'M9.5 6.5a3 3 0 1 1-1-2.2A3 3 0 0 1 9.5 6.5zM9.4 7l4.6 4.6M12 9.6l-1.6 1.6',
	activity: 'M8 4v4l2.6 1.6M8 14.2A6.2 6.2 0 1 0 1.8 8M1.8 8 .8 6.4M1.8 8l1.6-1',
	check: 'm3 8.4 3.2 3.2L13 4.8',
	cross: 'm4 4 8 8M12 4l-8 8',
	warn: 'M8 2.2 14.4 13.4H1.6zM8 6.4v3.4M8 11.6h.01',
	info: 'M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4zM8 7.4v3.8M8 5h.01',
	dash: 'M3.5 8h9',
	clock: 'M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4zM8 4.6V8l2.2 1.6',
	pause: 'M5.5 3.5v9M10.5 3.5v9',
	play: 'M5 3.2 12.5 8 5 12.8z',
	copy: 'M5.5 5.5V2.5h8v8h-3M2.5 5.5h8v8h-8z',
	search: 'M7 11.5A4.5 4.5 0 1 0 7 2.5a4.5 4.5 0 0 0 0 9zM10.4 10.4l3.6 3.6',
	down: 'm4 6.2 4 4 4-4',
	up: 'm4 9.8 4-4 4 4',
	right: 'm6 4 4 4-4 4',
	left: 'm10 4-4 4 4 4',
	sun: 'M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM8 1.2v1.6M8 13.2v1.6M1.2 8h1.6M13.2 8h1.6M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M3.2 12.8l1.1-1.1M11.7 4.3l1.1-1.1',
	moon: 'M13.6 9.6A6 6 0 1 1 6.4 2.4a4.8 4.8 0 0 0 7.2 7.2z',
	half: 'M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4zM8 1.8v12.4M8 4h3.9M8 7h5.8M8 10h5.6M8 12.6h3.2',
	more: 'M3 8h.01M8 8h.01M13 8h.01',
	open: 'M9.5 2.5h4v4M13.5 2.5 7.5 8.5M11.5 9.5v4h-9v-9h4',
	lock: 'M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5',
	retry: 'M13 3v3.4H9.6M12.7 6.2A5.3 5.3 0 1 0 13.3 9',
	plus: 'M8 3v10M3 8h10',
	undo: 'M5.5 3 2.5 6l3 3M2.5 6h7a3.8 3.8 0 0 1 0 7.5H7',
	columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
	table: 'M2.5 3h11v10h-11zM2.5 6.4h11M2.5 9.8h11M7 6.4V13',
	chart: 'M2.5 2.5v11h11M5 10l2.6-3.4 2 1.8L13 4.5',
	bolt: 'M8.8 1.8 3.4 9h4l-.4 5.2L12.4 7h-4z',
	leave: 'M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6',
	send: 'M2.2 8 13.8 2.6 9.4 13.8 7.6 9z',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
	return (
		<svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
			<path d={paths[name]} />
		</svg>
	);
}

/** Mark is Routor's: one line that splits in two. */
export function Mark({ size = 18 }: { size?: number }) {
	return (
		<svg class="mark" width={size} height={size} viewBox="0 0 20 20" aria-hidden="true">
			<path d="M1.5 10h5.5c5 0 4.5-6 11.5-6M7 10c5 0 4.5 6 11.5 6" />
		</svg>
	);
}
