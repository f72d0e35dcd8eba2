"""Tells how large a call is, from lengths alone: nothing is tokenised and nothing downloaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from taskroute.types import Call

MARGIN: Final = 0.65
"""The share of an estimate to add before it is compared with a context window.

Measured on recorded responses of real providers, against the input tokens that they billed. Over 115 text-only chat requests,
estimate / billed was 0.09 at the 5th percentile, 0.86 at the median, 1.51 at the 95th: most are a sentence long, and templates and
hidden prompts of the provider (some tens of tokens, several hundred with some) outweigh it. Over the 16 of 300 tokens and more,
where windows matter, it was 0.62, 1.20 and 1.51: this margin covers all 16. With tools, where providers add prompts of their own,
it covers 16 of 19.
"""

MESSAGE_TOKENS: Final = 4
"""What a message costs besides its text: role and separators."""
MEDIA_TOKENS: Final[Mapping[str, int]] = {"image": 1000, "audio": 1000, "video": 5000, "file": 2500}
"""What a part that is not text is taken to cost, by kind; the true figure depends on its size and on the provider."""
OTHER_MEDIA_TOKENS: Final = 1000

# Counted in twelfths of a token, so that sums stay exact: an ASCII character is a quarter, a byte of any other character a third.
_ASCII: Final = 3
_OTHER_BYTE: Final = 4
_LARGEST_CHAR: Final = 4 * _OTHER_BYTE
_WHOLE: Final = 12


def cap(text: str, limit: int = 4000) -> str:
    """Return at most `limit` characters: the head and the tail, with a line break where the middle was cut out."""
    if limit < 1:
        raise ValueError(f"cap: limit={limit!r} leaves no text; give 1 or more")
    if len(text) <= limit:
        return text
    kept = limit - 1
    tail = kept // 2
    return f"{text[: kept - tail]}\n{text[len(text) - tail :]}"


def estimate_tokens(call: Call) -> int:
    """Return the input tokens of a call: what the caller counted, else an estimate that `MARGIN` goes with."""
    if call.tokens is not None:
        return call.tokens
    return _total(call, sum(map(_twelfths, _written(call))))


def tokens_of(text: str) -> int:
    """Return the tokens that a text is estimated at."""
    return -(-_twelfths(text) // _WHOLE)


def token_ceiling(call: Call) -> int:
    """Return a number that `estimate_tokens` never exceeds, from lengths alone: no text is read."""
    if call.tokens is not None:
        return call.tokens
    return _total(call, sum(len(text) * (_ASCII if text.isascii() else _LARGEST_CHAR) for text in _written(call)))


def _written(call: Call) -> Iterator[str]:
    """Yield the texts of the messages, without the parameters: `MARGIN` was measured with those counted by the character."""
    for message in call.messages:
        yield message.text
    if call.prompt:
        yield call.prompt


def _twelfths(text: str) -> int:
    if text.isascii():
        return len(text) * _ASCII
    ascii_chars = len(text.encode("ascii", "ignore"))
    other_bytes = len(text.encode("utf-8", "surrogatepass")) - ascii_chars
    return ascii_chars * _ASCII + other_bytes * _OTHER_BYTE


def _total(call: Call, twelfths: int) -> int:
    tokens = -(-(twelfths + sum(map(len, call.parameters)) * _ASCII) // _WHOLE)
    tokens += MESSAGE_TOKENS * (len(call.messages) + (1 if call.prompt else 0))
    return tokens + sum(MEDIA_TOKENS.get(kind, OTHER_MEDIA_TOKENS) for message in call.messages for kind in message.media)
