"""From LangChain's answers to replies: what a message says of how it was made. What it does not say is None."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

from taskroute.errors import IncompleteStreamError
from taskroute.reading import NOT_FOR_THE_CALLER, as_mapping, as_text, json_object
from taskroute.registry.models import ModelSpec
from taskroute.reported import COST_HEADER, reported_header, reported_in
from taskroute.types import Cost, Usage
from taskroute_langchain.usage import tier_in, usage_of

_MISTRAL: Final = "mistralai"
_SAY_WHY: Final = frozenset({"openai", "anthropic", "google_genai", _MISTRAL})
"""Providers whose streams always say why they end, by their documentation and by every recorded one. Of a stream that was cut without an
error, and of an error that its package passed over, a missing reason is the only sign."""
_COUNT_LAST: Final = frozenset({"openai", _MISTRAL})
"""Those of them that count tokens at the end. Some hosts that speak like them (OpenRouter was recorded) give the count and no reason."""
_SUMMARISES: Final = "anthropic"
"""The provider that leaves its summaries of a conversation out of its totals. OpenAI has blocks of the same name, and counts them."""
_MADE_BY_LANGCHAIN: Final = ("lc_", "run-")
"""How the ids begin that LangChain gives to messages without one."""
_REPEATED: Final = 6
"""How long a text is that may be a word twice: no name or reason is shorter than three letters."""


class Answer(NamedTuple):
    """What a message says about how it was made."""

    usage: Usage | None
    finish_reason: str | None
    model: str | None
    provider: str | None
    id: str | None = None
    """The provider's id of the answer."""
    service_tier: str | None = None
    reported: Cost | None = None
    """What the provider says that the answer cost."""

    def then(self, later: Answer) -> Answer:
        """Return what is known after one more chunk, without the usage: counts are added up, not replaced."""
        return Answer(
            None,
            later.finish_reason or self.finish_reason,
            later.model or self.model,
            later.provider or self.provider,
            later.id or self.id,
            later.service_tier or self.service_tier,
            later.reported or self.reported,
        )


UNKNOWN_ANSWER: Final = Answer(None, None, None, None)


def refuse_half(said: Answer, *, counted: bool, spec: ModelSpec | None) -> None:
    """Raise IncompleteStreamError for a stream that has ended, and not as its provider ends one."""
    if spec is not None and is_half(said, counted=counted, spec=spec):
        raise IncompleteStreamError(said.provider or spec.name)


def is_half(said: Answer, *, counted: bool, spec: ModelSpec | None) -> bool:
    """Return whether a stream has ended, and not as its provider ends one.

    `counted` says that usage came. The policy says which servers give neither, though they speak like one that does.
    """
    if said.finish_reason is not None or said.provider not in _SAY_WHY or spec is None or not spec.finish_reason:
        return False
    return not (counted and said.provider in _COUNT_LAST)


def answer_of(message: BaseMessage) -> Answer:
    """Return usage, finish reason, model, provider and id of an answer."""
    about = as_mapping(message.response_metadata)
    said = answer_from(about, getattr(message, "usage_metadata", None))
    if said.model is not None and isinstance(message, AIMessageChunk):
        said = said._replace(model=_once(said.model))
    if said.provider == _SUMMARISES:
        said = unless_summarised(said, summarised=_lost_a_summary(message, about))
    return said if said.id else said._replace(id=id_of(message))


def id_of(message: BaseMessage) -> str | None:
    """Return the id of a message where its provider gave it."""
    return None if message.id is None or message.id.startswith(_MADE_BY_LANGCHAIN) else message.id


def answer_from(about: Mapping[str, Any], counts: Any) -> Answer:
    """Return what `response_metadata` and `usage_metadata` say of an answer, of which they may be a part alone."""
    provider = _provider(about)
    usage = usage_of(counts, provider=provider, about=about) if counts else None
    tier = tier_of(about) or tier_in(counts)
    return Answer(usage, _finish(about), _model(about, provider), provider, as_text(about.get("id")), tier, _reported(about))


def _provider(about: Mapping[str, Any]) -> str | None:
    # Of a prompt that Google blocked, older releases of its package do not say whose answer it is.
    return as_text(about.get("model_provider")) or ("google_genai" if "prompt_feedback" in about else None)


def _finish(about: Mapping[str, Any]) -> str | None:
    finish = _word(about.get("finish_reason")) or _word(about.get("stop_reason")) or _word(about.get("done_reason"))
    finish = finish or _word(about.get("stopReason"))
    if finish is None and about.get("object") == "response":
        # OpenAI's responses have a status, and a reason only where they are incomplete.
        finish = _word(as_mapping(about.get("incomplete_details")).get("reason")) or _word(about.get("status"))
    if finish is None and "prompt_feedback" in about:
        # Google blocked the prompt: there is no answer that could have ended.
        finish = _word(as_mapping(about["prompt_feedback"]).get("block_reason"))
    # Of a whole message too: a model that streams behind `invoke` gives one that was joined from chunks, and no reason is a word twice.
    return None if finish is None else _once(finish)


def tier_of(about: Mapping[str, Any]) -> str | None:
    """Return the class of service that answered: OpenAI's word, Anthropic's or Bedrock's."""
    tier = as_text(about.get("service_tier")) or as_text(as_mapping(about.get("usage")).get("service_tier"))
    tier = tier or as_text(as_mapping(about.get("serviceTier")).get("type"))
    # OpenAI says `auto` of a response until it has chosen.
    return None if tier is None or tier == "auto" else _once(tier.removeprefix("auto"))


def _reported(about: Mapping[str, Any]) -> Cost | None:
    if "cost_details" in about:
        # OpenRouter's own package puts what it costs beside everything else.
        return reported_in(about)
    found = reported_in(as_mapping(about.get("token_usage"))) or reported_in(as_mapping(about.get("usage")))
    return found or reported_header(as_mapping(about.get("headers")).get(COST_HEADER))


def _word(value: Any) -> str | None:
    """Return a text, or that of a member of an enumeration."""
    return as_text(value) or as_text(getattr(value, "value", None))


def _model(about: Mapping[str, Any], provider: str | None) -> str | None:
    if provider == _MISTRAL and "token_usage" in about:
        # For a whole answer langchain-mistralai repeats what it asked for, not what answered.
        return None
    return as_text(about.get("model_name")) or as_text(about.get("model"))


def _once(text: str) -> str:
    """Return a text that a host said in several chunks, and that LangChain joined to itself when it added them up."""
    if len(text) < _REPEATED:
        return text
    period = (text + text).find(text, 1)
    return text[:period] if period >= _REPEATED // 2 else text


def _lost_a_summary(message: BaseMessage, about: Mapping[str, Any]) -> bool:
    """Return whether Anthropic summarised the conversation and the message does not say what that took: a stream loses it."""
    if isinstance(message.content, str) or as_mapping(about.get("usage")).get("iterations"):
        return False
    return has_summary(message.content)


def has_summary(blocks: Iterable[Any]) -> bool:
    """Return whether there is a block that may be a summary which Anthropic made of the conversation."""
    for block in blocks:  # noqa: SIM110 - runs for each chunk of a stream, and a generator costs more than the look itself
        if as_mapping(block).get("type") == "compaction":
            return True
    return False


def unless_summarised(said: Answer, *, summarised: bool) -> Answer:
    """Return what a stream says of itself; where it has a summary (see `has_summary`), the package lost what that took."""
    return said._replace(usage=None) if summarised and said.provider == _SUMMARISES else said


def text_of(message: BaseMessage) -> str:
    """Return the text of an answer, without what was thought."""
    return message.content if isinstance(message.content, str) else str(message.text)


def called(message: BaseMessage) -> tuple[str, ...]:
    """Return the names of the tools that an answer calls, those with broken arguments last."""
    if not isinstance(message, AIMessage) or not (message.tool_calls or message.invalid_tool_calls):
        return ()
    return tuple([call["name"] for call in message.tool_calls] + [name for call in message.invalid_tool_calls if (name := call["name"])])


def arguments_of(message: BaseMessage) -> tuple[Any, ...]:
    """Return the arguments of each call in `called`; None for those that could not be read."""
    if not isinstance(message, AIMessage):
        return ()
    return (*(call["args"] for call in message.tool_calls), *(None for call in message.invalid_tool_calls if call["name"]))


def unrepaired(whole: BaseMessage) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Return `called` and `arguments_of` of chunks that were added up, of which LangChain completes arguments that were cut off."""
    if not isinstance(whole, AIMessageChunk) or not whole.tool_call_chunks:
        return called(whole), arguments_of(whole)
    calls = [part for part in whole.tool_call_chunks if part["name"]]
    return tuple([str(part["name"]) for part in calls]), tuple([json_object(part["args"]) for part in calls])


def is_from_cache(message: BaseMessage) -> bool:
    """Return whether LangChain's own cache gave the answer: it leaves this sign in the counts, which are of the time when it was made."""
    return as_mapping(getattr(message, "usage_metadata", None)).get("total_cost") == 0


def refuses(message: BaseMessage) -> bool:
    """Return whether an answer is marked as a refusal, beside its finish reason."""
    if message.additional_kwargs.get("refusal"):
        return True
    return not isinstance(message.content, str) and any(as_mapping(block).get("type") == "refusal" for block in message.content)


FOR_THE_CALLER: Final = frozenset({"audio", "function_call", "tool_calls"})
"""What of an answer's `additional_kwargs` is one."""


def is_empty(message: BaseMessage) -> bool:
    """Return whether there is nothing in an answer for the caller: no text, no call of a tool, no media."""
    if called(message) or text_of(message).strip() or not FOR_THE_CALLER.isdisjoint(message.additional_kwargs):
        return False
    if isinstance(message.content, str):
        return True
    return all(isinstance(block, str) or block.get("type") in NOT_FOR_THE_CALLER for block in message.content)


_BLANK: Final[tuple[Any, ...]] = (None, "", [], {})


def says(block: Mapping[str, Any]) -> bool:
    """Return whether a block, or a part of one, holds anything beside its kind and place."""
    return any(name not in ("type", "index", "id") and value not in _BLANK for name, value in block.items())


def has_content(chunk: Any) -> bool:
    """Return whether a chunk holds anything that a caller could use: text, reasoning or part of a tool call."""
    if not isinstance(chunk, AIMessageChunk):
        return True
    content = chunk.content
    said = bool(content) if isinstance(content, str) else any(bool(block) if isinstance(block, str) else says(block) for block in content)
    return bool(said or chunk.tool_call_chunks or chunk.additional_kwargs)
