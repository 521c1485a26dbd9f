"""The official OpenAI SDK for Python against a running Routor, unmodified but for the base URL.

    python chat.py http://127.0.0.1:8484
"""
import json

import openai

from tally import BOTH, CITY, MODELS, ONE, THINKS, TOOLS, check, done, root, strict

client = openai.OpenAI(base_url=root + "/v1", api_key="any", max_retries=0)

ask = [{"role": "user", "content": "hi"}]
answer = client.chat.completions.create(model="auto", messages=ask)
check("completion has text", bool(answer.choices[0].message.content), answer)
check("completion has usage", answer.usage.total_tokens > 0, answer.usage)
check("completion carries the routor object", answer.model_extra["routor"]["tier"] == "NANO", answer.model_extra)

chunks = list(client.chat.completions.create(model="auto", messages=ask, stream=True))
check("stream has text", bool("".join(c.choices[0].delta.content or "" for c in chunks if c.choices)))
check("stream has a finish reason", any(c.choices and c.choices[0].finish_reason == "stop" for c in chunks))
check("stream shows no usage that was not asked for", all(c.usage is None for c in chunks))

chunks = list(client.chat.completions.create(model="auto", messages=ask, stream=True, stream_options={"include_usage": True}))
check("stream has usage when asked for", chunks[-1].usage is not None and chunks[-1].usage.total_tokens > 0, chunks[-1])
check("the last chunk carries the routor object", "routor" in (chunks[-1].model_extra or {}), chunks[-1])

tools = [{
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}]
turns = [{"role": "user", "content": "Use get_weather to look up the weather in Paris."}]
first = client.chat.completions.create(model="auto", messages=turns, tools=tools)
call = first.choices[0].message.tool_calls[0]
check("tool call names the tool", call.function.name == "get_weather", call)
check("tool call has arguments that fit", isinstance(json.loads(call.function.arguments)["city"], str), call)
turns += [first.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "18 degrees, sunny"}]
second = client.chat.completions.create(model="auto", messages=turns, tools=tools)
check("tool result is answered by the model that called", second.model_extra["routor"]["model"] == first.model_extra["routor"]["model"],
      (first.model_extra, second.model_extra))

schema = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"], "additionalProperties": False}
shaped = client.chat.completions.create(
    model="auto", messages=[{"role": "user", "content": "What is 6 times 7?"}],
    response_format={"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}})
check("structured output fits its schema", isinstance(json.loads(shaped.choices[0].message.content)["answer"], int), shaped)

try:
    client.chat.completions.create(model="openai/gpt-nonsense", messages=ask)
    check("an unknown model is refused", False)
except openai.NotFoundError as e:
    check("an unknown model is a NotFoundError", e.code == "model_not_found", e.body)
try:
    client.chat.completions.create(model="auto", messages="not a list")
    check("a wrong shape is refused", False)
except openai.BadRequestError as e:
    check("a wrong shape is a BadRequestError that names its place", e.param == "messages", e.body)

models = [m.id for m in client.models.list()]
check("models are listed", "auto" in models and "anthropic/claude-opus-4.8" in models, models[:5])
check("a model is found", client.models.retrieve("auto").id == "auto")

offered = [{"type": "function", "function": {"name": n, "description": d, "parameters": CITY}} for n, d in TOOLS.items()]


def ask_for(turns, model, streamed, **more):
    """One turn, plain or streamed, with what was called put into the conversation and answered."""
    if streamed:
        with client.chat.completions.stream(model=model, messages=turns, tools=offered, **more) as s:
            for event in s:
                if event.type == "chunk":
                    strict(event.chunk)
            message = s.get_final_completion().choices[0].message
    else:
        message = strict(client.chat.completions.create(model=model, messages=turns, tools=offered, **more)).choices[0].message
    turns.append(message.to_dict())
    for call in message.tool_calls or []:
        turns.append({"role": "tool", "tool_call_id": call.id, "content": f"{call.function.name} is fine in {json.loads(call.function.arguments)['city']}"})
    return message


def loop(model, streamed, **more):
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": BOTH}]
    label = f"{model} streamed={streamed} {more}"
    first = ask_for(turns, model, streamed, **more)
    check(f"two tools at once: {label}", sorted(c.function.name for c in first.tool_calls or []) == ["find_hotel", "get_weather"], first)
    check(f"ids differ: {label}", len({c.id for c in first.tool_calls}) == 2, first)
    check(f"results are answered: {label}", "is fine in" in (ask_for(turns, model, streamed, **more).content or ""), turns)
    turns.append({"role": "user", "content": ONE})
    check(f"a further call: {label}", [c.function.name for c in ask_for(turns, model, streamed, **more).tool_calls or []] == ["get_weather"], turns)
    check(f"its answer: {label}", "is fine in" in (ask_for(turns, model, streamed, **more).content or ""), turns)


vectors = strict(client.embeddings.create(model="openai/text-embedding-3-small", input=["one", "two", "one"], dimensions=16)).data
check("embeddings are vectors", [len(v.embedding) for v in vectors] == [16] * 3 and vectors[0].embedding == vectors[2].embedding != vectors[1].embedding, vectors)
floats = client.embeddings.create(model="mistral/mistral-embed", input="one", encoding_format="float").data[0].embedding
check("embeddings come as floats too", len(floats) == 1024 and abs(sum(x * x for x in floats) - 1) < 1e-3, floats)
try:
    client.embeddings.create(model="openai/gpt-nonsense", input="one")
    check("an unknown model of embeddings is refused", False)
except openai.NotFoundError as e:
    check("an unknown model of embeddings is a NotFoundError", bool(e.message), e.body)

for streamed in (False, True):
    for model in MODELS:
        loop(model, streamed)
    for model in THINKS:
        loop(model, streamed, reasoning_effort="medium")
    wandering = [{"role": "user", "content": BOTH}]
    for model in MODELS:
        message = ask_for(wandering, model, streamed)
        if not message.tool_calls:
            wandering.append({"role": "user", "content": BOTH})
    check("a conversation wanders through all models", len(wandering) > len(MODELS))
done("openai, python, chat completions")
