"""OpenAI's responses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.emulator.answering import CREATED, halves, identifier, pieces, tokens
from tests.emulator.openai_common import error, failed, headers
from tests.emulator.script import Answer, Asked, Fault
from tests.emulator.wire import Failed, Wire, chosen, latest_text, sse


def _asked(path: str, body: Mapping[str, Any], key: str) -> Asked:
    given = body.get("input", "")
    wanted = (body.get("text") or {}).get("format") or {}
    last: Mapping[str, Any] = {"role": "user", "content": given} if isinstance(given, str) else given[-1]
    return Asked(
        model=body.get("model", ""),
        prompt=latest_text(last.get("content")) if last.get("role") == "user" else "",
        tools=chosen(
            {tool["name"]: tool.get("parameters") or {} for tool in body.get("tools") or [] if tool.get("type") == "function"},
            body.get("tool_choice"),
        ),
        schema=wanted.get("schema") if wanted.get("type") == "json_schema" else None,
        stream=bool(body.get("stream")),
        include_usage=True,
        tokens=tokens(given),
        key=key,
    )


def _items(answer: Answer) -> list[dict[str, Any]]:
    """Return the items of the output."""
    key, say = answer.asked.key, answer.say
    items: list[dict[str, Any]] = []
    if say.reasoned or say.reasoning:
        summary = [{"type": "summary_text", "text": say.reasoning}] if say.reasoning else []
        items.append({"id": f"rs_{identifier(key, 'reasoning', 48)}", "type": "reasoning", "summary": summary})
    if say.refusal is not None:
        items.append(_message(key, {"type": "refusal", "refusal": say.refusal}))
    elif answer.text:
        items.append(_message(key, {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}))
    items.extend(
        {
            "id": f"fc_{identifier(key, f'item {number}', 48)}",
            "type": "function_call",
            "status": "completed",
            "arguments": json.dumps(call.arguments),
            "call_id": f"call_{identifier(key, f'call {number}')}",
            "name": call.name,
        }
        for number, call in enumerate(answer.tools)
    )
    return items


def _message(key: str, part: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": f"msg_{identifier(key, 'message', 48)}", "type": "message", "status": "completed", "role": "assistant", "content": [part]}


def _response(answer: Answer, status: str, output: Sequence[Any], *, done: bool) -> dict[str, Any]:
    short = answer.finish in ("length", "content_filter")
    why = "max_output_tokens" if answer.finish == "length" else answer.finish
    return {
        "id": f"resp_{identifier(answer.asked.key, 'response', 48)}",
        "object": "response",
        "created_at": CREATED,
        "status": "incomplete" if done and short else status,
        "background": False,
        "error": None,
        "incomplete_details": {"reason": why} if done and short else None,
        "instructions": None,
        "max_output_tokens": None,
        "max_tool_calls": None,
        "metadata": {},
        "model": answer.asked.model,
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": "medium", "summary": None},
        "service_tier": (answer.say.tier or "default") if done else "auto",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "user": None,
        **({} if done and not answer.say.usage else {"usage": _usage(answer) if done else None}),
        **answer.say.extra,
    }


def _usage(answer: Answer) -> dict[str, Any]:
    return {
        "input_tokens": answer.input,
        "input_tokens_details": {"cached_tokens": answer.say.cached},
        "output_tokens": answer.output,
        "output_tokens_details": {"reasoning_tokens": answer.say.reasoned},
        "total_tokens": answer.input + answer.output,
        **({} if answer.say.cost is None else {"cost": answer.say.cost}),
    }


def _plain(answer: Answer) -> dict[str, Any]:
    return _response(answer, "completed", _items(answer), done=True)


def _events(answer: Answer) -> Sequence[bytes]:
    started = _response(answer, "in_progress", [], done=False)
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
    ]
    for index, item in enumerate(_items(answer)):
        events.append({"type": "response.output_item.added", "output_index": index, "item": _opened(item)})
        events.extend({"item_id": item["id"], "output_index": index, **event} for event in _inside(item))
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    whole = _plain(answer)
    events.append({"type": f"response.{whole['status']}", "response": whole})
    return [sse({**event, "sequence_number": number}, event["type"]) for number, event in enumerate(events)]


def _opened(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item as it begins: empty."""
    empty = {"content": [], "summary": [], "arguments": ""}
    begun = {key: empty.get(key, value) for key, value in item.items()}
    return {**begun, "status": "in_progress"} if "status" in item else begun


def _inside(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    if item["type"] == "function_call":
        name = "response.function_call_arguments"
        parts = [{"type": f"{name}.delta", "delta": part} for part in halves(item["arguments"])]
        return [*parts, {"type": f"{name}.done", "arguments": item["arguments"]}]
    if item["type"] == "reasoning":
        return [event for index, part in enumerate(item["summary"]) for event in _part("reasoning_summary", index, part, "text")]
    part = item["content"][0]
    if part["type"] == "refusal":
        return _part("content", 0, part, "refusal")
    return _part("content", 0, part, "text")


def _part(kind: str, index: int, part: Mapping[str, Any], field: str) -> list[dict[str, Any]]:
    place = {"summary_index" if kind == "reasoning_summary" else "content_index": index}
    name = {"reasoning_summary": "response.reasoning_summary_text", "content": "response.output_text"}[kind]
    name = "response.refusal" if field == "refusal" else name
    more: dict[str, Any] = {"logprobs": []} if name == "response.output_text" else {}
    added = [{"type": f"response.{kind}_part.added", **place, "part": {**part, field: ""}}]
    deltas = [{"type": f"{name}.delta", **place, "delta": piece, **more} for piece in pieces(part[field])]
    done = {"type": f"{name}.done", **place, field: part[field], **more}
    return [*added, *deltas, done, {"type": f"response.{kind}_part.done", **place, "part": part}]


def _failed(asked: Asked, fault: Fault) -> Failed:
    if fault.kind == "not_found":
        message = f"The requested model '{asked.model}' does not exist."
        return Failed(400, error(message, "invalid_request_error", code="model_not_found", param="model"))
    if fault.kind == "context_overflow":
        message = "Your input exceeds the context window of this model. Please adjust your input and try again."
        return Failed(400, error(message, "invalid_request_error", code="context_length_exceeded", param="input"))
    return failed(asked, fault)


def _stream_error(asked: Asked) -> bytes:
    message = "The server had an error while processing your request. Sorry about that!"
    return sse({"type": "error", "code": "server_error", "message": message, "param": None, "sequence_number": 9}, "error")


WIRE: Final = Wire(
    name="openai-responses", asked=_asked, plain=_plain, events=_events, failed=_failed, stream_error=_stream_error, headers=headers
)
