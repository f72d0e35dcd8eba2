"""`Router(policy, embed=…)`: a function of the user's gives the vectors that a classifier learns from."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from taskroute import Call, ConfigurationError, Router
from taskroute.testing import FakeClock
from tests.policies import policy, when
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME

TASKS = {
    "billing": {"examples": ["Why was I charged twice?", "The amount is wrong", "I want my money back"]},
    "travel": {"examples": ["Book me a flight to Rome", "Where is my hotel?", "When does the train leave?"]},
}
WORDS = (("charged", "amount", "money", "pay"), ("flight", "hotel", "train", "trip"))
QUESTION = "I pay too much"


def embed(texts: Sequence[str]) -> list[list[float]]:
    return [[0.3, *(float(sum(word in text.lower() for word in listed)) for listed in WORDS)] for text in texts]


async def aembed(texts: Sequence[str]) -> list[list[float]]:
    await asyncio.sleep(0)
    return embed(texts)


class Documents:
    """Embeds as LangChain's embeddings do."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.asked.append("sync")
        return embed(texts)

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        self.asked.append("async")
        return embed(texts)


def router(given: Any, **changes: Any) -> Router:
    options = {name: changes.pop(name) for name in ("clock",) if name in changes}
    entry = {"kind": "examples", **changes.pop("classifier", {})}
    return Router(policy(tasks=TASKS, routes=when(task="billing"), classifier=entry, **changes), embed=given, environ={}, **options)


def test_a_function_is_asked_inside_the_decision() -> None:
    decision = router(embed).decide(Call(QUESTION))
    assert (decision.route, decision.signals.task.source) == ("hit", "embedded")
    assert router(embed).decide(Call("hello")).route is None


@pytest.mark.parametrize("given", [aembed, Documents()])
def test_what_waits_is_asked_by_async_calls_and_a_sync_decision_says_that_it_was_not(given: Any) -> None:
    found = router(given)
    assert asyncio.run(found.adecide(Call(QUESTION))).route == "hit"
    decision = found.decide(Call(QUESTION))
    assert decision.route is None
    assert decision.signals.task.detail.startswith("not asked: the classifier needs I/O")
    assert "adecide" in decision.signals.task.detail


def test_own_keywords_come_first_and_cost_no_request() -> None:
    given = Documents()
    tasks = {**TASKS, "billing": {**TASKS["billing"], "keywords": ["invoice"]}}
    found = Router(policy(tasks=tasks, routes=when(task="billing"), classifier={"kind": "examples"}), embed=given, environ={})
    assert found.decide(Call("my invoice")).signals.task.source == "keywords"
    assert given.asked == []
    assert asyncio.run(found.adecide(Call(QUESTION))).signals.task.source == "embedded"


@pytest.mark.parametrize("given", [embed, aembed])
@pytest.mark.parametrize("tasks", [TASKS, {"billing": TASKS["billing"]}], ids=["two tasks", "one task"])
def test_with_the_built_in_classifier_it_comes_between_keywords_and_that(given: Any, tasks: dict[str, Any]) -> None:
    own = {**tasks, "billing": {**tasks["billing"], "keywords": ["charged"]}}
    found = Router(policy(tasks=own, routes=when(task="billing"), classifier={"kind": "builtin"}), embed=given, environ={})

    async def sources() -> list[str]:
        texts = ("You charged me", QUESTION, "Write a Python function that adds two numbers")
        return [(await found.adecide(Call(text))).signals.task.source for text in texts]

    assert asyncio.run(sources()) == ["keywords", "embedded", "builtin"]


@pytest.mark.parametrize("tasks", [{}, {"legal": {"keywords": ["lawsuit"], "description": "the law"}}])
def test_without_examples_it_is_refused_where_it_is_given(tasks: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="embed= is given, and no task has examples to embed; give your tasks 'examples'"):
        Router(policy(tasks=tasks, classifier={"kind": "builtin"}), embed=embed, environ={})


def test_what_was_learned_is_kept_where_the_policy_says(tmp_path: Path) -> None:
    found = router(embed, classifier={"cache": str(tmp_path / "kept")})
    assert found.decide(Call(QUESTION)).route == "hit"
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_the_router_stays_picklable_where_the_function_is() -> None:
    assert pickle.loads(pickle.dumps(router(embed))).decide(Call(QUESTION)).route == "hit"


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        ({"embed": embed}, "keywords", "classifier.kind is 'keywords'; make it 'examples' or 'builtin'"),
        ({"embed": embed, "classifier": lambda text: None}, "examples", "classifier= is given, too"),
        ({"embed": 3}, "examples", "not of type int"),
        ({"embed": Documents}, "examples", "the class Documents; give an instance"),
    ],
)
def test_what_cannot_be_is_refused_when_the_router_is_built(options: dict[str, Any], kind: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        Router(policy(tasks=TASKS, classifier={"kind": kind}), environ={}, **options)


@pytest.mark.parametrize("vectors", [None, [], [[float("nan")]], "text", [[1.0], [1.0]]])
def test_one_that_gives_no_vectors_abstains_with_one_warning_that_says_what_it_gave(vectors: Any) -> None:
    found = router(lambda texts: vectors)
    with pytest.warns(RuntimeWarning, match="embed gave") as told:
        decision = found.decide(Call(QUESTION))
    assert (decision.route, len(told)) == (None, 1)
    assert decision.signals.task.detail == "the classifier failed with ConfigurationError"
    assert found.decide(Call(QUESTION)).route is None


def test_a_service_that_hangs_is_given_its_time_and_then_left_alone_for_a_while() -> None:
    asked: list[int] = []

    async def hangs(texts: Sequence[str]) -> list[list[float]]:
        asked.append(len(texts))
        await asyncio.sleep(30)
        return []

    clock = FakeClock()
    found = router(hangs, classifier={"timeout": "10ms"}, breaker={"failures": 2, "cooldown": "30s"}, clock=clock)

    async def decide() -> str:
        return (await found.adecide(Call(QUESTION))).signals.task.detail

    with pytest.warns(RuntimeWarning, match="'embedded' failed with TimeoutError and abstains"):
        details = [asyncio.run(decide()) for _ in range(4)]
    assert details[:2] == ["the classifier failed with TimeoutError"] * 2
    assert all("left alone for a while" in detail for detail in details[2:])
    assert len(asked) == 2
    clock.advance(31)
    asyncio.run(decide())
    assert len(asked) == 3
