"""Do `choose`, `classifier`, `tasks` and `quality` of a policy fit together, and is what they ask for surely meant?"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from taskroute.policy.names import suggestion
from taskroute.taxonomy import TASK_GROUPS, TASKS

if TYPE_CHECKING:
    from taskroute.policy.choosing import Choose
    from taskroute.policy.schema import Policy

Path = tuple[str | int, ...]
Problem = tuple[Path, str]

_BY_ITSELF: Final = (
    ("max_cost", "cheapest", ("min_quality", "within", "max_latency"), "what costs more comes later anyway"),
    ("max_latency", "fastest", ("min_quality", "within", "max_cost"), "what is slower comes later anyway"),
    ("min_quality", "best", ("max_cost", "max_latency"), "what is less good comes later anyway"),
    ("within", "best", ("max_cost", "max_latency"), "the best is always near enough to the best"),
)
"""Limits on the very thing that an objective goes by: a key, the objective, and the keys beside one of which it says something."""
_CLOSE: Final = 0.75
_WORD: Final = re.compile(r"\w+")


def problems(policy: Policy) -> Iterator[Problem]:
    """Yield what does not fit, with its path."""
    yield from _tasks(policy)
    for index, route in enumerate(policy.routes):
        if route.choose is not None:
            yield from _objective(route.choose, ("routes", index, "choose"))
    yield from _classifier(policy)


def findings(policy: Policy) -> Iterator[Problem]:
    """Yield what is allowed and probably not meant."""
    asking = [(index, route.choose) for index, route in enumerate(policy.routes) if route.choose is not None and route.choose.asks_quality]
    if policy.quality.file is not None and not asking:
        text = "no route compares models by quality, so that the file is read for nothing"
        yield ("quality", "file"), f"{text}; give a route 'choose' with an objective such as 'cheapest' and 'min_quality'"
    if policy.quality.file is None:
        for index, choose in asking:
            if choose.min_quality is not None:
                text = (
                    "no model has scores, because 'quality.file' is missing: what is expected of each is a guess from price and 'strengths'"
                )
                yield ("routes", index, "choose", "min_quality"), f"{text}; train one with 'taskroute train', or write 'use' with an order"
    for index, choose in asking:
        if choose.min_quality is not None and choose.min_quality >= 1:
            text = "no model is expected to be right every time, so that none is good enough and the best always comes first"
            yield ("routes", index, "choose", "min_quality"), f"{text}; write less, such as 95%, or objective: best"
    yield from _unread_examples(policy)
    yield from _shared_keywords(policy)
    for name, task in policy.tasks.items():
        close = [] if task.group is None else difflib.get_close_matches(task.group, TASK_GROUPS, n=1, cutoff=_CLOSE)
        if task.group not in TASK_GROUPS and close:
            yield ("tasks", name, "group"), f"group {task.group!r} is your own; did you mean the built-in {close[0]!r}?"


def _unread_examples(policy: Policy) -> Iterator[Problem]:
    named = [name for name, task in policy.tasks.items() if task.examples]
    if named and policy.classifier.kind == "keywords":
        text = f"nothing learns from the examples of {', '.join(map(repr, named))}, because classifier.kind is 'keywords'"
        cure = "write kind: examples, or kind: builtin for the built-in tasks as well, or give these tasks 'keywords'"
        yield ("tasks", named[0], "examples"), f"{text}, which goes by keywords alone; {cure}"


def _shared_keywords(policy: Policy) -> Iterator[Problem]:
    """Yield each keyword that stands under a task before, too, as upper and lower case and signs make no difference."""
    if policy.classifier.kind == "none":
        return
    first: dict[tuple[str, ...], str] = {}
    for name, task in policy.tasks.items():
        for at, keyword in enumerate(task.keywords or ()):
            words = tuple(_WORD.findall(keyword.casefold()))
            other = first.setdefault(words, name) if words else name
            if other != name:
                text = f"the keyword {keyword!r} stands under {other!r}, too, so that it tells neither for sure; keep it under one of them"
                yield ("tasks", name, "keywords", at), text


def _tasks(policy: Policy) -> Iterator[Problem]:
    for name, task in policy.tasks.items():
        if task.group in TASKS or task.group in policy.tasks:
            yield (
                ("tasks", name, "group"),
                f"{task.group!r} is a task, not a group; {suggestion(str(task.group), TASK_GROUPS)}, or a name of your own",
            )


def _objective(choose: Choose, path: Path) -> Iterator[Problem]:
    for key, objective, others, why in _BY_ITSELF:
        if choose.objective == objective and _has(choose, key) and not any(_has(choose, other) for other in others):
            cure = f"remove it, or set one of {', '.join(map(repr, others))} as well"
            yield (*path, key), f"{key!r} changes nothing for {objective!r} by itself: {why}; {cure}"
    for key in ("cost_weight", "latency_weight"):
        if choose.objective != "utility" and _has(choose, key):
            yield (*path, key), f"{key!r} is for the objective 'utility'; remove it, or choose that one"
    if choose.objective == "utility" and not choose.cost_weight and not choose.latency_weight:
        yield (*path, "objective"), "'utility' weighs quality against nothing; give 'cost_weight' or 'latency_weight', or write 'best'"


def _has(choose: Choose, key: str) -> bool:
    return getattr(choose, key) is not None


def _classifier(policy: Policy) -> Iterator[Problem]:
    entry, path = policy.classifier, ("classifier",)
    if entry.kind == "model" and entry.model is None:
        yield (*path, "kind"), "'model' needs the name of the model that is asked, such as model: small"
    if entry.model is not None and entry.kind != "model":
        yield (*path, "model"), f"'model' is for the kind 'model', and this one is {entry.kind!r}; remove it, or write kind: model"
    elif entry.model is not None and entry.model not in policy.models:
        text = f"no model named {entry.model!r}; {suggestion(entry.model, policy.models)}"
        yield (*path, "model"), f"{text}; add it under 'models' or correct the name"
    has_examples = any(task.examples for task in policy.tasks.values())
    if entry.cache is not None and entry.kind not in ("examples", "builtin"):
        text = f"'cache' keeps what was learned from examples, and the kind {entry.kind!r} learns from none"
        yield (*path, "cache"), f"{text}; remove it, or write kind: examples or kind: builtin"
    elif entry.cache is not None and entry.kind == "builtin" and not has_examples:
        text = "'cache' keeps what was learned from examples, and no task has any"
        yield (*path, "cache"), f"{text}; remove it, or give your tasks 'examples' under 'tasks'"
    if entry.kind == "examples" and not has_examples:
        yield (*path, "kind"), "'examples' has nothing to learn from; give your tasks 'examples' under 'tasks', or write kind: builtin"
