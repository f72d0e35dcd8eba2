"""Answers in the providers' formats that no recording has: unheard-of words, counts that are missing, streams that are cut."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.wire.reference import Case

COUNTS: Final[Mapping[str, Any]] = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
GOOGLE_COUNTS: Final[Mapping[str, Any]] = {"promptTokenCount": 5, "candidatesTokenCount": 2, "totalTokenCount": 7}


def whole(wire: str, body: Mapping[str, Any]) -> Case:
    """Return an answer that comes at once."""
    return Case("made up", "", "", wire, "", False, False, 200, {"content-type": "application/json"}, json.dumps(body))


def stream(wire: str, *events: Mapping[str, Any] | str) -> Case:
    """Return an answer that comes in events."""
    lines = (event if isinstance(event, str) else json.dumps(event) for event in events)
    named = "".join(
        f"event: {json.loads(line)['type']}\ndata: {line}\n\n" if wire == "anthropic" else f"data: {line}\n\n" for line in lines
    )
    return Case("made up", "", "", wire, "", True, False, 200, {"content-type": "text/event-stream"}, named)


def chat(finish: str | None = "stop", usage: Mapping[str, Any] | None = COUNTS, **more: Any) -> Case:
    """Return a chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "hey"}, "finish_reason": finish}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-x", "choices": [choice], **more}
    return whole("openai-chat", body if usage is None else {**body, "usage": usage})


def chat_stream(*usages: Mapping[str, Any], finish: str | None = "stop", wire: str = "openai-chat") -> Case:
    """Return a chat completion in chunks, with a chunk for each usage."""
    about = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-x"}
    said: list[Any] = [{"index": 0, "delta": {"role": "assistant", "content": "hey"}, "finish_reason": None}]
    ended: list[Any] = [{"index": 0, "delta": {}, "finish_reason": finish}]
    chunks = [{**about, "choices": said}, *([{**about, "choices": ended}] if finish else [])]
    return stream(wire, *chunks, *({**about, "choices": [], "usage": usage} for usage in usages), "[DONE]")


def _message(stop: str | None, usage: Mapping[str, Any], content: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    about = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x"}
    return {**about, "content": [*content], "stop_reason": stop, "stop_sequence": None, "usage": usage}


def message(usage: Mapping[str, Any], *, stop: str = "end_turn", before: Sequence[Mapping[str, Any]] = ()) -> Case:
    """Return a message of Anthropic's."""
    return whole("anthropic", _message(stop, usage, [*before, {"type": "text", "text": "hey"}]))


def message_stream(
    at_start: Mapping[str, Any], at_end: Mapping[str, Any] | None, *, stop: str = "end_turn", before: Sequence[Mapping[str, Any]] = ()
) -> Case:
    """Return a message of Anthropic's in events; without counts at its end, it is cut off."""
    events: list[dict[str, Any]] = [{"type": "message_start", "message": _message(None, at_start, [])}]
    for index, block in enumerate([*before, {"type": "text", "text": ""}]):
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        if block["type"] == "text":
            events.append({"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": "hey"}})
        if block["type"] == "compaction":
            events.append({"type": "content_block_delta", "index": index, "delta": {"type": "compaction_delta", "content": "so far"}})
        events.append({"type": "content_block_stop", "index": index})
    if at_end is not None:
        events.append({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": at_end})
        events.append({"type": "message_stop"})
    return stream("anthropic", *events)


def content(finish: str | None = "STOP", usage: Mapping[str, Any] = GOOGLE_COUNTS) -> dict[str, Any]:
    """Return the body of an answer of Gemini's, which is a chunk of a stream as well."""
    candidate: dict[str, Any] = {"content": {"parts": [{"text": "hey"}], "role": "model"}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-x", "responseId": "r1"}
