"""May a call use the cache, and on which terms? Pure."""

from __future__ import annotations

from typing import Final

from taskroute.decision.snapshot import Snapshot
from taskroute.policy.caching import Cache, CacheLimits, LimitsOrNone
from taskroute.stored import Terms
from taskroute.taxonomy import TASK_GROUPS
from taskroute.types import CacheNote, Call, Decision

OPERATIONS: Final = frozenset({"chat", "text_completion"})
"""What is asked for of which answers are kept: vectors are not."""
_SCOPES: Final = frozenset({"tenant", "user", "session"})
"""What the policy may ask a call for."""


def terms_of(snapshot: Snapshot, decision: Decision, call: Call) -> Terms | CacheNote | None:
    """Return the terms of a call; a note on why it has no part in the cache; None where the policy has no cache."""
    cache = snapshot.policy.cache
    if cache is None:
        return None
    if snapshot.disabled or (decision.mode != "enforce" and not decision.pinned):
        return CacheNote("off", "nothing is enforced")
    if decision.route in snapshot.uncached:
        return CacheNote("off", f"route {decision.route!r} keeps no answers")
    stage, task = decision.signals.stage.value, decision.signals.task.value
    own = _own_limits(cache, stage, task)
    if isinstance(own, CacheNote):
        return own
    why = _kept_out(call, decision)
    if why:
        return CacheNote("bypass", why)
    scope: dict[str, str] = {name: call.scope.get(name) or getattr(call, name) for name in cache.scope}
    lacking = [name for name, value in scope.items() if not value]
    if lacking:
        return CacheNote("bypass", f"the call does not say whose it is: no {lacking[0]}")
    scope.update((name, value) for name, value in call.scope.items() if name not in _SCOPES)
    terms = Terms(
        namespace=cache.namespace,
        scope=scope,
        ttl=cache.ttl,
        admit_after=cache.admit_after,
        window=cache.window,
        stale=cache.stale_if_error or 0.0,
        max_temperature=cache.max_temperature,
        tool_calls=cache.tool_calls,
        wait=cache.wait,
        refresh=call.cache == "refresh",
        stage=stage,
        task=task,
    )
    for name, limits in own.items():
        terms = _limited(terms, name, limits)
    return terms if call.max_age is None else terms._replace(ttl=min(terms.ttl, call.max_age))


def _kept_out(call: Call, decision: Decision) -> str:
    """Return why a call by itself is none for the cache; '' when it may be one."""
    if call.cache == "bypass":
        return "asked for"
    if call.operation not in OPERATIONS:
        return f"{call.operation} are not kept"
    # What nobody looked at is not known to be harmless.
    if decision.signals.sensitive.value is not False:
        return "sensitive"
    return ""


def _own_limits(cache: Cache, stage: str | None, task: str | None) -> dict[str, CacheLimits] | CacheNote:
    """Return what holds for the stage and the task of a call, the one that counts for more last."""
    found: dict[str, CacheLimits] = {}
    if not (cache.stages or cache.tasks):
        return found
    known: dict[str, LimitsOrNone | None] = {f"stage {stage}": cache.stages.get(stage or "")}
    for name in (*(group for group, tasks in TASK_GROUPS.items() if task in tasks), task or ""):
        known[f"task {name}"] = cache.tasks.get(name)
    for name, limits in known.items():
        if isinstance(limits, CacheLimits):
            found[name] = limits
        elif limits is not None:
            return CacheNote("off", f"{name} keeps no answers")
    return found


def _limited(terms: Terms, name: str, limits: CacheLimits) -> Terms:
    """Return the terms with what holds for a stage or a task, which has this name."""
    return terms._replace(
        ttl=terms.ttl if limits.ttl is None else limits.ttl,
        admit_after=terms.admit_after if limits.admit_after is None else limits.admit_after,
        stale=terms.stale if limits.stale_if_error is None else limits.stale_if_error,
        max_temperature=terms.max_temperature if limits.max_temperature is None else limits.max_temperature,
        tool_calls=terms.tool_calls if limits.tool_calls is None else limits.tool_calls,
        partition=terms.partition if limits.size is None else name,
    )


def partitions(cache: Cache) -> dict[str, int]:
    """Return every partition of a cache, with its room in bytes."""
    found = {"": cache.size}
    for kind, sections in (("stage", cache.stages), ("task", cache.tasks)):
        for name, limits in sections.items():
            if isinstance(limits, CacheLimits) and limits.size is not None:
                found[f"{kind} {name}"] = limits.size
    return found
