"""Time limits and cancellation, where calls can be interrupted: in async code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from tests.langchain.fake_provider import FakeProvider
from tests.langchain.ways import Stage, ask
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME

ASYNC = ("ainvoke", "astream", "aevents")


@pytest.fixture(params=ASYNC)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Hanging(FakeProvider):
    """Never answers, and notes that it was interrupted."""

    interrupted: list[str] = []

    async def _hang(self) -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            self.interrupted.append("yes")
            raise

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        await self._hang()
        raise AssertionError("it woke up")

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        await self._hang()
        for chunk in self._stream(messages, stop, None, **kwargs):
            yield chunk


def test_the_time_limit_of_a_route_interrupts_the_model_and_goes_to_the_next(way: str) -> None:
    slow = Hanging(interrupted=[])
    routes = [{"name": "quick", "when": {"stage": "rerank"}, "use": "slow", "timeout": "2s"}]
    stage = Stage({"large": "in time"}, given={"slow": slow}, models={"slow": {}, "large": {}}, routes=routes)
    answer = ask(way, stage.llm.for_stage("rerank"))
    assert answer.text == "in time"
    assert slow.interrupted == ["yes"]
    assert stage.outcomes.tries == [("slow", 0, "timeout"), ("large", 0, None)]


def test_the_error_of_a_time_limit_says_whose_time_ran_out(way: str) -> None:
    stage = Stage({}, given={"slow": Hanging(interrupted=[])}, timeout={"attempt": "100ms"})
    with pytest.raises(TimeoutError, match=r"'slow' did not answer within 0\.1s"):
        ask(way, stage.llm)


@pytest.mark.parametrize("way", ASYNC)
async def test_a_cancelled_task_ends_the_call_with_no_further_model(way: str) -> None:
    slow = Hanging(interrupted=[])
    stage = Stage({"large": "no"}, given={"slow": slow}, models={"slow": {}, "large": {}})
    task = asyncio.create_task(_ask(way, stage.llm))
    while not stage.outcomes.decisions:
        await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert slow.interrupted == ["yes"]
    assert stage.called == []
    assert stage.outcomes.last.status == "cancelled"


async def _ask(way: str, llm: Any) -> Any:
    if way == "ainvoke":
        return await llm.ainvoke("hi")
    if way == "astream":
        return [chunk async for chunk in llm.astream("hi")]
    return await (await llm.astream_events("hi", version="v3"))
