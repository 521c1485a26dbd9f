"""The official OpenAI SDK for Python on Responses, against a running Routor.

    python responses.py http://127.0.0.1:8484
"""
import json

import openai
from pydantic import BaseModel

from tally import BOTH, CITY, MODELS, ONE, SHAPE, SHAPELESS, THINKS, TOOLS, check, done, root, strict

client = openai.OpenAI(base_url=root + "/v1", api_key="any", max_retries=0)
offered = [{"type": "function", "name": n, "description": d, "parameters": CITY, "strict": True} for n, d in TOOLS.items()]


def ask_for(items, model, streamed, **more):
    """One turn, plain or streamed, with its output put into the input and its calls answered."""
    if streamed:
        with client.responses.stream(model=model, input=items, tools=offered, **more) as s:
            events = [strict(e) for e in s]
            answer = s.get_final_response()
        numbers = [e.sequence_number for e in events]
        check(f"events are numbered in order: {model}", numbers == sorted(set(numbers)), numbers)
        check(f"events begin and end: {model}", (events[0].type, events[-1].type) == ("response.created", "response.completed"), [e.type for e in events])
    else:
        answer = strict(client.responses.create(model=model, input=items, tools=offered, **more))
    for item in answer.output:
        items.append(item.to_dict())
        items[-1].pop("parsed_arguments", None)
    calls = [item for item in answer.output if item.type == "function_call"]
    for call in calls:
        items.append({"type": "function_call_output", "call_id": call.call_id,
                      "output": f"{call.name} is fine in {json.loads(call.arguments)['city']}"})
    return answer, [c.name for c in calls]


def loop(model, streamed, **more):
    items = [{"role": "user", "content": BOTH}]
    label = f"{model} streamed={streamed} {more}"
    first, names = ask_for(items, model, streamed, **more)
    check(f"two tools at once: {label}", sorted(names) == ["find_hotel", "get_weather"], first)
    check(f"results are answered: {label}", "is fine in" in ask_for(items, model, streamed, **more)[0].output_text, items)
    items.append({"role": "user", "content": ONE})
    check(f"a further call: {label}", ask_for(items, model, streamed, **more)[1] == ["get_weather"], items)
    check(f"its answer: {label}", "is fine in" in ask_for(items, model, streamed, **more)[0].output_text, items)


class Shaped(BaseModel):
    answer: int
    why: str


for model in MODELS:
    answer = strict(client.responses.create(model=model, input="hi", instructions="Be brief."))
    check(f"text and usage: {model}", answer.output_text and answer.usage.total_tokens > 0 and answer.status == "completed", answer)
    events = [strict(e) for e in client.responses.create(model=model, input="hi", stream=True)]
    text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    check(f"deltas add up to the text: {model}", text and text == events[-1].response.output_text, events)
    if model not in SHAPELESS:
        shaped = client.responses.create(model=model, input="What is 6 times 7?",
                                         text={"format": {"type": "json_schema", "name": "answer", "schema": SHAPE, "strict": True}})
        check(f"structured output: {model}", isinstance(json.loads(strict(shaped).output_text)["answer"], int), shaped)
        parsed = client.responses.parse(model=model, input="What is 6 times 7?", text_format=Shaped).output_parsed
        check(f"parsed output: {model}", isinstance(parsed, Shaped), parsed)
    for streamed in (False, True):
        loop(model, streamed)
        if model in THINKS:
            loop(model, streamed, reasoning={"effort": "medium", "summary": "auto"}, include=["reasoning.encrypted_content"], store=False)

for streamed in (False, True):
    wandering = [{"role": "user", "content": BOTH}]
    for model in MODELS:
        if not ask_for(wandering, model, streamed)[1]:
            wandering.append({"role": "user", "content": BOTH})

for name, kind, wrong in [
    ("an unknown model", openai.NotFoundError, {"model": "acme/nonsense", "input": "hi"}),
    ("a wrong shape", openai.BadRequestError, {"model": "auto", "input": 7}),
    ("stored state", openai.BadRequestError, {"model": "auto", "input": "hi", "previous_response_id": "resp_1"}),
]:
    for streamed in (False, True):
        try:
            client.responses.create(stream=streamed, **wrong)
            check(f"{name} is refused", False)
        except kind as e:
            check(f"{name} is told", e.code or e.param, e.body)
done("openai, python, responses")
