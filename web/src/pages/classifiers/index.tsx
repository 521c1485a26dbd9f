import { Page } from '../../ui/base';
import { Blocks } from '../../ui/states';

export const title = 'Classifiers';

export default function Classifiers() {
	return (
		<Page title={title}>
			<Blocks rows={8} />
		</Page>
	);
}
