import { useEffect, useState } from 'preact/hooks';
import { on } from '../../app/live';
import { Problem } from '../../lib/api';
import { readUnified, tally } from '../../lib/diff';
import { useResource } from '../../lib/resource';
import { Button, Time } from '../../ui/base';
import { Diff } from '../../ui/diff';
import { Empty, Shown } from '../../ui/states';
import { toast } from '../../ui/toast';
import { goBack, live, nameOf, versionOf } from './model';
import type { Version } from './shapes';

/** back brings an older version live in one click, with a way back from that. */
export async function back(to: number): Promise<void> {
	const now = live.data.value;
	if (!now) return;
	const was = { version: versionOf(now), source: now.source };
	try {
		const done = await goBack({ version: to }, was.version);
		toast(`v${to} is live again, as v${done.version}`, { undo: () => void goBack(was, done.version!).then((x) => toast(`Undone: ${nameOf(was.version)} is live again, as v${x.version}`)) });
	} catch (err) {
		toast(err instanceof Problem ? err.message : String(err), { bad: true });
	}
}

/** History is every version of the policy, newest first. */
export function History() {
	const r = useResource<{ versions: Version[] }>('/admin/history/policy?limit=100');
	const [open, setOpen] = useState(0);
	const serving = versionOf(live.data.value);
	useEffect(() => on<{ kind: string }>('documents', (d) => void (d.kind === 'policy' && r.reload())), []);
	useEffect(() => void (r.data.peek() && r.reload()), [serving]);
	return (
		<Shown of={r} what="The history" blocks={8}>
			{({ versions }) =>
				versions.length === 0 ? (
					<Empty title="Nothing was published yet">The policy that ships with Routor serves. What you publish is kept here for good, each version with its diff, and comes back with one click.</Empty>
				) : (
					<ol class="versions">
						{versions.map((v) => {
							const n = v.diff ? tally(readUnified(v.diff)) : undefined;
							return (
								<li key={v.version} class={v.version === serving ? 'serving' : ''}>
									<div class="version">
										<button type="button" class="version-open" aria-expanded={open === v.version} onClick={() => setOpen(open === v.version ? 0 : v.version)}>
											<b class="num">v{v.version}</b>
											<span class="version-note">{v.note || (v.rollback ? `back to v${v.rollback}` : <i class="muted">no note</i>)}</span>
											<span class="muted version-by">
												{v.author} · <Time at={v.time} />
											</span>
											{n && (
												<span class="num tallied">
													<span class="tone-good">+{n.plus}</span> <span class="tone-bad">−{n.minus}</span>
												</span>
											)}
										</button>
										{v.version === serving ? (
											<span class="state good">live</span>
										) : (
											<Button small changes icon="undo" onClick={() => void back(v.version)}>
												Bring back
											</Button>
										)}
									</div>
									{open === v.version && (v.diff ? <Diff unified={v.diff} /> : <p class="muted">The first version: there is nothing to compare it with.</p>)}
								</li>
							);
						})}
					</ol>
				)
			}
		</Shown>
	);
}
