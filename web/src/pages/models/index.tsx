import { Page } from '../../ui/base';
import { Blocks } from '../../ui/states';

export const title = 'Models';

export default function Models() {
	return (
		<Page title={title}>
			<Blocks rows={8} />
		</Page>
	);
}
