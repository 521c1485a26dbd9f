import { Page } from '../../ui/base';
import { Blocks } from '../../ui/states';

export const title = 'Policy';

export default function Policy() {
	return (
		<Page title={title}>
			<Blocks rows={8} />
		</Page>
	);
}
