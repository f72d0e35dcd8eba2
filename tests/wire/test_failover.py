"""Every fault in every kind of call, live: what the caller gets is one whole answer, or an error that says what happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from benchmarks.contenders import KINDS, OURS, Limits, streams
from benchmarks.failover import Bench, bench
from benchmarks.faults import TROUBLES, Trouble

from tests.emulator import Cut, Fault, Garbled, Raw, Say, Stall
from tests.emulator.script import Reply

EXAMINING, PLAIN = OURS
LIMITS = Limits(attempt=0.8, chunk=0.5)

BY_NAME = {trouble.name: trouble for trouble in TROUBLES}
EMPTY, REFUSED, UNFIT = BY_NAME["empty stream"], BY_NAME["refusal"], BY_NAME["wrong schema"]
BOTH = frozenset({"plain", "stream"})
NO_STREAM = b'{"object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Paris"}}]}'


def odd(like: Trouble, name: str, reply: Reply, **more: Any) -> Trouble:
    return replace(like, name=name, plain=reply, stream=reply, **more)


LATE = (
    odd(BY_NAME["stall"], "stall, later", Stall(4), late=True),
    odd(BY_NAME["malformed JSON"], "malformed JSON, later", Garbled(b"data: {\n\n", after=4), late=True),
    odd(BY_NAME["malformed SSE"], "malformed SSE, later", Garbled(b"<html>\n\n", after=4), late=True),
    odd(BY_NAME["SSE error event"], "SSE error event, later", Say(error_after=4), late=True),
)
ODD = (
    odd(EMPTY, "not a byte", Raw(b"", 200, "text/event-stream")),
    odd(EMPTY, "a role and no more", Cut(1, clean=True)),
    odd(EMPTY, "an empty text", Say(""), optional=frozenset({"plain"})),
    replace(EMPTY, name="JSON where a stream was asked for", stream=Raw(NO_STREAM)),
    odd(REFUSED, "a filter", Say("Paris is", finish="content_filter"), optional=BOTH),
    odd(UNFIT, "no JSON where a schema was asked for", Say("Sure! It is Paris."), says="expected value"),
    odd(UNFIT, "a refusal where a schema was asked for", Say(refusal="No."), says="refus"),
    odd(UNFIT, "JSON that ends at the limit", Say('{"name": "Par', finish="length"), says="length"),
    odd(BY_NAME["auth failure"], "a page that says no", Raw(b"<html>403 Forbidden</html>", 403, "text/html")),
    odd(BY_NAME["429 with Retry-After"], "a quota that is used up", Fault("quota")),
)


@pytest.fixture(scope="module")
def ready() -> Iterator[Bench]:
    with bench(LIMITS) as running:
        yield running


cells = pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        *[pytest.param(trouble, kind, id=f"{trouble.name}, {kind}") for trouble in (*TROUBLES, *ODD) for kind in KINDS],
        *[pytest.param(trouble, kind, id=f"{trouble.name}, {kind}") for trouble in LATE for kind in KINDS if streams(kind)],
    ],
)


@cells
def test_with_streams_held_back_and_answers_examined_each_fault_is_answered_by_the_next_model(
    trouble: Trouble, kind: str, ready: Bench
) -> None:
    cell = ready.cell(trouble, kind, EXAMINING)
    assert (cell.outcome, cell.small, cell.large) == ("answered", 1 if trouble.place == "emulator" else 0, 1), cell


@cells
def test_without_being_told_more_only_what_was_given_out_in_part_is_an_error_and_it_says_so(
    trouble: Trouble, kind: str, ready: Bench
) -> None:
    cell = ready.cell(trouble, kind, PLAIN)
    assert cell.good, cell
    if trouble.late and streams(kind):
        assert (cell.outcome, cell.large) == ("clear error", 0)
        assert f"after {cell.chunks} chunks were given out" in cell.error
    elif not trouble.optional:
        assert (cell.outcome, cell.large) == ("answered", 1)
