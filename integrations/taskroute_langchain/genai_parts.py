"""LangChain's content blocks as the parts of a message that the GenAI conventions define."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

from taskroute.content import plain
from taskroute.reading import as_list, as_mapping, as_text, json_object

Part = Mapping[str, Any]

_MEDIA: Final = frozenset({"image", "audio", "video", "file", "media"})
_CALLS: Final = frozenset({"tool_call", "invalid_tool_call", "tool_call_chunk", "tool_use", "function_call"})
_DEEPEST: Final = 50


def parts_of(message: BaseMessage) -> list[Part]:
    """Return the parts of a message. A call of a tool keeps the place that its content gives it."""
    calls = list(_calls_of(message))
    return [*block_parts(_blocks_of(message), calls), *calls, *_spoken(message)]


def block_parts(blocks: Iterable[Mapping[str, Any]], calls: list[Part]) -> list[Part]:
    """Return the parts that blocks stand for. Those of `calls` that have a place among them are taken out of it."""
    parts: list[Part] = []
    for given in blocks:
        block = as_mapping(given.get("value")) or given if given.get("type") == "non_standard" else given
        if as_text(block.get("type")) in _CALLS:
            found = _called(block, calls)
            if found is not None:
                parts.append(found)
        else:
            parts.extend(_part(block))
    return parts


def _blocks_of(message: BaseMessage) -> list[Mapping[str, Any]]:
    """Return the content of a message, in blocks of LangChain's standard where it knows how."""
    try:
        return [as_mapping(block) for block in message.content_blocks]
    except Exception:  # noqa: BLE001 - what LangChain cannot translate is told as it is
        blocks: list[Any] = [message.content] if isinstance(message.content, str) else message.content
        return [{"type": "text", "text": block} if isinstance(block, str) else as_mapping(block) for block in blocks]


# Calls of tools


def _calls_of(message: BaseMessage) -> Iterator[Part]:
    """Yield the calls of tools; arguments that are no JSON object, such as those of a stream that broke off, as the text that came."""
    if isinstance(message, AIMessageChunk) and message.tool_call_chunks:
        for part in message.tool_call_chunks:
            yield call_part(part["id"], part["name"], part["args"])
    elif isinstance(message, AIMessage):
        for call in message.tool_calls:
            yield call_part(call["id"], call["name"], call["args"])
        for broken in message.invalid_tool_calls:
            yield call_part(broken["id"], broken["name"], broken["args"])


def call_part(id: str | None, name: str | None, arguments: Any) -> Part:
    """Return a call of a tool as a part."""
    read = json_object(arguments)
    return {"type": "tool_call", "id": id, "name": name or "", "arguments": json_value(arguments if read is None else read)}


def _called(block: Mapping[str, Any], calls: list[Part]) -> Part | None:
    """Take the call that a block stands for out of those of its message; None where it is said twice."""
    id = block.get("call_id") or block.get("id")
    for index, call in enumerate(calls):
        if call["id"] == id:
            return calls.pop(index)
    if calls or block.get("name") is None:
        return None
    return call_part(as_text(id), as_text(block.get("name")), block.get("args", block.get("input", block.get("arguments"))))


# Other blocks


def _part(block: Mapping[str, Any]) -> Iterator[Part]:
    kind = as_text(block.get("type"))
    if kind in ("text", "text-plain", "input_text", "output_text") and isinstance(block.get("text"), str):
        if block["text"]:
            yield {"type": "text", "content": block["text"]}
    elif kind in ("reasoning", "thinking", "reasoning_content"):
        yield from _thought(block)
    elif kind in _MEDIA or kind == "text-plain":
        yield _medium(block)
    elif kind == "server_tool_call":
        details = {"type": block.get("name") or kind, "arguments": json_value(block.get("args"))}
        yield {"type": kind, "id": block.get("id"), "name": block.get("name") or "", "server_tool_call": details}
    elif kind == "server_tool_result":
        details = {key: json_value(block[key]) for key in ("status", "output") if key in block}
        named = as_mapping(block.get("extras")).get("block_type") or kind
        yield {
            "type": "server_tool_call_response",
            "id": block.get("tool_call_id"),
            "server_tool_call_response": {"type": named, **details},
        }
    elif kind == "tool_result":
        yield {"type": "tool_call_response", "id": block.get("tool_use_id"), "response": json_value(block.get("content"))}
    elif block:
        yield {**as_mapping(json_value(block)), "type": kind or "unknown"}


def _thought(block: Mapping[str, Any]) -> Iterator[Part]:
    """Yield what was thought; nothing where the provider keeps it to itself."""
    said = block.get("reasoning") or block.get("thinking") or block.get("reasoning_content")
    text = as_text(said) or as_text(as_mapping(said).get("text"))
    if text is None:
        text = "\n".join([found for each in as_list(block.get("summary")) if (found := as_text(as_mapping(each).get("text")))])
    if text:
        yield {"type": "reasoning", "content": text}


def _medium(block: Mapping[str, Any]) -> Part:
    mime = as_text(block.get("mime_type"))
    about = {"modality": _modality(as_text(block.get("type")) or "", mime), **({} if mime is None else {"mime_type": mime})}
    data = block.get("base64") or block.get("data")
    if isinstance(data, str | bytes) and data:
        return {"type": "blob", **about, "content": _base64(data)}
    where = as_text(block.get("url")) or as_text(block.get("file_uri"))
    if where is not None and not where.startswith("data:"):
        return {"type": "uri", **about, "uri": where}
    if where is not None:
        return {"type": "blob", **about, "content": where.partition(",")[2]}
    named = as_text(block.get("file_id"))
    if named is not None:
        return {"type": "file", **about, "file_id": named}
    return {**as_mapping(json_value(block)), "type": str(block.get("type"))}


def _modality(kind: str, mime: str | None) -> str:
    by_mime = (mime or "").partition("/")[0]
    if by_mime in ("image", "audio", "video"):
        return by_mime
    return kind if kind in ("image", "audio", "video") else "document"


def _spoken(message: BaseMessage) -> Iterator[Part]:
    """Yield the audio that OpenAI's package puts beside the content of an answer."""
    audio = as_mapping(message.additional_kwargs.get("audio"))
    if audio.get("data"):
        words = as_text(audio.get("transcript"))
        yield {"type": "blob", "modality": "audio", "content": audio["data"], **({} if words is None else {"transcript": words})}


# Values


def _base64(data: str | bytes) -> str:
    return data if isinstance(data, str) else base64.b64encode(data).decode("ascii")


def json_value(value: Any, depth: int = 0) -> Any:
    """Return a value as JSON can have it: bytes in base64, an object as what stands for it."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, bytes | bytearray):
        return _base64(bytes(value))
    if depth > _DEEPEST:
        return None
    if isinstance(value, Mapping):
        return {str(key): json_value(each, depth + 1) for key, each in as_mapping(value).items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_value(each, depth + 1) for each in cast("list[Any]", value)]
    return json_value(plain(value), depth + 1)
