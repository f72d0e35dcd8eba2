"""From the messages, prompt or input of a LiteLLM request to what routing looks at: the same messages as LangChain's host gives."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, cast

from taskroute.content import Reader, plain, unescaped
from taskroute.reading import as_list, as_mapping
from taskroute.types import Message

Endpoint = Literal["completion", "text_completion", "embedding", "responses", "messages"]

_ROLES: Final[Mapping[Any, str]] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
}
_READ: Final = frozenset({"role", "content", "tool_calls", "tool_call_id", "name", "id"})
"""Fields of a message that are read one by one; any other is searched for texts."""
_LONG: Final = 100
"""A longer text is counted once: LiteLLM's own answers hold their reasoning up to three times."""
_TEXTS: Final = frozenset({"text", "input_text", "output_text"})
_CALLED: Final = frozenset({"type", "id", "call_id", "name", "arguments", "status"})
_ANSWERED: Final = frozenset({"type", "id", "call_id", "output", "status"})
_RESULT: Final = frozenset({"type", "tool_use_id", "content", "is_error", "cache_control"})


def _plain(value: Any) -> Any:
    """Return what stands for an object; nothing stands for one that cannot be read, because LiteLLM must be left to refuse it."""
    try:
        return plain(value)
    except Exception:  # noqa: BLE001 - an object of the caller's may raise anything
        return ""


READER: Final = Reader(_plain)


def messages_of(endpoint: Endpoint, arguments: Mapping[str, Any]) -> tuple[tuple[Message, ...], int | None]:
    """Return the messages of a request, and the number of its tokens where it holds these in the place of texts."""
    match endpoint:
        case "completion":
            return tuple([message for given in _each(arguments.get("messages")) for message in _given(given)]), None
        case "messages":
            return (*_system(arguments.get("system")), *_blocks(arguments.get("messages"))), None
        case "responses":
            return (*_system(arguments.get("instructions")), *_items(arguments.get("input"))), None
        case "text_completion":
            return _texts(arguments.get("prompt"))
        case "embedding":
            return _texts(arguments.get("input"))


def _each(given: Any) -> Sequence[Any]:
    """Return what a list holds; a text or a mapping in its place, which a provider may take or at least reads, stands for a list of one."""
    return (given,) if isinstance(given, str | Mapping) and given else as_list(given)  # pyright: ignore[reportUnknownVariableType]


# Chat completions


def _given(given: Any) -> Iterator[Message]:
    if fields := fields_of(given):
        yield _message(fields)
    else:
        yield from _stray(given)


def _stray(given: Any) -> Iterator[Message]:
    """Yield the text of what is no message."""
    if texts := [*READER.strings_in(given)]:
        yield _joined("user", texts)


def _message(fields: Mapping[str, Any]) -> Message:
    given = fields.get("role")
    role = _ROLES.get(given) if isinstance(given, str) else None
    content = fields.get("content")
    if isinstance(content, str) and role is not None and len(fields) == 2:
        return Message(role, content)
    texts, media = _content(content)
    texts.extend(_besides(fields, role, texts))
    return _joined(role or "user", texts, media)


def _content(content: Any) -> tuple[list[str], tuple[str, ...]]:
    if isinstance(content, str):
        return ([content] if content else []), ()
    if isinstance(content, list | tuple):
        return READER.parts([part if isinstance(part, str) else fields_of(part) for part in cast("list[Any]", content)], _TEXTS)
    return [*READER.strings_in(content)], ()


def _joined(role: str, texts: Sequence[str], media: tuple[str, ...] = ()) -> Message:
    return Message(role, texts[0] if len(texts) == 1 else "\n".join(texts), media)


def _besides(fields: Mapping[str, Any], role: str | None, content: Sequence[str]) -> list[str]:
    """Return what a message holds besides its content. What the content holds already is left out."""
    found: list[str] = []
    known = set(content)
    given = fields.get("role")
    if role is None and isinstance(given, str):
        found.append(given)
    if role == "assistant":
        found.extend(_called(as_list(fields.get("tool_calls")), known))
        # OpenAI can be sent the ids of earlier answers in place of the answers.
        if isinstance(fields.get("id"), str) and fields["id"].startswith("msg_"):
            found.append(fields["id"])
    answered, name = fields.get("tool_call_id"), fields.get("name")
    if role == "tool" and isinstance(answered, str):
        found.append(answered)
    unread = _READ if role != "tool" else _READ | {"status", "artifact"}
    rest = {key: value for key, value in fields.items() if key not in unread}
    if rest:
        known.update(found)
        for text in READER.strings_in(rest):
            if text not in known:
                found.append(text)
                if len(text) > _LONG:
                    known.add(text)
    if isinstance(name, str) and name:
        found.append(name)
    return found


def _called(calls: Iterable[Any], known: set[str]) -> Iterator[str]:
    """Yield names, ids and arguments of the tool calls of a message."""
    for each in calls:
        call = fields_of(each)
        function = fields_of(call.get("function"))
        if function:
            yield from _call(function.get("name"), call.get("id"), function.get("arguments"), known)
        elif "args" in call:
            yield from _call(call.get("name"), call.get("id"), call["args"], known)
        else:
            yield from (text for text in READER.strings_in(call) if text not in known)


def _call(name: Any, call_id: Any, arguments: Any, known: set[str]) -> Iterator[str]:
    yield from (text for text in (name, call_id) if isinstance(text, str) and text and text not in known)
    args = _parsed(arguments) if isinstance(arguments, str) else arguments
    if not known.issuperset(READER.strings_in(args)):
        # Written anew, so that the same arguments are the same text however the provider spaced them.
        yield READER.json_text(args) if isinstance(args, Mapping) else "\n".join(READER.strings_in(args))


def _parsed(arguments: str) -> Any:
    """Return the arguments of a call; the text itself where it is no JSON, or says more than can be kept of it."""
    try:
        return json.loads(arguments, strict=False, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        return unescaped(arguments)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def fields_of(value: Any) -> Mapping[str, Any]:
    """Return the fields of a mapping, or of an object of pydantic's; none of anything else."""
    if type(value) is dict or isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value)
    dump = getattr(value, "model_dump", None)
    if dump is None or isinstance(value, type):
        return {}
    try:
        return as_mapping(dump(exclude_none=True))
    except Exception:  # noqa: BLE001 - an object of the caller's may raise anything
        return {}


# Anthropic messages


def _system(given: Any) -> Iterator[Message]:
    if isinstance(given, str):
        if given:
            yield Message("system", given)
    elif given:
        yield _joined("system", *_content(given))


def _blocks(given: Any) -> Iterator[Message]:
    """Yield the messages; a tool's result, which Anthropic takes from the user, is a message of the tool."""
    for message in _each(given):
        fields = fields_of(message)
        content = fields.get("content")
        if not isinstance(content, list | tuple):
            yield from _given(message)
            continue
        blocks = [part if isinstance(part, str) else fields_of(part) for part in cast("list[Any]", content)]
        results = [block for block in blocks if not isinstance(block, str) and block.get("type") == "tool_result"]
        yield from map(_result, results)
        rest = [block for block in blocks if isinstance(block, str) or block.get("type") != "tool_result"] if results else blocks
        if rest or not results:
            yield _message({**fields, "content": rest})


def _result(block: Mapping[str, Any]) -> Message:
    texts, media = _content(block.get("content"))
    rest = {key: value for key, value in block.items() if key not in _RESULT}
    return _joined("tool", [*texts, *READER.strings_in(block.get("tool_use_id")), *READER.strings_in(rest)], media)


# Responses


def _items(given: Any) -> Iterator[Message]:
    """Yield the messages of an input. What an answer was made of (reasoning, text, calls of tools) is one message, as it was one answer."""
    if isinstance(given, str):
        yield Message("user", given)
        return
    answer: list[Message] = []
    spoken = False
    for each in _each(given):
        item = fields_of(each)
        if not item:
            yield from _stray(each)
            continue
        message, speaks = _item(item), "role" in item
        if answer and (message.role != "assistant" or (speaks and spoken)):
            yield _one(answer)
            answer, spoken = [], False
        if message.role == "assistant":
            answer.append(message)
            spoken = spoken or speaks
        else:
            yield message
    if answer:
        yield _one(answer)


def _one(answer: Sequence[Message]) -> Message:
    texts = [message.text for message in answer if message.text]
    return _joined("assistant", texts, tuple([kind for message in answer for kind in message.media]))


def _item(item: Mapping[str, Any]) -> Message:
    kind = item.get("type")
    if "role" in item:
        return _message({key: value for key, value in item.items() if key not in ("type", "status")})
    if kind == "function_call":
        rest = {key: value for key, value in item.items() if key not in _CALLED}
        texts = [*_call(item.get("name"), item.get("call_id"), item.get("arguments"), set()), *READER.strings_in(rest)]
        return _joined("assistant", texts)
    if isinstance(kind, str) and kind.endswith("_output"):
        texts, media = _content(item.get("output"))
        rest = {key: value for key, value in item.items() if key not in _ANSWERED}
        return _joined("tool", [*texts, *READER.strings_in(item.get("call_id")), *READER.strings_in(rest)], media)
    texts, media = READER.parts([item], _TEXTS)
    is_text = isinstance(kind, str) and kind in _TEXTS
    return _joined("user" if media or is_text else "assistant", texts, media)


# Text completions and embeddings


def _texts(given: Any) -> tuple[tuple[Message, ...], int | None]:
    """Return each text as a message of the user, or the number of the tokens; of several lists that of the longest, which must fit."""
    if isinstance(given, str):
        return (_text(given),), None
    several = _each(given)
    messages = tuple([message for each in several if not _is_tokens(each) for message in _input(each)])
    if messages or not several:
        return messages, None
    if type(several[0]) is int:
        return (), len(several)
    return (), max((len(cast("list[Any]", tokens)) for tokens in several if isinstance(tokens, list | tuple)), default=0) or None


def _is_tokens(value: Any) -> bool:
    return type(value) is int or (isinstance(value, list) and all(type(token) is int for token in cast("list[object]", value)))


def _input(given: Any) -> Iterator[Message]:
    """Yield a text as it is, and as one message what else some providers take in its place: blocks, and lists of both."""
    if isinstance(given, str):
        yield _text(given)
        return
    texts, media = _content(given if isinstance(given, list | tuple) else [fields_of(given) or given])
    if texts or media:
        yield _joined("user", texts, media)


def _text(text: str) -> Message:
    if text[:11] != "data:image/":
        return Message("user", text)
    return _joined("user", [*READER.strings_in(text)], ("image",))
