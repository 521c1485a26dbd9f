"""LangChain's OpenAI and Anthropic integrations for Python against a running Routor.

    python chains.py http://127.0.0.1:8484
"""
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from tally import BOTH, MODELS, ONE, SHAPELESS, check, done, root


@tool
def get_weather(city: str) -> str:
    """Weather of a city"""
    return f"get_weather is fine in {city}"


@tool
def find_hotel(city: str) -> str:
    """A hotel in a city"""
    return f"find_hotel is fine in {city}"


class Shaped(BaseModel):
    """What comes out of a sum."""

    answer: int
    why: str


tools = {t.name: t for t in (get_weather, find_hotel)}


def ask_for(chat, turns, streamed):
    bound = chat.bind_tools(list(tools.values()))
    if streamed:
        message = None
        for chunk in bound.stream(turns):
            message = chunk if message is None else message + chunk
    else:
        message = bound.invoke(turns)
    turns.append(message)
    for call in message.tool_calls:
        turns.append(ToolMessage(tools[call["name"]].invoke(call["args"]), tool_call_id=call["id"]))
    check("usage is told", message.usage_metadata and message.usage_metadata["output_tokens"] > 0, message)
    return message


for name, make in [
    ("chat completions", lambda m: ChatOpenAI(model=m, base_url=root + "/v1", api_key="any", max_retries=0, stream_usage=True)),
    ("responses", lambda m: ChatOpenAI(model=m, base_url=root + "/v1", api_key="any", max_retries=0, use_responses_api=True)),
    ("messages", lambda m: ChatAnthropic(model=m, base_url=root, api_key="any", max_retries=0, max_tokens=4000)),
]:
    for model in MODELS[:7]:
        for streamed in (False, True):
            chat, label = make(model), f"{name}, {model}, streamed={streamed}"
            turns = [HumanMessage(BOTH)]
            first = ask_for(chat, turns, streamed)
            check(f"two tools at once: {label}", sorted(c["name"] for c in first.tool_calls) == ["find_hotel", "get_weather"], first)
            check(f"results are answered: {label}", "is fine in" in ask_for(chat, turns, streamed).text, turns)
            turns.append(HumanMessage(ONE))
            check(f"a further call: {label}", [c["name"] for c in ask_for(chat, turns, streamed).tool_calls] == ["get_weather"], turns)
            check(f"its answer: {label}", "is fine in" in ask_for(chat, turns, streamed).text, turns)
        if model not in SHAPELESS:
            shaped = make(model).with_structured_output(Shaped).invoke("What is 6 times 7?")
            check(f"structured output: {name}, {model}", isinstance(shaped, Shaped), shaped)
done("langchain, python")
