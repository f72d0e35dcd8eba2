"""Do the parts of a policy fit together? Each problem is told with its path, what is known, and the cure."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from taskroute.policy.regex import compile_linear
from taskroute.taxonomy import SENSITIVE_KINDS, TASK_GROUPS, TASKS

if TYPE_CHECKING:
    from taskroute.policy.schema import Policy
    from taskroute.policy.when import When

Path = tuple[str | int, ...]
Problem = tuple[Path, str]


def suggestion(name: str, known: Collection[str]) -> str:
    """Return 'did you mean …? known: …' for a name that is not known."""
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}known: {', '.join(sorted(known)) or 'none'}"


def problems(policy: Policy) -> list[Problem]:
    """Return everything that does not fit, in the order of the file."""
    return [*_models(policy), *_tasks(policy), *_routes(policy), *_conditions(policy), *_patterns(policy)]


def _unknown_models(names: tuple[str, ...], known: Collection[str], path: Path) -> Iterator[Problem]:
    for index, name in enumerate(names):
        if name not in known:
            yield (*path, index), f"no model named {name!r}; {suggestion(name, known)}; add it under 'models' or correct the name"
        elif name in names[:index]:
            yield (*path, index), f"model {name!r} stands twice; remove one"


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
        yield from _unknown_models(route.use, policy.models, ("routes", index, "use"))


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
            yield from _kinds(part.sensitive, [*SENSITIVE_KINDS, *policy.sensitive.patterns], (*path, *inner, "sensitive"))
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


def _patterns(policy: Policy) -> Iterator[Problem]:
    for name, pattern in policy.sensitive.patterns.items():
        yield from _expression(pattern, ("sensitive", "patterns", name))
    yield from _kinds(policy.sensitive.kinds or (), SENSITIVE_KINDS, ("sensitive", "kinds"))


def _kinds(kinds: tuple[str, ...], known: Collection[str], path: Path) -> Iterator[Problem]:
    for index, kind in enumerate(kinds):
        if kind not in known:
            text = f"no kind of sensitive data named {kind!r}; {suggestion(kind, known)}; add your own under 'sensitive.patterns'"
            yield (*path, index), text
