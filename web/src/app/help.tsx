import { signal } from '@preact/signals';
import { Dialog } from '../ui/overlay';
import { label, shortcuts } from './keyboard';

export const helpOpen = signal(false);

/** Help is all keys that do something here and now, by group. */
export function Help() {
	const groups = new Map<string, Map<string, string>>();
	for (const s of [...shortcuts.value].reverse()) {
		if (!groups.has(s.group)) groups.set(s.group, new Map());
		groups.get(s.group)!.set(s.keys, s.what);
	}
	return (
		<Dialog
			title="Keys"
			onClose={() => {
				helpOpen.value = false;
			}}
			wide
		>
			<div class="help">
				{[...groups].map(([group, keys]) => (
					<section key={group}>
						<h3>{group}</h3>
						<dl>
							{[...keys].map(([k, what]) => (
								<div key={k}>
									<dt>
										<kbd>{label(k)}</kbd>
									</dt>
									<dd>{what}</dd>
								</div>
							))}
						</dl>
					</section>
				))}
			</div>
		</Dialog>
	);
}
