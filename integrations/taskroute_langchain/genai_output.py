"""What a model answered, in the shape of the GenAI conventions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import BaseMessage, BaseMessageChunk

from taskroute.reading import as_mapping
from taskroute_langchain.genai_parts import Part, block_parts, parts_of

Said = Callable[[], Sequence[Mapping[str, Any]]]


def said_in(message: BaseMessage, finish_reason: str | None) -> Said:
    """Return what gives an answer in the shape of `gen_ai.output.messages`."""
    return lambda: [_output(parts_of(message), finish_reason)]


def said_in_chunks(chunks: Sequence[BaseMessageChunk], finish_reason: str | None) -> Said:
    """Return what gives the answer that chunks come to; of a stream that broke off, the part that came."""
    parts = [*chunks]
    return lambda: [_output(parts_of(_joined(parts)), finish_reason)] if parts else []


def said_in_blocks(blocks: Sequence[Mapping[str, Any]], finish_reason: str | None) -> Said:
    """Return what gives an answer of which the standard blocks are known."""
    found = [*blocks]
    return lambda: [_output(block_parts(found, []), finish_reason)] if found else []


def said_together(all_said: Sequence[Said | None]) -> Said:
    """Return what gives several answers to one request, each as a message of its own."""
    return lambda: [message for said in all_said if said is not None for message in said()]


def _joined(chunks: Sequence[BaseMessageChunk]) -> BaseMessage:
    # One after the other would take time in the square of their number.
    return chunks[0] + [*chunks[1:]] if len(chunks) > 1 else chunks[0]


def _output(parts: Sequence[Part], finish_reason: str | None) -> Mapping[str, Any]:
    ended = {} if finish_reason is None else {"finish_reason": finish_reason}
    return {"role": "assistant", "parts": parts, **ended}


_ADDED: Final = frozenset({"text", "reasoning", "args", "data"})
"""What comes piece by piece; other fields come whole."""


class Blocks:
    """Keeps the content of a stream of LangChain's events, that of a block without an end included."""

    def __init__(self) -> None:
        self._blocks: dict[Any, dict[str, Any]] = {}

    def take(self, event: Mapping[str, Any]) -> None:
        """Note an event."""
        kind, index = event.get("event"), event.get("index")
        if kind in ("content-block-start", "content-block-finish"):
            self._blocks[index] = {**as_mapping(event.get("content"))}
        elif kind == "content-block-delta":
            block = self._blocks.setdefault(index, {})
            for key, more in as_mapping(event.get("delta")).items():
                self._add(block, key, more)

    @staticmethod
    def _add(block: dict[str, Any], key: str, more: Any) -> None:
        if key == "fields":
            block.update(as_mapping(more))
        elif key in _ADDED and isinstance(more, str):
            block[key] = str(block.get(key) or "") + more

    def all(self) -> list[Mapping[str, Any]]:
        """Return the blocks as far as they came."""
        return [*self._blocks.values()]
