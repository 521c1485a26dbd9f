import { Page } from '../../ui/base';
import { Blocks } from '../../ui/states';

export const title = 'Keys';

export default function Keys() {
	return (
		<Page title={title}>
			<Blocks rows={8} />
		</Page>
	);
}
