"""LangChain's event streams of version 3: lazy objects that are driven by whoever reads them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

from langchain_core.language_models.chat_model_stream import AsyncChatModelStream, ChatModelStream
from langchain_core.messages import AIMessage

from taskroute.execution.record import record
from taskroute.execution.run import Run, Source
from taskroute.execution.streams import adrive_stream, drive_stream
from taskroute.reading import NOT_FOR_THE_CALLER, as_mapping, as_text, say_unread
from taskroute.steps import Attempt
from taskroute.types import Reply
from taskroute_langchain.answers import (
    FOR_THE_CALLER,
    UNKNOWN_ANSWER,
    answer_from,
    has_summary,
    refuse_half,
    says,
    unless_summarised,
)
from taskroute_langchain.genai_output import Blocks, Said, said_in, said_in_blocks
from taskroute_langchain.host import UNREAD, ChatHost
from taskroute_langchain.passed_on import aclose
from taskroute_langchain.record import KEY, run_config
from taskroute_langchain.stored_message import stored_of

_SPREAD = frozenset({"google_genai", "google_vertexai"})
"""Providers whose packages spread the usage over the chunks: of its details, LangChain's events keep those of the last chunk alone."""


class EventSource:
    """Makes sense of a stream of events; the one that ends the message gets the record."""

    def __init__(self, host: ChatHost, attempt: Attempt) -> None:
        self._host = host
        self._attempt = attempt
        self._said = UNKNOWN_ANSWER
        self._ended = UNKNOWN_ANSWER
        """What the event that ends the message says alone."""
        self._texts: list[str] = []
        self._called: list[str] = []
        self._arguments: list[Any] = []
        self._other = False
        """Whether there is anything for the caller beside text and calls of tools."""
        self._refused = False
        self._summarised = False
        self._unread = False
        self._blocks = Blocks()
        """What came of each block, where observers want to hear it."""
        self.message: AIMessage | None = None
        """The whole answer, once the stream that gives the events has put it together."""

    def take(self, chunk: Any) -> bool:
        event = as_mapping(chunk)
        if event.get("event") == "message-finish":
            # What is no block, such as OpenAI's audio, comes with the end.
            return not FOR_THE_CALLER.isdisjoint(as_mapping(event.get("additional_kwargs")))
        if event.get("event") not in ("content-block-start", "content-block-delta", "content-block-finish"):
            return False
        return says(as_mapping(event.get("delta") or event.get("content")))

    def note(self, event: Any) -> Any:
        """Return the event; what ends the message comes back with the record."""
        try:
            self._read(event)
            if self._attempt.told:
                self._blocks.take(event)
        except Exception as error:  # noqa: BLE001 - as in ChatHost.read
            self._give_up(error)
        if as_mapping(event).get("event") != "message-finish":
            return event
        if self._attempt.cached is None:
            refuse_half(self._ended, counted=bool(event.get("usage")), spec=self._host.spec(self._attempt))
        return {**event, "metadata": {**as_mapping(event.get("metadata")), KEY: record(self._attempt, self.reply().cost)}}

    def _read(self, event: Mapping[str, Any]) -> None:
        kind = event["event"]
        if kind == "message-start":
            about = as_mapping(event.get("metadata"))
            self._said = self._said._replace(model=as_text(about.get("model")), provider=as_text(about.get("provider")))
        elif kind == "content-block-finish":
            self._block(as_mapping(event.get("content")))
        elif kind == "message-finish":
            self._finish(event)

    def _finish(self, event: Mapping[str, Any]) -> None:
        self._ended = ended = answer_from(as_mapping(event.get("metadata")), event.get("usage"))
        usage = ended.usage
        if usage is not None and ended.provider in _SPREAD:
            usage = usage._replace(cache_read=None, cache_write=None, reasoning=None, input_audio=None, output_audio=None)
        finish = ended.finish_reason or as_text(event.get("reason"))
        said = self._said.then(ended)._replace(usage=usage, finish_reason=finish)
        self._said = unless_summarised(said, summarised=self._summarised)
        more = as_mapping(event.get("additional_kwargs"))
        self._refused = self._refused or bool(more.get("refusal"))
        self._other = self._other or not FOR_THE_CALLER.isdisjoint(more)

    def _block(self, block: Mapping[str, Any]) -> None:
        kind, name = block.get("type"), as_text(block.get("name"))
        if kind == "text":
            self._texts.append(as_text(block.get("text")) or "")
        elif kind in ("tool_call", "invalid_tool_call") and name:
            self._called.append(name)
            self._arguments.append(block.get("args") if kind == "tool_call" else None)
        else:
            self._block_of_another_kind(as_mapping(block.get("value")) if kind == "non_standard" else block)

    def _block_of_another_kind(self, block: Mapping[str, Any]) -> None:
        kind = block.get("type")
        self._summarised = self._summarised or has_summary([block])
        self._refused = self._refused or kind == "refusal"
        self._other = self._other or kind not in NOT_FOR_THE_CALLER

    def _give_up(self, error: Exception) -> None:
        """Leave the whole message unknown: what the other events say is not all of it."""
        self._unread = True
        self._ended = UNKNOWN_ANSWER
        say_unread(self, error)

    def reply(self) -> Reply:
        if not self._unread:
            try:
                reply = self._host.priced(self._attempt, self._said, text="".join(self._texts), tool_calls=tuple(self._called))
                if self._attempt.told:
                    reply = reply._replace(said=self._told(reply.finish_reason))
                return self._examined(reply) if self._attempt.checks or self._attempt.keeps else reply
            except Exception as error:  # noqa: BLE001 - as in ChatHost.read
                self._give_up(error)
        return UNREAD._replace(answer=AIMessage(content="".join(self._texts)))

    def _told(self, finish_reason: str | None) -> Said:
        whole = self.message
        return said_in_blocks(self._blocks.all(), finish_reason) if whole is None else said_in(whole, finish_reason)

    def _examined(self, reply: Reply) -> Reply:
        """Return the reply with what it takes to examine the answer, and a message of it for the user's check."""
        calls: Any = [
            {"name": name, "args": arguments, "id": None, "type": "tool_call"}
            for name, arguments in zip(self._called, self._arguments, strict=True)
            if isinstance(arguments, dict)
        ]
        empty = not (reply.text.strip() or self._called or self._other)
        answer = AIMessage(content=reply.text, tool_calls=calls)
        kept = stored_of(self.message) if self._attempt.keeps and self.message is not None else None
        return reply._replace(answer=answer, arguments=tuple(self._arguments), refused=self._refused, empty=empty, kept=kept)


class EventHost(ChatHost):
    """Performs attempts through `stream_events(version="v3")` of the chosen model."""

    message_id: str | None = None

    def open(self, attempt: Attempt) -> tuple[Iterator[Any], Source]:
        source = EventSource(self, attempt)
        return self._events(attempt, source), source

    def _events(self, attempt: Attempt, source: EventSource) -> Iterator[Any]:
        runnable, kwargs = self.target(attempt, streams=True, exact=True)
        inner: Any = runnable.stream_events(self.input, run_config(self.config, attempt), version="v3", **kwargs)
        for event in inner:
            self.message_id, source.message = inner.message_id, getattr(inner, "output_message", None)
            yield source.note(event)

    def aopen(self, attempt: Attempt) -> tuple[AsyncIterator[Any], Source]:
        source = EventSource(self, attempt)
        return self._aevents(attempt, source), source

    async def _aevents(self, attempt: Attempt, source: EventSource) -> AsyncIterator[Any]:
        runnable, kwargs = self.target(attempt, streams=True)
        inner: Any = await runnable.astream_events(self.input, run_config(self.config, attempt), version="v3", **kwargs)
        try:
            async for event in inner:
                self.message_id, source.message = inner.message_id, getattr(inner, "output_message", None)
                yield source.note(event)
        except GeneratorExit:
            await asyncio.sleep(0)  # as in `PassedOn.aclose`
            raise
        finally:
            await aclose(inner)


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
            await aclose(self._source)
        await super().aclose()


async def ready(begin: Callable[[], Run], host: EventHost) -> AsyncChatModelStream:
    """Return an async event stream that begins the call when it is first read."""
    return RoutedEventStream(begin, host)
