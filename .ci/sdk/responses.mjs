// The official OpenAI SDK for Node on Responses, against a running Routor.
//   node responses.mjs http://127.0.0.1:8484
import OpenAI from 'openai';

import { both, check, city, done, drain, models, offered, one, root, same, shape, shapeless } from './tally.mjs';

const client = new OpenAI({ baseURL: `${root}/v1`, apiKey: 'any', maxRetries: 0 });
const tools = Object.entries(offered).map(([name, description]) => ({ type: 'function', name, description, parameters: city, strict: true }));

const askFor = async (input, model, streamed) => {
  const request = { model, input, tools, reasoning: { effort: 'medium', summary: 'auto' }, include: ['reasoning.encrypted_content'] };
  const answer = await (streamed ? client.responses.stream(request).finalResponse() : client.responses.create(request));
  const calls = answer.output.filter((i) => i.type === 'function_call');
  input.push(...answer.output.map(({ parsed_arguments, ...item }) => item));
  input.push(...calls.map((c) => ({ type: 'function_call_output', call_id: c.call_id, output: `${c.name} is fine in ${JSON.parse(c.arguments).city}` })));
  return { answer, names: calls.map((c) => c.name), text: answer.output_text };
};

for (const model of models) {
  for (const streamed of [false, true]) {
    const label = `${model}, streamed=${streamed}`;
    const input = [{ role: 'user', content: both }];
    const first = await askFor(input, model, streamed);
    check(`two tools at once: ${label}`, same(first.names, Object.keys(offered)), first.answer);
    check(`results are answered: ${label}`, (await askFor(input, model, streamed)).text.includes('is fine in'), input);
    input.push({ role: 'user', content: one });
    check(`a further call: ${label}`, same((await askFor(input, model, streamed)).names, ['get_weather']), input);
    check(`its answer: ${label}`, (await askFor(input, model, streamed)).text.includes('is fine in'), input);
  }
  const events = await drain(await client.responses.create({ model, input: 'hi', stream: true }));
  check(`events are numbered: ${model}`, events.every((e, i) => e.sequence_number === i), events.map((e) => e.sequence_number));
  const deltas = events.filter((e) => e.type === 'response.output_text.delta').map((e) => e.delta);
  check(`the deltas are the text: ${model}`, deltas.join('') !== '' && deltas.join('') === events.at(-1).response.output[events.at(-1).response.output.length - 1].content[0].text, events.at(-1));
  if (!shapeless.includes(model)) {
    const format = { type: 'json_schema', name: 'answer', strict: true, schema: shape };
    const shaped = await client.responses.create({ model, input: 'What is 6 times 7?', text: { format } });
    check(`structured output: ${model}`, Number.isInteger(JSON.parse(shaped.output_text).answer), shaped);
  }
}
const failure = await client.responses.create({ model: 'acme/nonsense', input: 'hi' }).catch((e) => e);
check('an unknown model is a NotFoundError', failure instanceof OpenAI.NotFoundError && failure.code === 'model_not_found', failure);
const stored = await client.responses.create({ model: 'auto', input: 'hi', previous_response_id: 'resp_1' }).catch((e) => e);
check('stored state is refused by name', stored instanceof OpenAI.BadRequestError && stored.param === 'previous_response_id', stored);
done('openai, node, responses');
