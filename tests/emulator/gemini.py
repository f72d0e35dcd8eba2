"""Gemini's generateContent and streamGenerateContent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.emulator.answering import identifier, pieces, tokens
from tests.emulator.script import Answer, Asked, Fault
from tests.emulator.wire import Failed, Wire, latest_text, sse

_FINISH: Final[Mapping[str, str]] = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}


def _asked(path: str, body: Mapping[str, Any], key: str) -> Asked:
    contents: list[dict[str, Any]] = body.get("contents", [])
    last = contents[-1] if contents else {}
    config = body.get("generationConfig") or {}
    named = re.search(r"/models/([^:]+):", path)
    declared = [
        about for tool in body.get("tools") or [] for about in tool.get("functionDeclarations") or tool.get("function_declarations") or []
    ]
    return Asked(
        model=named[1] if named else "",
        prompt=latest_text(last.get("parts")) if last.get("role", "user") == "user" else "",
        tools={about["name"]: about.get("parametersJsonSchema") or about.get("parameters") or {} for about in declared},
        schema=_schema(config),
        stream=":streamGenerateContent" in path,
        include_usage=True,
        tokens=tokens([body.get("systemInstruction") or "", contents]),
        key=key,
    )


def _schema(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for name in ("responseJsonSchema", "response_json_schema", "responseSchema", "response_schema"):
        if config.get(name):
            found: Mapping[str, Any] = config[name]
            return found
    return None


def _usage(answer: Answer, written: int) -> dict[str, Any]:
    say = answer.say
    visible = max(0, written - say.reasoned)
    used: dict[str, Any] = {"promptTokenCount": answer.input}
    if visible:
        used["candidatesTokenCount"] = visible
    used["totalTokenCount"] = answer.input + visible + say.reasoned
    used["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": answer.input}]
    if say.cached:
        used["cachedContentTokenCount"] = say.cached
        used["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": say.cached}]
    if say.reasoned:
        used["thoughtsTokenCount"] = say.reasoned
    return used


def _response(answer: Answer, candidates: Sequence[Any], written: int) -> dict[str, Any]:
    whole: dict[str, Any] = {"candidates": candidates} if candidates else {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
    if answer.say.usage:
        whole["usageMetadata"] = _usage(answer, written)
    about = {"modelVersion": answer.asked.model, "responseId": identifier(answer.asked.key, "response", 22)}
    return {**whole, **about, **answer.say.extra}


def _parts(answer: Answer, texts: Sequence[str]) -> list[dict[str, Any]]:
    say = answer.say
    parts: list[dict[str, Any]] = [{"text": say.reasoning, "thought": True}] if say.reasoning else []
    parts.extend({"text": text} for text in texts)
    for number, call in enumerate(answer.tools):
        part: dict[str, Any] = {"functionCall": {"name": call.name, "args": call.arguments}}
        parts.append({**part, "thoughtSignature": "ZW11bGF0b3I="} if say.reasoned and number == 0 else part)
    return parts or [{"text": ""}]


def _candidate(parts: Sequence[Any], finish: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}}
    return {**candidate, "finishReason": finish, "index": 0} if finish else {**candidate, "index": 0}


def _finish(answer: Answer) -> str:
    return _FINISH.get(answer.finish, answer.finish)


def _plain(answer: Answer) -> dict[str, Any]:
    if answer.blocked:
        return _response(answer, [], 0)
    return _response(answer, [_candidate(_parts(answer, [answer.text] if answer.text else []), _finish(answer))], answer.output)


def _events(answer: Answer) -> Sequence[bytes]:
    if answer.blocked:
        return [sse(_response(answer, [], 0))]
    parts = _parts(answer, pieces(answer.text))
    events: list[bytes] = []
    for number, part in enumerate(parts, start=1):
        last = number == len(parts)
        # The counts grow from chunk to chunk; only the last one is the whole.
        written = answer.output if last else answer.say.reasoned + (answer.output - answer.say.reasoned) * number // len(parts)
        events.append(sse(_response(answer, [_candidate([part], _finish(answer) if last else None)], written)))
    return events


def _error(code: int, status: str, message: str, *details: Mapping[str, Any]) -> dict[str, Any]:
    error: dict[str, Any] = {"code": code, "message": message, "status": status}
    return {"error": {**error, "details": list(details)} if details else error}


_UNAVAILABLE: Final = _error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")


def _failed(asked: Asked, fault: Fault) -> Failed:
    google = "type.googleapis.com/google.rpc."
    match fault.kind:
        case "bad_request":
            message = "* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0]."
            return Failed(400, _error(400, "INVALID_ARGUMENT", message))
        case "context_overflow":
            message = "The input token count (1050412) exceeds the maximum number of tokens allowed (1048576)."
            return Failed(400, _error(400, "INVALID_ARGUMENT", message))
        case "unauthorized":
            reason = {"@type": f"{google}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
            about = {**reason, "metadata": {"service": "generativelanguage.googleapis.com"}}
            return Failed(400, _error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", about))
        case "not_found":
            message = (
                f"models/{asked.model} is not found for API version v1beta, or is not supported for generateContent. "
                "Call ModelService.ListModels to see the list of available models and their supported methods."
            )
            return Failed(404, _error(404, "NOT_FOUND", message))
        case "too_large":
            return Failed(413, _error(413, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes."))
        case "rate_limit" | "quota":
            return Failed(429, _exhausted(fault, google))
        case "server_error":
            return Failed(500, _error(500, "INTERNAL", "An internal error has occurred. Please retry."))
        case "unavailable":
            return Failed(503, _UNAVAILABLE)
        case _:
            # A filter is no error here: it ends an answer, or stands in its place.
            raise ValueError(f"nobody has told what Gemini sends for {fault.kind}")


def _exhausted(fault: Fault, google: str) -> dict[str, Any]:
    """The same words say that a minute's and that a plan's quota is used up; only the first comes with a wait."""
    message = (
        "You exceeded your current quota, please check your plan and billing details. "
        "For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."
    )
    per = "PerMinutePerProjectPerModel-FreeTier" if fault.kind == "rate_limit" else "PerDayPerProjectPerModel-FreeTier"
    broken = {"quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests", "quotaId": f"GenerateRequests{per}"}
    details: list[dict[str, Any]] = [
        {"@type": f"{google}QuotaFailure", "violations": [broken]},
        {"@type": f"{google}Help", "links": [{"description": "Learn more", "url": "https://ai.google.dev/gemini-api/docs/rate-limits"}]},
    ]
    if fault.retry_after is not None:
        details.append({"@type": f"{google}RetryInfo", "retryDelay": f"{fault.retry_after:g}s"})
    return _error(429, "RESOURCE_EXHAUSTED", message, *details)


WIRE: Final = Wire(
    name="gemini",
    asked=_asked,
    plain=_plain,
    events=_events,
    failed=_failed,
    # Reports show it after the events and not as one of them: a bare object.
    stream_error=lambda asked: json.dumps(_UNAVAILABLE, indent=2).encode() + b"\n",
    headers=lambda key: {"server-timing": "gfet4t7; dur=350"},
)
