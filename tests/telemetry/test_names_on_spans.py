"""Names that callers give: they are written without keys, and no longer than names are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.telemetry.describe import of_call
from taskroute.types import Call, Signal, Signals

from .driven import Driven, decide, said

KEY = "sk-abcdefghij1234567890"


def driven(call: Call, **fields: Any) -> Driven:
    made = Driven(decide("small", **fields), call=call)
    made.watch.decided(made.decision)
    made.attempt("small")
    made.finish()
    return made


def test_a_key_in_the_place_of_a_name_is_on_no_span() -> None:
    call = Call("hi", stage=KEY, task=KEY, tenant=KEY, conversation=KEY)
    signals = Signals(stage=Signal(KEY, "metadata"), task=Signal(KEY, "metadata"))
    made = driven(call, signals=signals, reason=f"no routes: default; the pin {KEY!r} names no model (known: small)")
    assert not [span.name for span in made.spans() if KEY in span.to_json()]
    route = said(made.route())
    assert route["taskroute.tenant"] == route["taskroute.stage"] == route["gen_ai.conversation.id"] == "[key]"
    assert route["taskroute.reason"] == "no routes: default; the pin '[key]' names no model (known: small)"


def test_a_sampler_is_not_shown_a_key_either() -> None:
    assert of_call(Call("hi", stage=KEY, tenant=KEY))["taskroute.tenant"] == "[key]"


def test_a_pin_of_any_length_makes_no_long_reason() -> None:
    made = driven(Call("hi"), reason=f"the pin {'x' * 1_000_000!r} names no model")
    assert len(said(made.route())["taskroute.reason"]) == 2_000


@pytest.mark.parametrize("tenant", ["acme", "team 7 / müller", "x" * 200])
def test_a_name_is_written_as_it_is(tenant: str) -> None:
    assert said(driven(Call("hi", tenant=tenant)).route())["taskroute.tenant"] == tenant


@given(st.text(min_size=1, max_size=400))
def test_whatever_a_tenant_is_called_the_span_has_a_name_of_it(tenant: str) -> None:
    assert 1 <= len(str(of_call(Call("hi", tenant=tenant))["taskroute.tenant"])) <= 200
