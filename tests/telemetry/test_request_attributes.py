"""What the spans say of a request: what the host tells, where the policy does not; whatever type it has; and when the host cannot tell."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.steps import Attempt
from taskroute.telemetry.requested import model_of, of_request
from taskroute.types import NOTHING_SENT, Call, Reply, Sent

from .driven import Asks, Driven, RateLimitError, SeenByTheSampler, answered, decide, said

STEP = Attempt("bare", 1, 0, None, decide("bare"))


def requested(sent: Sent, *, model: str = "bare", **fields: Any) -> dict[str, Any]:
    call = answered(Reply("hi"), model=model, call=Call("q", asking=Asks(sent), **fields))
    return said(call.attempts()[0])


def test_the_host_tells_provider_model_and_server_where_the_policy_does_not() -> None:
    told = Sent(provider="mistralai", model="mistral-large-2512", server_address="eu.example.com", server_port=8443)
    attributes = requested(told)
    assert attributes["gen_ai.provider.name"] == "mistral_ai"
    assert attributes["gen_ai.request.model"] == "mistral-large-2512"
    assert (attributes["server.address"], attributes["server.port"]) == ("eu.example.com", 8443)
    assert model_of(STEP, None, told) == "mistral-large-2512"


def test_the_policy_has_the_last_word_on_what_it_says() -> None:
    told = Sent(provider="mistralai", model="other", server_address="eu.example.com", server_port=8443)
    attributes = requested(told, model="small")
    assert (attributes["gen_ai.provider.name"], attributes["gen_ai.request.model"]) == ("openai", "gpt-6-luna")
    assert (attributes["server.address"], attributes["server.port"]) == ("api.openai.com", 443)


def test_a_port_without_an_address_is_not_told() -> None:
    assert "server.port" not in requested(Sent(server_port=8443))


def test_a_host_is_asked_once_for_a_model_and_not_again_for_its_retries() -> None:
    asks = Asks(Sent(temperature=0.5))
    call = Driven(decide("small", "large"), call=Call("q", asking=asks))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.fails("small", RateLimitError(), "rate_limit")
    call.attempt("small", retry=1)
    call.fails("small", RateLimitError(), "rate_limit")
    call.attempt("large", number=2, fell=("small", "rate_limit"))
    call.answers("large", Reply("hi"))
    call.finish()
    assert asks.asked == ["small", "large"]
    assert [said(span)["gen_ai.request.temperature"] for span in call.attempts()] == [0.5, 0.5]


class UnreadableRequestError(Exception):
    pass


def test_a_host_that_cannot_tell_costs_one_warning_which_quotes_nothing() -> None:
    with pytest.warns(RuntimeWarning, match="UnreadableRequestError") as caught:
        first, second = (
            answered(Reply("hi"), call=Call("q", asking=Asks(UnreadableRequestError("hunter2")), streams=True)) for _ in range(2)
        )
    assert len(caught) == 1
    assert "hunter2" not in str(caught[0].message)
    for call in (first, second):
        (attempt,) = call.attempts()
        assert said(attempt)["gen_ai.request.model"] == "gpt-6-luna"
        assert said(attempt)["gen_ai.request.stream"] is True


def test_what_a_caller_passes_in_another_type_is_told_in_that_of_the_conventions_or_not_at_all() -> None:
    odd: Any = Sent(
        temperature=0,  # type: ignore[arg-type]
        top_p=float("nan"),
        top_k=40.0,  # type: ignore[arg-type]
        max_tokens="many",  # type: ignore[arg-type]
        seed=2**70,
        frequency_penalty=10**400,
        presence_penalty=True,
        stop_sequences=["END", 7],  # type: ignore[arg-type]
        output_type={"type": "json"},  # type: ignore[arg-type]
    )
    attributes = {name: value for name, value in requested(odd).items() if name.startswith(("gen_ai.request", "gen_ai.output"))}
    assert attributes == {
        "gen_ai.request.model": "bare",
        "gen_ai.request.temperature": 0.0,
        "gen_ai.request.top_k": 40,
        "gen_ai.request.stop_sequences": ("END",),
    }
    assert (type(attributes["gen_ai.request.temperature"]), type(attributes["gen_ai.request.top_k"])) == (float, int)


ANYTHING: Any = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text() | st.integers())
FIELDS: Any = dict.fromkeys(Sent._fields, ANYTHING)


@given(st.builds(Sent, **FIELDS))
def test_whatever_a_host_tells_becomes_attributes_that_a_span_can_hold(sent: Sent) -> None:
    for operation in ("chat", "embeddings"):
        for value in of_request(STEP, None, Call("q", operation=operation), sent).values():
            for each in value if isinstance(value, tuple) else (value,):
                assert isinstance(each, str | bool | int | float)
                assert not isinstance(each, int) or abs(each) < 2**63


def test_the_version_of_a_prompt_without_a_name_is_not_told() -> None:
    assert not [name for name in requested(Sent(prompt_version="3")) if "prompt" in name]
    assert requested(Sent(prompt_name="notice"))["gen_ai.prompt.name"] == "notice"


@pytest.mark.parametrize(
    ("model", "sent", "got", "written"),
    [
        ("small", "flex", "default", {"openai.request.service_tier": "flex", "openai.response.service_tier": "default"}),
        ("small", "auto", "default", {"openai.response.service_tier": "default"}),
        ("large", "auto", "priority", {}),
        ("small", None, None, {}),
    ],
)
def test_the_tiers_of_a_request_and_an_answer_are_told_as_openai_names_them_and_as_we_do(
    model: str, sent: str | None, got: str | None, written: dict[str, str]
) -> None:
    call = answered(Reply("hi", service_tier=got), model=model, call=Call("q", asking=Asks(Sent(service_tier=sent))))
    attributes = said(call.attempts()[0])
    assert {name: value for name, value in attributes.items() if name.startswith("openai.")} == written
    assert attributes.get("taskroute.service_tier") == got


def test_a_provider_that_only_the_answer_tells_counts_for_the_tier_too() -> None:
    attributes = said(answered(Reply("hi", provider="openai", service_tier="flex"), model="bare").attempts()[0])
    assert (attributes["gen_ai.provider.name"], attributes["openai.response.service_tier"]) == ("openai", "flex")


def test_a_conversation_is_on_both_spans_and_samplers_see_what_a_call_says_of_itself() -> None:
    sampler = SeenByTheSampler()
    call = Call("q", stage="generate", task="math", tenant="t1", conversation="conv_1", told_by="header")
    answered(Reply("hi"), call=call, sampler=sampler)
    (_, route), (_, attempt) = sampler.seen
    assert route == {
        "taskroute.operation": "chat",
        "taskroute.stage": "generate",
        "taskroute.stage.source": "header",
        "taskroute.task": "math",
        "taskroute.task.source": "header",
        "taskroute.tenant": "t1",
        "gen_ai.conversation.id": "conv_1",
    }
    assert attempt["gen_ai.conversation.id"] == "conv_1"


def test_nothing_of_a_user_or_a_session_is_told() -> None:
    call = answered(Reply("hi"), call=Call("q", user="anna", session="s-77", metadata={"user_id": "anna"}))
    assert not [span for span in call.spans() if "anna" in span.to_json() or "s-77" in span.to_json()]


def test_nothing_sent_is_nothing_told() -> None:
    quiet = of_request(STEP, None, Call("q", asking=Asks(NOTHING_SENT)))
    assert quiet == of_request(STEP, None, Call("q"), Sent())
