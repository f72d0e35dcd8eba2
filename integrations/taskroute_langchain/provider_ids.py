"""Parts of an answer that its provider knows by an id. Sent back twice in one conversation, an id garbles it: stored answers have none."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any, Final

from taskroute.reading import as_list, as_mapping

_SAY_ALL: Final = frozenset({None, "text", "output_text", "refusal", "function_call", "custom_tool_call"})
"""Blocks that may be sent without their id: what they hold is all of it."""
_REASONING: Final = "reasoning"
_NOT_FOR_READERS: Final = frozenset({"type", "id", "index", "status", "encrypted_content", "format"})
"""What reasoning has beside what it says."""
_OF_A_SERVERS_TOOL: Final = "toolu_"
"""In the ids by which Anthropic's messages tell which result belongs to which call of a tool that it runs itself."""
_CALL_IDS: Final = "__openai_function_call_ids__"
_OUTPUTS: Final = "tool_outputs"
_MADE_BY_LANGCHAIN: Final = "lc_"
_BLANK: Final[tuple[Any, ...]] = (None, "", [], {})


class KeptByProviderError(ValueError):
    """A part of an answer that a later request can only name, and not say."""


def without_item_ids(content: Any, calls: Container[Any]) -> Any:
    """Return the content of a message without ids of its parts; those in `calls`, the ids of calls of tools, stay.

    Reasoning that the provider alone can read is left out: without its id it cannot be sent, and the rest can be sent without it. Raises
    KeptByProviderError for parts that would say less without their id.
    """
    if isinstance(content, str):
        return content
    return [kept for block in as_list(content) for kept in _kept(block, calls)]


def _kept(block: Any, calls: Container[Any]) -> Iterator[Any]:
    """Yield the block as it may be served; nothing where it is left out."""
    fields = as_mapping(block)
    kind, item = fields.get("type"), fields.get("id")
    if kind == "non_standard":
        for value in _kept(fields.get("value"), calls):
            yield {**fields, "value": value}
        return
    if "item_id" in as_mapping(fields.get("extras")):
        fields = {**fields, "extras": {key: value for key, value in as_mapping(fields["extras"]).items() if key != "item_id"}}
        block = fields
    if not isinstance(item, str) or item in calls or _OF_A_SERVERS_TOOL in item:
        yield block
    elif kind in _SAY_ALL or item.startswith(_MADE_BY_LANGCHAIN):
        yield {key: value for key, value in fields.items() if key != "id"}
    elif kind != _REASONING or _is_readable(fields):
        raise KeptByProviderError(f"a block of the type {kind!r} is known to its provider by its id")


def _is_readable(reasoning: Mapping[str, Any]) -> bool:
    said = {**as_mapping(reasoning.get("extras")), **{key: value for key, value in reasoning.items() if key != "extras"}}
    return any(key not in _NOT_FOR_READERS and value not in _BLANK for key, value in said.items())


def without_ids_beside(more: Mapping[str, Any]) -> dict[str, Any]:
    """Return what goes with a message without ids of its parts. Raises KeptByProviderError as `without_item_ids` does."""
    kept: dict[str, Any] = {}
    for key, value in more.items():
        if key == _CALL_IDS:
            continue
        if key == _REASONING and isinstance(as_mapping(value).get("id"), str):
            # Until version 1 of OpenAI's package these blocks had their place here.
            if _is_readable(as_mapping(value)):
                raise KeptByProviderError("reasoning is known to its provider by its id")
            continue
        if isinstance(as_mapping(value).get("id"), str) or (key == _OUTPUTS and any("id" in as_mapping(each) for each in as_list(value))):
            raise KeptByProviderError(f"{key!r} is known to its provider by its id")
        kept[key] = value
    return kept


def ids_of_server_tools(content: Any) -> Iterator[str]:
    """Yield the ids by which calls of a provider's own tools are known in a content."""
    for block in as_list(content):
        fields = as_mapping(block)
        item = as_mapping(fields.get("value", fields)).get("id")
        if isinstance(item, str) and _OF_A_SERVERS_TOOL in item:
            yield item


def renewed(item: str, fresh: str) -> str:
    """Return a new id of the same kind: providers read the kind from how it begins."""
    kind = item[: item.index(_OF_A_SERVERS_TOOL) + len(_OF_A_SERVERS_TOOL)]
    return kind + fresh.rpartition("_")[2]
