import { plural } from '../../lib/format';
import { Icon } from '../../ui/icon';
import { Blocks, Empty, Failed } from '../../ui/states';
import { goToLine } from './editor-pane';
import { check, checkAgain, checkProblem, errors, text } from './model';
import type { TestOutcome } from './shapes';

/** tally counts passed and all, and those that keep a policy from going live. */
export function tally(tests: readonly TestOutcome[]) {
	return { passed: tests.filter((t) => t.pass).length, all: tests.length, blocking: tests.filter((t) => !t.pass && !t.warn).length };
}

/** Tests are the policy's own, item by item, with the values that they read. */
export function Tests() {
	const c = check.value;
	if (checkProblem.value && !c) return <Failed problem={checkProblem.value} what="The tests could not be run" still="The draft is kept." retry={checkAgain} />;
	if (!c) return <Blocks rows={6} />;
	if (errors.value.length > 0 && c.answer.tests.length === 0)
		return <Empty title="The tests run once the draft checks">{plural(errors.value.length, 'error')} left: F8 goes to the next one.</Empty>;
	if (c.answer.tests.length === 0)
		return (
			<Empty title="This policy has no tests">
				A test is a prompt and what must hold for it. Tests run before a policy, a catalog or a classifier goes live. Type a prompt under Test, then “Save as test”.
			</Empty>
		);
	const n = tally(c.answer.tests);
	const failedFirst = [...c.answer.tests].sort((a, b) => Number(a.pass) - Number(b.pass));
	return (
		<div class={`tests${c.of === text.value ? '' : ' dimmed'}`}>
			<p class={n.blocking > 0 ? 'tone-bad' : 'muted'}>
				{n.passed} of {plural(n.all, 'test')} pass{n.blocking > 0 ? `; ${n.blocking} keep this draft from going live` : ''}
			</p>
			<ul>
				{failedFirst.map((t) => (
					<li key={t.name + t.line} class={t.pass ? 'pass' : t.warn ? 'warn' : 'fail'}>
						<button type="button" class="test-head" onClick={() => goToLine(t.line)} title={`Line ${t.line}`}>
							<span class={`state ${t.pass ? 'good' : t.warn ? 'warn' : 'bad'}`}>
								<Icon name={t.pass ? 'check' : t.warn ? 'warn' : 'cross'} size={14} />
							</span>
							<span class="test-name">{t.name}</span>
							{!t.pass && <span class={t.warn ? 'tone-warn' : 'tone-bad'}>{t.warn ? 'warns' : 'fails'}</span>}
							<span class="num muted line">{t.line}</span>
						</button>
						{t.error && <p class="tone-bad test-error">{t.error}</p>}
						<ul class="items">
							{t.items.map((i) => (
								<li key={i.expect + i.line}>
									<button type="button" onClick={() => goToLine(i.line || t.line)}>
										<Icon name={i.pass ? 'check' : 'cross'} size={12} />
										<code>{i.expect}</code>
										<span class={`num ${i.pass ? 'muted' : 'tone-bad'}`}>{i.error || i.actual}</span>
									</button>
								</li>
							))}
						</ul>
					</li>
				))}
			</ul>
		</div>
	);
}
