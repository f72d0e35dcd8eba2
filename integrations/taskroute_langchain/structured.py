"""Structured output, resolved by the provider of whichever model is chosen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import BaseMessage, BaseMessageChunk
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables import Runnable, RunnableConfig, RunnableSerializable
from pydantic import ConfigDict, Field, PrivateAttr

from taskroute.decision.snapshot import Snapshot
from taskroute.execution.drivers import adrive, drive
from taskroute.execution.record import record
from taskroute.execution.run import Run, Source, UnusableAnswerError
from taskroute.execution.streams import adrive_stream, drive_stream
from taskroute.execution.validate import Expected
from taskroute.reading import as_mapping
from taskroute.steps import Attempt
from taskroute.stored import Asked
from taskroute.types import Reply
from taskroute_langchain.answers import Answer, has_content, is_half
from taskroute_langchain.asking import asked_of
from taskroute_langchain.expected import schema_of
from taskroute_langchain.genai_output import said_in_chunks
from taskroute_langchain.host import ChatHost, answering, for_one_answer, is_kept_out
from taskroute_langchain.messages import json_text
from taskroute_langchain.passed_on import PassedOn, aclose
from taskroute_langchain.record import run_config, with_record
from taskroute_langchain.replay import ReplayModel, replayed_arguments
from taskroute_langchain.routed import Routed
from taskroute_langchain.stored_message import NotServableError
from taskroute_langchain.swapping import Swap, swap_in


class _Overheard(BaseCallbackHandler):
    """Keeps the message behind a parsed answer, which alone carries the usage; the chunks of it, too, where observers want to hear them."""

    run_inline = True

    def __init__(self, *, told: bool) -> None:
        self.message: BaseMessage | None = None
        self.chunks: list[BaseMessageChunk] = []
        self._told = told

    def on_llm_new_token(self, token: Any, *, chunk: Any = None, **kwargs: Any) -> None:
        message = getattr(chunk, "message", None)
        if self._told and isinstance(message, BaseMessageChunk):
            self.chunks.append(message)

    def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        generation = response.generations[0][0] if response.generations and response.generations[0] else None
        if isinstance(generation, ChatGeneration):
            self.message = generation.message


class StructuredHost(ChatHost):
    """Performs attempts through the structured-output runnable of the chosen model."""

    def __init__(
        self, llm: Routed, model_input: Any, config: RunnableConfig, kwargs: dict[str, Any], bound: RoutedStructuredOutput
    ) -> None:
        super().__init__(llm, model_input, config, kwargs)
        self._bound = bound
        self.in_parts = bound.include_raw
        """Whether a stream gives the raw message, the parsed object and the parser's error apart."""

    def target(self, attempt: Attempt, *, streams: bool = False, exact: bool = False) -> tuple[Runnable[Any, Any], dict[str, Any]]:
        chosen = self.llm.chosen(attempt, streams=streams, exact=exact)
        if attempt.cached is not None:
            replay = ReplayModel.of(attempt.cached.entry.answer, chosen)
            return self._bound.with_replay(chosen, replay), replayed_arguments(self.kwargs)
        return self._bound.for_model(chosen), self.kwargs

    def asked(self, model: str, snapshot: Snapshot) -> Asked | None:
        spec, given = snapshot.registry.get(model), self.llm.models.get(model)
        if is_kept_out(given, spec):
            return None
        return for_one_answer(asked_of(self.input, self.kwargs, spec=spec, model=given, schema=self._bound.schema_asked()))

    def expects(self, attempt: Attempt, reply: Reply) -> Expected:
        parsed = self._parsed(reply.answer)
        # What is an object of the user's class has been validated by it.
        schema = schema_of(self._bound.answer_schema) if isinstance(parsed, dict | list) else None
        return Expected(reply.answer, schema, parsed)

    def _parsed(self, answer: Any) -> Any:
        return as_mapping(answer).get("parsed") if self._bound.include_raw else answer

    def _listening(self, attempt: Attempt) -> tuple[RunnableConfig, _Overheard]:
        config, ear = run_config(self.config, attempt), _Overheard(told=attempt.told)
        callbacks = config.get("callbacks")
        if isinstance(callbacks, BaseCallbackManager):
            manager = callbacks.copy()
            manager.add_handler(ear, inherit=True)
            return {**config, "callbacks": manager}, ear
        return {**config, "callbacks": [*(callbacks or ()), ear]}, ear

    def heard(self, attempt: Attempt, ear: _Overheard, answer: Any) -> Reply:
        message = ear.message
        reply = Reply(answer=None) if message is None else self.read(attempt, message)
        if message is None and ear.chunks:
            reply = reply._replace(said=said_in_chunks(ear.chunks, None))
        raw: Any = as_mapping(answer).get("raw") if self._bound.include_raw else None
        if isinstance(raw, BaseMessage):
            entry = record(attempt, reply.cost)
            answer, reply = {**cast("dict[str, Any]", answer), "raw": with_record(raw, entry)}, reply._replace(record=entry)
        misfit = self._misfit(answer) if attempt.checks or attempt.keeps else None
        if attempt.keeps and misfit is None and message is not None:
            reply = answering(reply, message)
        return reply._replace(answer=answer, misfit=misfit)

    def _misfit(self, answer: Any) -> str | None:
        """Return why there is no parsed answer, None when there is one."""
        if self._parsed(answer) is not None:
            return None
        error = as_mapping(answer).get("parsing_error") if self._bound.include_raw else None
        return "there is no structured answer" if error is None else f"the answer could not be parsed ({type(error).__name__})"

    def _refuse_misfit(self, attempt: Attempt, answer: Any) -> None:
        """Raise NotServableError for a stored answer of which the parser makes nothing: the model is asked instead."""
        misfit = None if attempt.cached is None else self._misfit(answer)
        if misfit is not None:
            raise NotServableError(f"a stored answer is no longer one: {misfit}")

    def answer(self, attempt: Attempt) -> Reply:
        runnable, kwargs = self.target(attempt, exact=True)
        config, ear = self._listening(attempt)
        try:
            answer = runnable.invoke(self.input, config, **kwargs)
        except Exception as error:
            raise self._unusable(attempt, ear, error) from error
        self._refuse_misfit(attempt, answer)
        return self.heard(attempt, ear, answer)

    async def aanswer(self, attempt: Attempt) -> Reply:
        runnable, kwargs = self.target(attempt)
        config, ear = self._listening(attempt)
        try:
            answer = await runnable.ainvoke(self.input, config, **kwargs)
        except Exception as error:
            raise self._unusable(attempt, ear, error) from error
        self._refuse_misfit(attempt, answer)
        return self.heard(attempt, ear, answer)

    def open(self, attempt: Attempt) -> tuple[Iterator[Any], Source]:
        runnable, kwargs = self.target(attempt, streams=True, exact=True)
        config, ear = self._listening(attempt)
        return self._parsed_stream(attempt, ear, runnable.stream(self.input, config, **kwargs)), _ParsedSource(self, attempt, ear)

    def aopen(self, attempt: Attempt) -> tuple[AsyncIterator[Any], Source]:
        runnable, kwargs = self.target(attempt, streams=True)
        config, ear = self._listening(attempt)
        return self._aparsed_stream(attempt, ear, runnable.astream(self.input, config, **kwargs)), _ParsedSource(self, attempt, ear)

    def _parsed_stream(self, attempt: Attempt, ear: _Overheard, chunks: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from chunks if attempt.cached is None else self._whole(attempt, [*chunks])
        except Exception as error:
            raise self._unusable(attempt, ear, error) from error

    async def _aparsed_stream(self, attempt: Attempt, ear: _Overheard, chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
        try:
            if attempt.cached is not None:
                for chunk in self._whole(attempt, [chunk async for chunk in chunks]):
                    yield chunk
                return
            async for chunk in chunks:
                yield chunk
        except Exception as error:
            raise self._unusable(attempt, ear, error) from error
        except GeneratorExit:
            await asyncio.sleep(0)  # as in `PassedOn.aclose`
            raise
        finally:
            await aclose(chunks)

    def _whole(self, attempt: Attempt, chunks: list[Any]) -> list[Any]:
        """Return the chunks of a stored answer, of which none is given out before the last has been parsed."""
        answer: Any = chunks[-1] if chunks else None
        if self.in_parts:
            answer = {key: value for chunk in chunks for key, value in as_mapping(chunk).items()}
        self._refuse_misfit(attempt, answer)
        return chunks

    def _unusable(self, attempt: Attempt, ear: _Overheard, error: Exception) -> Exception:
        """Return an error with the answer that it is about, where one was paid for; else the error itself."""
        message = ear.message
        return error if message is None or attempt.cached is not None else UnusableAnswerError(error, self.read(attempt, message))


class _ParsedSource:
    """A stream of parsed objects, each more complete than the one before; the usage comes from the message behind them."""

    def __init__(self, host: StructuredHost, attempt: Attempt, ear: _Overheard) -> None:
        self._host = host
        self._attempt = attempt
        self._ear = ear
        self._answer: Any = None

    def take(self, chunk: Any) -> bool:
        # With the raw message, the parts of the answer come one by one.
        if not self._host.in_parts:
            self._answer = chunk
            return chunk is not None and chunk != {}
        parts = as_mapping(chunk)
        self._answer = {**as_mapping(self._answer), **parts}
        raw = parts.get("raw")
        return parts.get("parsed") is not None or (raw is not None and has_content(raw))

    def reply(self) -> Reply:
        reply = self._host.heard(self._attempt, self._ear, self._answer)
        said = Answer(None, reply.finish_reason, reply.model, reply.provider)
        if reply.kept is not None and is_half(said, counted=reply.usage is not None, spec=self._host.spec(self._attempt)):
            # Half an answer may be parsed, and is no whole one.
            return reply._replace(kept=None)
        return reply


class RoutedStructuredOutput(RunnableSerializable[LanguageModelInput, Any]):
    """Answers that fit a schema, from whichever model is chosen."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    llm: Routed
    answer_schema: Any
    include_raw: bool = False
    options: dict[str, Any] = Field(default_factory=dict[str, Any])

    _made: dict[int, tuple[BaseChatModel, Runnable[Any, Any]]] = PrivateAttr(
        default_factory=dict[int, tuple[BaseChatModel, Runnable[Any, Any]]]
    )

    _swaps: dict[int, tuple[Runnable[Any, Any], Swap]] = PrivateAttr(default_factory=dict[int, tuple[Runnable[Any, Any], Swap]])

    _text: tuple[Any, str] | None = PrivateAttr(default=None)

    def _asked(self) -> str:
        """Return the text of the schema and of what goes with it, made once."""
        if self._text is None or self._text[0] is not self.answer_schema:
            self._text = self.answer_schema, json_text([self.answer_schema, self.options] if self.options else self.answer_schema)
        return self._text[1]

    def schema_asked(self) -> Any:
        """Return what the answer must fit, and how it is asked for."""
        return [self.answer_schema, self.options] if self.options else self.answer_schema

    def for_model(self, model: BaseChatModel) -> Runnable[Any, Any]:
        """Return the chosen model's own structured-output runnable, made once a model."""
        found = self._made.get(id(model))
        if found is None or found[0] is not model:
            made = model.with_structured_output(self.answer_schema, include_raw=self.include_raw, **self.options)
            found = self._made[id(model)] = model, cast("Runnable[Any, Any]", made)
        return found[1]

    def with_replay(self, model: BaseChatModel, replay: ReplayModel) -> Runnable[Any, Any]:
        """Return the chosen model's own structured-output runnable with a replay in its place.

        Raises NotSwappableError where that cannot be.
        """
        chain = self.for_model(model)
        found = self._swaps.get(id(chain))
        if found is None or found[0] is not chain:
            found = self._swaps[id(chain)] = chain, swap_in(chain)
        swapped: Runnable[Any, Any] = found[1](replay)
        return swapped

    def _begin(
        self, model_input: Any, config: RunnableConfig | None, kwargs: dict[str, Any], *, is_async: bool, streams: bool = False
    ) -> tuple[Run, StructuredHost]:
        ready = self.llm.config_for(config)
        call, kwargs = self.llm.call_for(model_input, ready, kwargs, output_schema=True, streams=streams)
        call = call._replace(parameters=(*call.parameters, self._asked()))
        return self.llm.begin(call, ready, is_async=is_async), StructuredHost(self.llm, model_input, ready, kwargs, self)

    def invoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        run, host = self._begin(input, config, kwargs, is_async=False)
        reply = drive(run, host).reply
        return None if reply is None else reply.answer

    async def ainvoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        run, host = self._begin(input, config, kwargs, is_async=True)
        reply = (await adrive(run, host)).reply
        return None if reply is None else reply.answer

    def stream(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:
        run, host = self._begin(input, config, kwargs, is_async=False, streams=True)
        yield from drive_stream(run, host)

    def astream(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> AsyncIterator[Any]:
        def begin() -> AsyncIterator[Any]:
            run, host = self._begin(input, config, kwargs, is_async=True, streams=True)
            return adrive_stream(run, host)

        return PassedOn(begin)
