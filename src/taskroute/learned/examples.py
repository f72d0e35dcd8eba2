"""A classifier for the user's own tasks, trained on the spot from what the policy says of them."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Final

from taskroute.learned.counted import are_common
from taskroute.learned.fit import MOST_EXAMPLES, READING, RIDGE, Example, examples_of, fit
from taskroute.learned.kept import keep, place_of, read_kept
from taskroute.learned.linear import LinearClassifier, Verdict
from taskroute.learned.usual import USUAL
from taskroute.learned.words import capped, words
from taskroute.policy.schema import Task
from taskroute.signals.classifiers.keywords import KeywordClassifier
from taskroute.taxonomy import TASKS
from taskroute.types import Classification

_HINT: Final = 0.5
"""What a task's description and keywords count beside an example."""
_LEARNED: Final = "examples-3"
"""Part of the name of what is kept: another way of learning has another."""
_NONE_OF_THEM: Final = ""
"""The class of texts that are of none of the user's tasks; no task has this name."""
_SHORT: Final = 80
"""Characters; a longer text has words of a subject."""


class ExamplesClassifier:
    """Scores the user's own tasks by their keywords, and where these are silent by how much a text is like their examples.

    The scores add up to at most 1: what is missing is how likely the text belongs to none of the tasks. A text of stop words alone is
    told only where one of the examples is such a text. With `folder`, what was learned is kept there under a name made of the examples,
    and read again instead of learned; a file that is broken is learned again, with one warning. With `complexity=False` that is not
    told, which saves most of the time. With `beside_builtin`, usual requests of the built-in tasks stand for texts of none of these tasks,
    so that one task alone can be learned, too. Raises ConfigurationError when the tasks cannot be learned.
    """

    name = "examples"
    local = True
    labels: Collection[str] = ()

    def __init__(
        self,
        tasks: Mapping[str, Task],
        *,
        folder: str | os.PathLike[str] | None = None,
        complexity: bool = True,
        beside_builtin: bool = False,
    ) -> None:
        has_keywords = any(task.keywords for task in tasks.values())
        self._keywords = keywords_of(tasks, complexity=complexity) if complexity or has_keywords else None
        examples = examples_in(tasks, beside_builtin=beside_builtin)
        self._learned = _learned(examples, folder)
        own = [example for example in examples if example.label != _NONE_OF_THEM]
        self._asks_content = not any(are_common(words(example.text, READING)) for example in own)

    def classify(self, text: str, tasks: Collection[str]) -> Classification:
        """Return a score for each task of the user's own; none where the text has nothing that was seen in an example."""
        read = capped(text, READING)
        told = Classification() if self._keywords is None else self._keywords.classify(read, tasks)
        if self._asks_content and len(read) <= _SHORT and are_common(words(read, READING)):
            return told
        return with_keywords(told, self._learned.classify(read))

    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification:
        """Return the same as `classify`."""
        return self.classify(text, tasks)


def keywords_of(tasks: Mapping[str, Task], *, complexity: bool = True) -> KeywordClassifier:
    """Return what goes by the keywords of these tasks alone."""
    return KeywordClassifier({name: task.keywords or () for name, task in tasks.items()}, own_only=True, complexity=complexity)


def examples_in(tasks: Mapping[str, Task], *, beside_builtin: bool = False) -> list[Example]:
    """Return the examples of these tasks, and what their descriptions and keywords say as hints that count less.

    With `beside_builtin`, the last are of none of these tasks.
    """
    found: list[Example] = []
    for name, task in tasks.items():
        found.extend(examples_of(name, task.examples or ()))
        hint = "\n".join((task.description or "", *(task.keywords or ()))).strip()
        if hint:
            found.append(Example(hint, name, _HINT))
    return [*found, *_of_none(tasks, found)] if beside_builtin else found


def _of_none(tasks: Mapping[str, Task], own: list[Example]) -> list[Example]:
    """Return usual requests of the built-in tasks that these tasks, and their groups, are none of."""
    taken = {*tasks, *(task.group for task in tasks.values())}
    listed = [text for name, texts in USUAL.items() if taken.isdisjoint((name, TASKS[name])) for text in texts]
    said = {tuple(words(example.text, READING)) for example in own}
    others = [text for text in listed if tuple(words(text, READING)) not in said]
    return examples_of(_NONE_OF_THEM, others[: max(0, MOST_EXAMPLES - len(own))])


def with_keywords(told: Classification, verdict: Verdict) -> Classification:
    """Return what keywords told, and what was learned for as much as they left open."""
    best = told.best()
    left = 1.0 - (best[1] if best is not None else 0.0)
    scores = dict(told.scores)
    if verdict.known > 0.0:
        for label, probability in verdict.probabilities.items():
            if label != _NONE_OF_THEM:
                scores[label] = round(scores.get(label, 0.0) + left * probability * verdict.inside, 4)
    return told._replace(scores=scores)


def _learned(examples: list[Example], folder: str | os.PathLike[str] | None) -> LinearClassifier:
    if folder is None:
        return fit(examples)
    path = place_of(folder, _LEARNED, READING.dump(), RIDGE, examples)
    found = read_kept(path, LinearClassifier.from_arrays)
    if found is None:
        found = fit(examples)
        keep(path, found.arrays())
    return found
