"""From LangChain's messages to what routing looks at, and from its answers to replies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage, convert_to_messages
from langchain_core.prompt_values import PromptValue

from taskroute.types import Message, Usage

_ROLES: Final[Mapping[str, str]] = {
    "human": "user",
    "ai": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "tool",
    "developer": "system",
}

_MEDIA: Final[Mapping[str, str]] = {
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


def to_messages(model_input: LanguageModelInput) -> tuple[Message, ...]:
    """Return the messages of anything that a chat model takes."""
    if isinstance(model_input, str):
        return (Message("user", model_input),)
    messages = model_input.to_messages() if isinstance(model_input, PromptValue) else model_input
    return tuple([_message(message) for message in messages])


def _message(given: Any) -> Message:
    message: BaseMessage = given if isinstance(given, BaseMessage) else convert_to_messages([given])[0]
    role = _ROLES.get(message.type.removesuffix("MessageChunk").lower(), None) or _ROLES.get(message.type, "user")
    content = message.content
    if isinstance(content, str) and not isinstance(message, AIMessage | ToolMessage):
        return Message(role, content)
    text, media = (content, ()) if isinstance(content, str) else _parts(content)
    calls = message.tool_calls if isinstance(message, AIMessage) else ()
    if calls:
        text = "\n".join(filter(None, (text, *(json.dumps(call["args"], default=str, ensure_ascii=False) for call in calls))))
    return Message(role, text, media)


def _parts(content: Sequence[Any]) -> tuple[str, tuple[str, ...]]:
    texts: list[str] = []
    media: list[str] = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
            continue
        kind = part.get("type")
        if kind in _MEDIA:
            media.append(_of_mime(part) or _MEDIA[kind])
        else:
            texts.extend(_texts(part))
    return "\n".join(texts), tuple(media)


def _of_mime(part: Mapping[str, Any]) -> str | None:
    mime = str(part.get("mime_type") or part.get("media_type") or "")
    kind = mime.split("/", 1)[0]
    return kind if kind in ("image", "audio", "video") else None


def _texts(part: Mapping[str, Any]) -> list[str]:
    """Return every text in a content block that is not media: its own, and those of what it holds."""
    found = [value for key in ("text", "reasoning", "thinking", "input", "arguments") if isinstance(value := part.get(key), str)]
    inner = part.get("content")
    if isinstance(inner, str):
        found.append(inner)
    elif isinstance(inner, list):
        found.append(_parts(inner)[0])  # pyright: ignore[reportUnknownArgumentType]
    return found


def usage_of(metadata: Mapping[str, Any] | None) -> Usage | None:
    """Return the tokens of LangChain's `usage_metadata`. A prompt has at least one token, so 0 input tokens means unknown."""
    if not metadata:
        return None
    given: Mapping[str, Any] = metadata.get("input_token_details") or {}
    spent: Mapping[str, Any] = metadata.get("output_token_details") or {}
    return Usage(
        input=metadata.get("input_tokens") or None,
        output=metadata.get("output_tokens"),
        cache_read=given.get("cache_read"),
        cache_write=given.get("cache_creation"),
        reasoning=spent.get("reasoning"),
    )


class Answer(NamedTuple):
    """What a message says about how it was made."""

    usage: Usage | None
    finish_reason: str | None
    model: str | None
    provider: str | None


def answer_of(message: BaseMessage) -> Answer:
    """Return usage, finish reason and model of an answer."""
    about = message.response_metadata
    finish = about.get("finish_reason") or about.get("stop_reason") or about.get("done_reason")
    return Answer(
        usage=usage_of(cast("Mapping[str, Any] | None", getattr(message, "usage_metadata", None))),
        finish_reason=str(finish) if finish else None,
        model=about.get("model_name") or about.get("model"),
        provider=about.get("model_provider"),
    )


def has_content(chunk: Any) -> bool:
    """Return whether a chunk holds anything that a caller could use: text, reasoning or part of a tool call."""
    if not isinstance(chunk, BaseMessage):
        return True
    if isinstance(chunk, AIMessageChunk):
        return bool(chunk.content or chunk.tool_call_chunks or chunk.additional_kwargs)
    return True
