"""Anthropic's messages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.emulator.answering import halves, identifier, pieces, tokens
from tests.emulator.script import Answer, Asked, Fault
from tests.emulator.wire import Failed, Wire, chosen, latest_text, sse

_STOP: Final[Mapping[str, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
}
_RESET: Final = "2026-11-01T00:00:01Z"
_SERVER_ERROR: Final = ("api_error", "Internal server error")


def _asked(path: str, body: Mapping[str, Any], key: str) -> Asked:
    messages: list[dict[str, Any]] = body.get("messages", [])
    last = messages[-1] if messages else {}
    parts = last.get("content") or []
    results = isinstance(parts, list) and any(part.get("type") == "tool_result" for part in parts)
    wanted = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
    return Asked(
        model=body.get("model", ""),
        prompt=latest_text(parts) if last.get("role") == "user" and not results else "",
        tools=chosen(
            {tool["name"]: tool["input_schema"] for tool in body.get("tools") or [] if "input_schema" in tool}, body.get("tool_choice")
        ),
        schema=wanted.get("schema") if wanted.get("type") == "json_schema" else None,
        stream=bool(body.get("stream")),
        include_usage=True,
        tokens=tokens([body.get("system", ""), messages]),
        key=key,
    )


def _stop(answer: Answer) -> str:
    return _STOP.get(answer.finish, answer.finish)


def _given(answer: Answer) -> dict[str, Any]:
    """Return the input side of the usage: what is cached is counted apart."""
    say = answer.say
    return {
        "input_tokens": answer.input - say.cached - say.cache_write,
        "cache_creation_input_tokens": say.cache_write,
        "cache_read_input_tokens": say.cached,
    }


def _usage(answer: Answer, output: int) -> dict[str, Any]:
    say = answer.say
    kept = {"ephemeral_5m_input_tokens": say.cache_write - say.cache_write_1h, "ephemeral_1h_input_tokens": say.cache_write_1h}
    about = {"service_tier": say.tier or "standard", "inference_geo": "not_available"}
    return {**_given(answer), "cache_creation": kept, "output_tokens": output, **about}


def _blocks(answer: Answer) -> list[dict[str, Any]]:
    key, say = answer.asked.key, answer.say
    blocks: list[dict[str, Any]] = []
    if say.reasoning:
        blocks.append({"type": "thinking", "thinking": say.reasoning, "signature": identifier(key, "signature", 64)})
    if answer.text or not (answer.tools or answer.blocked):
        blocks.append({"type": "text", "text": answer.text})
    blocks.extend(
        {"type": "tool_use", "id": f"toolu_{identifier(key, f'call {number}')}", "name": call.name, "input": call.arguments}
        for number, call in enumerate(answer.tools)
    )
    return blocks


def _message(answer: Answer, content: Sequence[Any], stop: str | None, output: int) -> dict[str, Any]:
    message = {
        "model": answer.asked.model,
        "id": f"msg_{identifier(answer.asked.key, 'message')}",
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "stop_details": None,
        **answer.say.extra,
    }
    return {**message, "usage": _usage(answer, output)} if answer.say.usage else message


def _plain(answer: Answer) -> dict[str, Any]:
    whole = _message(answer, _blocks(answer), _stop(answer), answer.output)
    if answer.say.reasoned and "usage" in whole:
        whole["usage"]["output_tokens_details"] = {"thinking_tokens": answer.say.reasoned}
    return whole


def _events(answer: Answer) -> Sequence[bytes]:
    events: list[dict[str, Any]] = [{"type": "message_start", "message": _message(answer, [], None, 1)}]
    for index, block in enumerate(_blocks(answer)):
        events.append({"type": "content_block_start", "index": index, "content_block": _opened(block)})
        if index == 0:
            events.append({"type": "ping"})
        events.extend({"type": "content_block_delta", "index": index, "delta": delta} for delta in _deltas(block))
        events.append({"type": "content_block_stop", "index": index})
    ended: dict[str, Any] = {
        "type": "message_delta",
        "delta": {"stop_reason": _stop(answer), "stop_sequence": None, "stop_details": None},
        **answer.say.extra,
    }
    if answer.say.usage:
        ended["usage"] = _ended_usage(answer)
    return [sse(event, event["type"]) for event in (*events, ended, {"type": "message_stop"})]


def _ended_usage(answer: Answer) -> dict[str, Any]:
    if answer.say.short_delta:
        return {"output_tokens": answer.output}
    reasoned = {"output_tokens_details": {"thinking_tokens": answer.say.reasoned}} if answer.say.reasoned else {}
    return {**_given(answer), "output_tokens": answer.output, **reasoned}


def _opened(block: Mapping[str, Any]) -> dict[str, Any]:
    empty = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {key: empty.get(key, value) for key, value in block.items()}


def _deltas(block: Mapping[str, Any]) -> list[dict[str, Any]]:
    if block["type"] == "text":
        return [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
    if block["type"] == "thinking":
        thoughts: list[dict[str, Any]] = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])]
        return [*thoughts, {"type": "signature_delta", "signature": block["signature"]}]
    return [{"type": "input_json_delta", "partial_json": part} for part in ["", *halves(json.dumps(block["input"]))]]


def _error(asked: Asked, kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": _request(asked.key)}


def _request(key: str) -> str:
    return f"req_{identifier(key, 'request')}"


def _failed(asked: Asked, fault: Fault) -> Failed:
    wait = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
    invalid = "invalid_request_error"
    match fault.kind:
        case "bad_request":
            status, kind, message = 400, invalid, "temperature: range: 0..1"
        case "context_overflow":
            status, kind, message = 400, invalid, "prompt is too long: 210412 tokens > 200000 maximum"
        case "unauthorized":
            status, kind, message = 401, "authentication_error", "invalid x-api-key"
        case "not_found":
            status, kind, message = 404, "not_found_error", f"model: {asked.model}"
        case "too_large":
            return Failed(413, {"error": {"type": "request_too_large", "message": "Request exceeds the maximum size"}})
        case "rate_limit":
            message = "This request would exceed your account's rate limit. Please try again later."
            status, kind = 429, "rate_limit_error"
        case "quota":
            message = (
                "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."
            )
            status, kind = 400, invalid
        case "content_filter":
            status, kind, message = 400, invalid, "Output blocked by content filtering policy"
        case "server_error":
            status, (kind, message) = 500, _SERVER_ERROR
        case "unavailable":
            return Failed(503, "upstream connect error or disconnect/reset before headers. reset reason: overflow", wait)
        case "overloaded":
            status, kind, message = 529, "overloaded_error", "Overloaded"
    return Failed(status, _error(asked, kind, message), wait)


def _headers(key: str) -> Mapping[str, str]:
    limits = {f"anthropic-ratelimit-{what}-{field}": value for what in ("requests", "input-tokens", "output-tokens", "tokens")
              for field, value in (("limit", "4000"), ("remaining", "3999"), ("reset", _RESET))}  # fmt: skip
    return {**limits, "request-id": _request(key)}


WIRE: Final = Wire(
    name="anthropic",
    asked=_asked,
    plain=_plain,
    events=_events,
    failed=_failed,
    stream_error=lambda asked: sse(_error(asked, "overloaded_error", "Overloaded"), "error"),
    headers=_headers,
)
