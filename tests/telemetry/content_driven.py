"""A host whose words a test writes, and ways to read back what telemetry would write of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from taskroute.telemetry import attributes as names
from taskroute.telemetry.content import Written
from taskroute.telemetry.settings import Telling
from taskroute.types import NOTHING_SENT, Sent

ON = Telling(content="span_and_event")
Said = Sequence[Mapping[str, Any]]


def _given(words: Any) -> Any:
    return words() if callable(words) else words


class Host(NamedTuple):
    """What a host asks; a function in the place of a list is called, so that it may raise."""

    said: Any = ()
    system: Any = ()
    offered: Any = ()

    def sent(self, model: str) -> Sent:
        return NOTHING_SENT

    def messages(self) -> Said:
        return _given(self.said)

    def instructions(self) -> Said:
        return _given(self.system)

    def tools(self) -> Said:
        return _given(self.offered)


def text(content: Any) -> dict[str, Any]:
    return {"type": "text", "content": content}


def message(*contents: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "parts": [part if isinstance(part, dict) else text(part) for part in contents]}


def tool(name: str, description: str = "", **properties: Any) -> dict[str, Any]:
    return {"type": "function", "name": name, "description": description, "parameters": {"type": "object", "properties": properties}}


def read(written: Written, name: str) -> Any:
    """Return what stands under a name, having seen that spans and events say the same."""
    given = written.attributes.get(name)
    if given is None:
        assert name not in written.structured
        return None
    assert isinstance(given, str)
    assert json.loads(given) == written.structured[name]
    return json.loads(given)


def asked_messages(written: Written) -> Any:
    return read(written, names.INPUT_MESSAGES)


def size(written: Written) -> int:
    return sum(len(value.encode()) for value in written.attributes.values() if isinstance(value, str))


def raising(error: Exception) -> Callable[[], Said]:
    def said() -> Said:
        raise error

    return said
