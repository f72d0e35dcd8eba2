"""What OpenInference calls the same things, for Phoenix, Arize and what else reads it.

All or nothing: a reader that meets one of these names takes the span for OpenInference's, and no longer looks at the others.
Names from the specification at arize-ai.github.io/openinference, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from opentelemetry.util.types import AttributeValue

from taskroute.telemetry import attributes as names
from taskroute.telemetry.compat.written import Written, as_json, in_json, last_text, parts_of, text_of
from taskroute.types import EXACT, Cost

_KIND: Final = "openinference.span.kind"
_SESSION: Final = "session.id"
_SYSTEMS: Final[Mapping[str, tuple[str, str]]] = {
    "aws.bedrock": ("amazon", "aws"),
    "azure.ai.inference": ("azure", "azure"),
    "azure.ai.openai": ("openai", "azure"),
    "gcp.gemini": ("google", "google"),
    "gcp.gen_ai": ("google", "google"),
    "gcp.vertex_ai": ("vertexai", "google"),
    "mistral_ai": ("mistralai", "mistralai"),
    "x_ai": ("xai", "xai"),
}
"""Provider of the GenAI conventions to system and provider here; any other has the same name for both."""
_TOKENS: Final = {
    "llm.token_count.prompt": names.USAGE_INPUT_TOKENS,
    "llm.token_count.completion": names.USAGE_OUTPUT_TOKENS,
    "llm.token_count.prompt_details.cache_read": names.USAGE_CACHE_READ_INPUT_TOKENS,
    "llm.token_count.prompt_details.cache_write": names.USAGE_CACHE_WRITE_INPUT_TOKENS,
    "llm.token_count.prompt_details.audio": names.USAGE_INPUT_AUDIO_TOKENS,
    "llm.token_count.completion_details.reasoning": names.USAGE_REASONING_OUTPUT_TOKENS,
    "llm.token_count.completion_details.audio": names.USAGE_OUTPUT_AUDIO_TOKENS,
}


def block(written: Written) -> dict[str, AttributeValue]:
    """Return the span in OpenInference's words; messages only where they are written at all.

    Each as attributes of its own, too, as far as there is room on the span. In `input.value` and `output.value` they all are.
    """
    session = written.text(names.CONVERSATION_ID)
    found: dict[str, AttributeValue] = {} if session is None else {_SESSION: session}
    if written.span == "route":
        return {**found, _KIND: "CHAIN", **_in_words(written)}
    found.update(_of_embedding(written) if written.is_embedding else _of_model(written))
    found.update(_tokens(written))
    if written.dollars is not None:
        found.update(_costs(written.dollars))
    room = max(written.room - len(found), 0)
    found.update(_texts_apart(written, room) if written.is_embedding else _apart(written, room))
    return found


def _in_words(written: Written) -> dict[str, AttributeValue]:
    asked = last_text(written.messages(names.INPUT_MESSAGES), "user")
    answered = last_text(written.messages(names.OUTPUT_MESSAGES), "assistant")
    return _value("input", asked, "text/plain") | _value("output", answered, "text/plain")


def _value(side: str, text: str, mime: str) -> dict[str, AttributeValue]:
    return {f"{side}.value": text, f"{side}.mime_type": mime} if text else {}


def _of_embedding(written: Written) -> dict[str, AttributeValue]:
    found: dict[str, AttributeValue] = {_KIND: "EMBEDDING"}
    model, parameters = written.text(names.REQUEST_MODEL), written.parameters()
    if model is not None:
        found["embedding.model_name"] = model
    if parameters:
        found["embedding.invocation_parameters"] = as_json(parameters)
    texts = _texts(written)
    if texts:
        found |= _value("input", as_json(texts), "application/json")
    return found


def _texts_apart(written: Written, room: int) -> dict[str, AttributeValue]:
    return {f"embedding.embeddings.{place}.embedding.text": text for place, text in enumerate(_texts(written)[:room])}


def _texts(written: Written) -> list[str]:
    parts = [part for message in written.messages(names.INPUT_MESSAGES) for part in parts_of(message)]
    return [str(part.get("content", "")) for part in parts if part.get("type") == "text"]


def _of_model(written: Written) -> dict[str, AttributeValue]:
    found: dict[str, AttributeValue] = {_KIND: "LLM"}
    model = written.text(names.RESPONSE_MODEL) or written.text(names.REQUEST_MODEL)
    if model is not None:
        found["llm.model_name"] = model
    provider = written.text(names.PROVIDER_NAME)
    if provider is not None:
        found["llm.system"], found["llm.provider"] = _SYSTEMS.get(provider, (provider, provider))
    parameters = written.parameters()
    if parameters:
        found["llm.invocation_parameters"] = as_json(parameters)
    for side, told in (("input", written.asked()), ("output", written.text(names.OUTPUT_MESSAGES) or "")):
        found |= _value(side, told, "application/json")
    return found


def _instructions(written: Written) -> list[dict[str, Any]]:
    parts = written.messages(names.SYSTEM_INSTRUCTIONS)
    return [{"role": "system", "parts": parts}] if parts else []


def _apart(written: Written, room: int) -> dict[str, AttributeValue]:
    """Return answers, instructions, the latest messages and the foremost tools in attributes of their own."""
    tools = written.messages(names.TOOL_DEFINITIONS)
    found: dict[str, AttributeValue] = {}
    left = room - min(len(tools), room // 4)
    instructions = [dict(_flattened(message)) for message in _instructions(written)]
    for side, first, messages in (
        ("output", [], written.messages(names.OUTPUT_MESSAGES)),
        ("input", instructions, written.messages(names.INPUT_MESSAGES)),
    ):
        begin = _latest(first, left - len(found))
        rest = _latest([dict(_flattened(message)) for message in messages], left - len(found) - sum(map(len, begin)))
        for place, message in enumerate([*begin, *rest]):
            found.update({f"llm.{side}_messages.{place}.message.{name}": value for name, value in message.items()})
    for place, tool in enumerate(tools[: room - len(found)]):
        found[f"llm.tools.{place}.tool.json_schema"] = as_json(_as_openai(tool))
    return found


def _latest(messages: Sequence[Mapping[str, AttributeValue]], room: int) -> list[Mapping[str, AttributeValue]]:
    """Return the latest messages that there is room for."""
    kept: list[Mapping[str, AttributeValue]] = []
    for message in reversed(messages):
        room -= len(message)
        if room < 0:
            break
        kept.append(message)
    return kept[::-1]


def _as_openai(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    if tool.get("type") != "function":
        return tool
    return {"type": "function", "function": {key: value for key, value in tool.items() if key != "type"}}


def _flattened(message: Mapping[str, Any]) -> Iterator[tuple[str, AttributeValue]]:
    yield "role", str(message.get("role", ""))
    parts = [*parts_of(message)]
    plain = all(part.get("type") in ("text", "tool_call", "tool_call_response") for part in parts)
    text = text_of(message)
    if plain and text:
        yield "content", text
    elif not plain:
        yield from _contents(parts)
    calls = [part for part in parts if part.get("type") == "tool_call"]
    for number, call in enumerate(calls):
        yield from _called(f"tool_calls.{number}.tool_call", call)
    for part in parts:
        if part.get("type") == "tool_call_response":
            yield "tool_call_id", str(part.get("id") or "")
            if not text:
                yield "content", in_json(part.get("response"))
            break


def _called(at: str, call: Mapping[str, Any]) -> Iterator[tuple[str, AttributeValue]]:
    yield f"{at}.function.name", str(call.get("name", ""))
    yield f"{at}.function.arguments", in_json(call.get("arguments"))
    if call.get("id"):
        yield f"{at}.id", str(call["id"])


def _contents(parts: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, AttributeValue]]:
    shown = [part for part in parts if part.get("type") not in ("tool_call", "tool_call_response")]
    for number, part in enumerate(shown):
        content = f"contents.{number}.message_content"
        kind = part.get("type")
        if kind in ("text", "reasoning"):
            yield f"{content}.type", str(kind)
            yield f"{content}.text", str(part.get("content", ""))
        elif part.get("modality") == "image" and part.get("uri"):
            yield f"{content}.type", "image"
            yield f"{content}.image.image.url", str(part["uri"])
        else:
            yield f"{content}.type", str(part.get("modality") or kind)


def _tokens(written: Written) -> Iterator[tuple[str, AttributeValue]]:
    for name, known in _TOKENS.items():
        count = written.number(known)
        if count is not None:
            yield name, count
    asked, answered = written.number(names.USAGE_INPUT_TOKENS), written.number(names.USAGE_OUTPUT_TOKENS)
    if asked is not None and (answered is not None or written.is_embedding):
        yield "llm.token_count.total", asked + (answered or 0)


def _costs(cost: Cost) -> Iterator[tuple[str, AttributeValue]]:
    """Yield the costs in US dollars; only the total where that is all that is known."""
    yield "llm.cost.total", float(cost.amount)
    parts = cost.parts
    if parts is None or parts.input is None or parts.output is None:
        return
    read, write, thought = (amount or Decimal(0) for amount in (parts.cache_read, parts.cache_write, parts.reasoning))
    yield "llm.cost.prompt", float(parts.input)
    yield "llm.cost.completion", float(parts.output)
    yield "llm.cost.prompt_details.input", float(EXACT.subtract(EXACT.subtract(parts.input, read), write))
    yield "llm.cost.completion_details.output", float(EXACT.subtract(parts.output, thought))
    for name, amount in (
        ("prompt_details.cache_read", parts.cache_read),
        ("prompt_details.cache_write", parts.cache_write),
        ("completion_details.reasoning", parts.reasoning),
    ):
        if amount is not None:
            yield f"llm.cost.{name}", float(amount)
