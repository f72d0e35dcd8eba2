"""An agent's model node as the host of a plan: each attempt is LangChain's own handler, with the chosen model."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final, NamedTuple, get_args

from langchain.agents.middleware.types import ModelRequest, ModelResponse
from langchain.agents.structured_output import ProviderStrategy
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config

from taskroute.cache.key import cache_key
from taskroute.decision.snapshot import Snapshot
from taskroute.execution.validate import Expected
from taskroute.steps import Attempt
from taskroute.stored import Asked, Terms
from taskroute.types import Reply
from taskroute_langchain.asking import asked_of
from taskroute_langchain.binding import LateTools
from taskroute_langchain.expected import tools_in
from taskroute_langchain.host import ChatHost, answering, for_one_answer, is_kept_out
from taskroute_langchain.messages import json_text
from taskroute_langchain.provider_settings import fitting
from taskroute_langchain.record import run_config
from taskroute_langchain.replay import ReplayModel
from taskroute_langchain.routed import Routed
from taskroute_langchain.stored_message import stored_of
from taskroute_langchain.unchanged import Digest, RunListener, Watch, WatchfulReplay, messages_of, overheard, unless_changed

Answered = ModelResponse[Any]
Handler = Callable[[ModelRequest[Any]], Answered]
AsyncHandler = Callable[[ModelRequest[Any]], Awaitable[Answered]]

_NOBODYS: Final = ReplayModel(stored=None)
"""A model of none of the providers, so that a request for it has none of their marks."""
_NO_TERMS: Final = Terms(namespace="")


class _Ready(NamedTuple):
    """What goes to the handler for one attempt, and what tells afterwards what became of it."""

    request: ModelRequest[Any]
    config: RunnableConfig
    watch: Watch | None = None
    listener: RunListener | None = None
    replay: WatchfulReplay | None = None


class AgentHost(ChatHost):
    """Performs the attempts of one call of an agent's model."""

    def __init__(self, llm: Routed, request: ModelRequest[Any], config: RunnableConfig, handler: Any) -> None:
        super().__init__(llm, request.messages, config, {})
        self._request = request
        self._handler = handler
        self._first: dict[str, str | None] = {}

    def answer(self, attempt: Attempt) -> Reply:
        handler: Handler = self._handler
        ready = self._ready(attempt, exact=True)
        with _config_set(ready.config), unless_changed():
            response = handler(ready.request)
        return self._replied(attempt, response, ready)

    async def aanswer(self, attempt: Attempt) -> Reply:
        handler: AsyncHandler = self._handler
        ready = self._ready(attempt)
        with _config_set(ready.config), unless_changed():
            response = await handler(ready.request)
        return self._replied(attempt, response, ready)

    def asked(self, model: str, snapshot: Snapshot) -> Asked | None:
        return self._asked_in(self._request, model, snapshot)

    def _asked_in(self, request: ModelRequest[Any], model: str, snapshot: Snapshot) -> Asked | None:
        arguments = {**request.model_settings, "tools": LateTools(request.tools, {}), "tool_choice": request.tool_choice}
        spec, given = snapshot.registry.get(model), self.llm.models.get(model)
        if is_kept_out(given, spec):
            return None
        asked = asked_of(messages_of(request), arguments, spec=spec, model=given, schema=_format_asked(request.response_format))
        return for_one_answer(asked)

    def _ready(self, attempt: Attempt, *, exact: bool = False) -> _Ready:
        """Return the request of an attempt, watched where its answer is from the cache or for it."""
        config, chosen = run_config(self.config, attempt), self.llm.chosen(attempt, exact=exact)
        if attempt.cached is not None:
            replay = WatchfulReplay.of(attempt.cached.entry.answer, chosen)
            request = replay.watched(self._request.override(model=chosen), self._looked_up(attempt), self._digests(attempt))
            return _Ready(request, config, replay=replay)
        request = fitting(self._request, chosen)
        if not attempt.keeps:
            return _Ready(request, config)
        listener, watch = RunListener(chosen), Watch(request, self._looked_up(attempt), self._digests(attempt))
        return _Ready(watch.request, overheard(config, listener), watch, listener)

    def _looked_up(self, attempt: Attempt) -> str | None:
        """Return the digest of the request before any other middleware had it; what these change in place is seen by that."""
        if attempt.model not in self._first:
            self._first[attempt.model] = self._digests(attempt)(self._request)
        return self._first[attempt.model]

    def _digests(self, attempt: Attempt) -> Digest:
        snapshot = attempt.snapshot or self.llm.router.snapshot

        def digest(request: ModelRequest[Any]) -> str | None:
            try:
                asked = self._asked_in(fitting(request, _NOBODYS), attempt.model, snapshot)
                return None if asked is None else cache_key(asked, _NO_TERMS)
            except Exception:  # noqa: BLE001 - whatever a request holds, it goes to the model
                return None

        return digest

    def expects(self, attempt: Attempt, reply: Reply) -> Expected:
        answers: list[BaseMessage] = [message for message in reply.answer.result if isinstance(message, AIMessage)]
        tools, others = tools_in(self._request.tools)
        wanted: Any = self._request.response_format
        if wanted is not None:
            # An answer that must fit a schema may be asked for with tools of LangChain's own.
            specs = getattr(wanted, "schema_specs", None) or ()
            tools = {**(tools or {}), **{spec.name: spec.json_schema for spec in specs}}
            others = others or not (specs or isinstance(wanted, ProviderStrategy))
        return Expected(answers[-1] if answers else None, None, None, tools or None, others)

    def _replied(self, attempt: Attempt, response: Answered, ready: _Ready) -> Reply:
        """Return the response with the record in the model's own message, which others of the tools' may follow."""
        messages: list[BaseMessage] = list(response.result)
        index = next((at for at in range(len(messages) - 1, -1, -1) if isinstance(messages[at], AIMessage)), None)
        if ready.replay is not None:
            ready.replay.refuse_foreign(None if index is None else messages[index])
        if index is None:
            return Reply(answer=response)
        message = messages[index]
        reply = self.reply(attempt, message)
        messages[index] = reply.answer
        if attempt.keeps:
            reply = _kept(reply, message, ready, in_schema=response.structured_response is not None)
        return reply._replace(answer=dataclasses.replace(response, result=messages))


def _kept(reply: Reply, message: BaseMessage, ready: _Ready, *, in_schema: bool) -> Reply:
    """Return the reply with what may be stored: the answer as the model gave it, if it is the model's, to what was asked."""
    found = None if ready.listener is None else ready.listener.answer_behind(message)
    if found is None or ready.watch is None or not ready.watch.is_same(found[1]):
        return reply._replace(kept=None)
    return answering(reply, found[0]) if in_schema and reply.tool_calls else reply._replace(kept=stored_of(found[0]))


def settings_text(request: ModelRequest[Any]) -> tuple[str, ...]:
    """Return what a model is sent of a request besides messages and tools: settings, the tool choice and the answer's schema."""
    found = [json_text(value) for value in (request.model_settings, request.tool_choice) if value]
    wanted: Any = request.response_format
    if wanted is not None:
        schema = getattr(wanted, "schema", wanted)
        found.append(json_text([get_args(schema) or schema, getattr(wanted, "tool_message_content", None)]))
    return tuple(found)


def _format_asked(wanted: Any) -> Any:
    """Return what an answer must fit, and how it is asked for; None where nothing is asked for."""
    if wanted is None:
        return None
    schema = getattr(wanted, "schema", wanted)
    how = type(wanted).__name__ if schema is not wanted else "AutoStrategy"
    strict = getattr(getattr(wanted, "schema_spec", None), "strict", None)
    return [how, strict, *(get_args(schema) or (schema,))]


@contextlib.contextmanager
def _config_set(config: RunnableConfig) -> Generator[None, None, None]:
    """Make this the config that the handler's model finds: the handler takes none."""
    token = var_child_runnable_config.set(config)
    try:
        yield
    finally:
        var_child_runnable_config.reset(token)
