"""From LiteLLM's answers to replies, without importing LiteLLM.

LiteLLM always fills in usage, a finish reason and a model: where the provider did not say, it counts with a tokenizer of its own,
writes 0 or `stop`, or repeats what was asked for. Here such a value is None, wherever LiteLLM leaves a sign of it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

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
_LAST: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})


def reply_of(response: Any) -> Reply:
    """Return what an answer of LiteLLM says: a completion, a response, a message, a text completion, an embedding."""
    kind = field(response, "object")
    if kind == "response" or isinstance(field(response, "output"), list):
        return _of_response(response)
    if field(response, "type") == "message":
        return _of_message(response)
    if kind == "list":
        return _of_embedding(response)
    if field(response, "choices"):
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
    hidden: Any = field(answer, "_hidden_params")
    provider = field(hidden, "custom_llm_provider")
    if not provider:
        named, _, rest = str(field(hidden, "litellm_model_name") or "").partition("/")
        provider = named if rest else None
    cached = bool(field(hidden, "cache_hit")) or provider == _CACHE
    return _About(None if provider == _CACHE else provider, field(hidden, "provider_response_model") or None, cached)


def _of_completion(response: Any) -> Reply:
    about, choice = _about(response), field(response, "choices")[0]
    message: Any = field(choice, "message")
    usage = None
    if not about.cached and about.provider not in _COUNTED:
        thinks = bool(field(message, "reasoning_content"))
        usage = completion_usage(field(response, "usage"), provider=about.provider, thinks=thinks)
    calls = [call for call in field(message, "tool_calls") or () if not _is_run_by_provider(call)]
    return Reply(
        answer=response,
        usage=usage,
        finish_reason=_finish(choice, message, about.provider),
        model=about.model or field(response, "model"),
        provider=about.provider,
        id=_id(field(response, "id"), about.provider),
        text=_text(field(message, "content") or field(choice, "text")),
        tool_calls=_names(field(call, "function") for call in calls),
    )


def _finish(choice: Any, message: Any, provider: str | None) -> str | None:
    """Return the provider's own word where LiteLLM kept it, else LiteLLM's."""
    finish: str | None = field(choice, "finish_reason")
    if finish in _CALLS:
        return finish
    native: str | None = field(field(choice, "provider_specific_fields"), "native_finish_reason") or _native(message)
    if native is None and provider in _GOOGLE and finish == "stop":
        # Of a whole answer of Google's the word is kept whenever there was one.
        return None
    return native or finish


def _native(message: Any) -> str | None:
    found: str | None = field(field(message, "provider_specific_fields"), "stop_reason")
    return found


def _id(given: str | None, provider: str | None) -> str | None:
    """Return the provider's id of an answer. LiteLLM gives Anthropic's answers ids of its own."""
    return None if provider == "anthropic" else given


def _text(content: Any) -> str:
    return content if isinstance(content, str) else ""


def _names(calls: Iterable[Any]) -> tuple[str, ...]:
    return tuple([name for call in calls if (name := field(call, "name"))])


def _is_run_by_provider(call: Any) -> bool:
    return str(field(call, "id") or "").startswith(_RUN_BY_PROVIDER)


def _of_response(response: Any) -> Reply:
    about = _about(response)
    items: list[Any] = field(response, "output") or []
    parts = [part for item in items if field(item, "type") == "message" for part in field(item, "content") or ()]
    return Reply(
        answer=response,
        usage=None if about.cached else response_usage(field(response, "usage")),
        finish_reason=field(field(response, "incomplete_details"), "reason") or field(response, "status"),
        model=about.model or field(response, "model"),
        provider=about.provider,
        id=_response_id(field(response, "id")),
        text="".join(_text(field(part, "text")) for part in parts if field(part, "type") == "output_text"),
        tool_calls=_names(item for item in items if field(item, "type") in ("function_call", "custom_tool_call")),
    )


def _response_id(given: Any) -> str | None:
    """Return the provider's id of a response: LiteLLM wraps it, with the deployment that it belongs to, in one of its own."""
    if not isinstance(given, str):
        return None
    try:
        wrapped = base64.b64decode(given.removeprefix("resp_"), validate=True).decode()
    except ValueError:
        return given
    return wrapped.partition("response_id:")[2] or given


def _of_message(response: Any) -> Reply:
    """Read Anthropic's own format, which LiteLLM passes on."""
    about = _about(response)
    blocks: list[Any] = field(response, "content") or []
    return Reply(
        answer=response,
        usage=None if about.cached else message_usage(field(response, "usage")),
        finish_reason=field(response, "stop_reason"),
        model=about.model or field(response, "model"),
        provider=about.provider,
        id=field(response, "id"),
        text="".join(_text(field(block, "text")) for block in blocks if field(block, "type") == "text"),
        tool_calls=_names(block for block in blocks if field(block, "type") == "tool_use"),
    )


def _of_embedding(response: Any) -> Reply:
    about = _about(response)
    asked = None if about.cached or about.provider in _EMBEDDINGS_COUNTED else count(field(response, "usage"), "prompt_tokens")
    return Reply(
        answer=response,
        usage=Usage(input=asked) if asked else None,
        model=about.model or field(response, "model"),
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
        self._beside: Any = None
        self._id: str | None = None
        self._texts: list[str] = []
        self._calls: dict[int, str] = {}
        self._thinks = False
        self._advised = False

    def take(self, chunk: Any) -> bool:
        """Note a chunk; return whether it holds anything that the caller could use: text, reasoning, part of a tool call."""
        kind = field(chunk, "type")
        return self._take_chunk(chunk) if kind is None else self._take_event(chunk, str(getattr(kind, "value", kind)))

    def _take_event(self, event: Any, kind: str) -> bool:
        if kind in _LAST:
            self._reply = _of_response(field(event, "response"))
            if field(field(field(event, "response"), "usage"), "input_tokens_details") is None:
                # LiteLLM counts where a stream carries no usage, and a usage that it counted has no details.
                self._reply = self._reply._replace(usage=None)
        if kind == "response.output_item.added":
            return str(field(field(event, "item"), "type")).endswith("_call")
        return kind.endswith(".delta") and bool(field(event, "delta"))

    def _take_chunk(self, chunk: Any) -> bool:
        about, known = _about(chunk), self._about
        self._about = _About(about.provider or known.provider, about.model or known.model, about.cached or known.cached)
        self._id = field(chunk, "id") or self._id
        self._usage = field(chunk, "usage") or self._usage
        # Where usage was not asked for, the last chunk carries it all the same.
        self._beside = field(field(chunk, "_hidden_params"), "usage")
        useful = False
        for choice in field(chunk, "choices") or ():
            if (field(choice, "index") or 0) == 0:
                self._finish = field(choice, "finish_reason") or self._finish
                useful = self._take_delta(field(choice, "delta") or choice) or useful
        return useful

    def _take_delta(self, delta: Any) -> bool:
        text = _text(field(delta, "content") or field(delta, "text"))
        if text:
            self._texts.append(text)
        thought = bool(field(delta, "reasoning_content") or field(delta, "thinking_blocks"))
        self._thinks = self._thinks or thought
        self._native = _native(delta) or self._native
        served: list[Any] = field(field(delta, "provider_specific_fields"), "server_tool_calls") or []
        self._advised = self._advised or "advisor" in _names(field(call, "function") for call in served)
        calls: list[Any] = field(delta, "tool_calls") or []
        for call in calls:
            index, name = field(call, "index") or 0, field(field(call, "function"), "name")
            if name and not _is_run_by_provider(call):
                self._calls.setdefault(index, name)
        return bool(text or thought or calls or field(delta, "function_call") or field(delta, "audio") or field(delta, "images"))

    def reply(self) -> Reply:
        """Return what the whole stream came to."""
        if self._reply is not None:
            provider = None if self._cached else self._reply.provider or field(self._stream, "custom_llm_provider")
            usage = None if self._cached else self._reply.usage
            return self._reply._replace(answer=None, usage=usage, provider=provider)
        about, sent = self._about, _sent(self._stream)
        return Reply(
            answer=None,
            usage=None if about.cached else self._believed() if not sent else self._reported(sent),
            finish_reason=self._ended(),
            # A stream from the cache names the model that was asked for.
            model=None if about.cached else about.model,
            provider=about.provider,
            id=_id(self._id, about.provider),
            text="".join(self._texts),
            tool_calls=tuple(self._calls.values()),
        )

    def _ended(self) -> str | None:
        # What was received is the provider's own word; the chunk has LiteLLM's.
        finish = self._native or field(self._stream, "received_finish_reason")
        if finish is None and not (self._texts or self._calls or self._thinks or self._about.model):
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

    def _believed(self) -> Usage | None:
        """Return what can be believed of a usage that LiteLLM may have counted: one that it counted has no details of the prompt."""
        told = self._beside if self._usage is None else self._usage
        if field(told, "prompt_tokens_details") is None:
            return None
        usage = completion_usage(told, provider=self._about.provider, thinks=self._thinks)
        if usage is None:
            return None
        if self._advised:
            # Another model helped Anthropic's, and LiteLLM adds its tokens.
            usage = usage._replace(input=None, output=None)
        if count(field(told, "prompt_tokens_details"), "tool_use_tokens"):
            usage = usage._replace(input=None)
        return usage._replace(reasoning=None) if self._thinks or not usage.reasoning else usage


def _sent(stream: Any) -> Sequence[Any]:
    """Return what LiteLLM keeps of a stream; nothing where another deployment took over."""
    return () if field(stream, "fallback_headers_adopted") else field(stream, "chunks") or ()
