"""From a request and a script to an answer with nothing left open."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from tests.emulator.script import Answer, Asked, Say, ToolCall

CREATED: Final = 1_793_491_200
"""The time of every answer: 1 November 2026, 00:00 UTC."""


def key_of(body: Mapping[str, Any], serial: int) -> str:
    """Return what tells the request from others: its content, and how many came before it."""
    text = json.dumps([body, serial], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def identifier(key: str, what: str, length: int = 24) -> str:
    """Return an id that is the same for the same request."""
    return hashlib.sha256(f"{key} {what}".encode()).hexdigest()[:length]


def tokens(value: Any) -> int:
    """Count tokens, one for four characters."""
    return max(1, -(-len(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)) // 4))


def answer(asked: Asked, say: Say) -> Answer:
    """Return the answer to a request."""
    calls = say.tools if say.tools is not None else _calls(asked, say)
    text = "" if say.refusal is not None else say.text if say.text is not None else _text(asked, calls)
    finish = say.finish or ("refusal" if say.refusal is not None else "tool_calls" if calls else "stop")
    written = tokens(text + "".join(json.dumps(call.arguments) for call in calls)) + say.reasoned
    return Answer(
        asked=asked,
        text=text,
        tools=calls,
        finish=finish,
        input=say.input if say.input is not None else asked.tokens + say.cached + say.cache_write,
        output=say.output if say.output is not None else written,
        say=say,
    )


def _calls(asked: Asked, say: Say) -> tuple[ToolCall, ...]:
    if say.text is not None or say.refusal is not None or not asked.tools or not asked.prompt:
        return ()
    name, schema = next(iter(asked.tools.items()))
    return (ToolCall(name, example(schema, asked.prompt)),)


def _text(asked: Asked, calls: tuple[ToolCall, ...]) -> str:
    if calls:
        return ""
    if asked.schema is not None:
        return json.dumps(example(asked.schema, asked.prompt))
    return "Paris is the capital of France."


def example(schema: Mapping[str, Any], prompt: str, top: Mapping[str, Any] | None = None) -> Any:
    """Return a value that fits a JSON schema, made of the prompt's numbers and quoted words."""
    top = schema if top is None else top
    if "$ref" in schema:
        found: Any = top
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            found = found[part]
        return example(found, prompt, top)
    if "const" in schema or schema.get("enum"):
        return schema["const"] if "const" in schema else schema["enum"][0]
    for union in ("anyOf", "oneOf", "allOf"):
        if schema.get(union):
            return example(schema[union][0], prompt, top)
    kind = str(schema.get("type", "object")).lower()
    if kind == "object":
        return {name: example(inner, prompt, top) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema.get("items", {"type": "string"}), prompt, top)]
    return _scalar(kind, prompt)


def _scalar(kind: str, prompt: str) -> Any:
    if kind in ("integer", "number"):
        number = re.search(r"\d+", prompt)
        return int(number[0]) if number else 1
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    quoted = re.search(r"'([^']+)'", prompt)
    return quoted[1] if quoted else "Paris"


def pieces(text: str) -> list[str]:
    """Cut a text where a stream cuts it: before every word."""
    return re.findall(r"\s*\S+\s*$|\s*\S+", text)


def halves(text: str) -> list[str]:
    """Cut the arguments of a tool call in two, as streams do in the middle of a word."""
    middle = len(text) // 2
    return [part for part in (text[:middle], text[middle:]) if part]
