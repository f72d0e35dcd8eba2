"""Parts of requests, and the keys that they have."""

from __future__ import annotations

from typing import Any

from taskroute.cache.key import cache_key
from taskroute.stored import Asked, Terms

TERMS = Terms("default", {"tenant": "a"})


def call(call_id: str | None = "c1", arguments: Any = '{"what": "x"}', **more: Any) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": "look_up", "arguments": arguments}, **more}


def said(*calls: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": [*calls], **more}


def result(call_id: str = "c1", content: Any = "Rain.", **more: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content, **more}


def user(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **more}


def of(*messages: Any) -> str:
    """Return the key of a conversation."""
    return cache_key(Asked([*messages]), TERMS)
