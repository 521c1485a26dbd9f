// LangChain's OpenAI and Anthropic integrations for Node against a running Routor.
//   node chains.mjs http://127.0.0.1:8484
import { ChatAnthropic } from '@langchain/anthropic';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';

import { both, check, city, done, models, offered, root, same } from './tally.mjs';

const tools = Object.entries(offered).map(([name, description]) => ({ type: 'function', function: { name, description, parameters: city } }));
const makers = {
  'chat completions': (model) => new ChatOpenAI({ model, apiKey: 'any', maxRetries: 0, configuration: { baseURL: `${root}/v1` } }),
  responses: (model) => new ChatOpenAI({ model, apiKey: 'any', maxRetries: 0, useResponsesApi: true, configuration: { baseURL: `${root}/v1` } }),
  messages: (model) => new ChatAnthropic({ model, apiKey: 'any', maxRetries: 0, maxTokens: 4000, anthropicApiUrl: root }),
};

for (const [dialect, make] of Object.entries(makers)) {
  for (const model of models) {
    const chat = make(model).bindTools(tools);
    for (const streamed of [false, true]) {
      const label = `${dialect}, ${model}, streamed=${streamed}`;
      const askFor = async (turns) => {
        let message;
        if (streamed) for await (const chunk of await chat.stream(turns)) message = message ? message.concat(chunk) : chunk;
        else message = await chat.invoke(turns);
        turns.push(message, ...message.tool_calls.map((c) => new ToolMessage({ content: `${c.name} is fine in ${c.args.city}`, tool_call_id: c.id })));
        return message;
      };
      const turns = [new HumanMessage(both)];
      const first = await askFor(turns);
      check(`two tools at once: ${label}`, same(first.tool_calls.map((c) => c.name), Object.keys(offered)), first);
      const second = await askFor(turns);
      check(`results are answered: ${label}`, second.text.includes('is fine in'), second);
    }
  }
}
done('langchain, node');
