"""LangChain's messages as stored answers, and back: JSON values only, and nothing of what was said is lost."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, cast

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, message_chunk_to_message

from taskroute.reading import as_list, as_mapping, json_object
from taskroute.stored import StoredAnswer, StoredCall
from taskroute_langchain.answers import Answer, answer_of, text_of, unrepaired
from taskroute_langchain.nothing_used import blank_extras, blank_metadata, counts_of_nothing, nothing_used
from taskroute_langchain.provider_ids import ids_of_server_tools, renewed, without_ids_beside, without_item_ids

HOST: Final = "langchain"
PARSED: Final = "parsed"
"""Where OpenAI's package puts the object that it made of the text; it is made again from the text."""

_NOISE: Final = frozenset(
    {
        "id",
        "response_id",
        "request_id",
        "created",
        "created_at",
        "completed_at",
        "usage",
        "usage_metadata",
        "token_usage",
        "system_fingerprint",
        "service_tier",
        "headers",
        "ResponseMetadata",
        "metrics",
        # What the request said of its caller, which some providers repeat.
        "metadata",
        "user",
        "safety_identifier",
        "prompt_cache_key",
        "taskroute",
        "done",
        "total_duration",
        "load_duration",
        "prompt_eval_count",
        "prompt_eval_duration",
        "eval_count",
        "eval_duration",
    }
)
"""What metadata say of one request and not of its answer."""

_BLANK: Final[tuple[Any, ...]] = (None, "", [], {})

_ID_NAMES: Final = frozenset({"id", "call_id", "tool_call_id", "tool_use_id"})
"""Fields in which packages repeat the id of a tool call."""

_SAID: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "anthropic": ("stop_reason", {"stop": "end_turn", "tool_calls": "tool_use"}),
    "google_genai": ("finish_reason", {"stop": "STOP"}),
    "google_vertexai": ("finish_reason", {"stop": "STOP"}),
    "ollama": ("done_reason", {}),
    "bedrock_converse": ("stopReason", {"stop": "end_turn", "tool_calls": "tool_use"}),
}
"""Where a provider's package says why an answer ended, and its own words for OpenAI's."""
_OF_A_TEXT: Final = frozenset({"type", "text", "index"})
_OF_A_CALL: Final = frozenset({"type", "id", "name", "args", "index"})
_AS_OPENAI: Final = ("finish_reason", cast("Mapping[str, str]", {}))


class NotServableError(ValueError):
    """A stored answer that LangChain cannot give back whole, such as one in the form of another host."""


def fresh_id() -> str:
    """Return an id for a call of a tool, in letters and digits that every provider takes."""
    return f"call_{uuid.uuid4().hex[:24]}"


def stored_of(message: BaseMessage, *, calls_are_it: bool = False) -> StoredAnswer | None:
    """Return what may be kept of a message, or None where it cannot be kept whole.

    `calls_are_it` says that tools were but a way to ask for an answer in a schema: then it is not stored as one that calls tools.
    """
    try:
        return _stored(message, calls_are_it=calls_are_it)
    except Exception:  # noqa: BLE001 - whatever a provider's package puts into a message, the caller gets it
        return None


def _stored(message: BaseMessage, *, calls_are_it: bool) -> StoredAnswer | None:
    whole = _whole(message)
    if whole is None:
        return None
    native = native_of(whole)
    calls = tuple([StoredCall(call["name"], _text_of(call["args"]), call["id"] or "") for call in whole.tool_calls])
    if calls_are_it and calls:
        return StoredAnswer(text_of(whole), host=HOST, native=native)
    said = answer_of(whole)
    answer = StoredAnswer(text_of(whole), calls, _openai_reason(said.provider, said.finish_reason), said.model, said.provider)
    if _essence(native) == _essence(native_of(_neutral(answer, lambda: ""))):
        return answer
    return answer._replace(host=HOST, native=native)


def message_of(answer: StoredAnswer, fresh: Callable[[], str] = fresh_id) -> AIMessage:
    """Return a stored answer as a new message that cost nothing; `fresh` makes the ids of its tool calls.

    Raises NotServableError where another host alone can serve it, ValueError or TypeError where it is damaged.
    """
    refuse_others(answer)
    return _neutral(answer, fresh) if answer.native is None else from_native(answer.native, fresh)


def said_of(answer: StoredAnswer) -> Answer | None:
    """Return what the message of a stored answer says of how it was made; None where only the message itself can tell."""
    return _said(answer.provider, answer.model, answer.finish_reason) if answer.native is None else None


@lru_cache(maxsize=256)
def _said(provider: str | None, model: str | None, finish_reason: str | None) -> Answer:
    # No more than this goes into what a message says beside its text, and reading it takes longer than to make it.
    return answer_of(_neutral(StoredAnswer(finish_reason=finish_reason, model=model, provider=provider), fresh_id))


def refuse_others(answer: StoredAnswer) -> None:
    """Raise NotServableError for an answer that another host alone can serve."""
    if answer.native is not None and answer.host != HOST:
        raise NotServableError(f"an answer in the form of {answer.host!r} is for that host alone")


def from_native(native: Mapping[str, Any], fresh: Callable[[], str] | None = fresh_id) -> AIMessage:
    """Return the message that `native_of` told of; None for `fresh` leaves the ids of tool calls as they were."""
    fields: dict[str, Any] = dict(native)
    # A copy in any case: the same stored answer may be served to several callers at once.
    fields = _renamed(fields, {} if fresh is None else _fresh_ids(fields, fresh))
    about = as_mapping(fields.get("response_metadata"))
    fields["response_metadata"] = {**counts_of_nothing(about), **about}
    return AIMessage(**fields, usage_metadata=nothing_used())


def _fresh_ids(fields: Mapping[str, Any], fresh: Callable[[], str]) -> dict[str, str]:
    calls = [*as_list(fields.get("tool_calls")), *as_list(fields.get("invalid_tool_calls"))]
    ids = {call["id"]: fresh() for call in calls if call.get("id")}
    return ids | {item: renewed(item, fresh()) for item in ids_of_server_tools(fields.get("content")) if item not in ids}


def native_of(message: AIMessage) -> dict[str, Any]:
    """Return a message as JSON values, without its ids, its usage and other noise; the ids of its calls of tools stay.

    Raises TypeError or ValueError for other values, and for parts that only the provider can tell by their ids.
    """
    extra = message.model_extra or {}
    if extra:
        raise TypeError(f"fields of its own: {sorted(extra)}")
    about = {key: value for key, value in message.response_metadata.items() if key not in _NOISE}
    more = without_ids_beside({key: value for key, value in message.additional_kwargs.items() if key != PARSED})
    calls = {call["id"] for call in (*message.tool_calls, *message.invalid_tool_calls)}
    fields: dict[str, Any] = {
        "content": without_item_ids(message.content, calls),
        "additional_kwargs": more,
        "response_metadata": about,
        "tool_calls": message.tool_calls,
        "invalid_tool_calls": message.invalid_tool_calls,
        "name": message.name,
    }
    return cast("dict[str, Any]", plain(fields))


def _whole(message: BaseMessage) -> AIMessage | None:
    if isinstance(message, AIMessageChunk):
        # LangChain mends arguments that were cut off; what was mended is not what the model said.
        if None in unrepaired(message)[1]:
            return None
        message = message_chunk_to_message(message)
    return message if type(message) is AIMessage else None


def _neutral(answer: StoredAnswer, fresh: Callable[[], str]) -> AIMessage:
    calls: list[Any] = []
    broken: list[Any] = []
    for call in answer.calls:
        arguments = json_object(call.arguments)
        if arguments is None:
            broken.append({"name": call.name, "args": call.arguments, "id": fresh(), "error": None, "type": "invalid_tool_call"})
        else:
            calls.append({"name": call.name, "args": dict(arguments), "id": fresh(), "type": "tool_call"})
    where, words = _SAID.get(answer.provider or "", _AS_OPENAI)
    reason = answer.finish_reason
    about = {"model_name": answer.model, "model_provider": answer.provider, where: words.get(reason or "", reason)}
    about = {key: value for key, value in about.items() if value is not None}
    return AIMessage(
        content=answer.text,
        tool_calls=calls,
        invalid_tool_calls=broken,
        additional_kwargs=blank_extras(answer.provider),
        response_metadata={**counts_of_nothing(about), **blank_metadata(answer.provider, answer.model), **about},
        usage_metadata=nothing_used(),
    )


def _openai_reason(provider: str | None, reason: str | None) -> str | None:
    _, words = _SAID.get(provider or "", _AS_OPENAI)
    return next((ours for ours, theirs in words.items() if theirs == reason), reason)


def _essence(native: Mapping[str, Any]) -> list[Any]:
    """Return what of a message matters: two of one essence are the same answer."""
    calls = [[call["name"], call["args"]] for call in native["tool_calls"]]
    broken = [[call["name"], call["args"]] for call in native["invalid_tool_calls"]]
    about = {key: value for key, value in native["response_metadata"].items() if value not in _BLANK}
    if about.get("model") == about.get("model_name"):
        about.pop("model", None)
    more = {key: value for key, value in native["additional_kwargs"].items() if value not in _BLANK}
    content = _text_alone(native)
    if content is None:
        content = native["content"]
    else:
        # LangChain's streams of events give every answer in its own blocks, whatever the model gives otherwise.
        about = {key: value for key, value in about.items() if (key, value) != ("output_version", "v1")}
    return [content, calls, broken, about, more, native["name"]]


def _text_alone(native: Mapping[str, Any]) -> str | None:
    """Return the text of a content that is one text, and tool calls that the message has as well; None for any other."""
    content = native["content"]
    if isinstance(content, str):
        return content
    called = {call["id"] for call in native["tool_calls"]}
    texts: list[str] = []
    for place, block in enumerate(content):
        about = as_mapping(block)
        text = about.get("text")
        if place == 0 and isinstance(text, str) and about.keys() <= _OF_A_TEXT:
            texts.append(text)
        elif about.get("type") != "tool_call" or about.get("id") not in called or not about.keys() <= _OF_A_CALL:
            return None
    return "".join(texts) if content else None


def _text_of(arguments: Any) -> str:
    return json.dumps(plain(arguments), ensure_ascii=False)


def plain(value: Any) -> Any:
    """Return a copy of a JSON value. Raises TypeError or ValueError for what is none, or comes back as something else."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if type(value) is int or (type(value) is float and math.isfinite(value)):
        return value
    if type(value) is list:
        return [plain(each) for each in as_list(value)]
    fields: Mapping[Any, Any] = as_mapping(value)
    if isinstance(value, dict) and all(isinstance(key, str) for key in fields):
        return {plain(key): plain(each) for key, each in fields.items()}
    raise TypeError(f"a {type(cast('object', value)).__name__} is not kept")


def _renamed(value: Any, ids: Mapping[str, str]) -> Any:
    """Return a copy of a JSON value in which tool calls have other ids, wherever their ids stand."""
    if isinstance(value, list):
        return [_renamed(each, ids) for each in as_list(value)]
    if not isinstance(value, dict):
        return value
    return {
        ids.get(key, key): ids.get(each, each) if key in _ID_NAMES and isinstance(each, str) else _renamed(each, ids)
        for key, each in as_mapping(value).items()
    }
