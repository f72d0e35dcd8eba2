"""Stored answers as LiteLLM's own objects: a whole response, or the chunks of a stream. Imports LiteLLM."""

from __future__ import annotations

from collections.abc import Generator
from importlib import import_module
from time import time
from typing import Any, Final, NamedTuple, Self
from uuid import uuid4

from taskroute.reading import as_mapping
from taskroute.types import Reply
from taskroute_litellm.genai_output import said_of_stored
from taskroute_litellm.replaying import FREE, PROVIDER, Replayed, note_stored, pieces

litellm: Any = import_module("litellm")
types: Any = import_module("litellm.types.utils")

_THOUGHT: Final = ("reasoning_content", "thinking_blocks", "provider_specific_fields")
"""What models stream before their text."""


def whole(replayed: Replayed, response: Any) -> Any:
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
    response._hidden_params["custom_llm_provider"] = PROVIDER
    note_stored(response)
    return response


def note_free(model: str) -> None:
    """Have LiteLLM know that stored answers of a model cost nothing. Of text completions some versions ask by the name of the model."""
    name = f"{PROVIDER}/{model}"
    if name not in litellm.model_cost:
        litellm.register_model({name: {**FREE, "litellm_provider": PROVIDER}})


def refuse_forbidden(replayed: Replayed) -> None:
    """Raise what LiteLLM's rules for answers raise of one that they forbid: before it is served, for the next model to be asked."""
    if litellm.post_call_rules:
        rules: Any = import_module("litellm.litellm_core_utils.rules").Rules()
        rules.post_call_rules(input=replayed.answer.text, model=replayed.model)


class Piece(NamedTuple):
    """A chunk, and whether the caller has any use for it."""

    chunk: Any
    is_useful: bool = False
    """Whether there is text in it, a thought, a call of a tool, or whatever else the caller could use."""


def chunks(replayed: Replayed) -> Generator[Any]:
    """Yield the answer in the order in which models stream: what was thought, the text, what belongs to it, the calls, the reason."""
    for piece in _pieces(replayed):
        yield piece.chunk


def _pieces(replayed: Replayed) -> Generator[Piece]:
    native = as_mapping(replayed.answer.native)
    extra = as_mapping(native.get("message"))
    answer_id = f"chatcmpl-{uuid4()}"

    def made(choices: list[Any], **more: Any) -> Any:
        chunk = types.ModelResponseStream(id=answer_id, model=replayed.model, choices=choices, **more)
        note_stored(chunk)
        return chunk

    def chunk(finish: str | None = None, logprobs: Any = None, **delta: Any) -> Any:
        beside = {} if logprobs is None else {"logprobs": logprobs}
        return made([types.StreamingChoices(index=0, delta=types.Delta(**delta), finish_reason=finish, **beside)])

    thought = {name: extra[name] for name in _THOUGHT if name in extra}
    rest = {name: value for name, value in extra.items() if name not in thought}
    first = chunk(role="assistant", content="", **thought)
    # With a time in the first chunk LiteLLM puts its own last one second, and not what is known beside that into its log (1.108).
    first._hidden_params.update(custom_llm_provider=PROVIDER, model_id=None, api_base=None, additional_headers={}, created_at=time())
    yield Piece(first, is_useful=bool(thought))
    # By itself: a chunk with more in it LiteLLM makes anew, and beside the reason it is not read. Early, for streams that are left.
    yield Piece(made([], usage=_nothing()))
    logprobs = native.get("logprobs")
    # They are of the whole text, which is therefore given out whole.
    for text in pieces(replayed.answer.text) if logprobs is None else (replayed.answer.text,):
        yield Piece(chunk(content=text, logprobs=logprobs), is_useful=True)
    if rest:
        yield Piece(chunk(content="", **rest), is_useful=True)
    for index, call in enumerate(replayed.calls()):
        yield Piece(chunk(content=None, tool_calls=[{"index": index, **call}]), is_useful=True)
    yield Piece(chunk(replayed.finish_reason))


def _nothing() -> Any:
    return types.Usage(prompt_tokens=0, completion_tokens=0, total_tokens=0)


class StoredStream:
    """The chunks of an answer as a stream of LiteLLM's, sync and async alike, and what they come to."""

    def __init__(self, replayed: Replayed, *, told: bool = False) -> None:
        self._replayed = replayed
        self._told = told
        self._pieces = _pieces(replayed)
        self._is_useful = False
        self._hidden_params: dict[str, Any] = {}

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        chunk, self._is_useful = next(self._pieces)
        return chunk

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        for chunk in self:
            return chunk
        raise StopAsyncIteration

    def take(self, chunk: Any) -> bool:
        """Return whether the chunk that was given out last holds anything that the caller could use."""
        return self._is_useful

    def reply(self) -> Reply:
        """Return what the whole stream comes to."""
        reply = self._replayed.reply(None)
        return reply._replace(said=said_of_stored(self._replayed)) if self._told else reply
