"""A whole message as a stream: chunks that come to the same message when they are added up."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.tool import ToolCallChunk

from taskroute.reading import as_mapping

_MOST: Final = 64
"""Chunks of one text: a long one comes in longer pieces, because each piece costs a turn through LangChain."""
_SHORTEST: Final = 16
_WORD: Final = 32
"""How far a piece is made longer to end with a word."""
_ON_EACH: Final = ("model_provider", "output_version")
"""Metadata by which LangChain reads the blocks of a chunk, and which it does not join when chunks are added up."""


def pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces of a few words each, 64 at most."""
    size = max(_SHORTEST, -(-len(text) // _MOST))
    start = 0
    while start < len(text):
        end = start + size
        space = text.find(" ", end, end + _WORD)
        if space >= 0:
            end = space + 1
        elif len(text) <= end + _WORD:
            end = len(text)
        yield text[start:end]
        start = end


def chunks_of(message: AIMessage) -> Iterator[AIMessageChunk]:
    """Yield the message in chunks; the last one says that it is, and has what there is but once: usage, metadata, further fields."""
    more = message.additional_kwargs
    if "tool_calls" in more and (message.tool_calls or message.invalid_tool_calls):
        # LangChain would take what restates the calls for more of them.
        more = {key: value for key, value in more.items() if key != "tool_calls"}
    yield from _of_text(message) if isinstance(message.content, str) else _of_blocks(message)
    yield AIMessageChunk(
        content="" if isinstance(message.content, str) else [],
        additional_kwargs=more,
        response_metadata=message.response_metadata,
        usage_metadata=message.usage_metadata,
        name=message.name,
        chunk_position="last",
    )


def _of_text(message: AIMessage) -> Iterator[AIMessageChunk]:
    for piece in pieces(cast("str", message.content)):
        yield AIMessageChunk(content=piece)
    for index, call in enumerate(_calls(message)):
        yield AIMessageChunk(content="", tool_call_chunks=[_chunk(call, index)])


def _of_blocks(message: AIMessage) -> Iterator[AIMessageChunk]:
    about = {key: value for key in _ON_EACH if isinstance(value := message.response_metadata.get(key), str)}
    calls = {call["id"]: call for call in _calls(message)}
    blocks = _placed(cast("list[Any]", message.content))
    if blocks is None:
        yield AIMessageChunk(content=message.content, response_metadata=about)
    for block in blocks or ():
        call = calls.pop(_call_id(block), None)
        if call is not None:
            yield AIMessageChunk(content=[block], tool_call_chunks=[_chunk(call, block["index"])], response_metadata=about)
            continue
        for part in _parts(block):
            yield AIMessageChunk(content=[part], response_metadata=about)
    free = _free(as_mapping(block).get("index") for block in blocks or message.content)
    for call in calls.values():
        yield AIMessageChunk(content=[], tool_call_chunks=[_chunk(call, next(free))], response_metadata=about)


def _placed(blocks: list[Any]) -> list[Any] | None:
    """Return the blocks, each with a place of its own, by which LangChain adds parts up; None where two say that they have the same."""
    given = [as_mapping(block)["index"] for block in blocks if "index" in as_mapping(block)]
    if not all(isinstance(block, dict) for block in blocks) or not all(type(place) is int or _is_langchains(place) for place in given):
        return None
    if len(set(given)) < len(given):
        return None
    free = _free(given)
    return [block if "index" in block else {**block, "index": next(free)} for block in blocks]


def _free(given: Iterable[Any]) -> Iterator[int]:
    taken = {place for place in given if type(place) is int}
    return (place for place in itertools.count() if place not in taken)


def _is_langchains(place: object) -> bool:
    return isinstance(place, str) and place.startswith("lc_")


def _parts(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a block as it is streamed: a text in pieces, anything else at once."""
    text = block.get("text")
    if block.get("type") != "text" or not isinstance(text, str) or not text:
        yield dict(block)
        return
    for number, piece in enumerate(pieces(text)):
        yield {**block, "text": piece} if number == 0 else {"type": "text", "text": piece, "index": block["index"]}


def _calls(message: AIMessage) -> list[Mapping[str, Any]]:
    return [*cast("list[Any]", message.tool_calls), *cast("list[Any]", message.invalid_tool_calls)]


def _call_id(block: Mapping[str, Any]) -> Any:
    found = block.get("call_id") or block.get("id")
    return found if isinstance(found, str) else None


def _chunk(call: Mapping[str, Any], index: Any) -> ToolCallChunk:
    arguments = call["args"]
    text = arguments if isinstance(arguments, str) or arguments is None else json.dumps(arguments, ensure_ascii=False)
    return ToolCallChunk(name=call["name"], args=text, id=call["id"], index=index, type="tool_call_chunk")
