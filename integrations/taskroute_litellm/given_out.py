"""A routed stream as LiteLLM's callers know streams: opened before it is returned, with the attributes of LiteLLM's own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import Any, Final, Self

from taskroute_litellm.host import LiteLLMHost
from taskroute_litellm.stream_errors import EventError
from taskroute_litellm.surfacing import SURFACED, surfaced

_END: Final = object()
_NOTHING: Final = object()


class _Given:
    """What both kinds share: whatever else is asked of the stream, LiteLLM's own answers."""

    def __init__(self, host: LiteLLMHost, first: Any) -> None:
        self._host = host
        self._first = first

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_host":
            raise AttributeError(name)
        return getattr(self._host.stream, name)

    @property  # type: ignore[misc]
    def __class__(self) -> type[Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """LiteLLM asks of what class a stream is, and reads some only if they are its own."""
        stream: object = self._host.stream
        return type(self) if stream is None else type(stream)

    def _has_told(self, error: BaseException) -> bool:
        """Return whether the caller has the error already, in the stream, where Anthropic's format has a place for it."""
        return self._host.endpoint == "messages" and isinstance(error.__cause__, EventError)

    def _take_first(self) -> Any:
        first, self._first = self._first, _NOTHING
        return first


class RoutedStream(_Given):
    """An iterator over the chunks of the model that answered."""

    def __init__(self, host: LiteLLMHost, chunks: Generator[Any], first: Any) -> None:
        super().__init__(host, first)
        self._chunks = chunks

    @classmethod
    def opened(cls, host: LiteLLMHost, chunks: Generator[Any]) -> Self:
        """Return the stream once it has something to give: LiteLLM's callers expect an error where they make the call."""
        try:
            first = next(chunks, _END)
        except SURFACED as error:
            cause = surfaced(error, host.model)
        else:
            return cls(host, chunks, first)
        raise cause

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        first = self._take_first()
        if first is _END:
            raise StopIteration
        if first is not _NOTHING:
            return first
        try:
            return next(self._chunks)
        except SURFACED as error:
            cause = StopIteration() if self._has_told(error) else surfaced(error, self._host.model)
        raise cause

    def close(self) -> None:
        """End the call now: the model's connection is closed, and observers hear that it was cancelled."""
        self._first = _NOTHING
        self._chunks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


class AsyncRoutedStream(_Given):
    """An async iterator over the chunks of the model that answered."""

    def __init__(self, host: LiteLLMHost, chunks: AsyncGenerator[Any], first: Any) -> None:
        super().__init__(host, first)
        self._chunks = chunks

    @classmethod
    async def opened(cls, host: LiteLLMHost, chunks: AsyncGenerator[Any]) -> Self:
        """Return the stream once it has something to give; otherwise like `RoutedStream.opened`."""
        try:
            first = await anext(chunks, _END)
        except SURFACED as error:
            cause = surfaced(error, host.model)
        else:
            return cls(host, chunks, first)
        raise cause

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        first = self._take_first()
        if first is _END:
            raise StopAsyncIteration
        if first is not _NOTHING:
            return first
        try:
            return await anext(self._chunks)
        except SURFACED as error:
            cause = StopAsyncIteration() if self._has_told(error) else surfaced(error, self._host.model)
        raise cause

    async def aclose(self) -> None:
        """End the call now; otherwise like `RoutedStream.close`."""
        self._first = _NOTHING
        await self._chunks.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.aclose()
