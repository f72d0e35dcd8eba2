"""What a provider, a host or a caller may say, and no exporter can send: it costs itself, and nothing that goes with it."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.telemetry import describe
from taskroute.types import Call, Cost, Reply, Sent, Usage

from .driven import PROMPT, Asks, answered, said
from .measured import Measured

HALF = "caf\ud800é"
ANY = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.characters(categories=["Cs"]) | st.binary()
VALUES = ANY | st.lists(ANY) | st.lists(ANY).map(tuple) | st.dictionaries(st.text(), ANY)


def can_be_sent(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value) and value.encode().decode() == value
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return isinstance(value, tuple) and bool(value) and all(isinstance(text, str) and text.encode() is not None for text in value)


@given(st.dictionaries(st.text(), VALUES))
def test_whatever_is_said_each_attribute_can_be_sent(values: dict[str, Any]) -> None:
    assert all(can_be_sent(value) for value in describe.present(values).values())


@given(
    st.dictionaries(
        st.text(), st.booleans() | st.integers(-1000, 1000) | st.floats(-1, 1) | st.text(st.characters(codec="utf-8"), min_size=1)
    )
)
def test_what_can_be_sent_stays_as_it_is(values: dict[str, Any]) -> None:
    assert describe.present(values) == values


def test_half_a_character_costs_only_itself() -> None:
    asks = Asks(Sent(stop_sequences=(HALF, "END"), model=HALF))
    call = answered(Reply("hi", model=HALF, id=HALF), model="bare", call=Call(PROMPT, tenant=HALF, conversation=HALF, asking=asks))
    route, span = call.spans()
    assert said(route)["taskroute.tenant"] == "caf?é"
    assert span.name == "chat caf?é"
    assert said(span)["gen_ai.request.stop_sequences"] == ("caf?é", "END")
    assert {said(span)[f"gen_ai.{name}"] for name in ("request.model", "response.model", "response.id", "conversation.id")} == {"caf?é"}


def test_a_number_that_is_none_is_absent() -> None:
    usage, cost = Usage(input=2**63, output=5), Cost(Decimal("NaN"), "USD", "user")
    (span,) = answered(Reply("hi", usage=usage, cost=cost)).attempts()
    assert said(span)["gen_ai.usage.output_tokens"] == 5
    assert "gen_ai.usage.input_tokens" not in said(span)
    assert "taskroute.cost.total" not in said(span)


@pytest.mark.parametrize("tokens", [2**63, 10**400, -1])
def test_a_count_that_is_none_is_not_added_and_the_next_one_is(tokens: int) -> None:
    measured = Measured(metrics="both")
    for usage in (Usage(input=tokens, output=5), Usage(input=10, output=5)):
        measured.watch = measured.begun(Call("hi"))
        measured.attempt()
        measured.answers(Reply("hi", usage=usage))
        measured.finish()
        measured.tries.clear()
    assert measured.total("gen_ai.client.inference.usage.input_tokens") == 10
    assert measured.total("gen_ai.client.inference.usage.output_tokens") == 10
    assert measured.one("gen_ai.client.inference.operation.input_tokens")[1] == (1, 10)


def test_metrics_say_of_a_request_what_its_span_says() -> None:
    asks = Asks(Sent(provider="azure", model="my-deployment", server_address="eu.example.com", server_port=8443, is_certain=True))
    asked = Call("hi", asking=asks)
    (span,) = answered(Reply("hi"), call=asked).attempts()
    measured = Measured(asked)
    measured.attempt()
    measured.answers(Reply("hi"))
    measured.finish()
    about, _ = measured.one("gen_ai.client.operation.duration")
    assert about == {name: said(span)[name] for name in about}
    assert about["server.address"] == "eu.example.com"
