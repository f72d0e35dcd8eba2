"""One policy that goes by the user's own examples, and by the built-in classifier where a text is like none of them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from taskroute import Call, ConfigurationError, Message, Router
from taskroute.learned.examples import ExamplesClassifier
from taskroute.policy.schema import Task
from taskroute.types import Signal
from tests.policies import policy, when

BILLING = (
    "Why was I charged twice?",
    "The amount on my last statement is wrong",
    "How do I get my money back?",
    "When will my card be debited?",
)
SHIPPING = (
    "Where is my order?",
    "My package has not arrived",
    "Can you send it to another address?",
    "How long does it take to ship to Spain?",
)
BOTH = {"billing": {"examples": BILLING, "keywords": ["invoice"]}, "shipping": {"examples": SHIPPING}}
ONE = {"billing": BOTH["billing"]}
CODE = "Write a Python function that adds two numbers"


def router(tasks: Any, *, routes: Any = None, **entry: Any) -> Router:
    entry = {"kind": "builtin", **entry}
    return Router(policy(tasks=tasks, routes=routes or when(task=[*tasks, "code"]), classifier=entry), environ={})


def told(by: Router, call: str | Call) -> Signal[str]:
    return by.decide(Call(call) if isinstance(call, str) else call).signals.task


@pytest.mark.parametrize("tasks", [BOTH, ONE], ids=["two tasks", "one task"])
@pytest.mark.parametrize(
    ("text", "task", "source"),
    [
        ("Where is my invoice?", "billing", "keywords"),
        ("My card was debited twice", "billing", "examples"),
        ("I was charged the wrong amount", "billing", "examples"),
        (CODE, "code_generation", "builtin"),
        ("Translate this sentence into Spanish: where is my bike?", "translation", "builtin"),
        ("Напиши функцию на Python", None, "builtin"),
    ],
)
def test_own_keywords_come_first_then_own_examples_then_what_is_built_in(tasks: Any, text: str, task: str | None, source: str) -> None:
    found = told(router(tasks), text)
    assert (found.value, found.source) == (task, source)


def test_each_of_several_tasks_is_told_by_its_own_examples() -> None:
    found = told(router(BOTH), "Has my package been sent yet?")
    assert (found.value, found.source) == ("shipping", "examples")


def test_examples_of_a_built_in_task_are_told_as_that_task() -> None:
    notes = ("Turn my rough notes of the standup into the usual form", "Standup notes of Tuesday, in the usual form please")
    taught = router({"summarization": {"examples": notes}})
    found = told(taught, "the standup notes of Friday in the usual form")
    assert (found.value, found.source) == ("summarization", "examples")
    assert told(taught, CODE).source == "builtin"


def test_an_example_that_is_a_usual_request_of_a_built_in_task_is_the_users_own_task() -> None:
    asked = "Write a blog post on healthy sleep"
    assert told(router({"wellness": {"examples": [asked, "Ten habits for a good night"]}}), asked).value == "wellness"


def test_the_usual_requests_of_a_group_do_not_speak_against_a_task_of_it() -> None:
    examples = ["A bedtime story about a little fox", "A short story about pirates", "A dragon story"]
    found = told(
        router({"tales": {"group": "writing", "examples": examples}}), "Tell me a short story about a dragon that is afraid of fire"
    )
    assert (found.value, found.source) == ("tales", "examples")


def test_a_task_without_examples_takes_part_by_its_description() -> None:
    tasks = {**ONE, "legal": {"description": "contracts, clauses and liability"}}
    assert told(router(tasks), "which clauses of the contract limit liability").value == "legal"


@pytest.mark.parametrize("tasks", [BOTH, {"billing": {"examples": BILLING}}], ids=["with keywords", "without"])
@pytest.mark.parametrize("text", ["Prove step by step that my card was debited twice", "Where is my invoice?", CODE])
def test_the_complexity_is_told_whoever_tells_the_task(tasks: Any, text: str) -> None:
    assert router(tasks, routes=when(complexity="high")).decide(Call(text)).signals.complexity.value is not None


def test_what_was_learned_is_kept_in_the_folder_that_the_policy_names(tmp_path: Path) -> None:
    told(router(ONE, cache=str(tmp_path)), CODE)
    (file,) = tmp_path.iterdir()
    written = file.stat().st_mtime_ns
    again = router(ONE, cache=str(tmp_path))
    assert file.stat().st_mtime_ns == written
    assert told(again, "My card was debited twice").source == "examples"
    # Among themselves they are told in another way, and what is kept is another file.
    router(BOTH, kind="examples", cache=str(tmp_path))
    assert len(list(tmp_path.iterdir())) == 2


def test_what_stands_before_a_message_counts_for_the_built_in_one() -> None:
    messages = (
        Message("user", "Translate good morning into German"),
        Message("assistant", "Guten Morgen"),
        Message("user", "and in French?"),
    )
    found = told(router(BOTH), Call(messages=messages))
    assert (found.value, found.source) == ("translation", "builtin")


def test_a_copy_tells_the_same() -> None:
    assert told(pickle.loads(pickle.dumps(router(ONE))), "My card was debited twice").source == "examples"


def test_examples_that_cannot_be_learned_are_refused_when_the_router_is_built() -> None:
    with pytest.raises(ConfigurationError, match="stands under 'a' and under 'b'"):
        router({"a": {"examples": ["a refund"]}, "b": {"examples": ["A refund!"]}})


def test_no_score_is_of_the_requests_that_are_of_none_of_the_tasks() -> None:
    classifier = ExamplesClassifier({"billing": Task(examples=BILLING)}, beside_builtin=True)
    scores = [classifier.classify(text, ()).scores for text in (CODE, "What is the capital of Peru?", "My card was debited twice")]
    assert all(set(found) <= {"billing"} for found in scores)
    assert [found.get("billing", 0.0) > 0.6 for found in scores] == [False, False, True]
