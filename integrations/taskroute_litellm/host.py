"""LiteLLM as the host of a plan: each attempt is one call of LiteLLM's own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping
from typing import Any, Protocol

from taskroute.decision.snapshot import Snapshot
from taskroute.execution.record import record
from taskroute.execution.run import Source, UnusableAnswerError
from taskroute.execution.validate import Expected
from taskroute.ports import Question
from taskroute.reading import as_mapping
from taskroute.registry.models import ModelSpec
from taskroute.router import Router
from taskroute.steps import Attempt
from taskroute.stored import Asked
from taskroute.types import UNPAID, Cost, Reply
from taskroute_litellm.asking import Params, asked_of
from taskroute_litellm.asks import Asks
from taskroute_litellm.attempt_id import KEY, AttemptId
from taskroute_litellm.cache_use import alone
from taskroute_litellm.cacheable import is_cacheable
from taskroute_litellm.call import Endpoint
from taskroute_litellm.classifier import LiteLLMAsker
from taskroute_litellm.closing import aclose, close
from taskroute_litellm.endpoints import metadata_key
from taskroute_litellm.expected import expects
from taskroute_litellm.genai_output import said_of
from taskroute_litellm.keepable import stored_of
from taskroute_litellm.message_stream import MessageSource
from taskroute_litellm.replaying import note_stored, replayed, with_place
from taskroute_litellm.replies import StreamSource, reply_of
from taskroute_litellm.served import send_stored, unpaid
from taskroute_litellm.stream_errors import Ending, failure_of, refuse_half


class Reads(Ending, Protocol):
    """Makes sense of a stream while it passes by."""

    def take(self, chunk: Any) -> bool: ...


class LiteLLMHost:
    """Performs the attempts of one call. `send` says how."""

    def __init__(self, router: Router, endpoint: Endpoint, arguments: Mapping[str, Any]) -> None:
        self.router = router
        self.endpoint: Endpoint = endpoint
        self.arguments = arguments
        self.stream: Any = None
        """LiteLLM's stream of the attempt that was opened last."""

    @property
    def model(self) -> str:
        """The model that the caller asked for."""
        return str(self.arguments.get("model"))

    def send(self, attempt: Attempt, *, streams: bool = False, is_async: bool = False) -> Any:
        """Make the call; an async one returns what is to be awaited."""
        raise NotImplementedError

    def params(self, spec: ModelSpec) -> Params:
        """Return what LiteLLM is told of a model beside the arguments of the call: of each deployment, where it is a group."""
        raise NotImplementedError

    def params_asked(self, spec: ModelSpec) -> Params:
        """Return the same as far as it tells one answer from another."""
        return self.params(spec)

    def logged(self, attempt: Attempt) -> dict[str, Any]:
        """Return the arguments that say what LiteLLM logs of an answer that was stored."""
        key = metadata_key(self.endpoint)
        return {key: with_entry(self.arguments.get(key), told(attempt))}

    def asked(self, model: str, snapshot: Snapshot) -> Asked | None:
        """Return what is asked of a model, for the cache."""
        spec = snapshot.registry[model]
        params = self.params_asked(spec)
        return asked_of(self.endpoint, self.arguments, spec=spec, params=params) if self._is_cacheable(params) else None

    def _is_cacheable(self, params: Params) -> bool:
        return is_cacheable(self.endpoint, self.arguments, params)

    def asks(self) -> Asks:
        """Return what tells observers what is asked."""
        return Asks(self.endpoint, self.arguments, self._params_named)

    def _params_named(self, model: str) -> Params | None:
        spec = self.router.snapshot.registry.get(model)
        return None if spec is None else self.params_asked(spec)

    def expects(self, attempt: Attempt, reply: Reply) -> Expected:
        """Return what the answer must be like."""
        return expects(self.endpoint, self.arguments, reply)

    def ask(self, question: Question) -> Reply:
        """Put a classifier's question to a model of the policy."""
        return LiteLLMAsker(self.send_question, self.router).ask(question)

    async def aask(self, question: Question) -> Reply:
        return await LiteLLMAsker(self.send_question, self.router).aask(question)

    def send_question(self, model: str, arguments: Mapping[str, Any], is_async: bool) -> Any:
        """Ask a model of the policy with these arguments; an async call returns what is to be awaited."""
        raise NotImplementedError

    def answer(self, attempt: Attempt) -> Reply:
        return self._read(attempt, self._sent(attempt))

    async def aanswer(self, attempt: Attempt) -> Reply:
        return self._read(attempt, await self._sent(attempt, is_async=True))

    def open(self, attempt: Attempt) -> tuple[Iterator[Any], Source]:
        source = AttemptSource(self, attempt)
        return self._chunks(attempt, source), source

    def aopen(self, attempt: Attempt) -> tuple[AsyncIterator[Any], Source]:
        source = AttemptSource(self, attempt)
        return self._achunks(attempt, source), source

    def _sent(self, attempt: Attempt, *, streams: bool = False, is_async: bool = False) -> Any:
        if attempt.cached is None:
            return self.send(attempt, streams=streams, is_async=is_async)
        stored = replayed(attempt.cached, attempt.model)
        return send_stored(self.endpoint, self.arguments, stored, self.logged(attempt), streams=streams, is_async=is_async)

    def _chunks(self, attempt: Attempt, source: AttemptSource) -> Generator[Any]:
        stream = self._sent(attempt, streams=True)
        if not source.begin(stream):
            yield stream
            return
        self.stream = stream
        try:
            if attempt.cached is None:
                yield from stream
            else:
                yield from map(unpaid, stream)
            source.end()
        finally:
            close(stream)

    async def _achunks(self, attempt: Attempt, source: AttemptSource) -> AsyncGenerator[Any]:
        stream = await self._sent(attempt, streams=True, is_async=True)
        if not source.begin(stream):
            yield stream
            return
        self.stream = stream
        try:
            async for chunk in stream:
                yield chunk if attempt.cached is None else unpaid(chunk)
            source.end()
        finally:
            await aclose(stream)

    def _read(self, attempt: Attempt, answer: Any) -> Reply:
        reply = self.priced(attempt, _whole_reply(attempt, answer))
        failure = failure_of(answer)
        if failure is not None:
            # Nothing that was counted is nothing that was charged.
            raise failure if reply.usage is None and reply.reported is None else UnusableAnswerError(failure, reply)
        return reply._replace(record=leave_record(answer, record(attempt, reply.cost)))

    def priced(self, attempt: Attempt, reply: Reply) -> Reply:
        """Return the reply with its price, where that is known."""
        return reply._replace(cost=self._cost(attempt, reply))

    def _cost(self, attempt: Attempt, reply: Reply) -> Cost | None:
        if reply.from_cache:
            return UNPAID
        if reply.usage is None and reply.reported is None:
            return None
        usage = reply.usage
        if self.endpoint == "embedding" and usage is not None and usage.output is None:
            # Vectors are no tokens, and nothing is charged for them.
            usage = usage._replace(output=0)
        return self.router.cost(
            attempt.model,
            usage,
            provider=reply.provider,
            answered_by=reply.model,
            snapshot=attempt.snapshot,
            service_tier=reply.service_tier,
            reported=reply.reported,
        )


class AttemptSource:
    """Makes sense of the stream of one attempt, whatever LiteLLM made of it."""

    def __init__(self, host: LiteLLMHost, attempt: Attempt) -> None:
        self._host = host
        self._attempt = attempt
        self._reads: Reads | None = None
        self._whole: Reply | None = None

    def begin(self, stream: Any) -> bool:
        """Note what LiteLLM gave; return whether it is a stream. A model that cannot stream gives its whole answer at once."""
        if not (hasattr(stream, "__next__") or hasattr(stream, "__anext__") or hasattr(stream, "__aiter__")):
            self._whole = _whole_reply(self._attempt, stream)
            return False
        if self._attempt.cached is not None:
            note_stored(stream)
        kind = MessageSource if self._host.endpoint == "messages" else StreamSource
        self._reads = kind(stream, examined=_is_examined(self._attempt), keeps=self._attempt.keeps, told=self._attempt.told)
        return True

    def take(self, chunk: Any) -> bool:
        return self._whole is not None or (self._reads is not None and self._reads.take(chunk))

    def end(self) -> None:
        """Note that nothing more comes. Raises the error that the stream held, or IncompleteStreamError where it is not whole."""
        if self._reads is not None:
            refuse_half(self._reads, says_why=self._says_why())

    def reply(self) -> Reply:
        """Return what came: the whole stream, or the part of one that was left, or that broke."""
        found = self._whole if self._reads is None else self._reads.reply()
        reply = self._host.priced(self._attempt, found or Reply(answer=None))
        return reply._replace(record=leave_record(self._host.stream, record(self._attempt, reply.cost)))

    def _says_why(self) -> bool:
        snapshot = self._attempt.snapshot
        spec = None if snapshot is None else snapshot.registry.get(self._attempt.model)
        return spec is None or spec.finish_reason


def _is_examined(attempt: Attempt) -> bool:
    return attempt.keeps or bool(attempt.checks)


def _whole_reply(attempt: Attempt, answer: Any) -> Reply:
    """Return what a whole answer says, with what is to be stored of it."""
    if attempt.cached is not None:
        with_place(answer)
        note_stored(answer)
    reply = reply_of(answer, examined=_is_examined(attempt))
    if attempt.told:
        reply = reply._replace(said=said_of(answer))
    return reply._replace(kept=stored_of(answer)) if attempt.keeps else reply


def leave_record(answer: Any, entry: dict[str, Any]) -> dict[str, Any]:
    """Put this very record where LiteLLM keeps what it knows beside an answer, and return it; one that has no such place goes without."""
    hidden = answer.get("_hidden_params") if isinstance(answer, dict) else getattr(answer, "_hidden_params", None)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if isinstance(hidden, dict):
        hidden[KEY] = entry
    return entry


def told(attempt: Attempt) -> dict[str, Any]:
    """Return what LiteLLM is told of the decision with each attempt, for its own logs."""
    decision = attempt.decision
    stored = {} if attempt.cached is None else {"cache_hit": True}
    return {
        "model": attempt.model,
        "route": decision.route or "default",
        "reason": decision.reason,
        "attempt": attempt.tries,
        "decision_id": AttemptId(decision.id),
        "policy_version": decision.policy_version,
        **stored,
    }


def apart(attempt: Attempt, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that keep LiteLLM's own cache out of an attempt whose answer ours may store."""
    return alone(arguments) if attempt.keeps or attempt.lead is not None else {}


def with_entry(metadata: Any, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the caller's metadata with one more entry. LiteLLM writes into what it is given, so it never gets the caller's own."""
    return {**as_mapping(metadata), KEY: dict(entry)}
