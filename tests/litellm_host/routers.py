"""A `litellm.Router` in front of the emulator with a policy over it, and every way to call it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from taskroute import Decision, Router
from taskroute_litellm import install
from tests.emulator import Emulator, Say

QUESTION = "What is the capital of France?"
ANSWER = "Paris is the capital of France."
MESSAGES: list[Any] = [{"role": "user", "content": QUESTION}]
PRICE = {"input": 1, "output": 2}

IDS: Mapping[str, str] = {
    "small": "gpt-5-mini",
    "large": "gpt-5",
    "other": "gpt-5-nano",
    "claude": "claude-opus-5-5",
    "vectors": "text-embedding-3-small",
    "fine-vectors": "text-embedding-3-large",
}
"""What the emulator is asked for, by the name of the group."""
POLICY: dict[str, Any] = {
    "models": {name: {"price": PRICE} for name in ("small", "large", "claude", "vectors", "fine-vectors")},
    "default": ["small", "large"],
    "routes": [
        {"name": "answers", "when": {"stage": "generate"}, "use": ["large", "small"]},
        {"name": "grades", "when": {"stage": "grade"}, "use": "claude", "fallback": "none"},
        {"name": "vectors", "when": {"stage": "embed"}, "use": "vectors", "fallback": "none"},
        {"name": "fine vectors", "when": {"stage": "index"}, "use": "fine-vectors", "fallback": "none"},
        {"name": "translations", "when": {"task": "translation"}, "use": ["large", "small"]},
    ],
    "classifier": {"kind": "none"},
}


ONE: dict[str, Any] = {**POLICY, "default": "small", "routes": []}
"""A policy of which nothing but `small` answers."""
LONG = Say("one two three four five six seven eight nine ten " * 20, error_after=9)
"""A stream that breaks after part of its text."""


def deployment(emulator: Emulator, name: str, *, model: str | None = None, **params: Any) -> dict[str, Any]:
    """Return an entry of a model list: a group of this name, served by the emulator."""
    wanted = model or IDS[name]
    is_claude = wanted.startswith("claude")
    given = {
        "model": f"anthropic/{wanted}" if is_claude else f"openai/{wanted}",
        "api_base": emulator.url if is_claude else f"{emulator.url}/v1",
        "api_key": "sk-emulated",
        # OpenAI's client tries again by itself, too, which is neither the policy's doing nor the router's.
        "max_retries": 0,
        **params,
    }
    return {"model_name": name, "litellm_params": given}


class Routed(NamedTuple):
    """A LiteLLM router with a policy in front of it."""

    litellm: Any
    router: Router
    emulator: Emulator

    @property
    def asked(self) -> list[str]:
        """The groups whose models were asked, oldest first."""
        names = {model: name for name, model in IDS.items()}
        models = [str(request.body["model"]) for request in self.emulator.requests]
        return [names.get(model, model) for model in models]


@contextlib.contextmanager
def routed(
    emulator: Emulator,
    *,
    policy: Mapping[str, Any] | None = None,
    groups: Sequence[dict[str, Any]] | None = None,
    virtual: Sequence[str] = ("auto",),
    options: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Iterator[Routed]:
    """Give a routed router. `options` are those of taskroute's router, `settings` those of LiteLLM's."""
    litellm: Any = importlib.import_module("litellm")
    router = Router(policy or POLICY, **{"environ": {}, **(options or {})})
    model_list = [deployment(emulator, name) for name in IDS] if groups is None else list(groups)
    given = {"num_retries": 0, "model_group_alias": {"auto": "small"}, **settings}
    made: Any = litellm.Router(model_list=model_list, **given)
    with install(made, router, virtual=virtual):
        yield Routed(made, router, emulator)


class Way(NamedTuple):
    """One way to call a router."""

    endpoint: str
    is_async: bool = False
    streams: bool = False

    def __str__(self) -> str:
        return f"{'a' if self.is_async else ''}{self.endpoint}{'_stream' if self.streams else ''}"

    @property
    def method(self) -> str:
        return self.endpoint if not self.is_async else f"a{self.endpoint}"


GIVEN: Mapping[str, Mapping[str, Any]] = {
    "completion": {"messages": MESSAGES},
    "text_completion": {"prompt": QUESTION},
    "embedding": {"input": QUESTION},
    "responses": {"input": QUESTION},
    "anthropic_messages": {"messages": MESSAGES, "max_tokens": 50},
}
"""What each endpoint needs beside the model."""
CHAT = ("completion", "text_completion", "responses", "anthropic_messages")


def _possible(way: Way) -> bool:
    # Of messages LiteLLM has async methods only; of embeddings there are no streams.
    return not (way.endpoint == "anthropic_messages" and not way.is_async) and not (way.endpoint == "embedding" and way.streams)


WAYS = tuple(
    way
    for endpoint in GIVEN
    for is_async in (False, True)
    for streams in (False, True)
    if _possible(way := Way(endpoint, is_async, streams))
)
COMPLETIONS = tuple(way for way in WAYS if way.endpoint == "completion")
STREAMS = tuple(way for way in COMPLETIONS if way.streams)
WHOLE = tuple(way for way in COMPLETIONS if not way.streams)


def call(routed: Routed, way: Way, model: str = "auto", **arguments: Any) -> Any:
    """Make a call and return its answer; of a stream, the list of its chunks."""
    method = getattr(routed.litellm, way.method)
    given: dict[str, Any] = {**GIVEN[way.endpoint], "model": model, **({"stream": True} if way.streams else {}), **arguments}
    if way.is_async:
        return asyncio.run(_async_call(method, given))
    answer = method(**given)
    return list(answer) if way.streams else answer


async def _async_call(method: Callable[..., Awaitable[Any]], given: dict[str, Any]) -> Any:
    answer = await method(**given)
    return [chunk async for chunk in answer] if given.get("stream") else answer


def decided(routed: Routed, way: Way, model: str = "auto", **arguments: Any) -> tuple[list[Decision], Any]:
    """Make a call and return what was decided, and its answer."""
    with routed.router.capture_decisions() as decisions:
        answer = call(routed, way, model, **arguments)
    return decisions, answer


def told(routed: Routed, way: Way, **said: Any) -> dict[str, Any]:
    """Return the arguments that carry this metadata where the endpoint keeps LiteLLM's own."""
    return {"litellm_metadata" if way.endpoint in ("responses", "anthropic_messages") else "metadata": said}
