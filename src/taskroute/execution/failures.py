"""What kind of failure is this exception? Read from its class names, status and body, so that no provider's package is imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from taskroute.execution.evidence import codes, holders, original_of, retry_after, says, status_of

__all__ = ["RETRIED", "SAYS_NOTHING", "TELLS_OF_THE_MODEL", "Failure", "classify", "retry_after", "status_of"]


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

TELLS_OF_THE_MODEL: Final = RETRIED | {"auth", "not_found"}
"""Failure classes that say that the model cannot be reached, whatever it is asked."""
SAYS_NOTHING: Final = frozenset({"control", "unknown"})
"""Failure classes that say neither that a model answers nor that it does not."""

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
    "LengthFinishReasonError": "truncated",
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
    # aiohttp's, which Google's client uses for async calls where it is installed.
    "ServerTimeoutError": "timeout",
    "ClientConnectionError": "connection",
    "ClientPayloadError": "connection",
    # A model that cannot be built, after a reload or for want of a key: another one can answer.
    "ConfigurationError": "not_found",
    # An answer that is none: not JSON, or not a stream of events.
    "JSONDecodeError": "server_error",
    "APIResponseValidationError": "server_error",
    "UnknownApiResponseError": "server_error",
    "SSEError": "server_error",
    "IncompleteStreamError": "server_error",
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

_BY_CODE: Final[Mapping[str, str]] = {
    "context_length_exceeded": "context_overflow",
    "request_too_large": "context_overflow",
    "model_not_found": "not_found",
    "invalid_model": "not_found",
    "invalid_api_key": "auth",
    "api_key_invalid": "auth",
    "content_filter": "refusal",
    "content_policy_violation": "refusal",
    "responsibleaipolicyviolation": "refusal",
    "invalid_prompt": "refusal",
    "insufficient_quota": "spent",
    "rate_limit_exceeded": "rate_limit",
    "rate_limit_error": "rate_limit",
}
"""What a provider's code says more exactly than its status."""

# Whole phrases: a provider may quote a part of the request, and that must not change what its error means.
_OVERFLOW: Final = (
    "maximum context length is",
    "maximum context length of",
    "too large for model with",
    "exceeds the context window",
    "exceeds model context window",
    "exceeds the model's context window",
    "exceed context limit:",
    "prompt is too long:",
    "exceeds the maximum number of tokens allowed",
    "too many tokens:",
    "payload size exceeds the limit",
)
_REFUSED: Final = ("blocked by content filtering policy", "content management policy", "flagged as potentially violating")
_SPENT: Final = ("credit balance is too low",)
_BY_PHRASE: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    (_OVERFLOW, "context_overflow"),
    (_REFUSED, "refusal"),
    (("api key not valid",), "auth"),
    # LiteLLM's router, of a model group without a deployment that may be asked.
    (("there are no healthy deployments for this model",), "not_found"),
    (_SPENT, "spent"),
)
_IN_A_STREAM: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    (_OVERFLOW, "context_overflow"),
    (_REFUSED, "refusal"),
    (("rate_limit", "rate limit"), "rate_limit"),
)
"""What an error event says in the middle of a stream, where there is no status."""
_PERHAPS_SPENT: Final = ("exceeded your current quota",)
"""Google says this of a minute's quota too; only then it also says how long to wait."""
_NO_ANSWER: Final = ("unable to get json response", "converting to valid response block", "exception - expecting value: line")
"""How LiteLLM says that an answer is no JSON: as a bad request, or as an error of the connection."""


def classify(error: BaseException) -> Failure:
    """Return the failure class of an exception. Cancellation, interrupts and graph control flow are `control`."""
    if not isinstance(error, Exception):
        return Failure("control", passes=False)
    original = original_of(error)
    if original is not None:
        inner = _classify(original)
        # What LiteLLM has no class for it takes for an error of the connection.
        if inner.kind not in ("connection", "unknown"):
            return inner
    return _classify(error)


def _classify(error: Exception) -> Failure:
    kind = _kind(error)
    if kind != "control" and _in_a_callback(error):
        return Failure("unknown", passes=False)
    if kind == "bad_request":
        kind = _more_exactly(error) or kind
    elif kind in ("rate_limit", "auth") and "insufficient_quota" in codes(error):
        kind = "spent"
    if kind in ("bad_request", "connection") and type(error).__module__.startswith("litellm"):
        if says(error, _NO_ANSWER):
            kind = "server_error"
        elif kind == "connection" and _while_writing(error):
            return Failure("unknown", passes=False)
    wait = retry_after(error) if kind in RETRIED else None
    if kind == "spent" or (kind == "rate_limit" and wait is None and says(error, _PERHAPS_SPENT)):
        return Failure("rate_limit", passes=False)
    return Failure(kind, wait, passes=kind in RETRIED)


def _more_exactly(error: Exception) -> str | None:
    """Return what a bad request is by its code, or by a phrase where no code tells."""
    for code in codes(error):
        if code in _BY_CODE:
            return _BY_CODE[code]
    return next((meant for phrases, meant in _BY_PHRASE if says(error, phrases)), None)


def _kind(error: Exception) -> str:
    for held in holders(error):
        kind = _named(held) or _with_status(status_of(held))
        # What was raised from control flow is none itself.
        if kind is not None and (kind != "control" or held is error):
            return kind
    # openai raises its bare APIError for an error event in the middle of a stream.
    if any(parent.__name__ == "APIError" for parent in type(error).__mro__):
        return _kind_of_event(error)
    # LangChain's only sign of a stream that ended without a chunk, such as one whose body is not a stream at all.
    if type(error) is ValueError and str(error) == "No generation chunks were returned":
        return "server_error"
    if not isinstance(error, _MISREAD):
        return "unknown"
    if _raised_in(error, _PARSES):
        return "invalid_output"
    return _kind_of_event(error) if _while_reading(error) else "unknown"


def _named(error: BaseException) -> str | None:
    for parent in type(error).__mro__:
        kind = _BY_NAME.get(parent.__name__)
        if kind is not None:
            return kind
    return None


def _with_status(status: int | None) -> str | None:
    return None if status is None else _BY_STATUS.get(status, "server_error" if status >= 500 else "bad_request")


def _kind_of_event(error: Exception) -> str:
    known = next((_BY_CODE[code] for code in codes(error) if code in _BY_CODE), None)
    return known or next((meant for phrases, meant in _IN_A_STREAM if says(error, phrases)), "server_error")


_WRITERS: Final = ("validate_and_fix_openai_messages", "update_messages_with_model_file_ids", "get_optional_params", "transform_request")
"""Where LiteLLM makes a provider's request of a call's arguments; what it cannot make one of breaks there."""


def _while_writing(error: Exception) -> bool:
    """Return whether LiteLLM takes for an error of the connection what went wrong before there was one."""
    cause: BaseException | None = error
    for _ in range(_DEEP):
        cause = None if cause is None else cause.__cause__ or cause.__context__
        if isinstance(cause, _MISREAD) and _was_in(cause, _WRITERS):
            return True
    return False


_DEEP: Final = 8
"""Errors that are looked through for the one that was first."""


def _was_in(error: BaseException, functions: tuple[str, ...]) -> bool:
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_name.endswith(functions):
            return True
        trace = trace.tb_next
    return False


_CALLBACKS: Final = "langchain_core.callbacks"


def _in_a_callback(error: Exception) -> bool:
    """Return whether a callback raised this: a fault of its own, which no other model would mend."""
    return _raised_in(error, (_CALLBACKS,))


_MISREAD: Final = (ValueError, TypeError, LookupError, AttributeError)
_READERS: Final = frozenset(
    {
        "_create_chat_result",
        "_format_output",
        "_construct_lc_result_from_responses_api",
        "_convert_responses_chunk_to_generation_chunk",
        "_convert_chunk_to_message_chunk",
    }
)
"""Where LangChain's OpenAI, Anthropic and Mistral models read an answer; one with status 200 that is none breaks there."""


_PARSES: Final = ("openai.lib.streaming", "openai.lib._parsing")
"""Where OpenAI's client reads an answer that must fit a schema, piece by piece; one that is no JSON breaks there."""


def _raised_in(error: Exception, modules: tuple[str, ...]) -> bool:
    trace = error.__traceback__
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__")).startswith(modules):
            return True
        trace = trace.tb_next
    return False


def _while_reading(error: Exception) -> bool:
    trace, module = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_name in _READERS:
            return True
        module = trace.tb_frame.f_globals.get("__name__")
        trace = trace.tb_next
    # An answer without a single choice gets as far as LangChain's own base class.
    return isinstance(error, IndexError) and module == "langchain_core.language_models.chat_models"
