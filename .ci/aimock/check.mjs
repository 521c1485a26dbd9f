// Routor in front of a simulated upstream that nobody here wrote, asked by official SDKs: every dialect gets the same text, tool
// call and stream from each provider. .ci/sdk/run runs it beside the packages that it needs.
//   node check.mjs ROUTOR PROVIDERS.YAML PORT
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Anthropic from '@anthropic-ai/sdk';
import { LLMock } from '@copilotkit/aimock';
import OpenAI from 'openai';

const [program, config, port] = process.argv.slice(2);
const root = `http://127.0.0.1:${port}`;
const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const said = 'It is sunny in Rome, and it will stay so.';

const mock = new LLMock({ port: 0, logLevel: 'silent' });
mock.onToolResult('call_rome', { content: 'The tool says: sunny.' });
mock.onMessage('How is the weather', { toolCalls: [{ id: 'call_rome', name: 'get_weather', arguments: '{"city":"Rome"}' }] });
mock.onMessage('Say something', { content: said });
await mock.start();

const data = mkdtempSync(join(tmpdir(), 'aimock-'));
const routor = spawn(program, ['serve', '--config', config, '--listen', `127.0.0.1:${port}`, '--data', data], {
  env: { ...process.env, MOCK: mock.url, ROUTOR_ADMIN_KEY: 'adm-simulated-0000000000' },
  stdio: 'ignore',
});
const stop = async (code) => {
  const gone = new Promise((next) => routor.once('exit', next));
  routor.kill();
  await gone;
  await mock.stop();
  rmSync(data, { recursive: true, force: true });
  process.exit(code);
};
let passed = 0;
const check = async (name, ok, got) => {
  if (!ok) {
    console.error(`FAIL ${name}:`, JSON.stringify(got));
    await stop(1);
  }
  passed++;
};
for (let i = 0; i < 100; i++) {
  if (await fetch(`${root}/readyz`).then((r) => r.ok, () => false)) break;
  await new Promise((next) => setTimeout(next, 100));
}

const openai = new OpenAI({ baseURL: `${root}/v1`, apiKey: 'any', maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: root, apiKey: 'any', maxRetries: 0 });

// Each asks in its dialect and says what came: the text, the calls, and what to send with their results.
const clients = {
  'chat completions': async (model, turns, streamed) => {
    const request = { model, messages: turns, tools: [{ type: 'function', function: { name: 'get_weather', parameters: city } }] };
    const c = await (streamed ? openai.chat.completions.stream(request).finalChatCompletion() : openai.chat.completions.create(request));
    const m = c.choices[0].message;
    const calls = (m.tool_calls ?? []).map((t) => ({ id: t.id, name: t.function.name, input: JSON.parse(t.function.arguments) }));
    return { text: m.content ?? '', calls, end: c.choices[0].finish_reason, next: [m, ...calls.map((t) => ({ role: 'tool', tool_call_id: t.id, content: 'sunny' }))] };
  },
  responses: async (model, turns, streamed) => {
    const request = { model, input: turns, tools: [{ type: 'function', name: 'get_weather', parameters: city, strict: false }] };
    const r = await (streamed ? openai.responses.stream(request).finalResponse() : openai.responses.create(request));
    const calls = r.output.filter((i) => i.type === 'function_call').map((t) => ({ id: t.call_id, name: t.name, input: JSON.parse(t.arguments) }));
    const output = r.output.map(({ parsed_arguments, ...item }) => item);
    return { text: r.output_text, calls, end: calls.length ? 'tool_calls' : 'stop', next: [...output, ...calls.map((t) => ({ type: 'function_call_output', call_id: t.id, output: 'sunny' }))] };
  },
  messages: async (model, turns, streamed) => {
    const request = { model, max_tokens: 2000, messages: turns, tools: [{ name: 'get_weather', input_schema: city }] };
    const m = await (streamed ? anthropic.messages.stream(request).finalMessage() : anthropic.messages.create(request));
    const calls = m.content.filter((b) => b.type === 'tool_use').map(({ id, name, input }) => ({ id, name, input }));
    const results = calls.map((t) => ({ type: 'tool_result', tool_use_id: t.id, content: 'sunny' }));
    return { text: m.content.map((b) => b.text ?? '').join(''), calls, end: { tool_use: 'tool_calls', end_turn: 'stop' }[m.stop_reason], next: [{ role: 'assistant', content: m.content }, { role: 'user', content: results }] };
  },
};

try {
  for (const model of ['openai/gpt-4.1', 'openai/gpt-5.5', 'anthropic/claude-sonnet-4.6', 'google/gemini-3.5-flash']) {
    for (const [dialect, ask] of Object.entries(clients)) {
      for (const streamed of [false, true]) {
        const label = `${model}, ${dialect}, streamed=${streamed}`;
        const plain = await ask(model, [{ role: 'user', content: 'Say something.' }], streamed);
        await check(`text: ${label}`, plain.text === said && plain.calls.length === 0 && plain.end === 'stop', plain);
        const turns = [{ role: 'user', content: 'How is the weather in Rome?' }];
        const first = await ask(model, turns, streamed);
        const [call] = first.calls;
        await check(`a tool call: ${label}`, first.calls.length === 1 && call.name === 'get_weather' && call.input.city === 'Rome' && first.end === 'tool_calls', first);
        const second = await ask(model, [...turns, ...first.next], streamed);
        await check(`its result is answered: ${label}`, second.text === 'The tool says: sunny.' && second.calls.length === 0, second);
      }
    }
  }
} catch (e) {
  console.error('FAIL', e);
  await stop(1);
}
console.log(`aimock: ${passed} passed, 0 failed`);
await stop(0);
