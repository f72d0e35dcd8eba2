"""What the built-in classifier makes of what people write to a business, which mostly is none of its tasks."""

from __future__ import annotations

import pytest
from benchmarks.quality.everyday import EVERYDAY
from benchmarks.quality.helpdesk import DEBUGGING, HELPDESK, counted, every

from taskroute import Call, Message, Router
from taskroute.learned.builtin import BuiltinClassifier
from taskroute.signals.said import Said
from taskroute.signals.task import classified_task
from taskroute.taxonomy import TASK_GROUPS, TASKS
from tests.policies import policy, when

SURE = 0.6
"""The policy's default for `min_confidence`."""
CHAT = {"chat", *TASK_GROUPS["chat"], None}

classifier = BuiltinClassifier()
router = Router(policy(classifier={"kind": "builtin"}, routes=when(task="code")))


def decided(text: str) -> str | None:
    """Return the task or the group that a policy would act on."""
    return classified_task(classifier.classify(text, TASKS), source="builtin", min_confidence=SURE).value


def test_of_everyday_prompts_few_are_surely_wrong_and_most_are_not_passed_over() -> None:
    found = [(decided(Said(prompt.text, system=prompt.system)), prompt.wanted) for prompt in EVERYDAY]
    assert sum(task is not None and task not in wanted for task, wanted in found) <= 0.1 * len(EVERYDAY)
    assert sum(task in wanted for task, wanted in found) >= 0.5 * len(EVERYDAY)


def test_what_a_help_desk_is_told_is_seldom_taken_for_debugging_or_another_task() -> None:
    found = counted(classifier, every(HELPDESK))
    assert found.debugging + found.else_wrong <= 0.12 * found.count


def test_requests_to_debug_are_mostly_told_without_code_and_seldom_taken_for_another_task() -> None:
    found = counted(classifier, every(DEBUGGING))
    assert found.debugging >= 0.6 * found.count
    assert found.talk + found.else_wrong <= 0.12 * found.count


@pytest.mark.parametrize(
    "text",
    [
        "You billed my Visa two times for the same booking",
        "The hairdryer I got from you smells burnt",
        "How do I get rid of my phone contract?",
        "Could my order go to my office instead?",
        "My pension statement has the wrong birth date",
        "I twisted my wrist playing tennis",
        "Is the garden chair weatherproof?",
        "Man hat mir die Gebühr doppelt berechnet",
        "Comment puis-je rendre ce pull ?",
        "La nevera que compré no enfría",
    ],
)
def test_what_customers_write_is_talk_or_a_question_or_nothing_that_it_knows(text: str) -> None:
    assert decided(text) in CHAT


@pytest.mark.parametrize(
    "text",
    [
        "Fix the grammar in this: them apples was tasty",
        "Correct my spelling: we wil met on wensday",
        "Could you proofread my thank-you letter?",
        "Korrigiere die Rechtschreibung: Wir haben gestan viel gelcht.",
        "Corrige l'orthographe : les oiseau chante",
    ],
)
def test_correcting_prose_is_neither_debugging_nor_writing(text: str) -> None:
    assert decided(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Fix this loop, it never ends: while n > 0: print(n)",
        "Correct the syntax error in my script: if x = 3: print(x)",
        "My Flask app crashes with a KeyError on every request",
    ],
)
def test_correcting_code_stays_debugging(text: str) -> None:
    assert decided(text) == "debugging"


@pytest.mark.parametrize("system", ["You are a SQL expert.", "You are a helpful Rust assistant", "You translate contracts."])
@pytest.mark.parametrize("text", ["hi", "hello!", "how are you?", "thank you"])
def test_small_talk_stays_talk_whatever_the_system_text_says(system: str, text: str) -> None:
    call = Call(messages=(Message("system", system), Message("user", text)))
    decision = router.decide(call)
    assert decision.signals.task.value == "conversation"
    assert decision.model == "small"


@pytest.mark.parametrize("text", ["The bill for my flat was paid twice", "Check the spelling: a grate day"])
def test_a_route_for_code_is_not_taken_by_them(text: str) -> None:
    assert router.decide(Call(text)).model == "small"
