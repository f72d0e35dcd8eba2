"""What every store asks of its arguments, so that the same mistake is answered alike by each of them."""

from __future__ import annotations

import math


def check_key(key: str) -> None:
    """Raise TypeError unless a name is text."""
    if not isinstance(key, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        cure = "decode it" if isinstance(key, bytes) else f"write it as text, such as {str(key)!r}"
        raise TypeError(f"a name in a store is a str, not {type(key).__name__}; {cure}")


def check_value(what: str, value: bytes) -> None:
    """Raise TypeError unless a value is bytes; `what` is how the message calls it."""
    if not isinstance(value, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]
        cure = (
            "encode it, such as by .encode()" if isinstance(value, str) else "turn it into bytes first, such as by json.dumps(…).encode()"
        )
        raise TypeError(f"a store keeps bytes, and this {what} is {type(value).__name__}; {cure}")


def check_step(by: int) -> None:
    """Raise TypeError unless a counter is to go up by a whole number."""
    if not isinstance(by, int) or isinstance(by, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"a counter goes up by an int, not by {by!r}; count in smaller units, such as cents")


def ttl_seconds(ttl: float | None) -> float | None:
    """Return a time to live in seconds, or None for ever. Raises TypeError when it is no number, ValueError when it is not above 0."""
    if ttl is None:
        return None
    if not isinstance(ttl, int | float) or isinstance(ttl, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"a ttl is a number of seconds, not {ttl!r}; give seconds, or None to keep the value until it is deleted")
    if not 0 < ttl < math.inf:
        raise ValueError(
            f"a ttl of {ttl!r} is not possible; give a number of seconds above 0, or None to keep the value until it is deleted"
        )
    return float(ttl)


def number_in(key: str, value: bytes) -> int:
    """Return the number that a counter has come to. Raises ValueError when the value is none."""
    if value.removeprefix(b"-").isdigit():
        return int(value)
    raise ValueError(f"{key!r} holds no number, so that nothing can be added to it; count under another name, or delete it first")
