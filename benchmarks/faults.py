"""What goes wrong upstream: 18 faults, each in the shape it has for a plain call and for a stream."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel
from tests.emulator import Cut, Emulator, Fault, Garbled, Hang, Raw, Say, Stall
from tests.emulator.script import Asked, Reply

Place = Literal["emulator", "refused", "silent"]
"""Where the faulty model is: at the emulator, at a port that refuses, or at one that never takes the connection."""

SMALL: Final = "small-model"
"""The model with the fault, as its provider names it."""
LARGE: Final = "large-model"


class City(BaseModel):
    """A city and how many people live there."""

    name: str
    people: int


PROMPT: Final = "Tell me of a city."
SMALL_TEXT: Final = "Paris is the capital of France."
LARGE_TEXT: Final = "Lyon lies where two rivers meet."
"""Has no word in common with the other's."""
LARGE_CITY: Final = City(name="Lyon", people=520_000).model_dump_json()


@dataclass(frozen=True, slots=True)
class Trouble:
    """One fault."""

    name: str
    plain: Reply
    """What the faulty model does in a plain call; the nearest thing to it, where the fault can only be seen in a stream."""
    stream: Reply
    says: str
    """An expression that a clear message about it matches."""
    times: int = 12
    """How many requests it lasts for."""
    place: Place = "emulator"
    schema: bool = False
    """Whether the call asks for an answer that fits a schema."""
    late: bool = False
    """In a stream it shows when part of the answer has been given out, unless that was held back."""
    optional: frozenset[str] = frozenset()
    """`plain` and `stream`, where the answer looks whole: it is examined for that only if somebody asks for it."""

    def replies(self, *, streams: bool) -> tuple[Reply, ...]:
        """Return what the faulty model does, request by request."""
        return (self.stream if streams else self.plain,) * self.times


def _same(name: str, reply: Reply, says: str, **more: Any) -> Trouble:
    return Trouble(name, reply, reply, says, **more)


_TIMEOUT: Final = r"time.?out|timed out"
_CLOSED: Final = r"connect|closed|incomplete|ended"
_UNREADABLE: Final = r"json|expecting|decode|parse"
_EMPTY: Final = r"empty|no (content|generation|chunk|choice)|finish reason|expecting value|json"
_PAGE: Final = b"<html><h1>502 Bad Gateway</h1></html>\n\n"
_BOTH: Final = frozenset({"plain", "stream"})
_OVERLOADED: Final = {"error": {"message": "Overloaded", "type": "overloaded_error", "param": None, "code": None}}
_SERVER_ERROR: Final = {"error": {"message": "The server had an error while processing your request", "type": "server_error"}}

TROUBLES: Final = (
    _same("429 with Retry-After", Fault("rate_limit", retry_after=20), r"429|rate.?limit"),
    _same("500 burst", Fault("server_error"), r"500|server.?error|server had an error", times=3),
    _same("503", Fault("unavailable"), r"503|unavailable|overloaded"),
    _same("529", Raw(json.dumps(_OVERLOADED).encode(), 529), r"529|overloaded"),
    _same("connect refused", Say(), r"connect|refused", place="refused"),
    _same("connect hang", Say(), _TIMEOUT, place="silent"),
    Trouble("cut before first chunk", Hang(0), Cut(0), _CLOSED),
    Trouble("cut after first chunk", Cut(), Cut(4), _CLOSED, late=True),
    # A provider's first event has the role alone: nothing that anybody could use.
    _same("stall", Stall(1), _TIMEOUT),
    _same("malformed JSON", Garbled(b'data: {"id": "chatcmpl-1", "choi\n\n'), _UNREADABLE),
    Trouble("malformed SSE", Raw(_PAGE, 200, "text/html"), Garbled(_PAGE), rf"{_EMPTY}|html|str"),
    Trouble("empty stream", Raw(b""), Raw(b"data: [DONE]\n\n", 200, "text/event-stream"), _EMPTY),
    Trouble(
        "clean truncated end",
        Say("Paris is the", finish="length"),
        Cut(4, clean=True),
        r"finish reason|truncat|length|incomplete",
        late=True,
        optional=frozenset({"plain"}),
    ),
    Trouble("SSE error event", Raw(json.dumps(_SERVER_ERROR).encode()), Say(error_after=1), r"server.?error|server had an error"),
    _same("wrong schema", Say('{"name": "Paris", "people": "many"}'), r"schema|validation|parse", schema=True, optional=_BOTH),
    _same("refusal", Say(refusal="I cannot help with that."), r"refus", optional=_BOTH),
    _same("context overflow", Fault("context_overflow"), r"context"),
    _same("auth failure", Fault("unauthorized"), r"api key|401|auth"),
)


def healthy(asked: Asked) -> Reply:
    """Answer as the healthy model does."""
    return Say(LARGE_CITY if asked.schema is not None else LARGE_TEXT)


def arrange(emulator: Emulator, trouble: Trouble, *, streams: bool) -> None:
    """Let the emulator do one fault, and nothing of the one before."""
    emulator.reset()
    emulator.by(LARGE, healthy).on(SMALL, *trouble.replies(streams=streams))


@contextmanager
def places(emulator: Emulator) -> Iterator[Mapping[Place, str]]:
    """Give the address of each place."""
    with ExitStack() as stack:
        # Bound and not listening: the port refuses, and nobody else can be given it.
        refusing = stack.enter_context(socket.socket())
        refusing.bind(("127.0.0.1", 0))
        silent = stack.enter_context(socket.socket())
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        # With its queue full, the kernel drops whoever comes next without a word.
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(silent.getsockname())
        yield {"emulator": f"{emulator.url}/v1", "refused": _url(refusing), "silent": _url(silent)}


def _url(bound: socket.socket) -> str:
    return f"http://127.0.0.1:{bound.getsockname()[1]}/v1"
