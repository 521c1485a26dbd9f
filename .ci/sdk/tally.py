"""What the checks of the Python SDKs share: the count, the models, the tools, and a strict reading of what an SDK has parsed."""
import sys
import warnings

warnings.simplefilter("error")  # a warning of pydantic's is a wrong shape

root = sys.argv[1]
passed = 0

# One model a dialect and a habit at least: the translations go in all directions.
MODELS = [
    "auto", "anthropic/claude-sonnet-4.6", "google/gemini-3.5-flash", "openai/gpt-5.5", "openai/gpt-4.1", "deepseek/deepseek-v4-flash",
    "mistral/mistral-small-4", "xai/grok-4.3", "nvidia/nemotron-3-ultra", "moonshot/kimi-k2.6", "minimax/minimax-m3", "zai/glm-5.2",
    "alibaba/qwen3.7-max", "xiaomi/mimo-v2.5-pro",
]
THINKS = ["anthropic/claude-sonnet-4.6", "google/gemini-3.5-flash", "openai/gpt-5.5", "deepseek/deepseek-v4-flash"]

SHAPELESS = ["deepseek/deepseek-v4-flash", "xiaomi/mimo-v2.5-pro"]  # follow no JSON schema

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
TOOLS = {"get_weather": "Weather of a city", "find_hotel": "A hotel in a city"}
BOTH = "Use get_weather and find_hotel for Paris."
ONE = "Now use get_weather for Rome."
SHAPE = {"type": "object", "properties": {"answer": {"type": "integer"}, "why": {"type": "string"}}, "required": ["answer", "why"],
         "additionalProperties": False}


def check(name, ok, got=""):
    """Ends the run where a check does not hold."""
    global passed
    if not ok:
        sys.exit(f"FAIL {name}: {got!r}")
    passed += 1


def strict(parsed):
    """Reads again, with every type checked and every required field asked for, what an SDK reads leniently."""
    shape = type(parsed)
    while shape.__name__.startswith("Parsed"):  # the SDK's own, with the parsed output beside what came
        shape = shape.__mro__[1]
    try:
        shape.model_validate(parsed.to_dict(mode="json", warnings=False))
    except Exception as e:
        sys.exit(f"FAIL {shape.__name__}: {str(e)[:600]}: {parsed!r}")
    return parsed


def done(what):
    print(f"{what}: {passed} passed, 0 failed")
