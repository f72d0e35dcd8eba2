"""From LiteLLM's answers to replies, without importing LiteLLM.

LiteLLM always fills in usage, a finish reason and a model: where the provider did not say, it counts with a tokenizer of its own,
writes 0 or `stop`, or repeats what was asked for. Here such a value is None, wherever LiteLLM leaves a sign of it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from taskroute.reading import Called, as_list, as_text, say_unread
from taskroute.types import Reply, Usage
from taskroute_litellm.usage import completion_usage, count, field, message_usage, response_usage

_COUNTED: Final = frozenset(
    {
        *("a2a", "azure_ai_agents", "huggingface", "langflow", "langgraph", "ollama", "ollama_chat", "petals", "predibase"),
        *("replicate", "sagemaker", "triton"),
    }
)
"""Providers whose whole answers LiteLLM counts itself, always or where a count is missing; nothing in the answer says so."""
_EMBEDDINGS_COUNTED: Final = frozenset({"cohere", "gemini", "huggingface", "triton", "vertex_ai"})
"""The same for embeddings."""
_GOOGLE: Final = ("gemini", "vertex_ai", "vertex_ai_beta")
_CALLS: Final = ("tool_calls", "function_call")
_RUN_BY_PROVIDER: Final = "srvtoolu_"
"""How the ids of calls begin that Anthropic runs itself; LiteLLM puts them among those that the caller must run."""
_CACHE: Final = "cached_response"
"""What LiteLLM calls the provider of a stream that it plays from its own cache."""
_MADE_BY_LITELLM: Final = re.compile(r"chatcmpl-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The ids that LiteLLM gives to answers without one. Where a provider makes such ids itself, they are taken for LiteLLM's."""
_LAST: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})


def reply_of(response: Any) -> Reply:
    """Return what an answer of LiteLLM says: a completion, a response, a message, a text completion, an embedding.

    One that cannot be read says nothing, costs a warning for its class, and fails no call.
    """
    try:
        return _read(response)
    except Exception as error:  # noqa: BLE001 - whatever LiteLLM or a provider puts into an answer, the caller gets it
        say_unread(response, error)
        return Reply(answer=response)


def _read(response: Any) -> Reply:
    kind = field(response, "object")
    if kind == "response" or isinstance(field(response, "output"), list):
        return _of_response(response)
    if field(response, "type") == "message":
        return _of_message(response)
    if kind == "list":
        return _of_embedding(response)
    if as_list(field(response, "choices")):
        return _of_completion(response)
    return Reply(answer=response)


class _About(NamedTuple):
    """What LiteLLM keeps beside an answer."""

    provider: str | None
    model: str | None
    """The model that the provider named."""
    cached: bool
    """Whether the answer came from LiteLLM's own cache, and so was not paid for."""


def _about(answer: Any) -> _About:
    return _about_of(field(answer, "_hidden_params"))


def _about_of(hidden: Any) -> _About:
    provider = as_text(field(hidden, "custom_llm_provider"))
    if provider is None:
        named, _, rest = str(field(hidden, "litellm_model_name") or "").partition("/")
        provider = named if rest else None
    cached = bool(field(hidden, "cache_hit")) or provider == _CACHE
    return _About(None if provider == _CACHE else provider, as_text(field(hidden, "provider_response_model")), cached)


def _of_completion(response: Any) -> Reply:
    about, choice = _about(response), as_list(field(response, "choices"))[0]
    message: Any = field(choice, "message")
    usage = None
    if not about.cached and about.provider not in _COUNTED:
        thinks = bool(field(message, "reasoning_content"))
        usage = completion_usage(field(response, "usage"), provider=about.provider, thinks=thinks)
    calls = [call for call in as_list(field(message, "tool_calls")) if not _is_run_by_provider(call)]
    return Reply(
        answer=response,
        usage=usage,
        finish_reason=_finish(choice, message, about.provider),
        model=about.model or as_text(field(response, "model")),
        provider=about.provider,
        id=_id(field(response, "id")),
        text=as_text(field(message, "content")) or as_text(field(choice, "text")) or "",
        tool_calls=_names(field(call, "function") for call in calls),
    )


def _finish(choice: Any, message: Any, provider: str | None) -> str | None:
    """Return the provider's own word where LiteLLM kept it, else LiteLLM's."""
    finish = as_text(field(choice, "finish_reason"))
    if finish in _CALLS:
        return finish
    native = as_text(field(field(choice, "provider_specific_fields"), "native_finish_reason")) or _native(message)
    if native is None and provider in _GOOGLE and finish == "stop":
        # Of a whole answer of Google's the word is kept whenever there was one.
        return None
    return native or finish


def _native(message: Any) -> str | None:
    return as_text(field(field(message, "provider_specific_fields"), "stop_reason"))


def _id(given: Any) -> str | None:
    """Return the provider's id of an answer."""
    known = as_text(given)
    return None if known is None or _MADE_BY_LITELLM.fullmatch(known) else known


def _names(calls: Iterable[Any]) -> tuple[str, ...]:
    return tuple([name for call in calls if (name := as_text(field(call, "name")))])


def _is_run_by_provider(call: Any) -> bool:
    return str(field(call, "id") or "").startswith(_RUN_BY_PROVIDER)


def _of_response(response: Any) -> Reply:
    about = _about(response)
    items = as_list(field(response, "output"))
    parts = [part for item in items if field(item, "type") == "message" for part in as_list(field(item, "content"))]
    return Reply(
        answer=response,
        usage=None if about.cached else response_usage(field(response, "usage")),
        finish_reason=as_text(field(field(response, "incomplete_details"), "reason")) or as_text(field(response, "status")),
        model=about.model or as_text(field(response, "model")),
        provider=about.provider,
        id=_response_id(field(response, "id")),
        text="".join(as_text(field(part, "text")) or "" for part in parts if field(part, "type") == "output_text"),
        tool_calls=_names(item for item in items if field(item, "type") in ("function_call", "custom_tool_call")),
    )


def _response_id(given: Any) -> str | None:
    """Return the provider's id of a response: LiteLLM wraps it, with the deployment that it belongs to, in one of its own."""
    known = as_text(given)
    if known is None:
        return None
    try:
        wrapped = base64.b64decode(known.removeprefix("resp_"), validate=True).decode()
    except ValueError:
        return known
    return wrapped.partition("response_id:")[2] or known


def _of_message(response: Any) -> Reply:
    """Read Anthropic's own format, which LiteLLM passes on."""
    about = _about(response)
    blocks = as_list(field(response, "content"))
    return Reply(
        answer=response,
        usage=None if about.cached else message_usage(field(response, "usage")),
        finish_reason=as_text(field(response, "stop_reason")),
        model=about.model or as_text(field(response, "model")),
        provider=about.provider,
        id=_id(field(response, "id")),
        text="".join(as_text(field(block, "text")) or "" for block in blocks if field(block, "type") == "text"),
        tool_calls=_names(block for block in blocks if field(block, "type") == "tool_use"),
    )


def _of_embedding(response: Any) -> Reply:
    about = _about(response)
    asked = None if about.cached or about.provider in _EMBEDDINGS_COUNTED else count(field(response, "usage"), "prompt_tokens")
    return Reply(
        answer=response,
        usage=Usage(input=asked) if asked else None,
        model=about.model or as_text(field(response, "model")),
        provider=about.provider,
    )


class StreamSource:
    """Makes sense of a stream of LiteLLM's, of completions or of responses, while it passes by.

    Give it the stream itself where there is one: LiteLLM keeps in it what the provider sent, and hands out what it made of that.
    Without it, more is unknown.
    """

    def __init__(self, stream: Any = None) -> None:
        self._stream = stream
        self._reply: Reply | None = None
        self._cached = _about(stream).cached or field(stream, "custom_llm_provider") == _CACHE
        self._about = _About(None, None, cached=self._cached)
        self._finish: str | None = None
        self._native: str | None = None
        self._usage: Any = None
        self._unasked_usage: Any = None
        """What the last chunk carries where usage was not asked for."""
        self._id: str | None = None
        self._texts: list[str] = []
        self._called = Called()
        self._thinks = False
        self._advised = False
        self._unread = False

    def take(self, chunk: Any) -> bool:
        """Note a chunk; return whether it holds anything that the caller could use: text, reasoning, part of a tool call."""
        try:
            choices = field(chunk, "choices")
            return self._take_event(chunk) if choices is None else self._take_chunk(chunk, as_list(choices))
        except Exception as error:  # noqa: BLE001 - as in reply_of
            self._give_up(chunk, error)
            return True

    def _take_event(self, event: Any) -> bool:
        kind = field(event, "type")
        kind = str(getattr(kind, "value", kind))
        if kind in _LAST:
            self._reply = _of_response(field(event, "response"))
            if field(field(field(event, "response"), "usage"), "input_tokens_details") is None:
                # LiteLLM counts where a stream carries no usage, and a usage that it counted has no details.
                self._reply = self._reply._replace(usage=None)
        if kind == "response.output_item.added":
            return str(field(field(event, "item"), "type")).endswith("_call")
        return kind.endswith(".delta") and bool(field(event, "delta"))

    def _take_chunk(self, chunk: Any, choices: Sequence[Any]) -> bool:
        # Read once: a private field of pydantic's takes microseconds.
        hidden = field(chunk, "_hidden_params")
        about, known = _about_of(hidden), self._about
        if about != known:
            self._about = _About(about.provider or known.provider, about.model or known.model, about.cached or known.cached)
        self._id = field(chunk, "id") or self._id
        self._usage = field(chunk, "usage") or self._usage
        self._unasked_usage = field(hidden, "usage")
        useful = False
        for choice in choices:
            if (field(choice, "index") or 0) == 0:
                self._finish = as_text(field(choice, "finish_reason")) or self._finish
                useful = self._take_delta(field(choice, "delta") or choice) or useful
        return useful

    def _take_delta(self, delta: Any) -> bool:
        text = as_text(field(delta, "content")) or as_text(field(delta, "text"))
        if text:
            self._texts.append(text)
        thought = bool(field(delta, "reasoning_content") or field(delta, "thinking_blocks"))
        self._thinks = self._thinks or thought
        beside = field(delta, "provider_specific_fields")
        if beside:
            self._native = as_text(field(beside, "stop_reason")) or self._native
            served = as_list(field(beside, "server_tool_calls"))
            self._advised = self._advised or "advisor" in _names(field(call, "function") for call in served)
        calls = as_list(field(delta, "tool_calls"))
        for call in calls:
            if not _is_run_by_provider(call):
                self._called.add(index=field(call, "index"), id=field(call, "id"), name=field(field(call, "function"), "name"))
        return bool(text or thought or calls or field(delta, "function_call") or field(delta, "audio") or field(delta, "images"))

    def _give_up(self, chunk: Any, error: Exception) -> None:
        """Leave the whole stream unknown: what the other chunks say is not all of it."""
        self._unread = True
        say_unread(chunk, error)

    def reply(self) -> Reply:
        """Return what the whole stream came to."""
        if not self._unread:
            try:
                return self._whole() if self._reply is None else self._ended_with(self._reply)
            except Exception as error:  # noqa: BLE001 - as in reply_of
                self._give_up(self._stream, error)
        return Reply(answer=None)

    def _ended_with(self, reply: Reply) -> Reply:
        """Return what an event that repeats the whole answer said."""
        provider = None if self._cached else reply.provider or as_text(field(self._stream, "custom_llm_provider"))
        return reply._replace(answer=None, usage=None if self._cached else reply.usage, provider=provider)

    def _whole(self) -> Reply:
        about, sent = self._about, _sent(self._stream)
        return Reply(
            answer=None,
            usage=None if about.cached else self._usage_if_reported() if not sent else self._reported(sent),
            finish_reason=self._ended(),
            # A stream from the cache names the model that was asked for.
            model=None if about.cached else about.model,
            provider=about.provider,
            id=_id(self._id),
            text="".join(self._texts),
            tool_calls=tuple(self._called),
        )

    def _ended(self) -> str | None:
        # What was received is the provider's own word; the chunk has LiteLLM's.
        finish = self._native or as_text(field(self._stream, "received_finish_reason"))
        if finish is None and not (self._texts or tuple(self._called) or self._thinks or self._about.model):
            # LiteLLM says `stop` at the end of a stream in which nothing was said at all.
            return None
        finish = finish or self._finish
        if self._about.provider in _GOOGLE and finish in ("stop", "content_filter"):
            # LiteLLM says `stop` where Google said nothing, and one of the two for what is neither.
            return None
        return finish

    def _reported(self, sent: Sequence[Any]) -> Usage | None:
        """Return the last counts that the provider sent, which are of the whole stream."""
        usages = [usage for chunk in sent if (usage := field(chunk, "usage")) is not None]
        return completion_usage(usages[-1], provider=self._about.provider, thinks=self._thinks) if usages else None

    def _usage_if_reported(self) -> Usage | None:
        """Return the usage in the chunks unless LiteLLM may have counted it: one that it counted has no details of the prompt."""
        told = self._unasked_usage if self._usage is None else self._usage
        details = field(told, "prompt_tokens_details")
        if details is None:
            return None
        usage = completion_usage(told, provider=self._about.provider, thinks=self._thinks)
        if usage is None:
            return None
        if self._advised:
            # Another model helped Anthropic's, and LiteLLM adds its tokens.
            usage = usage._replace(input=None, output=None)
        if count(details, "tool_use_tokens"):
            usage = usage._replace(input=None)
        return usage._replace(reasoning=None) if self._thinks or not usage.reasoning else usage


def _sent(stream: Any) -> Sequence[Any]:
    """Return what LiteLLM keeps of a stream; nothing where another deployment took over."""
    return () if field(stream, "fallback_headers_adopted") else as_list(field(stream, "chunks"))
