"""From LangChain's messages to what routing looks at. What is read of an answer is in `answers.py`."""

from __future__ import annotations

import binascii
import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast
from urllib.parse import unquote
from weakref import WeakKeyDictionary

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, ChatMessage, ToolMessage, convert_to_messages
from langchain_core.prompt_values import PromptValue
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel

from taskroute.types import Message

_ROLES: Final[Mapping[str, str]] = {
    "human": "user",
    "ai": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "tool",
    "developer": "system",
}

KINDS: Final[Mapping[str, str]] = {
    "image": "image",
    "image_url": "image",
    "input_image": "image",
    "audio": "audio",
    "input_audio": "audio",
    "video": "video",
    "file": "file",
    "input_file": "file",
    "document": "file",
    "media": "file",
}
"""Kinds of media by the type of a content block."""

_FORMAT_NAMES: Final = frozenset({"type", "mime_type", "media_type"})
_PAYLOADS: Final = frozenset({"data", "base64", "file_data", "bytes", "b64_json", "result"})
_WORDS: Final = frozenset(
    {
        *("text", "content", "input", "id", "name", "source", "url", "image_url", "index", "title", "arguments", "args", "function"),
        *("file", "tool_calls", "function_call", "annotations", "citations", "extras", "cache_control", "output", "value"),
        *("reasoning", "thinking", *_FORMAT_NAMES, *_PAYLOADS),
    }
)
"""Keys that say nothing of their own."""
_WORD: Final = re.compile(r"[a-z_/.+-]{1,80}|base64")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=_\s-]*", re.ASCII)
_URL_SAFE: Final = str.maketrans("-_", "+/")
_LONG: Final = 128
"""A shorter payload is always read: it costs little, and may be no payload."""
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_ESCAPED: Final[Mapping[str, str]] = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_SCHEMAS: Final[WeakKeyDictionary[type[Any], Any]] = WeakKeyDictionary()

_HOLD_MORE: Final = (AIMessage, ToolMessage, ChatMessage)
"""Messages that a provider is always sent more of than their content."""


def to_messages(model_input: LanguageModelInput) -> tuple[Message, ...]:
    """Return the messages of anything that a chat model takes."""
    if isinstance(model_input, str):
        return (Message("user", model_input),)
    messages = model_input.to_messages() if isinstance(model_input, PromptValue) else model_input
    if not isinstance(messages, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
        # As LangChain's own chat models say it.
        raise ValueError(f"Invalid input type {type(model_input)}. Must be a PromptValue, str, or list of BaseMessages.")
    return tuple([_message(message) for message in messages])


def _message(given: Any) -> Message:
    message: BaseMessage = given if isinstance(given, BaseMessage) else convert_to_messages([given])[0]
    role = _ROLES.get(message.type.removesuffix("MessageChunk").lower(), None) or _ROLES.get(message.type, "user")
    content = message.content
    if isinstance(content, str):
        if not (message.additional_kwargs or message.name or isinstance(message, _HOLD_MORE)):
            return Message(role, content)
        texts: list[str] = [content] if content else []
        media: tuple[str, ...] = ()
    else:
        texts, media = _parts(content)
    texts.extend(_besides(message, texts))
    return Message(role, texts[0] if len(texts) == 1 else "\n".join(texts), media)


def _parts(content: Sequence[Any]) -> tuple[list[str], tuple[str, ...]]:
    """Return every text in the blocks of a content, and the kinds of those that are media."""
    texts: list[str] = []
    media: list[str] = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
            continue
        kind = part.get("type")
        if kind == "text" and len(part) == 2 and isinstance(part.get("text"), str):
            texts.append(part["text"])
            continue
        if isinstance(kind, str) and kind in KINDS:
            media.append(_of_mime(part) or KINDS[kind])
        texts.extend(strings_in(part))
    return texts, tuple(media)


def _of_mime(part: Mapping[str, Any]) -> str | None:
    mime = str(part.get("mime_type") or part.get("media_type") or "")
    kind = mime.split("/", 1)[0]
    return kind if kind in ("image", "audio", "video") else None


def _besides(message: BaseMessage, content: Sequence[str]) -> list[str]:
    """Return what a provider may be sent of a message besides its content. What the content holds already is left out."""
    found: list[str] = []
    known = set(content)
    if isinstance(message, AIMessage):
        if message.tool_calls or message.invalid_tool_calls:
            found.extend(_called(message, known))
        # OpenAI can be sent the ids of earlier answers in place of the answers.
        if message.id and message.id.startswith("msg_"):
            found.append(message.id)
        if "id" in message.response_metadata:
            found.append(str(message.response_metadata["id"]))
    elif isinstance(message, ToolMessage):
        found.append(message.tool_call_id)
    elif isinstance(message, ChatMessage):
        found.append(message.role)
    if message.additional_kwargs:
        known.update(found)
        found.extend(text for text in strings_in(message.additional_kwargs) if text not in known)
    if message.name:
        found.append(message.name)
    return found


def _called(message: AIMessage, known: set[str]) -> Iterator[str]:
    """Yield names, ids and arguments of the tool calls; `known` also gets the forms in which a provider repeats the arguments."""
    for call in message.tool_calls:
        args = call["args"]
        yield from (text for text in (call["name"], call["id"]) if text and text not in known)
        if not known.issuperset(strings_in(args)):
            yield json_text(args)
        if message.additional_kwargs:
            known.update(json_text(args, separators=marks) for marks in ((", ", ": "), (",", ":")))
    for broken in message.invalid_tool_calls:
        fields = (broken["name"], broken["id"], broken["args"], broken["error"])
        yield from (text for text in strings_in(fields) if text not in known)


def strings_in(value: Any) -> Iterator[str]:
    """Yield every text at any depth of a value, keys and numbers too, without binary data and the plain words of the format."""
    met: dict[int, Any] = {}
    todo: list[tuple[Any, str, bool]] = [(value, "", False)]
    while todo:
        item, mime, payload = todo.pop()
        if isinstance(item, str):
            yield from _payload(item, mime) if payload else _readable(item)
        elif isinstance(item, bytes | bytearray):
            yield from _decoded(bytes(item), mime)
        elif isinstance(item, int | float) and not isinstance(item, bool):
            yield str(item)
        elif item is not None and not isinstance(item, bool) and id(item) not in met:
            met[id(item)] = item
            if isinstance(item, Mapping):
                todo.extend(_entries(cast("dict[Any, Any]", item), mime))
            elif isinstance(item, list | tuple | set | frozenset):
                todo.extend((inner, mime, False) for inner in reversed([*cast("list[Any]", item)]))
            else:
                todo.append((_plain(item), mime, False))


def _entries(item: Mapping[Any, Any], mime: str) -> Iterator[tuple[Any, str, bool]]:
    """Yield what a mapping holds, last first; what is known of a payload's format goes along."""
    kind = item.get("type")
    if isinstance(kind, str) and kind in KINDS:
        mime = f"{KINDS[kind]}/"
    named = item.get("mime_type") or item.get("media_type")
    if isinstance(named, str):
        mime = named
    for key, inner in reversed([*item.items()]):
        if key in _FORMAT_NAMES and isinstance(inner, str) and _WORD.fullmatch(inner):
            continue
        yield inner, f"{KINDS[key]}/" if key in KINDS and isinstance(inner, Mapping) else mime, key in _PAYLOADS
        if key not in _WORDS:
            yield key, "", False


def _readable(text: str) -> Iterator[str]:
    if text[:5].lower() == "data:" and "," in text:
        head, body = text.split(",", 1)
        if not _WORD.fullmatch(head[5:].replace(";base64", "")):
            yield head
        yield from _payload(body, head[5:].split(";", 1)[0]) if head.endswith(";base64") else (unquote(body),)
    elif text[:1] in ("{", "[") and "\\" in text:
        yield unescaped(text)
    elif text:
        yield text
        if "%" in text and "://" in text[:12]:
            yield unquote(text)


def _payload(text: str, mime: str) -> Iterator[str]:
    """Yield what can be read of a text that may be base64."""
    if not _BASE64.fullmatch(text):
        yield from _readable(text)
        return
    # Keys of an API may look like base64 of the kind for URLs, so such a text is always read as it is, too.
    encoded = len(text) >= _LONG and bool(mime) and "-" not in text and "_" not in text
    if encoded and _is_media(mime):
        return
    try:
        data = binascii.a2b_base64(text.translate(_URL_SAFE) + "===")
    except binascii.Error:
        data, encoded = b"", False
    if text and not encoded:
        yield text
    yield from _decoded(data, mime)


def _is_media(mime: str) -> bool:
    return mime.startswith(("image/", "audio/", "video/")) and "xml" not in mime


def _decoded(data: bytes, mime: str) -> Iterator[str]:
    if _is_media(mime):
        return
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield data.decode("utf-16", "ignore")
    elif data and (mime.startswith("text/") or b"\0" not in data):
        yield data.decode("utf-8", "ignore")


def json_text(value: Any, *, separators: tuple[str, str] | None = None) -> str:
    """Return a value as JSON, with the characters that JSON escapes as they are meant."""
    try:
        return unescaped(json.dumps(value, ensure_ascii=False, default=_plain, separators=separators))
    except (TypeError, ValueError, RecursionError):
        return "\n".join(strings_in(value))


def unescaped(text: str) -> str:
    """Return a text of JSON in which a word never begins with the letter of an escape."""
    return _ESCAPE.sub(_meant, text) if "\\" in text else text


def _meant(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code, 16)) if code else _ESCAPED.get(match[0][1], match[0][1])


def _plain(value: Any) -> Any:
    """Return what stands for an object where JSON is wanted: a schema for a type or a tool."""
    if isinstance(value, bytes | bytearray):
        return [*_decoded(bytes(value), "")]
    if isinstance(value, set | frozenset):
        return [*cast("set[Any]", value)]
    if isinstance(value, type):
        return _schema_of(cast("type[Any]", value))
    if isinstance(value, BaseTool) or inspect.isroutine(value):
        return _tool(value)
    if isinstance(value, BaseModel):
        return dict(value)
    return str(value)


def _tool(value: Any) -> Any:
    try:
        return convert_to_openai_tool(value)
    except Exception:  # noqa: BLE001 - whether it can be a tool is for the chosen model to say
        return str(value)


def _schema_of(kind: type[Any]) -> Any:
    found = _SCHEMAS.get(kind)
    if found is None:
        try:
            found = kind.model_json_schema() if issubclass(kind, BaseModel) else convert_to_openai_tool(kind)
        except Exception:  # noqa: BLE001 - whether a type can be a schema is for the chosen model to say
            found = {}
        found = _SCHEMAS[kind] = {"name": kind.__name__, "description": kind.__doc__, "schema": found}
    return found
