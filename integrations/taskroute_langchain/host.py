"""LangChain as the host of a plan: one call's attempts, each the chosen model's own run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig

from taskroute.errors import ConfigurationError
from taskroute.execution.drivers import Source
from taskroute.steps import Attempt
from taskroute.types import Cost, Reply
from taskroute_langchain.answers import (
    UNKNOWN_ANSWER,
    Answer,
    Called,
    answer_from,
    answer_of,
    called,
    has_content,
    id_of,
    refuse_half,
    summarised,
    text_of,
    usage_of,
    usage_with,
)
from taskroute_langchain.binding import resolve
from taskroute_langchain.record import record, run_config, with_record

if TYPE_CHECKING:
    from taskroute_langchain.chat_model import RoutedChatModel


class ChatHost:
    """Performs the attempts of one call through the public methods of the chosen chat model."""

    def __init__(self, llm: RoutedChatModel, model_input: Any, config: RunnableConfig, kwargs: dict[str, Any]) -> None:
        self.llm = llm
        self.input = model_input
        self.config = config
        self.kwargs = kwargs

    def target(self, attempt: Attempt) -> tuple[Runnable[Any, Any], dict[str, Any]]:
        """Return what to call, and with which arguments."""
        return resolve(self.llm.chosen(attempt), self.kwargs)

    def answer(self, attempt: Attempt) -> Reply:
        runnable, kwargs = self.target(attempt)
        return self.reply(attempt, runnable.invoke(self.input, run_config(self.config, attempt), **kwargs))

    async def aanswer(self, attempt: Attempt) -> Reply:
        runnable, kwargs = self.target(attempt)
        return self.reply(attempt, await runnable.ainvoke(self.input, run_config(self.config, attempt), **kwargs))

    def open(self, attempt: Attempt) -> tuple[Iterator[Any], Source]:
        runnable, kwargs = self.target(attempt)
        source = ChunkSource(self, attempt)
        return source.sealed(runnable.stream(self.input, run_config(self.config, attempt), **kwargs)), source

    def aopen(self, attempt: Attempt) -> tuple[AsyncIterator[Any], Source]:
        runnable, kwargs = self.target(attempt)
        source = ChunkSource(self, attempt)
        return source.asealed(runnable.astream(self.input, run_config(self.config, attempt), **kwargs)), source

    def reply(self, attempt: Attempt, answer: Any) -> Reply:
        """Return the answer with its record and its price."""
        if not isinstance(answer, BaseMessage):
            return Reply(answer=answer)
        said = answer_of(answer)
        cost = self._cost(attempt, said)
        return Reply(
            answer=with_record(answer, record(attempt, cost)),
            usage=said.usage,
            finish_reason=said.finish_reason,
            model=said.model,
            provider=said.provider,
            id=said.id,
            text=text_of(answer),
            tool_calls=called(answer),
            cost=cost,
        )

    def priced(self, attempt: Attempt, said: Answer) -> Reply:
        """Return a reply without its answer: what the model said of itself, and what that costs."""
        cost = self._cost(attempt, said)
        return Reply(
            answer=None,
            usage=said.usage,
            finish_reason=said.finish_reason,
            model=said.model,
            provider=said.provider,
            id=said.id,
            cost=cost,
        )

    def _cost(self, attempt: Attempt, said: Answer) -> Cost | None:
        if said.usage is None:
            return None
        return self.llm.router.cost(attempt.model, said.usage, provider=said.provider, answered_by=said.model, snapshot=attempt.snapshot)


class ChunkSource:
    """Adds up a stream of chunks, and puts the record on the one that ends it.

    On one only: LangChain merges the metadata of chunks, and would join two records into nonsense.
    """

    def __init__(self, host: ChatHost, attempt: Attempt) -> None:
        self._host = host
        self._attempt = attempt
        self._about = UNKNOWN_ANSWER
        self._usage: Mapping[str, Any] | None = None
        self._summarised = False
        self._texts: list[str] = []
        self._called = Called()
        self._id: str | None = None

    def take(self, chunk: Any) -> bool:
        return has_content(chunk)

    def _note(self, chunk: Any) -> Any:
        if not isinstance(chunk, BaseMessage):
            return chunk
        if chunk.response_metadata:
            self._about = self._about.then(answer_from(chunk.response_metadata, None))
        usage = getattr(chunk, "usage_metadata", None)
        if usage:
            self._usage = usage_with(self._usage, usage, self._about.provider)
        if chunk.content:
            self._texts.append(text_of(chunk))
            self._summarised = self._summarised or (not isinstance(chunk.content, str) and summarised(chunk.content))
        self._id = self._id or id_of(chunk)
        if isinstance(chunk, AIMessageChunk):
            if chunk.tool_call_chunks:
                self._called.add(chunk)
            if chunk.chunk_position != "last":
                return chunk
            refuse_half(self._about)
        return with_record(chunk, record(self._attempt, self.reply().cost))

    def sealed(self, chunks: Iterator[Any]) -> Iterator[Any]:
        """Yield the chunks, each noted, the last with the record."""
        for chunk in chunks:
            yield self._note(chunk)

    async def asealed(self, chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Yield the chunks, each noted, the last with the record."""
        try:
            async for chunk in chunks:
                yield self._note(chunk)
        finally:
            await aclose(chunks)

    def reply(self) -> Reply:
        about = self._about
        usage = None if self._summarised else usage_of(self._usage, {"model_provider": about.provider})
        reply = self._host.priced(self._attempt, about._replace(usage=usage))
        return reply._replace(id=about.id or self._id, text="".join(self._texts), tool_calls=tuple(self._called))


async def aclose(chunks: Any) -> None:
    """Close a stream now: left to the event loop, its connection would stay open until some later turn."""
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()


class GenerateHost(ChatHost):
    """The same, for LangChain's `generate`, which legacy chains call: one list of messages, one `LLMResult`."""

    def _arguments(self, attempt: Attempt) -> tuple[BaseChatModel, dict[str, Any]]:
        target, kwargs = self.target(attempt)
        runnable: Any = target
        while isinstance(runnable, RunnableBinding):
            runnable, kwargs = runnable.bound, {**runnable.kwargs, **kwargs}  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if not isinstance(runnable, BaseChatModel):
            raise ConfigurationError(
                f"{attempt.model!r} binds tools as a {type(runnable).__name__}, which has no generate(); "
                "call it through invoke() or stream()"
            )
        config = run_config(self.config, attempt)
        about = {key: config.get(key) for key in ("callbacks", "tags", "metadata", "run_name", "run_id")}
        return runnable, {**about, **kwargs}

    def answer(self, attempt: Attempt) -> Reply:
        model, kwargs = self._arguments(attempt)
        return self._generated(attempt, model.generate([self.input], **kwargs))

    async def aanswer(self, attempt: Attempt) -> Reply:
        model, kwargs = self._arguments(attempt)
        return self._generated(attempt, await model.agenerate([self.input], **kwargs))

    def _generated(self, attempt: Attempt, result: LLMResult) -> Reply:
        marked = [self._marked(attempt, generation) for generation in result.generations[0]]
        first = marked[0][1] if marked else Reply(answer=None)
        fresh = LLMResult(generations=[[generation for generation, _ in marked]], llm_output=result.llm_output, run=result.run)
        return first._replace(answer=fresh)

    def _marked(self, attempt: Attempt, generation: Any) -> tuple[Any, Reply]:
        if not isinstance(generation, ChatGeneration):
            return generation, Reply(answer=None)
        reply = self.reply(attempt, generation.message)
        return ChatGeneration(message=reply.answer, generation_info=generation.generation_info), reply
