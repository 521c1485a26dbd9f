// The small parts that everything is made of.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { readOnly } from '../lib/api';
import { ago, utc, when } from '../lib/format';
import { tiers } from '../lib/types';
import { Icon, type IconName } from './icon';
import { toast } from './toast';

type Children = { children?: ComponentChildren };

/** Button is a verb with its object. One that changes something says so, and is locked for whoever may only look. */
export function Button(
	props: Children & {
		onClick?: (e: MouseEvent) => void;
		kind?: 'primary' | 'plain' | 'quiet' | 'danger';
		icon?: IconName;
		disabled?: boolean | string; // a string says why
		changes?: boolean;
		small?: boolean;
		type?: 'button' | 'submit';
		title?: string;
		label?: string; // for those who only hear it, where there is no text
		busy?: boolean;
		pressed?: boolean;
		id?: string;
	},
) {
	const why = (props.changes && readOnly()) || (typeof props.disabled === 'string' ? props.disabled : '');
	const disabled = !!why || props.disabled === true || props.busy;
	return (
		<button
			type={props.type ?? 'button'}
			id={props.id}
			class={`button ${props.kind ?? 'plain'}${props.small ? ' small' : ''}${props.children ? '' : ' only-icon'}`}
			aria-disabled={disabled || undefined}
			aria-label={props.label}
			aria-busy={props.busy || undefined}
			aria-pressed={props.pressed}
			title={why || props.title || (props.children ? undefined : props.label)}
			onClick={(e) => {
				if (disabled) {
					e.preventDefault();
					if (why) toast(why);
					return;
				}
				props.onClick?.(e);
			}}
		>
			{props.icon && <Icon name={why && props.changes && readOnly() ? 'lock' : props.icon} />}
			{props.children}
		</button>
	);
}

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'quiet' | 'accent';
const toneIcon: Record<Tone, IconName> = { good: 'check', warn: 'warn', bad: 'cross', info: 'info', quiet: 'dash', accent: 'info' };

/** State is an icon and a word: colour never says it alone. */
export function State({ tone, icon, children, title }: Children & { tone: Tone; icon?: IconName; title?: string }) {
	return (
		<span class={`state ${tone}`} title={title}>
			<Icon name={icon ?? toneIcon[tone]} size={14} />
			{children}
		</span>
	);
}

/** Chip is a short fact in a frame; with onRemove a filter that can be taken off. */
export function Chip(props: Children & { tone?: Tone; onRemove?: () => void; onClick?: () => void; title?: string; removeLabel?: string }) {
	return (
		<span class={`chip ${props.tone ?? ''}`} title={props.title}>
			{props.onClick ? (
				<button type="button" class="chip-text" onClick={props.onClick}>
					{props.children}
				</button>
			) : (
				props.children
			)}
			{props.onRemove && (
				<button type="button" class="chip-remove" aria-label={props.removeLabel ?? 'Remove'} onClick={props.onRemove}>
					<Icon name="cross" size={12} />
				</button>
			)}
		</span>
	);
}

/** TierName is a tier by its name, with its place on the ramp. */
export function TierName({ tier }: { tier?: string }) {
	const n = tiers.indexOf(tier as (typeof tiers)[number]) + 1;
	if (!n) return <span class="muted">–</span>;
	return (
		<span class="tier">
			<i class="tier-mark" style={{ '--fill': `var(--tier-${n})`, '--steps': String(n) }} aria-hidden="true" />
			{tier}
		</span>
	);
}

/** ModelName is provider/model, the provider quieter. */
export function ModelName({ id }: { id?: string }) {
	if (!id) return <span class="muted">–</span>;
	const slash = id.indexOf('/');
	return (
		<span class="model" title={id}>
			{slash > 0 && <span class="muted">{id.slice(0, slash + 1)}</span>}
			{id.slice(slash + 1)}
		</span>
	);
}

/** Time is local, with UTC on hover. */
export function Time({ at, relative }: { at?: string | number; relative?: boolean }) {
	if (!at) return <span class="muted">–</span>;
	return (
		<time dateTime={new Date(at).toISOString()} title={utc(at)}>
			{relative ? ago(at) : when(at)}
		</time>
	);
}

/** Kbd is a key. */
export const Kbd = ({ children }: Children) => <kbd>{children}</kbd>;

/** copy puts text on the clipboard, and says so. */
export async function copy(text: string, what = 'Copied'): Promise<void> {
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		const area = document.createElement('textarea');
		area.value = text;
		document.body.append(area);
		area.select();
		document.execCommand('copy');
		area.remove();
	}
	toast(what);
}

/** CopyButton copies text, and shows for a moment that it did. */
export function CopyButton({
	text,
	children,
	label = 'Copy',
	small,
}: Children & { text: string | (() => string); label?: string; small?: boolean }) {
	const [done, setDone] = useState(false);
	useEffect(() => {
		if (!done) return;
		const t = setTimeout(() => setDone(false), 1500);
		return () => clearTimeout(t);
	}, [done]);
	return (
		<Button
			kind="quiet"
			small={small}
			icon={done ? 'check' : 'copy'}
			label={label}
			onClick={() => {
				void copy(typeof text === 'function' ? text() : text);
				setDone(true);
			}}
		>
			{children}
		</Button>
	);
}

/** Segmented is a choice of a few; arrow keys move in it. */
export function Segmented<T extends string>(props: {
	options: readonly (readonly [T, string] | T)[];
	value: T;
	onChange: (value: T) => void;
	label: string;
}) {
	const box = useRef<HTMLDivElement>(null);
	const options = props.options.map((o) => (typeof o === 'string' ? ([o, o] as const) : o));
	const move = (e: KeyboardEvent) => {
		const step = ({ ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 } as Record<string, number>)[e.key];
		if (!step) return;
		e.preventDefault();
		const at = options.findIndex((o) => o[0] === props.value);
		const next = (at + step + options.length) % options.length;
		props.onChange(options[next]![0]);
		(box.current?.children[next] as HTMLElement | undefined)?.focus();
	};
	return (
		<div class="segmented" role="radiogroup" aria-label={props.label} ref={box} onKeyDown={move}>
			{options.map(([value, name]) => (
				<button
					key={value}
					type="button"
					role="radio"
					aria-checked={value === props.value}
					tabIndex={value === props.value ? 0 : -1}
					onClick={() => props.onChange(value)}
				>
					{name}
				</button>
			))}
		</div>
	);
}

/** Tabs switch what is below them; which one is open belongs in the address. */
export function Tabs<T extends string>(props: {
	tabs: readonly (readonly [T, ComponentChildren])[];
	value: T;
	onChange: (value: T) => void;
	label: string;
	panel: string;
}) {
	const box = useRef<HTMLDivElement>(null);
	const move = (e: KeyboardEvent) => {
		const step = ({ ArrowRight: 1, ArrowLeft: -1 } as Record<string, number>)[e.key];
		if (!step) return;
		e.preventDefault();
		const at = props.tabs.findIndex((t) => t[0] === props.value);
		const next = (at + step + props.tabs.length) % props.tabs.length;
		props.onChange(props.tabs[next]![0]);
		(box.current?.children[next] as HTMLElement | undefined)?.focus();
	};
	return (
		<div class="tabs" role="tablist" aria-label={props.label} ref={box} onKeyDown={move}>
			{props.tabs.map(([value, name]) => (
				<button
					key={value}
					type="button"
					role="tab"
					id={`${props.panel}-${value}`}
					aria-selected={value === props.value}
					aria-controls={props.panel}
					tabIndex={value === props.value ? 0 : -1}
					onClick={() => props.onChange(value)}
				>
					{name}
				</button>
			))}
		</div>
	);
}

/** Field is a labelled control with what is wrong with it. */
export function Field({
	label,
	hint,
	problem,
	children,
	id,
}: Children & { label: string; hint?: ComponentChildren; problem?: string; id: string }) {
	return (
		<div class={`field${problem ? ' wrong' : ''}`}>
			<label for={id}>{label}</label>
			{children}
			{problem ? (
				<p class="problem" id={`${id}-problem`} role="alert">
					{problem}
				</p>
			) : (
				hint && <p class="hint">{hint}</p>
			)}
		</div>
	);
}

/** Menu is a button that opens a list of actions. */
export function Menu(props: {
	label: string;
	icon?: IconName;
	text?: ComponentChildren;
	kind?: 'plain' | 'quiet';
	items: { text: ComponentChildren; run: () => void; disabled?: string; danger?: boolean; checked?: boolean }[];
}) {
	const [open, setOpen] = useState(false);
	const box = useRef<HTMLDivElement>(null);
	useEffect(() => {
		if (!open) return;
		(box.current?.querySelector('[role^=menuitem]') as HTMLElement | null)?.focus();
		const away = (e: Event) => {
			if (!box.current?.contains(e.target as Node)) setOpen(false);
		};
		document.addEventListener('pointerdown', away);
		return () => document.removeEventListener('pointerdown', away);
	}, [open]);
	const close = () => {
		setOpen(false);
		(box.current?.querySelector('button') as HTMLElement | null)?.focus();
	};
	const move = (e: KeyboardEvent) => {
		const items = [...(box.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])];
		const at = items.indexOf(document.activeElement as HTMLElement);
		if (e.key === 'Escape') close();
		else if (e.key === 'ArrowDown') items[(at + 1) % items.length]?.focus();
		else if (e.key === 'ArrowUp') items[(at - 1 + items.length) % items.length]?.focus();
		else return;
		e.preventDefault();
		e.stopPropagation();
	};
	return (
		<div class="menu" ref={box} onKeyDown={open ? move : undefined}>
			<button
				type="button"
				class={`button ${props.kind ?? 'plain'}${props.text ? '' : ' only-icon'}`}
				aria-haspopup="menu"
				aria-expanded={open}
				aria-label={props.text ? undefined : props.label}
				title={props.text ? undefined : props.label}
				onClick={() => setOpen(!open)}
			>
				{props.icon && <Icon name={props.icon} />}
				{props.text}
				{props.text && <Icon name="down" size={12} />}
			</button>
			{open && (
				<div class="menu-list" role="menu" aria-label={props.label}>
					{props.items.map((item, i) => (
						<button
							key={i}
							type="button"
							role={item.checked === undefined ? 'menuitem' : 'menuitemcheckbox'}
							aria-checked={item.checked}
							class={item.danger ? 'danger' : ''}
							aria-disabled={!!item.disabled || undefined}
							title={item.disabled}
							onClick={() => {
								if (item.disabled) return;
								if (item.checked === undefined) close();
								item.run();
							}}
						>
							{item.checked !== undefined && <span class="menu-check">{item.checked && <Icon name="check" size={14} />}</span>}
							{item.text}
						</button>
					))}
				</div>
			)}
		</div>
	);
}

/** Page is the frame of a page: its title, what narrows it down, and the one thing to do there. */
export function Page({
	title,
	note,
	tools,
	action,
	children,
	wide,
}: Children & { title: string; note?: ComponentChildren; tools?: ComponentChildren; action?: ComponentChildren; wide?: boolean }) {
	useEffect(() => {
		document.title = `${title} – Routor`;
	}, [title]);
	return (
		<div class={`page${wide ? ' wide' : ''}`}>
			<header class="page-head">
				<h1>{title}</h1>
				{note && <div class="page-note">{note}</div>}
				{tools && <div class="page-tools">{tools}</div>}
				{action && <div class="page-action">{action}</div>}
			</header>
			{children}
		</div>
	);
}

/** Panel is a part of a page with a line around it. */
export function Panel({
	title,
	tools,
	children,
	flush,
	id,
}: Children & { title?: ComponentChildren; tools?: ComponentChildren; flush?: boolean; id?: string }) {
	return (
		<section class={`panel${flush ? ' flush' : ''}`} id={id}>
			{(title || tools) && (
				<header class="panel-head">
					{title && <h2>{title}</h2>}
					{tools && <div class="panel-tools">{tools}</div>}
				</header>
			)}
			{children}
		</section>
	);
}
