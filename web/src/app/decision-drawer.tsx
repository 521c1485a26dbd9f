// A decision opens beside any page: ?d=ID. Its story is a chunk of its own.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Blocks } from '../ui/states';
import { Drawer } from '../ui/overlay';
import { param, place, setQuery } from './router';

type Story = ComponentType<{ id: string }>;
let Loaded: Story | undefined;

export function DecisionDrawer() {
	const id = param('d');
	const [Story, setStory] = useState<Story | undefined>(() => Loaded);
	useEffect(() => {
		if (!id || Story) return;
		void import('../pages/decision/story').then((m) => {
			Loaded = m.Story;
			setStory(() => m.Story);
		});
	}, [id]);
	if (!id || place.value.path.startsWith('/decision/')) return null;
	return (
		<Drawer
			title="Decision"
			onClose={() => setQuery({ d: null })}
			tools={
				<a class="button quiet small" href={`/decision/${encodeURIComponent(id)}`}>
					Full page
				</a>
			}
		>
			{Story ? <Story id={id} key={id} /> : <Blocks rows={10} />}
		</Drawer>
	);
}
