"""What the emulator knows of one provider's interface, and the framing that they share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tests.emulator.script import Answer, Asked, Fault


class Failed(NamedTuple):
    """An error as it goes over the wire."""

    status: int
    body: Any
    """JSON, or the text of a page."""
    headers: Mapping[str, str] = {}


class Wire(NamedTuple):
    """One interface of one provider."""

    name: str
    asked: Callable[[str, Mapping[str, Any], str], Asked]
    """From path, body and key."""
    plain: Callable[[Answer], Any]
    events: Callable[[Answer], Sequence[bytes]]
    failed: Callable[[Asked, Fault], Failed]
    stream_error: Callable[[Asked], bytes]
    """What is sent when a stream fails after it has begun."""
    headers: Callable[[str], Mapping[str, str]]
    """What goes with every answer, by key."""


def sse(data: Any, event: str | None = None) -> bytes:
    """Return one server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return (f"event: {event}\n" if event else "").encode() + f"data: {text}\n\n".encode()


def latest_text(content: Any) -> str:
    """Return the text of a message's content, a string or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict) and "text" in part)
    return ""


def chosen(tools: Mapping[str, Mapping[str, Any]], choice: Any) -> Mapping[str, Mapping[str, Any]]:
    """Return the tools that may be called: none, the one that was named, or all."""
    if choice == "none" or (isinstance(choice, dict) and choice.get("type") == "none"):
        return {}
    if isinstance(choice, dict):
        name = str((choice.get("function") or choice).get("name"))
        return {name: tools[name]} if name in tools else tools
    return tools
