"""What an exception carries of the provider's answer: status, headers, body, words. No provider's package is imported for it."""

from __future__ import annotations

import email.utils
import json
import re
from collections.abc import Iterator
from typing import Any, Final

_WRAPPED: Final = 3
"""Clients wrap the error of the client below them, some more than once; so many times are unwrapped."""
_TEXT: Final = 4000
"""Characters of a text that are looked at."""
_RETRY_DELAY: Final = re.compile(r"""retrydelay['"]\s*:\s*['"](\d+(?:\.\d+)?)s['"]""")


def holders(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception, then those that it was raised from, as far as a client may have wrapped them.

    An exception of Python's own wraps nothing: it is a fault of the code that raised it, whatever came before.
    """
    held: BaseException | None = error
    for _ in range(_WRAPPED + 1):
        if held is None:
            return
        yield held
        held = None if type(held).__module__ == "builtins" else held.__cause__


def original_of(error: BaseException) -> Exception | None:
    """Return the exception that LiteLLM keeps in one that it raises for whatever goes wrong in a stream."""
    found: BaseException = error
    for _ in range(_WRAPPED):
        inner = getattr(found, "original_exception", None)
        if not isinstance(inner, Exception) or inner is found:
            break
        found = inner
    return found if found is not error and isinstance(found, Exception) else None


def own_status(error: BaseException) -> int | None:
    """Return the HTTP status of an exception, without those that it was raised from."""
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "code", "http_status", "status"):
            status = getattr(holder, name, None)
            if isinstance(status, int) and not isinstance(status, bool) and 400 <= status < 600:
                return status
    return None


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status that an exception carries, or None."""
    return next((status for held in holders(error) if (status := own_status(held)) is not None), None)


def says(error: BaseException, phrases: tuple[str, ...]) -> bool:
    """Return whether the message or the body of an exception holds one of the phrases, which are in lower case."""
    return any(phrase in text for text in words(error) for phrase in phrases)


def words(error: BaseException) -> Iterator[str]:
    """Yield what an exception says, in lower case: its message, its code and type, its body."""
    for held in holders(error):
        yield str(held)[:_TEXT].casefold()
        for name in ("code", "type"):
            value = getattr(held, name, None)
            if isinstance(value, str):
                yield value.casefold()
        # `body` of OpenAI's and Anthropic's clients, `details` of Google's.
        for name in ("body", "details"):
            value = getattr(held, name, None)
            if isinstance(value, dict | list):
                yield json.dumps(value, default=str)[:_TEXT].casefold()


def retry_after(error: BaseException) -> float | None:
    """Return the seconds that the provider asks to wait, or None.

    From `retry-after-ms` or `retry-after` (RFC 9110, 10.2.3), else from a `google.rpc.RetryInfo` in the body.
    """
    for held in holders(error):
        for headers in _headers(held):
            seconds = _from_headers(headers)
            if seconds is not None:
                return seconds
    delays = (found for text in words(error) if (found := _RETRY_DELAY.search(text)))
    return next((float(found[1]) for found in delays), None)


def _headers(error: BaseException) -> Iterator[Any]:
    yield getattr(getattr(error, "response", None), "headers", None)
    yield getattr(error, "headers", None)
    # LiteLLM's own: the response of its exceptions is one that it makes up.
    yield getattr(error, "litellm_response_headers", None)


def _from_headers(headers: Any) -> float | None:
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
