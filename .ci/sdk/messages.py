"""The official Anthropic SDK for Python against a running Routor.

    python messages.py http://127.0.0.1:8484
"""
import anthropic

from tally import BOTH, CITY, MODELS, ONE, THINKS, TOOLS, check, done, root, strict

client = anthropic.Anthropic(base_url=root, api_key="any", max_retries=0)
offered = [{"name": n, "description": d, "input_schema": CITY} for n, d in TOOLS.items()]


def ask_for(turns, model, streamed, **more):
    """One turn, plain or streamed, put into the conversation as it came, with its calls answered."""
    request = {"model": model, "max_tokens": 4000, "system": "Be brief.", "messages": turns, "tools": offered} | more
    if streamed:
        with client.messages.stream(**request) as s:
            events = [strict(e) for e in s]
            message = s.get_final_message()
        kinds = [e.type for e in events]
        check(f"events begin and end: {model}", (kinds[0], kinds[-1]) == ("message_start", "message_stop"), kinds)
        check(f"blocks open and close: {model}", kinds.count("content_block_start") == kinds.count("content_block_stop") == len(message.content), kinds)
    else:
        message = strict(client.messages.create(**request))
    turns.append({"role": "assistant", "content": [b.to_dict() for b in message.content]})
    for block in turns[-1]["content"]:
        block.pop("parsed_output", None)
    calls = [b for b in message.content if b.type == "tool_use"]
    if calls:
        turns.append({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": c.id, "content": f"{c.name} is fine in {c.input['city']}"} for c in calls]})
    check(f"stop reason: {model}", message.stop_reason == ("tool_use" if calls else "end_turn"), message)
    check(f"usage: {model}", message.usage.input_tokens > 0 and message.usage.output_tokens > 0, message.usage)
    return message, [c.name for c in calls], "".join(b.text for b in message.content if b.type == "text")


def loop(model, streamed, **more):
    turns = [{"role": "user", "content": BOTH}]
    label = f"{model} streamed={streamed} {more}"
    first, names, _ = ask_for(turns, model, streamed, **more)
    check(f"two tools at once: {label}", sorted(names) == ["find_hotel", "get_weather"], first)
    if more and model in THINKS:
        check(f"thinking is told: {label}", any(b.type in ("thinking", "redacted_thinking") for b in first.content) or model.startswith("openai"), first)
    check(f"results are answered: {label}", "is fine in" in ask_for(turns, model, streamed, **more)[2], turns)
    turns.append({"role": "user", "content": ONE})
    check(f"a further call: {label}", ask_for(turns, model, streamed, **more)[1] == ["get_weather"], turns)
    check(f"its answer: {label}", "is fine in" in ask_for(turns, model, streamed, **more)[2], turns)


for model in MODELS:
    for streamed in (False, True):
        loop(model, streamed)
        if model in THINKS:
            loop(model, streamed, thinking={"type": "enabled", "budget_tokens": 2000})
    answer = client.messages.with_raw_response.count_tokens(model=model, system="Be brief.", messages=[{"role": "user", "content": BOTH}], tools=offered)
    counted = strict(answer.parse())
    check(f"tokens are counted: {model}", counted.input_tokens > 10, counted)
    if model != "auto":
        estimated = answer.headers.get("x-routor-estimated") == "true"
        check(f"an estimate says so: {model}", estimated == (not model.startswith("anthropic/")), answer.headers)

for streamed in (False, True):
    wandering = [{"role": "user", "content": BOTH}]
    for model in MODELS:
        if not ask_for(wandering, model, streamed)[1]:
            wandering.append({"role": "user", "content": BOTH})

models = [strict(m).id for m in client.models.list(limit=1000)]
check("models are listed", "auto" in models and any("claude-opus-4" in m for m in models), models[:5])
check("a model is found", strict(client.models.retrieve("auto")).id == "auto")
claude = client.messages.create(model="claude-opus-4-8", max_tokens=100, messages=[{"role": "user", "content": "hi"}])
check("a model answers to Anthropic's own name", "claude-opus-4-8" in claude.model, claude)

for name, kind, wrong in [
    ("an unknown model", anthropic.NotFoundError, {"model": "openai/gpt-nonsense", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}),
    ("a wrong shape", anthropic.BadRequestError, {"model": "auto", "max_tokens": 9, "messages": "no list"}),
]:
    for streamed in (False, True):
        try:
            client.messages.create(stream=streamed, **wrong)
            check(f"{name} is refused", False)
        except kind as e:
            check(f"{name} is told", e.body["type"] == "error" and e.body["error"]["message"] and e.body["error"]["type"], e.body)
done("anthropic, python, messages")
