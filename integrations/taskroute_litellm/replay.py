"""The provider whose answers are stored ones: LiteLLM makes responses, messages and streams of them as of a model's. Imports LiteLLM."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from importlib import import_module
from typing import Any, Final
from uuid import uuid4

import litellm as _litellm
from litellm.llms.custom_llm import CustomLLM

from taskroute.reading import as_mapping
from taskroute.types import NOTHING
from taskroute_litellm.replaying import PROVIDER, Replayed, current, note_stored, pieces

litellm: Any = _litellm
types: Any = import_module("litellm.types.utils")

Find = Callable[[Mapping[str, Any]], Replayed | None]
"""Returns the answer for the `litellm_params` of a call."""


class Replay(CustomLLM):
    """Gives out the answer that is being served. Without one it refuses: nobody calls it by its name."""

    def __init__(self) -> None:
        super().__init__()
        self.find: Find | None = None
        """Who else may know of an answer that is to be given out: the hook of a proxy."""

    def completion(self, *args: Any, **handed: Any) -> Any:
        return _whole(self._answer(handed), handed["model_response"])

    async def acompletion(self, *args: Any, **handed: Any) -> Any:
        return self.completion(*args, **handed)

    # The answer is looked for when the call is made, and not when the stream is read, which may be anywhere.
    def streaming(self, *args: Any, **handed: Any) -> Generator[Any]:
        return _given_out(self._answer(handed))

    def astreaming(self, *args: Any, **handed: Any) -> AsyncGenerator[Any]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return _agiven_out(self._answer(handed))

    def _answer(self, handed: Mapping[str, Any]) -> Replayed:
        found = current()
        if found is None and self.find is not None:
            found = self.find(as_mapping(handed.get("litellm_params")))
        if found is None:
            message = f"{PROVIDER!r} is no provider to call: it gives out answers that taskroute has stored; ask for a model of the policy"
            raise litellm.BadRequestError(message=message, model=PROVIDER, llm_provider=PROVIDER)
        return found


_REPLAY: Final = Replay()


def provide() -> Replay:
    """Have LiteLLM know the provider, and return it. Other custom providers stay."""
    entries: list[dict[str, Any]] = litellm.custom_provider_map
    if not any(entry["custom_handler"] is _REPLAY for entry in entries):
        # One assignment, so that no call finds a name missing.
        litellm.custom_provider_map = [*entries, {"provider": PROVIDER, "custom_handler": _REPLAY}]
        litellm.utils.custom_llm_setup()
    return _REPLAY


def withdraw() -> None:
    """Have LiteLLM forget the provider, unless a proxy, a router or another policy may use it still. The next use brings it back."""
    from taskroute_litellm.handler import Handler
    from taskroute_litellm.stamp import is_used

    entries: list[dict[str, Any]] = litellm.custom_provider_map
    if _REPLAY.find is None and not is_used() and not any(isinstance(entry["custom_handler"], Handler) for entry in entries):
        litellm.custom_provider_map = [entry for entry in entries if entry["custom_handler"] is not _REPLAY]


def _whole(replayed: Replayed, response: Any) -> Any:
    """Return LiteLLM's empty response with the answer in it."""
    answer, native = replayed.answer, as_mapping(replayed.answer.native)
    message = types.Message(
        content=answer.text or None,
        role="assistant",
        tool_calls=replayed.calls() or None,
        **as_mapping(native.get("message")),
    )
    choice: dict[str, Any] = {"index": 0, "finish_reason": replayed.finish_reason, "message": message}
    if "logprobs" in native:
        choice["logprobs"] = native["logprobs"]
    response.choices = [types.Choices(**choice)]
    response.model = replayed.model
    response.usage = _nothing()
    note_stored(response)
    return response


def _nothing() -> Any:
    return types.Usage(prompt_tokens=0, completion_tokens=0, total_tokens=0)


def _given_out(replayed: Replayed) -> Generator[Any]:
    yield from _chunks(replayed)


async def _agiven_out(replayed: Replayed) -> AsyncGenerator[Any]:
    for chunk in _chunks(replayed):
        yield chunk


def _chunks(replayed: Replayed) -> Iterator[Any]:
    """Yield the answer in the order in which models stream: what was thought, the text, what belongs to it, the calls, the reason."""
    native = as_mapping(replayed.answer.native)
    extra = as_mapping(native.get("message"))
    answer_id = f"chatcmpl-{uuid4()}"

    def chunk(finish: str | None = None, logprobs: Any = None, usage: Mapping[str, Any] = NOTHING, **delta: Any) -> Any:
        beside = {} if logprobs is None else {"logprobs": logprobs}
        choice = types.StreamingChoices(index=0, delta=types.Delta(**delta), finish_reason=finish, **beside)
        made = types.ModelResponseStream(id=answer_id, model=replayed.model, choices=[choice], **usage)
        note_stored(made)
        return made

    thought = {name: extra[name] for name in ("reasoning_content", "thinking_blocks", "provider_specific_fields") if name in extra}
    rest = {name: value for name, value in extra.items() if name not in thought}
    # LiteLLM does not read it beside the reason.
    yield chunk(role="assistant", content="", usage={"usage": _nothing()}, **thought)
    logprobs = native.get("logprobs")
    # They are of the whole text, which is therefore given out whole.
    for piece in pieces(replayed.answer.text) if logprobs is None else (replayed.answer.text,):
        yield chunk(content=piece, logprobs=logprobs)
    if rest:
        yield chunk(content="", **rest)
    for index, call in enumerate(replayed.calls()):
        yield chunk(content=None, tool_calls=[{"index": index, **call}])
    yield chunk(replayed.finish_reason)
