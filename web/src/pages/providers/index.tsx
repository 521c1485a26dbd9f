import { Page } from '../../ui/base';
import { Blocks } from '../../ui/states';

export const title = 'Providers';

export default function Providers() {
	return (
		<Page title={title}>
			<Blocks rows={8} />
		</Page>
	);
}
