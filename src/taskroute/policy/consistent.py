"""Do the parts of a policy fit together? Each problem is told with its path, what is known, and the cure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from taskroute.policy import choosing_checks, credentials
from taskroute.policy.names import suggestion
from taskroute.policy.regex import compile_linear
from taskroute.taxonomy import SENSITIVE_KINDS, TASK_GROUPS, TASKS

if TYPE_CHECKING:
    from taskroute.policy.caching import Cache
    from taskroute.policy.choosing import Feedback
    from taskroute.policy.schema import Policy
    from taskroute.policy.when import When

__all__ = ["problems", "suggestion"]

Path = tuple[str | int, ...]
Problem = tuple[Path, str]

_WILDCARD = re.compile(r"[^*]+:\*")


def problems(policy: Policy) -> list[Problem]:
    """Return everything that does not fit, in the order of the file."""
    return [
        *_keys(policy),
        *_models(policy),
        *_tasks(policy),
        *_routes(policy),
        *_conditions(policy),
        *_nodes(policy),
        *_patterns(policy),
        *_cache(policy),
        *_telemetry(policy),
        *choosing_checks.problems(policy),
        *_feedback(policy),
    ]


def _unknown_models(names: tuple[str, ...], known: Collection[str], path: Path) -> Iterator[Problem]:
    for index, name in enumerate(names):
        if name not in known:
            yield (*path, index), f"no model named {name!r}; {suggestion(name, known)}; add it under 'models' or correct the name"
        elif name in names[:index]:
            yield (*path, index), f"model {name!r} stands twice; remove one"


def _keys(policy: Policy) -> Iterator[Problem]:
    for name, entry in policy.models.items():
        yield from credentials.in_value({"model": entry.model, "params": entry.params, "base_url": entry.base_url}, ("models", name))


def _models(policy: Policy) -> Iterator[Problem]:
    yield from _unknown_models(policy.default, policy.models, ("default",))


def _tasks(policy: Policy) -> Iterator[Problem]:
    for name in policy.tasks:
        if name in TASK_GROUPS:
            yield ("tasks", name), f"{name!r} is the name of a built-in group of tasks; choose another"


def _routes(policy: Policy) -> Iterator[Problem]:
    names: dict[str, int] = {}
    for index, route in enumerate(policy.routes):
        if route.name in names:
            yield ("routes", index, "name"), f"route {names[route.name] + 1} is named {route.name!r} too; rename one"
        names.setdefault(route.name, index)
        yield from _unknown_models(route.models, policy.models, ("routes", index, *route.models_path))


def _conditions(policy: Policy) -> Iterator[Problem]:
    for index, rule in enumerate(policy.require):
        yield from _condition(rule.when, policy, ("require", index, "when"))
    for index, route in enumerate(policy.routes):
        yield from _condition(route.when, policy, ("routes", index, "when"))


def _condition(when: When, policy: Policy, path: Path) -> Iterator[Problem]:
    known_tasks = [*TASKS, *TASK_GROUPS, *policy.tasks]
    for inner, part in when.nested():
        for index, task in enumerate(part.task or ()):
            if task not in known_tasks:
                yield (
                    (*path, *inner, "task", index),
                    f"no task named {task!r}; {suggestion(task, known_tasks)}; add your own under 'tasks'",
                )
        if isinstance(part.sensitive, tuple):
            yield from _looked_for(part.sensitive, policy, (*path, *inner, "sensitive"))
        for index, stage in enumerate(part.stage or ()):
            if "*" in stage and not _WILDCARD.fullmatch(stage):
                yield (
                    (*path, *inner, "stage", index),
                    f"{stage!r} matches nothing: '*' stands only at the end, after ':', as in 'tool:*'; "
                    "write the stages out, or leave 'stage' out to match every call",
                )
        for expression_path, expression in _expressions(part):
            yield from _expression(expression, (*path, *inner, *expression_path))


def _expressions(when: When) -> Iterator[tuple[Path, str]]:
    for index, pattern in enumerate(when.prompt.regex or () if when.prompt else ()):
        yield ("prompt", "regex", index), pattern
    for key, test in (when.metadata or {}).items():
        if test.regex is not None:
            yield ("metadata", key, "regex"), test.regex


def _expression(pattern: str, path: Path) -> Iterator[Problem]:
    try:
        compile_linear(pattern)
    except ValueError as error:
        yield path, str(error)


def _nodes(policy: Policy) -> Iterator[Problem]:
    for node, stage in policy.stages.nodes.items():
        if "*" in stage:
            yield ("stages", "nodes", node), f"a node has one stage, and {stage!r} holds a '*'; write the stage's whole name"


def _cache(policy: Policy) -> Iterator[Problem]:
    cache = policy.cache
    if cache is None:
        return
    yield from _kept("cache", cache)
    for stage in cache.stages:
        if "*" in stage:
            yield ("cache", "stages", stage), f"{stage!r} matches nothing: stages are written out here; write each by its whole name"
    known = [*TASKS, *TASK_GROUPS, *policy.tasks]
    for task in cache.tasks:
        if task not in known:
            yield ("cache", "tasks", task), f"no task named {task!r}; {suggestion(task, known)}; add your own under 'tasks'"


def _feedback(policy: Policy) -> Iterator[Problem]:
    if policy.feedback is not None:
        yield from _kept("feedback", policy.feedback)


def _kept(key: str, settings: Cache | Feedback) -> Iterator[Problem]:
    """Yield what does not fit of where something is kept."""
    if settings.store == "redis" and settings.url is None:
        yield (key, "store"), "'redis' needs 'url', the address of the server, such as url: ${REDIS_URL}"
    if settings.store != "redis" and settings.url is not None:
        yield (key, "url"), f"'url' is for the store 'redis', and this one is {settings.store!r}; remove it, or write store: redis"
    if settings.store != "disk" and "path" in settings.model_fields_set:
        yield (key, "path"), f"'path' is for the store 'disk', and this one is {settings.store!r}; remove it, or write store: disk"
    yield from credentials.in_value({"url": settings.url}, (key,))


def _telemetry(policy: Policy) -> Iterator[Problem]:
    name = policy.telemetry.baseline
    if name is not None and name not in policy.models:
        yield (
            ("telemetry", "baseline"),
            f"no model named {name!r}; {suggestion(name, policy.models)}; add it under 'models' or correct the name",
        )


def _patterns(policy: Policy) -> Iterator[Problem]:
    for name, pattern in policy.sensitive.patterns.items():
        path: Path = ("sensitive", "patterns", name)
        if name in SENSITIVE_KINDS:
            yield path, f"{name!r} is a built-in kind; give the pattern another name, and leave {name!r} out of 'kinds' to replace it"
        try:
            matches_all = compile_linear(pattern)("")
        except ValueError as error:
            yield path, str(error)
        else:
            if matches_all:
                yield path, f"{pattern!r} matches the empty text, and so every call; write it so that it needs at least one character"
    yield from _kinds(policy.sensitive.kinds or (), SENSITIVE_KINDS, ("sensitive", "kinds"))


def _looked_for(kinds: tuple[str, ...], policy: Policy, path: Path) -> Iterator[Problem]:
    """Yield the kinds that nothing looks for: a rule on one protects nothing."""
    own = policy.sensitive.patterns
    yield from _kinds(kinds, [*SENSITIVE_KINDS, *own], path)
    wanted = policy.sensitive.kinds
    for index, kind in enumerate(kinds):
        if wanted is not None and kind in SENSITIVE_KINDS and kind not in (*wanted, *own):
            text = f"this never holds for {kind!r}, which 'sensitive.kinds' leaves out; add it there, or remove it here"
            yield (*path, index), f"{text}. looked for: {', '.join(sorted((*wanted, *own)))}"


def _kinds(kinds: tuple[str, ...], known: Collection[str], path: Path) -> Iterator[Problem]:
    for index, kind in enumerate(kinds):
        if kind not in known:
            text = f"no kind of sensitive data named {kind!r}; {suggestion(kind, known)}; add your own under 'sensitive.patterns'"
            yield (*path, index), text
