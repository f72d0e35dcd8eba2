"""What answers of LiteLLM say, as the GenAI conventions have it: whole ones, and what came of a stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from taskroute.reading import as_list, as_text
from taskroute_litellm.conversation import fields_of
from taskroute_litellm.genai_parts import Part, item_parts, parts_of, spoken_parts, text_part
from taskroute_litellm.replaying import Replayed
from taskroute_litellm.usage import field

Said = Callable[[], Sequence[Mapping[str, Any]]]


def said_of(answer: Any) -> Said:
    """Return what gives a whole answer in the shape of `gen_ai.output.messages`, read only when it is asked for."""
    return lambda: output_messages(answer)


def said_of_stored(stored: Replayed) -> Said:
    """Return the same of an answer that was stored."""
    calls = [{"id": call["id"], **call["function"]} for call in stored.calls()]

    def said() -> Sequence[Mapping[str, Any]]:
        message = {"content": stored.answer.text, "tool_calls": calls}
        return [spoken(spoken_parts(message), stored.finish_reason)]

    return said


def output_messages(answer: Any) -> list[dict[str, Any]]:
    """Return the messages of an answer in any endpoint's format, one for each choice; none of one that has vectors only."""
    if field(answer, "object") == "response" or isinstance(field(answer, "output"), list):
        parts = [part for item in as_list(field(answer, "output")) for part in item_parts(item)]
        finish = field(field(answer, "incomplete_details"), "reason") or field(answer, "status")
        found = [spoken(parts, finish)]
    elif field(answer, "type") == "message":
        found = [spoken(parts_of(field(answer, "content")), field(answer, "stop_reason"))]
    else:
        found = [_of_choice(choice) for choice in as_list(field(answer, "choices"))]
    return [message for message in found if message["parts"]]


def spoken(parts: Sequence[Part], finish: Any) -> dict[str, Any]:
    """Return a message of the model; newer conventions have the reason beside the messages, but its readers look here, too."""
    reason = as_text(getattr(finish, "value", finish))
    return {"role": "assistant", "parts": [*parts], **({"finish_reason": reason} if reason else {})}


def _of_choice(choice: Any) -> dict[str, Any]:
    message = fields_of(field(choice, "message"))
    text = as_text(field(choice, "text"))
    parts = spoken_parts(message) if message else [text_part(text)] if text else []
    return spoken(parts, field(choice, "finish_reason"))
