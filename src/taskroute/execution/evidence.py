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
_CODE: Final = re.compile(r"""["'](?:code|type|reason|status)["']\s*:\s*["']([a-z_]+)["']""")
"""In a body that stands in a message, as JSON or as Python writes it; in a text that is quoted there the marks have a backslash."""
_RETRY_DELAY: Final = re.compile(r"""retrydelay['"]\s*:\s*['"](\d+(?:\.\d+)?)s['"]""")


def _attribute(holder: object, name: str) -> Any:
    """Return an attribute; None where there is none, or where reading it fails."""
    try:
        return getattr(holder, name, None)
    except Exception:  # noqa: BLE001 - an exception of a client may have any property, and must not hide what it says
        return None


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
        inner = _attribute(found, "original_exception")
        if not isinstance(inner, Exception) or inner is found:
            break
        found = inner
    return found if found is not error and isinstance(found, Exception) else None


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status of an exception, without those that it was raised from."""
    for holder in (error, _attribute(error, "response")):
        for name in ("status_code", "code", "http_status", "status"):
            status = _attribute(holder, name)
            if isinstance(status, int) and not isinstance(status, bool) and 400 <= status < 600:
                return status
    return None


def says(error: BaseException, phrases: tuple[str, ...]) -> bool:
    """Return whether the message or the body of an exception holds one of the phrases, which are in lower case."""
    return any(phrase in text for text in words(error) for phrase in phrases)


def codes(error: BaseException) -> Iterator[str]:
    """Yield what an exception gives as a code, type, reason or status, in lower case. Words that it only quotes are none."""
    for held in holders(error):
        for name in ("code", "type"):
            value = _attribute(held, name)
            if isinstance(value, str):
                yield value.casefold()
    for text in words(error):
        yield from _CODE.findall(text)


def words(error: BaseException) -> Iterator[str]:
    """Yield what an exception says, in lower case: its message and its body."""
    for held in holders(error):
        yield _message(held)[:_TEXT].casefold()
        # `body` of OpenAI's and Anthropic's clients, `details` of Google's.
        for name in ("body", "details"):
            value = _attribute(held, name)
            if isinstance(value, dict | list):
                yield from _as_text(value)


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - as for attributes
        return ""


def _as_text(value: Any) -> Iterator[str]:
    try:
        yield json.dumps(value, default=str)[:_TEXT].casefold()
    except (TypeError, ValueError, RecursionError):
        return


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
    yield _attribute(_attribute(error, "response"), "headers")
    yield _attribute(error, "headers")
    # LiteLLM's own: the response of its exceptions is one that it makes up.
    yield _attribute(error, "litellm_response_headers")


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
