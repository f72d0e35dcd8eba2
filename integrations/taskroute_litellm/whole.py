"""What whole answers of LiteLLM say, by their format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from taskroute.reading import NOT_FOR_THE_CALLER, as_list, as_text, json_object
from taskroute.types import Reply, Usage
from taskroute_litellm.about import About, about, own_id, response_id
from taskroute_litellm.reported import reported_by, tier_of
from taskroute_litellm.usage import completion_usage, count, field, message_usage, response_usage

_COUNTED: Final = frozenset(
    {
        *("a2a", "azure_ai_agents", "huggingface", "langflow", "langgraph", "ollama", "ollama_chat", "petals", "predibase"),
        *("replicate", "sagemaker", "triton"),
    }
)
"""Providers whose whole answers LiteLLM counts itself, always or where a count is missing; nothing in the answer says so."""
_EMBEDDINGS_COUNTED: Final = frozenset({"cohere", "gemini", "huggingface", "triton", "vertex_ai"})
"""The same for embeddings."""
GOOGLE: Final = ("gemini", "vertex_ai", "vertex_ai_beta")
_CALLS: Final = ("tool_calls", "function_call")
_RUN_BY_PROVIDER: Final = "srvtoolu_"
"""How the ids of calls begin that Anthropic runs itself; LiteLLM puts them among those that the caller must run."""
_CUSTOM: Final = "custom_tool_call"
"""A call whose input is any text."""
_SILENT: Final = frozenset({"reasoning", "message", "compaction"})
"""Items of a response that alone are no answer; the text in messages is looked at by itself."""


def of_completion(response: Any, *, examined: bool) -> Reply:
    """Read a completion, of chat or of text."""
    beside, choice = about(response), as_list(field(response, "choices"))[0]
    message: Any = field(choice, "message")
    usage = None
    if not beside.cached and beside.provider not in _COUNTED:
        thinks = bool(field(message, "reasoning_content"))
        usage = completion_usage(field(response, "usage"), provider=beside.provider, thinks=thinks)
    every = as_list(field(message, "tool_calls"))
    called = [call for call in map(called_function, every) if call is not None]
    reply = Reply(
        answer=response,
        usage=usage,
        finish_reason=_finish(choice, message, beside.provider),
        model=beside.model or as_text(field(response, "model")),
        provider=beside.provider,
        id=own_id(field(response, "id")),
        text=as_text(field(message, "content")) or as_text(field(choice, "text")) or "",
        tool_calls=tuple([name for name, _ in called]),
        **_money(response, beside),
    )
    if not examined:
        return reply
    other = any(_says_more(block) for block in as_list(field(message, "content")))
    return reply._replace(
        arguments=tuple([json_object(given) for _, given in called]),
        refused=refuses(message),
        empty=not (reply.text.strip() or every or other or has_media(message)),
    )


def called_function(call: Any) -> tuple[str, Any] | None:
    """Return name and arguments of a call; None of one that is not the caller's to run, or has no name."""
    custom = field(call, "custom")
    name = as_text(field(custom or field(call, "function"), "name"))
    if name is None or is_run_by_provider(call):
        return None
    return name, field(field(call, "function"), "arguments") if custom is None else {"input": field(custom, "input")}


def is_run_by_provider(call: Any) -> bool:
    """Return whether a call is one that the provider runs itself."""
    return str(field(call, "id") or "").startswith(_RUN_BY_PROVIDER)


def has_media(message: Any) -> bool:
    """Return whether a message, or a part of one, holds something beside text and calls of tools that the caller could use."""
    return bool(field(message, "audio") or field(message, "images") or field(message, "function_call"))


def refuses(message: Any) -> bool:
    """Return whether a message is marked as a refusal, beside its finish reason."""
    return bool(field(message, "refusal") or field(field(message, "provider_specific_fields"), "refusal"))


def _says_more(block: Any) -> bool:
    kind = field(block, "type")
    return isinstance(kind, str) and (bool(field(block, "text")) if kind == "text" else kind not in NOT_FOR_THE_CALLER)


def _finish(choice: Any, message: Any, provider: str | None) -> str | None:
    """Return the provider's own word where LiteLLM kept it, else LiteLLM's."""
    finish = as_text(field(choice, "finish_reason"))
    if finish in _CALLS:
        return finish
    native = as_text(field(field(choice, "provider_specific_fields"), "native_finish_reason")) or _native(message)
    if native is None and provider in GOOGLE and finish == "stop":
        # Of a whole answer of Google's the word is kept whenever there was one.
        return None
    return native or finish


def _native(message: Any) -> str | None:
    return as_text(field(field(message, "provider_specific_fields"), "stop_reason"))


def of_response(response: Any, *, examined: bool) -> Reply:
    """Read an answer in the format of OpenAI's responses."""
    beside = about(response)
    items = as_list(field(response, "output"))
    parts = [part for item in items if field(item, "type") == "message" for part in as_list(field(item, "content"))]
    calls = [item for item in items if field(item, "type") in ("function_call", _CUSTOM) and as_text(field(item, "name"))]
    reply = Reply(
        answer=response,
        usage=None if beside.cached else response_usage(field(response, "usage")),
        finish_reason=as_text(field(field(response, "incomplete_details"), "reason")) or as_text(field(response, "status")),
        model=beside.model or as_text(field(response, "model")),
        provider=beside.provider,
        id=own_id(response_id(field(response, "id"))),
        text=_joined(parts, "output_text"),
        tool_calls=_names(calls),
        **_money(response, beside),
    )
    if not examined:
        return reply
    return reply._replace(
        arguments=tuple([_arguments_of_item(item) for item in calls]),
        refused=any(field(part, "type") == "refusal" for part in parts),
        empty=not reply.text.strip() and all(field(item, "type") in _SILENT for item in items),
    )


def _arguments_of_item(item: Any) -> Mapping[str, Any] | None:
    return {"input": field(item, "input")} if field(item, "type") == _CUSTOM else json_object(field(item, "arguments"))


def of_message(response: Any, *, examined: bool) -> Reply:
    """Read Anthropic's own format, which LiteLLM passes on."""
    beside = about(response)
    blocks = as_list(field(response, "content"))
    calls = [block for block in blocks if field(block, "type") == "tool_use" and as_text(field(block, "name"))]
    reply = Reply(
        answer=response,
        usage=None if beside.cached else message_usage(field(response, "usage")),
        finish_reason=as_text(field(response, "stop_reason")),
        model=beside.model or as_text(field(response, "model")),
        provider=beside.provider,
        id=own_id(response_id(field(response, "id"))),
        text=_joined(blocks, "text"),
        tool_calls=_names(calls),
        **_money(response, beside),
    )
    if not examined:
        return reply
    silent = all(field(block, "type") in NOT_FOR_THE_CALLER for block in blocks)
    return reply._replace(arguments=tuple([json_object(field(block, "input")) for block in calls]), empty=silent and not reply.text.strip())


def _joined(parts: Iterable[Any], kind: str) -> str:
    return "".join(as_text(field(part, "text")) or "" for part in parts if field(part, "type") == kind)


def _names(calls: Sequence[Any]) -> tuple[str, ...]:
    return tuple([name for call in calls if (name := as_text(field(call, "name")))])


def of_embedding(response: Any) -> Reply:
    """Read an answer that has vectors, and no text."""
    beside = about(response)
    asked = None if beside.cached or beside.provider in _EMBEDDINGS_COUNTED else count(field(response, "usage"), "prompt_tokens")
    return Reply(
        answer=response,
        usage=Usage(input=asked) if asked else None,
        model=beside.model or as_text(field(response, "model")),
        provider=beside.provider,
        **_money(response, beside),
    )


def _money(response: Any, beside: About) -> dict[str, Any]:
    """Return the tier, and what the provider says that it cost; neither of an answer from LiteLLM's own cache."""
    return {} if beside.cached else {"service_tier": tier_of(response), "reported": reported_by(response)}


def unread(answer: Any, *, examined: bool) -> Reply:
    """Return a reply of which nothing is known; where it is to be examined, not even that it does not fit."""
    return Reply(answer=answer, misfit="" if examined else None)
