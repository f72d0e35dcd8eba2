"""Mistral's chat completions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.emulator import openai_chat
from tests.emulator.answering import CREATED, identifier, pieces
from tests.emulator.script import Answer, Asked, Fault
from tests.emulator.wire import Failed, Wire, sse

_FINISH: Final[Mapping[str, str]] = {"refusal": "stop"}


def _asked(path: str, body: Mapping[str, Any], key: str) -> Asked:
    return openai_chat.asked(path, body, key)._replace(include_usage=True)


def _finish(answer: Answer) -> str:
    return _FINISH.get(answer.finish, answer.finish)


def _usage(answer: Answer) -> dict[str, Any]:
    used: dict[str, Any] = {
        "prompt_tokens": answer.input,
        "total_tokens": answer.input + answer.output,
        "completion_tokens": answer.output,
    }
    if answer.say.cached:
        used.update(num_cached_tokens=answer.say.cached, prompt_tokens_details={"cached_tokens": answer.say.cached})
    return used


def _tool_calls(answer: Answer) -> list[dict[str, Any]]:
    return [
        {
            "id": identifier(answer.asked.key, f"call {number}", 9),
            "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            "index": number,
        }
        for number, call in enumerate(answer.tools)
    ]


def _content(answer: Answer) -> Any:
    # The model has no field for a refusal: it refuses in words.
    text = answer.say.refusal if answer.say.refusal is not None else answer.text
    if answer.say.reasoning:
        thinking = {"type": "thinking", "thinking": [{"type": "text", "text": answer.say.reasoning}], "closed": True}
        return [thinking, {"type": "text", "text": text}]
    return text


def _plain(answer: Answer) -> dict[str, Any]:
    message = {"role": "assistant", "tool_calls": _tool_calls(answer) or None, "content": _content(answer)}
    whole = {
        "id": identifier(answer.asked.key, "chat", 32),
        "created": CREATED,
        "model": answer.asked.model,
        "object": "chat.completion",
        "choices": [{"index": 0, "finish_reason": _finish(answer), "message": message}],
        **answer.say.extra,
    }
    return {**whole, "usage": _usage(answer)} if answer.say.usage else whole


def _events(answer: Answer) -> Sequence[bytes]:
    content = _content(answer)
    texts = pieces(content) if isinstance(content, str) else [[part] for part in content]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, *({"content": part} for part in texts)]
    if answer.tools:
        # Tool calls come whole, in one chunk.
        deltas.append({"content": "", "tool_calls": _tool_calls(answer)})
    last = deltas.pop()
    chunks = [_chunk(answer, delta, None) for delta in deltas] + [_chunk(answer, last, _finish(answer))]
    if answer.say.usage:
        chunks[-1]["usage"] = _usage(answer)
    return [*(sse(chunk) for chunk in chunks), sse("[DONE]")]


def _chunk(answer: Answer, delta: Mapping[str, Any], finish: str | None) -> dict[str, Any]:
    return {
        "id": identifier(answer.asked.key, "chat", 32),
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": answer.asked.model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        **answer.say.extra,
    }


def _error(message: str, kind: str, code: str, status: int) -> dict[str, Any]:
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code, "raw_status_code": status}


def _failed(asked: Asked, fault: Fault) -> Failed:
    wait = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
    match fault.kind:
        case "bad_request":
            about = {
                "type": "less_than_equal",
                "loc": ["body", "temperature"],
                "msg": "Input should be less than or equal to 1.5",
                "input": 9,
            }
            return Failed(422, {"detail": [about]})
        case "context_overflow":
            message = "Prompt contains 140412 tokens and 0 draft tokens, too large for model with 131072 maximum context length"
            return Failed(400, _error(message, "invalid_request_prompt", "3051", 400))
        case "unauthorized":
            return Failed(401, {"detail": "Unauthorized"})
        case "not_found":
            return Failed(400, _error(f"Invalid model: {asked.model}", "invalid_model", "1500", 400))
        case "too_large":
            return Failed(413, {"message": "Request size limit exceeded"})
        case "rate_limit":
            return Failed(429, _error("Rate limit exceeded", "rate_limited", "1300", 429), wait)
        case "quota":
            # Reports say that nothing tells a used up quota from a wrong key.
            return Failed(401, {"detail": "Unauthorized"})
        case "server_error":
            return Failed(500, _error("Internal server error", "internal_server_error", "1000", 500), wait)
        case "unavailable":
            message = "Service tier capacity exceeded for this model."
            return Failed(503, _error(message, "service_tier_capacity_exceeded", "3505", 503), wait)
        case _:
            raise ValueError(f"nobody has told what Mistral sends for {fault.kind}")


WIRE: Final = Wire(
    name="mistral",
    asked=_asked,
    plain=_plain,
    events=_events,
    failed=_failed,
    stream_error=lambda asked: sse(_error("Internal server error", "internal_server_error", "1000", 500)),
    headers=lambda key: {"mistral-correlation-id": identifier(key, "correlation", 32)},
)
