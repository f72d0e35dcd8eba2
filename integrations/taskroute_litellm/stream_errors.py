"""How an answer fails that came with a status of success: with an error in it, or without its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from taskroute.errors import IncompleteStreamError
from taskroute.reading import as_text
from taskroute.types import Reply
from taskroute_litellm.usage import field

_STATUS: Final[Mapping[str, int]] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "server_error": 500,
    "vector_store_timeout": 504,
    "invalid_prompt": 400,
    "context_length_exceeded": 400,
}
"""What an error in a stream would have had for a status, had it come before: Anthropic's types, then OpenAI's codes."""


class EventError(Exception):
    """An error that a provider put into an answer that had begun well."""

    def __init__(self, message: str, code: str | None = None) -> None:
        self.message = message
        self.code = code
        self.status_code = _STATUS.get(code or "", 500)
        super().__init__(f"the provider sent an error in its answer ({code or 'without a code'}): {message}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, self.code)


def failure_in(event: Any) -> EventError:
    """Return the error of an event that has one: Anthropic's, and both of OpenAI's responses."""
    said = field(field(event, "response"), "error") or field(event, "error") or event
    code = as_text(field(said, "code"))
    if code is None and said is not event:
        code = as_text(field(said, "type"))
    return EventError(as_text(field(said, "message")) or "no message", code)


def failure_of(answer: Any) -> EventError | None:
    """Return the error of a response that came whole and says that it failed; None of any other answer."""
    return failure_in(answer) if field(answer, "object") == "response" and field(answer, "status") == "failed" else None


class Ending(Protocol):
    """A source that knows how its stream ended."""

    def reply(self) -> Reply: ...
    def error(self) -> Exception | None: ...
    def is_half(self) -> bool: ...


def refuse_half(source: Ending, *, says_why: bool = True) -> Reply:
    """Return what a stream came to that has ended. Raise the error that it held, or IncompleteStreamError where it is not whole.

    `says_why` is what the policy says of the server: whether its streams say why they end.
    """
    error, reply = source.error(), source.reply()
    if error is not None:
        raise error
    if says_why and source.is_half():
        raise IncompleteStreamError(reply.provider or reply.model or "LiteLLM")
    return reply
