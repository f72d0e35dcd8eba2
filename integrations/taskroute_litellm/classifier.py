"""A model behind LiteLLM as a classifier. Imports nothing of LiteLLM."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

from taskroute.execution.failures import classify
from taskroute.ports import Question
from taskroute.reading import as_mapping
from taskroute.types import UNPAID, Reply
from taskroute_litellm.attempt_id import KEY, AttemptId
from taskroute_litellm.replies import reply_of

Send = Callable[[str, Mapping[str, Any], bool], Any]
"""Asks a model of the policy with these arguments; whether what it returns is to be awaited."""

_in_words: Final[WeakKeyDictionary[object, set[str]]] = WeakKeyDictionary()
"""Of each router, the models that refuse to be held to a schema, so that they are asked in words alone."""


class LiteLLMAsker:
    """Puts a classifier's questions to models through LiteLLM. `owner` is the router that their names belong to."""

    def __init__(self, send: Send, owner: object) -> None:
        self._send = send
        self._in_words = _in_words.setdefault(owner, set())

    def ask(self, question: Question) -> Reply:
        if question.model not in self._in_words:
            try:
                return _read(self._send(question.model, _arguments(question, is_held=True), False))
            except Exception as error:  # noqa: BLE001 - LiteLLM's own; what is not about the schema goes on
                self._unless_refused(question, error)
        return _read(self._send(question.model, _arguments(question, is_held=False), False))

    async def aask(self, question: Question) -> Reply:
        if question.model not in self._in_words:
            try:
                return _read(await self._send(question.model, _arguments(question, is_held=True), True))
            except Exception as error:  # noqa: BLE001 - as above
                self._unless_refused(question, error)
        return _read(await self._send(question.model, _arguments(question, is_held=False), True))

    def _unless_refused(self, question: Question, error: Exception) -> None:
        """Raise the error again, unless it says that the request itself was refused, which the schema may be to blame for."""
        if classify(error).kind != "bad_request":
            raise error
        self._in_words.add(question.model)


def _arguments(question: Question, *, is_held: bool) -> dict[str, Any]:
    messages = [{"role": "system", "content": question.system}, {"role": "user", "content": question.user}]
    arguments: dict[str, Any] = {"messages": messages}
    if question.timeout is not None:
        arguments["timeout"] = question.timeout
    if is_held:
        schema = {name: value for name, value in question.schema.items() if name not in ("title", "description")}
        named = {"name": str(question.schema.get("title", "label")), "schema": schema, "strict": True}
        # LiteLLM leaves out what it knows a model not to take.
        arguments |= {"response_format": {"type": "json_schema", "json_schema": named}, "drop_params": True}
    return arguments


def _read(response: Any) -> Reply:
    reply = reply_of(response)
    return reply._replace(usage=None, cost=UNPAID) if reply.from_cache else reply


def question_metadata(model: str, about: Any = None) -> dict[str, Any]:
    """Return the metadata of a question: it is no call to be routed, though it goes to a model of the policy."""
    return {**as_mapping(about), KEY: {"model": model, "decision_id": AttemptId("classifier")}, "model_group": model}


def is_question(arguments: Mapping[str, Any]) -> bool:
    """Return whether LiteLLM carries out a question of a classifier's."""
    entries = (as_mapping(as_mapping(arguments.get(name)).get(KEY)) for name in ("metadata", "litellm_metadata"))
    return any(isinstance(found := entry.get("decision_id"), AttemptId) and found == "classifier" for entry in entries)
