"""OpenAI's chat completions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.emulator.answering import CREATED, halves, identifier, pieces, tokens
from tests.emulator.openai_common import SERVER_ERROR, failed, headers, usage
from tests.emulator.script import Answer, Asked
from tests.emulator.wire import Wire, chosen, latest_text, sse


def asked(path: str, body: Mapping[str, Any], key: str) -> Asked:
    """Read a request."""
    messages: list[dict[str, Any]] = body.get("messages", [])
    wanted = body.get("response_format") or {}
    last = messages[-1] if messages else {}
    functions = [tool["function"] for tool in body.get("tools") or [] if "function" in tool]
    return Asked(
        model=body.get("model", ""),
        prompt=latest_text(last.get("content")) if last.get("role") == "user" else "",
        tools=chosen({function["name"]: function.get("parameters", {}) for function in functions}, body.get("tool_choice")),
        schema=_schema(wanted),
        stream=bool(body.get("stream")),
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        tokens=tokens(messages),
        key=key,
    )


def _schema(wanted: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if wanted.get("type") == "json_object":
        return {"type": "object", "properties": {}}
    return (wanted.get("json_schema") or {}).get("schema") if wanted.get("type") == "json_schema" else None


def finish(answer: Answer) -> str:
    """Return the finish reason in OpenAI's words: a refusal ends like any other answer."""
    return "stop" if answer.finish == "refusal" else answer.finish


def tool_calls(answer: Answer) -> list[dict[str, Any]]:
    """Return the calls of functions."""
    return [
        {
            "id": f"call_{identifier(answer.asked.key, f'call {number}')}",
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
        }
        for number, call in enumerate(answer.tools)
    ]


def usage_of(answer: Answer) -> dict[str, Any]:
    """Return the usage, with the cost that some hosts add to it."""
    charged = {} if answer.say.cost is None else {"cost": answer.say.cost}
    return {**usage(answer.input, answer.output, answer.say.cached, answer.say.reasoned), **charged}


def _plain(answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": answer.say.refusal, "annotations": []}
    if answer.tools:
        message["tool_calls"] = tool_calls(answer)
    whole = {
        "id": f"chatcmpl-{identifier(answer.asked.key, 'chat')}",
        "object": "chat.completion",
        "created": CREATED,
        "model": answer.asked.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish(answer)}],
        "service_tier": answer.say.tier or "default",
        "system_fingerprint": "fp_emulator",
        **answer.say.extra,
    }
    return {**whole, "usage": usage_of(answer)} if answer.say.usage else whole


def _events(answer: Answer) -> Sequence[bytes]:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None if answer.tools else "", "refusal": None}]
    if answer.say.refusal:
        deltas.extend({"refusal": piece} for piece in pieces(answer.say.refusal))
    deltas.extend({"content": piece} for piece in pieces(answer.text))
    for index, call in enumerate(tool_calls(answer)):
        function = call["function"]
        deltas.append({"tool_calls": [{"index": index, **call, "function": {"name": function["name"], "arguments": ""}}]})
        deltas.extend({"tool_calls": [{"index": index, "function": {"arguments": part}}]} for part in halves(function["arguments"]))
    choices = [[_choice(delta, None)] for delta in deltas] + [[_choice({}, finish(answer))]]
    chunks = [sse(_chunk(answer, choice, None)) for choice in choices]
    if answer.asked.include_usage and answer.say.usage:
        chunks.append(sse(_chunk(answer, [], usage_of(answer))))
    return [*chunks, sse("[DONE]")]


def _choice(delta: Mapping[str, Any], ended: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": ended}


def _chunk(answer: Answer, choices: Sequence[Mapping[str, Any]], used: Mapping[str, Any] | None) -> dict[str, Any]:
    chunk = {
        "id": f"chatcmpl-{identifier(answer.asked.key, 'chat')}",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": answer.asked.model,
        "service_tier": answer.say.tier or "default",
        "system_fingerprint": "fp_emulator",
        "choices": choices,
        "obfuscation": "",
        **answer.say.extra,
    }
    return {**chunk, "usage": used} if answer.asked.include_usage else chunk


WIRE: Final = Wire(
    name="openai-chat",
    asked=asked,
    plain=_plain,
    events=_events,
    failed=failed,
    stream_error=lambda asked: sse(SERVER_ERROR),
    headers=headers,
)
