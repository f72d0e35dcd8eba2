"""Rules first, another classifier where they are silent, the default where both are."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import pytest

import taskroute
from taskroute import Call, ConfigurationError, Router
from taskroute.signals.classifiers.hybrid import hybrid
from taskroute.types import Classification, Decision
from tests.policies import policy


class Says:
    """Says the same of every text, and counts how often it was asked."""

    def __init__(self, name: str, scores: dict[str, float] | Exception, *, local: bool = True, complexity: str | None = None) -> None:
        self.name = name
        self.local = local
        self.labels: Collection[str] = ()
        self.asked = 0
        self._scores = scores
        self._complexity = complexity

    def classify(self, text: str, tasks: Collection[str]) -> Classification:
        self.asked += 1
        if isinstance(self._scores, Exception):
            raise self._scores
        return Classification(self._scores, complexity=self._complexity)

    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification:
        return self.classify(text, tasks)


ROUTES = [{"name": task, "when": {"task": task}, "use": "large"} for task in ("math", "debugging")]


def decided(given: Any, **changes: Any) -> Decision:
    return asyncio.run(Router(policy(routes=ROUTES, **changes), classifier=given, environ={}).adecide(Call("x")))


def told(decision: Decision) -> tuple[str | None, str]:
    return decision.route, decision.signals.task.source


@pytest.mark.parametrize("local", [True, False])
def test_the_first_is_believed_where_it_is_sure_and_the_other_is_not_asked(local: bool) -> None:
    rules, then = Says("rules", {"math": 0.9}), Says("then", {"debugging": 0.9}, local=local)
    assert told(decided(hybrid(rules, then))) == ("math", "rules")
    assert (rules.asked, then.asked) == (1, 0)


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("scores", [{}, {"math": 0.5}])
def test_the_other_is_asked_where_the_first_is_silent_or_unsure(local: bool, scores: dict[str, float]) -> None:
    assert told(decided(hybrid(Says("rules", scores), Says("then", {"debugging": 0.9}, local=local)))) == ("debugging", "then")


def test_the_policys_threshold_is_the_only_one() -> None:
    both = hybrid(Says("rules", {"math": 0.5}), Says("then", {"debugging": 0.9}))
    assert told(decided(both, classifier={"min_confidence": 0.5})) == ("math", "rules")


@pytest.mark.parametrize("local", [True, False])
def test_the_default_answers_where_both_abstain(local: bool) -> None:
    decision = decided(hybrid(Says("rules", {}), Says("then", {"debugging": 0.3}, local=local)))
    assert (decision.route, decision.candidates) == (None, ("small", "large"))
    assert decision.signals.task.detail == "abstains: 'debugging' at 0.30 is below 0.6"


@pytest.mark.parametrize("local", [True, False])
def test_where_the_last_has_found_nothing_the_doubts_of_the_one_before_it_are_the_reason(local: bool) -> None:
    doubt = hybrid(Says("rules", {"math": 0.3}), Says("then", {"debugging": 0.2}), Says("silent", {}, local=local))
    signal = decided(doubt).signals.task
    assert (signal.value, signal.source, signal.detail) == (None, "silent", "abstains: 'debugging' at 0.20 is below 0.6 (then)")
    assert not signal.scores


def test_tasks_that_are_equally_likely_are_all_named() -> None:
    signal = decided(Says("rules", {"math": 0.4, "creative": 0.1, "debugging": 0.4})).signals.task
    assert signal.detail == "abstains: 'math' and 'debugging' at 0.40 each are below 0.6"


@pytest.mark.parametrize("kind", ["keywords", "builtin"])
def test_a_keyword_of_two_tasks_is_named_as_the_reason(kind: str) -> None:
    tasks = {"billing": {"keywords": ["zorblax"]}, "shipping": {"keywords": ["zorblax"]}}
    routed = Router(policy(routes=ROUTES, tasks=tasks, classifier={"kind": kind}), environ={})
    signal = routed.decide(Call("zorblax")).signals.task
    assert signal.value is None
    assert signal.detail.startswith("abstains: 'billing' and 'shipping' at ")


def test_a_part_that_fails_is_passed_over_with_a_warning() -> None:
    with pytest.warns(RuntimeWarning, match="'rules' failed with KeyError"):
        assert told(decided(hybrid(Says("rules", KeyError("x")), Says("then", {"debugging": 0.9})))) == ("debugging", "then")


def test_it_is_local_when_all_of_it_is() -> None:
    assert hybrid(Says("a", {}), Says("b", {})).local
    assert not hybrid(Says("a", {}), Says("b", {}, local=False)).local
    assert hybrid(Says("a", {}), Says("b", {})).name == "a+b"


def test_a_sync_decision_has_the_local_part_of_it() -> None:
    both = hybrid(Says("rules", {"math": 0.9}), Says("then", {}, local=False))
    assert Router(policy(routes=ROUTES), classifier=both, environ={}).decide(Call("x")).route == "math"


def test_complexity_comes_from_the_first_that_knows_it() -> None:
    simple = Says("rules", {"math": 0.1}, complexity="low")
    assert asyncio.run(hybrid(simple, Says("then", {"debugging": 0.9})).aclassify("x", ())).complexity == "low"


def test_it_may_be_asked_for_three_in_a_row() -> None:
    three = hybrid(Says("a", {}), hybrid(Says("b", {}), Says("c", {"math": 0.9})))
    assert told(decided(three)) == ("math", "c")


def by_ticket(text: str) -> str | None:
    return "math" if "MATH-" in text else None


async def by_service(text: str, tasks: Collection[str]) -> dict[str, float]:
    return {"debugging": 0.9} if "debugging" in tasks else {}


def test_functions_are_parts_too_and_there_may_be_many() -> None:
    several = hybrid(by_ticket, Says("rules", {}), by_service)
    assert (several.name, several.local) == ("by_ticket+rules+by_service", False)
    router = Router(policy(routes=ROUTES), classifier=several, environ={})
    assert told(router.decide(Call("see MATH-1"))) == ("math", "by_ticket")
    assert told(asyncio.run(router.adecide(Call("x")))) == ("debugging", "by_service")


def test_the_public_names_are_short() -> None:
    router = Router(policy(routes=ROUTES), classifier=taskroute.hybrid(by_ticket, taskroute.BuiltinClassifier()), environ={})
    assert told(router.decide(Call("see MATH-1"))) == ("math", "by_ticket")
    assert router.decide(Call("Write a Python function that adds two numbers")).signals.task.source == "builtin"
    assert "BuiltinClassifier" not in taskroute.__all__


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ((by_ticket, 3), "part 2 of the hybrid must be a function or a classifier, not of type int"),
        ((lambda: None, by_ticket), r"part 1 of the hybrid is tests.signals.test_hybrid.<lambda>\(\); a function takes the text"),
        ((by_ticket, by_ticket, Says), "part 3 of the hybrid is the class Says; give an instance of it"),
    ],
)
def test_what_cannot_be_a_part_is_refused_and_named(parts: tuple[Any, ...], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        hybrid(*parts)


OWN = {"billing": {"keywords": ["invoice"]}, "legal": {"description": "contracts and the law"}}
OWN_ROUTES = [{"name": task, "when": {"task": task}, "use": "large"} for task in ("billing", "debugging")]


def test_the_users_keywords_come_before_a_model_and_alone() -> None:
    router = Router(policy(tasks=OWN, routes=OWN_ROUTES, classifier={"kind": "model", "model": "small"}), environ={})
    found = router.decide(Call("Where is my invoice?")).signals.task
    assert (found.value, found.source) == ("billing", "keywords")
    # The built-in words would have told this one.
    assert router.decide(Call("debug this traceback")).signals.task.value is None
