"""The parts of messages as the GenAI conventions have them, out of what OpenAI, Anthropic and LiteLLM write. Imports nothing of LiteLLM."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from taskroute.reading import as_list, as_mapping, as_text, json_object
from taskroute_litellm.conversation import READER, fields_of

Part = dict[str, Any]

_TEXTS: Final = frozenset({"text", "input_text", "output_text", "summary_text", "reasoning_text"})
_MODALITIES: Final[Mapping[str, str]] = {
    "image": "image",
    "image_url": "image",
    "input_image": "image",
    "audio": "audio",
    "input_audio": "audio",
    "video": "video",
    "video_url": "video",
    "file": "document",
    "input_file": "document",
    "document": "document",
}
_HOLDERS: Final = ("source", "image_url", "video_url", "input_audio", "audio", "file")
"""Where a block of media has the rest of what it says."""
_DATA: Final = ("data", "base64", "file_data", "b64_json")
_URIS: Final = ("url", "uri", "file_url")
_MIMES: Final = ("media_type", "mime_type", "format")
_FOR_THE_PROVIDER: Final = frozenset(
    {"type", "cache_control", "signature", "encrypted_content", "encrypted_index", "index", "id", "status"}
)
"""What says nothing to whoever reads a trace."""


def text_part(text: str) -> Part:
    return {"type": "text", "content": text}


def thought_part(text: str) -> Part:
    return {"type": "reasoning", "content": text}


def call_part(name: Any, call_id: Any, arguments: Any) -> Part:
    """Return a call of a tool, its arguments as an object wherever they are one."""
    found: Part = {"type": "tool_call", "id": as_text(call_id), "name": str(name or "")}
    read = json_object(arguments)
    return {**found, "arguments": arguments if read is None else dict(read)}


def result_part(call_id: Any, content: Any) -> Part:
    """Return what a tool gave back: its text, or the parts of that."""
    response = (content or "") if isinstance(content, str | None) else parts_of(content)
    return {"type": "tool_call_response", "id": as_text(call_id), "response": response}


def parts_of(content: Any) -> list[Part]:
    """Return the parts of a content: a text, or blocks in the format of any endpoint."""
    if isinstance(content, str):
        return [text_part(content)] if content else []
    blocks = cast("Sequence[Any]", content) if isinstance(content, list | tuple) else () if content is None else (content,)
    return [part for block in blocks for part in _part(block)]


def _part(block: Any) -> Iterator[Part]:
    fields = fields_of(block)
    if not fields:
        if texts := [*READER.strings_in(block)]:
            yield text_part("\n".join(texts))
        return
    kind = str(fields.get("type") or ("text" if "text" in fields else ""))
    if kind in _TEXTS:
        if text := as_text(fields.get("text")):
            yield text_part(text)
    elif kind in ("thinking", "reasoning"):
        if text := thought_in(fields):
            yield thought_part(text)
    elif kind in ("tool_use", "function_call", "custom_tool_call"):
        yield called_part(fields)
    elif kind == "tool_result":
        yield result_part(fields.get("tool_use_id"), fields.get("content"))
    elif kind == "refusal":
        yield {"type": "refusal", "content": str(fields.get("refusal") or "")}
    elif kind in _MODALITIES:
        yield from _media(kind, fields)
    elif kind != "redacted_thinking":
        yield _other(kind, fields)


def called_part(fields: Mapping[str, Any]) -> Part:
    """Return a call in the form of a block or an item, where its name and arguments stand beside its type."""
    given = next((fields[name] for name in ("arguments", "input", "args") if fields.get(name) is not None), None)
    return call_part(fields.get("name"), fields.get("call_id") or fields.get("id"), given)


def thought_in(fields: Mapping[str, Any]) -> str:
    """Return what was thought: of a block of Anthropic's, or of an item of a response, in full where that is given."""
    said = as_text(fields.get("thinking")) or as_text(fields.get("reasoning"))
    if said is not None:
        return said
    texts = [as_text(fields_of(piece).get("text")) for piece in as_list(fields.get("content")) or as_list(fields.get("summary"))]
    return "\n".join(text for text in texts if text)


def _other(kind: str, fields: Mapping[str, Any]) -> Part:
    """Return a part of a type of its own, such as a tool that the provider runs itself."""
    rest = {name: value for name, value in fields.items() if name not in _FOR_THE_PROVIDER and value is not None}
    if kind == "server_tool_use" or kind.endswith("_call"):
        name = str(fields.get("name") or kind.removesuffix("_call"))
        return {
            "type": "server_tool_call",
            "id": as_text(fields.get("id")),
            "name": name,
            "server_tool_call": {"type": name, **{key: value for key, value in rest.items() if key != "name"}},
        }
    if "tool_use_id" in rest:
        said = {"type": kind, **{key: value for key, value in rest.items() if key != "tool_use_id"}}
        return {"type": "server_tool_call_response", "id": as_text(rest["tool_use_id"]), "server_tool_call_response": said}
    return {"type": kind or "unknown", **rest}


# Media


def _media(kind: str, fields: Mapping[str, Any]) -> Iterator[Part]:
    """Yield a medium as its bytes, its address or its id; a document that is text, or blocks, as what it holds."""
    held = next((inner for name in _HOLDERS if (inner := fields_of(fields.get(name)))), fields)
    if held.get("type") in ("text", "content") and held is not fields:
        yield from parts_of(held.get("data") or held.get("content"))
        return
    modality = _MODALITIES[kind]
    data, uri = _first(held, _DATA), as_text(fields.get(kind)) or as_text(fields.get("image_url")) or _first(held, _URIS)
    if isinstance(data, bytes | bytearray):
        data = b64encode(data).decode()
    if isinstance(data, str) and data.startswith("data:"):
        data, uri = None, data
    mime = _mime(as_text(_first(held, _MIMES)), modality)
    if isinstance(uri, str) and uri.startswith("data:") and ";base64," in uri:
        head, _, data = uri.partition(";base64,")
        mime = head.removeprefix("data:").split(";", 1)[0] or mime
    about = {"modality": _modality_of(mime) or modality, **({"mime_type": mime} if mime else {})}
    spoken = as_text(held.get("transcript"))
    if spoken:
        about["transcript"] = spoken
    if data:
        yield {"type": "blob", **about, "content": str(data)}
    elif uri:
        yield {"type": "uri", **about, "uri": str(uri)}
    elif file_id := _first(held, ("file_id", "id")):
        yield {"type": "file", **about, "file_id": str(file_id)}
    elif spoken:
        yield text_part(spoken)


def _first(held: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((held[name] for name in names if held.get(name)), None)


def _mime(said: str | None, modality: str) -> str | None:
    return said if said is None or "/" in said else f"{modality}/{said}" if modality in ("image", "audio", "video") else None


def _modality_of(mime: str | None) -> str | None:
    kind = (mime or "").split("/", 1)[0]
    return kind if kind in ("image", "audio", "video") else None


# Messages of the model


def spoken_parts(message: Mapping[str, Any]) -> list[Part]:
    """Return the parts of a message of the model in OpenAI's format: what it thought, what it said, what it calls."""
    content = message.get("content")
    thought = as_text(message.get("reasoning_content")) or as_text(message.get("reasoning"))
    said = parts_of(content)
    blocks = "" if thought or any(part["type"] == "reasoning" for part in said) else _thought_in_blocks(message.get("thinking_blocks"))
    parts = [thought_part(text)] if (text := thought or blocks) else []
    parts += said
    if not said and (refusal := as_text(message.get("refusal"))):
        parts.append({"type": "refusal", "content": refusal})
    known = {part.get("id") for part in said if part["type"] == "tool_call"}
    parts += [part for part in map(_tool_call, as_list(message.get("tool_calls"))) if part["id"] is None or part["id"] not in known]
    if legacy := fields_of(message.get("function_call")):
        parts.append(call_part(legacy.get("name"), None, legacy.get("arguments")))
    if audio := fields_of(message.get("audio")):
        parts += _media("audio", {"audio": {"format": None, **audio}})
    for image in as_list(message.get("images")):
        parts += _part(image)
    return parts


def _thought_in_blocks(blocks: Any) -> str:
    return "\n".join(text for block in as_list(blocks) if (text := thought_in(fields_of(block))))


def _tool_call(given: Any) -> Part:
    call = fields_of(given)
    function, custom = fields_of(call.get("function")), fields_of(call.get("custom"))
    if custom:
        return call_part(custom.get("name"), call.get("id"), custom.get("input"))
    return call_part(function.get("name"), call.get("id"), function.get("arguments")) if function else called_part(call)


def item_parts(item: Any) -> list[Part]:
    """Return the parts of one item of a response: of a message its content, of any other the one that it is."""
    fields = fields_of(item)
    return parts_of(fields.get("content")) if "role" in fields or fields.get("type") == "message" else [*_part(as_mapping(fields))]
