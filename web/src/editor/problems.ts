// Problems told where they are: marked in the text, told in a line below it with its mend, and in the gutter.
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { type EditorState, type Range, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, WidgetType } from '@codemirror/view';
import { fixOf, nextProblem, type Problem, placeOf } from './position';

const setProblems = StateEffect.define<readonly Problem[]>();

/** problemsOf are the problems of the text as it was checked last. */
export const problemsOf = (state: EditorState): readonly Problem[] => state.field(field, false)?.list ?? [];

class Mend extends WidgetType {
	constructor(
		readonly problem: Problem,
		readonly keys: string,
	) {
		super();
	}
	override eq(other: Mend) {
		return (
			other.problem.message === this.problem.message &&
			other.problem.mend === this.problem.mend &&
			other.problem.line === this.problem.line &&
			other.problem.replace === this.problem.replace
		);
	}
	override toDOM(view: EditorView) {
		const box = document.createElement('div');
		box.className = `cm-mend ${this.problem.severity}`;
		const text = document.createElement('span');
		text.textContent = this.problem.message;
		box.append(text);
		if (this.problem.mend) {
			const mend = document.createElement('b');
			mend.textContent = this.problem.mend;
			box.append(mend);
		}
		if (this.problem.replace) {
			const button = document.createElement('button');
			button.type = 'button';
			button.textContent = 'Fix';
			button.title = `Write ${this.problem.replace}`;
			const key = document.createElement('kbd');
			key.textContent = this.keys;
			button.append(key);
			button.addEventListener('mousedown', (e) => e.preventDefault());
			button.addEventListener('click', () => fix(view, this.problem));
			box.append(button);
		}
		return box;
	}
	override ignoreEvent() {
		return true;
	}
}

interface Told {
	list: readonly Problem[];
	shown: DecorationSet;
}

const chord = typeof navigator !== 'undefined' && /Mac|iP/.test(navigator.platform) ? '⌘.' : 'Ctrl .';

function show(state: EditorState, list: readonly Problem[]): DecorationSet {
	const text = state.doc.toString();
	const widgets: Range<Decoration>[] = list.slice(0, 40).map((p) => {
		const line = state.doc.lineAt(placeOf(text, p).from);
		return Decoration.widget({ widget: new Mend(p, chord), block: true, side: 1 }).range(line.to);
	});
	return Decoration.set(widgets, true);
}

const field = StateField.define<Told>({
	create: () => ({ list: [], shown: Decoration.none }),
	update(told, tr) {
		for (const e of tr.effects) if (e.is(setProblems)) return { list: e.value, shown: show(tr.state, e.value) };
		return tr.docChanged ? { list: told.list, shown: told.shown.map(tr.changes) } : told;
	},
	provide: (f) => EditorView.decorations.from(f, (told) => told.shown),
});

/** problemMarks is what shows problems. */
export const problemMarks = () => [field, lintGutter({ tooltipFilter: () => [] })];

/** tell shows the problems of the text as it stands. */
export function tell(view: EditorView, problems: readonly Problem[]): void {
	const text = view.state.doc.toString();
	const marks: Diagnostic[] = problems.map((p) => ({
		...placeOf(text, p),
		severity: p.severity,
		message: p.mend ? `${p.message} (${p.mend})` : p.message,
	}));
	view.dispatch(setDiagnostics(view.state, marks), { effects: setProblems.of(problems) });
}

/** fix writes what mends a problem. */
export function fix(view: EditorView, problem: Problem): boolean {
	const change = fixOf(view.state.doc.toString(), problem);
	if (!change) return false;
	view.dispatch({
		changes: change,
		selection: { anchor: change.from + change.insert.length },
		userEvent: 'input.fix',
		scrollIntoView: true,
	});
	view.focus();
	return true;
}

/** fixHere mends the problem of the line that the cursor is in, else the first that can be mended. */
export function fixHere(view: EditorView): boolean {
	const line = view.state.doc.lineAt(view.state.selection.main.head).number;
	const can = problemsOf(view.state).filter((p) => p.replace);
	const problem = can.find((p) => p.line === line) ?? can[0];
	return problem ? fix(view, problem) : false;
}

/** goToProblem moves to the next problem, or the one before. */
export function goToProblem(view: EditorView, back = false): boolean {
	const text = view.state.doc.toString();
	const problem = nextProblem(text, problemsOf(view.state), view.state.selection.main.head, back);
	if (!problem) return false;
	view.dispatch({ selection: { anchor: placeOf(text, problem).from }, scrollIntoView: true });
	view.focus();
	return true;
}
