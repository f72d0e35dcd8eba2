"""Training on a handful of examples, and what is made of texts that are like them or like none."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest

from taskroute.errors import ArraysError, ConfigurationError
from taskroute.learned.arrays import Arrays, dump_arrays, read_arrays
from taskroute.learned.examples import examples_in
from taskroute.learned.fit import MOST_EXAMPLES, Example, examples_of, fit
from taskroute.learned.linear import LinearClassifier
from taskroute.learned.words import MARK
from tests.learned.prompts import OF_NO_TASK, TASKS, UNSEEN


@pytest.fixture(scope="module")
def trained() -> LinearClassifier:
    return fit(examples_in(TASKS))


@pytest.mark.parametrize(("text", "task"), UNSEEN.items())
def test_a_text_like_the_examples_of_a_task_is_told_with_confidence(trained: LinearClassifier, text: str, task: str) -> None:
    verdict = trained.classify(text)
    assert max(verdict.probabilities, key=lambda label: verdict.probabilities[label]) == task
    assert verdict.probabilities[task] * verdict.inside > 0.6
    assert sum(verdict.probabilities.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("text", ["", *OF_NO_TASK])
def test_a_text_of_no_task_is_told_to_be_outside(trained: LinearClassifier, text: str) -> None:
    assert trained.classify(text).inside < 0.5


def test_a_binary_text_of_ten_megabytes_is_judged_by_its_ends(trained: LinearClassifier) -> None:
    text = "I forgot my password " + "\x00\ufffd\ud800" * 3_000_000 + " and cannot sign in to my account"
    assert trained.classify(text).probabilities["password"] > 0.6


def test_a_typing_error_does_not_change_the_task(trained: LinearClassifier) -> None:
    verdict = trained.classify("i forgto my pasword")
    assert verdict.probabilities["password"] > 0.6


def test_what_is_kept_of_words_changes_nothing(trained: LinearClassifier) -> None:
    text = next(iter(UNSEEN))
    fresh = LinearClassifier.from_arrays(trained.arrays())
    first = fresh.classify(text)
    for other in (*UNSEEN, *OF_NO_TASK):
        fresh.classify(other)
    assert fresh.classify(text) == first


def test_more_words_than_are_kept_change_nothing(trained: LinearClassifier) -> None:
    text = next(iter(UNSEEN))
    fresh = LinearClassifier.from_arrays(trained.arrays())
    first = fresh.classify(text)
    for start in range(0, 40_000, 400):
        fresh.classify(" ".join(f"w{number:x}z" for number in range(start, start + 400)))
    assert fresh.classify(text) == first


def test_threads_may_share_a_classifier(trained: LinearClassifier) -> None:
    texts = [*UNSEEN, *OF_NO_TASK, *(f"parcel number {word} is lost" for word in "abcdefghij")]
    alone = LinearClassifier.from_arrays(trained.arrays())
    expected = [alone.classify(text) for text in texts]
    shared = LinearClassifier.from_arrays(trained.arrays())
    found: list[bool] = []

    def work() -> None:
        found.extend(shared.classify(text) == verdict for text, verdict in zip(texts, expected, strict=True))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * (8 * len(texts))


def test_a_classifier_comes_back_from_its_arrays_and_from_pickle(trained: LinearClassifier) -> None:
    back = LinearClassifier.from_arrays(read_arrays(dump_arrays(*trained.arrays())))
    again = pickle.loads(pickle.dumps(back))
    for text in (*UNSEEN, *OF_NO_TASK):
        verdict, same, third = trained.classify(text), back.classify(text), again.classify(text)
        assert same.inside == pytest.approx(verdict.inside, abs=0.01)
        assert same.probabilities == pytest.approx(verdict.probabilities, abs=0.01)
        assert third == same


def test_marks_are_learned_like_words() -> None:
    trained = fit([*examples_of("code", ["print this", "sort that"]), *examples_of("chat", ["hello there", "how are you"])])
    plain, marked = trained.classify("print this"), trained.classify("print this", [f"{MARK}never seen"])
    assert marked.known < plain.known


def test_the_same_examples_give_the_same_weights() -> None:
    first, second = fit(examples_in(TASKS)).arrays(), fit(examples_in(TASKS)).arrays()
    assert dump_arrays(*first) == dump_arrays(*second)


def test_one_example_a_task_is_enough_to_tell_what_is_alike() -> None:
    trained = fit([Example("I need a refund for my invoice", "billing"), Example("Where is my parcel?", "delivery")])
    verdict = trained.classify("please refund this invoice")
    assert verdict.probabilities["billing"] * verdict.inside > 0.6
    assert trained.classify("sing me a song").inside < 0.5


def test_tasks_of_very_different_size_count_alike() -> None:
    many = [f"please track parcel {word} for me today" for word in "abcdefghijklmnopqrstuvwxyz"]
    trained = fit([*examples_of("delivery", many), *examples_of("billing", ["refund my invoice", "the bill is wrong"])])
    assert trained.classify("the invoice is wrong").probabilities["billing"] > 0.6


@pytest.mark.parametrize(
    ("examples", "said"),
    [
        ([], "at least two tasks, and there are none"),
        ([Example("a b", "x"), Example("c d", "x")], "all are of 'x'"),
        ([Example("Refund me!", "x"), Example("refund  ME", "y")], "'refund  ME' stands under 'x' and under 'y'"),
        ([Example("refund", "x"), Example("😀", "y")], "'😀' of 'y' has no word"),
        ([Example(f"a{n}", "xy"[n % 2]) for n in range(MOST_EXAMPLES + 1)], f"more than {MOST_EXAMPLES}"),
    ],
)
def test_examples_that_nothing_can_be_learned_from_are_told(examples: list[Example], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        fit(examples)


def test_the_same_example_twice_under_one_task_is_fine() -> None:
    assert fit([Example("a refund", "x"), Example("a refund", "x"), Example("a parcel", "y")]).labels == ("x", "y")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "words-0"),
        ("labels", "[1, 2, 3]"),
        ("labels", "nonsense"),
        ("labels", '["a"]'),
        ("reading", "1 2"),
        ("unseen", "nan"),
        ("calibration", "[0.0, 1, 2]"),
        ("calibration", "[1]"),
        ("ids", np.array([3, 2, 1], dtype=np.uint32)),
        ("weights", np.zeros((1, 3), dtype=np.float16)),
        ("bias", np.full(3, np.nan, dtype=np.float32)),
        ("rarity", None),
    ],
)
def test_arrays_that_hold_no_classifier_are_refused(trained: LinearClassifier, key: str, value: object) -> None:
    arrays, meta = trained.arrays()
    changed = {**arrays, **meta, key: value}
    with pytest.raises(ArraysError, match="train it again"):
        LinearClassifier.from_arrays(
            Arrays(
                {name: changed[name] for name in arrays if changed[name] is not None},
                {name: changed[name] for name in meta},
            ),
        )


def test_how_examples_begin_alone_is_taken_for_text_of_no_class() -> None:
    begun = [
        *examples_of("bake", ["How do I bake bread?", "How do I bake a pie?", "How do I cook rice?", "How do I fry eggs?"]),
        *examples_of("pay", ["Can you pay the rent?", "Can you transfer money?", "Can you settle the bill?", "Can you send cash?"]),
    ]
    found = fit(begun)
    other = found.classify("How do I zorple the quixhack?")
    own = found.classify("How do I bake eggs?")
    assert other.inside < 0.6 < own.inside
