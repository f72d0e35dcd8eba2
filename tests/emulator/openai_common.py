"""What OpenAI's interfaces share: headers, and the bodies of errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tests.emulator.answering import identifier
from tests.emulator.script import Asked, Fault
from tests.emulator.wire import Failed

_RATE_LIMITS: Final = {
    "x-ratelimit-limit-requests": "500",
    "x-ratelimit-limit-tokens": "200000",
    "x-ratelimit-remaining-requests": "499",
    "x-ratelimit-remaining-tokens": "199980",
    "x-ratelimit-reset-requests": "120ms",
    "x-ratelimit-reset-tokens": "6ms",
}


def headers(key: str) -> Mapping[str, str]:
    """Return the headers of an answer."""
    return {
        **_RATE_LIMITS,
        "openai-version": "2020-10-01",
        "openai-processing-ms": "350",
        "x-request-id": f"req_{identifier(key, 'request', 32)}",
    }


def usage(given: int, written: int, cached: int, reasoned: int) -> dict[str, Any]:
    """Return the usage of chat completions."""
    return {
        "prompt_tokens": given,
        "completion_tokens": written,
        "total_tokens": given + written,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": reasoned,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def error(message: str, kind: str, *, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    """Return the body of an error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


SERVER_ERROR: Final = error("The server had an error while processing your request. Sorry about that!", "server_error")


def failed(asked: Asked, fault: Fault) -> Failed:
    """Return an error as OpenAI words it."""
    wait = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}", "retry-after-ms": f"{fault.retry_after * 1000:g}"}
    invalid = "invalid_request_error"
    match fault.kind:
        case "bad_request":
            message = "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 9 instead."
            return Failed(400, error(message, invalid, code="decimal_above_max_value", param="temperature"))
        case "context_overflow":
            message = "This model's maximum context length is 8192 tokens. However, your messages resulted in 10412 tokens. Please reduce the length of the messages."
            return Failed(400, error(message, invalid, code="context_length_exceeded", param="messages"))
        case "unauthorized":
            message = "Incorrect API key provided: ***. You can find your API key at https://platform.openai.com/account/api-keys."
            return Failed(401, error(message, invalid, code="invalid_api_key"))
        case "not_found":
            message = f"The model `{asked.model}` does not exist or you do not have access to it."
            return Failed(404, error(message, invalid, code="model_not_found"))
        case "too_large":
            return Failed(
                413,
                "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>413 Request Entity Too Large</body>\r\n</html>\r\n",
            )
        case "rate_limit":
            message = f"Rate limit reached for {asked.model} on requests per min (RPM): Limit 500, Used 500, Requested 1. Please try again in 120ms."
            spent = {"x-ratelimit-remaining-requests": "0"}
            return Failed(429, error(message, "requests", code="rate_limit_exceeded"), {**spent, **wait})
        case "quota":
            message = "You exceeded your current quota, please check your plan and billing details."
            return Failed(429, error(message, "insufficient_quota", code="insufficient_quota"))
        case "content_filter":
            message = "Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again with a different prompt."
            return Failed(400, error(message, invalid, code="invalid_prompt"))
        case "server_error":
            return Failed(500, SERVER_ERROR, wait)
        case "unavailable":
            return Failed(503, error("The engine is currently overloaded, please try again later", "server_error"), wait)
        case _:
            raise ValueError(f"nobody has told what OpenAI sends for {fault.kind}")
