"""The same classifier on vectors that a function of the user's gives."""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
from collections.abc import Collection, Generator, Mapping
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

from taskroute.errors import ConfigurationError
from taskroute.learned.embedding import AsyncEmbed, Embed, Embedding, Vectors
from taskroute.learned.examples import examples_in, keywords_of, with_keywords
from taskroute.learned.fit import READING, checked
from taskroute.learned.kept import keep, place_of, read_kept
from taskroute.learned.nearness import Nearness, rows_of
from taskroute.policy.schema import Task
from taskroute.signals.classifiers.only_async import OnlyAsyncError
from taskroute.types import Classification

_LEARNED: Final = "embedded-1"
_ALIKE: Final = 0.999
"""The cosine of what one function gives for one text at two times."""
_Asking = Generator[list[str], Vectors, Classification]


class EmbeddedClassifier:
    """Scores the user's own tasks by their keywords, and where these are silent by how near a text's vector is to those of the examples.

    `embed` gives a vector for each of several texts, all of one length; `aembed` is its async twin. With `embed` alone it is taken to
    be quick and to need no I/O, and is asked inside a decision; say `local=False` where it is not so. With `aembed` it is not local. The
    examples are embedded when the first text is classified, in one request; what `embed` raises is raised then. With `folder`, what was
    learned is kept there, under a name made of the examples and of `embedded_by`, and read again instead: one example is embedded to see
    that the function is still the same, and if it is not, all are. `labels` says what may be said of the place that texts are sent to.
    With `beside_builtin`, usual requests of the built-in tasks stand for texts of none of these tasks.
    """

    name = "embedded"

    def __init__(
        self,
        tasks: Mapping[str, Task],
        embed: Embed | None = None,
        *,
        aembed: AsyncEmbed | None = None,
        local: bool | None = None,
        labels: Collection[str] = (),
        folder: str | os.PathLike[str] | None = None,
        embedded_by: str = "",
        complexity: bool = True,
        beside_builtin: bool = False,
    ) -> None:
        if embed is None and aembed is None:
            raise ConfigurationError("an EmbeddedClassifier has nothing to embed with; give 'embed', 'aembed' or both")
        self.local = aembed is None if local is None else local
        self.labels = labels
        self._embed, self._aembed = embed, aembed
        self._keywords = keywords_of(tasks, complexity=complexity)
        self._examples = examples_in(tasks, beside_builtin=beside_builtin)
        self._tasks = checked(self._examples, READING)
        self._path: Path | None = None if folder is None else place_of(folder, _LEARNED, embedded_by, self._examples)
        self._learned: Nearness | None = None
        self._locks = _Locks()

    @classmethod
    def by(
        cls,
        embedding: Embedding,
        tasks: Mapping[str, Task],
        *,
        folder: str | os.PathLike[str] | None = None,
        complexity: bool = True,
        beside_builtin: bool = False,
    ) -> EmbeddedClassifier:
        """Return one that embeds as this says."""
        return cls(
            tasks,
            embedding.embed,
            aembed=embedding.aembed,
            local=embedding.local,
            folder=folder,
            embedded_by=embedding.name,
            complexity=complexity,
            beside_builtin=beside_builtin,
        )

    def classify(self, text: str, tasks: Collection[str]) -> Classification:
        """Return a score for each task of the user's own. Raises ConfigurationError without `embed`, and what `embed` raises."""
        if self._embed is None:
            raise OnlyAsyncError("the function that embeds is async, and a sync call cannot wait for it: use an async call, or give both")
        if self._learned is not None:
            return self._driven(self._told(text, tasks), self._embed)
        with self._locks.of_threads:
            return self._driven(self._told(text, tasks), self._embed)

    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification:
        """Return the same as `classify`; asks `aembed` where there is one."""
        if self._aembed is None:
            return self.classify(text, tasks)
        if self._learned is not None:
            return await self._adriven(self._told(text, tasks), self._aembed)
        async with self._locks.of_tasks():
            return await self._adriven(self._told(text, tasks), self._aembed)

    def _driven(self, asking: _Asking, embed: Embed) -> Classification:
        try:
            texts = next(asking)
            while True:
                texts = asking.send(_ready(embed(texts)))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    async def _adriven(self, asking: _Asking, aembed: AsyncEmbed) -> Classification:
        try:
            texts = next(asking)
            while True:
                texts = asking.send(await aembed(texts))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def _told(self, text: str, tasks: Collection[str]) -> _Asking:
        """Yield the texts that vectors are needed of, and return what they tell."""
        told = self._keywords.classify(text, tasks)
        if not text or text.isspace():
            return told
        learned = self._learned
        if learned is None:
            learned = yield from self._first()
        return with_keywords(told, learned.judge((yield [text])))

    def _first(self) -> Generator[list[str], Vectors, Nearness]:
        kept = None if self._path is None else read_kept(self._path, Nearness.from_arrays)
        if kept is not None and kept.labels == self._tasks:
            probe = rows_of((yield [self._examples[0].text]), 1)[0]
            if len(probe) == len(kept.probe) and float(probe @ kept.probe) > _ALIKE:
                self._learned = kept
                return kept
        vectors = yield [example.text for example in self._examples]
        found = self._learned = Nearness.of(self._examples, self._tasks, vectors)
        if self._path is not None:
            keep(self._path, found.arrays())
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_locks"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _locks=_Locks())


class _Locks:
    """See to it that the examples are embedded once, though many calls begin together."""

    def __init__(self) -> None:
        self.of_threads = threading.Lock()
        self._of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    def of_tasks(self) -> asyncio.Lock:
        return self._of_loops.setdefault(asyncio.get_running_loop(), asyncio.Lock())


def _ready(vectors: Any) -> Vectors:
    if inspect.isawaitable(vectors):
        if inspect.iscoroutine(vectors):
            vectors.close()
        raise ConfigurationError("embed gave something to wait for; make it an 'async def', or give it as 'aembed'")
    return vectors  # type: ignore[no-any-return]
