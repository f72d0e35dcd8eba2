"""From a LiteLLM request to a call as routing sees it, without importing LiteLLM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taskroute.types import Call
from taskroute_litellm.conversation import Endpoint, messages_of
from taskroute_litellm.sent import sent_of
from taskroute_litellm.told import told_of

__all__ = ["Endpoint", "call_of"]

_OPERATIONS: Final[Mapping[Endpoint, str]] = {
    "completion": "chat",
    "responses": "chat",
    "messages": "chat",
    "text_completion": "text_completion",
    "embedding": "embeddings",
}


def call_of(endpoint: Endpoint, arguments: Mapping[str, Any], *, pin: str | None = None) -> Call:
    """Return the call that the keyword arguments of a LiteLLM request stand for. What cannot be read is left for LiteLLM to refuse."""
    told = told_of(endpoint, arguments)
    sent = sent_of(endpoint, arguments)
    messages, tokens = messages_of(endpoint, arguments)
    return Call(
        messages=messages,
        stage=told.stage,
        task=told.task,
        tenant=told.tenant,
        user=told.user,
        session=told.session,
        pin=pin,
        tags=told.tags,
        metadata=told.metadata,
        tools=sent.tools,
        parameters=sent.parameters,
        output_schema=sent.output_schema,
        max_tokens=sent.max_tokens,
        tokens=tokens,
        operation=_OPERATIONS[endpoint],
        told_by="header" if told.stage or told.task else "explicit",
        cache=told.cache,
        scope=told.scope,
        max_age=told.max_age,
        streams=bool(arguments.get("stream")),
        conversation=told.conversation,
    )
