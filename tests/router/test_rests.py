"""What a classifier asks in vain stays left alone over a reload, as long as the policy says the same of it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from taskroute import Call, Router
from taskroute.ports import Question
from taskroute.signals.classifiers.hybrid import hybrid
from taskroute.testing import FakeClock
from taskroute.types import Reply
from tests.policies import policy, when

pytestmark = pytest.mark.filterwarnings("ignore:the classifier .* failed with TimeoutError:RuntimeWarning")

MODELS = {"small": {"model": "test:small"}, "large": {"model": "test:large"}}
MODEL = {"kind": "model", "model": "small"}
BREAKER = {"failures": 2, "cooldown": "30s"}


class Hangs:
    """Answers no question in time, and keeps which model was to be asked. So little time was given that no circuit opens for it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, question: Question) -> Reply | None:
        self.asked.append(question.model)
        raise TimeoutError

    async def aask(self, question: Question) -> Reply | None:
        return self.ask(question)


def data(**changes: Any) -> dict[str, Any]:
    given = {"models": MODELS, "routes": when(task="math"), "classifier": MODEL, "timeout": "60s", "breaker": BREAKER, **changes}
    return policy(**given)


def deciding(router: Router) -> Callable[[], str]:
    """Return what decides on another text each time, and says what became of the classifier."""
    numbers = itertools.count()
    return lambda: asyncio.run(router.adecide(Call(f"text {next(numbers)}"))).signals.task.detail


def resting(given: dict[str, Any]) -> tuple[Router, Hangs, FakeClock, Callable[[], str]]:
    """Return a router whose model has failed, and is left alone."""
    clock, hangs = FakeClock(), Hangs()
    router = Router(given, environ={}, clock=clock)
    router.ask_through(hangs)
    decide = deciding(router)
    assert ["left alone" in decide() for _ in range(3)] == [False, False, True]
    return router, hangs, clock, decide


def test_a_model_that_is_left_alone_stays_so_over_a_reload_and_for_no_longer() -> None:
    router, hangs, clock, decide = resting(data())
    clock.advance(20)
    router.reload(data(default=["large"], routes=when(task="code")))
    assert "left alone" in decide()
    clock.advance(11)
    assert "left alone" not in decide()
    assert "left alone" in decide()
    assert len(hangs.asked) == 3


def test_failures_before_and_after_a_reload_count_together() -> None:
    hangs = Hangs()
    router = Router(data(), environ={}, clock=FakeClock())
    router.ask_through(hangs)
    decide = deciding(router)
    decide()
    router.reload(data(default=["large"]))
    decide()
    assert "left alone" in decide()
    assert len(hangs.asked) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"classifier": {**MODEL, "timeout": "9s"}},
        {"classifier": {**MODEL, "model": "large"}},
        {"breaker": {**BREAKER, "failures": 3}},
        {"models": MODELS | {"small": {"model": "test:another"}}},
    ],
    ids=["its time", "the model", "the limits", "what the model's name means"],
)
def test_another_model_or_other_settings_are_tried_anew(changes: dict[str, Any]) -> None:
    router, hangs, _, decide = resting(data())
    router.reload(data(**changes))
    assert "left alone" not in decide()
    assert len(hangs.asked) == 3


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "part of a hybrid"])
def test_a_function_that_is_left_alone_stays_so(alone: bool) -> None:
    asked: list[str] = []

    async def hangs(text: str) -> str:
        asked.append(text)
        raise TimeoutError

    def knows_nothing(text: str) -> None: ...

    given = data(classifier={"kind": "keywords"})
    clock = FakeClock()
    router = Router(given, classifier=hangs if alone else hybrid(knows_nothing, hangs), environ={}, clock=clock)
    decide = deciding(router)
    for _ in range(3):
        decide()
    router.reload({**given, "default": ["large"]})
    decide()
    assert len(asked) == 2
    clock.advance(31)
    decide()
    assert len(asked) == 3
