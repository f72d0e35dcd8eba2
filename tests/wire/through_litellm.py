"""Calls through LiteLLM, read by our adapter. Apart from the other targets, because importing LiteLLM takes seconds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import litellm
from langchain_core.utils.function_calling import convert_to_openai_tool

from taskroute_litellm.replies import StreamSource, reply_of
from tests.wire.targets import PROMPTS, City, Provider, Result, get_weather, streams

_TOOL: Final[Mapping[str, Any]] = convert_to_openai_tool(get_weather)


def through_litellm(provider: Provider, kind: str, *, is_async: bool, **options: Any) -> Result:
    """Make a call and return what came of it."""
    given: list[Any] = []
    try:
        answer = asyncio.run(_acall(provider, kind, given, options)) if is_async else _call(provider, kind, given, options)
    except Exception as error:  # what it is, the test says
        return Result(None, error)
    if streams(kind):
        return Result(answer.reply(), None, arguments=_arguments(provider, kind, given), pieces=len(given))
    reply = reply_of(answer)
    parsed = City.model_validate_json(reply.text) if kind == "json" else None
    return Result(reply, None, arguments=_arguments(provider, kind, [answer]), parsed=parsed)


def _request(provider: Provider, kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    common: dict[str, Any] = {"model": provider.litellm, "stream": streams(kind), **options}
    if provider.wire == "openai-responses":
        shape: dict[str, Any] = {"tools": [{"type": "function", **_TOOL["function"]}]} if kind.startswith("tools") else {}
        return {"input": PROMPTS[kind], **common, **(shape if kind != "json" else {"text_format": City})}
    request = {"messages": [{"role": "user", "content": PROMPTS[kind]}], "num_retries": 0, "max_retries": 0, **common}
    if kind.startswith("tools"):
        request["tools"] = [_TOOL]
    if kind == "json":
        request["response_format"] = City
    if streams(kind):
        request["stream_options"] = {"include_usage": True}
    return request


def _call(provider: Provider, kind: str, given: list[Any], options: Mapping[str, Any]) -> Any:
    """Return the answer; of a stream, what reads it, and its chunks in `given`."""
    ask: Any = litellm.responses if provider.wire == "openai-responses" else litellm.completion
    answer: Any = ask(**_request(provider, kind, options))
    if not streams(kind):
        return answer
    source = StreamSource(answer)
    for chunk in answer:
        source.take(chunk)
        given.append(chunk)
    return source


async def _acall(provider: Provider, kind: str, given: list[Any], options: Mapping[str, Any]) -> Any:
    ask: Any = litellm.aresponses if provider.wire == "openai-responses" else litellm.acompletion
    answer: Any = await ask(**_request(provider, kind, options))
    if not streams(kind):
        return answer
    source = StreamSource(answer)
    async for chunk in answer:
        source.take(chunk)
        given.append(chunk)
    return source


def _arguments(provider: Provider, kind: str, answers: list[Any]) -> tuple[tuple[str, Any], ...]:
    if not kind.startswith("tools"):
        return ()
    if provider.wire == "openai-responses":
        whole = answers[-1].response if streams(kind) else answers[0]
        return tuple((item.name, json.loads(item.arguments)) for item in whole.output if item.type == "function_call")
    whole: Any = litellm.stream_chunk_builder(answers) if streams(kind) else answers[0]
    calls: list[Any] = whole.choices[0].message.tool_calls or []
    return tuple((one.function.name, json.loads(one.function.arguments)) for one in calls)
