// The Vercel AI SDK, with its OpenAI and Anthropic providers, against a running Routor.
//   node vercel.mjs http://127.0.0.1:8484
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, Output, jsonSchema, stepCountIs, streamText, tool } from 'ai';

import { both, check, city, done, models, offered, root, same, shape, shapeless } from './tally.mjs';

globalThis.AI_SDK_LOG_WARNINGS = ({ warnings }) => check('the SDK does not warn', false, warnings);
let referred = 0;
const openai = createOpenAI({
  baseURL: `${root}/v1`,
  apiKey: 'any',
  fetch: (url, init) => {
    referred += (init.body.match(/"item_reference"/g) ?? []).length;
    return fetch(url, init);
  },
});
const anthropic = createAnthropic({ baseURL: `${root}/v1`, apiKey: 'any' });
const tools = Object.fromEntries(
  Object.entries(offered).map(([name, description]) => [
    name,
    tool({ description, inputSchema: jsonSchema(city), execute: async (input) => `${name} is fine in ${input.city}` }),
  ]),
);

for (const [dialect, make] of [['chat completions', openai.chat], ['responses', openai.responses], ['messages', anthropic]]) {
  for (const id of models) {
    const label = `${dialect}, ${id}`;
    // Nothing is stored: without this the SDK refers to items of earlier answers instead of sending them.
    const providerOptions = { openai: { store: false } };
    const ask = { model: make(id), providerOptions, prompt: both, tools, maxOutputTokens: 4000, stopWhen: stepCountIs(4), maxRetries: 0, onError: () => {} };
    const looked = (steps) => steps.length === 2 && same(steps[0].toolCalls.map((c) => c.toolName), Object.keys(offered));

    const plain = await generateText(ask);
    check(`a tool loop: ${label}`, looked(plain.steps) && plain.text.includes('is fine in'), plain.steps);
    check(`usage: ${label}`, plain.usage.inputTokens > 0 && plain.usage.outputTokens > 0, plain.usage);
    const streamed = streamText(ask);
    let text = '';
    for await (const part of streamed.textStream) text += part;
    check(`a streamed tool loop: ${label}`, looked(await streamed.steps) && text.includes('is fine in'), await streamed.steps);
    check(`streamed usage: ${label}`, (await streamed.usage).outputTokens > 0, await streamed.usage);
    if (dialect === 'responses') {
      // As it is set out of the box the SDK takes answers for stored, and refers to reasoning and texts instead of sending them.
      const messages = [{ role: 'user', content: both }];
      const turn = { model: make(id), tools, maxOutputTokens: 4000, stopWhen: stepCountIs(4), maxRetries: 0, onError: () => {} };
      const first = await generateText({ ...turn, messages });
      check(`a tool loop by reference: ${label}`, looked(first.steps) && first.text.includes('is fine in'), first.steps);
      messages.push(...first.responseMessages, { role: 'user', content: both });
      const second = streamText({ ...turn, messages });
      await second.consumeStream();
      check(`its next turn, streamed: ${label}`, looked(await second.steps) && (await second.text).includes('is fine in'), await second.steps);
      messages.push(...(await second.responseMessages), { role: 'user', content: 'Say hello.' });
      const third = await generateText({ ...turn, messages });
      check(`the turn after it: ${label}`, third.text !== '', third);
    }
    if (!shapeless.includes(id)) {
      const output = Output.object({ schema: jsonSchema(shape) });
      const shaped = await generateText({ model: make(id), prompt: 'What is 6 times 7?', output, maxOutputTokens: 4000, maxRetries: 0 });
      check(`an object: ${label}`, Number.isInteger(shaped.output.answer), shaped.text);
    }
  }
  const failure = await generateText({ model: make('acme/nonsense'), prompt: 'hi', maxOutputTokens: 100, maxRetries: 0 }).catch((e) => e);
  check(`an unknown model is told: ${dialect}`, failure.statusCode === 404 && failure.message.includes('acme/nonsense'), { message: failure.message });
}
check('the SDK refers to items', referred > 0, referred);
done('vercel ai sdk, node');
