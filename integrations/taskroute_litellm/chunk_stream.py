"""From LiteLLM's streams of completions and of responses to replies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from taskroute.reading import Called, as_list, as_text, say_unread
from taskroute.types import Cost, Reply, Usage
from taskroute_litellm.about import CACHE, About, about, about_of, own_id
from taskroute_litellm.genai_stream import SpokenStream
from taskroute_litellm.kept_stream import KeptStream
from taskroute_litellm.reported import reported_at_the_end, reported_sent, tier_of
from taskroute_litellm.stream_errors import failure_in
from taskroute_litellm.usage import completion_usage, count, field, streamed_usage, written_for_long
from taskroute_litellm.whole import GOOGLE, has_media, is_run_by_provider, of_response, refuses, unread

_LAST: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})
_FAILED: Final = frozenset({"response.failed", "error"})
_APART: Final = "anthropic"
"""A provider that always says in an event of its own why a stream ends. Others may say it together with the last text, and LiteLLM then
ends the stream with a chunk of its own, which names no model."""
_SAY_WHY: Final = frozenset({"openai", "anthropic", "mistral"})
"""Providers whose streams always say why they end."""
_COUNT_LAST: Final = frozenset({"openai", "mistral"})
"""Those of them that count tokens at the end. Some hosts that speak like them give the count and no reason."""


class StreamSource:
    """Makes sense of a stream of LiteLLM's, of completions or of responses, while it passes by.

    Give it the stream itself where there is one: LiteLLM keeps in it what the provider sent, and hands out what it made of that.
    Without it, more is unknown. `examined` keeps what it takes to examine the answer, which is all of it; `keeps` asks for what
    may be stored, `told` for what may be told of what was said.
    """

    def __init__(self, stream: Any = None, *, examined: bool = False, keeps: bool = False, told: bool = False) -> None:
        self._stream = stream
        self._examined = examined or keeps
        self._kept = KeptStream() if keeps else None
        self._spoken = SpokenStream() if told else None
        self._reply: Reply | None = None
        self._cached = about(stream).cached or field(stream, "custom_llm_provider") == CACHE
        self._about = About(None, None, cached=self._cached)
        self._given: list[Any] = []
        """The chunks themselves, where the answer will be examined."""
        self._kind: str | None = None
        """`chunks` or `events`, as soon as there is one."""
        self._finish: str | None = None
        self._finish_is_theirs = True
        """Whether the finish reason may be the provider's; False where it is LiteLLM's own for certain."""
        self._in_content = False
        """Whether the provider's last chunk held something to give out."""
        self._native: str | None = None
        self._usage: Any = None
        self._passed_usage: Any = None
        """What came beside a chunk that was not the last: this is the provider's."""
        self._unasked_usage: Any = None
        """What the last chunk carries where usage was not asked for."""
        self._tier: str | None = None
        self._reported: Cost | None = None
        self._written_for_long: int | None = None
        """Tokens written to a cache that keeps them for an hour: LiteLLM loses them from the usage at the end."""
        self._id: str | None = None
        self._texts: list[str] = []
        self._called = Called()
        self._more = False
        """Whether there is something else that the caller could use."""
        self._refused = False
        self._thinks = False
        self._advised = False
        self._unread = False
        self._error: Exception | None = None

    def take(self, chunk: Any) -> bool:
        """Note a chunk; return whether it holds anything that the caller could use: text, reasoning, part of a tool call."""
        if self._spoken is not None:
            self._spoken.take(chunk)
        try:
            choices = field(chunk, "choices")
            return self._take_event(chunk) if choices is None else self._take_chunk(chunk, as_list(choices))
        except Exception as error:  # noqa: BLE001 - as in reply_of
            self._give_up(chunk, error)
            return True

    def _take_event(self, event: Any) -> bool:
        self._kind = "events"
        kind = field(event, "type")
        kind = str(getattr(kind, "value", kind))
        if kind in _FAILED:
            self._error = failure_in(event)
        if kind in _LAST:
            if self._kept is not None:
                self._kept.ended_with(field(event, "response"))
            response: Any = field(event, "response")
            reported = reported_at_the_end(field(response, "usage"), field(response, "_hidden_params"))
            self._reply = of_response(response, examined=self._examined)._replace(reported=reported)
            if field(field(field(event, "response"), "usage"), "input_tokens_details") is None:
                # LiteLLM counts where a stream carries no usage, and a usage that it counted has no details.
                self._reply = self._reply._replace(usage=None)
        if kind == "response.output_text.delta" and self._reply is None:
            # Of a stream that is left before its end, this is all that there is.
            self._texts.append(as_text(field(event, "delta")) or "")
        if kind == "response.output_item.added":
            return str(field(field(event, "item"), "type")).endswith("_call")
        return kind.endswith(".delta") and bool(field(event, "delta"))

    def _take_chunk(self, chunk: Any, choices: Sequence[Any]) -> bool:
        self._kind = "chunks"
        if self._examined:
            self._given.append(chunk)
        if self._kept is not None:
            self._kept.take(choices, as_text(field(chunk, "model")))
        # Read once: a private field of pydantic's takes microseconds.
        hidden = field(chunk, "_hidden_params")
        beside, known = about_of(hidden), self._about
        if beside != known:
            self._about = About(beside.provider or known.provider, beside.model or known.model, beside.cached or known.cached)
        self._id = field(chunk, "id") or self._id
        usage = field(chunk, "usage")
        self._passed_usage = self._unasked_usage or self._passed_usage
        self._unasked_usage = field(hidden, "usage")
        useful = False
        for choice in choices:
            if (field(choice, "index") or 0) == 0:
                finish = as_text(field(choice, "finish_reason"))
                if finish is not None:
                    self._finish = finish
                    self._finish_is_theirs = beside.model is not None or not self._in_content
                useful = self._take_delta(field(choice, "delta") or choice) or useful
        if beside.model is not None:
            self._in_content = useful
        if usage or not useful:
            # A field that is not there takes microseconds, and chunks of text are many.
            self._take_usage(chunk, usage, hidden)
        return useful

    def _take_usage(self, chunk: Any, usage: Any, hidden: Any) -> None:
        self._tier = tier_of(chunk) or self._tier
        self._usage = usage or self._usage
        self._reported = reported_at_the_end(usage, hidden) or self._reported
        written = written_for_long(usage)
        self._written_for_long = self._written_for_long if written is None else written

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
            self._advised = self._advised or any(field(field(call, "function"), "name") == "advisor" for call in served)
        calls = as_list(field(delta, "tool_calls"))
        for call in calls:
            self._take_call(call)
        refused, media = refuses(delta), has_media(delta)
        self._refused = self._refused or refused
        self._more = self._more or media
        return bool(text or thought or calls or refused or media)

    def _take_call(self, call: Any) -> None:
        if is_run_by_provider(call):
            self._more = True
            return
        function = field(call, "custom") or field(call, "function")
        arguments = field(function, "arguments") if self._examined else None
        self._called.add(index=field(call, "index"), id=field(call, "id"), name=field(function, "name"), arguments=arguments)

    def _give_up(self, chunk: Any, error: Exception) -> None:
        """Leave the whole stream unknown: what the other chunks say is not all of it."""
        self._unread = True
        say_unread(chunk, error)

    def reply(self) -> Reply:
        """Return what the whole stream came to; `answer` is None unless it is to be examined."""
        if not self._unread:
            try:
                reply = self._whole() if self._reply is None else self._ended_with(self._reply)
                if self._spoken is not None:
                    reply = reply._replace(said=self._spoken.said)
                return reply if self._kept is None else reply._replace(kept=None if self._cached else self._kept.stored(reply))
            except Exception as error:  # noqa: BLE001 - as in reply_of
                self._give_up(self._stream, error)
        return unread(self._built(), examined=self._examined)

    def error(self) -> Exception | None:
        """Return the error that the provider put into the stream; None where there is none, or LiteLLM has raised it."""
        return self._error

    def is_half(self) -> bool:
        """Return whether the stream ended too early, by a sign that no whole stream has."""
        if self._unread or self._about.cached:
            return False
        if self._kind != "chunks":
            # LiteLLM has something to give out of every whole stream, and the last of the events has the whole answer.
            return self._reply is None and self._error is None
        if self._ended() is not None or self._about.provider not in _SAY_WHY or not self._is_cut():
            return False
        return not (self._about.provider in _COUNT_LAST and self.reply().usage)

    def _is_cut(self) -> bool:
        """Return whether LiteLLM has a finish reason from nobody.

        That shows in its own stream, and not in those that its router puts around it. Where no model is named, LiteLLM itself may have
        made the stream.
        """
        if self._about.model is None or self._native is not None:
            return False
        if self._about.provider == _APART and not self._finish_is_theirs:
            return True
        is_bare = hasattr(self._stream, "received_finish_reason") and not hasattr(self._stream, "fallback_headers_adopted")
        return is_bare and as_text(self._stream.received_finish_reason) is None

    def _ended_with(self, reply: Reply) -> Reply:
        """Return what an event that repeats the whole answer said."""
        provider = None if self._cached else reply.provider or as_text(field(self._stream, "custom_llm_provider"))
        answer = reply.answer if self._examined else None
        if self._cached:
            reply = reply._replace(usage=None, service_tier=None, reported=None)
        return reply._replace(answer=answer, provider=provider)

    def _whole(self) -> Reply:
        beside, sent = self._about, _sent(self._stream)
        reply = Reply(
            answer=None,
            from_cache=beside.cached,
            usage=None if beside.cached else self._usage_if_reported() if not sent else self._usage_sent(sent),
            finish_reason=self._ended(),
            # A stream from the cache names the model that was asked for.
            model=None if beside.cached else beside.model,
            provider=beside.provider,
            id=own_id(self._id),
            text="".join(self._texts),
            tool_calls=tuple(self._called),
            service_tier=None if beside.cached else self._tier or next(filter(None, map(tier_of, reversed(sent))), None),
            reported=None if beside.cached else self._reported if not sent else reported_sent(sent),
        )
        if not self._examined:
            return reply
        return reply._replace(
            answer=self._built(),
            arguments=self._called.arguments(),
            refused=self._refused,
            empty=not (reply.text.strip() or reply.tool_calls or self._more),
        )

    def _built(self) -> Any:
        """Return the whole answer, for the user's own check; None where LiteLLM cannot build it."""
        if not self._given:
            return None
        try:
            import litellm

            build: Any = litellm.stream_chunk_builder  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            return build(self._given)
        except Exception:  # noqa: BLE001 - the check goes without
            return None

    def _ended(self) -> str | None:
        # What was received is the provider's own word; the chunk has LiteLLM's.
        finish = self._native or as_text(field(self._stream, "received_finish_reason"))
        if finish is not None:
            return None if self._is_unsure(finish) else finish
        finish = self._finish
        if finish == "stop":
            # LiteLLM says this at the end of a stream in which nothing was said at all, and of one that was cut.
            said = self._texts or tuple(self._called) or self._thinks or self._about.model
            if not said or self._is_cut():
                return None
        return None if self._is_unsure(finish) else finish

    def _is_unsure(self, finish: str | None) -> bool:
        """Return whether it may be LiteLLM's word: it says `stop` where Google said nothing, and one of the two for what is neither."""
        return self._about.provider in GOOGLE and finish in ("stop", "content_filter")

    def _usage_sent(self, sent: Sequence[Any]) -> Usage | None:
        usages = [usage for chunk in sent if (usage := field(chunk, "usage")) is not None]
        return streamed_usage(usages, provider=self._about.provider, thinks=self._thinks)

    def _usage_if_reported(self) -> Usage | None:
        """Return the usage in the chunks unless LiteLLM may have counted it: one that it counted has no details of the prompt."""
        told = self._unasked_usage if self._usage is None else self._usage
        details = field(told, "prompt_tokens_details")
        if details is None:
            return completion_usage(self._passed_usage, provider=self._about.provider, thinks=self._thinks)
        usage = completion_usage(told, provider=self._about.provider, thinks=self._thinks)
        if usage is None:
            return None
        if usage.cache_write_1h is None:
            usage = usage._replace(cache_write_1h=self._written_for_long)
        if self._advised:
            # Another model helped Anthropic's, and LiteLLM adds its tokens.
            usage = usage._replace(input=None, output=None)
        if count(details, "tool_use_tokens"):
            usage = usage._replace(input=None)
        return usage._replace(reasoning=None) if self._thinks or not usage.reasoning else usage


def _sent(stream: Any) -> Sequence[Any]:
    """Return what LiteLLM keeps of a stream; nothing where another deployment took over."""
    return () if field(stream, "fallback_headers_adopted") else as_list(field(stream, "chunks"))
