// The chain glyph means a route everywhere: ● used, ○ tried or spare, in the order in which they are asked.
const words: Record<string, string> = { u: 'used', o: 'failed', s: 'spare' };

/** ChainGlyph draws a chain of letters: o tried without success, u used, s spare. */
export function ChainGlyph({ chain, most = 6 }: { chain: string; most?: number }) {
	const links = [...chain].slice(0, most);
	const tried = links.filter((c) => c === 'o').length;
	const spare = [...chain].filter((c) => c === 's').length;
	const label = [
		tried ? `${tried} failed` : '',
		chain.includes('u') ? `${tried + 1}${['st', 'nd', 'rd'][tried] ?? 'th'} answered` : 'none answered',
		spare ? `${spare} spare` : '',
	]
		.filter(Boolean)
		.join(', ');
	const step = 11;
	return (
		<svg class="chain" width={links.length * step} height="12" viewBox={`0 0 ${links.length * step} 12`} role="img" aria-label={label}>
			<title>{label}</title>
			{links.map((c, i) => (
				<g key={i} class={`link ${words[c] ?? 'spare'}`}>
					{i > 0 && <path d={`M${(i - 1) * step + 8.5} 6h${step - 7}`} />}
					<circle cx={i * step + 5} cy="6" r="3" />
					{c === 'o' && <path d={`m${i * step + 3} 4 4 4m0-4-4 4`} />}
				</g>
			))}
		</svg>
	);
}
