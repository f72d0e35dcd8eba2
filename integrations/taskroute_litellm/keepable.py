"""From LiteLLM's answers to what may be stored of them, without importing LiteLLM.

An answer is kept only where it can be served again with nothing missing. What text, calls and finish reason say all of is kept in a form
for every host; a chat completion with more in its message, such as reasoning or citations, in LiteLLM's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from taskroute.reading import as_list, as_mapping, as_text, say_unread
from taskroute.stored import StoredAnswer, StoredCall
from taskroute_litellm.about import about
from taskroute_litellm.usage import field
from taskroute_litellm.whole import is_run_by_provider

HOST: Final = "litellm"
_PLAIN: Final = frozenset({"content", "role", "tool_calls", "text", "refusal"})
"""What every host has a place for; a refusal is not stored at all."""
_SERVED: Final = frozenset({"reasoning_content", "thinking_blocks", "annotations", "images", "provider_specific_fields"})
"""What else LiteLLM's messages and their streams can hold."""
_ASIDE: Final = frozenset({"stop_reason", "refusal", "native_finish_reason"})
"""Said beside the message, and said again by the finish reason."""


REPEATED: Final = _ASIDE | {"thinking_blocks"}
"""The same of the pieces of a stream, whose thoughts are in the pieces themselves, too."""


def stored_of(answer: Any) -> StoredAnswer | None:
    """Return what is to be stored of a whole answer; None where it could not be served again as it was."""
    try:
        return _stored(answer)
    except Exception as error:  # noqa: BLE001 - whatever is in an answer, the caller gets it
        say_unread(answer, error)
        return None


def _stored(answer: Any) -> StoredAnswer | None:
    if about(answer).cached:
        # How old it is, LiteLLM's own cache does not say.
        return None
    if field(answer, "object") == "response" or isinstance(field(answer, "output"), list):
        return _of_response(answer)
    if field(answer, "type") == "message":
        return _of_message(answer)
    choices = as_list(field(answer, "choices"))
    return _of_choice(answer, choices[0]) if len(choices) == 1 else None


def _of_choice(answer: Any, choice: Any) -> StoredAnswer | None:
    message: Any = field(choice, "message")
    if message is None:
        return None if field(choice, "logprobs") else _answer(answer, choice, as_text(field(choice, "text")), ())
    calls = _calls(as_list(field(message, "tool_calls")))
    content: Any = field(message, "content")
    more = beyond(message)
    if calls is None or not (content is None or isinstance(content, str)) or not more <= _SERVED:
        return None
    plain = _answer(answer, choice, content, calls)
    logprobs: Any = field(choice, "logprobs")
    if not more and not logprobs:
        return plain
    native = {"message": {name: _as_json(field(message, name)) for name in sorted(more)}}
    return plain._replace(host=HOST, native={**native, "logprobs": _as_json(logprobs)} if logprobs else native)


def _answer(answer: Any, choice: Any, text: str | None, calls: tuple[StoredCall, ...]) -> StoredAnswer:
    beside = about(answer)
    return StoredAnswer(
        text=text or "",
        calls=calls,
        finish_reason=as_text(field(choice, "finish_reason")),
        model=beside.model or as_text(field(answer, "model")),
        provider=beside.provider,
    )


def _calls(calls: Iterable[Any]) -> tuple[StoredCall, ...] | None:
    """Return the calls of functions; None where one is something else, or has no name."""
    found: list[StoredCall] = []
    for call in calls:
        function: Any = field(call, "function")
        name, arguments = as_text(field(function, "name")), field(function, "arguments")
        if name is None or not isinstance(arguments, str | None) or is_run_by_provider(call) or field(call, "custom"):
            return None
        found.append(StoredCall(name, arguments or "{}", as_text(field(call, "id")) or ""))
    return tuple(found)


def beyond(said: Any, aside: frozenset[str] = _ASIDE) -> frozenset[str]:
    """Return the names of what a message, or a piece of one, holds beside text and calls. What is `aside` is said elsewhere, too."""
    dump: Any = getattr(said, "model_dump", None)
    fields = as_mapping(dump(exclude_none=True) if callable(dump) else said)
    found = {name: value for name, value in fields.items() if value and name not in _PLAIN}
    if "provider_specific_fields" in found:
        beside = {name for name, value in as_mapping(found["provider_specific_fields"]).items() if value and name not in aside}
        if not beside:
            del found["provider_specific_fields"]
    return frozenset(found)


def _as_json(value: Any) -> Any:
    dump: Any = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json", exclude_none=True)
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in as_list(value)]
    if isinstance(value, Mapping):
        return {str(name): _as_json(inner) for name, inner in as_mapping(value).items()}
    return value


def _of_response(response: Any) -> StoredAnswer | None:
    """Keep an answer in the format of OpenAI's responses that is one message, or calls of functions, or both in this order."""
    text: str | None = None
    calls: list[StoredCall] = []
    for item in as_list(field(response, "output")):
        name, arguments = as_text(field(item, "name")), as_text(field(item, "arguments"))
        if field(item, "type") == "function_call" and name is not None:
            calls.append(StoredCall(name, arguments or "{}", as_text(field(item, "call_id")) or ""))
            continue
        said = _text_of_item(item)
        if said is None or text is not None or calls:
            return None
        text = said
    if field(response, "status") not in (None, "completed"):
        return None
    return _answer(response, {"finish_reason": "tool_calls" if calls else "stop"}, text, tuple(calls))


def _text_of_item(item: Any) -> str | None:
    """Return the text of a message that holds nothing else; None of every other item."""
    parts = as_list(field(item, "content"))
    if field(item, "type") != "message" or len(parts) != 1 or field(parts[0], "type") != "output_text":
        return None
    return None if field(parts[0], "annotations") or field(parts[0], "logprobs") else as_text(field(parts[0], "text")) or ""


def _of_message(message: Any) -> StoredAnswer | None:
    """Keep a message in Anthropic's format that is one text, or calls of tools, or both in this order."""
    text: str | None = None
    calls: list[StoredCall] = []
    for block in as_list(field(message, "content")):
        kind, name, given = field(block, "type"), as_text(field(block, "name")), field(block, "input")
        if kind == "tool_use" and name is not None and isinstance(given, Mapping):
            calls.append(StoredCall(name, json.dumps(as_mapping(given), ensure_ascii=False), as_text(field(block, "id")) or ""))
        elif kind == "text" and text is None and not calls and not field(block, "citations"):
            text = as_text(field(block, "text")) or ""
        else:
            return None
    if field(message, "stop_reason") == "stop_sequence":
        # Which one it was could not be said.
        return None
    return _answer(message, {"finish_reason": field(message, "stop_reason")}, text, tuple(calls))
