"""What is known of conversations outlasts a reload: who answered, and what its provider holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from taskroute import Call, Decision, PolicyError, Router
from taskroute.execution.drivers import adrive, drive
from taskroute.steps import Attempt
from taskroute.testing import FakeClock
from taskroute.types import Reply, Usage
from tests.execution import test_drivers as drivers

TALK = Call("and then?", conversation="c1", tokens=10_000, max_tokens=100)
MODELS: dict[str, Any] = {
    "holds": {"model": "test:a", "price": {"input": 2, "output": 2, "cache_read": 0.2}},
    "cheap": {"model": "test:b", "price": {"input": 1, "output": 2}},
}
DEARER = {**MODELS, "cheap": {"model": "test:b", "price": {"input": 1.5, "output": 2}}}


def data(models: dict[str, Any] = MODELS, **choose: Any) -> dict[str, Any]:
    route = {"name": "all", "choose": {"among": list(models), "objective": "cheapest", **choose}}
    return {"models": models, "default": list(models), "routes": [route]}


class Host(drivers.Host):
    """Answers with as many tokens cached as it is told."""

    def __init__(self, cached: int = 0) -> None:
        super().__init__({})
        self.cached = cached

    def answer(self, attempt: Attempt) -> Reply:
        return Reply("fine", Usage(10_000, 100, cache_write=self.cached), text="fine")

    async def aanswer(self, attempt: Attempt) -> Reply:
        return self.answer(attempt)


def call(router: Router, asked: Call, host: Host) -> None:
    drive(router.run(asked), host)


def acall(router: Router, asked: Call, host: Host) -> None:
    asyncio.run(adrive(router.run(asked), host))


def decide(router: Router) -> Decision:
    return router.decide(TALK)


def adecide(router: Router) -> Decision:
    return asyncio.run(router.adecide(TALK))


Ways = tuple[Callable[[Router, Call, Host], None], Callable[[Router], Decision]]
ways = pytest.mark.parametrize("ways", [(call, decide), (acall, adecide)], ids=["sync", "async"])


def after_a_turn(ways: Ways, given: dict[str, Any], cached: int = 0) -> Router:
    """Return a router under which the model `holds` has answered in the conversation."""
    router = Router(given, environ={}, clock=FakeClock())
    ways[0](router, TALK._replace(pin="holds"), Host(cached))
    return router


@ways
def test_a_price_that_changes_leaves_a_conversation_with_the_model_that_holds_it(ways: Ways) -> None:
    router = after_a_turn(ways, data(), cached=9_900)
    router.reload(data(DEARER))
    decision = ways[1](router)
    assert decision.model == "holds"
    assert decision.expected["holds"].cost is not None
    assert float(decision.expected["holds"].cost) == pytest.approx(0.00238)
    assert router.decide(TALK._replace(conversation="another")).model == "cheap"


@ways
def test_who_answered_last_answers_again_within_the_margin_after_a_reload(ways: Ways) -> None:
    router = after_a_turn(ways, data())
    assert ways[1](router).model == "cheap"
    router.reload(data(margin="60%"))
    assert ways[1](router).model == "holds"


@ways
def test_the_file_that_is_read_again_forgets_no_conversation(ways: Ways, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    text = """
models:
  holds: {model: 'test:a', price: {input: 2, output: 2}}
  cheap: {model: 'test:b', price: {input: PRICE, output: 2}}
default: [holds]
routes:
  - {name: all, choose: {among: [holds, cheap], objective: cheapest, margin: 60%}}
"""
    file.write_text(text.replace("PRICE", "1"), encoding="utf-8")
    router = Router.from_file(file, environ={}, clock=FakeClock())
    ways[0](router, TALK._replace(pin="holds"), Host())
    file.write_text(text.replace("PRICE", "1.1"), encoding="utf-8")
    router.reload()
    assert ways[1](router).model == "holds"
    file.write_text("models: {}", encoding="utf-8")
    with pytest.raises(PolicyError):
        router.reload()
    assert ways[1](router).model == "holds"


@ways
def test_a_model_that_is_gone_or_another_by_the_same_name_is_not_the_one_that_answered(ways: Ways) -> None:
    router = after_a_turn(ways, data(margin="60%"))
    router.reload(data({"cheap": MODELS["cheap"], "other": {**MODELS["holds"], "model": "test:c"}}, margin="60%"))
    assert ways[1](router).model == "cheap"
    router.reload(data({**MODELS, "holds": {**MODELS["holds"], "model": "test:c"}}, margin="60%"))
    assert ways[1](router).model == "cheap"
    router.reload(data(margin="60%"))
    assert ways[1](router).model == "holds"


@ways
def test_under_a_policy_that_chooses_nothing_conversations_are_forgotten(ways: Ways) -> None:
    router = after_a_turn(ways, data(margin="60%"))
    router.reload({"models": MODELS, "default": "cheap"})
    ways[0](router, TALK, Host())
    router.reload(data(margin="60%"))
    assert ways[1](router).model == "cheap"


def test_a_call_that_began_before_the_reload_is_remembered_after_it() -> None:
    router = Router(data(margin="60%"), environ={}, clock=FakeClock())

    class Reloading(Host):
        def answer(self, attempt: Attempt) -> Reply:
            router.reload(data(DEARER, margin="60%"))
            return super().answer(attempt)

    drive(router.run(TALK._replace(pin="holds")), Reloading())
    assert router.decide(TALK).model == "holds"
