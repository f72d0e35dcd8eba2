"""The same classifier on vectors of the user's own function."""

from __future__ import annotations

import asyncio
import functools
import pickle
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from taskroute.errors import ConfigurationError
from taskroute.learned.embedded import EmbeddedClassifier
from taskroute.learned.embedding import embedding_of
from taskroute.signals.classifiers.guarded import GuardedClassifier
from taskroute.types import Classification
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
    with pytest.raises(ConfigurationError, match="is async, and a sync call cannot wait"):
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
        assert not guarded.classify(text, tuple(TASKS)).scores
    down[0] = False
    assert (guarded.classify(text, tuple(TASKS)).best() or ("",))[0] == "billing"


def test_nothing_is_embedded_for_blanks() -> None:
    embed = Embedding()
    assert not EmbeddedClassifier(TASKS, embed).classify(" \n", ()).scores
    assert embed.requests == []


@pytest.mark.parametrize("vectors", [[[1.0], [1.0, 2.0]], ["a"], None, 3, [["x"]] * 17])
def test_what_is_no_vector_at_all_is_told(vectors: Any) -> None:
    with pytest.raises(ConfigurationError, match="embed gave"):
        EmbeddedClassifier(TASKS, lambda _texts: vectors).classify("a", ())


def test_many_calls_that_begin_together_embed_the_examples_once() -> None:
    embed = Embedding()

    async def later(texts: Sequence[str]) -> list[list[float]]:
        await asyncio.sleep(0)
        return embed(texts)

    async def calls() -> None:
        found = EmbeddedClassifier(TASKS, aembed=later)
        await asyncio.gather(*(found.aclassify(text, ()) for text in UNSEEN for _ in range(5)))

    asyncio.run(calls())
    assert sorted(embed.requests) == [1] * 15 + [17]


def test_a_sync_function_that_gives_something_to_wait_for_is_told_the_cure() -> None:
    embed = Embedding()
    with pytest.raises(ConfigurationError, match="make it an 'async def'"):
        EmbeddedClassifier(TASKS, embed.later).classify("a", ())  # type: ignore[arg-type]


# What is kept


def kept(folder: Path, embed: Any, by: str = "mine") -> EmbeddedClassifier:
    return EmbeddedClassifier(TASKS, embed, folder=folder, embedded_by=by)


def test_what_was_learned_is_kept_and_one_example_shows_that_it_still_holds(tmp_path: Path) -> None:
    first, second = Embedding(), Embedding()
    text = next(iter(UNSEEN))
    before = kept(tmp_path, first).classify(text, ())
    assert kept(tmp_path, second).classify(text, ()).scores == pytest.approx(before.scores, abs=1e-4)
    assert (first.requests, second.requests) == ([17, 1], [1, 1])


def test_a_function_that_changed_under_the_same_name_is_learned_anew(tmp_path: Path) -> None:
    class Other(Embedding):
        def __call__(self, texts: Sequence[str]) -> list[list[float]]:
            return [row[::-1] for row in super().__call__(texts)]

    text = next(iter(UNSEEN))
    kept(tmp_path, Embedding()).classify(text, ())
    other = Other()
    assert (kept(tmp_path, other).classify(text, ()).best() or ("",))[0] == "billing"
    assert other.requests == [1, 17, 1]
    again = Other()
    kept(tmp_path, again).classify(text, ())
    assert again.requests == [1, 1]


def test_another_function_has_a_file_of_its_own(tmp_path: Path) -> None:
    for by in ("mine", "theirs"):
        kept(tmp_path, Embedding(), by).classify("a", ())
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x80\x04."])
def test_a_broken_file_is_learned_again_with_one_warning(content: bytes, tmp_path: Path) -> None:
    text = next(iter(UNSEEN))
    kept(tmp_path, Embedding()).classify(text, ())
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    with pytest.warns(RuntimeWarning, match="learned again") as told:
        assert (kept(tmp_path, Embedding()).classify(text, ()).best() or ("",))[0] == "billing"
    assert len(told) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept(tmp_path, Embedding()).classify(text, ())


def test_it_can_be_pickled_where_its_function_can() -> None:
    found = EmbeddedClassifier(TASKS, Embedding())
    text = next(iter(UNSEEN))
    assert pickle.loads(pickle.dumps(found)).classify(text, ()) == found.classify(text, ())


# What embeds


class Documents:
    model = "tiny"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return Embedding()(texts)


def test_vectors_of_any_length_tell_the_same_task_without_a_warning() -> None:
    embed = Embedding()
    text, task = next(iter(UNSEEN.items()))

    def told_by(length: float) -> Classification:
        def longer(texts: Sequence[str]) -> list[list[float]]:
            return [[value * length for value in row] for row in embed(texts)]

        return EmbeddedClassifier(TASKS, longer).classify(text, ())

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = [told_by(length) for length in (1.0, 5e306, 1e-100)]
    for each in told:
        assert each.best() is not None
        assert each.scores == pytest.approx(told[0].scores)
    assert max(told[0].scores, key=told[0].scores.__getitem__) == task
    with pytest.raises(ConfigurationError, match="embed gave something else than vectors"):
        EmbeddedClassifier(TASKS, lambda texts: [[10**400, 1]] * len(texts)).classify(text, ())


def test_what_embeds_may_come_in_several_shapes() -> None:
    embed = Embedding()
    plain, later, documents = embedding_of(embed), embedding_of(embed.later), embedding_of(Documents())
    assert (plain.local, plain.aembed) == (True, None)
    assert (later.local, later.embed) == (False, None)
    assert (documents.local, documents.aembed) == (False, None)
    assert documents.name.endswith("Documents tiny")
    assert embedding_of(functools.partial(embed.later)).embed is None


@pytest.mark.parametrize("given", [3, "text", Documents])
def test_what_cannot_embed_is_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="embed="):
        embedding_of(given)
