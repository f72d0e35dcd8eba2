"""A stream that nobody reads to its end, in an event loop that ends: the call has ended all the same, and nothing is said of it twice."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel

from taskroute import Router
from taskroute.testing import ScriptedModel
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.testing import chat_models
from tests.langchain.ways import Outcomes


class City(BaseModel):
    """A city."""

    name: str


class Slow(AsyncCallbackHandler):
    """Takes a turn of the event loop over the end of a run."""

    async def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
        await asyncio.sleep(0)


Opened = Callable[[RoutedChatModel], AsyncIterator[Any]]


async def _events_v3(llm: RoutedChatModel) -> AsyncIterator[Any]:
    async for event in await llm.astream_events("hi", version="v3"):
        yield event


async def _deltas_v3(llm: RoutedChatModel) -> AsyncIterator[Any]:
    stream = await llm.astream_events("hi", version="v3")
    async for delta in stream.text:
        yield delta


def _agent(llm: RoutedChatModel) -> AsyncIterator[Any]:
    agent: Any = create_agent(llm, [])
    return agent.astream({"messages": [("user", "hi")]}, stream_mode="messages")


OPENED: Final[dict[str, Opened]] = {
    "astream": lambda llm: llm.astream("hi"),
    "listened to": lambda llm: llm.astream("hi", {"callbacks": [Slow()]}),
    "bound": lambda llm: llm.bind(stop=["."]).astream("hi"),
    "LCEL": lambda llm: (ChatPromptTemplate.from_messages([("user", "{q}")]) | llm | StrOutputParser()).astream({"q": "hi"}),
    "LCEL listened to": lambda llm: (llm | StrOutputParser()).astream("hi", {"callbacks": [Slow()]}),
    "fallbacks": lambda llm: llm.with_fallbacks([llm]).astream("hi"),
    "structured, raw": lambda llm: llm.with_structured_output(City, include_raw=True).astream("hi"),
    "events v2": lambda llm: llm.astream_events("hi", version="v2"),
    "events v3": _events_v3,
    "deltas v3": _deltas_v3,
    "agent": _agent,
}


async def left_by_a_break(stream: AsyncIterator[Any]) -> None:
    async for _ in stream:
        break


async def left_open(stream: AsyncIterator[Any]) -> None:
    await anext(stream)
    KEPT.append(stream)


async def left_by_an_error(stream: AsyncIterator[Any]) -> None:
    async for _ in stream:
        raise LookupError("the reader failed")


async def closed(stream: Any) -> None:
    await anext(stream)
    await stream.aclose()


KEPT: Final[list[Any]] = []
LEFT: Final[dict[str, Callable[[Any], Coroutine[Any, Any, None]]]] = {
    "break": left_by_a_break,
    "kept": left_open,
    "error": left_by_an_error,
    "closed": closed,
}


def routed() -> tuple[RoutedChatModel, Outcomes]:
    outcomes = Outcomes()
    router = Router({"models": {"small": {}}, "default": "small"}, observers=[outcomes], environ={})
    return RoutedChatModel(router=router, models=chat_models(ScriptedModel({"small": "one two three"}))), outcomes


def run(stream: Callable[[], AsyncIterator[Any]], leave: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        await leave(stream())

    with contextlib.suppress(LookupError):
        asyncio.run(main())
    KEPT.clear()
    gc.collect()


@pytest.mark.parametrize("leave", LEFT)
@pytest.mark.parametrize("way", OPENED)
def test_a_stream_that_is_left_as_its_event_loop_ends_is_told_once(way: str, leave: str, caplog: pytest.LogCaptureFixture) -> None:
    llm, outcomes = routed()
    with caplog.at_level(logging.WARNING):
        run(lambda: OPENED[way](llm), LEFT[leave])
    assert [outcome.status for outcome in outcomes.all] == ["cancelled"]
    assert caplog.messages == []


def test_a_stream_that_is_left_as_its_event_loop_ends_has_a_line_in_the_span_file(tmp_path: Path) -> None:
    policy = {"models": {"small": {}}, "default": "small", "telemetry": {"file": str(tmp_path / "spans.jsonl")}}
    llm = RoutedChatModel(router=Router(policy, environ={}), models=chat_models(ScriptedModel({"small": "one two three"})))
    run(lambda: llm.astream("hi"), left_by_a_break)
    assert len((tmp_path / "spans.jsonl").read_text().splitlines()) == 1


def test_a_model_whose_stream_was_dropped_is_closed_while_its_event_loop_goes_on() -> None:
    closed = asyncio.Event()

    class Closing(AsyncCallbackHandler):
        async def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
            closed.set()

    async def main() -> None:
        async for _ in routed()[0].astream("hi", {"callbacks": [Closing()]}):
            break
        async with asyncio.timeout(5):
            await closed.wait()

    asyncio.run(main())
