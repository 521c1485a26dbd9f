// The official Anthropic SDK for Node against a running Routor.
//   node messages.mjs http://127.0.0.1:8484
import Anthropic from '@anthropic-ai/sdk';

import { both, check, city, done, drain, models, offered, one, root, same } from './tally.mjs';

const client = new Anthropic({ baseURL: root, apiKey: 'any', maxRetries: 0 });
const tools = Object.entries(offered).map(([name, description]) => ({ name, description, input_schema: city }));
const ask = [{ role: 'user', content: both }];

const askFor = async (messages, model, streamed, thinking) => {
  const request = { model, max_tokens: 4000, messages, tools, ...(thinking && { thinking }) };
  const answer = await (streamed ? client.messages.stream(request).finalMessage() : client.messages.create(request));
  messages.push({ role: 'assistant', content: answer.content });
  const calls = answer.content.filter((b) => b.type === 'tool_use');
  if (calls.length) {
    const results = calls.map((c) => ({ type: 'tool_result', tool_use_id: c.id, content: `${c.name} is fine in ${c.input.city}` }));
    messages.push({ role: 'user', content: results });
  }
  check(`stop reason: ${model}`, answer.stop_reason === (calls.length ? 'tool_use' : 'end_turn'), answer);
  check(`usage: ${model}`, answer.usage.input_tokens > 0 && answer.usage.output_tokens > 0, answer);
  return { answer, names: calls.map((c) => c.name), text: answer.content.map((b) => b.text ?? '').join('') };
};

for (const model of models) {
  for (const streamed of [false, true]) {
    for (const thinking of [undefined, { type: 'enabled', budget_tokens: 2000 }]) {
      const label = `${model}, streamed=${streamed}, thinking=${!!thinking}`;
      const turns = [...ask];
      const first = await askFor(turns, model, streamed, thinking);
      check(`two tools at once: ${label}`, same(first.names, Object.keys(offered)), first.answer);
      check(`results are answered: ${label}`, (await askFor(turns, model, streamed, thinking)).text.includes('is fine in'), turns);
      turns.push({ role: 'user', content: one });
      check(`a further call: ${label}`, same((await askFor(turns, model, streamed, thinking)).names, ['get_weather']), turns);
      check(`its answer: ${label}`, (await askFor(turns, model, streamed, thinking)).text.includes('is fine in'), turns);
    }
  }
  const events = await drain(client.messages.stream({ model, max_tokens: 4000, messages: [{ role: 'user', content: 'hi' }] }));
  check(`events begin and end: ${model}`, events[0].type === 'message_start' && events.at(-1).type === 'message_stop', events);
  const counted = await client.messages.countTokens({ model, messages: ask, tools });
  check(`tokens are counted: ${model}`, counted.input_tokens > 10, counted);
}
const listed = (await drain(await client.models.list())).map((m) => m.id);
check('models are listed', listed.includes('auto') && listed.includes('anthropic/claude-opus-4.8'), listed);
const failure = await client.messages.create({ model: 'openai/gpt-nonsense', max_tokens: 9, messages: ask }).catch((e) => e);
check('an unknown model is a NotFoundError', failure instanceof Anthropic.NotFoundError && failure.error.error.type === 'not_found_error', failure);
done('anthropic, node, messages');
