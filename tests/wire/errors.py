"""Every error the emulator can send, where its wording comes from, and the failure class it must end in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from taskroute.execution.failures import Failure
from tests.emulator import Fault, Raw, Say
from tests.emulator.script import Reply

Evidence = Literal["recorded", "reported", "unverified"]
"""`recorded`: a real answer of this shape is among the reference responses. `reported`: its body is quoted in a public report.
`unverified`: written from what is generally said of the provider, and not seen in any recorded answer."""


class Error(NamedTuple):
    """One error, the same for each provider that has it."""

    reply: Reply
    failure: Failure
    streamed_only: bool = False


ERRORS: Final[Mapping[str, Error]] = {
    "bad_request": Error(Fault("bad_request"), Failure("bad_request", passes=False)),
    "context_overflow": Error(Fault("context_overflow"), Failure("context_overflow", passes=False)),
    "unauthorized": Error(Fault("unauthorized"), Failure("auth", passes=False)),
    "not_found": Error(Fault("not_found"), Failure("not_found", passes=False)),
    "too_large": Error(Fault("too_large"), Failure("context_overflow", passes=False)),
    "rate_limit": Error(Fault("rate_limit", retry_after=7), Failure("rate_limit", retry_after=7.0)),
    "quota": Error(Fault("quota"), Failure("rate_limit", passes=False)),
    "content_filter": Error(Fault("content_filter"), Failure("refusal", passes=False)),
    "server_error": Error(Fault("server_error"), Failure("server_error")),
    "unavailable": Error(Fault("unavailable", retry_after=2.5), Failure("server_error", retry_after=2.5)),
    "overloaded": Error(Fault("overloaded"), Failure("server_error")),
    "not_json": Error(Raw(b"<html><title>Log in</title></html>", content_type="text/html"), Failure("server_error")),
    "stream_error_first": Error(Say(error_after=0), Failure("server_error"), streamed_only=True),
    "stream_error_later": Error(Say(error_after=5), Failure("server_error"), streamed_only=True),
}

STATUS: Final[Mapping[str, str]] = {
    "bad_request": "400, Mistral 422",
    "context_overflow": "400",
    "unauthorized": "401, Gemini 400",
    "not_found": "404, OpenAI responses and Mistral 400",
    "too_large": "413",
    "rate_limit": "429",
    "quota": "429, Anthropic 400, Mistral 401",
    "content_filter": "400",
    "server_error": "500",
    "unavailable": "503",
    "overloaded": "529",
    "not_json": "200 with a page",
    "stream_error_first": "200, an error before any text",
    "stream_error_later": "200, an error after some text",
}

RECORDED: Final[Mapping[str, frozenset[str]]] = {
    "openai": frozenset({"bad_request", "not_found"}),
    "openai-responses": frozenset({"bad_request", "not_found"}),
    "anthropic": frozenset({"bad_request", "not_found"}),
    "gemini": frozenset({"not_found"}),
    "mistral": frozenset(),
}
REPORTED: Final[Mapping[str, frozenset[str]]] = {
    "openai": frozenset({"context_overflow", "stream_error_first", "stream_error_later"}),
    "openai-responses": frozenset(),
    "anthropic": frozenset({"too_large", "rate_limit", "content_filter"}),
    "gemini": frozenset({"quota", "unavailable", "stream_error_first", "stream_error_later"}),
    "mistral": frozenset({"unauthorized", "rate_limit", "quota", "unavailable"}),
}
NOT_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "openai": frozenset({"overloaded"}),
    "openai-responses": frozenset({"overloaded"}),
    "anthropic": frozenset(),
    "gemini": frozenset({"overloaded", "content_filter"}),
    "mistral": frozenset({"overloaded", "content_filter"}),
}
"""Errors that a provider is not known to send: only Anthropic has a status 529, and Gemini's and Mistral's filters send no error."""


def evidence(provider: str, error: str) -> Evidence:
    """Return where the wording of a provider's error comes from."""
    return "recorded" if error in RECORDED[provider] else "reported" if error in REPORTED[provider] else "unverified"


def errors_of(provider: str) -> list[str]:
    """Return the errors that a provider is known to send."""
    return [error for error in ERRORS if error not in NOT_KNOWN[provider]]


EMPTY: Final = "an empty answer"

OTHERWISE: Final[Mapping[tuple[str, str, str], Failure]] = {
    # Reports say that Mistral answers a used up quota as it answers a wrong key.
    ("mistral", "langchain", "quota"): Failure("auth", passes=False),
    ("mistral", "litellm", "quota"): Failure("auth", passes=False),
    # LiteLLM takes every word of a used up capacity for a rate limit, and drops the status.
    ("mistral", "litellm", "unavailable"): Failure("rate_limit", retry_after=2.5),
    # Of a server that is overloaded Gemini is not known to say when to come back.
    ("gemini", "langchain", "unavailable"): Failure("server_error"),
    ("gemini", "litellm", "unavailable"): Failure("server_error"),
}
"""Where a provider's wording, or a client that hides it, allows another class only."""

EMPTY_STREAMS: Final = frozenset({("openai", "litellm"), ("anthropic", "litellm"), ("gemini", "litellm"), ("mistral", "litellm")})
"""Where the client makes an empty answer of a stream that is none, and the caller sees no error."""


def expected(provider: str, host: str, error: str, way: str) -> Failure | str:
    """Return the failure class, the wait and whether it passes by itself; `EMPTY` where the client hides the error."""
    if error == "not_json" and way in ("stream", "astream") and (provider, host) in EMPTY_STREAMS:
        return EMPTY
    return OTHERWISE.get((provider, host, error), ERRORS[error].failure)
