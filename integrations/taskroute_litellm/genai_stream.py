"""What a stream of LiteLLM's says, kept while it passes by, so that there is something to tell of one that breaks as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from taskroute.reading import as_list, as_text
from taskroute.warn import warn_once
from taskroute_litellm.conversation import fields_of
from taskroute_litellm.genai_output import output_messages, spoken
from taskroute_litellm.genai_parts import item_parts, spoken_parts
from taskroute_litellm.usage import field

_DELTAS: Final[Mapping[str, str]] = {
    "response.output_text.delta": "text",
    "response.refusal.delta": "refusal",
    "response.reasoning_text.delta": "thought",
    "response.reasoning_summary_text.delta": "thought",
    "response.function_call_arguments.delta": "arguments",
    "response.custom_tool_call_input.delta": "arguments",
}
"""Which part of an item each event adds to."""
_WHOLE: Final = ("response.completed", "response.incomplete", "response.failed")


class _Call(NamedTuple):
    id: str | None
    name: str
    arguments: list[str]


class _Choice:
    """What came of one choice."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.thoughts: list[str] = []
        self.refusals: list[str] = []
        self.calls: list[_Call] = []
        self.places: dict[Any, int] = {}
        """Which of the calls a piece with this index, or id, belongs to."""
        self.media: dict[str, Any] = {}
        self.finish: str | None = None

    def message(self) -> dict[str, Any]:
        calls = [{"id": call.id, "name": call.name, "arguments": "".join(call.arguments)} for call in self.calls]
        said = {"content": "".join(self.texts), "refusal": "".join(self.refusals), "tool_calls": calls, **self.media}
        return spoken(spoken_parts({**said, "reasoning_content": "".join(self.thoughts)}), self.finish)


class SpokenStream:
    """Keeps what chunks of completions, or events of a response, say. What cannot be kept is not told, and costs one warning."""

    def __init__(self) -> None:
        self._choices: dict[int, _Choice] = {}
        self._items: dict[Any, Any] = {}
        self._pieces: dict[Any, dict[str, list[str]]] = {}
        self._response: Any = None
        self._lost = False

    def take(self, chunk: Any) -> None:
        """Keep what a chunk, or an event, adds."""
        try:
            choices = field(chunk, "choices")
            if choices is None:
                self._take_event(chunk)
            else:
                for choice in as_list(choices):
                    self._take_choice(choice)
        except Exception as error:  # noqa: BLE001 - whatever comes, the caller gets it, and the reply is read by itself
            self._lost = True
            name = type(error).__name__
            warn_once("said", name, f"what a stream said could not be kept for telemetry ({name}); it is left out")

    def said(self) -> Sequence[Mapping[str, Any]]:
        """Return what came until now in the shape of `gen_ai.output.messages`."""
        if self._lost:
            return ()
        if self._response is not None:
            return output_messages(self._response)
        found = [self._choices[index].message() for index in sorted(self._choices)]
        if keys := dict.fromkeys((*self._items, *self._pieces)):
            found.append(spoken([part for key in keys for part in item_parts(self._item(key))], None))
        return [message for message in found if message["parts"]]

    # Completions

    def _take_choice(self, choice: Any) -> None:
        index = field(choice, "index")
        kept = self._choices.setdefault(index if isinstance(index, int) else 0, _Choice())
        kept.finish = as_text(field(choice, "finish_reason")) or kept.finish
        delta = field(choice, "delta") or choice
        for name, kind in (("content", kept.texts), ("text", kept.texts), ("reasoning_content", kept.thoughts), ("refusal", kept.refusals)):
            if (text := as_text(field(delta, name))) is not None:
                kind.append(text)
        for call in as_list(field(delta, "tool_calls")):
            _take_call(kept, call)
        if images := as_list(field(delta, "images")):
            kept.media["images"] = [*as_list(kept.media.get("images")), *images]
        if audio := fields_of(field(delta, "audio")):
            kept.media["audio"] = _joined(kept.media.get("audio") or {}, audio)

    # Responses

    def _take_event(self, event: Any) -> None:
        kind: Any = field(event, "type")
        kind, key = str(getattr(kind, "value", kind)), field(event, "output_index")
        if kind in _WHOLE:
            self._response = field(event, "response")
        elif kind in ("response.output_item.added", "response.output_item.done"):
            self._items[key] = field(event, "item")
            if kind.endswith("done"):
                self._pieces.pop(key, None)
        elif kind in _DELTAS and (text := as_text(field(event, "delta"))):
            self._pieces.setdefault(key, {}).setdefault(_DELTAS[kind], []).append(text)

    def _item(self, key: Any) -> Any:
        """Return an item; where only pieces of it came, as far as they go."""
        given, pieces = self._items.get(key), {kind: "".join(texts) for kind, texts in self._pieces.get(key, {}).items()}
        if not pieces:
            return given
        if "arguments" in pieces:
            return {**fields_of(given), "arguments": pieces["arguments"]}
        if "thought" in pieces:
            return {"type": "reasoning", "reasoning": pieces["thought"]}
        refusal = [{"type": "refusal", "refusal": pieces["refusal"]}] if "refusal" in pieces else []
        text = [{"type": "text", "text": pieces["text"]}] if "text" in pieces else []
        return {"type": "message", "role": "assistant", "content": [*text, *refusal]}


def _take_call(kept: _Choice, call: Any) -> None:
    """Add a piece of a call. Some hosts repeat the id with each piece, some give each call the same index."""
    function = field(call, "custom") or field(call, "function")
    call_id, index = as_text(field(call, "id")), field(call, "index")
    key = index if isinstance(index, int) else call_id
    place = kept.places.get(key, len(kept.calls) - 1 if key is None else len(kept.calls))
    if place < 0 or place >= len(kept.calls) or call_id not in (None, kept.calls[place].id):
        place = len(kept.calls)
        kept.calls.append(_Call(call_id, as_text(field(function, "name")) or "", []))
    kept.places[key] = place
    given = field(function, "arguments") if field(call, "custom") is None else field(function, "input")
    if isinstance(given, str):
        kept.calls[place].arguments.append(given)


def _joined(before: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return audio with another piece of its data and its transcript."""
    longer = {name: str(before.get(name) or "") + str(more.get(name) or "") for name in ("data", "transcript")}
    return {**before, **more, **longer}
