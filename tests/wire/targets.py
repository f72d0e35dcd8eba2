"""Every client that the tests speak through: each provider under each host, called in each way."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from taskroute import Router
from taskroute.testing import FakeClock
from taskroute.types import Reply
from tests.langchain.ways import Outcomes


class City(BaseModel):
    """A city and how many people live there."""

    name: str
    people: int


def get_weather(city: str) -> str:
    """Return the weather in a city."""
    return f"sunny in {city}"


class Provider(NamedTuple):
    """One interface of one provider, and how each host names it."""

    wire: str
    """As the oracle and the emulator call it."""
    langchain: str
    litellm: str
    params: Mapping[str, Any] = {}


PROVIDERS: Final[Mapping[str, Provider]] = {
    "openai": Provider("openai-chat", "openai:gpt-5-mini", "openai/gpt-5-mini"),
    "openai-responses": Provider("openai-responses", "openai:gpt-5-mini", "openai/gpt-5-mini", {"use_responses_api": True}),
    "anthropic": Provider("anthropic", "anthropic:claude-haiku-4-5", "anthropic/claude-haiku-4-5"),
    "gemini": Provider("gemini", "google_genai:gemini-2.5-flash", "gemini/gemini-2.5-flash"),
    "mistral": Provider("mistral", "mistralai:mistral-small-latest", "mistral/mistral-small-latest"),
}
HOSTS: Final = ("langchain", "litellm")
KINDS: Final = ("plain", "stream", "tools", "tools_stream", "json")
"""What is asked for: text at once or piece by piece, a tool call at once or piece by piece, an answer that fits a JSON schema."""

PROMPTS: Final[Mapping[str, str]] = {
    "plain": "What is the capital of France?",
    "stream": "What is the capital of France?",
    "tools": "What is the weather in 'Rome'?",
    "tools_stream": "What is the weather in 'Rome'?",
    "json": "Tell me of the city 'Rome', with 2800000 people.",
}


class Result(NamedTuple):
    """What came of a call."""

    reply: Reply | None
    error: BaseException | None
    tries: tuple[Any, ...] = ()
    arguments: tuple[tuple[str, Any], ...] = ()
    """Name and arguments of each tool call."""
    parsed: Any = None
    pieces: int = 0
    """Chunks that were given out."""


def streams(kind: str) -> bool:
    return kind.endswith("stream")


def call(host: str, provider: str, kind: str, *, is_async: bool, **options: Any) -> Result:
    """Make a call through the real client of a provider and our adapter, and return what came of it."""
    if host == "langchain":
        return _langchain(PROVIDERS[provider], kind, is_async=is_async, **options)
    from tests.wire.through_litellm import through_litellm

    return through_litellm(PROVIDERS[provider], kind, is_async=is_async, **options)


def policy_of(provider: Provider, **more: Any) -> dict[str, Any]:
    """Return a policy with one model, which is called once, and is asked again whatever came of the calls before."""
    entry = {"model": provider.langchain, "params": {**provider.params, **more}}
    return {"models": {"m": entry}, "default": "m", "retry": {"extra": 0}, "breaker": "none"}


_routed: Final[dict[Any, tuple[Any, Outcomes]]] = {}


def routed(provider: Provider, way: tuple[str, bool], options: Mapping[str, Any]) -> tuple[Any, Outcomes]:
    """Return a routed model and what watches it, made once for each way to call it: clients are dear to build."""
    from taskroute_langchain import RoutedChatModel

    key = provider.langchain, *provider.params, way, *sorted(options.items())
    if key not in _routed:
        outcomes = Outcomes()
        router = Router(policy_of(provider, **options), clock=FakeClock(), observers=[outcomes])
        _routed[key] = RoutedChatModel(router=router), outcomes
    return _routed[key]


def _langchain(provider: Provider, kind: str, *, is_async: bool, **options: Any) -> Result:
    llm, outcomes = routed(provider, (kind, is_async), options)
    if kind.startswith("tools"):
        llm = llm.bind_tools([get_weather])
    elif kind == "json":
        llm = llm.with_structured_output(City, include_raw=True)
    try:
        answer, pieces = (_stream if streams(kind) else _invoke)(llm, PROMPTS[kind], is_async=is_async)
    except Exception as error:  # what it is, the test says
        return Result(None, error, outcomes.last.tries)
    message = answer["raw"] if kind == "json" else answer
    return Result(
        outcomes.last.reply,
        None,
        outcomes.last.tries,
        tuple((one["name"], one["args"]) for one in message.tool_calls),
        answer["parsed"] if kind == "json" else None,
        pieces,
    )


def _invoke(llm: Any, prompt: str, *, is_async: bool) -> tuple[Any, int]:
    return (asyncio.run(llm.ainvoke(prompt)) if is_async else llm.invoke(prompt)), 0


def _stream(llm: Any, prompt: str, *, is_async: bool) -> tuple[Any, int]:
    async def gather() -> list[Any]:
        return [chunk async for chunk in llm.astream(prompt)]

    chunks = asyncio.run(gather()) if is_async else list(llm.stream(prompt))
    return functools.reduce(lambda whole, chunk: whole + chunk, chunks), len(chunks)
