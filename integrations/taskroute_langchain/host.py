"""LangChain as the host of a plan: one call's attempts, each the chosen model's own run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, BaseMessageChunk, message_chunk_to_message
from langchain_core.runnables import Runnable, RunnableConfig

from taskroute.execution.record import record
from taskroute.execution.run import Source
from taskroute.execution.validate import Expected
from taskroute.ports import Question
from taskroute.reading import Called, say_unread
from taskroute.registry.models import ModelSpec
from taskroute.steps import Attempt
from taskroute.stored import Asked
from taskroute.types import UNPAID, Cost, Reply
from taskroute_langchain.answers import (
    UNKNOWN_ANSWER,
    Answer,
    answer_from,
    answer_of,
    arguments_of,
    called,
    has_content,
    has_summary,
    id_of,
    is_empty,
    is_from_cache,
    refuse_half,
    refuses,
    text_of,
    unless_summarised,
    unrepaired,
)
from taskroute_langchain.asking import asked_of
from taskroute_langchain.binding import resolve
from taskroute_langchain.expected import schema_in, tools_in
from taskroute_langchain.genai_output import said_in, said_in_chunks
from taskroute_langchain.passed_on import PassedOn
from taskroute_langchain.record import KEY, run_config, with_record
from taskroute_langchain.replay import ReplayModel, replayed_arguments
from taskroute_langchain.routed import Routed
from taskroute_langchain.stored_message import said_of, stored_of
from taskroute_langchain.unheard import unheard
from taskroute_langchain.usage import tier_in, usage_of, with_chunk

if TYPE_CHECKING:
    from taskroute.decision.snapshot import Snapshot


UNREAD: Final = Reply(answer=None, misfit="")
"""What is known of an answer that could not be read: nothing, not even that it does not fit."""


class ChatHost:
    """Performs the attempts of one call through the public methods of the chosen chat model."""

    def __init__(self, llm: Routed, model_input: Any, config: RunnableConfig, kwargs: dict[str, Any]) -> None:
        self.llm = llm
        self.input = model_input
        self.config = config
        self.kwargs = kwargs

    def asked(self, model: str, snapshot: Snapshot) -> Asked | None:
        """Return what a model would be asked, as far as its answer depends on it; None where that cannot be told."""
        spec, given = snapshot.registry.get(model), self.llm.models.get(model)
        if is_kept_out(given, spec):
            return None
        return for_one_answer(asked_of(self.input, self.kwargs, spec=spec, model=given))

    def target(self, attempt: Attempt, *, streams: bool = False, exact: bool = False) -> tuple[Runnable[Any, Any], dict[str, Any]]:
        """Return what to call, and with which arguments. `exact` where nobody but the client holds the time limit."""
        chosen = self.llm.chosen(attempt, streams=streams, exact=exact)
        if attempt.cached is not None:
            return ReplayModel.of(attempt.cached.entry.answer, chosen), replayed_arguments(self.kwargs)
        return resolve(chosen, self.kwargs)

    def expects(self, attempt: Attempt, reply: Reply) -> Expected:
        """Return what the answer must be like."""
        return Expected(reply.answer, schema_in(self.kwargs), None, *tools_in(self.kwargs.get("tools")))

    def _served(self, attempt: Attempt) -> Reply | None:
        """Return the reply of a stored answer for a call that nobody listens to; None for any other."""
        if attempt.cached is None:
            return None
        stored = attempt.cached.entry.answer
        message = unheard(stored, self.llm.chosen(attempt), self.config, self.kwargs)
        if message is None:
            return None
        reply = self.read(attempt, message, said_of(stored))
        # Made for this call alone, so that no copy is needed for the record.
        message.response_metadata[KEY] = entry = record(attempt, reply.cost)
        return reply._replace(answer=message, record=entry)

    def ask(self, question: Question) -> Reply:
        """Put a classifier's question to a model of the policy, below the run of this call."""
        return self.llm.asker(self.config).ask(question)

    async def aask(self, question: Question) -> Reply:
        return await self.llm.asker(self.config).aask(question)

    def answer(self, attempt: Attempt) -> Reply:
        served = self._served(attempt)
        if served is not None:
            return served
        runnable, kwargs = self.target(attempt, exact=True)
        return self.reply(attempt, runnable.invoke(self.input, run_config(self.config, attempt), **kwargs))

    async def aanswer(self, attempt: Attempt) -> Reply:
        served = self._served(attempt)
        if served is not None:
            return served
        runnable, kwargs = self.target(attempt)
        return self.reply(attempt, await runnable.ainvoke(self.input, run_config(self.config, attempt), **kwargs))

    def open(self, attempt: Attempt) -> tuple[Iterator[Any], Source]:
        runnable, kwargs = self.target(attempt, streams=True, exact=True)
        source = ChunkSource(self, attempt)
        return source.sealed(runnable.stream(self.input, run_config(self.config, attempt), **kwargs)), source

    def aopen(self, attempt: Attempt) -> tuple[AsyncIterator[Any], Source]:
        runnable, kwargs = self.target(attempt, streams=True)
        source = ChunkSource(self, attempt)
        return source.asealed(runnable.astream(self.input, run_config(self.config, attempt), **kwargs)), source

    def reply(self, attempt: Attempt, answer: Any) -> Reply:
        """Return the answer with its record and its price."""
        if not isinstance(answer, BaseMessage):
            return Reply(answer=answer)
        reply = self.read(attempt, answer)
        entry = record(attempt, reply.cost)
        return reply._replace(answer=with_record(answer, entry), record=entry)

    def read(self, attempt: Attempt, message: BaseMessage, said: Answer | None = None) -> Reply:
        """Return a reply without its answer. A message that cannot be read says nothing, and fails no call.

        `said` is what the message says of itself, where that is known.
        """
        try:
            about = said or answer_of(message)
            reply = examined(attempt, self.priced(attempt, about, text=text_of(message), tool_calls=called(message)), message)
            if attempt.cached is None and is_from_cache(message):
                reply = reply._replace(usage=None, cost=UNPAID, service_tier=None, reported=None, from_cache=True)
            return reply._replace(said=said_in(message, about.finish_reason)) if attempt.told else reply
        except Exception as error:  # noqa: BLE001 - whatever a provider's package puts into a message, the caller gets it
            say_unread(message, error)
            return UNREAD

    def priced(self, attempt: Attempt, said: Answer, *, text: str = "", tool_calls: tuple[str, ...] = ()) -> Reply:
        """Return a reply without its answer: what the model said of itself, and what that costs."""
        return Reply(
            answer=None,
            usage=said.usage,
            finish_reason=said.finish_reason,
            model=said.model,
            provider=said.provider,
            id=said.id,
            text=text,
            tool_calls=tool_calls,
            cost=self.cost(attempt, said),
            service_tier=None if attempt.cached is not None else said.service_tier,
            reported=None if attempt.cached is not None else said.reported,
        )

    def spec(self, attempt: Attempt) -> ModelSpec | None:
        """Return what is known of the model of an attempt; None of one that is not the policy's."""
        return (attempt.snapshot or self.llm.router.snapshot).registry.get(attempt.model)

    def cost(self, attempt: Attempt, said: Answer) -> Cost | None:
        """Return the price of what was said to be used, or None when no price is known. What comes from the cache costs nothing."""
        if attempt.cached is not None:
            saved = attempt.cached.entry.cost
            return Cost(Decimal(0), "cache") if saved is None else saved._replace(amount=Decimal(0), source="cache")
        if said.usage is None and said.reported is None:
            return None
        return self.llm.router.cost(
            attempt.model,
            said.usage,
            provider=said.provider,
            answered_by=said.model,
            snapshot=attempt.snapshot,
            service_tier=said.service_tier,
            reported=said.reported,
        )


def is_kept_out(given: BaseChatModel | None, spec: ModelSpec | None) -> bool:
    """Return whether a chosen model says `cache=False` of itself: `given` as an object, or by its `params` in the policy."""
    return spec is not None and spec.params.get("cache") is False if given is None else given.cache is False


def for_one_answer(asked: Asked | None) -> Asked | None:
    """Return what is asked; None where several answers are asked for, of which LangChain gives one or all as the caller likes."""
    if asked is None or any(asked.parameters.get(name) not in (None, 1) for name in ("n", "candidate_count")):
        return None
    return asked


def examined(attempt: Attempt, reply: Reply, message: BaseMessage) -> Reply:
    """Return the reply with what it takes to examine the answer, and to store it, where the attempt asks for that."""
    if not (attempt.checks or attempt.keeps):
        return reply
    kept = stored_of(message) if attempt.keeps else None
    return reply._replace(arguments=arguments_of(message), refused=refuses(message), empty=is_empty(message), kept=kept)


def answering(reply: Reply, message: BaseMessage) -> Reply:
    """Return the reply of an answer in a schema that came as the call of a tool: to call it is to answer, and nothing is done."""
    return reply._replace(tool_calls=(), arguments=(), kept=stored_of(message, calls_are_it=True)) if reply.tool_calls else reply


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
        self._unread = False
        self._parts: list[BaseMessageChunk] = []
        """The chunks themselves, where the whole answer will be examined, or told."""

    def take(self, chunk: Any) -> bool:
        if (self._attempt.checks or self._attempt.keeps or self._attempt.told) and isinstance(chunk, BaseMessageChunk):
            self._parts.append(chunk)
        return has_content(chunk)

    def _note(self, chunk: Any) -> Any:
        if not isinstance(chunk, BaseMessage):
            return chunk
        try:
            self._read(chunk)
        except Exception as error:  # noqa: BLE001 - as in ChatHost.read
            self._give_up(chunk, error)
        if isinstance(chunk, AIMessageChunk):
            if chunk.chunk_position != "last":
                return chunk
            if self._attempt.cached is None:
                refuse_half(self._about, counted=bool(self._usage), spec=self._host.spec(self._attempt))
        return with_record(chunk, record(self._attempt, self._cost()))

    def _read(self, chunk: BaseMessage) -> None:
        about, known = chunk.response_metadata, self._about.provider
        # Some packages say whose each chunk is, and no more.
        if about and (len(about) > 1 or known is None or about.get("model_provider") != known):
            self._about = self._about.then(answer_from(about, None))
        counts = getattr(chunk, "usage_metadata", None)
        if counts:
            self._usage = with_chunk(self._usage, counts, self._about.provider)
        if chunk.content:
            self._texts.append(text_of(chunk))
            if not self._summarised and not isinstance(chunk.content, str):
                self._summarised = has_summary(chunk.content)
        if self._id is None:
            self._id = id_of(chunk)
        if isinstance(chunk, AIMessageChunk):
            for part in chunk.tool_call_chunks:
                self._called.add(index=part["index"], id=part["id"], name=part["name"])

    def _give_up(self, chunk: Any, error: Exception) -> None:
        """Leave the whole stream unknown: what the other chunks say is not all of it."""
        self._unread = True
        self._about = UNKNOWN_ANSWER
        say_unread(chunk, error)

    def _said(self) -> Answer:
        about = self._about
        usage, tier = usage_of(self._usage, provider=about.provider), about.service_tier or tier_in(self._usage)
        return unless_summarised(about._replace(usage=usage, id=about.id or self._id, service_tier=tier), summarised=self._summarised)

    def _cost(self) -> Cost | None:
        if self._unread:
            return None
        try:
            return self._host.cost(self._attempt, self._said())
        except Exception as error:  # noqa: BLE001 - as in ChatHost.read
            self._give_up(self, error)
            return None

    def sealed(self, chunks: Iterator[Any]) -> Iterator[Any]:
        """Yield the chunks, each noted, the last with the record."""
        for chunk in chunks:
            yield self._note(chunk)

    def asealed(self, chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Return the chunks, each noted, the last with the record."""
        return PassedOn(lambda: chunks, self._note)

    def reply(self) -> Reply:
        if not self._unread:
            try:
                reply = self._host.priced(self._attempt, self._said(), text="".join(self._texts), tool_calls=tuple(self._called))
                if self._attempt.told:
                    reply = reply._replace(said=said_in_chunks(self._parts, reply.finish_reason))
                return self._examined(reply) if self._parts and (self._attempt.checks or self._attempt.keeps) else reply
            except Exception as error:  # noqa: BLE001 - as in ChatHost.read
                self._give_up(self, error)
        # The user's check gets as much of it as there is.
        return UNREAD._replace(answer=AIMessage(content="".join(self._texts)))

    def _examined(self, reply: Reply) -> Reply:
        """Return the reply with the message that the chunks come to."""
        # One after the other would take time in the square of their number.
        whole = self._parts[0] + self._parts[1:] if len(self._parts) > 1 else self._parts[0]
        message, (names, arguments) = message_chunk_to_message(whole), unrepaired(whole)
        reply = examined(self._attempt, reply._replace(answer=message, text=text_of(message)), message)
        whole_calls = None not in arguments
        return reply._replace(tool_calls=names, arguments=arguments, kept=reply.kept if whole_calls else None)
