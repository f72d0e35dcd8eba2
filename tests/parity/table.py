"""One table of calls, and what must be decided for each of them, whoever the host is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.emulator import Emulator

IDS: Mapping[str, str] = {"small": "m-small", "large": "m-large", "house": "m-house"}
"""What the provider is asked for, by the name of the model in the policy."""
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
TOOLS: Sequence[Mapping[str, Any]] = (
    {
        "type": "function",
        "function": {
            "name": "look_up",
            "description": "Look something up.",
            "parameters": {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
        },
    },
)


def policy(emulator: Emulator) -> dict[str, Any]:
    """Return a policy with a route for every kind of signal."""

    def model(name: str, **more: Any) -> dict[str, Any]:
        return {
            "model": f"openai:{IDS[name]}",
            "base_url": f"{emulator.url}/v1",
            "api_key_env": "EMULATED_KEY",
            "price": {"input": 1, "output": 2},
            **more,
        }

    return {
        "models": {
            "small": model("small", capabilities={"tools": False, "vision": False}, context_window=20_000),
            "large": model("large"),
            "house": model("house", labels=["private"], capabilities={"vision": True}),
        },
        "default": ["small", "large", "house"],
        "require": [{"when": {"sensitive": True}, "labels": ["private"]}],
        "routes": [
            {"name": "answers", "when": {"stage": "generate"}, "use": ["large", "small"]},
            {"name": "ranking", "when": {"stage": ["rerank", "grade"]}, "use": "small", "fallback": "none"},
            {"name": "code", "when": {"task": "code"}, "use": "large"},
            {"name": "gold", "when": {"metadata": {"plan": "gold"}}, "use": "large"},
            {"name": "marked", "when": {"tags": ["nightly"]}, "use": "house"},
            {"name": "hurried", "when": {"urgency": "interactive"}, "use": "large"},
            {"name": "long", "when": {"tokens": {"over": 2000}}, "use": "large"},
            {"name": "shout", "when": {"prompt": {"contains": "URGENT"}}, "use": "house"},
        ],
        "retry": {"extra": 0},
        "breaker": "none",
    }


class Asked(NamedTuple):
    """One call, and what must come of it."""

    name: str
    route: str | None
    first: str
    """The model that must be asked first."""
    messages: Sequence[Mapping[str, Any]] = ({"role": "user", "content": "What is the capital of France?"},)
    metadata: Mapping[str, Any] = {}
    tags: Sequence[str] = ()
    pin: str | None = None
    tools: bool = False
    max_tokens: int | None = None


def says(text: str, *more: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return ({"role": "user", "content": text}, *more)


CALLS = (
    Asked("nothing said", None, "small"),
    Asked("a stage in the metadata", "answers", "large", metadata={"llm_stage": "generate"}),
    Asked("a stage as a tag", "ranking", "small", tags=["stage:rerank"]),
    Asked("a stage nobody routes", None, "small", metadata={"llm_stage": "cite"}),
    Asked("a task in the metadata", "code", "large", metadata={"llm_task": "debugging"}),
    Asked("a task as a tag", "code", "large", tags=["task:code_editing"]),
    Asked("a task from the prompt", "code", "large", says("Fix the bug in this Python function: def f(x): return x +")),
    Asked("metadata of the user's own", "gold", "large", metadata={"plan": "gold"}),
    Asked("a tag of the user's own", "marked", "house", tags=["nightly"]),
    Asked("urgency", "hurried", "large", metadata={"urgency": "interactive"}),
    Asked("a long prompt", "long", "large", says("word " * 2500)),
    Asked("a prompt too long for a model", "long", "large", says("word " * 40_000)),
    Asked("words of the prompt", "shout", "house", says("URGENT: who is there?")),
    Asked("a limit of tokens", None, "large", max_tokens=19_990),
    Asked("sensitive text", None, "house", says("Write to joe.bloggs@example.com, please.")),
    Asked("sensitive text on a route", "answers", "house", says("My card is 4111 1111 1111 1111."), metadata={"llm_stage": "generate"}),
    Asked("tools", None, "large", tools=True),
    Asked(
        "an image",
        None,
        "large",
        ({"role": "user", "content": [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": PIXEL}}]},),
    ),
    Asked(
        "parts of text",
        "shout",
        "house",
        ({"role": "user", "content": [{"type": "text", "text": "Here:"}, {"type": "text", "text": "URGENT"}]},),
    ),
    Asked(
        "a conversation with a tool",
        None,
        "large",
        (
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": '{"what": "weather"}'}}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "Rain."},
        ),
        tools=True,
    ),
    Asked("a pin", None, "house", pin="house", metadata={"llm_stage": "generate"}),
    Asked("a pin that may not answer", None, "", says("Write to joe.bloggs@example.com, please."), pin="large"),
    Asked("ids", None, "small", metadata={"tenant_id": "t", "user_id": "u", "session_id": "s"}),
)
