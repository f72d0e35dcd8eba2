"""Settings of one provider's prompt cache, which another provider's model must not be sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar, cast

from langchain.agents.middleware.types import ModelRequest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.tools import BaseTool

M = TypeVar("M", bound=BaseMessage)

_MARKER: Final = "cache_control"
_KEY: Final = "prompt_cache_key"
_HEADER: Final = "x-session-affinity"


def fitting(request: ModelRequest[Any], model: BaseChatModel) -> ModelRequest[Any]:
    """Return the request for another model, without the cache settings that only the provider of the first one knows."""
    if model is request.model:
        return request
    if type(model) is type(request.model):
        return request.override(model=model)
    kind = str(cast("Any", model)._llm_type)
    changed: dict[str, Any] = {"model": model}
    settings = _settings_for(kind, request.model_settings)
    if settings != request.model_settings:
        changed["model_settings"] = settings
    if not kind.startswith("anthropic"):
        changed.update(_unmarked(request))
    return request.override(**changed)


def _settings_for(kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    fit = dict(settings)
    if not kind.startswith("anthropic"):
        fit.pop(_MARKER, None)
    if not kind.startswith(("openai", "azure-openai", "fireworks")):
        fit.pop(_KEY, None)
    headers = fit.get("extra_headers")
    if isinstance(headers, Mapping) and not kind.startswith("fireworks"):
        left = {name: value for name, value in cast("Mapping[str, Any]", headers).items() if name.lower() != _HEADER}
        fit = {**fit, "extra_headers": left} if left else {key: value for key, value in fit.items() if key != "extra_headers"}
    return fit


def _unmarked(request: ModelRequest[Any]) -> dict[str, Any]:
    """Return what of a request changes when the cache markers are taken out."""
    changed: dict[str, Any] = {}
    if request.system_message is not None:
        system = _message(request.system_message)
        if system is not request.system_message:
            changed["system_message"] = system
    messages = [_message(message) for message in request.messages]
    if any(new is not old for new, old in zip(messages, request.messages, strict=True)):
        changed["messages"] = messages
    tools = [_tool(tool) for tool in request.tools]
    if any(new is not old for new, old in zip(tools, request.tools, strict=True)):
        changed["tools"] = tools
    return changed


def _message(message: M) -> M:
    if isinstance(message.content, str):
        return message
    content: list[Any] = list(message.content)
    blocks = [_block(block) for block in content]
    if all(new is old for new, old in zip(blocks, content, strict=True)):
        return message
    return message.model_copy(update={"content": blocks})


def _block(block: Any) -> Any:
    """Return a content block or a tool's mapping without markers, in itself and in what LangChain adds to it."""
    if not isinstance(block, dict):
        return block
    fields = cast("dict[str, Any]", block)
    left = {key: value for key, value in fields.items() if key != _MARKER}
    for key in ("extras", "metadata"):
        inner: Any = fields.get(key)
        if isinstance(inner, dict) and _MARKER in inner:
            left[key] = _left(cast("dict[str, Any]", inner))
    return fields if left == fields else {key: value for key, value in left.items() if value is not None or fields[key] is None}


def _left(extras: Mapping[str, Any]) -> dict[str, Any] | None:
    return {key: value for key, value in extras.items() if key != _MARKER} or None


def _tool(tool: Any) -> Any:
    if not isinstance(tool, BaseTool):
        return _block(tool)
    extras = tool.extras
    if not extras or _MARKER not in extras:
        return tool
    return tool.model_copy(update={"extras": _left(extras)})
