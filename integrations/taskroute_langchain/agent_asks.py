"""What an agent asks of its model, for observers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from langchain.agents.middleware.types import ModelRequest
from langchain_core.language_models import BaseChatModel

from taskroute_langchain.asks import ChatAsking
from taskroute_langchain.provider_settings import fitting
from taskroute_langchain.unchanged import messages_of

if TYPE_CHECKING:
    from taskroute.decision.snapshot import Snapshot
    from taskroute_langchain.routed import Routed


class AgentAsking(ChatAsking):
    """Tells what one turn of an agent's model asks, as it is before middleware further in has had it."""

    def __init__(self, llm: Routed, snapshot: Snapshot, request: ModelRequest[Any], metadata: Mapping[str, Any]) -> None:
        kwargs = {**request.model_settings, "tools": request.tools}
        super().__init__(llm, snapshot, messages_of(request), kwargs, metadata, as_json=request.response_format is not None)
        self._request = request

    def _arguments(self, model: BaseChatModel) -> Mapping[str, Any]:
        return fitting(self._request, model).model_settings
