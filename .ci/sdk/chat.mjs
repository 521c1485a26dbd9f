// The official OpenAI SDK for Node against a running Routor, unmodified but for the base URL.
//   node chat.mjs http://127.0.0.1:8484
import OpenAI from 'openai';

import { check, done, drain, root } from './tally.mjs';

const client = new OpenAI({ baseURL: `${root}/v1`, apiKey: 'any', maxRetries: 0 });
const ask = [{ role: 'user', content: 'hi' }];
const answer = await client.chat.completions.create({ model: 'auto', messages: ask });
check('completion has text', !!answer.choices[0].message.content, answer);
check('completion carries the routor object', answer.routor?.tier === 'NANO', answer.routor);

let chunks = await drain(await client.chat.completions.create({ model: 'auto', messages: ask, stream: true }));
check('stream has text', chunks.map((c) => c.choices[0]?.delta?.content ?? '').join('') !== '', chunks);
check('stream shows no usage that was not asked for', chunks.every((c) => c.usage == null), chunks);
chunks = await drain(
  await client.chat.completions.create({ model: 'auto', messages: ask, stream: true, stream_options: { include_usage: true } }),
);
check('stream has usage when asked for', chunks.at(-1).usage?.total_tokens > 0, chunks.at(-1));
check('the last chunk carries the routor object', !!chunks.at(-1).routor, chunks.at(-1));

const tools = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
];
const messages = [{ role: 'user', content: 'Use get_weather to look up the weather in Paris.' }];
const streamed = client.chat.completions.stream({ model: 'auto', messages, tools });
const first = await streamed.finalChatCompletion();
const call = first.choices[0].message.tool_calls?.[0];
check('a streamed tool call comes together', call?.function.name === 'get_weather' && typeof JSON.parse(call.function.arguments).city === 'string', first);
messages.push(first.choices[0].message, { role: 'tool', tool_call_id: call.id, content: '18 degrees, sunny' });
const second = await client.chat.completions.create({ model: 'auto', messages, tools });
check('a tool result is answered', !!second.choices[0].message, second);

const schema = { type: 'object', properties: { answer: { type: 'integer' } }, required: ['answer'], additionalProperties: false };
const shaped = await client.chat.completions.create({
  model: 'auto',
  messages: [{ role: 'user', content: 'What is 6 times 7?' }],
  response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } },
});
check('structured output fits its schema', Number.isInteger(JSON.parse(shaped.choices[0].message.content).answer), shaped);

const failure = await client.chat.completions.create({ model: 'openai/gpt-nonsense', messages: ask }).catch((e) => e);
check('an unknown model is a NotFoundError', failure instanceof OpenAI.NotFoundError && failure.code === 'model_not_found', failure);

const vectors = await client.embeddings.create({ model: 'openai/text-embedding-3-small', input: ['one', 'two'], dimensions: 16 });
check('embeddings are vectors', vectors.data.length === 2 && vectors.data.every((v) => v.embedding.length === 16), vectors);

const models = [];
for await (const m of client.models.list()) models.push(m.id);
check('models are listed', models.includes('auto') && models.includes('anthropic/claude-opus-4.8'), models);
done('openai, node, chat completions');
