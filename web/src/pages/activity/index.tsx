import { Page } from '../../ui/base';
import { Blocks } from '../../ui/states';

export const title = 'Activity';

export default function Activity() {
	return (
		<Page title={title}>
			<Blocks rows={8} />
		</Page>
	);
}
