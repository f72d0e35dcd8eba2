"""The classifier for the user's own tasks: keywords, then examples, and what is kept of it on disk."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from taskroute.errors import ConfigurationError
from taskroute.learned.examples import ExamplesClassifier
from taskroute.policy.schema import Task
from taskroute.ports import Classifier
from tests.learned.prompts import OF_NO_TASK, TASKS, UNSEEN


@pytest.fixture(scope="module")
def classifier() -> ExamplesClassifier:
    return ExamplesClassifier(TASKS)


def test_it_is_a_local_classifier(classifier: ExamplesClassifier) -> None:
    assert isinstance(classifier, Classifier)
    assert (classifier.name, classifier.local, tuple(classifier.labels)) == ("examples", True, ())


@pytest.mark.parametrize(("text", "task"), UNSEEN.items())
async def test_a_text_like_the_examples_gets_the_score_of_its_task(classifier: ExamplesClassifier, text: str, task: str) -> None:
    found = classifier.classify(text, ())
    assert found == await classifier.aclassify(text, ())
    best = found.best()
    assert best is not None
    assert best[0] == task
    assert best[1] > 0.6
    assert sum(found.scores.values()) <= 1.001


@pytest.mark.parametrize("text", ["", *OF_NO_TASK])
def test_a_text_of_no_task_gets_small_scores_or_none(classifier: ExamplesClassifier, text: str) -> None:
    assert all(score < 0.5 for score in classifier.classify(text, ()).scores.values())


def test_keywords_come_before_what_was_learned(classifier: ExamplesClassifier) -> None:
    # Every other word is one of another task's examples.
    found = classifier.classify("I forgot my refund login", ())
    best = found.best()
    assert best is not None
    assert best[0] == "billing"


def test_complexity_is_told_unless_nobody_wants_it() -> None:
    plain = {name: task.model_copy(update={"keywords": None}) for name, task in TASKS.items()}
    text = "Prove step by step that every parcel was delivered"
    assert ExamplesClassifier(plain).classify(text, ()).complexity is not None
    told = ExamplesClassifier(plain, complexity=False).classify(text, ())
    assert told.complexity is None
    assert told.scores == ExamplesClassifier(plain).classify(text, ()).scores


def test_a_task_with_keywords_or_a_description_alone_takes_part() -> None:
    tasks = {**TASKS, "legal": Task(description="Contracts, clauses and liability"), "press": Task(keywords=("journalist",))}
    found = ExamplesClassifier(tasks)
    assert (found.classify("which clauses limit liability in this contract", ()).best() or ("",))[0] == "legal"
    assert (found.classify("I am a journalist", ()).best() or ("",))[0] == "press"


def test_what_was_learned_is_kept_and_read_again(tmp_path: Path) -> None:
    first = ExamplesClassifier(TASKS, folder=tmp_path / "kept")
    (file,) = (tmp_path / "kept").iterdir()
    written = file.stat().st_mtime_ns
    second = ExamplesClassifier(TASKS, folder=tmp_path / "kept")
    assert file.stat().st_mtime_ns == written
    for text in UNSEEN:
        assert second.classify(text, ()).scores == pytest.approx(first.classify(text, ()).scores, abs=0.01)


def test_other_examples_are_learned_under_another_name(tmp_path: Path) -> None:
    ExamplesClassifier(TASKS, folder=tmp_path)
    ExamplesClassifier({**TASKS, "legal": Task(examples=("Review this contract",))}, folder=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x80\x04."])
def test_a_broken_file_is_learned_again_with_one_warning(content: bytes, tmp_path: Path) -> None:
    ExamplesClassifier(TASKS, folder=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    with pytest.warns(RuntimeWarning, match="learned again") as told:
        again = ExamplesClassifier(TASKS, folder=tmp_path)
    assert len(told) == 1
    assert (again.classify(next(iter(UNSEEN)), ()).best() or ("",))[0] == "billing"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ExamplesClassifier(TASKS, folder=tmp_path)


def test_a_folder_that_cannot_be_written_costs_one_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.warns(RuntimeWarning, match="cannot be kept"):
        found = ExamplesClassifier(TASKS, folder=tmp_path / "file")
    assert found.classify(next(iter(UNSEEN)), ()).scores


def test_tasks_that_cannot_be_learned_are_refused_when_built() -> None:
    with pytest.raises(ConfigurationError, match="at least two tasks"):
        ExamplesClassifier({"only": Task(examples=("a refund",))})
    with pytest.raises(ConfigurationError, match="stands under 'a' and under 'b'"):
        ExamplesClassifier({"a": Task(examples=("a refund",)), "b": Task(examples=("A refund!",))})


OPENINGS = {
    "howto": Task(examples=("How do I bake bread?", "How do I change a tyre?", "How do I tie a bow tie?", "How do I clean an oven?")),
    "facts": Task(examples=("What is the capital of Peru?", "What is the tallest tree?", "What is the speed of light?")),
    "texts": Task(examples=("Can you write a poem about rain?", "Can you write a toast for a wedding?", "Can you write a slogan?")),
}


@pytest.mark.parametrize("text", ["How do I", "What is this?", "what is the", "Can you", "Can you do that for me?", "What is 2+2?"])
def test_how_the_examples_begin_is_not_enough_to_be_one_of_them(text: str) -> None:
    assert not ExamplesClassifier(OPENINGS).classify(text, ()).scores


@pytest.mark.parametrize("text", ["Can you help me?", "Can you translate this sentence?", "What is wrong with my code?"])
def test_a_text_that_begins_like_the_examples_and_goes_on_otherwise_stays_below_the_usual_threshold(text: str) -> None:
    assert all(score < 0.6 for score in ExamplesClassifier(OPENINGS).classify(text, ()).scores.values())


@pytest.mark.parametrize(
    ("text", "task"),
    {"How do I bake a cake?": "howto", "What is the tallest hill in Peru?": "facts", "write a poem about snow": "texts"}.items(),
)
def test_one_that_goes_on_like_them_is_told(text: str, task: str) -> None:
    best = ExamplesClassifier(OPENINGS).classify(text, ()).best()
    assert best is not None
    assert best[0] == task
    assert best[1] > 0.6


def test_examples_of_stop_words_alone_are_learned() -> None:
    tasks = {"greeting": Task(examples=("How are you?", "Who are you?")), "money": Task(examples=("I was charged twice", "Refund me"))}
    assert (ExamplesClassifier(tasks).classify("who are you", ()).best() or ("",))[0] == "greeting"


@pytest.mark.parametrize("text", UNSEEN)
def test_of_a_long_text_the_ends_are_read(text: str, classifier: ExamplesClassifier) -> None:
    told = classifier.classify(f"{text} {'padding ' * 50_000}", ())
    assert told == classifier.classify(f"{text} {'padding ' * 400}", ())
