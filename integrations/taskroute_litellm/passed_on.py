"""The chunks of a stream as LiteLLM takes them from a custom provider.

LiteLLM ends such a stream where a chunk says why it ends: it makes a last chunk of its own from the reason, and looks at nothing that
comes later, such as the usage. So the reason is kept until everything else has been given out.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterator
from typing import Any

from taskroute_litellm.attempt_id import KEY
from taskroute_litellm.given_out import AsyncRoutedStream, RoutedStream
from taskroute_litellm.host import LiteLLMHost
from taskroute_litellm.usage import field


class _Order:
    """Puts the reason last, and the record of the call beside the first chunk, where it is whole once the stream has ended."""

    def __init__(self, host: LiteLLMHost) -> None:
        self._host = host
        self._first: Any = None
        self._last: Any = None

    def take(self, chunk: Any) -> Iterator[Any]:
        """Yield what may be given out now."""
        if self._first is None:
            self._first = chunk
            self._leave({})
        choices = getattr(chunk, "choices", None)
        if not choices or not choices[0].finish_reason:
            yield chunk
            return
        self._last = chunk
        if _says_more(choices[0]):
            # Copies: the stream that this is from keeps its chunks, too.
            more, self._last = chunk.model_copy(deep=True), chunk.model_copy(deep=True)
            more.choices[0].finish_reason = None
            self._last.choices[0].delta = type(choices[0].delta)()
            yield more

    def rest(self) -> Iterator[Any]:
        """Yield what was kept, at the end of the stream."""
        self._leave(field(getattr(self._host.stream, "_hidden_params", None), KEY) or {})
        if self._last is not None:
            yield self._last

    def _leave(self, entry: dict[str, Any]) -> None:
        hidden: Any = getattr(self._first, "_hidden_params", None)
        if isinstance(hidden, dict):
            hidden.setdefault(KEY, {}).update(entry)  # pyright: ignore[reportUnknownMemberType]


def _says_more(choice: Any) -> bool:
    said = choice.delta.model_dump(exclude_none=True, exclude={"role"})
    return any(said.values()) or getattr(choice, "logprobs", None) is not None


def passed_on(host: LiteLLMHost, stream: RoutedStream) -> Generator[Any]:
    """Return the chunks of an open stream, which is closed with them."""
    chunks = _passed_on(host, stream)
    # A generator that has not begun does not close what it reads from.
    next(chunks)
    return chunks


def _passed_on(host: LiteLLMHost, stream: RoutedStream) -> Generator[Any]:
    order = _Order(host)
    try:
        yield None
        for chunk in stream:
            yield from order.take(chunk)
        yield from order.rest()
    finally:
        stream.close()


async def apassed_on(host: LiteLLMHost, chunks: AsyncGenerator[Any]) -> AsyncGenerator[Any]:
    """Yield the chunks of a stream that opens with the first of them."""
    order = _Order(host)
    stream: AsyncRoutedStream | None = None
    try:
        stream = await AsyncRoutedStream.opened(host, chunks)
        async for chunk in stream:
            for each in order.take(chunk):
                yield each
        for each in order.rest():
            yield each
    finally:
        await (chunks if stream is None else stream).aclose()
