"""What may be stored of a stream of completions or of responses, from what passed by. Imports nothing of LiteLLM."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from taskroute.reading import as_list, as_mapping, as_text
from taskroute.stored import StoredAnswer, StoredCall
from taskroute.types import Reply
from taskroute_litellm.keepable import HOST, REPEATED, beyond, stored_of
from taskroute_litellm.usage import field

_THOUGHT: Final = frozenset({"reasoning_content", "thinking_blocks"})
"""What can be put together again of its pieces, beside text and calls."""


class KeptStream:
    """Puts together what else is in a stream, and notes whether there is more than can be kept."""

    def __init__(self) -> None:
        self._is_keepable = True
        self._thought: list[str] = []
        self._blocks: dict[int, dict[str, str]] = {}
        self._model: str | None = None
        self._last: Any = None
        """The whole answer, where the stream ends with it."""

    def take(self, choices: Sequence[Any], model: str | None = None) -> None:
        """Note what a chunk holds, and the model that it names."""
        self._model = self._model or model
        for choice in choices:
            delta: Any = field(choice, "delta")
            custom = any(field(call, "custom") for call in as_list(field(delta, "tool_calls")))
            if field(choice, "index") or field(choice, "logprobs") or custom:
                self._is_keepable = False
            if delta is not None:
                self._take_beyond(delta)

    def _take_beyond(self, delta: Any) -> None:
        found = beyond(delta, REPEATED)
        self._is_keepable = self._is_keepable and found <= _THOUGHT
        if "reasoning_content" in found:
            self._thought.append(as_text(field(delta, "reasoning_content")) or "")
        for block in as_list(field(delta, "thinking_blocks")) if "thinking_blocks" in found else ():
            self._take_block(as_mapping(block))

    def _take_block(self, block: Any) -> None:
        index, signature = block.get("index") or 0, as_text(block.get("signature"))
        if block.get("type") != "thinking" or not isinstance(index, int):
            self._is_keepable = False
            return
        whole = self._blocks.setdefault(index, {"type": "thinking", "thinking": ""})
        thought = as_text(block.get("thinking")) or ""
        # With the signature some versions of LiteLLM repeat all of it.
        if signature is None or thought != whole["thinking"]:
            whole["thinking"] += thought
        if signature is not None:
            whole["signature"] = signature

    def ended_with(self, response: Any) -> None:
        """Note the answer that the last event repeats."""
        self._last = response

    def stored(self, reply: Reply) -> StoredAnswer | None:
        """Return what is to be stored; `reply` is what the stream came to. None where it could not be served again as it was."""
        found = stored_of(self._last) if self._last is not None else self._put_together(reply)
        model = reply.model or self._model
        return None if found is None else found._replace(model=model, provider=reply.provider, finish_reason=reply.finish_reason)

    def _put_together(self, reply: Reply) -> StoredAnswer | None:
        if not self._is_keepable or None in reply.arguments:
            return None
        given = zip(reply.tool_calls, reply.arguments, strict=True)
        calls = tuple([StoredCall(name, json.dumps(arguments, ensure_ascii=False)) for name, arguments in given])
        found = StoredAnswer(reply.text, calls)
        if not self._thought and not self._blocks:
            return found
        blocks = [self._blocks[index] for index in sorted(self._blocks)]
        thought = {"reasoning_content": "".join(self._thought), "thinking_blocks": blocks}
        return found._replace(host=HOST, native={"message": {name: value for name, value in thought.items() if value}})
