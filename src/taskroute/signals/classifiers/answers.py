"""What models said of texts, kept while the same model is asked the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping

from taskroute.ports import Classifier
from taskroute.registry.models import ModelSpec
from taskroute.signals.classifiers.guarded import GuardedClassifier
from taskroute.signals.classifiers.hybrid import Hybrid
from taskroute.signals.classifiers.prompted import AskedTask, ModelClassifier
from taskroute.types import Classification

_Terms = tuple[str, tuple[AskedTask, ...]]


class Answers:
    """What a model said of texts; it outlives the policies that a router is given, until one asks another model or says other tasks."""

    def __init__(self) -> None:
        self._terms: _Terms | None = None
        self._kept: OrderedDict[str, Classification] = OrderedDict()

    def lend(self, classifier: Classifier | None, registry: Mapping[str, ModelSpec]) -> None:
        """Have a classifier, or the parts of it that ask a model, go by what is kept here."""
        for asking in _asking(classifier):
            terms = registry[asking.model].identity, asking.own
            if terms != self._terms:
                self._terms, self._kept = terms, OrderedDict()
            asking.remember_in(self._kept)


def _asking(classifier: Classifier | None) -> Iterator[ModelClassifier]:
    match classifier:
        case ModelClassifier():
            yield classifier
        case GuardedClassifier():
            yield from _asking(classifier.inner)
        case Hybrid():
            for part in classifier.parts:
                yield from _asking(part)
        case _:
            pass
