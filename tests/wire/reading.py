"""What an adapter read of an answer, held against what the bytes say: right, unknown or wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from taskroute.types import Reply
from tests.wire.reference import differences
from tests.wire.targets import Result
from tests.wire.truth import Said, meaning


class Read(NamedTuple):
    """Where a reading is not what was sent."""

    wrong: Mapping[str, tuple[Any, Any]]
    """Name, and what was read and sent."""
    unknown: set[str]
    """What was sent and not read."""


def read_of(host: str, result: Result, truth: Said) -> Read:
    """Return what of a call's answer was not read as it was sent."""
    reply = result.reply or Reply(answer=None)
    found = [*differences(reply, truth, same_finish=_same_meaning if host == "litellm" else _same_word)]
    wrong = {each.name: (each.read, each.said) for each in found if each.read is not None}
    if reply.text != truth.text:
        wrong["text"] = reply.text, truth.text
    return Read(wrong, {each.name for each in found if each.read is None})


def _same_word(finish: str, truth: Said) -> bool:
    return finish == truth.finish


def _same_meaning(finish: str, truth: Said) -> bool:
    """LiteLLM has one set of words for all providers, and says `tool_calls` where some say that they came to an end."""
    given = meaning(finish)
    return truth.finish is not None and (given == meaning(truth.finish) or (given == "tool_calls" and truth.tool_calls != ()))
