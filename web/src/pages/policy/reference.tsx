import { useMemo } from 'preact/hooks';
import { param, setQuery } from '../../app/router';
import type { Environment } from '../../editor/environment';
import { Chip } from '../../ui/base';
import { Filtered, Shown } from '../../ui/states';
import { editor } from './editor-pane';
import { environment } from './model';

interface Entry {
	name: string;
	note: string;
	doc: string;
	group: string;
	values?: string[];
	insert: string;
	unknown?: boolean;
	hard?: boolean;
}

/** entriesOf is the environment as one list. */
export function entriesOf(env: Environment): Entry[] {
	const where = (w: string[]) => (w.includes('when') ? 'Of the request: in every expression' : w.includes('candidate') ? 'Of the candidate: in only, never, prefer, avoid' : 'Of the outcome: in expect');
	return [
		...env.variables.map((v): Entry => ({ name: v.name, note: v.type, doc: v.doc, group: where(v.where), values: v.values, insert: v.may_be_unknown ? `(${v.name} ?? 0)` : v.name, unknown: v.may_be_unknown })),
		...env.functions.map((f): Entry => ({ name: f.name, note: f.signature.slice(f.name.length), doc: f.doc, group: 'Functions', insert: `${f.name}(` })),
		...env.keys.map((k): Entry => ({ name: k.name, note: k.takes, doc: k.doc, group: 'Keys of a rule', insert: `${k.name}: `, hard: k.hard })),
		...env.top.map((k): Entry => ({ name: k.name, note: k.takes, doc: k.doc, group: 'Keys of the file', insert: `${k.name}: ` })),
		...env.tests.map((k): Entry => ({ name: k.name, note: k.takes, doc: k.doc, group: 'Keys of a test', insert: `${k.name}: ` })),
	];
}

const groups = ['Of the request: in every expression', 'Of the candidate: in only, never, prefer, avoid', 'Keys of a rule', 'Functions', 'Of the outcome: in expect', 'Keys of the file', 'Keys of a test'];

/** Reference is all that a policy can be written with, to be searched; a click writes it where the cursor is. */
export function Reference() {
	const q = param('find');
	return (
		<Shown of={environment} what="The environment" blocks={10}>
			{(env) => <List env={env} q={q} />}
		</Shown>
	);
}

function List({ env, q }: { env: Environment; q: string }) {
	const all = useMemo(() => entriesOf(env), [env]);
	const words = q.toLowerCase().split(/\s+/).filter(Boolean);
	const found = all.filter((e) => words.every((w) => `${e.name} ${e.note} ${e.doc} ${e.values?.join(' ') ?? ''}`.toLowerCase().includes(w)));
	return (
		<div class="reference">
			<input class="input" type="search" data-filter placeholder="Find a variable, a function, a key, a value" aria-label="Find in the environment" value={q} onInput={(e) => setQuery({ find: e.currentTarget.value })} />
			{found.length === 0 && <Filtered filter={`Nothing of ${all.length} has “${q}”.`} onClear={() => setQuery({ find: null })} />}
			{groups.map((g) => {
				const list = found.filter((e) => e.group === g);
				if (list.length === 0) return null;
				return (
					<section key={g}>
						<h3>
							{g} <span class="muted num">{list.length}</span>
						</h3>
						<dl>
							{list.map((e) => (
								<div key={e.name}>
									<dt>
										<button type="button" onClick={() => editor.value?.insert(e.insert)} title="Write it where the cursor is">
											{e.name}
										</button>
										<span class="muted">{e.note}</span>
										{e.hard && <Chip tone="quiet">hard</Chip>}
										{e.unknown && <Chip tone="quiet">may be unknown</Chip>}
									</dt>
									<dd>
										{e.doc}
										{e.values && e.values.length > 0 && <Values list={e.values} words={words} />}
									</dd>
								</div>
							))}
						</dl>
					</section>
				);
			})}
		</div>
	);
}

function Values({ list, words }: { list: string[]; words: string[] }) {
	const hit = words.length > 0 ? list.filter((v) => words.some((w) => v.toLowerCase().includes(w))) : [];
	const shown = (hit.length > 0 ? hit : list).slice(0, 16);
	return (
		<span class="values">
			{shown.map((v) => (
				<button key={v} type="button" onClick={() => editor.value?.insert(/^[A-Z]+$/.test(v) ? v : `"${v}"`)}>
					{v}
				</button>
			))}
			{list.length > shown.length && <span class="muted">and {list.length - shown.length} more</span>}
		</span>
	);
}
