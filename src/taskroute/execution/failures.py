"""What kind of failure is this exception? Read from its class names, status and body, so that no provider's package is imported."""

from __future__ import annotations

import email.utils
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple


class Failure(NamedTuple):
    """A failure's class, and what the provider said about trying again."""

    kind: str
    """A failure class of the policy, or `bad_request`, `unknown`, `control`."""
    retry_after: float | None = None
    """Seconds, where the provider asked for a wait."""
    passes: bool = True
    """False when trying the same model again cannot help, such as an exhausted quota."""


RETRIED: Final = frozenset({"rate_limit", "timeout", "server_error", "connection"})
"""Failure classes that may pass by themselves."""

# Read from the most derived class upwards; the first name found decides. Names are unique enough over LangChain, openai, anthropic,
# httpx, litellm, google and mistral clients to need no module.
_BY_NAME: Final[Mapping[str, str]] = {
    # LangGraph's control flow is made of ordinary exceptions.
    "GraphBubbleUp": "control",
    "ContextOverflowError": "context_overflow",
    "ContextWindowExceededError": "context_overflow",
    "ModelRefusalError": "refusal",
    "OpenAIRefusalError": "refusal",
    "ContentPolicyViolationError": "refusal",
    "ContentFilterFinishReasonError": "refusal",
    "OutputParserException": "invalid_output",
    # pydantic's: what LangChain's and OpenAI's own parsers raise for an answer that does not fit the schema.
    "ValidationError": "invalid_output",
    "JSONSchemaValidationError": "invalid_output",
    "LengthFinishReasonError": "invalid_output",
    "StructuredOutputValidationError": "invalid_output",
    "MultipleStructuredOutputsError": "invalid_output",
    "ModelRateLimitError": "rate_limit",
    "RateLimitError": "rate_limit",
    "RouterRateLimitError": "rate_limit",
    "ResourceExhausted": "rate_limit",
    "ModelTimeoutError": "timeout",
    "APITimeoutError": "timeout",
    "TimeoutException": "timeout",
    "Timeout": "timeout",
    "StreamChunkTimeoutError": "timeout",
    "DeadlineExceeded": "timeout",
    "TimeoutError": "timeout",
    "ModelAuthenticationError": "auth",
    "ModelPermissionDeniedError": "auth",
    "AuthenticationError": "auth",
    "PermissionDeniedError": "auth",
    "ModelNotFoundError": "not_found",
    "NotFoundError": "not_found",
    "ModelInvalidRequestError": "bad_request",
    "BadRequestError": "bad_request",
    "UnprocessableEntityError": "bad_request",
    "ModelConnectionError": "connection",
    "APIConnectionError": "connection",
    "ModelAPIError": "server_error",
    "InternalServerError": "server_error",
    "ServiceUnavailableError": "server_error",
    "OverloadedError": "server_error",
    "BadGatewayError": "server_error",
    "TransportError": "connection",
    "ConnectionError": "connection",
    # A model that cannot be built, after a reload or for want of a key: another one can answer.
    "ConfigurationError": "not_found",
    "JSONDecodeError": "server_error",
    "APIResponseValidationError": "server_error",
}

_BY_STATUS: Final[Mapping[int, str]] = {
    400: "bad_request",
    401: "auth",
    402: "auth",
    403: "auth",
    404: "not_found",
    408: "timeout",
    409: "server_error",
    413: "context_overflow",
    422: "bad_request",
    429: "rate_limit",
}

_OVERFLOW: Final = (
    "context_length_exceeded",
    "maximum context length",
    "context window",
    "prompt is too long",
    "input token count",
    "exceeds the maximum number of tokens",
    "too many tokens",
    "request_too_large",
)
_EXHAUSTED: Final = ("insufficient_quota", "exceeded your current quota", "credit balance is too low", "billing")


def classify(error: BaseException) -> Failure:
    """Return the failure class of an exception. Cancellation, interrupts and graph control flow are `control`."""
    if not isinstance(error, Exception):
        return Failure("control", passes=False)
    kind = _kind(error)
    if kind == "bad_request" and _says(error, _OVERFLOW):
        kind = "context_overflow"
    if kind in ("bad_request", "rate_limit", "auth") and _says(error, _EXHAUSTED):
        return Failure("rate_limit", passes=False)
    if kind in RETRIED:
        return Failure(kind, retry_after(error))
    return Failure(kind, passes=False)


def _kind(error: Exception) -> str:
    for parent in type(error).__mro__:
        kind = _BY_NAME.get(parent.__name__)
        if kind is not None:
            return kind
    status = status_of(error)
    if status is not None:
        return _BY_STATUS.get(status, "server_error" if status >= 500 else "bad_request")
    # openai raises its bare APIError for an error event in the middle of a stream, where there is no status.
    if any(parent.__name__ == "APIError" for parent in type(error).__mro__):
        return "server_error"
    # LangChain's only sign of a stream that ended without a chunk, such as one whose body is not a stream at all.
    if type(error) is ValueError and str(error) == "No generation chunks were returned":
        return "server_error"
    return "server_error" if isinstance(error, _MISREAD) and _while_reading(error) else "unknown"


_MISREAD: Final = (ValueError, TypeError, LookupError, AttributeError)
_READERS: Final = frozenset({"_create_chat_result", "_format_output"})
"""Where LangChain's OpenAI and Anthropic models read an answer; an answer with status 200 that is none breaks there."""


def _while_reading(error: Exception) -> bool:
    trace, module = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_name in _READERS:
            return True
        module = trace.tb_frame.f_globals.get("__name__")
        trace = trace.tb_next
    # An answer without a single choice gets as far as LangChain's own base class.
    return isinstance(error, IndexError) and module == "langchain_core.language_models.chat_models"


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status that an exception carries, or None."""
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "code", "http_status", "status"):
            status = getattr(holder, name, None)
            if isinstance(status, int) and not isinstance(status, bool) and 400 <= status < 600:
                return status
    return None


def _says(error: Exception, phrases: tuple[str, ...]) -> bool:
    return any(phrase in text for text in _words(error) for phrase in phrases)


def _words(error: Exception) -> Iterator[str]:
    yield str(error)[:4000].casefold()
    for name in ("code", "type"):
        value = getattr(error, name, None)
        if isinstance(value, str):
            yield value.casefold()
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        yield json.dumps(body, default=str)[:4000].casefold()


def retry_after(error: BaseException) -> float | None:
    """Return the seconds that the provider asks to wait, from `retry-after-ms` or `retry-after` (RFC 9110, 10.2.3), or None."""
    headers: Any = getattr(getattr(error, "response", None), "headers", None) or getattr(error, "headers", None)
    if headers is None:
        return None
    try:
        milliseconds, plain, date = headers.get("retry-after-ms"), headers.get("retry-after"), headers.get("date")
    except (AttributeError, TypeError):
        return None
    if milliseconds is not None:
        return _seconds(milliseconds, 0.001)
    if plain is None:
        return None
    seconds = _seconds(plain, 1.0)
    return seconds if seconds is not None else _until(str(plain), date)


def _seconds(value: object, unit: float) -> float | None:
    try:
        seconds = float(str(value)) * unit
    except ValueError:
        return None
    return seconds if 0 <= seconds < 1e6 else None


def _until(value: str, date: object) -> float | None:
    """Measure an HTTP date against the response's own `date`, which needs no clock and forgives a skewed one."""
    try:
        until = email.utils.parsedate_to_datetime(value)
        since = email.utils.parsedate_to_datetime(str(date))
        return max(0.0, (until - since).total_seconds())
    except (TypeError, ValueError):
        return None
