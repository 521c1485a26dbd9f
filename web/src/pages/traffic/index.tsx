import { Page } from '../../ui/base';
import { Blocks } from '../../ui/states';

export const title = 'Traffic';

export default function Traffic() {
	return (
		<Page title={title}>
			<Blocks rows={8} />
		</Page>
	);
}
