import { diffLines, hunks, readUnified, type DiffLine } from '../lib/diff';

/** Diff shows two texts, or a unified diff, as the lines that went and came. */
export function Diff(props: { before: string; after: string } | { unified: string }) {
	const lines: (DiffLine | null)[] = 'unified' in props ? readUnified(props.unified) : hunks(diffLines(props.before, props.after));
	if (lines.length === 0) return <p class="muted">No difference.</p>;
	return (
		<div class="diff" role="region" aria-label="Difference" tabIndex={0}>
			{lines.map((l, i) =>
				l === null ? (
					<div key={i} class="hunk">
						<span class="sign">⋯</span>
						<span />
					</div>
				) : (
					<div key={i} class={l.sign === '+' ? 'plus' : l.sign === '-' ? 'minus' : ''}>
						<span class="sign">{l.sign === '-' ? '−' : l.sign}</span>
						<span>{l.text || ' '}</span>
					</div>
				),
			)}
		</div>
	);
}
