"""Several classifiers as one: each is asked where those before it are silent."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, Self, runtime_checkable

from taskroute.ports import Asker, Classifier
from taskroute.signals.classifiers.given import Given, as_classifier
from taskroute.signals.classifiers.scored import as_labels
from taskroute.signals.task import classified_task
from taskroute.types import Classification


@runtime_checkable
class AsksThrough(Protocol):
    """A classifier that has its questions put to a model by somebody else."""

    def through(self, asker: Asker) -> Classifier:
        """Return the same classifier with somebody to ask for it."""
        ...


def hybrid(first: Given, then: Given, *others: Given) -> Hybrid:
    """Return a classifier that takes the word of `first` where that is sure enough by the policy, else that of `then`, and so on.

    Each is a classifier, or a function that is one: `fn(text)` or `fn(text, tasks)`. Raises ConfigurationError for what is neither.
    """
    return Hybrid(tuple(as_classifier(part, f"part {number} of the hybrid") for number, part in enumerate((first, then, *others), start=1)))


class Hybrid:
    """Takes the word of the first of its parts that is sure enough; where none is, that of the last.

    It is local if all of them are. Else the local ones that come first are asked inside the decision, and the others only where these
    are silent.
    """

    def __init__(self, parts: tuple[Classifier, ...], min_confidence: float = 0.0) -> None:
        self.parts: tuple[Classifier, ...] = tuple(one for part in parts for one in (part.parts if isinstance(part, Hybrid) else (part,)))
        """One after the other, those of a hybrid among them in its place."""
        self._min_confidence = min_confidence
        self.name = "+".join(part.name for part in self.parts)
        self.local = all(part.local for part in self.parts)
        self.reads_context = any(getattr(part, "reads_context", False) for part in self.parts)
        seeing = [as_labels(part.labels) for part in self.parts if not part.local]
        self.labels: frozenset[str] = frozenset[str].intersection(*seeing) if seeing else frozenset()

    def at(self, min_confidence: float) -> Self:
        """Return the same with the threshold of a policy."""
        return type(self)(self.parts, min_confidence)

    def through(self, asker: Asker) -> Hybrid:
        """Return the same with somebody to ask for its parts."""
        return Hybrid(
            tuple(part.through(asker) if isinstance(part, AsksThrough) else part for part in self.parts),
            self._min_confidence,
        )

    def local_word(self, text: str, tasks: Collection[str]) -> Classification | None:
        """Return what the local parts that come first say, where one of them is sure enough; else None."""
        for part in self.parts:
            if not part.local:
                return None
            found = part.classify(text, tasks)
            if self._settles(found):
                return _said_by(part, found)
        return None

    def classify(self, text: str, tasks: Collection[str]) -> Classification:
        heard: list[Classification] = []
        for part in self.parts:
            found = part.classify(text, tasks)
            if self._settles(found):
                return _after(_said_by(part, found), heard)
            heard.append(_said_by(part, found))
        return self._unsure(heard)

    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification:
        heard: list[Classification] = []
        for part in self.parts:
            found = part.classify(text, tasks) if part.local else await part.aclassify(text, tasks)
            if self._settles(found):
                return _after(_said_by(part, found), heard)
            heard.append(_said_by(part, found))
        return self._unsure(heard)

    def _unsure(self, heard: list[Classification]) -> Classification:
        """Return what the last says; where that is nothing, with what the one before it was not sure of for a reason."""
        last = _after(heard[-1], heard[:-1])
        doubting = next((one for one in reversed(heard[:-1]) if one.scores), None)
        if doubting is None or last.scores or last.why:
            return last
        doubt = classified_task(doubting, source="", min_confidence=self._min_confidence).detail
        return last._replace(why=f"{doubt} ({doubting.source})")

    def _settles(self, found: Classification) -> bool:
        return classified_task(found, source="", min_confidence=self._min_confidence).value is not None


def _said_by(part: Classifier, found: Classification) -> Classification:
    return found if found.source is not None else found._replace(source=part.name)


def _after(found: Classification, earlier: list[Classification]) -> Classification:
    """Return what was found with what those before know beside the task, where this one does not."""
    if found.complexity is not None:
        return found
    judged = next((one for one in reversed(earlier) if one.complexity is not None), None)
    if judged is None:
        return found
    return found._replace(complexity=judged.complexity, complexity_confidence=judged.complexity_confidence)
