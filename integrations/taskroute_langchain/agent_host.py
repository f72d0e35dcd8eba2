"""An agent's model node as the host of a plan: each attempt is LangChain's own handler, with the chosen model."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Generator
from typing import Any, get_args

from langchain.agents.middleware.types import ModelRequest, ModelResponse
from langchain.agents.structured_output import ProviderStrategy
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config

from taskroute.decision.snapshot import Snapshot
from taskroute.execution.validate import Expected
from taskroute.steps import Attempt
from taskroute.stored import Asked
from taskroute.types import Reply
from taskroute_langchain.asking import asked_of
from taskroute_langchain.binding import LateTools
from taskroute_langchain.chat_model import RoutedChatModel
from taskroute_langchain.expected import tools_in
from taskroute_langchain.host import ChatHost, answering, for_one_answer
from taskroute_langchain.messages import json_text
from taskroute_langchain.provider_settings import fitting
from taskroute_langchain.record import run_config
from taskroute_langchain.replay import ReplayModel

Answered = ModelResponse[Any]
Handler = Callable[[ModelRequest[Any]], Answered]
AsyncHandler = Callable[[ModelRequest[Any]], Awaitable[Answered]]


class AgentHost(ChatHost):
    """Performs the attempts of one call of an agent's model."""

    def __init__(self, llm: RoutedChatModel, request: ModelRequest[Any], config: RunnableConfig, handler: Any) -> None:
        super().__init__(llm, request.messages, config, {})
        self._request = request
        self._handler = handler

    def answer(self, attempt: Attempt) -> Reply:
        handler: Handler = self._handler
        with _config_set(run_config(self.config, attempt)):
            response = handler(self._request_for(attempt, exact=True))
        return self._replied(attempt, response)

    async def aanswer(self, attempt: Attempt) -> Reply:
        handler: AsyncHandler = self._handler
        with _config_set(run_config(self.config, attempt)):
            response = await handler(self._request_for(attempt))
        return self._replied(attempt, response)

    def asked(self, model: str, snapshot: Snapshot) -> Asked | None:
        request = self._request
        messages = request.messages if request.system_message is None else [request.system_message, *request.messages]
        arguments = {**request.model_settings, "tools": LateTools(request.tools, {}), "tool_choice": request.tool_choice}
        spec, given = snapshot.registry.get(model), self.llm.models.get(model)
        asked = asked_of(messages, arguments, spec=spec, model=given, schema=_format_asked(request.response_format))
        return for_one_answer(asked)

    def _request_for(self, attempt: Attempt, *, exact: bool = False) -> ModelRequest[Any]:
        if attempt.cached is not None:
            replay = ReplayModel.of(attempt.cached.entry.answer, self.llm.chosen(attempt))
            return self._request.override(model=replay)
        return fitting(self._request, self.llm.chosen(attempt, exact=exact))

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

    def _replied(self, attempt: Attempt, response: Answered) -> Reply:
        """Return the response with the record in the model's own message, which others of the tools' may follow."""
        messages: list[BaseMessage] = list(response.result)
        for index in range(len(messages) - 1, -1, -1):
            if isinstance(messages[index], AIMessage):
                reply = self.reply(attempt, messages[index])
                messages[index] = reply.answer
                if attempt.keeps and response.structured_response is not None:
                    reply = answering(reply, reply.answer)
                return reply._replace(answer=dataclasses.replace(response, result=messages))
        return Reply(answer=response)


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
