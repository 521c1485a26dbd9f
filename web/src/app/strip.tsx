// The first-open strip of the demo: five steps that tick themselves off as they are done, whichever way they are done.
import { effect, signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { del, get, put, type Problem } from '../lib/api';
import type { AuditEvent, DocumentVersion, Row } from '../lib/types';
import { Button, CopyButton } from '../ui/base';
import { Icon } from '../ui/icon';
import { toast } from '../ui/toast';
import { on } from './live';
import { param, place } from './router';
import { demo, hasDraft, status } from './shell-data';

type Step = 'sent' | 'opened' | 'moved' | 'published' | 'undone';
const order: Step[] = ['sent', 'opened', 'moved', 'published', 'undone'];

interface Kept {
	done: Step[];
	closed: boolean;
	started: string; // of the server: another demo begins anew
}
const kept = 'routor.demo.strip';

const read = (): Kept => {
	try {
		return { done: [], closed: false, started: '', ...JSON.parse(localStorage.getItem(kept) ?? '{}') };
	} catch {
		return { done: [], closed: false, started: '' };
	}
};

const strip = signal<Kept>(read());
const save = (change: Partial<Kept>) => {
	strip.value = { ...strip.value, ...change };
	try {
		localStorage.setItem(kept, JSON.stringify(strip.value));
	} catch {
		// It begins anew in the next tab.
	}
};

/** tick marks a step as done. */
export function tick(step: Step): void {
	if (!demo.value || strip.value.done.includes(step)) return;
	save({ done: [...strip.value.done, step] });
}

const curl = () =>
	`curl ${location.origin}/v1/chat/completions -H "Content-Type: application/json" -H "X-Routor-Conversation: first" \\\n  -d '{"model": "auto", "messages": [{"role": "user", "content": "Write a haiku about routers"}]}'`;

/** mine is whether a decision can be the one of the strip's curl: made by nobody's key, while the strip is looked at. */
const mine = (r: Row, since: number) => !r.key && Date.parse(r.time) >= since - 2000;

function follow(): () => void {
	const since = Date.now();
	const stop = [
		on<Row>('decision', (r) => mine(r, since) && tick('sent')),
		on<DocumentVersion & { kind: string; note?: string }>('documents', (d) => {
			if (d.kind !== 'policy') return;
			tick(strip.value.done.includes('published') ? 'undone' : 'published');
		}),
		effect(() => {
			if (param('d') || place.value.path.startsWith('/decision/')) tick('opened');
		}),
		effect(() => {
			if (hasDraft.value) tick('moved');
		}),
	];
	// Without an event for it, the log says whether something was published since.
	const timer = setInterval(() => {
		if (document.hidden || strip.value.done.includes('undone')) return;
		get<{ events: AuditEvent[] | null }>('/admin/audit?what=policy&limit=5')
			.then((r) => {
				const fresh = (r.events ?? []).filter((e) => Date.parse(e.time) >= since);
				if (fresh.some((e) => e.action === 'publish')) tick('published');
				if (fresh.some((e) => e.action === 'rollback')) tick('undone');
			})
			.catch(() => undefined);
	}, 4000);
	return () => {
		clearInterval(timer);
		for (const s of stop) s();
	};
}

/** Broken makes a provider fail, and well again. */
function Broken() {
	const [broken, setBroken] = useState(false);
	useEffect(() => {
		get<{ error?: string }>('/admin/demo/faults/openai')
			.then((f) => setBroken(!!f?.error))
			.catch(() => undefined);
	}, []);
	const set = async (fail: boolean) => {
		try {
			if (fail) await put('/admin/demo/faults/openai', { error: 'server', rate: 1 });
			else await del('/admin/demo/faults/openai');
			setBroken(fail);
			toast(fail ? 'openai fails from now on: watch “failed at the client” stay 0' : 'openai answers again');
		} catch (err) {
			toast((err as Problem).message, { bad: true });
		}
	};
	return (
		<Button small changes icon={broken ? 'undo' : 'bolt'} onClick={() => void set(!broken)}>
			{broken ? 'Make openai well' : 'Make openai fail'}
		</Button>
	);
}

/** Strip leads a newcomer through the demo. */
export function Strip() {
	const show = demo.value;
	const [real, setReal] = useState(false);
	const s = status.data.value;
	useEffect(() => {
		if (!show || !s) return;
		const started = String(Math.round((Date.now() - s.uptime_seconds * 1000) / 60_000));
		if (Math.abs(Number(strip.value.started || 0) - Number(started)) > 1) save({ done: [], closed: false, started });
	}, [show, !!s]);
	useEffect(() => (show && !strip.value.closed ? follow() : undefined), [show, strip.value.closed]);
	if (!show || strip.value.closed) return null;
	const { done } = strip.value;
	const at = order.find((step) => !done.includes(step));
	const names: Record<Step, ComponentChildren> = {
		sent: (
			<>
				Send this curl <CopyButton text={curl} label="Copy the curl" small />
			</>
		),
		opened: <a href="/traffic">Open its story</a>,
		moved: <a href="/policy">Change the balance, watch the impact</a>,
		published: <a href="/policy">Publish</a>,
		undone: <a href="/policy?tab=history">Undo</a>,
	};
	return (
		<section class="strip" aria-label="First steps">
			<ol>
				{order.map((step, i) => (
					<li key={step} class={done.includes(step) ? 'done' : step === at ? 'at' : ''} aria-current={step === at ? 'step' : undefined}>
						<span class="strip-n">{done.includes(step) ? <Icon name="check" size={12} /> : i + 1}</span>
						{names[step]}
						{done.includes(step) && <span class="sr">done</span>}
					</li>
				))}
			</ol>
			<div class="strip-end">
				<Broken />
				<Button small kind={at ? 'quiet' : 'primary'} onClick={() => setReal(!real)} pressed={real || undefined}>
					Connect real keys
				</Button>
				<Button small kind="quiet" icon="cross" label="Close the first steps" onClick={() => save({ closed: true })} />
			</div>
			{real && (
				<div class="strip-real">
					<p>
						Set the key of each provider that you have in the environment, and start without --demo. Each is checked without spending a
						token.
					</p>
					<pre class="code">{'export ANTHROPIC_API_KEY=… OPENAI_API_KEY=…\nroutor serve'}</pre>
				</div>
			)}
		</section>
	);
}
