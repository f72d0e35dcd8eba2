"""What observers are told of the calls of a routed model."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from typing import Any

from langchain_core.language_models import BaseChatModel

from taskroute import Call, Decision, Router
from taskroute.steps import Cancelled, Ended, Event, Failed, Step
from taskroute.types import Asking, Outcome, Reply
from taskroute_langchain import RoutedChatModel
from tests.langchain.speaking import saying

TOLD: dict[str, Any] = {"telemetry": {"content": "span"}}
"""What a policy says for observers to hear what is said."""


class Heard:
    """An observer that keeps each call, and the reply of each try."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.replies: list[Reply | None] = []

    def begin(self, call: Call, at: float) -> Heard:
        self.calls.append(call)
        return self

    def decided(self, decision: Decision) -> None: ...

    def step(self, step: Step, at: float) -> None: ...

    def event(self, event: Event, failure: str | None, at: float) -> None:
        if isinstance(event, Ended | Failed | Cancelled):
            self.replies.append(event.reply)

    def active(self) -> AbstractContextManager[object]:
        return contextlib.nullcontext()

    def finished(self, outcome: Outcome, at: float) -> None: ...

    @property
    def call(self) -> Call:
        """The only call."""
        (call,) = self.calls
        return call

    @property
    def asking(self) -> Asking:
        assert self.call.asking is not None
        return self.call.asking

    def said(self, index: int = -1) -> Any:
        """Return what was said in a reply; None where nothing tells it."""
        reply = self.replies[index]
        return None if reply is None or reply.said is None else reply.said()

    @property
    def parts(self) -> Any:
        """The parts of the only message of the last reply."""
        (message,) = self.said()
        assert message["role"] == "assistant"
        return message["parts"]


def heard_by(model: BaseChatModel | None = None, *, asked: BaseChatModel | None = None, **policy: Any) -> tuple[RoutedChatModel, Heard]:
    """Return a routed model, and who hears of its calls. `model` answers them; `asked` is there under the name `asked`."""
    heard = Heard()
    models = {"answers": model or saying("ok"), **({} if asked is None else {"asked": asked})}
    given = {"models": {name: {} for name in models}, "default": ["answers"], "retry": {"extra": 0}, **policy}
    router = Router(given, observers=[heard], environ={})
    return RoutedChatModel(router=router, models=models), heard
