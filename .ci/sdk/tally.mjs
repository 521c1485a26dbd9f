// What the checks of the Node SDKs share: the count, the models and the tools.
export const root = process.argv[2];

// One model a dialect and a habit at least: the translations go in all directions.
export const models = [
  'auto', 'anthropic/claude-sonnet-4.6', 'google/gemini-3.5-flash', 'openai/gpt-5.5', 'deepseek/deepseek-v4-flash', 'mistral/mistral-small-4', 'xai/grok-4.3',
];
export const shapeless = ['deepseek/deepseek-v4-flash']; // follow no JSON schema

export const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
export const offered = { get_weather: 'Weather of a city', find_hotel: 'A hotel in a city' };
export const both = 'Use get_weather and find_hotel for Paris.';
export const one = 'Now use get_weather for Rome.';
export const shape = { type: 'object', properties: { answer: { type: 'integer' } }, required: ['answer'], additionalProperties: false };

let passed = 0;

/** check ends the run where a check does not hold. */
export const check = (name, ok, got) => {
  if (!ok) {
    console.error(`FAIL ${name}:`, JSON.stringify(got, null, 1));
    process.exit(1);
  }
  passed++;
};
export const same = (a, b) => JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
export const drain = async (stream) => {
  const chunks = [];
  for await (const c of stream) chunks.push(c);
  return chunks;
};
export const done = (what) => console.log(`${what}: ${passed} passed, 0 failed`);

// A warning is a wrong shape.
console.warn = (...said) => check(`no warning: ${said.join(' ')}`, false);
process.on('warning', (w) => check(`no warning: ${w}`, false));
