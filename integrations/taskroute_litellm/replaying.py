"""A stored answer on its way to the provider that gives it out again. Imports nothing of LiteLLM.

It never leaves the memory of the process: neither a request nor a log of LiteLLM's has it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, NamedTuple
from uuid import uuid4

from taskroute.steps import Found
from taskroute.stored import StoredAnswer, StoredCall
from taskroute.types import Reply
from taskroute_litellm.keepable import HOST

PROVIDER: Final = "taskroute_replay"
"""How LiteLLM's names of models begin that are stored answers."""
FREE: Final = {
    f"{name}_cost{per}": 0.0
    for name, per in (("input", "_per_token"), ("output", "_per_token"), ("cache_creation_input_token", ""), ("cache_read_input_token", ""))
}
"""What LiteLLM is told of the price. Left to itself, it would count the tokens of a stream, and look for the price of its model."""
_MOST: Final = 64
"""Chunks that a text is cut into at most."""
_LONG_WORD: Final = 80
"""Characters of a text without spaces, such as JSON, that are still one piece."""
_WORD: Final = re.compile(r"\s*\S+\s*|\s+")
_NAME: Final = re.compile(r"[^\w.:@/-]+")

_current: ContextVar[Replayed | None] = ContextVar("taskroute_replayed", default=None)


class UnservableError(Exception):
    """A stored answer that this host cannot serve."""


class Replayed(NamedTuple):
    """A stored answer, and the name of the model that it is said to be from."""

    answer: StoredAnswer
    model: str

    @property
    def finish_reason(self) -> str:
        """Why the answer ends, in OpenAI's words: none is stored that was cut, filtered or refused."""
        return "tool_calls" if self.answer.calls else "stop"

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls as OpenAI writes them, with ids of their own: a conversation may get the same answer twice."""
        return [_call(call) for call in self.answer.calls]

    def reply(self, answer: Any) -> Reply:
        """Return what is known of the answer, which LiteLLM has been given as `answer`: it used no tokens."""
        return Reply(
            answer=answer,
            finish_reason=self.finish_reason,
            model=self.model,
            provider=PROVIDER,
            text=self.answer.text,
            tool_calls=tuple([call.name for call in self.answer.calls]),
            from_cache=True,
        )


def replayed(found: Found, model: str) -> Replayed:
    """Return what is to be served of an entry; `model` is the one that it stands for. Raises UnservableError for another host's own."""
    answer = found.entry.answer
    if answer.host not in (None, HOST):
        raise UnservableError(f"the stored answer is in a form of {answer.host}'s that LiteLLM does not know")
    return Replayed(answer, _NAME.sub("_", answer.model or "").strip("/_") or model)


@contextmanager
def serving(answer: Replayed) -> Generator[None]:
    """Have the provider give out this answer to calls that are made meanwhile."""
    token = _current.set(answer)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Replayed | None:
    """Return the answer that is to be given out; None where there is none."""
    return _current.get()


def pieces(text: str, most: int = _MOST) -> Iterator[str]:
    """Yield a text in at most so many pieces, cut between words where it has some."""
    words = _WORD.findall(text)
    if len(words) < 2 and len(text) > _LONG_WORD:
        words = list(text)
    size = max(1, math.ceil(len(words) / most))
    for start in range(0, len(words), size):
        yield "".join(words[start : start + size])


def with_place(answer: Any) -> None:
    """Give an answer the place for what is known beside it that a router of LiteLLM's gives to every answer."""
    if isinstance(answer, dict):
        answer.setdefault("_hidden_params", {})  # pyright: ignore[reportUnknownMemberType]
        return
    dump: Any = getattr(getattr(answer, "_hidden_params", None), "model_dump", None)
    if callable(dump):
        # That of text completions is an object in which nothing else can be kept.
        answer._hidden_params = dump()


def note_stored(answer: Any) -> None:
    """Write beside an answer, or a piece of one, that it was stored and cost nothing, where LiteLLM has a place for it."""
    hidden: Any = answer.get("_hidden_params") if isinstance(answer, dict) else getattr(answer, "_hidden_params", None)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if isinstance(hidden, dict):
        hidden.update(cache_hit=True, response_cost=0.0)  # pyright: ignore[reportUnknownMemberType]


def _call(call: StoredCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": f"call_{uuid4().hex[:24]}", "type": "function", "function": function}
