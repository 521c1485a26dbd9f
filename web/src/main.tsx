import './tokens.css';
import './ui/base.css';
import './ui/parts.css';
import './app/shell.css';
import { render } from 'preact';
import { App } from './app/app';
import { startKeyboard } from './app/keyboard';
import { startLive } from './app/live';
import { start } from './app/router';

start();
startKeyboard();
startLive();
render(<App />, document.getElementById('app')!);
