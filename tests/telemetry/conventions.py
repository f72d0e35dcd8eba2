"""The GenAI conventions for spans of a client's inferences and embeddings, as a table, and what departs from it.

Read on 2026-11-29 in open-telemetry/semantic-conventions-genai, whose pages are in development: `docs/gen-ai/client-inference.md` at
024a4f94, `client-embeddings.md` at 88eccb15, `openai.md` at 002c8a6e. The conditions are in our words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, Literal, NamedTuple

Level = Literal["required", "conditionally required", "recommended", "opt-in"]
Kind = Literal["string", "int", "double", "boolean", "string[]", "json"]
Table = Mapping[str, "Convention"]


class Convention(NamedTuple):
    """What the conventions say of one attribute."""

    level: Level
    kind: Kind
    condition: str = ""
    """When it must be there, or may."""
    at_creation: bool = False
    """Whether samplers should see it."""


_REQUIRED: Final[Table] = {
    "gen_ai.operation.name": Convention("required", "string", at_creation=True),
    "gen_ai.provider.name": Convention("required", "string", at_creation=True),
}
_ANY: Final[Table] = {
    **_REQUIRED,
    "error.type": Convention("conditionally required", "string", "it ended in an error"),
    "gen_ai.request.model": Convention("conditionally required", "string", "it is known", at_creation=True),
    "server.port": Convention("conditionally required", "int", "server.address is set", at_creation=True),
    "gen_ai.response.model": Convention("recommended", "string"),
    "gen_ai.usage.input_tokens": Convention("recommended", "int"),
    "server.address": Convention("recommended", "string", at_creation=True),
}
INFERENCE: Final[Table] = {
    **_ANY,
    "gen_ai.conversation.id": Convention("conditionally required", "string", "the application or the library has a real one"),
    "gen_ai.output.type": Convention("conditionally required", "string", "the request asks for a type of output"),
    "gen_ai.prompt.name": Convention("conditionally required", "string", "a named prompt template was used"),
    "gen_ai.prompt.version": Convention("conditionally required", "string", "the named template has a version"),
    "gen_ai.request.choice.count": Convention("conditionally required", "int", "the request says it, and it is not 1"),
    "gen_ai.request.seed": Convention("conditionally required", "int", "the request has one"),
    "gen_ai.request.stream": Convention("conditionally required", "boolean", "the request streams; never false"),
    "gen_ai.request.top_k": Convention("conditionally required", "int", "the request has it"),
    "openai.request.service_tier": Convention("conditionally required", "string", "to openai, and the request has one that is not auto"),
    "openai.response.service_tier": Convention("conditionally required", "string", "from openai, and the answer has one"),
    "gen_ai.conversation.compacted": Convention("recommended", "boolean", "known to be true"),
    "gen_ai.request.frequency_penalty": Convention("recommended", "double"),
    "gen_ai.request.max_tokens": Convention("recommended", "int"),
    "gen_ai.request.presence_penalty": Convention("recommended", "double"),
    "gen_ai.request.previous_response.id": Convention("recommended", "string"),
    "gen_ai.request.reasoning.level": Convention("recommended", "string"),
    "gen_ai.request.stop_sequences": Convention("recommended", "string[]"),
    "gen_ai.request.temperature": Convention("recommended", "double"),
    "gen_ai.request.top_p": Convention("recommended", "double"),
    "gen_ai.response.finish_reasons": Convention("recommended", "string[]"),
    "gen_ai.response.id": Convention("recommended", "string"),
    "gen_ai.response.time_to_first_chunk": Convention("recommended", "double", "the request streams"),
    "gen_ai.usage.output_tokens": Convention("recommended", "int"),
    "gen_ai.usage.cache_read.input_tokens": Convention("recommended", "int"),
    "gen_ai.usage.cache_write.input_tokens": Convention("recommended", "int"),
    "gen_ai.usage.reasoning.output_tokens": Convention("recommended", "int"),
    **{
        f"gen_ai.usage.{modality}.{part}": Convention("recommended", "int")
        for modality in ("text", "image", "audio")
        for part in ("input_tokens", "output_tokens", "cache_read.input_tokens")
    },
    "gen_ai.input.messages": Convention("opt-in", "json"),
    "gen_ai.output.messages": Convention("opt-in", "json"),
    "gen_ai.system_instructions": Convention("opt-in", "json"),
    "gen_ai.tool.definitions": Convention("opt-in", "json"),
}
EMBEDDINGS: Final[Table] = {
    **_ANY,
    "gen_ai.embeddings.dimension.count": Convention("recommended", "int"),
    "gen_ai.request.encoding_formats": Convention("recommended", "string[]"),
}

DEPARTURES: Final[Mapping[str, Kind]] = {
    # The name that cache_write had before: several backends read no other.
    "gen_ai.usage.cache_creation.input_tokens": "int",
}
"""What we write beside the conventions, below their names."""

_OURS_TO_NAME: Final = ("gen_ai.", "server.", "error.", "openai.")


def table_of(operation: str) -> Table:
    """Return the table for an operation."""
    return EMBEDDINGS if operation == "embeddings" else INFERENCE


def departures(attributes: Mapping[str, Any], *, known: Collection[str] | None = None, content: bool = False) -> list[str]:
    """Return in which ways a span's attributes are not as the conventions want them; nothing where they are.

    `known` are the attributes whose condition holds, or whose value is known, in this call: each of them must be there, and none besides.
    Without it that is not looked at. `content` says whether what is opt-in may be there.
    """
    table = table_of(str(attributes.get("gen_ai.operation.name")))
    found: list[str] = []
    for name, convention in table.items():
        wanted = convention.level == "required" or (known is not None and name in known)
        if wanted and name not in attributes:
            found.append(f"{name} is missing: {convention.level} {convention.condition}".rstrip())
        elif name in attributes and convention.level == "opt-in" and not content:
            found.append(f"{name} is there, and is opt-in")
        elif name in attributes and not wanted and known is not None and convention.level != "opt-in":
            found.append(f"{name} is there without its condition: {convention.condition or 'it is not known'}")
    for name, value in attributes.items():
        kind = table[name].kind if name in table else DEPARTURES.get(name)
        if kind is None and name.startswith(_OURS_TO_NAME):
            found.append(f"{name} is no name of the conventions")
        elif kind is not None and not _is(value, kind):
            found.append(f"{name} is {value!r}, which is no {kind}")
    return found


def _is(value: Any, kind: Kind) -> bool:
    if kind == "string[]":
        return isinstance(value, tuple | list) and bool(value) and all(isinstance(each, str) for each in value)
    kinds: dict[Kind, type] = {"string": str, "int": int, "double": float, "boolean": bool, "json": str}
    return type(value) is kinds[kind] and value != ""
