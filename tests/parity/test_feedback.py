"""Scores of answers in every host: how a caller gets at the id of a decision, and what is kept of the call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import litellm as real_litellm
import pytest

from taskroute import Router
from taskroute.learning.columns import Row
from taskroute.learning.feedback_rows import read_feedback
from taskroute_langchain import RoutedChatModel
from taskroute_litellm import install, register, unregister
from tests.emulator import Emulator, Say
from tests.parity.hosts import group, policy

litellm: Any = real_litellm
QUESTION = [{"role": "user", "content": "What is 3 times 7?"}]
TOLD = {"llm_stage": "generate", "llm_task": "math"}
Ask = Callable[[Router, Emulator], str]
"""Makes a call, and returns the id of its decision."""


def _langchain(router: Router, emulator: Emulator) -> str:
    answer = RoutedChatModel(router=router).invoke(QUESTION, {"metadata": TOLD})
    return str(answer.response_metadata["taskroute"]["decision_id"])


def _langchain_stream(router: Router, emulator: Emulator) -> str:
    first, *rest = RoutedChatModel(router=router).stream(QUESTION, {"metadata": TOLD})
    for chunk in rest:
        first += chunk
    return str(first.response_metadata["taskroute"]["decision_id"])


def _groups(emulator: Emulator) -> Any:
    return litellm.Router(model_list=[group(emulator, name) for name in ("small", "large")], model_group_alias={"auto": "small"})


def _installed(router: Router, emulator: Emulator) -> str:
    made = _groups(emulator)
    with install(made, router):
        return _id(made.completion(model="auto", messages=QUESTION, metadata=TOLD))


def _installed_async(router: Router, emulator: Emulator) -> str:
    made = _groups(emulator)
    with install(made, router):
        return _id(asyncio.run(made.acompletion(model="auto", messages=QUESTION, metadata=TOLD)))


def _installed_stream(router: Router, emulator: Emulator) -> str:
    made = _groups(emulator)
    with install(made, router), router.capture_decisions() as decisions:
        list(made.completion(model="auto", messages=QUESTION, metadata=TOLD, stream=True))
    return decisions[0].id


def _installed_async_stream(router: Router, emulator: Emulator) -> str:
    made = _groups(emulator)

    async def ask() -> str:
        async for _ in await made.acompletion(model="auto", messages=QUESTION, metadata=TOLD, stream=True):
            pass
        decision = router.last_decision()
        assert decision is not None
        return decision.id

    with install(made, router):
        return asyncio.run(ask())


def _provided(router: Router, emulator: Emulator) -> str:
    register(router)
    try:
        return _id(litellm.completion(model="taskroute/auto", messages=QUESTION, metadata=TOLD))
    finally:
        unregister()


def _provided_stream(router: Router, emulator: Emulator) -> str:
    register(router)
    try:
        list(litellm.completion(model="taskroute/auto", messages=QUESTION, metadata=TOLD, stream=True))
    finally:
        unregister()
    decision = router.last_decision()
    assert decision is not None
    return decision.id


def _id(answer: Any) -> str:
    return str(answer._hidden_params["taskroute"]["decision_id"])


ASKS: dict[str, Ask] = {
    "LangChain": _langchain,
    "LangChain, streamed": _langchain_stream,
    "install()": _installed,
    "install(), async": _installed_async,
    "install(), streamed": _installed_stream,
    "install(), streamed, async": _installed_async_stream,
    "taskroute/auto": _provided,
    "taskroute/auto, streamed": _provided_stream,
}


@pytest.mark.parametrize("name", ASKS)
def test_whoever_has_an_answer_can_score_it_and_the_same_is_kept_of_the_call(name: str, emulator: Emulator, tmp_path: Path) -> None:
    price = {"price": {"input": 1, "output": 2}}
    given = policy(emulator, feedback={"path": str(tmp_path / "kept"), "prompts": True}, more={"small": price, "large": price})
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(given), encoding="utf-8")
    emulator.on("m-small", Say("21", input=1000, output=500))
    with Router(given) as router:
        decision = ASKS[name](router, emulator)
    # Another process, or this one after a restart.
    with Router(given) as other:
        other.feedback(decision, 0.5)
    (row,) = read_feedback(str(tmp_path / "kept"), {}).rows
    assert row[:6] == Row("small", 0.5, decision, "What is 3 times 7?", "math", "generate")[:6]
    assert row.latency is not None
    if "streamed" not in name:
        # Of streams the provider counts tokens only where it is asked to.
        assert (row.cost, row.input_tokens, row.output_tokens) == (0.002, 1000, 500)
