"""From LiteLLM's answers to replies, without importing LiteLLM.

LiteLLM always fills in usage, a finish reason and a model: where the provider did not say, it counts with a tokenizer of its own,
writes 0 or `stop`, or repeats what was asked for. Here such a value is None, wherever LiteLLM leaves a sign of it.
"""

from __future__ import annotations

from typing import Any

from taskroute.reading import as_list, say_unread
from taskroute.types import Reply
from taskroute_litellm.about import about
from taskroute_litellm.chunk_stream import StreamSource
from taskroute_litellm.usage import field
from taskroute_litellm.whole import of_completion, of_embedding, of_message, of_response, unread

__all__ = ["StreamSource", "reply_of"]


def reply_of(response: Any, *, examined: bool = False) -> Reply:
    """Return what an answer of LiteLLM says: a completion, a response, a message, a text completion, an embedding.

    `examined` asks for what it takes to examine the answer, too. One that cannot be read says nothing, costs a warning for its class,
    and fails no call.
    """
    try:
        reply = _read(response, examined=examined)
        return reply._replace(from_cache=True) if about(response).cached else reply
    except Exception as error:  # noqa: BLE001 - whatever LiteLLM or a provider puts into an answer, the caller gets it
        say_unread(response, error)
        return unread(response, examined=examined)


def _read(response: Any, *, examined: bool) -> Reply:
    kind = field(response, "object")
    if kind == "response" or isinstance(field(response, "output"), list):
        return of_response(response, examined=examined)
    if field(response, "type") == "message":
        return of_message(response, examined=examined)
    if kind == "list":
        return of_embedding(response)
    if as_list(field(response, "choices")):
        return of_completion(response, examined=examined)
    return unread(response, examined=examined)
