"""Is an answer what was asked for? Refused, cut off at its limit, not fitting its schema, or poor by the user's own check.

Pure but for the user's check. What it says of an answer quotes nothing of it.
"""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple, SupportsFloat, cast

from taskroute.execution.aside import told
from taskroute.execution.failures import classify
from taskroute.execution.finish import CUT_OFF, MALFORMED, REFUSED
from taskroute.execution.json_schema import misfit
from taskroute.types import Checked, Cost, Reply
from taskroute.warn import warn_once

Check = Callable[[Any], Any]
"""The user's own: the answer to a score from 0 to 1, or to whether it is good, or to `Checked`, which also tells what finding out cost; an
async one is awaited where the call is async."""


class Expected(NamedTuple):
    """What an answer must be like, as its host knows it."""

    answer: Any = None
    """What the user's check is given."""
    schema: Mapping[str, Any] | None = None
    """The JSON schema that the answer must fit; an empty one asks for JSON of any kind."""
    value: Any = None
    """The answer as the host has parsed it; None leaves its text to be parsed."""
    tools: Mapping[str, Mapping[str, Any] | None] | None = None
    """The tools that may be called, with the JSON schema of their arguments; None where none is known."""
    others: bool = False
    """Whether there are more tools than these, whose names are not known."""


class Finding(NamedTuple):
    """What is wrong with an answer."""

    failure: str | None = None
    detail: str = ""
    score: float | None = None
    aside: tuple[Cost | None, ...] = ()
    """What the check's own calls to models cost, where it told that; None for a cost that is not known."""


FINE: Final = Finding()


def examine(reply: Reply, expected: Expected, kinds: Collection[str]) -> Finding:
    """Return the first thing that is wrong with an answer, of those kinds that are looked for; the user's check is not among them."""
    if "refusal" in kinds and (reply.refused or reply.finish_reason in REFUSED):
        return Finding("refusal", f"the model refused (finish reason {reply.finish_reason!r})")
    if "truncated" in kinds and reply.finish_reason in CUT_OFF:
        return Finding("truncated", f"the answer stopped at its limit of tokens ({reply.finish_reason})")
    if "invalid_output" in kinds and reply.finish_reason in MALFORMED:
        return Finding("invalid_output", f"the model made a call that its provider could not read ({reply.finish_reason})")
    if "refusal" in kinds and reply.empty:
        return Finding("refusal", "the answer is empty")
    detail = _invalid(reply, expected) if "invalid_output" in kinds else ""
    return Finding("invalid_output", detail) if detail else FINE


def _invalid(reply: Reply, expected: Expected) -> str:
    if reply.misfit is not None:
        return reply.misfit
    for name, arguments in zip(reply.tool_calls, reply.arguments, strict=False):
        detail = _bad_call(name, arguments, expected)
        if detail:
            return detail
    # A call of a tool is no answer yet.
    if expected.schema is None or (reply.tool_calls and expected.value is None):
        return ""
    return _unfit(expected.schema, expected.value, reply.text)


def _bad_call(name: str, arguments: Any, expected: Expected) -> str:
    tools = expected.tools or {}
    if expected.tools is not None and name not in tools and not expected.others:
        return f"it calls a tool that was not offered; offered: {', '.join(sorted(tools)) or 'none'}"
    # The model may have made the name up, where it is not known what was offered.
    tool = f"tool {name!r}" if name in tools else "a tool"
    if not isinstance(arguments, Mapping):
        return f"the arguments of {tool} are not a JSON object"
    schema = tools.get(name)
    detail = "" if not schema else misfit(schema, dict(cast("Mapping[str, Any]", arguments)))
    return f"the arguments of {tool} do not fit: {detail}" if detail else ""


def _unfit(schema: Mapping[str, Any], value: Any, text: str) -> str:
    if value is None:
        try:
            value = json.loads(text)
        except ValueError:
            return "the answer is not JSON"
        except RecursionError:
            return "the answer is JSON that is nested too deeply to read"
    detail = misfit(schema, value)
    return f"the answer does not fit its JSON schema: {detail}" if detail else ""


def judged(score: Any, min_score: float) -> Finding:
    """Return what a check's score comes to, and what it cost. What is no score is said once, and the answer stands."""
    if isinstance(score, Checked):
        return judged(score.score, min_score)._replace(aside=(told(score.cost, "check"),))
    try:
        # Numbers of other libraries too, but no text.
        number = float(score) if isinstance(score, SupportsFloat) else math.nan
    except Exception:  # noqa: BLE001 - whatever it is, it is no score
        number = math.nan
    if not 0 <= number <= 1:
        warn_once("check", type(score).__name__, f"the check gave a {type(score).__name__} that is no score from 0 to 1; the answer stood")
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
    if classify(error).kind == "control":
        # A graph that is interrupted in a check is to be interrupted.
        raise error
    # Without its message, which may quote the answer.
    warn_once("check", type(error).__name__, f"the check failed with {type(error).__name__}; the answer stood")
    return FINE


def _discard(awaitable: Any) -> None:
    close = getattr(awaitable, "close", None)
    if close is not None:
        close()
