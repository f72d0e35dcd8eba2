"""Conditions, compiled once: a `when` becomes one function of what is known about a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol

from taskroute.policy.regex import compile_linear
from taskroute.policy.when import MetadataTest, PromptTest, Range, When
from taskroute.taxonomy import TASK_GROUPS
from taskroute.types import Call


class Reader(Protocol):
    """Reads signals of one call, computing each when it is first asked for."""

    call: Call

    def stage(self) -> str | None: ...
    def task(self) -> str | None: ...
    def complexity(self) -> str | None: ...
    def urgency(self) -> str | None: ...
    def language(self) -> str | None: ...
    def sensitive(self) -> bool: ...
    def sensitive_kinds(self) -> tuple[str, ...]: ...
    def modality(self) -> tuple[str, ...]: ...
    def tokens(self) -> int: ...
    def needs(self) -> tuple[str, ...]: ...
    def folded_question(self) -> str: ...


Test = Callable[[Reader], bool]

# What it costs to know: the cheapest is asked first, so that a route on stage and task runs no classifier where the stage differs.
_RANK: Final = (
    "stage",
    "tags",
    "metadata",
    "urgency",
    "modality",
    "needs",
    "tokens",
    "prompt",
    "language",
    "sensitive",
    "task",
    "complexity",
)


class Condition(NamedTuple):
    """A compiled `when`: the test, and the names of what it looks at, cheapest first."""

    test: Test
    asks: tuple[str, ...]


def compile_when(when: When) -> Condition:
    """Return the compiled condition. An empty `when` holds for every call."""
    parts = sorted(_parts(when), key=lambda part: _RANK.index(part.asks[-1]) if part.asks else 0)
    asks = dict.fromkeys(name for part in parts for name in part.asks)
    return Condition(_all_of([part.test for part in parts]), tuple(sorted(asks, key=_RANK.index)))


def _parts(when: When) -> list[Condition]:
    parts = [Condition(make(getattr(when, key)), (key,)) for key, make in _MAKERS.items() if getattr(when, key) is not None]
    if when.any is not None:
        inner = [compile_when(each) for each in when.any]
        parts.append(_joined(_any_of([c.test for c in inner]), inner))
    if when.all is not None:
        inner = [compile_when(each) for each in when.all]
        parts.append(_joined(_all_of([c.test for c in inner]), inner))
    if when.not_ is not None:
        negated = compile_when(when.not_)
        parts.append(_joined(lambda reader: not negated.test(reader), [negated]))
    return parts


def _joined(test: Test, inner: list[Condition]) -> Condition:
    asks = {name for condition in inner for name in condition.asks}
    return Condition(test, tuple(sorted(asks, key=_RANK.index)))


def _all_of(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def holds(reader: Reader) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would cost more than the tests do
            if not test(reader):
                return False
        return True

    return holds


def _any_of(tests: list[Test]) -> Test:
    def holds(reader: Reader) -> bool:
        for test in tests:  # noqa: SIM110 - as above
            if test(reader):
                return True
        return False

    return holds


def _stage(names: tuple[str, ...]) -> Test:
    exact = frozenset(names)
    prefixes = tuple(name[:-1] for name in names if name.endswith(":*"))

    def holds(reader: Reader) -> bool:
        stage = reader.stage()
        return stage is not None and (stage in exact or (bool(prefixes) and stage.startswith(prefixes)))

    return holds


def _task(names: tuple[str, ...]) -> Test:
    tasks = {task for name in names for task in TASK_GROUPS.get(name, (name,))}
    # A classifier that is sure of the group alone names the group.
    wanted = tasks | {group for group, members in TASK_GROUPS.items() if tasks.issuperset(members)}
    return lambda reader: reader.task() in wanted


def _sensitive(wanted: bool | tuple[str, ...]) -> Test:
    if isinstance(wanted, bool):
        return lambda reader: reader.sensitive() is wanted
    kinds = frozenset(wanted)
    return lambda reader: not kinds.isdisjoint(reader.sensitive_kinds())


def _one_of(read: Callable[[Reader], str | None]) -> Callable[[tuple[str, ...]], Test]:
    def make(names: tuple[str, ...]) -> Test:
        wanted = frozenset(names)
        return lambda reader: read(reader) in wanted

    return make


def _some_of(read: Callable[[Reader], tuple[str, ...]]) -> Callable[[tuple[str, ...]], Test]:
    def make(names: tuple[str, ...]) -> Test:
        wanted = frozenset(names)
        return lambda reader: not wanted.isdisjoint(read(reader))

    return make


def _tokens(limits: Range) -> Test:
    return lambda reader: in_range(reader.tokens(), over=limits.over, under=limits.under)


def _prompt(wanted: PromptTest) -> Test:
    texts = tuple(text.casefold() for text in wanted.contains or ())
    expressions = [compile_linear(pattern) for pattern in wanted.regex or ()]

    def holds(reader: Reader) -> bool:
        if texts and not any(text in reader.folded_question() for text in texts):
            return False
        return not expressions or any(found(reader.call.question()) for found in expressions)

    return holds


def _metadata(tests: Mapping[str, MetadataTest]) -> Test:
    compiled = [(key, value_test(test)) for key, test in tests.items()]

    def holds(reader: Reader) -> bool:
        metadata = reader.call.metadata
        return all(test(metadata.get(key, MISSING)) for key, test in compiled)

    return holds


MISSING: Final = object()
"""Stands for a metadata key that the call does not carry; null is a value of its own."""


def value_test(test: MetadataTest) -> Callable[[object], bool]:
    """Return a test for one metadata value, or for `MISSING`. It never raises, whatever the value is."""
    given = test.model_fields_set
    checks: list[Callable[[object], bool]] = []
    if "exists" in given and test.exists is not None:
        exists = test.exists
        checks.append(lambda value: (value is not MISSING) is exists)
    if "equals" in given:
        checks.append(lambda value: same(value, test.equals))
    if test.in_ is not None:
        members = test.in_
        checks.append(lambda value: any(same(value, member) for member in members))
    if "not_" in given:
        barred = test.not_ if isinstance(test.not_, tuple) else (test.not_,)
        checks.append(lambda value: not any(same(value, member) for member in barred))
    if test.regex is not None:
        found = compile_linear(test.regex)
        checks.append(lambda value: isinstance(value, str) and found(value))
    if test.over is not None or test.under is not None:
        checks.append(lambda value: in_range(value, over=test.over, under=test.under))
    return lambda value: all(check(value) for check in checks)


def same(value: object, expected: object) -> bool:
    """Return whether the two are equal; true is not 1, and a value that cannot be compared is not equal."""
    if isinstance(value, bool) is not isinstance(expected, bool):
        return False
    try:
        return bool(value == expected)
    except Exception:  # noqa: BLE001 - a host may put anything into metadata, and a decision must not fail for it
        return False


def in_range(value: object, *, over: float | None, under: float | None) -> bool:
    """Return whether a number lies strictly between the limits; anything else does not."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return False
    try:
        return (over is None or value > over) and (under is None or value < under)
    except ArithmeticError:
        return False


_MAKERS: Final[Mapping[str, Callable[[Any], Test]]] = {
    "stage": _stage,
    "tags": _some_of(lambda reader: reader.call.tags),
    "metadata": _metadata,
    "urgency": _one_of(lambda reader: reader.urgency()),
    "modality": _some_of(lambda reader: reader.modality()),
    "needs": _some_of(lambda reader: reader.needs()),
    "tokens": _tokens,
    "prompt": _prompt,
    "language": _one_of(lambda reader: reader.language()),
    "sensitive": _sensitive,
    "task": _task,
    "complexity": _one_of(lambda reader: reader.complexity()),
}
