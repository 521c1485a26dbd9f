// The door: by the admin key, or by a one-time link of `routor open`. A demo lets anybody in.
import { useEffect, useState } from 'preact/hooks';
import { go, param } from '../../app/router';
import { enter, Problem } from '../../lib/api';
import { Button } from '../../ui/base';
import { Icon, Mark } from '../../ui/icon';

const demoKey = 'demo-admin-key';

export default function Login() {
	const token = param('token');
	const [key, setKey] = useState('');
	const [problem, setProblem] = useState('');
	const [busy, setBusy] = useState(false);
	const [isDemo, setDemo] = useState(false);
	const to = /^\/(?![/\\])/.test(param('to'))
		? param('to')
		: location.pathname === '/login'
			? '/traffic'
			: location.pathname + location.search;
	const by = async (what: { key: string } | { link: string }) => {
		setBusy(true);
		setProblem('');
		try {
			await enter(what);
			go(to, { replace: true });
		} catch (err) {
			const p = err as Problem;
			if (p.status === 429) setProblem(`Too many tries. Try again in ${p.retryAfter || 60} s.`);
			else if (p.offline) setProblem('The server was not reached. Is it running?');
			else if ('link' in what)
				setProblem('This link was used already, or is too old. Run routor open for a new one, or give the admin key.');
			else if (p.status === 401)
				setProblem('This is not the admin key. It is in admin.key of the data directory, unless it was given by ROUTOR_ADMIN_KEY.');
			else setProblem(p.message);
		} finally {
			setBusy(false);
		}
	};
	useEffect(() => {
		document.title = 'Sign in – Routor';
		// The token must not stay in the history.
		if (token) {
			history.replaceState(null, '', '/login');
			void by({ link: token });
		}
		fetch('/readyz')
			.then((r) => r.json())
			.then((r: { demo?: boolean }) => setDemo(!!r.demo))
			.catch(() => undefined);
	}, []);
	return (
		<main class="login" id="main">
			<form
				onSubmit={(e) => {
					e.preventDefault();
					if (key.trim()) void by({ key: key.trim() });
					else setProblem('Give the admin key.');
				}}
			>
				<h1>
					<Mark size={28} /> routor
				</h1>
				{isDemo && (
					<>
						<p>
							This server runs the demo: 13 simulated providers, a day of made-up traffic. Nothing leaves this machine, nothing is billed.
						</p>
						<Button kind="primary" busy={busy} onClick={() => void by({ key: demoKey })}>
							Enter the demo
						</Button>
						<hr />
					</>
				)}
				<div class={`field${problem ? ' wrong' : ''}`}>
					<label for="key">Admin key</label>
					<input
						id="key"
						class="input mono"
						type="password"
						autocomplete="current-password"
						aria-describedby={problem ? 'key-problem' : 'key-hint'}
						aria-invalid={!!problem}
						value={key}
						autofocus
						onInput={(e) => setKey(e.currentTarget.value)}
					/>
					{problem ? (
						<p class="problem" id="key-problem" role="alert">
							<Icon name="warn" size={14} /> {problem}
						</p>
					) : (
						<p class="hint" id="key-hint">
							Or run <code>routor open</code> on the server: it opens these pages signed in.
						</p>
					)}
				</div>
				<Button type="submit" kind={isDemo ? 'plain' : 'primary'} busy={busy}>
					Sign in
				</Button>
			</form>
		</main>
	);
}
