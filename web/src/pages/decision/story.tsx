import { useResource } from '../../lib/resource';
import type { Row } from '../../lib/types';
import { Shown } from '../../ui/states';

/** Story is everything that is known of a decision. */
export function Story({ id }: { id: string }) {
	const r = useResource<Row>(`/admin/decisions/${encodeURIComponent(id)}`);
	return <Shown of={r} what="The decision">{(d) => <p>{d.model}</p>}</Shown>;
}
