"""The six ways to call a chat model, behind one function, and what their tests look at."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig

from taskroute import Call, Decision, Router
from taskroute.steps import Event, Step
from taskroute.testing import FakeClock, ScriptedModel
from taskroute.types import Outcome
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.testing import chat_models

STREAMS = ("stream", "astream", "events", "aevents")
WAYS = ("invoke", "ainvoke", *STREAMS)


def ask(way: str, llm: Any, prompt: Any = "hi", config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
    """Call a chat model in one of the six ways and return its whole answer."""
    if way == "invoke":
        return llm.invoke(prompt, config, **kwargs)
    if way == "ainvoke":
        return asyncio.run(_awaited(llm, prompt, config, kwargs))
    if way == "events":
        return llm.stream_events(prompt, config, version="v3", **kwargs).output
    if way == "aevents":
        return asyncio.run(_aevents(llm, prompt, config, kwargs))
    whole: Any = None
    for chunk in pieces(way, llm, prompt, config, **kwargs):
        whole = chunk if whole is None else whole + chunk
    return whole


async def _awaited(llm: Any, prompt: Any, config: RunnableConfig | None, kwargs: dict[str, Any]) -> AIMessage:
    return await llm.ainvoke(prompt, config, **kwargs)


async def _aevents(llm: Any, prompt: Any, config: RunnableConfig | None, kwargs: dict[str, Any]) -> AIMessage:
    return await (await llm.astream_events(prompt, config, version="v3", **kwargs))


def pieces(way: str, llm: Any, prompt: Any = "hi", config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:
    """Yield what a stream gives out, piece by piece."""
    if way == "stream":
        yield from llm.stream(prompt, config, **kwargs)
    elif way == "events":
        yield from llm.stream_events(prompt, config, version="v3", **kwargs)
    else:
        yield from _run(_apieces(way, llm, prompt, config, kwargs))


async def _apieces(way: str, llm: Any, prompt: Any, config: RunnableConfig | None, kwargs: dict[str, Any]) -> AsyncIterator[Any]:
    stream = llm.astream(prompt, config, **kwargs) if way == "astream" else await llm.astream_events(prompt, config, version="v3", **kwargs)
    async for piece in stream:
        yield piece


def _run(chunks: AsyncIterator[Any]) -> Iterator[Any]:
    """Yield from an async iterator; a runner keeps one context, as one task would."""
    with asyncio.Runner() as runner:
        while True:
            try:
                piece = runner.run(_next(chunks))
            except StopAsyncIteration:
                return
            yield piece


async def _next(chunks: AsyncIterator[Any]) -> Any:
    return await anext(chunks)


class Outcomes:
    """An observer that keeps how each call ended, and every decision."""

    def __init__(self) -> None:
        self.decisions: list[Decision] = []
        self.all: list[Outcome] = []

    def begin(self, call: Call, at: float) -> Outcomes:
        return self

    def decided(self, decision: Decision) -> None:
        self.decisions.append(decision)

    def step(self, step: Step, at: float) -> None: ...

    def event(self, event: Event, failure: str | None, at: float) -> None: ...

    def active(self) -> AbstractContextManager[object]:
        return contextlib.nullcontext()

    def finished(self, outcome: Outcome, at: float) -> None:
        self.all.append(outcome)

    @property
    def last(self) -> Outcome:
        return self.all[-1]

    @property
    def tries(self) -> list[tuple[str, int, str | None]]:
        """Model, retry and failure class of each try of the last call."""
        return [(one.model, one.retry, one.failure) for one in self.last.tries]


class Stage:
    """A routed model over a script, with everything a test wants to look at."""

    def __init__(
        self,
        script: Mapping[str, Any],
        *,
        original: BaseChatModel | None = None,
        environ: Mapping[str, str] | None = None,
        given: Mapping[str, BaseChatModel] | None = None,
        make: Callable[..., RoutedChatModel] = RoutedChatModel,
        check: Any = None,
        **policy: Any,
    ) -> None:
        self.script = ScriptedModel(script)
        self.clock = FakeClock()
        self.outcomes = Outcomes()
        models = {**chat_models(self.script), **(given or {})}
        policy.setdefault("models", {name: {} for name in models})
        policy.setdefault("default", list(policy["models"]))
        policy.setdefault("retry", {"extra": 0})
        self.router = Router(policy, clock=self.clock, observers=[self.outcomes], check=check, chance=lambda: 1.0, environ=environ or {})
        self.llm = make(router=self.router, models=models, **({} if original is None else {"original": original}))

    @property
    def called(self) -> list[str]:
        return self.script.called
