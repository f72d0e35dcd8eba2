"""What the keyword classifier says of tasks and complexity."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.ports import Classifier
from taskroute.signals.classifiers.keywords import KeywordClassifier
from taskroute.taxonomy import COMPLEXITIES, TASK_GROUPS, TASKS

from .more_prompts import COMPLEX, FOREIGN
from .prompts import PROMPTS, Prompt
from .unseen_prompts import UNSEEN

SURE = 0.6
"""The policy's default for `min_confidence`."""

classifier = KeywordClassifier()


def best(text: str) -> str | None:
    found = classifier.classify(text, TASKS).best()
    return None if found is None else found[0]


def tally(prompts: Iterable[Prompt], at_least: float = 0.0) -> tuple[int, int, int]:
    """Return how many prompts there are, how many were answered with that score, and how many of these rightly."""
    total = answered = right = 0
    for prompt in prompts:
        total += 1
        found = classifier.classify(prompt.text, TASKS).best()
        if found is not None and found[1] >= at_least:
            answered += 1
            right += found[0] == prompt.task
    return total, answered, right


def test_it_is_a_classifier() -> None:
    assert isinstance(classifier, Classifier)
    assert (classifier.name, classifier.local, tuple(classifier.labels)) == ("keywords", True, ())


def test_prompts_that_were_held_out_are_told_apart() -> None:
    total, answered, right = tally(prompt for prompt in PROMPTS if prompt.held_out)
    assert answered >= 0.92 * total
    assert right >= 0.9 * answered


def test_a_sure_answer_on_held_out_prompts_is_right() -> None:
    total, answered, right = tally((prompt for prompt in PROMPTS if prompt.held_out), SURE)
    assert answered >= 0.8 * total
    assert right >= 0.95 * answered


def test_on_the_prompts_of_strangers_it_is_seldom_sure_and_then_mostly_right() -> None:
    total, answered, right = tally(UNSEEN, SURE)
    assert 5 <= answered < 0.5 * total
    assert right >= 0.6 * answered


@pytest.mark.parametrize("prompt", FOREIGN, ids=lambda prompt: prompt.language)
def test_it_is_never_sure_of_a_language_that_its_lists_do_not_cover(prompt: Prompt) -> None:
    found = classifier.classify(prompt.text, TASKS).best()
    assert found is None or found[1] < SURE


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("Prove sqrt(2) is irrational", "math"),
        ("Answer the question from the context: The plant opened in 1974. Question: When did it open?", "question_answering"),
        ("Context: translate, summarize, debug.\n\nQuestion: Which words are listed?", "question_answering"),
        ("Bitte fasse den folgenden Text zusammen.", "summarization"),
        ("Traduis ce texte en anglais.", "translation"),
        ("sumarize this articel", "summarization"),
        ("Traceback (most recent call last): ValueError", "debugging"),
    ],
)
def test_well_known_prompts_have_their_task(text: str, task: str) -> None:
    assert best(text) == task


def test_a_request_counts_more_than_the_words_of_its_material() -> None:
    material = "She wrote a poem and a short story, and the equation was solved. " * 40
    assert best(f"Summarize the following text.\n\n{material}\nKeep it to three sentences.") == "summarization"


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("Design a sharded multi-region payments ledger", {"high"}),
        ("Prove sqrt(2) is irrational", {"medium", "high"}),
        ("Think step by step. What is 2+2?", {"low"}),
        ("Hello!", {"low"}),
    ],
)
def test_complexity_is_not_fooled_by_length_or_magic_words(text: str, levels: set[str]) -> None:
    assert classifier.classify(text, TASKS).complexity in levels


def test_complexity_fits_most_held_out_prompts_and_never_confuses_the_ends() -> None:
    held = [prompt for prompt in COMPLEX if prompt.held_out]
    levels = [(prompt.task, classifier.classify(prompt.text, TASKS).complexity) for prompt in held]
    assert sum(wanted == level for wanted, level in levels) >= 0.8 * len(held)
    assert all({wanted, level} != {"low", "high"} for wanted, level in levels)


def test_text_without_words_gets_no_scores_and_no_complexity() -> None:
    for text in ("", "   \n", "…—!!"):
        found = classifier.classify(text, TASKS)
        assert (dict(found.scores), found.complexity, found.complexity_confidence) == ({}, None, None)


def test_only_the_tasks_asked_for_are_scored_but_all_count_as_rivals() -> None:
    text = "Translate and summarize this."
    asked = classifier.classify(text, ["summarization"]).scores
    assert set(asked) == {"summarization"}
    assert asked["summarization"] == classifier.classify(text, TASKS).scores["summarization"]
    assert asked["summarization"] < SURE


def test_a_group_stands_for_its_tasks() -> None:
    found = classifier.classify("Fix the bug in this Python function.", ["code"]).scores
    assert found
    assert set(found) <= set(TASK_GROUPS["code"])


def test_own_tasks_are_found_by_words_phrases_and_in_any_script() -> None:
    own = KeywordClassifier({"billing": ["invoice", "charged twice", "退款"], "moderation": ["Hausverbot"]})
    for text, task in (
        ("Why was I charged twice?", "billing"),
        ("I was charged, and called twice", None),
        ("我想要退款谢谢", "billing"),
        ("Er bekam HAUSVERBOT.", "moderation"),
    ):
        found = own.classify(text, ()).best()
        assert (None if found is None else found[0]) == task


@pytest.mark.parametrize("word", ["login", "invoice", "responsibilities", "prüfung", "возврат"])
def test_an_own_keyword_is_found_with_one_slip_behind_its_first_letter(word: str) -> None:
    own = KeywordClassifier({"mine": [word]}, own_only=True, complexity=False)
    slips = [word[:2] + word[3:], word[:2] + word[3] + word[2] + word[4:]]
    if len(word) < 16:
        slips.append(word[:2] + "x" + word[2:])
    if len(word) > 5:
        slips.append(word[:2] + "x" + word[3:])
    assert [set(own.classify(f"My {slip}, please", ()).scores) for slip in slips] == [{"mine"}] * len(slips)
    for other in ("x" + word[1:], word[1:], word[:-2], "x" + word, word[:2] + word[4:]):
        assert not own.classify(f"My {other}, please", ()).scores


def test_an_own_keyword_is_found_in_a_language_that_the_lists_do_not_cover() -> None:
    own = KeywordClassifier({"billing": ["faktura"]})
    assert set(own.classify("Proszę, gdzie jest moja faktura i dlaczego nie przyszła?", TASKS).scores) == {"billing"}


def test_async_says_the_same() -> None:
    text = "Write a haiku about rain."
    assert asyncio.run(classifier.aclassify(text, TASKS)) == classifier.classify(text, TASKS)


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_is_judged_within_bounds(text: str) -> None:
    found = classifier.classify(text, TASKS)
    assert all(0 < score < 1 for score in found.scores.values())
    assert set(found.scores) <= set(TASKS)
    assert found.complexity is None or found.complexity in COMPLEXITIES
    assert found.complexity_confidence is None or 0.5 <= found.complexity_confidence <= 0.95
