"""A chat model of LangChain's as a classifier: it is asked aside, and what it says is no part of the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable, RunnableConfig, RunnableSequence

from taskroute.execution.failures import classify
from taskroute.ports import Question
from taskroute.reading import as_mapping, say_unread
from taskroute.types import UNPAID, Reply
from taskroute_langchain.answers import answer_of, is_from_cache, text_of
from taskroute_langchain.request import without_id

RUN_NAME: Final = "taskroute classifier"
TAGS: Final = ("nostream", RUN_NAME.replace(" ", ":"))
"""LangGraph shows no tokens of what carries the first."""
ModelFor = Callable[[str, float | None], BaseChatModel]
"""Gives the chat model behind a name of the policy, with the seconds that its client is to hold."""


class ChatAsker:
    """Puts a classifier's questions to chat models, below the run whose config this is.

    A model that can be held to a schema is. One that refuses that is asked in words alone, and so are its later questions: `in_words`
    keeps their names.
    """

    def __init__(self, model_for: ModelFor, in_words: set[str], config: RunnableConfig | None = None) -> None:
        self._model_for = model_for
        self._in_words = in_words
        self._config = aside(config)

    def ask(self, question: Question) -> Reply:
        model, messages = self._model_for(question.model, question.timeout), _messages(question)
        held = self._held(model, question)
        if held is not None:
            try:
                return _reply(held.invoke(messages, self._config))
            except Exception as error:  # noqa: BLE001 - the providers' own; what is not about the schema goes on
                self._unless_refused(question, error)
        return _reply(model.invoke(messages, self._config))

    async def aask(self, question: Question) -> Reply:
        model, messages = self._model_for(question.model, question.timeout), _messages(question)
        held = self._held(model, question)
        if held is not None:
            try:
                return _reply(await held.ainvoke(messages, self._config))
            except Exception as error:  # noqa: BLE001 - as above
                self._unless_refused(question, error)
        return _reply(await model.ainvoke(messages, self._config))

    def _held(self, model: BaseChatModel, question: Question) -> Runnable[Any, Any] | None:
        """Return the model held to the schema; None for one that cannot be."""
        if question.model in self._in_words:
            return None
        try:
            held = cast("Runnable[Any, Any]", model.with_structured_output(dict(question.schema)))
            # The bound model alone: what LangChain's parser makes of its message is not needed, nor the runs around it in a trace.
            if isinstance(held, RunnableSequence):
                return held.first
            return cast("Runnable[Any, Any]", model.with_structured_output(dict(question.schema), include_raw=True))
        except Exception:  # noqa: BLE001 - each class says in its own way that it has no schemas
            self._in_words.add(question.model)
            return None

    def _unless_refused(self, question: Question, error: Exception) -> None:
        """Raise the error again, unless it says that the request itself was refused, which the schema may be to blame for."""
        if classify(error).kind != "bad_request":
            raise error
        self._in_words.add(question.model)


def aside(config: RunnableConfig | None) -> RunnableConfig:
    """Return the config of a run beside the answer: below the same run, under its own name, and with nothing shown of it."""
    found = without_id(config or {})
    metadata = {**(found.get("metadata") or {}), "taskroute_classifier": True}
    return {**found, "tags": [*(found.get("tags") or []), *TAGS], "metadata": metadata, "run_name": RUN_NAME}


def _messages(question: Question) -> list[BaseMessage]:
    return [SystemMessage(content=question.system), HumanMessage(content=question.user)]


def _reply(said: Any) -> Reply:
    """Return the label that a model gave, be it as a text or as the call of a tool, with what the message says of its making."""
    message = as_mapping(said).get("raw", said)
    if not isinstance(message, BaseMessage):
        return Reply(answer=None)
    try:
        about = answer_of(message)
        calls = message.tool_calls if isinstance(message, AIMessage) else []
        text = json.dumps(calls[0]["args"]) if calls else text_of(message)
        cached = is_from_cache(message)
    except Exception as error:  # noqa: BLE001 - whatever a provider's package puts into a message, the call goes on
        say_unread(message, error)
        return Reply(answer=None)
    if cached:
        return Reply(answer=None, text=text, model=about.model, provider=about.provider, cost=UNPAID, from_cache=True)
    return Reply(
        answer=None,
        usage=about.usage,
        finish_reason=about.finish_reason,
        model=about.model,
        provider=about.provider,
        id=about.id,
        text=text,
        service_tier=about.service_tier,
        reported=about.reported,
    )
