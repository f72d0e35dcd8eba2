"""A policy behind plain `litellm.completion`, over models that the emulator serves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import litellm as real_litellm
import pytest

from taskroute import Router
from taskroute.types import Outcome
from taskroute_litellm import register, unregister
from tests.emulator import Emulator

litellm: Any = real_litellm

MESSAGES = [{"role": "user", "content": "What is the capital of France?"}]
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}}]
USAGE = {"stream_options": {"include_usage": True}}
Calls = Callable[..., Any]


class Ends:
    """Keeps how each call ended."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def begin(self, call: Any, at: float) -> Any:
        return self

    def decided(self, decision: Any) -> None: ...
    def step(self, step: Any, at: float) -> None: ...
    def event(self, event: Any, failure: str | None, at: float) -> None: ...

    def active(self) -> Any:
        return nullcontext()

    def finished(self, outcome: Outcome, at: float) -> None:
        self.outcomes.append(outcome)


def policy(emulator: Emulator, **changes: Any) -> dict[str, Any]:
    def openai(name: str, **more: Any) -> dict[str, Any]:
        return {
            "model": f"openai:{name}",
            "base_url": f"{emulator.url}/v1",
            "api_key_env": "KEY",
            "price": {"input": 1, "output": 2},
            **more,
        }

    return {
        "models": {
            "small": openai("gpt-4o-mini"),
            "large": openai("gpt-4o", params={"temperature": 0.9, "max_tokens": 50}),
            "claude": {"model": "anthropic:claude-sonnet-4-5", "base_url": emulator.url, "api_key_env": "KEY"},
            "vectors": openai("text-embedding-3-small"),
        },
        "default": ["small", "large"],
        "routes": [
            {"name": "answers", "when": {"stage": "generate"}, "use": "large"},
            {"name": "vectors", "when": {"stage": "embed"}, "use": "vectors", "fallback": "none"},
        ],
        "retry": {"extra": 0},
        "breaker": "none",
        **changes,
    }


@pytest.fixture
def ends() -> Ends:
    return Ends()


@pytest.fixture
def routed(emulator: Emulator, ends: Ends, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Router]]:
    """Return what registers a policy under the usual name."""
    monkeypatch.setenv("KEY", "sk-emulated")

    def make(**changes: Any) -> Router:
        router = Router(policy(emulator, **changes), environ={}, observers=[ends])
        register(router)
        return router

    make()
    yield make
    unregister()


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest, routed: Any) -> Calls:
    """Return a way to call `litellm.completion`, or its async twin; of a stream, its chunks."""

    def call(model: str = "taskroute/auto", **given: Any) -> Any:
        arguments = {"model": model, "messages": MESSAGES, **given}
        if request.param == "async":
            return asyncio.run(_acall(arguments))
        answer = litellm.completion(**arguments)
        return list(answer) if given.get("stream") else answer

    return call


async def _acall(arguments: Mapping[str, Any]) -> Any:
    answer = await litellm.acompletion(**arguments)
    return [chunk async for chunk in answer] if arguments.get("stream") else answer


def bodies(emulator: Emulator) -> list[dict[str, Any]]:
    return [request.body for request in emulator.requests]


def asked(emulator: Emulator) -> list[str]:
    return [body["model"] for body in bodies(emulator)]
