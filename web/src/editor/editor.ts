// The policy editor: CodeMirror 6 with the language of policies. It is a chunk of its own, fetched when it is wanted.
import './editor.css';
import {
	acceptCompletion,
	autocompletion,
	type Completion,
	type CompletionContext,
	type CompletionResult,
	closeBrackets,
	closeBracketsKeymap,
	completionKeymap,
	startCompletion,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from '@codemirror/commands';
import { bracketMatching, codeFolding, foldGutter, foldKeymap, indentService, indentUnit } from '@codemirror/language';
import { unifiedMergeView } from '@codemirror/merge';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, StateEffect, StateField, Transaction } from '@codemirror/state';
import {
	Decoration,
	type DecorationSet,
	drawSelection,
	EditorView,
	highlightActiveLine,
	highlightActiveLineGutter,
	keymap,
	lineNumbers,
	placeholder,
	rectangularSelection,
	WidgetType,
} from '@codemirror/view';
import { spotAt } from './context';
import type { Environment } from './environment';
import { indentAfter } from './indent';
import { policyColours, policyLanguage } from './language';
import { offersAt } from './offers';
import { offsetAt, type Change, type Problem } from './position';
import { fixHere, goToProblem, problemMarks, tell } from './problems';
import { editorTheme } from './theme';

export * as yaml from './yaml-edit';
export type { Environment } from './environment';
export type { Problem } from './position';

export interface Options {
	parent: HTMLElement;
	text: string;
	label: string;
	readOnly?: boolean;
	plain?: boolean; // YAML that is no policy: no completion
	environment?: () => Environment | undefined;
	onChange?: (text: string) => void;
	onCursor?: (line: number) => void;
	onLeave?: () => void; // Escape, Tab
	onSave?: () => void;
}

/** Ran is what a rule did to the request of the test panel, told at its line. */
export interface Ran {
	line: number;
	text: string;
}

/** Editor is an editor in a page. */
export interface Editor {
	view: EditorView;
	text: () => string;
	setText: (text: string, keepHistory?: boolean) => void; // as one step that can be undone
	change: (change: Change) => void;
	tell: (problems: readonly Problem[]) => void;
	ran: (rules: readonly Ran[]) => void;
	goTo: (line: number, column?: number) => void;
	insert: (text: string) => void;
	fix: () => boolean;
	next: (back?: boolean) => boolean;
	compare: (original: string | null) => void; // shows differences in place; null = no longer
	setReadOnly: (is: boolean) => void;
	focus: () => void;
	destroy: () => void;
}

const kinds: Record<string, string> = {
	variable: 'variable',
	function: 'function',
	value: 'constant',
	key: 'property',
	keyword: 'keyword',
};

function complete(environment: () => Environment | undefined) {
	return (c: CompletionContext): CompletionResult | null => {
		const env = environment();
		if (!env) return null;
		const spot = spotAt(c.state.doc.toString(), c.pos);
		const offers = offersAt(spot, env);
		if (!offers || offers.list.length === 0) return null;
		if (!c.explicit && offers.from === c.pos && spot.kind === 'key') return null;
		if (!c.explicit && offers.from === c.pos && offers.list[0]!.kind === 'variable' && !/[(\s!]$/.test(spot.text || ' ')) return null;
		const options: Completion[] = offers.list.map((o, i) => ({
			label: o.label,
			detail: o.detail,
			info: o.doc,
			type: kinds[o.kind],
			boost: o.kind === 'keyword' ? -50 : o.kind === 'function' ? -20 : -i / 100,
			apply: (view, _c, from, to) => {
				// A quote that follows already closes the text.
				const after = view.state.sliceDoc(to, to + 1);
				const insert = o.insert.endsWith('"') && after === '"' ? o.insert.slice(0, -1) : o.insert;
				view.dispatch({
					changes: { from, to, insert },
					selection: { anchor: from + insert.length + (insert !== o.insert ? 1 : 0) },
					userEvent: 'input.complete',
				});
				if (o.again) setTimeout(() => startCompletion(view));
			},
		}));
		return { from: offers.from, options, filter: true, validFor: /^["']?[\w./*-]*$/ };
	};
}

// What rules did, at the end of their lines; and a line that was gone to, marked for a moment.
const setRan = StateEffect.define<readonly Ran[]>();
const setHere = StateEffect.define<number | null>();

class RanMark extends WidgetType {
	constructor(readonly text: string) {
		super();
	}
	override eq(other: RanMark) {
		return other.text === this.text;
	}
	override toDOM() {
		const span = document.createElement('span');
		span.className = 'cm-ran';
		span.textContent = this.text;
		return span;
	}
}

const marks = StateField.define<DecorationSet>({
	create: () => Decoration.none,
	update(shown, tr) {
		let out = shown.map(tr.changes);
		for (const e of tr.effects) {
			if (e.is(setRan)) {
				const doc = tr.state.doc;
				out = Decoration.set(
					e.value
						.filter((r) => r.line >= 1 && r.line <= doc.lines)
						.map((r) => Decoration.widget({ widget: new RanMark(r.text), side: 1 }).range(doc.line(r.line).to)),
					true,
				);
			}
		}
		return out;
	},
	provide: (f) => EditorView.decorations.from(f),
});

const here = StateField.define<DecorationSet>({
	create: () => Decoration.none,
	update(shown, tr) {
		for (const e of tr.effects)
			if (e.is(setHere)) return e.value === null ? Decoration.none : Decoration.set([Decoration.line({ class: 'cm-here' }).range(e.value)]);
		return shown.map(tr.changes);
	},
	provide: (f) => EditorView.decorations.from(f),
});

const nonce = () => document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content ?? '';

/** edit puts an editor into a page. */
export function edit(o: Options): Editor {
	const compare = new Compartment();
	const locked = new Compartment();
	let escaped = false;
	const leave = (back: boolean) => {
		if (!escaped) return false;
		escaped = false;
		o.onLeave?.();
		return !back && false; // the browser moves the focus on
	};
	const view = new EditorView({
		parent: o.parent,
		state: EditorState.create({
			doc: o.text,
			extensions: [
				EditorView.cspNonce.of(nonce()),
				locked.of(EditorState.readOnly.of(!!o.readOnly)),
				EditorState.tabSize.of(2),
				indentUnit.of('  '),
				EditorState.allowMultipleSelections.of(true),
				lineNumbers(),
				foldGutter({ openText: '⌄', closedText: '›' }),
				codeFolding(),
				history(),
				drawSelection(),
				rectangularSelection(),
				indentService.of((c, pos) => indentAfter(c.state.doc.toString(), c.simulatedBreak ?? pos)),
				bracketMatching(),
				closeBrackets(),
				highlightActiveLine(),
				highlightActiveLineGutter(),
				highlightSelectionMatches(),
				search({ top: true }),
				placeholder('name: my-policy'),
				policyLanguage(),
				policyColours,
				o.plain
					? []
					: autocompletion({ override: [complete(o.environment ?? (() => undefined))], icons: false, activateOnTypingDelay: 60 }),
				problemMarks(),
				marks,
				here,
				editorTheme,
				EditorView.contentAttributes.of({
					'aria-label': `${o.label}. Escape, then Tab leaves the editor.`,
					spellcheck: 'false',
					autocorrect: 'off',
					autocapitalize: 'off',
				}),
				EditorView.domEventHandlers({
					keydown: (e) => {
						if (e.key !== 'Escape' && e.key !== 'Tab' && e.key !== 'Shift') escaped = false;
						return false;
					},
					blur: () => {
						escaped = false;
					},
				}),
				keymap.of([
					{ key: 'Mod-s', preventDefault: true, run: () => (o.onSave?.(), true) },
					{ key: 'Mod-.', preventDefault: true, run: fixHere },
					{ key: 'F8', run: (v) => goToProblem(v), shift: (v) => goToProblem(v, true) },
					{
						key: 'Tab',
						run: (v) => (escaped ? leave(false) : acceptCompletion(v) || indentMore(v)),
						shift: (v) => (escaped ? leave(true) : indentLess(v)),
					},
					...closeBracketsKeymap,
					...completionKeymap,
					...searchKeymap,
					...foldKeymap,
					...historyKeymap,
					...defaultKeymap.filter((k) => k.key !== 'Mod-Enter' && k.key !== 'Ctrl-k' && k.mac !== 'Ctrl-k'),
					{
						key: 'Escape',
						run: () => {
							escaped = true;
							return true;
						},
					},
				]),
				EditorView.updateListener.of((u) => {
					if (u.docChanged) o.onChange?.(u.state.doc.toString());
					if (u.docChanged || u.selectionSet) o.onCursor?.(u.state.doc.lineAt(u.state.selection.main.head).number);
				}),
				compare.of([]),
			],
		}),
	});
	let fade = 0;
	return {
		view,
		text: () => view.state.doc.toString(),
		setText: (text, keepHistory = true) => {
			const old = view.state.doc.toString();
			if (old === text) return;
			// Only what differs changes, so that the cursor and the folds stay where they are.
			let from = 0;
			while (from < old.length && from < text.length && old[from] === text[from]) from++;
			let to = 0;
			while (to < old.length - from && to < text.length - from && old[old.length - 1 - to] === text[text.length - 1 - to]) to++;
			view.dispatch({
				changes: { from, to: old.length - to, insert: text.slice(from, text.length - to) },
				annotations: keepHistory ? [] : [Transaction.addToHistory.of(false)],
			});
		},
		change: (change) => view.dispatch({ changes: change, userEvent: 'input.form' }),
		tell: (problems) => tell(view, problems),
		ran: (rules) => view.dispatch({ effects: setRan.of(rules) }),
		goTo: (line, column = 1) => {
			const pos = offsetAt(view.state.doc.toString(), line, column);
			const at = view.state.doc.lineAt(pos).from;
			view.dispatch({ selection: { anchor: pos }, effects: [setHere.of(at), EditorView.scrollIntoView(pos, { y: 'center' })] });
			view.focus();
			clearTimeout(fade);
			fade = window.setTimeout(() => view.dom.isConnected && view.dispatch({ effects: setHere.of(null) }), 1600);
		},
		insert: (text) => {
			view.dispatch(view.state.replaceSelection(text), { userEvent: 'input.form', scrollIntoView: true });
			view.focus();
		},
		fix: () => fixHere(view),
		next: (back) => goToProblem(view, back),
		compare: (original) =>
			view.dispatch({
				effects: compare.reconfigure(
					original === null
						? []
						: unifiedMergeView({ original, mergeControls: false, highlightChanges: true, collapseUnchanged: { margin: 4, minSize: 8 } }),
				),
			}),
		setReadOnly: (is) => view.dispatch({ effects: locked.reconfigure(EditorState.readOnly.of(is)) }),
		focus: () => view.focus(),
		destroy: () => {
			clearTimeout(fade);
			view.destroy();
		},
	};
}
