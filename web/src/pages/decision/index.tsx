import { place } from '../../app/router';
import { Page } from '../../ui/base';
import { Story } from './story';

export const title = 'Decision';

export default function DecisionPage() {
	const id = decodeURIComponent(place.value.path.slice('/decision/'.length));
	return (
		<Page
			title={title}
			note={<code>{id}</code>}
			action={
				<a class="button" href="/traffic">
					Back to traffic
				</a>
			}
		>
			<div class="panel decision-page">
				<Story id={id} key={id} />
			</div>
		</Page>
	);
}
