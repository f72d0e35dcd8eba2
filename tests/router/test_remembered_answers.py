"""What a model said of a text outlasts a reload, as long as the same model would be asked the same."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import pytest

from taskroute import Call, Router
from taskroute.ports import Question
from taskroute.signals.classifiers.prompted import AskedTask, ModelClassifier
from taskroute.testing import FakeClock
from taskroute.types import Reply
from tests.policies import policy, when

BILLING = {"billing": {"description": "money that a customer owes"}}
TEXT = "Why was I charged twice?"


class Asked:
    """Says of every text that it is about billing, and keeps the questions."""

    def __init__(self) -> None:
        self.questions: list[Question] = []

    def ask(self, question: Question) -> Reply | None:
        self.questions.append(question)
        return Reply(answer=None, text='{"scores": [{"task": "billing", "score": 0.9}], "complexity": "low"}')

    async def aask(self, question: Question) -> Reply | None:
        return self.ask(question)


def data(**changes: Any) -> dict[str, Any]:
    given = {"tasks": BILLING, "routes": when(task="billing"), "classifier": {"kind": "model", "model": "small"}, **changes}
    return policy(**given)


def asking(given: dict[str, Any], **options: Any) -> tuple[Router, Asked]:
    """Return a router whose classifier was asked about the text, and who answered."""
    router, asked = Router(given, environ={}, clock=FakeClock(), **options), Asked()
    router.ask_through(asked)
    assert route(router) == "hit"
    assert len(asked.questions) == 1
    return router, asked


def route(router: Router) -> str | None:
    return asyncio.run(router.adecide(Call(TEXT))).route


class Gone:
    """Cannot be reached."""

    def ask(self, question: Question) -> Reply | None:
        raise ConnectionError

    async def aask(self, question: Question) -> Reply | None:
        raise ConnectionError


def test_what_is_remembered_does_not_say_that_the_model_can_be_reached_again() -> None:
    clock = FakeClock()
    router = Router(data(breaker="none"), environ={}, clock=clock)
    router.ask_through(Asked())
    assert route(router) == "hit"
    router.ask_through(Gone())
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        for number in range(3):
            assert asyncio.run(router.adecide(Call(f"{TEXT} {number}"))).route is None
            assert route(router) == "hit"
            clock.advance(100)
    assert ["failed with ConnectionError" in str(one.message) for one in told] == [True]


def models(**small: Any) -> dict[str, Any]:
    return {"small": {"model": "test:small", **small}, "large": {"model": "test:large"}}


@pytest.mark.parametrize("tasks", [BILLING, {**BILLING, "travel": {"keywords": ["hotel"]}}], ids=["alone", "behind keywords"])
def test_a_price_or_a_threshold_that_changes_has_no_text_asked_about_again(tasks: dict[str, Any]) -> None:
    router, asked = asking(data(tasks=tasks))
    classifier = {"kind": "model", "model": "small", "min_confidence": 0.5, "timeout": "9s"}
    router.reload(data(tasks=tasks, classifier=classifier, models=models(price={"input": 1, "output": 2})))
    assert route(router) == "hit"
    assert len(asked.questions) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"classifier": {"kind": "model", "model": "large"}},
        {"models": models() | {"small": {"model": "test:another"}}},
        {"tasks": {"billing": {"description": "whatever has to do with invoices"}}},
        {"tasks": {"billing": {**BILLING["billing"], "examples": ["Refund me"]}}},
        {"tasks": {**BILLING, "travel": {}}},
    ],
    ids=["the model", "what its name means", "a description", "an example", "the tasks"],
)
def test_a_question_that_is_another_is_asked(changes: dict[str, Any]) -> None:
    router, asked = asking(data())
    router.reload(data(**changes))
    assert route(router) == "hit"
    assert len(asked.questions) == 2


def test_a_classifier_of_the_users_keeps_what_it_remembers_by_itself() -> None:
    given = ModelClassifier("small", own=[AskedTask("billing")])
    router, asked = asking(data(classifier={"kind": "keywords"}), classifier=given)
    router.reload(data(classifier={"kind": "keywords"}, models=models() | {"small": {"model": "test:another"}}))
    assert route(router) == "hit"
    assert len(asked.questions) == 1
