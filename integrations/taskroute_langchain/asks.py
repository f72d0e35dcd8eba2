"""What LangChain asks of a model, for observers: found out when one of them wants to know it, which costs more than to decide."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from taskroute.execution.plan import ORIGINAL
from taskroute.reading import as_text
from taskroute.types import NOTHING_SENT, Sent
from taskroute_langchain.binding import LateTools
from taskroute_langchain.genai_messages import input_messages, messages_given, system_instructions, tool_definitions
from taskroute_langchain.sent_by import sent_by

if TYPE_CHECKING:
    from taskroute.decision.snapshot import Snapshot
    from taskroute_langchain.routed import Routed


class ChatAsking:
    """Tells what one call asks. It holds what the call was made with, and looks into it when it is asked."""

    def __init__(
        self,
        llm: Routed,
        snapshot: Snapshot,
        model_input: Any,
        kwargs: Mapping[str, Any],
        metadata: Mapping[str, Any],
        *,
        as_json: bool = False,
    ) -> None:
        self._llm = llm
        self._snapshot = snapshot
        self._input = model_input
        self._kwargs = kwargs
        self._metadata = metadata
        self._as_json = as_json
        self._sent: dict[str, Sent] = {}

    def sent(self, model: str) -> Sent:
        """Return what a model is asked for beside the messages."""
        found = self._sent.get(model)
        if found is None:
            found = self._sent[model] = self._found(model)
        return found

    def messages(self) -> Sequence[Mapping[str, Any]]:
        """Return the conversation without its system instructions."""
        return input_messages(self._given)

    def instructions(self) -> Sequence[Mapping[str, Any]]:
        """Return the parts of the system instructions."""
        return system_instructions(self._given)

    def tools(self) -> Sequence[Mapping[str, Any]]:
        """Return the tools on offer."""
        return tool_definitions(self._kwargs.get("tools"))

    @functools.cached_property
    def _given(self) -> list[BaseMessage]:
        return messages_given(self._input)

    def _model(self, name: str) -> BaseChatModel | None:
        return self._llm.original if name == ORIGINAL else self._llm.model_of(name, self._snapshot)

    def _arguments(self, model: BaseChatModel) -> Mapping[str, Any]:
        """Return the arguments that this model gets of the call's."""
        tools = self._kwargs.get("tools")
        return {**tools.options, **self._kwargs} if isinstance(tools, LateTools) and tools.options else self._kwargs

    def _found(self, name: str) -> Sent:
        model = self._model(name)
        if model is None:
            return NOTHING_SENT
        about = self._metadata
        return sent_by(model, self._arguments(model), self._given, as_json=self._as_json)._replace(
            # The names that LangChain gives to a prompt from its hub.
            prompt_name=as_text(about.get("lc_hub_repo")),
            prompt_version=as_text(about.get("lc_hub_commit_hash")),
        )
