"""Reading the signals of one call: each is computed when a condition first asks for it, and never again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from taskroute.ports import Classifier, SensitiveDetector
from taskroute.signals.classifiers.guarded import GuardedClassifier
from taskroute.signals.language import detect_language
from taskroute.signals.said import to_classify
from taskroute.signals.sensitive import find_kinds
from taskroute.signals.size import estimate_tokens
from taskroute.signals.stage import find_stage
from taskroute.signals.task import classified_complexity, classified_task, told_task
from taskroute.signals.task_names import TaskNames
from taskroute.taxonomy import MODALITIES
from taskroute.types import NO_SIGNALS, NOT_ASKED, UNKNOWN, Call, Classification, Signal, Signals

_MEDIA_NEED = {"image": "vision", "audio": "audio", "video": "video", "file": "file"}


class Sources(NamedTuple):
    """Where signals come from, as the policy says."""

    nodes: Mapping[str, str]
    ancestors: bool
    classifier: Classifier | None
    tasks: Collection[str]
    """Every task that the classifier may name."""
    min_confidence: float
    sensitive: Callable[[Iterable[str]], Collection[str]] = find_kinds
    """Finds the kinds of sensitive data in texts by the policy's rules."""
    detectors: tuple[SensitiveDetector, ...] = ()
    names: TaskNames | None = None
    """The tasks that a caller may name; None for any."""


class ClassifierNeeded(Exception):
    """The task is asked for, and finding it needs I/O. Not an error: the decision is taken again once the signal is there."""


class CallReader:
    """Reads one call. `signals()` gives what was asked for so far."""

    __slots__ = ("_folded", "_found", "_judged", "_known", "_sources", "call")

    def __init__(self, call: Call, sources: Sources, known: Signals = NO_SIGNALS) -> None:
        self.call = call
        self._sources = sources
        self._known = known
        self._found: dict[str, Signal[Any]] = {}
        self._folded: str | None = None
        self._judged: Signals | None = None

    def _take(self, name: str, find: Callable[[], Signal[Any]]) -> Signal[Any]:
        signal = self._found.get(name)
        if signal is None:
            known: Signal[Any] = getattr(self._known, name)
            signal = self._found[name] = known if known is not NOT_ASKED else find()
        return signal

    def stage(self) -> str | None:
        signal = self._found.get("stage")
        if signal is None:
            # Written out, because every call of a policy with stages comes by here.
            signal = self._known.stage
            if signal is NOT_ASKED:
                signal = find_stage(self.call, nodes=self._sources.nodes, ancestors=self._sources.ancestors)
            self._found["stage"] = signal
        return signal.value

    def task(self) -> str | None:
        return self._take("task", self._find_task).value

    def complexity(self) -> str | None:
        return self._take("complexity", self._find_complexity).value

    def urgency(self) -> str | None:
        return self._take("urgency", lambda: _told(self.call.urgency, self.call, "urgency")).value

    def language(self) -> str | None:
        return self._take("language", self._find_language).value

    def sensitive(self) -> bool:
        return bool(self._take("sensitive", self._find_sensitive).value)

    def sensitive_kinds(self) -> tuple[str, ...]:
        detail = self._take("sensitive", self._find_sensitive).detail
        return tuple(detail.split(", ")) if detail else ()

    def modality(self) -> tuple[str, ...]:
        return self._take("modality", lambda: Signal(modalities(self.call), "messages")).value or ()

    def tokens(self) -> int:
        return self._take("tokens", self._find_tokens).value or 0

    def needs(self) -> tuple[str, ...]:
        return self._take("needs", lambda: Signal(needs_of(self.call), "call")).value or ()

    def folded_question(self) -> str:
        if self._folded is None:
            self._folded = self.call.question().casefold()
        return self._folded

    def signals(self) -> Signals:
        """Return the signals that were asked for, with those known before."""
        if self._known is NO_SIGNALS:
            return Signals(**self._found)
        return self._known._replace(**self._found) if self._found else self._known

    def source_of(self, name: str) -> Signal[Any]:
        """Return a signal that was asked for; others are `not_asked`."""
        return self._found.get(name, NOT_ASKED)

    def _classify(self) -> Classification | None:
        """Run a local classifier once for both signals that it gives."""
        classifier = self._sources.classifier
        if classifier is None:
            return Classification()
        if not classifier.local:
            text = to_classify(self.call, classifier)
            found = classifier.local_word(text, self._sources.tasks) if isinstance(classifier, GuardedClassifier) else None
            if found is None:
                raise ClassifierNeeded
            return found
        return classifier.classify(to_classify(self.call, classifier), self._sources.tasks)

    def _find_task(self) -> Signal[Any]:
        told = told_task(self.call)
        if told is None or told.value is None:
            return self._classified().task
        if self._sources.names is not None:
            self._sources.names.check(told.value)
        return told

    def _find_complexity(self) -> Signal[Any]:
        return self._classified().complexity

    def _classified(self) -> Signals:
        if self._judged is None:
            question = self.call.question()
            # Of blanks alone nothing can be told, and many a service refuses them.
            asked = bool(question) and not question.isspace()
            self._judged = signals_from(self._classify(), self._sources) if asked else Signals(task=UNKNOWN, complexity=UNKNOWN)
        return self._judged

    def _find_language(self) -> Signal[Any]:
        found = detect_language(self.call.question())
        return Signal(None, "text") if found is None else Signal(found[0], "text", found[1])

    def _find_tokens(self) -> Signal[Any]:
        return Signal(estimate_tokens(self.call), "estimate" if self.call.tokens is None else "explicit")

    def _find_sensitive(self) -> Signal[Any]:
        sources = self._sources
        kinds = set(sources.sensitive(self.call.texts()))
        for detector in sources.detectors:
            for text in self.call.texts():
                kinds.update(_detected(detector, text))
        return Signal(bool(kinds), "patterns", detail=", ".join(sorted(kinds)))


def _detected(detector: SensitiveDetector, text: str) -> Collection[str]:
    try:
        return detector(text)
    except Exception as error:  # noqa: BLE001 - a detector that breaks must not let the text through
        return (f"unchecked ({type(error).__name__})",)


def _told(value: str | None, call: Call, key: str) -> Signal[Any]:
    if value:
        return Signal(value, "explicit", 1.0)
    found = call.metadata.get(key)
    return Signal(found, "metadata", 1.0) if isinstance(found, str) and found else UNKNOWN


def signals_from(result: Classification | None, sources: Sources) -> Signals:
    """Return the task and the complexity that a classifier's answer stands for."""
    name = sources.classifier.name if sources.classifier is not None else "none"
    if result is not None and result.source is not None:
        name = result.source
    return Signals(
        task=classified_task(result, source=name, min_confidence=sources.min_confidence),
        complexity=classified_complexity(result, source=name),
    )


def modalities(call: Call) -> tuple[str, ...]:
    """Return the kinds of content in a call, `text` first."""
    found = {kind for message in call.messages for kind in message.media}
    if call.prompt or any(message.text for message in call.messages):
        found.add("text")
    return tuple(kind for kind in MODALITIES if kind in found)


def needs_of(call: Call) -> tuple[str, ...]:
    """Return the capabilities that a model must have to answer this call."""
    needs = ["tools"] if call.tools else []
    if call.output_schema:
        needs.append("json_schema")
    for message in call.messages:
        for kind in message.media:
            need = _MEDIA_NEED.get(kind, kind)
            if need not in needs:
                needs.append(need)
    return tuple(needs)
