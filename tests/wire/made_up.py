"""Answers in the providers' formats that no recording has: unheard-of words, counts that are missing, streams that are cut."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from taskroute.types import NOTHING
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


def chat_stream(*usages: Mapping[str, Any], finish: str | None = "stop", wire: str = "openai-chat", **more: Any) -> Case:
    """Return a chat completion in chunks, with a chunk for each usage."""
    about = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-x", **more}
    said: list[Any] = [{"index": 0, "delta": {"role": "assistant", "content": "hey"}, "finish_reason": None}]
    ended: list[Any] = [{"index": 0, "delta": {}, "finish_reason": finish}]
    chunks = [{**about, "choices": said}, *([{**about, "choices": ended}] if finish else [])]
    return stream(wire, *chunks, *({**about, "choices": [], "usage": usage} for usage in usages), "[DONE]")


def response(*before: Mapping[str, Any], charged: Mapping[str, Any] = NOTHING, **also: Any) -> Mapping[str, Any]:
    """Return the body of a response of OpenAI's, with output items before its text."""
    text = {"type": "output_text", "text": "hey", "annotations": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [text]}
    usage = {
        "input_tokens": 5,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 2,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 7,
        **charged,
    }
    about = {"id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-x", "status": "completed", "error": None}
    more = {
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
    return {**about, **more, "output": [*before, item], "usage": usage, **also}


def response_stream(*before: Mapping[str, Any], **more: Any) -> Case:
    """Return a response of OpenAI's in events, with output items before its text."""
    whole = response(*before, **more)
    items: Sequence[Mapping[str, Any]] = whole["output"]
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**whole, "status": "in_progress", "output": [], "usage": None}}
    ]
    for index, item in enumerate(items):
        started = {**item, "content": []} if item["type"] == "message" else item
        events.append({"type": "response.output_item.added", "output_index": index, "item": started})
        if item["type"] == "message":
            at = {"output_index": index, "item_id": item["id"], "content_index": 0}
            events.append({"type": "response.output_text.delta", **at, "delta": "hey", "logprobs": []})
            events.append({"type": "response.output_text.done", **at, "text": "hey", "logprobs": []})
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    events.append({"type": "response.completed", "response": whole})
    return stream("openai-responses", *({**event, "sequence_number": number} for number, event in enumerate(events)))


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
