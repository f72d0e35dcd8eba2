"""Any function is a classifier."""

from __future__ import annotations

import asyncio
import functools
import itertools
import math
import warnings
from collections.abc import Callable, Collection
from typing import Any

import pytest

from taskroute import Call, Router, hybrid, load_policy
from taskroute.classifying import as_classifier, classifier_of
from taskroute.errors import ConfigurationError
from taskroute.signals.classifiers.callable import CallableClassifier
from taskroute.types import Classification
from tests.policies import policy, when

TASKS = ("math", "debugging", "creative")


def asked(function: Any, text: str = "1+1") -> Classification:
    return as_classifier(function).classify(text, TASKS)


def by_name(text: str) -> str | None:
    return "math" if "+" in text else None


anonymous = lambda text: None  # noqa: E731


class Tells:
    def tell(self, text: str) -> None:
        return None

    __call__ = tell


async def slowly(text: str) -> dict[str, float]:
    await asyncio.sleep(0)
    return {"debugging": 0.9}


def test_the_name_of_a_task_is_sure_of_it() -> None:
    assert asked(by_name).scores == {"math": 1.0}


def test_none_abstains() -> None:
    assert asked(by_name, "hello") == Classification()


def test_a_function_may_take_the_tasks_too() -> None:
    def first(text: str, tasks: Collection[str]) -> dict[str, float]:
        return {next(iter(tasks)): 0.7}

    assert asked(first).scores == {"math": 0.7}


def test_a_second_argument_with_a_default_is_left_to_the_function() -> None:
    def plain(text: str, threshold: float = 0.4) -> dict[str, float]:
        return {"math": threshold}

    assert asked(plain).scores == {"math": 0.4}


def test_a_whole_classification_is_taken_as_it_is() -> None:
    assert asked(lambda text: Classification({"math": 0.5}, complexity="high")) == Classification({"math": 0.5}, complexity="high")


@pytest.mark.parametrize(
    ("score", "kept"), [(math.nan, None), (math.inf, None), (-0.1, None), (1.5, 1.0), (1, 1.0), ("0.5", 0.5), ("x", None), (None, None)]
)
def test_scores_that_are_none_are_left_out(score: Any, kept: float | None) -> None:
    assert asked(lambda text: {"debugging": score}).scores == ({} if kept is None else {"debugging": kept})


def test_tasks_that_nobody_knows_are_left_out_with_one_warning_that_names_them() -> None:
    def guesses_wildly(text: str) -> dict[str, float]:
        return {"juggling": 0.9, "code": 0.8}

    classifier = as_classifier(guesses_wildly)
    with pytest.warns(RuntimeWarning, match="'guesses_wildly' names tasks that the policy does not know: 'juggling'"):
        assert classifier.classify("x", TASKS).scores == {"code": 0.8}
    assert classifier.classify("x", TASKS).scores == {"code": 0.8}


def warned_of(*asks: Callable[[], object]) -> list[str]:
    """Return the warnings of these, by the usual filter."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        for ask in asks:
            ask()
    return [str(one.message).partition("know: ")[2] for one in told]


def test_each_unknown_name_is_warned_of_once() -> None:
    said = iter([{"juggling": 0.9}, {"juggling": 0.9, "dancing": 0.5}, {"dancing": 0.2}, {"a b": 1.0}, {"c d": 1.0}])
    classifier = as_classifier(lambda text: next(said))
    told = warned_of(*[lambda: classifier.classify("x", TASKS)] * 5)
    assert told == ["'juggling'; they are left out", "'dancing'; they are left out", "1 more; they are left out"]


def test_functions_without_a_name_are_warned_of_one_by_one() -> None:
    one, other = as_classifier(lambda text: "juggling"), as_classifier(lambda text: "juggling")
    told = warned_of(lambda: one.classify("x", TASKS), lambda: other.classify("x", TASKS))
    assert told == ["'juggling'; they are left out"] * 2


def test_one_that_makes_up_ever_new_names_does_not_warn_for_ever() -> None:
    count = itertools.count()
    classifier = as_classifier(lambda text: f"made-up-{next(count)}")
    assert 10 < len(warned_of(*[lambda: classifier.classify("x", TASKS)] * 500)) < 100


def test_the_name_is_that_of_the_function() -> None:
    def inside(text: str) -> None:
        return None

    functions = (by_name, functools.partial(by_name), inside, Tells().tell, Tells(), anonymous, lambda text: None)
    assert [as_classifier(function).name for function in functions] == [
        "by_name",
        "by_name",
        "inside",
        "Tells.tell",
        "Tells",
        f"{__name__}.<lambda>",
        "test_the_name_is_that_of_the_function.<lambda>",
    ]


def test_one_that_waits_is_asked_by_async_calls() -> None:
    router = Router(policy(routes=when(task="code")), classifier=slowly, environ={})
    decision = asyncio.run(router.adecide(Call("fix it")))
    assert (decision.route, decision.signals.task.source) == ("hit", "slowly")
    assert router.decide(Call("fix it")).route is None


def test_one_that_does_not_decides_at_once() -> None:
    router = Router(policy(routes=when(task="math")), classifier=by_name, environ={})
    assert router.decide(Call("1+1")).route == "hit"
    assert router.decide(Call("hello")).route is None


def test_the_threshold_is_the_policys() -> None:
    def unsure(text: str) -> dict[str, float]:
        return {"math": 0.5}

    changed = policy(routes=when(task="math"), classifier={"min_confidence": 0.4})
    assert Router(policy(routes=when(task="math")), classifier=unsure, environ={}).decide(Call("1")).route is None
    assert Router(changed, classifier=unsure, environ={}).decide(Call("1")).route == "hit"


def test_one_that_breaks_or_returns_something_else_abstains_with_one_warning() -> None:
    def odd(text: str) -> int:
        return 3

    router = Router(policy(routes=when(task="math")), classifier=odd, environ={})
    with pytest.warns(
        RuntimeWarning, match="'odd' returned a int; return the name of a task, a score for each of several, or None; it abstains"
    ):
        assert router.decide(Call("1")).route is None
    assert router.decide(Call("1")).route is None


@pytest.mark.parametrize(("function", "takes"), [(lambda: "math", r"<lambda>\(\)"), (lambda a, b, c: "math", r"<lambda>\(a, b, c\)")])
def test_a_function_that_cannot_be_called_with_a_text_is_refused_when_the_router_is_built(function: Any, takes: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{takes}; a function takes the text, or the text and the tasks"):
        Router(policy(), classifier=function, environ={})


def test_no_name_at_all_abstains() -> None:
    assert asked(lambda text: "") == Classification()


def test_one_label_may_be_given_alone() -> None:
    assert CallableClassifier(by_name, labels="eu").labels == {"eu"}


class Written:
    """A classifier as a user might write it."""

    name: Any = "written"
    local = True
    labels: Any = ()

    def classify(self, text: str, tasks: Collection[str]) -> Classification:
        return Classification({"math": 0.9})

    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification:
        return self.classify(text, tasks)


class TextAlone(Written):
    def classify(self, text: str) -> Classification:  # type: ignore[override]
        return Classification()


class NotWritten(Written):
    aclassify = None  # type: ignore[assignment]


class Unnamed(Written):
    name = None


class Labelled(Written):
    labels = 5


class Away(Written):
    local = False
    labels = "eu"


def test_a_class_with_the_methods_is_taken() -> None:
    assert Router(policy(routes=when(task="math")), classifier=Written(), environ={}).decide(Call("1")).route == "hit"


@pytest.mark.parametrize("given", [Away(), hybrid(by_name, Away())], ids=["alone", "as a part"])
def test_one_label_may_be_given_alone_by_a_class(given: Any) -> None:
    found = classifier_of(load_policy(policy()), given)
    assert found is not None
    assert found.labels == {"eu"}
    assert hybrid(by_name, Away()).labels == {"eu"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (Written, "the class Written; give an instance"),
        (
            TextAlone(),
            r"type TextAlone, and its 'classify' cannot be called with a text and the tasks; write classify\(self, text, tasks\)",
        ),
        (NotWritten(), "type NotWritten, and its 'aclassify' cannot be called"),
        (Unnamed(), "type Unnamed, and its 'name' is None; give it a short text"),
        (Labelled(), "labels of a classifier are 5"),
    ],
)
def test_one_that_could_never_answer_is_refused_when_the_router_is_built(given: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        Router(policy(), classifier=given, environ={})


@pytest.mark.parametrize(("given", "says"), [(3, "not of type int"), (dict, "the class dict"), ("math", "not of type str")])
def test_what_is_no_classifier_is_refused_when_the_router_is_built(given: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        Router(policy(), classifier=given, environ={})
