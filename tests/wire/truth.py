"""What a provider said, read from the raw bytes of its answer: the yardstick for what the adapters read.

It knows JSON and server-sent events, and neither a client library nor an adapter: what is wrong in those cannot be wrong here too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

from taskroute.types import Usage

Meaning = Literal["stop", "length", "tool_calls", "content_filter", "other"]


class Said(NamedTuple):
    """What one answer says of itself. None means that the bytes do not say."""

    text: str
    usage: Usage
    finish: str | None
    """The reason as the provider writes it."""
    model: str | None
    tool_calls: tuple[tuple[str, Any], ...]
    """Name and parsed arguments of each call that the caller must run; what the provider runs itself is not here."""
    tier: str | None = None
    """The class of service that answered."""
    cost: Decimal | None = None
    """What the provider says that it cost, in dollars."""


_MEANINGS: Final[Mapping[str, Meaning]] = {
    # OpenAI's chat completions, and those who speak like them
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    # OpenAI's responses: a status, or why an answer is incomplete
    "completed": "stop",
    "max_output_tokens": "length",
    # Anthropic
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
    # Gemini
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    # Mistral
    "model_length": "length",
}


def meaning(finish: str) -> Meaning:
    """Return what a reason of any provider comes to. A word that nobody documents is `other`."""
    return _MEANINGS.get(finish, "other")


def said(wire: str, body: str, *, streamed: bool) -> Said:
    """Return what the body of an answer says; `wire` names the format that it is written in."""
    whole, read_stream = _WIRES[wire]
    found = read_stream(events(body)) if streamed else whole(json.loads(body))
    tier, cost = None, None
    for part in events(body, parse_float=Decimal) if streamed else [json.loads(body, parse_float=Decimal)]:
        said_now = _cost(part)
        tier, cost = _tier(part) or tier, cost if said_now is None else said_now
    return found._replace(tier=tier, cost=cost)


def _tier(part: Mapping[str, Any]) -> str | None:
    """Return the tier, wherever a provider puts it. OpenAI says `auto` of a response until it has chosen."""
    places = [part, part.get("response") or {}, part.get("message") or {}]
    named = [*places, *(place.get("usage") or {} for place in places)]
    found = [place.get("service_tier") for place in named] + [(part.get("usageMetadata") or {}).get("serviceTier")]
    return next((tier for tier in found if tier and tier != "auto"), None)


def _cost(part: Mapping[str, Any]) -> Decimal | None:
    """Return what OpenRouter charged and, where the key at the provider was the caller's own, what the provider charges beside that.

    Others: Perplexity gives the parts with their total, xAI counts in ten-thousand-millionths of a dollar.
    """
    usage: Mapping[str, Any] = part.get("usage") or (part.get("response") or {}).get("usage") or {}
    if "cost_in_usd_ticks" in usage:
        return Decimal(usage["cost_in_usd_ticks"]) / 10**10
    charged = usage.get("cost")
    if isinstance(charged, dict):
        charged = charged["total_cost"]
    if charged is None:
        return None
    return Decimal(charged) + (Decimal(usage["cost_details"]["upstream_inference_cost"]) if usage.get("is_byok") else 0)


def events(body: str, **how: Any) -> Iterator[Any]:
    """Yield the data of server-sent events. Comments, and the mark at the end, are none. `how` says how JSON is read."""
    data: list[str] = []
    # Not `splitlines`: JSON may hold line separators of Unicode.
    for line in [*body.replace("\r\n", "\n").split("\n"), ""]:
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            text, data = "\n".join(data), []
            if text.strip() != "[DONE]":
                yield json.loads(text, **how)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _sum(*counts: int | None) -> int | None:
    """Add up; None when one part is not known."""
    known = [count for count in counts if count is not None]
    return sum(known) if counts and len(known) == len(counts) else None


def _arguments(text: Any) -> Any:
    """Return parsed arguments. A call without arguments has none, in whichever way it says so; what is no JSON stays a text."""
    if not isinstance(text, str):
        return text or {}
    try:
        return json.loads(text) if text.strip() else {}
    except json.JSONDecodeError:
        return text


# Chat completions: OpenAI, Azure, Groq, OpenRouter, DeepSeek, Ollama, Gemini's endpoint for OpenAI's clients, Mistral


def _chat(body: Mapping[str, Any]) -> Said:
    choice: Mapping[str, Any] = next(iter(body.get("choices") or []), {})
    message: Mapping[str, Any] = choice.get("message") or {}
    calls = [(call["function"]["name"], _arguments(call["function"].get("arguments"))) for call in message.get("tool_calls") or []]
    return Said(_chat_text(message.get("content")), _chat_usage(body), choice.get("finish_reason"), body.get("model"), tuple(calls))


def _chat_stream(chunks: Iterator[Any]) -> Said:
    text, finish, model, usage = "", None, None, Usage()
    calls: dict[int, list[str]] = {}
    for chunk in chunks:
        model = chunk.get("model") or model
        if chunk.get("usage"):
            usage = _chat_usage(chunk)
        for choice in chunk.get("choices") or []:
            if choice.get("index", 0) != 0:
                continue
            delta = choice.get("delta") or {}
            text += _chat_text(delta.get("content"))
            finish = choice.get("finish_reason") or finish
            for part in delta.get("tool_calls") or []:
                call = calls.setdefault(part.get("index", 0), ["", ""])
                function = part.get("function") or {}
                # A name comes whole; some hosts repeat it with every part of the arguments.
                call[0] = call[0] or function.get("name") or ""
                call[1] += function.get("arguments") or ""
    return Said(text, usage, finish, model, tuple((name, _arguments(given)) for name, given in calls.values()))


def _chat_text(content: Any) -> str:
    """Return the text of a content, which Mistral gives as a list of parts when it thinks."""
    if isinstance(content, list):
        return "".join(part["text"] for part in content if part.get("type") == "text")
    return content or ""


def _chat_usage(body: Mapping[str, Any]) -> Usage:
    usage: Mapping[str, Any] = body.get("usage") or {}
    given: Mapping[str, Any] = usage.get("prompt_tokens_details") or {}
    spent: Mapping[str, Any] = usage.get("completion_tokens_details") or {}
    asked, answered, total = (_count(usage.get(name)) for name in ("prompt_tokens", "completion_tokens", "total_tokens"))
    names = given.get("cached_tokens"), usage.get("prompt_cache_hit_tokens"), usage.get("num_cached_tokens")
    read = next((count for count in map(_count, names) if count is not None), None)
    written = _count(given.get("cache_write_tokens"))
    if asked is not None and answered is not None and total is not None and asked + answered < total:
        cached = (read or 0) + (written or 0)
        if cached and asked + answered + cached == total:
            # The host counts what was cached beside the prompt.
            asked += cached
        else:
            # Gemini's endpoint leaves what was thought out of `completion_tokens` and in the total; the bytes do not say that it is that.
            answered = None
    return Usage(
        input=asked,
        output=answered,
        cache_read=read,
        cache_write=written,
        reasoning=_count(spent.get("reasoning_tokens")),
        input_audio=_count(given.get("audio_tokens")),
        output_audio=_count(spent.get("audio_tokens")),
    )


# OpenAI's responses


def _response(body: Mapping[str, Any]) -> Said:
    text, calls = "", []
    for item in body.get("output") or []:
        if item.get("type") == "message":
            text += "".join(part["text"] for part in item.get("content") or [] if part.get("type") == "output_text")
        elif item.get("type") == "function_call":
            calls.append((item["name"], _arguments(item.get("arguments"))))
        elif item.get("type") == "custom_tool_call":
            calls.append((item["name"], item.get("input")))
        # A `tool_search_call` that the caller must run has no name: it is no call of a function.
    usage: Mapping[str, Any] = body.get("usage") or {}
    given: Mapping[str, Any] = usage.get("input_tokens_details") or {}
    spent: Mapping[str, Any] = usage.get("output_tokens_details") or {}
    known = Usage(
        input=_count(usage.get("input_tokens")),
        output=_count(usage.get("output_tokens")),
        cache_read=_count(given.get("cached_tokens")),
        cache_write=_count(given.get("cache_write_tokens")),
        reasoning=_count(spent.get("reasoning_tokens")),
        input_audio=_count(given.get("audio_tokens")),
        output_audio=_count(spent.get("audio_tokens")),
    )
    finish = (body.get("incomplete_details") or {}).get("reason") or body.get("status")
    return Said(text, known, finish, body.get("model"), tuple(calls))


_LAST: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})


def _response_stream(chunks: Iterator[Any]) -> Said:
    """The event that ends a stream repeats the whole answer."""
    whole: Mapping[str, Any] = {}
    for event in chunks:
        if event.get("type") in _LAST:
            whole = event["response"]
    return _response(whole)


# Anthropic's messages


def _message(body: Mapping[str, Any]) -> Said:
    blocks: list[Mapping[str, Any]] = body.get("content") or []
    text = "".join(block["text"] for block in blocks if block.get("type") == "text")
    # `server_tool_use` and `mcp_tool_use` are run by Anthropic.
    calls = tuple((block["name"], block.get("input") or {}) for block in blocks if block.get("type") == "tool_use")
    return Said(text, _message_usage(body.get("usage") or {}), body.get("stop_reason"), body.get("model"), calls)


def _message_stream(chunks: Iterator[Any]) -> Said:
    blocks: dict[int, dict[str, Any]] = {}
    typed: dict[int, str] = {}
    whole: dict[str, Any] = {"usage": {}}
    for event in chunks:
        kind = event.get("type")
        if kind == "message_start":
            whole["model"] = event["message"].get("model")
            # The count of the answer's tokens is not one yet.
            whole["usage"] |= {**(event["message"].get("usage") or {}), "output_tokens": None}
        elif kind == "content_block_start":
            blocks[event["index"]] = dict(event["content_block"])
        elif kind == "content_block_delta":
            block, delta = blocks[event["index"]], event["delta"]
            if delta["type"] == "text_delta":
                block["text"] = block.get("text", "") + delta["text"]
            elif delta["type"] == "input_json_delta":
                typed[event["index"]] = typed.get(event["index"], "") + delta["partial_json"]
        elif kind == "message_delta":
            whole["stop_reason"] = event["delta"].get("stop_reason")
            # Counts are cumulative. What an older API leaves out of the end was said at the start.
            whole["usage"] |= {name: count for name, count in (event.get("usage") or {}).items() if count is not None}
    for index, text in typed.items():
        blocks[index]["input"] = _arguments(text)
    return _message({**whole, "content": [blocks[index] for index in sorted(blocks)]})


_PARTS: Final = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")


def _message_usage(usage: Mapping[str, Any]) -> Usage:
    """`input_tokens` is what was neither read from a cache nor written to one.

    The counts at the top leave out the summaries that Anthropic makes of a long conversation, although the same model makes them;
    `iterations` has them. It also lists what an adviser used, which is another model's, at another price.
    """
    parts = [usage, *(each for each in usage.get("iterations") or [] if each.get("type") == "compaction")]
    new, read, written, output = ([_count(part.get(name)) for part in parts] for name in _PARTS)
    # What was cached is left out where nothing was.
    cached = sum(count or 0 for count in (*read, *written))
    return Usage(
        input=_sum(*new, cached),
        output=_sum(*output),
        cache_read=_sum(*read),
        cache_write=_sum(*written),
        reasoning=_count((usage.get("output_tokens_details") or {}).get("thinking_tokens")),
        cache_write_1h=_sum(*[_count((part.get("cache_creation") or {}).get("ephemeral_1h_input_tokens")) for part in parts]),
    )


# Gemini's generateContent


def _content(body: Mapping[str, Any]) -> Said:
    return _content_stream(iter([body]))


def _content_stream(chunks: Iterator[Any]) -> Said:
    text, finish, model, usage = "", None, None, Usage()
    calls: list[tuple[str, Any]] = []
    for chunk in chunks:
        model = chunk.get("modelVersion") or model
        # A prompt that is not let through has no candidate.
        finish = (chunk.get("promptFeedback") or {}).get("blockReason") or finish
        if chunk.get("usageMetadata"):
            usage = _content_usage(chunk["usageMetadata"])
        for candidate in (chunk.get("candidates") or [])[:1]:
            finish = candidate.get("finishReason") or finish
            for part in (candidate.get("content") or {}).get("parts") or []:
                text += "" if part.get("thought") else part.get("text", "")
                if "functionCall" in part:
                    calls.append((part["functionCall"]["name"], part["functionCall"].get("args") or {}))
    return Said(text, usage, finish, model, tuple(calls))


def _content_usage(usage: Mapping[str, Any]) -> Usage:
    """Each chunk of a stream has the counts so far.

    Google documents four counts of which `totalTokenCount` is the sum: prompt (with what came from a cache), what its own tools put
    into the prompt, thoughts and candidates. So the second is input beside the first. What a search put there is not billed as
    input; the model read it all the same.
    """
    asked, answered = _count(usage.get("promptTokenCount")), _count(usage.get("candidatesTokenCount"))
    thought = _count(usage.get("thoughtsTokenCount"))
    return Usage(
        input=None if asked is None else asked + (_count(usage.get("toolUsePromptTokenCount")) or 0),
        # Gemini leaves a count of 0 out.
        output=None if answered is None and thought is None else (answered or 0) + (thought or 0),
        cache_read=_count(usage.get("cachedContentTokenCount")),
        reasoning=thought,
        input_audio=_heard(usage, "promptTokensDetails", "toolUsePromptTokensDetails"),
        output_audio=_heard(usage, "candidatesTokensDetails"),
    )


def _heard(usage: Mapping[str, Any], *names: str) -> int | None:
    """Return the tokens of audio. Google leaves counts of 0 out."""
    parts = [part for name in names for part in usage.get(name) or [] if part["modality"] == "AUDIO"]
    return _sum(*[_count(part.get("tokenCount")) for part in parts])


_WIRES: Final[Mapping[str, tuple[Callable[[Any], Said], Callable[[Iterator[Any]], Said]]]] = {
    "openai-chat": (_chat, _chat_stream),
    "mistral": (_chat, _chat_stream),
    "openai-responses": (_response, _response_stream),
    "anthropic": (_message, _message_stream),
    "gemini": (_content, _content_stream),
}
