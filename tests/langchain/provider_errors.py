"""Exceptions named and shaped as the providers' own."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace


class _StatusError(Exception):
    status_code = 0

    def __init__(self, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.response = SimpleNamespace(status_code=self.status_code, headers=dict(headers or {}))


class RateLimitError(_StatusError):
    status_code = 429


class InternalServerError(_StatusError):
    status_code = 500


class AuthenticationError(_StatusError):
    status_code = 401


class NotFoundError(_StatusError):
    status_code = 404


class BadRequestError(_StatusError):
    status_code = 400


class APITimeoutError(Exception):
    """The client's own time ran out."""


class ContextOverflowError(Exception):
    """The prompt is longer than the model's window."""


FALLS_BACK = {
    "rate_limit": RateLimitError("slow down"),
    "timeout": APITimeoutError("30s"),
    "server_error": InternalServerError("oops"),
    "connection": ConnectionError("refused"),
    "auth": AuthenticationError("bad key"),
    "not_found": NotFoundError("no such model"),
}
"""One exception for each failure class that goes to the next model."""
