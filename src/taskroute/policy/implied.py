"""Does one condition hold whenever another does? Answers yes only when that is certain."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

from taskroute.policy.when import MetadataTest, Range, When
from taskroute.taxonomy import TASK_GROUPS

MAX_PARTS: Final = 16
"""Conditions with more parts than this are not compared: proofs over deep nesting take time that grows with the product of the paths."""


class _Part(NamedTuple):
    """One of the tests that a condition is made of; all of them must hold."""

    kind: str
    """A key of `when`, or a metadata key with the kind of its test."""
    value: Any


def implies(narrow: When, wide: When) -> bool:
    """Return whether `wide` certainly holds for every call for which `narrow` does. False means not proven."""
    if max(len(narrow.nested()), len(wide.nested())) > MAX_PARTS:
        return False
    return _implies(narrow, wide)


def _implies(narrow: When, wide: When) -> bool:
    given = list(_parts(narrow))
    return all(_proven(wanted, given) for wanted in _parts(wide))


def _parts(when: When) -> Iterator[_Part]:
    for key in ("stage", "task", "complexity", "urgency", "language", "sensitive", "modality", "tokens", "needs", "tags"):
        value = getattr(when, key)
        if value is not None:
            yield _Part(key, value)
    if when.prompt is not None:
        if when.prompt.contains is not None:
            yield _Part("contains", when.prompt.contains)
        if when.prompt.regex is not None:
            yield _Part("regex", when.prompt.regex)
    for key, test in (when.metadata or {}).items():
        yield from (_Part(kind, (key, value)) for kind, value in _checks(test))
    if when.any is not None:
        yield _Part("any", when.any)
    for inner in when.all or ():
        yield from _parts(inner)
    if when.not_ is not None:
        yield _Part("not", when.not_)


def _checks(test: MetadataTest) -> Iterator[tuple[str, Any]]:
    """Yield what a metadata test asks, as it is compiled: a key that was given counts, also when its value is null."""
    given = test.model_fields_set
    if "exists" in given and test.exists is not None:
        yield ("present" if test.exists else "absent"), None
    if "equals" in given:
        yield "value_in", (test.equals,)
    if test.in_ is not None:
        yield "value_in", test.in_
    if "not_" in given:
        yield "value_not", (test.not_ if isinstance(test.not_, tuple) else (test.not_,))
    if test.regex is not None:
        yield "value_regex", test.regex
    if test.over is not None or test.under is not None:
        yield "value_range", Range.model_construct(over=test.over, under=test.under)


def _proven(wanted: _Part, given: list[_Part]) -> bool:
    """Return whether parts that all hold prove `wanted`."""
    if any(_follows(wanted, part) for part in given):
        return True
    if wanted.kind == "any" and any(all(_proven(goal, given) for goal in _parts(option)) for option in wanted.value):
        return True
    return any(part.kind == "any" and all(_proven(wanted, list(_parts(option))) for option in part.value) for part in given)


def _follows(wanted: _Part, part: _Part) -> bool:
    """Return whether `part` alone proves `wanted`, where neither is a choice."""
    if wanted.kind == "not":
        # What is proven the other way round holds for the opposites.
        return part.kind == "not" and _implies(wanted.value, part.value)
    if wanted.kind in _VALUE_PROOFS:
        return part.kind in _VALUE_PROOFS and wanted.value[0] == part.value[0] and _VALUE_PROOFS[wanted.kind](part, wanted.value[1])
    return wanted.kind in _PROOFS and part.kind == wanted.kind and _PROOFS[wanted.kind](part.value, wanted.value)


def _subset(narrow: Collection[str], wide: Collection[str]) -> bool:
    return set(narrow) <= set(wide)


def _stage(narrow: tuple[str, ...], wide: tuple[str, ...]) -> bool:
    prefixes = tuple(name[:-1] for name in wide if name.endswith(":*"))

    def covered(name: str) -> bool:
        start = name[:-1] if name.endswith(":*") else None
        # A name that ends in ':*' stands for every stage that begins so.
        return (start is None and name in wide) or (start if start is not None else name).startswith(prefixes)

    return all(map(covered, narrow))


def _task(narrow: tuple[str, ...], wide: tuple[str, ...]) -> bool:
    return _subset(_tasks(narrow), _tasks(wide))


def _tasks(names: tuple[str, ...]) -> set[str]:
    return {task for name in names for task in TASK_GROUPS.get(name, (name,))}


def _sensitive(narrow: bool | tuple[str, ...], wide: bool | tuple[str, ...]) -> bool:
    if isinstance(wide, bool):
        return narrow is wide or (wide and isinstance(narrow, tuple))
    return isinstance(narrow, tuple) and _subset(narrow, wide)


def _range(narrow: Range, wide: Range) -> bool:
    over = wide.over is None or (narrow.over is not None and narrow.over >= wide.over)
    under = wide.under is None or (narrow.under is not None and narrow.under <= wide.under)
    return over and under


def _contains(narrow: tuple[str, ...], wide: tuple[str, ...]) -> bool:
    return all(any(short.casefold() in text.casefold() for short in wide) for text in narrow)


_PROOFS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "stage": _stage,
    "task": _task,
    "complexity": _subset,
    "urgency": _subset,
    "language": _subset,
    "sensitive": _sensitive,
    "modality": _subset,
    "tokens": _range,
    "needs": _subset,
    "tags": _subset,
    "contains": _contains,
    "regex": _subset,
}


def _values_within(narrow: Collection[Any], wide: Collection[Any]) -> bool:
    """1, 1.0 and true are different here: a host's own types may be equal to one of them only."""
    return all(any(type(value) is type(other) and value == other for other in wide) for value in narrow)


def _present(part: _Part, _: Any) -> bool:
    return part.kind in ("present", "value_in", "value_regex", "value_range")


def _value_not(part: _Part, barred: tuple[Any, ...]) -> bool:
    # `in: [a]` does not prove `not: [b]`: a host may put a value there that is equal to both.
    return part.kind == "absent" or (part.kind == "value_not" and _values_within(barred, part.value[1]))


_VALUE_PROOFS: Final[Mapping[str, Callable[[_Part, Any], bool]]] = {
    "present": _present,
    "absent": lambda part, _: part.kind == "absent",
    "value_in": lambda part, members: part.kind == "value_in" and _values_within(part.value[1], members),
    "value_not": _value_not,
    "value_regex": lambda part, pattern: part.kind == "value_regex" and part.value[1] == pattern,
    "value_range": lambda part, limits: part.kind == "value_range" and _range(part.value[1], limits),
}
