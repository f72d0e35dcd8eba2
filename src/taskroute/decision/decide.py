"""Choosing: a pure function from a policy and a call to a decision that explains itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from taskroute.decision.choose import order
from taskroute.decision.eligible import required_labels, sift
from taskroute.decision.snapshot import CallSettings, CompiledRoute, Snapshot
from taskroute.policy.consistent import suggestion
from taskroute.signals.collect import CallReader, ClassifierNeeded, signals_from
from taskroute.signals.said import to_classify
from taskroute.signals.task import told_task
from taskroute.types import (
    NO_SIGNALS,
    NO_STATE,
    NOT_ASKED,
    NOTHING,
    Call,
    Classification,
    Decision,
    Kept,
    Mode,
    NeedSignal,
    Signal,
    Signals,
    StateView,
)


def decide(
    snapshot: Snapshot,
    call: Call,
    known: Signals = NO_SIGNALS,
    state: StateView = NO_STATE,
    now: float = 0.0,
) -> Decision | NeedSignal:
    """Return which models may answer, in order, and why; or the signal that must be fetched first.

    The same arguments give the same decision. A call that no model may answer gives a decision without candidates.
    """
    if call.kept is not None:
        known = _with_kept(call.kept, known)
    reader = CallReader(call, snapshot.sources, known)
    try:
        return _for_cache(snapshot, reader, _decide(snapshot, reader, state))
    except ClassifierNeeded:
        barred = _classifier_barred(snapshot, call, known)
        if barred is None:
            return NeedSignal("task", to_classify(call, snapshot.sources.classifier))
        abstains: Signal[str] = Signal(None, snapshot.sources.classifier.name if snapshot.sources.classifier else "none", detail=barred)
        reader = CallReader(call, snapshot.sources, known._replace(task=abstains, complexity=abstains))
        return _for_cache(snapshot, reader, _decide(snapshot, reader, state))


def _for_cache(snapshot: Snapshot, reader: CallReader, decision: Decision) -> Decision:
    """Return the decision with what the cache must know of a call, which no condition may have asked for."""
    cache = snapshot.policy.cache
    if cache is None or decision.route in snapshot.uncached or reader.call.cache == "bypass" or reader.call.operation == "embeddings":
        return decision
    if decision.mode != "enforce" and not decision.pinned:
        return decision
    reader.stage()
    reader.sensitive()
    if cache.tasks:
        reader.task()
    return decision._replace(signals=reader.signals())


def with_classification(snapshot: Snapshot, call: Call, known: Signals, result: Classification | None) -> Signals:
    """Return what is known after the classifier has answered; a task that the caller named stands."""
    found = signals_from(result, snapshot.sources)
    told = told_task(call)
    return known._replace(task=found.task if told is None else told, complexity=found.complexity)


def _decide(snapshot: Snapshot, reader: CallReader, state: StateView) -> Decision:
    call = reader.call
    labels = required_labels(snapshot, reader) if snapshot.rules else frozenset[str]()
    pin = snapshot.pin or call.pin
    if pin is not None and pin in snapshot.registry:
        return _pinned(pin, snapshot, reader, labels, state)
    kept = None if call.kept is None or snapshot.disabled else _kept(call.kept, snapshot, reader, labels, state)
    if kept is not None:
        return kept
    route = None if snapshot.disabled else _match(snapshot, reader)
    names, how, expected = snapshot.default if route is None else route.models, "", NOTHING
    if route is not None and route.choose is not None:
        choice = order(route.choose, snapshot, reader, state, labels=labels, comparison=route.comparison)
        names, how, expected = (*choice.models, *names[len(choice.models) :]), f"; {choice.reason}", choice.expected
    candidates, rejected = sift(names, snapshot, call, labels=labels, state=state)
    if state.unavailable is not NOTHING:
        candidates, how = _beside_circuits(
            names, candidates, rejected, snapshot.settings_for(None if route is None else route.name), state=state, how=how
        )
    mode: Mode = "disabled" if snapshot.disabled else snapshot.policy.mode
    return Decision(
        baseline=_baseline(mode, snapshot, call, labels),
        candidates=candidates,
        route=None if route is None else route.name,
        reason=_reason(route, snapshot, reader, candidates, pin=pin, how=how),
        signals=reader.signals(),
        rejected=rejected,
        policy_version=snapshot.version,
        mode=mode,
        expected=expected,
    )


def _baseline(mode: Mode, snapshot: Snapshot, call: Call, labels: frozenset[str]) -> tuple[str, ...]:
    """Return who answers while observing, where nothing of ours stands in the way of a call."""
    return () if mode == "enforce" else sift(snapshot.default, snapshot, call, labels=labels, state=NO_STATE)[0]


def _beside_circuits(
    names: Iterable[str], candidates: tuple[str, ...], rejected: dict[str, str], settings: CallSettings, *, state: StateView, how: str
) -> tuple[tuple[str, ...], str]:
    """Return who may answer in the place of models whose circuits are open, and how that came about.

    A failure that must not go to another model when it happens must not do so afterwards either.
    """
    for name in names:
        if name in candidates:
            break
        failure = state.opened_by.get(name)
        if failure is None or name not in state.unavailable or rejected.get(name) != state.unavailable[name]:
            continue
        if failure not in settings.fallback_on:
            rejected.update(dict.fromkeys(candidates, f"not asked in the place of {name!r}: 'fallback.on' leaves {failure} out"))
            return (), how
        how += f"; {name!r} is left alone, its circuit is open"
    return candidates, how


def _match(snapshot: Snapshot, reader: CallReader) -> CompiledRoute | None:
    stage, read = None, False
    for route in snapshot.routes:
        if route.stages is not None:
            if not read:
                stage, read = reader.stage(), True
            if stage not in route.stages:
                continue
        if route.condition.test(reader):
            return route
    return None


def _with_kept(kept: Kept, known: Signals) -> Signals:
    """Return what is known with what the turn began with, so that nothing is classified again."""
    stage = Signal(kept.stage, "turn") if kept.stage is not None and known.stage is NOT_ASKED else known.stage
    task = Signal(kept.task, "turn") if kept.task is not None and known.task is NOT_ASKED else known.task
    return known._replace(stage=stage, task=task)


def _kept(kept: Kept, snapshot: Snapshot, reader: CallReader, labels: frozenset[str], state: StateView) -> Decision | None:
    """Return the decision of the turn as it still holds; None when none of its models may answer, so that others are looked for."""
    names = [name for name in kept.models if name in snapshot.registry]
    candidates, rejected = sift(names, snapshot, reader.call, labels=labels, state=state)
    route, how = kept.route if kept.route in snapshot.by_route else None, ""
    if state.unavailable is not NOTHING:
        candidates, how = _beside_circuits(names, candidates, rejected, snapshot.settings_for(route), state=state, how=how)
    if not candidates:
        return None
    return Decision(
        baseline=_baseline(snapshot.policy.mode, snapshot, reader.call, labels),
        candidates=candidates,
        route=route,
        reason="kept for this turn: " + ("default" if route is None else f"route {route!r}") + how,
        signals=reader.signals(),
        rejected=rejected,
        policy_version=snapshot.version,
        mode=snapshot.policy.mode,
    )


def _pinned(pin: str, snapshot: Snapshot, reader: CallReader, labels: frozenset[str], state: StateView) -> Decision:
    # The pin of the environment is the last word.
    state = NO_STATE if snapshot.pin is not None else state
    candidates, rejected = sift((pin,), snapshot, reader.call, labels=labels, state=state)
    by = "TASKROUTE_PIN" if snapshot.pin is not None else "the call"
    return Decision(
        candidates=candidates,
        route=None,
        reason=f"{by} pins {pin!r}" + ("" if candidates else f", which may not answer: {rejected[pin]}"),
        signals=reader.signals(),
        rejected=rejected,
        policy_version=snapshot.version,
        mode="disabled" if snapshot.disabled else snapshot.policy.mode,
        pinned=True,
    )


def _reason(
    route: CompiledRoute | None, snapshot: Snapshot, reader: CallReader, candidates: tuple[str, ...], *, pin: str | None, how: str
) -> str:
    if route is not None:
        told = ", ".join(_told(name, reader) for name in route.condition.asks)
        text = f"route {route.name!r} matched: {told}" if told else f"route {route.name!r} matches every call"
    elif snapshot.disabled:
        text = "taskroute is disabled: default"
    else:
        text = "no route matched: default" if snapshot.routes else "no routes: default"
    text += how
    if pin is not None:
        text += f"; the pin {pin!r} names no model ({suggestion(pin, list(snapshot.registry))})"
    return text if candidates else f"{text}; every model was rejected"


def _told(name: str, reader: CallReader) -> str:
    signal = reader.source_of(name)
    if signal.source == "not_asked":
        return name
    if signal.value is None:
        return f"no {name}"
    sure = "" if signal.confidence is None or signal.confidence >= 1 else f" {signal.confidence:.2f}"
    value: Any = signal.value
    shown = ", ".join(map(str, value)) if isinstance(value, tuple) else repr(value)  # pyright: ignore[reportUnknownArgumentType]
    return f"{name} {shown} ({signal.source}{sure})"


def _classifier_barred(snapshot: Snapshot, call: Call, known: Signals) -> str | None:
    """Return why the classifier may not see this text, or None when it may.

    A rule that itself asks for the task cannot be tested before the classifier has answered, so it is taken to hold.
    """
    classifier = snapshot.sources.classifier
    if classifier is None:
        return "there is no classifier"
    reader = CallReader(call, snapshot.sources, known)
    for rule in snapshot.rules:
        needs_task = not {"task", "complexity"}.isdisjoint(rule.condition.asks)
        if (needs_task or rule.condition.test(reader)) and not rule.labels <= frozenset(classifier.labels):
            lacking = ", ".join(sorted(rule.labels - frozenset(classifier.labels)))
            return f"abstains: it may not see this call, because it lacks the required label {lacking}"
    return None
