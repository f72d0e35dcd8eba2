"""Names of tasks that do nothing where they stand: conditions on a task that nothing tells, strengths in what is no task."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from taskroute.policy.futile import Finding, Path, conditions
from taskroute.policy.names import meant
from taskroute.policy.schema import Policy, Task
from taskroute.taxonomy import STAGES, TASK_GROUPS, TASKS

_READ: Final = {
    "none": (),
    "keywords": ("keywords",),
    "builtin": ("keywords", "examples"),
    "examples": ("keywords", "examples", "description"),
    "model": ("keywords", "examples", "description"),
}
"""What each kind of classifier goes by of a task of the user's own."""


def findings(policy: Policy) -> Iterator[Finding]:
    """Yield each, with its path."""
    yield from _untold(policy)
    yield from _strengths(policy)


def _untold(policy: Policy) -> Iterator[Finding]:
    """Yield the first condition on each own task of which the policy says something that its classifier does not read."""
    kind = policy.classifier.kind
    seen: set[str] = set()
    for path, when in conditions(policy):
        for name in when.task or ():
            task = policy.tasks.get(name)
            given = [] if task is None else [key for key in _READ["model"] if getattr(task, key)]
            if name in seen or task is None or not given or _is_told(name, task, policy) or _is_said(path, task, policy):
                continue
            seen.add(name)
            why = f"classifier.kind is {kind!r}, which does not read its {_and(given)}"
            text = f"only calls that say it are of the task {name!r}, because {why}"
            if kind == "none":
                yield (*path, "task"), f"{text}; write another kind, such as builtin, or pass a classifier in your code"
            else:
                yield (*path, "task"), f"{text}; give it {' or '.join(map(repr, _READ[kind]))} under 'tasks', or write kind: model"


def _is_told(name: str, task: Task, policy: Policy) -> bool:
    kind = policy.classifier.kind
    if name in TASKS and kind in ("keywords", "builtin"):
        return True
    # Beside examples of other tasks a description is learned from, too.
    is_learned = kind == "builtin" and any(each.examples for each in policy.tasks.values())
    return any(getattr(task, key) for key in _READ["examples" if is_learned else kind])


def _is_said(path: Path, task: Task, policy: Policy) -> bool:
    """Whether another check says so: of rules without a classifier, of examples beside keywords."""
    return (policy.classifier.kind == "none" and path[0] == "require") or (policy.classifier.kind == "keywords" and bool(task.examples))


def _strengths(policy: Policy) -> Iterator[Finding]:
    groups = [task.group for task in policy.tasks.values() if task.group is not None]
    staged = [stage for _, when in conditions(policy) for stage in when.stage or ()]
    known = {*TASKS, *TASK_GROUPS, *policy.tasks, *groups, *STAGES, *policy.stages.nodes.values(), *staged}
    for model, entry in policy.models.items():
        for at, name in enumerate(entry.strengths or ()):
            if name not in known:
                text = f"{name!r} is no task, group of tasks or stage that taskroute or this policy knows"
                cure = f"{meant(name.lower(), known)}correct it, or add it under 'tasks'"
                yield ("models", model, "strengths", at), f"{text}, so that it adds nothing, unless calls say a stage of that name; {cure}"


def _and(names: Collection[str]) -> str:
    *first, last = map(repr, names)
    return f"{', '.join(first)} and {last}" if first else last
