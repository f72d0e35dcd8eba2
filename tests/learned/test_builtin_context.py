"""What the built-in classifier makes of a message that cannot be understood alone, and what reaches a classifier of what stands before one."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import NamedTuple

import pytest
from benchmarks.quality.turns import TURNS

from taskroute.learned.before import lean_of
from taskroute.learned.builtin import BuiltinClassifier
from taskroute.learned.request import read_prompt
from taskroute.signals.classifiers.guarded import GuardedClassifier
from taskroute.signals.classifiers.hybrid import hybrid
from taskroute.signals.classifiers.keywords import KeywordClassifier
from taskroute.signals.collect import CallReader, Sources
from taskroute.signals.said import Said, to_classify
from taskroute.taxonomy import TASKS
from taskroute.types import Call, Classification, Message

classifier = BuiltinClassifier()


class Heard(NamedTuple):
    text: str
    tasks: Collection[str]


class Listener:
    """A classifier that keeps what it is given."""

    name = "listener"
    local = True
    labels: Collection[str] = ()

    def __init__(self, *, reads_context: bool | None = None) -> None:
        self.heard: list[Heard] = []
        if reads_context is not None:
            self.reads_context = reads_context

    def classify(self, text: str, tasks: Collection[str]) -> Classification:
        self.heard.append(Heard(text, tasks))
        return Classification()

    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification:
        return self.classify(text, tasks)


def best(text: str) -> str | None:
    found = classifier.classify(text, TASKS).best()
    return None if found is None else found[0]


def conversation(*turns: str) -> Call:
    """A call of `role: text` turns."""
    parted = (turn.partition(": ") for turn in turns)
    return Call(messages=tuple(Message(role, text) for role, _, text in parted))


def test_what_was_said_before_helps_and_seldom_hurts() -> None:
    alone = sum(best(now) in wanted.split() for now, _, _, wanted in TURNS)
    within = sum(
        best(Said(now, earlier=(before,) if before else (), system=system)) in wanted.split() for now, before, system, wanted in TURNS
    )
    assert within >= 0.8 * len(TURNS)
    assert within > alone


@pytest.mark.parametrize(
    "now", ["Hello!", "Thanks, that helped a lot!", "What is the capital of Peru?", "Write a haiku about rain.", "How are you today?"]
)
def test_a_message_that_stands_alone_is_judged_alone(now: str) -> None:
    before = ("Write a Python function that adds two numbers.",)
    assert classifier.classify(Said(now, earlier=before, system="You are a helpful assistant."), TASKS) == classifier.classify(now, TASKS)


@pytest.mark.parametrize("now", ["Who was it?", "when is that?", "wo ist es?"])
def test_a_question_that_refers_to_something_is_never_taken_for_talk_that_stands_alone(now: str) -> None:
    lean = lean_of(read_prompt(now))
    assert (lean.own, lean.unless_talk) == (1.0, False)
    assert lean.before > 0


def test_a_yes_stands_for_what_was_asked_before_it_however_often_it_is_said() -> None:
    asked = "Plan a five-day trip to Norway with a budget, compare trains and flights, then book the cheapest."
    said = classifier.classify(Said("yes", earlier=("go ahead", asked)), TASKS)
    assert said == classifier.classify(asked, TASKS)


def test_a_long_system_text_does_not_drown_a_clear_question() -> None:
    system = "She wrote a poem, fixed the bug in the function, and the equation was solved by the translator. " * 200
    call = conversation(f"system: {system}", "user: What is the capital of Peru?")
    assert best(to_classify(call, classifier)) == "question_answering"


def test_the_material_of_retrieval_in_an_earlier_turn_does_not_drown_the_message() -> None:
    context = "The plant was opened in 1974. The author wrote code for it, and translated a poem. " * 300
    call = conversation(f"user: Context: {context}\nQuestion: when was it opened?", "assistant: In 1974.", "user: and by whom?")
    assert best(to_classify(call, classifier)) == "question_answering"


def test_who_does_not_ask_for_the_texts_before_gets_the_message_alone() -> None:
    call = conversation("system: You translate.", "user: Hello there", "assistant: Hi", "user: and in French?")
    for told in (None, False):
        text = to_classify(call, Listener(reads_context=told))
        assert (type(text), text) == (str, "and in French?")


def test_who_asks_for_the_texts_before_gets_them_through_guards_and_hybrids() -> None:
    call = conversation("system: You translate.", "user: one", "user: two", "assistant: Hi", "user: and in French?")
    listener = Listener(reads_context=True)
    guarded = GuardedClassifier(hybrid(listener, KeywordClassifier()))
    reader = CallReader(call, Sources({}, False, guarded, tuple(TASKS), 0.99))
    reader.task()
    (heard,) = listener.heard
    assert isinstance(heard.text, Said)
    assert (str(heard.text), heard.text.earlier, heard.text.system) == ("and in French?", ("two", "one"), "You translate.")


def test_a_prompt_beside_messages_is_the_latest_of_them() -> None:
    call = conversation("user: Tell me a joke about cats.")._replace(prompt="again")
    text = to_classify(call, classifier)
    assert isinstance(text, Said)
    assert (str(text), text.earlier) == ("again", ("Tell me a joke about cats.",))
    assert best(text) == "creative"


def test_a_call_without_a_question_has_nothing_to_classify() -> None:
    assert to_classify(conversation("system: You translate."), classifier) == ""


def test_long_texts_before_the_message_are_cut() -> None:
    call = conversation("system: " + "a " * 100_000, "user: " + "b " * 100_000, "user: and now?")
    text = to_classify(call, classifier)
    assert isinstance(text, Said)
    assert max(map(len, (text.system, *text.earlier))) <= 1000


def test_async_says_the_same_with_context() -> None:
    text = Said("shorter please", earlier=("Write an essay about the French revolution.",))
    assert asyncio.run(classifier.aclassify(text, TASKS)) == classifier.classify(text, TASKS)
