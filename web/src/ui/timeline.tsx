// A time line: spans one below the other on one scale of milliseconds, with points that mean something on them.
import { duration } from '../lib/format';

export interface Span {
	name: string;
	from: number; // ms
	to: number;
	tone: 'good' | 'bad' | 'quiet' | 'wait';
	note?: string;
	points?: { at: number; name: string }[];
}

/** steps are round marks for a scale of that many milliseconds. */
function steps(total: number): number[] {
	const raw = total / 4;
	const unit = 10 ** Math.floor(Math.log10(raw));
	const step = [1, 2, 5, 10].map((f) => f * unit).find((s) => s >= raw) ?? raw;
	const out = [];
	for (let t = 0; t <= total * 1.0001; t += step) out.push(t);
	return out;
}

export function Timeline({ spans, total, label }: { spans: readonly Span[]; total: number; label: string }) {
	const all = Math.max(total, ...spans.map((s) => s.to), 0.001);
	const x = (ms: number) => `${(Math.max(0, ms) / all) * 100}%`;
	return (
		<figure class="timeline" aria-label={label}>
			<div class="timeline-axis" aria-hidden="true">
				{steps(all).map((t) => (
					<span key={t} style={{ left: x(t) }}>
						{t === 0 ? '0' : duration(t)}
					</span>
				))}
			</div>
			{spans.map((s, i) => (
				<div key={i} class="timeline-row">
					<span class="timeline-name" title={s.name}>
						{s.name}
						{s.note && <em>{s.note}</em>}
					</span>
					<div class="timeline-track">
						<i class={s.tone} style={{ left: x(s.from), width: `max(2px, ${((s.to - s.from) / all) * 100}%)` }} />
						{s.points?.map((p, k) => (
							<b key={k} style={{ left: x(p.at) }} title={`${p.name}: ${duration(p.at)}`}>
								<span class="sr">
									{p.name} at {duration(p.at)}
								</span>
							</b>
						))}
					</div>
					<span class="timeline-took num">{duration(s.to - s.from)}</span>
				</div>
			))}
		</figure>
	);
}
