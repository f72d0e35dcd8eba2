"""Is an answer what was asked for? Refused, cut off at its limit, not fitting its schema, or poor by the user's own check.

Pure but for the user's check. What it says of an answer quotes nothing of it.
"""

from __future__ import annotations

import importlib
import inspect
import json
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, SupportsFloat, cast

from taskroute.execution.finish import CUT_OFF, REFUSED
from taskroute.types import Reply
from taskroute.warn import warn_once

CHECKED: Final = ("refusal", "truncated", "invalid_output", "low_confidence")
"""The classes that an answer is examined for, in the order in which they are looked at: a refusal fits no schema either."""

Check = Callable[[Any], Any]
"""The user's own: the answer to a score from 0 to 1, or to whether it is good; an async one is awaited where the call is async."""


class Expected(NamedTuple):
    """What an answer must be like, as its host knows it."""

    answer: Any = None
    """What the user's check is given."""
    schema: Mapping[str, Any] | None = None
    """The JSON schema that the answer must fit; an empty one asks for JSON of any kind."""
    value: Any = None
    """The answer as the host has parsed it; None leaves its text to be parsed."""
    tools: Mapping[str, Mapping[str, Any] | None] | None = None
    """Every tool that may be called, with the JSON schema of its arguments; None where they are not all known."""


class Finding(NamedTuple):
    """What is wrong with an answer."""

    failure: str | None = None
    detail: str = ""
    score: float | None = None


FINE: Final = Finding()


def examine(reply: Reply, expected: Expected, kinds: Collection[str]) -> Finding:
    """Return the first thing that is wrong with an answer, of those kinds that are looked for; the user's check is not among them."""
    for kind, look in _LOOKS.items():
        if kind in kinds:
            detail = look(reply, expected)
            if detail:
                return Finding(kind, detail)
    return FINE


def _refusal(reply: Reply, expected: Expected) -> str:
    if reply.refused or reply.finish_reason in REFUSED:
        return f"the model refused (finish reason {reply.finish_reason!r})"
    if reply.empty:
        return "the answer is empty"
    return ""


def _truncated(reply: Reply, expected: Expected) -> str:
    return f"the answer stopped at its limit of tokens ({reply.finish_reason})" if reply.finish_reason in CUT_OFF else ""


def _invalid(reply: Reply, expected: Expected) -> str:
    if reply.misfit is not None:
        return reply.misfit
    for name, arguments in zip(reply.tool_calls, reply.arguments, strict=False):
        detail = _bad_call(name, arguments, expected.tools)
        if detail:
            return detail
    # A call of a tool is no answer yet.
    if expected.schema is None or (reply.tool_calls and expected.value is None):
        return ""
    return _unfit(expected.schema, expected.value, reply.text)


def _bad_call(name: str, arguments: Any, tools: Mapping[str, Mapping[str, Any] | None] | None) -> str:
    if tools is not None and name not in tools:
        return f"it calls a tool that was not offered; offered: {', '.join(sorted(tools)) or 'none'}"
    # The model may have made the name up, where it is not known what was offered.
    tool = "a tool" if tools is None else f"tool {name!r}"
    if not isinstance(arguments, Mapping):
        return f"the arguments of {tool} are not a JSON object"
    schema = None if tools is None else tools[name]
    detail = "" if not schema else _misfit(schema, dict(cast("Mapping[str, Any]", arguments)))
    return f"the arguments of {tool} do not fit: {detail}" if detail else ""


def _unfit(schema: Mapping[str, Any], value: Any, text: str) -> str:
    if value is None:
        try:
            value = json.loads(text)
        except ValueError:
            return "the answer is not JSON"
        except RecursionError:
            return "the answer is JSON that is nested too deeply to read"
    detail = _misfit(schema, value)
    return f"the answer does not fit its JSON schema: {detail}" if detail else ""


def _misfit(schema: Mapping[str, Any], value: Any) -> str:
    """Return the place where a value does not fit its schema, and which rule it breaks; '' when it fits, or when nobody can tell."""
    if not schema:
        return ""
    try:
        jsonschema: Any = importlib.import_module("jsonschema")  # 60 ms, and only policies that look for invalid output need it
    except ImportError:
        warn_once("validate", "jsonschema", "answers are not checked against their JSON schema: pip install 'taskroute[validate]'")
        return ""
    try:
        kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        # With a registry of its own, it fetches nothing that a schema refers to: a tool's schema may be anybody's.
        validator = kind(schema, registry=jsonschema.validators.SPECIFICATIONS)
        error = jsonschema.exceptions.best_match(validator.iter_errors(value))
    except Exception as wrong:  # noqa: BLE001 - a schema that cannot be read says nothing of the answer
        warn_once("validate", "schema", f"a JSON schema could not be used to check an answer ({type(wrong).__name__}); the answer stood")
        return ""
    return "" if error is None else f"{_place(error.absolute_path, set(_names(schema)))} breaks {error.validator!r}"


def _place(path: Iterable[str | int], names: Collection[str]) -> str:
    """Return where in a value: by the names in its schema, since any other is the model's own."""
    return "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" if key in names else ".*" for key in path)


def _names(schema: Any) -> Iterator[str]:
    """Yield every name of a property in a schema."""
    left, seen = [schema], set[int]()
    while left:
        part = left.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Mapping):
            known: Mapping[str, Any] = cast("Mapping[str, Any]", part)
            properties = known.get("properties")
            if isinstance(properties, Mapping):
                yield from cast("Mapping[str, Any]", properties)
            left += known.values()
        elif isinstance(part, list | tuple):
            left += cast("list[Any]", part)


_LOOKS: Final[Mapping[str, Callable[[Reply, Expected], str]]] = {"refusal": _refusal, "truncated": _truncated, "invalid_output": _invalid}


def judged(score: Any, min_score: float) -> Finding:
    """Return what a check's score comes to. What is no score is said once, and the answer stands."""
    try:
        # Numbers of other libraries too, but no text.
        number = float(score) if isinstance(score, SupportsFloat) else math.nan
    except Exception:  # noqa: BLE001 - whatever it is, it is no score
        number = math.nan
    if math.isnan(number):
        warn_once("check", type(score).__name__, f"the check gave a {type(score).__name__}, not a score from 0 to 1; the answer stood")
        return FINE
    if number >= min_score:
        return Finding(score=number)
    return Finding("low_confidence", f"the check scored the answer {number:g}, below {min_score:g}", number)


def score(check: Check, answer: Any, min_score: float) -> Finding:
    """Return what the user's check makes of an answer. A check that fails is said once, and the answer stands."""
    try:
        given = check(answer)
    except Exception as error:  # noqa: BLE001 - whatever a check raises, the answer was given
        return _broken(error)
    if inspect.isawaitable(given):
        _discard(given)
        warn_once("check", "async", "the check is async and the call is not, so that the answer stood unchecked; give a plain function")
        return FINE
    return judged(given, min_score)


async def ascore(check: Check, answer: Any, min_score: float) -> Finding:
    """The same where the check may be awaited."""
    try:
        given = check(answer)
        if inspect.isawaitable(given):
            given = await given
    except Exception as error:  # noqa: BLE001 - as above
        return _broken(error)
    return judged(given, min_score)


def _broken(error: Exception) -> Finding:
    # Without its message, which may quote the answer.
    warn_once("check", type(error).__name__, f"the check failed with {type(error).__name__}; the answer stood")
    return FINE


def _discard(awaitable: Any) -> None:
    close = getattr(awaitable, "close", None)
    if close is not None:
        close()
