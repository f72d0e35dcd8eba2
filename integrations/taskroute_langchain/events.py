"""LangChain's event streams of version 3: lazy objects that are driven by whoever reads them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from langchain_core.language_models.chat_model_stream import AsyncChatModelStream, ChatModelStream

from taskroute.execution.drivers import Run, Source, adrive_stream, drive_stream
from taskroute.steps import Attempt
from taskroute.types import Reply
from taskroute_langchain.answers import UNKNOWN_ANSWER, answer_from, refuse_half, summarised
from taskroute_langchain.host import ChatHost
from taskroute_langchain.record import KEY, record, run_config

_SILENT = frozenset({"message-start", "error"})
_SPREAD = frozenset({"google_genai", "google_vertexai"})
"""Providers whose packages spread the usage over the chunks: of its details, LangChain's events keep those of the last chunk alone."""


class EventSource:
    """Makes sense of a stream of events; the one that ends the message gets the record."""

    def __init__(self, host: ChatHost, attempt: Attempt) -> None:
        self._host = host
        self._attempt = attempt
        self._said = UNKNOWN_ANSWER
        self._texts: list[str] = []
        self._called: list[str] = []
        self._summarised = False

    def take(self, chunk: Any) -> bool:
        return chunk["event"] not in _SILENT

    def note(self, event: Any) -> Any:
        """Return the event; what ends the message comes back with the record."""
        about: dict[str, Any] = event.get("metadata") or {}
        kind = event["event"]
        if kind == "message-start":
            self._said = self._said._replace(model=about.get("model"), provider=about.get("provider"))
        elif kind == "content-block-finish":
            self._block(event["content"])
        if kind != "message-finish":
            return event
        known, said = self._said, answer_from(about, event.get("usage"))
        refuse_half(said)
        usage = said.usage
        if usage is not None and said.provider in _SPREAD:
            usage = usage._replace(cache_read=None, cache_write=None, reasoning=None)
        self._said = known.then(said)._replace(
            usage=None if self._summarised else usage, finish_reason=said.finish_reason or event.get("reason")
        )
        return {**event, "metadata": {**about, KEY: record(self._attempt, self.reply().cost)}}

    def _block(self, block: dict[str, Any]) -> None:
        kind = block.get("type")
        if kind == "text":
            self._texts.append(block.get("text") or "")
        elif kind in ("tool_call", "invalid_tool_call") and block.get("name"):
            self._called.append(block["name"])
        elif kind == "non_standard":
            self._summarised = self._summarised or summarised([block.get("value")])

    def reply(self) -> Reply:
        reply = self._host.priced(self._attempt, self._said)
        return reply._replace(text="".join(self._texts), tool_calls=tuple(self._called))


class EventHost(ChatHost):
    """Performs attempts through `stream_events(version="v3")` of the chosen model."""

    message_id: str | None = None

    def open(self, attempt: Attempt) -> tuple[Iterator[Any], Source]:
        source = EventSource(self, attempt)
        return self._events(attempt, source), source

    def _events(self, attempt: Attempt, source: EventSource) -> Iterator[Any]:
        runnable, kwargs = self.target(attempt)
        inner: Any = runnable.stream_events(self.input, run_config(self.config, attempt), version="v3", **kwargs)
        for event in inner:
            self.message_id = inner.message_id
            yield source.note(event)

    def aopen(self, attempt: Attempt) -> tuple[AsyncIterator[Any], Source]:
        source = EventSource(self, attempt)
        return self._aevents(attempt, source), source

    async def _aevents(self, attempt: Attempt, source: EventSource) -> AsyncIterator[Any]:
        runnable, kwargs = self.target(attempt)
        inner: Any = await runnable.astream_events(self.input, run_config(self.config, attempt), version="v3", **kwargs)
        try:
            async for event in inner:
                self.message_id = inner.message_id
                yield source.note(event)
        finally:
            await inner.aclose()


def event_stream(begin: Callable[[], Run], host: EventHost) -> ChatModelStream:
    """Return a stream that begins the call when it is first read."""
    stream = ChatModelStream()
    events: Iterator[Any] | None = None

    def start() -> None:
        nonlocal events
        if events is None:
            events = drive_stream(begin(), host)

    def pump() -> bool:
        start()
        try:
            event = next(events)  # type: ignore[arg-type]
        except StopIteration:
            if not stream.done:
                stream.fail(ValueError("the model's event stream ended without a message"))
            return False
        except BaseException as error:  # noqa: BLE001 - LangChain's streams raise it from whatever reads them
            stream.fail(error)
            return False
        if stream.message_id is None and host.message_id is not None:
            stream.set_message_id(host.message_id)
        stream.dispatch(event)
        if stream.done:
            # The message is whole before the plan has ended, and nobody would ask for more.
            for _ in events or ():
                pass
        return True

    stream.set_start(start)
    stream.bind_pump(pump)
    return stream


class RoutedEventStream(AsyncChatModelStream):
    """An async event stream that closes the routed call with itself."""

    def __init__(self, begin: Callable[[], Run], host: EventHost) -> None:
        super().__init__()
        self._begin = begin
        self._host = host
        self._source: Any = None
        self._pulling = asyncio.Lock()
        self.set_start(self._start)
        self.set_arequest_more(self._pull)

    async def _start(self) -> None:
        if self._source is None:
            self._source = adrive_stream(self._begin(), self._host)

    async def _pull(self) -> bool:
        await self._start()
        # Several projections may be read at once, and an async generator cannot be.
        async with self._pulling:
            if self.done:
                return False
            try:
                event = await anext(self._source)
            except StopAsyncIteration:
                if not self.done:
                    self.fail(ValueError("the model's event stream ended without a message"))
                return False
            except BaseException as error:
                self.fail(error)
                if isinstance(error, asyncio.CancelledError):
                    raise
                return False
            if self.message_id is None and self._host.message_id is not None:
                self.set_message_id(self._host.message_id)
            self.dispatch(event)
            if self.done:
                await self._finish_call()
            return True

    async def _finish_call(self) -> None:
        """Let the call end: the message is whole before the plan and its observers know."""
        async for _ in self._source:
            pass

    async def aclose(self) -> None:
        if self._source is not None:
            await self._source.aclose()
        await super().aclose()


async def ready(begin: Callable[[], Run], host: EventHost) -> AsyncChatModelStream:
    """Return an async event stream that begins the call when it is first read."""
    return RoutedEventStream(begin, host)
