"""The same classifier on vectors of the user's own function."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from taskroute.errors import ConfigurationError
from taskroute.learned.embedded import EmbeddedClassifier
from taskroute.signals.classifiers.guarded import GuardedClassifier
from tests.learned.prompts import TASKS, UNSEEN

MEANING = {
    "billing": ("charge", "refund", "invoice", "bill", "payment", "card"),
    "delivery": ("parcel", "package", "ship", "courier", "deliver", "order"),
    "password": ("password", "login", "account", "sign", "code"),
}


class Embedding:
    """Counts words of three meanings; stands in for a model."""

    def __init__(self) -> None:
        self.requests: list[int] = []

    def __call__(self, texts: Sequence[str]) -> list[list[float]]:
        self.requests.append(len(texts))
        return [[0.2, *(float(sum(word in text.lower() for word in listed)) for listed in MEANING.values())] for text in texts]

    async def later(self, texts: Sequence[str]) -> list[list[float]]:
        return self(texts)


@pytest.mark.parametrize(("text", "task"), UNSEEN.items())
async def test_a_text_near_the_examples_of_a_task_is_told(text: str, task: str) -> None:
    embed = Embedding()
    sync, later = EmbeddedClassifier(TASKS, embed), EmbeddedClassifier(TASKS, aembed=embed.later)
    found = sync.classify(text, ())
    assert found == await sync.aclassify(text, ()) == await later.aclassify(text, ())
    best = found.best()
    assert best is not None
    assert best[0] == task
    assert best[1] > 0.6


def test_examples_are_embedded_once_in_one_request() -> None:
    embed = Embedding()
    found = EmbeddedClassifier(TASKS, embed)
    assert embed.requests == []
    for text in UNSEEN:
        found.classify(text, ())
    assert embed.requests == [17, 1, 1, 1]


def test_a_text_without_meaning_is_told_to_be_none_of_them() -> None:
    found = EmbeddedClassifier(TASKS, Embedding()).classify("Write a poem about autumn", ())
    assert all(score < 0.5 for score in found.scores.values())


def test_it_is_local_unless_it_waits_for_something() -> None:
    embed = Embedding()
    assert EmbeddedClassifier(TASKS, embed).local
    assert not EmbeddedClassifier(TASKS, embed, local=False).local
    remote = EmbeddedClassifier(TASKS, embed, aembed=embed.later, labels=("private",))
    assert not remote.local
    assert tuple(remote.labels) == ("private",)


def test_without_a_sync_function_a_sync_call_is_told_the_cure() -> None:
    with pytest.raises(ConfigurationError, match="only 'aembed'"):
        EmbeddedClassifier(TASKS, aembed=Embedding().later).classify("a", ())
    with pytest.raises(ConfigurationError, match="nothing to embed with"):
        EmbeddedClassifier(TASKS)


@pytest.mark.parametrize("vectors", [[], [[1.0]], [[1.0, float("nan")]] * 16, [[]] * 16])
def test_vectors_that_are_none_are_told(vectors: list[list[float]]) -> None:
    with pytest.raises(ConfigurationError, match="embed gave"):
        EmbeddedClassifier(TASKS, lambda _texts: vectors).classify("a", ())


def test_a_failing_function_abstains_behind_a_guard_and_is_asked_again() -> None:
    embed = Embedding()
    down = [True]

    def sometimes(texts: Sequence[str]) -> list[list[float]]:
        if down[0]:
            raise ConnectionError("unreachable")
        return embed(texts)

    guarded = GuardedClassifier(EmbeddedClassifier(TASKS, sometimes))
    text = next(iter(UNSEEN))
    with pytest.warns(RuntimeWarning, match="'embedded' failed with ConnectionError"):
        assert not guarded.classify(text, ()).scores
    down[0] = False
    assert (guarded.classify(text, ()).best() or ("",))[0] == "billing"
