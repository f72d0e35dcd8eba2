"""From streams of Anthropic's messages to replies. LiteLLM hands them out as bytes, cut anywhere, whichever provider is behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from taskroute.reading import as_list, as_mapping, as_text, json_object, say_unread
from taskroute.types import Reply
from taskroute_litellm.about import about
from taskroute_litellm.genai_output import said_of
from taskroute_litellm.keepable import stored_of
from taskroute_litellm.sse import Events
from taskroute_litellm.stream_errors import failure_in
from taskroute_litellm.usage import field
from taskroute_litellm.whole import of_message, unread

_PARTS: Final[Mapping[str, str]] = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
"""Where each kind of delta has what it adds."""
_CALL: Final = "tool_use"


class MessageSource:
    """Makes sense of a stream of Anthropic's messages while it passes by.

    It is put together to the message that a whole answer would have been, and read like one. Without `examined`, only what a reply
    says is kept of it. `keeps` asks for what may be stored, `told` for what may be told of what was said.
    """

    def __init__(self, stream: Any = None, *, examined: bool = False, keeps: bool = False, told: bool = False) -> None:
        self._stream = stream
        self._examined = examined or keeps
        self._keeps = keeps
        self._told = told
        self._holds = self._examined or told
        """Whether all of it is kept."""
        self._events = Events()
        self._message: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._blocks: dict[Any, dict[str, Any]] = {}
        self._parts: dict[Any, list[str]] = {}
        """What came for each block, in pieces."""
        self._ended = False
        self._unread = False
        self._error: Exception | None = None

    def take(self, chunk: Any) -> bool:
        """Note a chunk; return whether it holds anything that the caller could use: text, thinking, part of a tool call."""
        useful = False
        try:
            for event in self._events_in(chunk):
                useful = self._take_event(event) or useful
        except Exception as error:  # noqa: BLE001 - whatever comes, the caller gets it
            self._unread = True
            say_unread(chunk, error)
            return True
        # What came with an error is of no use, so that another model may take over.
        return useful and self._error is None

    def _events_in(self, chunk: Any) -> Iterator[Any]:
        if isinstance(chunk, bytes | bytearray | str):
            return self._events.feed(chunk)
        return iter((chunk,))

    def _take_event(self, event: Any) -> bool:
        kind = field(event, "type")
        match kind:
            case "content_block_delta":
                return self._take_delta(field(event, "index"), field(event, "delta"))
            case "content_block_start":
                return self._begin(field(event, "index"), as_mapping(field(event, "content_block")))
            case "message_start":
                self._message.update(as_mapping(field(event, "message")))
                self._count(self._message.pop("usage", None))
            case "message_delta":
                self._message.update({name: value for name, value in as_mapping(field(event, "delta")).items() if value is not None})
                self._count(field(event, "usage"))
            case "message_stop":
                self._ended = True
            case "error":
                self._error = failure_in(event)
            case _:
                pass
        return False

    def _begin(self, index: Any, block: Mapping[str, Any]) -> bool:
        key = index if isinstance(index, int) else len(self._blocks)
        if self._holds or block.get("type") in ("text", _CALL):
            self._blocks[key] = dict(block)
        return block.get("type") == _CALL or bool(as_text(block.get("text")) or as_text(block.get("thinking")))

    def _take_delta(self, index: Any, delta: Any) -> bool:
        part = as_text(field(delta, _PARTS.get(str(field(delta, "type")), "")))
        block = self._blocks.get(index) if isinstance(index, int) else None
        if part is not None and block is not None and (self._holds or block.get("type") == "text"):
            self._parts.setdefault(index, []).append(part)
        if part is None and block is not None and self._holds:
            _add_beside(block, delta)
        return part is not None

    def _count(self, usage: Any) -> None:
        """Note counts. Those at the end are of the whole message; what they do not have was said at its beginning."""
        self._usage.update({name: value for name, value in as_mapping(usage).items() if value is not None})

    def reply(self) -> Reply:
        """Return what the whole stream came to; `answer` is None unless it is to be examined, and then the message."""
        if not self._unread:
            try:
                return self._whole()
            except Exception as error:  # noqa: BLE001 - as in take
                self._unread = True
                say_unread(self._stream, error)
        return unread(None, examined=self._examined)

    def _whole(self) -> Reply:
        for event in self._events.rest():
            self._take_event(event)
        message = {**self._message, "content": [self._block(index) for index in sorted(self._blocks)], "usage": self._usage}
        reply = of_message(message, examined=self._examined)
        beside = about(self._stream)
        reply = reply._replace(provider=beside.provider, from_cache=beside.cached)
        if beside.cached or self._events.lost:
            reply = reply._replace(usage=None, service_tier=None, reported=None)
        if self._events.lost:
            # What was lost may have been any part of it.
            reply = reply._replace(misfit="" if self._examined else None)
            return reply if self._examined else reply._replace(answer=None)
        if self._keeps and not beside.cached:
            reply = reply._replace(kept=stored_of(message))
        if self._told:
            reply = reply._replace(said=said_of(message))
        return reply if self._examined else reply._replace(answer=None)

    def _block(self, index: int) -> dict[str, Any]:
        block, parts = self._blocks[index], self._parts.get(index)
        if not parts:
            return block
        kind = block.get("type")
        if kind in ("text", "thinking"):
            return {**block, kind: str(block.get(kind) or "") + "".join(parts)}
        return {**block, "input": _object("".join(parts))}

    def error(self) -> Exception | None:
        """Return the error that the provider, or LiteLLM, put into the stream."""
        return self._error

    def is_half(self) -> bool:
        """Return whether the stream ended too early: every whole one says why it ends, and then that it does."""
        if self._unread or self._events.lost:
            return False
        return not (self._ended or self._message.get("stop_reason"))


def _add_beside(block: dict[str, Any], delta: Any) -> None:
    """Add what belongs to a block and is no part of its content."""
    match field(delta, "type"):
        case "signature_delta":
            block["signature"] = field(delta, "signature")
        case "citations_delta":
            block["citations"] = [*as_list(block.get("citations")), field(delta, "citation")]
        case _:
            pass


def _object(text: str) -> Any:
    """Return the input of a call; the text itself where it is no JSON, which is then no object either."""
    found = json_object(text)
    return text if found is None else found
