"""From LangChain's answers to replies: what a message says of how it was made. What it does not say is None."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

from taskroute.errors import IncompleteStreamError
from taskroute.types import NOTHING, Usage

_TIERS: Final = ("flex", "priority")
"""OpenAI's service tiers under whose name langchain-openai counts what was cached and what was thought."""
_SHORT: Final = "ephemeral_5m_input_tokens"
_LONG: Final = "ephemeral_1h_input_tokens"
_WHOLE_EACH_TIME: Final = frozenset({"openai"})
"""Providers that define usage as that of the whole request: where a host repeats it, LangChain's sum is wrong."""
_GOOGLE: Final = frozenset({"google_genai", "google_vertexai"})
_CORRECTED: Final = frozenset({*_GOOGLE, "mistralai", "anthropic"})


class Answer(NamedTuple):
    """What a message says about how it was made."""

    usage: Usage | None
    finish_reason: str | None
    model: str | None
    provider: str | None
    id: str | None = None
    """The provider's id of the answer."""

    def then(self, later: Answer) -> Answer:
        """Return what is known after one more chunk, without the usage: counts are added up, not replaced."""
        return Answer(None, *[new or old for new, old in zip(later[1:], self[1:], strict=True)])


_SAY_WHY_THEY_END: Final = frozenset({"mistralai"})
"""Providers that always say why a stream ended, and whose package passes over an error in the middle of one."""


def refuse_half(said: Answer) -> None:
    """Raise IncompleteStreamError for a stream that has ended, and not as its provider ends one."""
    if said.finish_reason is None and said.provider in _SAY_WHY_THEY_END:
        raise IncompleteStreamError(said.provider)


UNKNOWN_ANSWER: Final = Answer(None, None, None, None)
_MADE_BY_LANGCHAIN: Final = ("lc_", "run-")
"""How the ids begin that LangChain gives to messages without one."""


def answer_of(message: BaseMessage) -> Answer:
    """Return usage, finish reason and model of an answer."""
    said = answer_from(message.response_metadata, getattr(message, "usage_metadata", None))
    if said.usage is not None and _left_out(message):
        said = said._replace(usage=None)
    return said if said.id else said._replace(id=id_of(message))


def id_of(message: BaseMessage) -> str | None:
    """Return the id of a message where its provider gave it."""
    return None if message.id is None or message.id.startswith(_MADE_BY_LANGCHAIN) else message.id


def answer_from(about: Mapping[str, Any], usage: Mapping[str, Any] | None) -> Answer:
    """Return the same, from the metadata of an answer."""
    return Answer(usage_of(usage, about), _finish(about), _model(about), _provider(about), about.get("id"))


def _provider(about: Mapping[str, Any]) -> str | None:
    # Of a prompt that Google blocked, older releases of its package do not say whose answer it is.
    return about.get("model_provider") or ("google_genai" if "prompt_feedback" in about else None)


def _finish(about: Mapping[str, Any]) -> str | None:
    finish = about.get("finish_reason") or about.get("stop_reason") or about.get("done_reason")
    if not finish and about.get("object") == "response":
        # OpenAI's responses have a status, and a reason only where they are incomplete.
        finish = (about.get("incomplete_details") or NOTHING).get("reason") or about.get("status")
    if not finish and about.get("prompt_feedback"):
        # Google blocked the prompt: there is no answer that could have ended.
        blocked = about["prompt_feedback"].get("block_reason")
        finish = getattr(blocked, "value", blocked)
    return _once(str(finish)) if finish else None


def _model(about: Mapping[str, Any]) -> str | None:
    if about.get("model_provider") == "mistralai" and "token_usage" in about:
        # For a whole answer langchain-mistralai repeats what it asked for, not what answered.
        return None
    model = about.get("model_name") or about.get("model")
    return _once(model) if isinstance(model, str) else None


def _once(text: str) -> str:
    """Return a text that a host said in several chunks, and that LangChain joined to itself when it added them up."""
    period = (text + text).find(text, 1)
    return text[:period] if period > 2 else text


def usage_of(metadata: Mapping[str, Any] | None, about: Mapping[str, Any] = NOTHING) -> Usage | None:
    """Return the tokens of LangChain's `usage_metadata`.

    LangChain writes 0 for a count that the provider did not give. No prompt and no answer has 0 tokens, so there 0 means unknown.
    """
    if not metadata:
        return None
    given: dict[str, int] = metadata.get("input_token_details") or {}
    spent: dict[str, int] = metadata.get("output_token_details") or {}
    for tier in _TIERS:
        if tier in given:
            given, spent = _without_tier(given, tier), _without_tier(spent, tier)
    asked, answered = metadata.get("input_tokens") or None, metadata.get("output_tokens") or None
    provider = _provider(about)
    if asked and answered and metadata.get("total_tokens", 0) > asked + answered and provider not in _GOOGLE:
        # Some hosts leave what was thought out of the answer's tokens, and have it in the total. Google's package gets the total of
        # a stream wrong, and the parts right.
        answered = None
    written = given.get("cache_creation")
    if not written and given:
        # langchain-anthropic writes 0 in place of the sum once it has the parts.
        written = given.get(_SHORT, 0) + given.get(_LONG, 0) or written
    usage = Usage(asked, answered, given.get("cache_read"), written, spent.get("reasoning"))
    return _by_provider(usage, provider, about) if provider in _CORRECTED else usage


def _without_tier(counts: dict[str, int], tier: str) -> dict[str, int]:
    return {name.removeprefix(f"{tier}_"): count for name, count in counts.items()}


def _count(counts: Mapping[str, Any], name: str) -> int | None:
    count = counts.get(name)
    return count if isinstance(count, int) else None


def _by_provider(usage: Usage, provider: str, about: Mapping[str, Any]) -> Usage:
    """Correct what the package of one provider gets wrong, or loses."""
    if provider in _GOOGLE:
        # Google leaves counts of 0 out, and its package writes 0 for what was left out.
        return usage._replace(cache_read=usage.cache_read or None, reasoning=usage.reasoning or None)
    if provider == "mistralai":
        counted: Mapping[str, Any] = about.get("token_usage") or NOTHING
        read = _count(counted.get("prompt_tokens_details") or NOTHING, "cached_tokens")
        return usage._replace(cache_read=_count(counted, "num_cached_tokens") if read is None else read)
    if provider == "anthropic":
        if usage.input is not None and usage.input == (usage.cache_read or 0) + (usage.cache_write or 0):
            # No prompt comes from the cache whole: the count of what did not is missing from this sum.
            usage = usage._replace(input=None)
        return _with_summaries(usage, about.get("usage") or NOTHING)
    return usage


def _with_summaries(usage: Usage, counted: Mapping[str, Any]) -> Usage:
    """Add the summaries that Anthropic made of the conversation: the same model made them, and its totals leave them out."""
    for each in counted.get("iterations") or ():
        if each.get("type") == "compaction":
            read, written = _count(each, "cache_read_input_tokens"), _count(each, "cache_creation_input_tokens")
            new = _count(each, "input_tokens")
            usage = usage._replace(
                input=None if new is None or usage.input is None else usage.input + new + (read or 0) + (written or 0),
                output=_sum(usage.output, _count(each, "output_tokens")),
                cache_read=_sum(usage.cache_read, read),
                cache_write=_sum(usage.cache_write, written),
            )
    return usage


def _sum(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left + right


def _left_out(message: BaseMessage) -> bool:
    """Return whether Anthropic summarised the conversation and the message does not say what that took: a stream loses it."""
    if isinstance(message.content, str) or (message.response_metadata.get("usage") or NOTHING).get("iterations"):
        return False
    return summarised(message.content)


def summarised(blocks: Iterable[Any]) -> bool:
    """Return whether blocks of content hold a summary that Anthropic made of the conversation."""
    return any(isinstance(block, Mapping) and cast("Mapping[str, Any]", block).get("type") == "compaction" for block in blocks)


def usage_with(known: Mapping[str, Any] | None, more: Mapping[str, Any], provider: str | None) -> Mapping[str, Any]:
    """Return the usage of a stream after one more chunk that has some. What is no count is left out."""
    if known is None or provider in _WHOLE_EACH_TIME:
        return more
    return _added(known, more)


def _added(known: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    total: dict[str, Any] = dict(known)
    for name, count in more.items():
        before = total.get(name)
        if isinstance(count, Mapping):
            total[name] = _added(cast("Mapping[str, Any]", before or {}), cast("Mapping[str, Any]", count))
        elif isinstance(count, int):
            total[name] = count + (before if isinstance(before, int) else 0)
    return total


def text_of(message: BaseMessage) -> str:
    """Return the text of an answer, without what was thought."""
    return message.content if isinstance(message.content, str) else str(message.text)


def called(message: BaseMessage) -> tuple[str, ...]:
    """Return the names of the tools that an answer calls, those with broken arguments last."""
    if not isinstance(message, AIMessage) or not (message.tool_calls or message.invalid_tool_calls):
        return ()
    return tuple([call["name"] for call in message.tool_calls] + [name for call in message.invalid_tool_calls if (name := call["name"])])


class Called:
    """The names of the tools that a stream calls, in order."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._known: dict[Any, str | None] = {}

    def add(self, chunk: AIMessageChunk) -> None:
        """Note the parts of calls in a chunk. Some hosts repeat the name with each part, some give each call the same index."""
        for part in chunk.tool_call_chunks:
            name, given = part["name"], part["id"]
            key = given if part["index"] is None else part["index"]
            if not name or (key is not None and key in self._known and given in (None, "", self._known[key])):
                continue
            self._names.append(name)
            if key is not None:
                self._known[key] = given

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)


def has_content(chunk: Any) -> bool:
    """Return whether a chunk holds anything that a caller could use: text, reasoning or part of a tool call."""
    if not isinstance(chunk, BaseMessage):
        return True
    if isinstance(chunk, AIMessageChunk):
        return bool(chunk.content or chunk.tool_call_chunks or chunk.additional_kwargs)
    return True
