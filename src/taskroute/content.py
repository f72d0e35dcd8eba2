"""The text in what a model is sent, whatever its shape: every text at any depth, without binary data and the plain words of the format."""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final, cast
from urllib.parse import unquote
from weakref import WeakKeyDictionary

from pydantic import BaseModel

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
_TEXT: Final = frozenset({"text"})
_SCHEMAS: Final[WeakKeyDictionary[type[Any], Any]] = WeakKeyDictionary()


class Reader:
    """Reads values of a host. `plain` gives what stands for an object that is neither text, number, mapping nor list."""

    __slots__ = ("_plain",)

    def __init__(self, plain: Callable[[Any], Any]) -> None:
        self._plain = plain

    def strings_in(self, value: Any) -> Iterator[str]:
        """Yield every text at any depth of a value, keys and numbers too, without binary data and the plain words of the format."""
        met: dict[int, Any] = {}
        todo: list[tuple[Any, str, bool]] = [(value, "", False)]
        while todo:
            item, mime, payload = todo.pop()
            if isinstance(item, str):
                yield from _payload(item, mime) if payload else _readable(item)
            elif isinstance(item, bytes | bytearray):
                yield from decoded(bytes(item), mime)
            elif isinstance(item, int | float) and not isinstance(item, bool):
                yield str(item)
            elif item is not None and not isinstance(item, bool) and id(item) not in met:
                met[id(item)] = item
                if isinstance(item, Mapping):
                    todo.extend(_entries(cast("dict[Any, Any]", item), mime))
                elif isinstance(item, list | tuple | set | frozenset):
                    todo.extend((inner, mime, False) for inner in reversed([*cast("list[Any]", item)]))
                else:
                    todo.append((self._plain(item), mime, False))

    def json_text(self, value: Any, *, separators: tuple[str, str] | None = None) -> str:
        """Return a value as JSON, with the characters that JSON escapes as they are meant."""
        try:
            return unescaped(json.dumps(value, ensure_ascii=False, default=self._plain, separators=separators))
        except (TypeError, ValueError, RecursionError):
            return "\n".join(self.strings_in(value))

    def parts(self, content: Sequence[Any], text_kinds: Collection[str] = _TEXT) -> tuple[list[str], tuple[str, ...]]:
        """Return every text in the blocks of a content, and the kinds of those that are media.

        A block of one of `text_kinds` that holds nothing but its text gives that text as it is.
        """
        texts: list[str] = []
        media: list[str] = []
        for part in content:
            if isinstance(part, str):
                texts.append(part)
                continue
            if not isinstance(part, Mapping):
                texts.extend(self.strings_in(part))
                continue
            block = cast("Mapping[str, Any]", part)
            kind = block.get("type")
            if isinstance(kind, str):
                if kind in text_kinds and len(block) == 2 and isinstance(block.get("text"), str):
                    texts.append(block["text"])
                    continue
                if kind in KINDS:
                    media.append(_of_mime(block) or KINDS[kind])
            texts.extend(self.strings_in(block))
        return texts, tuple(media)


def _of_mime(part: Mapping[str, Any]) -> str | None:
    mime = str(part.get("mime_type") or part.get("media_type") or "")
    kind = mime.split("/", 1)[0]
    return kind if kind in ("image", "audio", "video") else None


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
        if "://" in text[:12] and "%" in text:
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
    yield from decoded(data, mime)


def _is_media(mime: str) -> bool:
    return mime.startswith(("image/", "audio/", "video/")) and "xml" not in mime


def decoded(data: bytes, mime: str) -> Iterator[str]:
    """Yield the text that some bytes are, unless they are media or hold none."""
    if _is_media(mime):
        return
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield data.decode("utf-16", "ignore")
    elif data and (mime.startswith("text/") or b"\0" not in data):
        yield data.decode("utf-8", "ignore")


def unescaped(text: str) -> str:
    """Return a text of JSON in which a word never begins with the letter of an escape."""
    return _ESCAPE.sub(_meant, text) if "\\" in text else text


def _meant(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code, 16)) if code else _ESCAPED.get(match[0][1], match[0][1])


def plain(value: Any) -> Any:
    """Return what stands for an object where JSON is wanted: a schema for a type, the fields for a model of pydantic's."""
    if isinstance(value, bytes | bytearray):
        return [*decoded(bytes(value), "")]
    if isinstance(value, set | frozenset):
        return [*cast("set[Any]", value)]
    if isinstance(value, type):
        return schema_of(cast("type[Any]", value), lambda _: {})
    if isinstance(value, BaseModel):
        return dict(value)
    return str(value)


def schema_of(kind: type[Any], otherwise: Callable[[type[Any]], Any]) -> Any:
    """Return the name, description and schema of a type, made once for a model of pydantic's; `otherwise` makes that of any other type."""
    if not issubclass(kind, BaseModel):
        return _described(kind, otherwise(kind))
    found = _SCHEMAS.get(kind)
    if found is None:
        try:
            found = kind.model_json_schema()
        except Exception:  # noqa: BLE001 - whether a type can be a schema is for the chosen model to say
            found = {}
        found = _SCHEMAS[kind] = _described(kind, found)
    return found


def _described(kind: type[Any], schema: Any) -> Any:
    return {"name": kind.__name__, "description": kind.__doc__, "schema": schema}
