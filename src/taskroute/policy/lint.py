"""What is allowed in a policy and yet surely not meant: routes that nothing reaches, names that are nearly right."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from typing import NamedTuple

from taskroute.policy import choosing_checks, task_checks
from taskroute.policy.futile import conditions, findings
from taskroute.policy.implied import implies
from taskroute.policy.schema import ModelEntry, Policy, Requirement, Route
from taskroute.policy.when import When
from taskroute.taxonomy import STAGES

Path = tuple[str | int, ...]

_CLOSE = 0.75


class Warning(NamedTuple):
    """One thing that is probably not meant, and where it stands."""

    path: Path
    text: str


def warnings(policy: Policy) -> list[Warning]:
    """Return what is allowed and probably not meant. A route is called unreachable only when that is certain."""
    return [
        *_unused_models(policy),
        *_labels(policy),
        *_unreachable(policy),
        *_stages(policy),
        *(Warning(path, text) for path, text in (*findings(policy), *choosing_checks.findings(policy), *task_checks.findings(policy))),
    ]


def _unreachable(policy: Policy) -> Iterator[Warning]:
    for index, route in enumerate(policy.routes):
        for earlier, before in enumerate(policy.routes[:index]):
            if implies(route.when, before.when):
                why = "matches every call" if before.when == When() else "matches every call that this one does"
                yield Warning(
                    ("routes", index),
                    f"route {route.name!r} is never reached: route {earlier + 1}, {before.name!r}, {why}; put this one first, or remove it",
                )
                break


def _unused_models(policy: Policy) -> Iterator[Warning]:
    used = {*policy.default, *(model for route in policy.routes for model in route.models)}
    for name in policy.models:
        if name not in used:
            yield Warning(
                ("models", name), f"model {name!r} stands in no route and not in 'default': only a pin reaches it; use it, or remove it"
            )


def _labels(policy: Policy) -> Iterator[Warning]:
    carried = {label for entry in policy.models.values() for label in entry.labels or ()}
    for index, rule in enumerate(policy.require):
        missing = [label for label in rule.labels if label not in carried]
        for label in missing:
            close = difflib.get_close_matches(label, carried, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            yield Warning(
                ("require", index, "labels"),
                f"no model carries the label {label!r}: calls that this rule covers are refused; {hint}add it to a model's 'labels'",
            )
        if not missing:
            yield from _refused(policy, index, rule)


def _refused(policy: Policy, index: int, rule: Requirement) -> Iterator[Warning]:
    """Warn where a rule leaves no model over, although each of its labels is carried by some model."""
    fit = {name for name, entry in policy.models.items() if _carries(entry, rule)}
    wanted = ", ".join(map(repr, rule.labels))
    if not fit:
        yield Warning(("require", index, "labels"), f"no model carries all of {wanted}: calls that this rule covers are refused")
        return
    if not fit.intersection(policy.default):
        cure = f"add {sorted(fit)[0]!r} at its end"
        yield Warning(("default",), f"no model of 'default' carries {wanted}: calls that rule {index + 1} covers are refused there; {cure}")
    for number, route in enumerate(policy.routes):
        if not fit.intersection(_candidates(route, policy)) and not _apart(route.when, rule.when):
            text = f"no model of route {route.name!r} carries {wanted}: calls that rule {index + 1} covers are refused there"
            yield Warning(
                ("routes", number), f"{text}; add {sorted(fit)[0]!r} at the end of {'.'.join(route.models_path)!r}, or to 'default'"
            )


def _carries(entry: ModelEntry, rule: Requirement) -> bool:
    return set(rule.labels) <= set(entry.labels or ())


def _candidates(route: Route, policy: Policy) -> set[str]:
    return {*route.models} if route.fallback == "none" else {*route.models, *policy.default}


def _apart(one: When, other: When) -> bool:
    """Return whether no call can meet both, judged by the keys that have one value a call."""
    for key in ("stage", "urgency", "language", "complexity"):
        left, right = getattr(one, key), getattr(other, key)
        if left is not None and right is not None and not {*left} & {*right} and not any(":*" in name for name in (*left, *right)):
            return True
    if one.sensitive is False or other.sensitive is False:
        return bool(one.sensitive) or bool(other.sensitive)
    return False


def _stages(policy: Policy) -> Iterator[Warning]:
    own = set(policy.stages.nodes.values())
    for node, stage in policy.stages.nodes.items():
        yield from _near(stage, ("stages", "nodes", node), known=())
    for path, when in conditions(policy):
        for index, stage in enumerate(when.stage or ()):
            yield from _near(stage, (*path, "stage", index), known=own)


def _near(stage: str, path: Path, *, known: Collection[str]) -> Iterator[Warning]:
    if stage in STAGES or stage in known or ":" in stage:
        return
    close = difflib.get_close_matches(stage, STAGES, n=1, cutoff=_CLOSE)
    if close:
        yield Warning(
            path, f"stage {stage!r} is not a built-in one; did you mean {close[0]!r}? If it is your own, your code must tag calls with it"
        )
