import { useMemo, useState } from 'preact/hooks';
import { type Choice, merge, merged, type Piece } from '../../editor/merge';
import { plural, clock } from '../../lib/format';
import { Button, Segmented } from '../../ui/base';
import { Diff } from '../../ui/diff';
import { Icon } from '../../ui/icon';
import { Dialog } from '../../ui/overlay';
import { toast } from '../../ui/toast';
import { base, edited, kept, live, nameOf, rebase, save, stale, takeTheirs, text, versionOf, write } from './model';

/** Stale says that another version was published while the draft was edited. */
export function StaleBase({ onRebase }: { onRebase: () => void }) {
	if (!stale.value || !edited.value) return null;
	const now = live.data.value;
	return (
		<div class="banner warn" role="alert">
			<Icon name="warn" size={14} />
			<span>
				{nameOf(versionOf(now))} was published{now?.document?.author ? ` by ${now.document.author}` : ''} while you edited {nameOf(base.value!.version)}
				{now?.document?.note ? `: “${now.document.note}”` : ''}. Your draft is kept.
			</span>
			<Button small onClick={onRebase}>
				Compare and rebase
			</Button>
		</div>
	);
}

/** OtherTab says that the draft was saved from elsewhere. */
export function OtherTab() {
	const k = kept.value;
	if (k.where !== 'conflict') return null;
	return (
		<div class="banner warn" role="alert">
			<Icon name="warn" size={14} />
			<span>This draft was saved from another tab at {clock(k.theirs.time)}. Both are kept until you choose.</span>
			<Button small onClick={() => void save(true)}>
				Keep mine
			</Button>
			<Button
				small
				onClick={() => {
					const mine = text.value ?? '';
					takeTheirs();
					toast('The other tab’s draft is here', { undo: () => write(mine) });
				}}
			>
				Take the other
			</Button>
		</div>
	);
}

/** Rebase puts the draft onto what was published meanwhile: their changes, yours, and a choice where both changed the same lines. */
export function Rebase({ onClose }: { onClose: () => void }) {
	const now = live.data.value!;
	const from = base.value!;
	const mine = text.value ?? '';
	const pieces = useMemo(() => merge(from.source, now.source, mine), []);
	const clashes = pieces.filter((p): p is Exclude<Piece, { lines: string[] }> => 'yours' in p);
	const [choices, setChoices] = useState<Choice[]>(() => clashes.map(() => 'yours'));
	const [side, setSide] = useState<'theirs' | 'yours' | 'merged'>(clashes.length > 0 ? 'merged' : 'theirs');
	const result = merged(pieces, choices);
	return (
		<Dialog
			wide
			title={`${nameOf(versionOf(now))} was published while you edited ${nameOf(from.version)}`}
			onClose={onClose}
			foot={
				<>
					<Button onClick={onClose}>Go on with mine</Button>
					<Button
						kind="primary"
						onClick={() => {
							rebase(result);
							onClose();
							toast(`Your draft now begins from ${nameOf(versionOf(now))}`);
						}}
					>
						Rebase onto {nameOf(versionOf(now))}
					</Button>
				</>
			}
		>
			{clashes.length > 0 ? (
				<p>
					{plural(clashes.length, 'place was', 'places were')} changed by both. Choose for each; all else is put together by itself.
				</p>
			) : (
				<p>Both changes fit together: nothing was changed by both.</p>
			)}
			{clashes.map((c, i) => (
				<div class="clash" key={i}>
					<Segmented
						label={`Place ${i + 1}`}
						options={[
							['yours', 'Yours'],
							['theirs', 'Theirs'],
							['both', 'Both'],
						]}
						value={choices[i] ?? 'yours'}
						onChange={(v) => setChoices(choices.map((x, k) => (k === i ? v : x)))}
					/>
					<div class="clash-sides">
						<pre class={`code${choices[i] === 'yours' ? ' off' : ''}`} aria-label="Theirs">
							{c.theirs.join('\n') || '(removed)'}
						</pre>
						<pre class={`code${choices[i] === 'theirs' ? ' off' : ''}`} aria-label="Yours">
							{c.yours.join('\n') || '(removed)'}
						</pre>
					</div>
				</div>
			))}
			<Segmented
				label="Difference"
				options={[
					['theirs', 'Their change'],
					['yours', 'Your change'],
					['merged', 'Rebased'],
				]}
				value={side}
				onChange={setSide}
			/>
			{side === 'theirs' && <Diff before={from.source} after={now.source} />}
			{side === 'yours' && <Diff before={from.source} after={mine} />}
			{side === 'merged' && <Diff before={now.source} after={result} />}
		</Dialog>
	);
}
