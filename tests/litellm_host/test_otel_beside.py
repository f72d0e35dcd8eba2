"""LiteLLM's own OpenTelemetry callback beside taskroute's spans: one trace, every token and every cost once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any, Literal

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

from taskroute_litellm import register, unregister
from tests.emulator import Emulator, Fault
from tests.litellm_host.traced import MESSAGES, Traced, first_generation, second_generation, traced

litellm: Any = pytest.importorskip("litellm")

Beside = Literal["none", "first", "first_with_its_own_span", "second"]
PRICE = {"input": 1, "output": 2}
POLICY: dict[str, Any] = {
    "models": {"small": {"price": PRICE}, "large": {"price": PRICE}, "vectors": {"price": PRICE}},
    "default": ["small", "large"],
    "routes": [{"name": "embedding", "when": {"stage": "embed"}, "use": "vectors", "fallback": "none"}],
    "retry": {"extra": 0},
}
ALL: tuple[Beside, ...] = ("none", "first", "first_with_its_own_span", "second")
OURS, THEIRS = "taskroute", "litellm"
WHOSE: dict[tuple[Beside, bool], str] = {
    ("none", False): OURS,
    ("none", True): OURS,
    ("first", False): THEIRS,
    ("first", True): THEIRS,
    ("first_with_its_own_span", False): THEIRS,
    ("first_with_its_own_span", True): THEIRS,
    # The second generation writes no spans for sync calls.
    ("second", False): OURS,
    ("second", True): THEIRS,
}
"""Who writes the spans with the tokens, by the callback and by whether the call is async."""
CALLBACKS: dict[Beside, tuple[Callable[[TracerProvider], Any], ...]] = {
    "none": (),
    "first": (first_generation,),
    "first_with_its_own_span": (first_generation,),
    "second": (second_generation,),
}
THEIR_COST = ("gen_ai.cost.total_cost", "litellm.cost.total")
USAGE = {"stream_options": {"include_usage": True}}


@pytest.fixture
def setting(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return what makes a routed router with one kind of LiteLLM's callback beside it."""

    def make(beside: Beside, mode: str = "auto") -> Any:
        if beside == "first_with_its_own_span":
            monkeypatch.setenv("USE_OTEL_LITELLM_REQUEST_SPAN", "true")
        return traced(emulator, *CALLBACKS[beside], policy={**POLICY, "telemetry": {"spans": mode}})

    return make


def scope(span: ReadableSpan) -> str:
    return span.instrumentation_scope.name if span.instrumentation_scope is not None else ""


def has(span: ReadableSpan, *names: str) -> bool:
    return any((span.attributes or {}).get(name) for name in names)


def counted_once(found: Traced, whose: str, *, route: str = "route default", ours_priced: bool = True) -> None:
    """Check that there is one trace, with the tokens on one span below the route, and each convention's cost on one span as well."""
    (inference,) = found.with_tokens()
    assert scope(inference) == whose
    assert found.parents()[inference.name] == route
    assert len(found.traces()) == 1
    their_costs = [span for span in found.spans() if has(span, *THEIR_COST)]
    our_costs = [span.name for span in found.spans() if has(span, "taskroute.cost.total")]
    assert their_costs == ([inference] if whose == THEIRS else [])
    # The total, and with it the part that the only attempt cost.
    if ours_priced:
        assert our_costs == ([route] if whose == THEIRS else [inference.name, route])


def nothing_of_theirs_on_ours(found: Traced) -> None:
    for span in found.spans():
        if scope(span) == OURS:
            ours = ("taskroute.", "gen_ai.", "openai.", "server.", "error.")
            strangers = [key for key in span.attributes or {} if not key.startswith(ours)]
            assert strangers == []
            assert "notice period" not in span.to_json()


@pytest.mark.parametrize("beside", ALL)
@pytest.mark.parametrize("streams", [False, True])
def test_a_sync_call_counts_once(setting: Any, beside: Beside, streams: bool) -> None:
    with setting(beside) as found:
        answer = found.litellm.completion("auto", MESSAGES, stream=streams, **(USAGE if streams else {}))
        if streams:
            assert list(answer)
        found.wait()
    counted_once(found, WHOSE[beside, False])
    nothing_of_theirs_on_ours(found)


@pytest.mark.parametrize("beside", ALL)
@pytest.mark.parametrize("streams", [False, True])
async def test_an_async_call_counts_once(setting: Any, beside: Beside, streams: bool) -> None:
    with setting(beside) as found:
        answer = await found.litellm.acompletion("auto", MESSAGES, stream=streams, **(USAGE if streams else {}))
        if streams:
            assert [chunk async for chunk in answer]
        await found.await_()
    counted_once(found, WHOSE[beside, True])
    nothing_of_theirs_on_ours(found)


@pytest.mark.parametrize("beside", ALL)
async def test_an_embedding_counts_once(setting: Any, beside: Beside) -> None:
    with setting(beside) as found:
        await found.litellm.aembedding("embed", "a text", metadata={"stage": "embed"})
        await found.await_()
    # Without a count of the output, no price is known of it.
    counted_once(found, WHOSE[beside, True], route="route embedding", ours_priced=False)


@pytest.mark.parametrize("beside", ALL)
async def test_a_response_counts_once(setting: Any, beside: Beside) -> None:
    with setting(beside) as found:
        await found.litellm.aresponses(model="auto", input="How long is the notice period?")
        await found.await_()
    counted_once(found, WHOSE[beside, True])
    nothing_of_theirs_on_ours(found)


@pytest.mark.parametrize("beside", ALL)
async def test_a_fallback_counts_once_and_both_models_are_in_the_trace(setting: Any, emulator: Emulator, beside: Beside) -> None:
    emulator.on("gpt-5-mini", Fault("server_error"))
    with setting(beside) as found:
        await found.litellm.acompletion("auto", MESSAGES)
        await found.await_(2)
    counted_once(found, WHOSE[beside, True])
    (route,) = found.named("route default")
    told = [(event.attributes or {}).get("taskroute.model") for event in route.events if event.name == "attempt"]
    assert told == (["small", "large"] if WHOSE[beside, True] == THEIRS else [])
    nothing_of_theirs_on_ours(found)


@pytest.mark.parametrize("beside", ALL)
def test_a_call_inside_the_applications_own_span_is_in_its_trace(setting: Any, beside: Beside) -> None:
    with setting(beside) as found:
        with found.provider.get_tracer("app").start_as_current_span("request"):
            found.litellm.completion("auto", MESSAGES)
        found.wait()
    counted_once(found, WHOSE[beside, False])
    assert found.parents()["route default"] == "request"
    assert dict(found.named("request")[0].attributes or {}) == {}


@pytest.mark.parametrize("beside", ["first", "second"])
async def test_with_full_spans_the_tokens_stand_twice_which_is_why_auto_leaves_them_out(setting: Any, beside: Beside) -> None:
    with setting(beside, mode="full") as found:
        await found.litellm.acompletion("auto", MESSAGES)
        await found.await_()
    assert sorted(scope(span) for span in found.with_tokens()) == [THEIRS, OURS]


@pytest.mark.parametrize("beside", ["none", "second"])
async def test_a_stream_that_is_dropped_is_told_by_the_route(setting: Any, beside: Beside) -> None:
    with setting(beside, mode="route_only") as found:
        stream = await found.litellm.acompletion("auto", MESSAGES, stream=True, **USAGE)
        async for _ in stream:
            break
        await stream.aclose()
    (route,) = found.named("route default")
    assert [(event.attributes or {}).get("taskroute.cancelled") for event in route.events if event.name == "attempt"] == [True]


async def test_a_callers_own_parent_of_litellms_spans_stays(setting: Any) -> None:
    with setting("first") as found:
        with found.provider.get_tracer("app").start_as_current_span("request") as request:
            await found.litellm.acompletion("auto", MESSAGES, metadata={"litellm_parent_otel_span": request})
        await found.await_()
    assert found.parents()["litellm_request"] == "request"
    assert len(found.traces()) == 1


async def test_no_span_is_put_into_the_metadata_where_nobody_heeds_it(setting: Any) -> None:
    with setting("none") as found:
        await found.litellm.acompletion("auto", MESSAGES)
        await found.await_()
    (logged,) = found.heard.alone
    assert "litellm_parent_otel_span" not in logged["litellm_params"]["metadata"]


@pytest.fixture
def provided() -> Iterator[Callable[[Traced], None]]:
    """Return what puts the policy of a routed router behind plain `litellm.completion` as well."""

    def put(found: Traced) -> None:
        served = {"small": "openai/gpt-5-mini", "large": "openai/gpt-5", "vectors": "openai/text-embedding-3-small"}
        common = {"api_base": f"{found.emulator.url}/v1", "api_key": "sk-emulated"}
        register(found.router, models={name: {"model": model, **common} for name, model in served.items()})

    yield put
    unregister()


@pytest.mark.parametrize("around", [False, True])
@pytest.mark.parametrize("beside", ["none", "first"])
async def test_a_call_of_the_provider_counts_once(setting: Any, provided: Any, beside: Beside, around: bool) -> None:
    metadata = {"plan": "pro"}
    with setting(beside) as found:
        provided(found)
        with found.provider.get_tracer("app").start_as_current_span("request") if around else nullcontext():
            await litellm.acompletion("taskroute/auto", MESSAGES, metadata=metadata)
        await found.await_()
    (inference,) = found.with_tokens()
    assert scope(inference) == (OURS if beside == "none" else THEIRS)
    assert found.parents()[inference.name] == "route default"
    assert found.parents()["route default"] == ("request" if around else None)
    assert len(found.traces()) == 1
    nothing_of_theirs_on_ours(found)
    assert "litellm_parent_otel_span" not in metadata


@pytest.mark.parametrize("streams", [False, True])
def test_so_does_a_sync_one(setting: Any, provided: Any, streams: bool) -> None:
    with setting("first") as found:
        provided(found)
        with found.provider.get_tracer("app").start_as_current_span("request"):
            answer = litellm.completion("taskroute/auto", MESSAGES, stream=streams, **(USAGE if streams else {}))
            if streams:
                assert list(answer)
            found.wait()
    (inference,) = found.with_tokens()
    assert (scope(inference), found.parents()[inference.name]) == (THEIRS, "route default")
    (around,) = found.named("request")
    assert dict(around.attributes or {}) == {}
