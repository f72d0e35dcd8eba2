"""The spans of calls through LiteLLM against the table of the GenAI conventions."""

from __future__ import annotations

import pytest
from opentelemetry.trace import SpanKind

from tests.emulator import Emulator, Fault
from tests.litellm_host.routers import COMPLETIONS, WAYS, Way, call, told
from tests.litellm_host.test_calls import needs_proxys_packages
from tests.litellm_host.test_sdk_spans import LARGE, said, traced
from tests.telemetry.conventions import departures


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_every_endpoint_leaves_an_inference_as_the_conventions_want_it(emulator: Emulator, way: Way) -> None:
    needs_proxys_packages(way)
    stage = "index" if way.endpoint == "embedding" else "generate"
    with traced(emulator) as found:
        call(found.routed, way, **told(found.routed, way, stage=stage))
    (attempt,) = found.attempts()
    assert (attempt.kind, departures(said(attempt))) == (SpanKind.CLIENT, [])
    assert "gen_ai.request.model" in said(attempt)
    # LiteLLM's chunks of a text completion do not name the model that answers.
    assert ("gen_ai.response.model" in said(attempt)) is not (way.streams and way.endpoint == "text_completion")
    assert ("gen_ai.request.stream" in said(attempt)) is way.streams


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_a_fallback_leaves_two_and_what_was_asked_for_is_on_both(emulator: Emulator, way: Way) -> None:
    emulator.on(LARGE, Fault("rate_limit"))
    with traced(emulator) as found:
        call(found.routed, way, temperature=1, max_tokens=50, **told(found.routed, way, stage="generate"))
    failed, answered = (said(span) for span in found.attempts())
    assert [departures(attributes) for attributes in (failed, answered)] == [[], []]
    for attributes in (failed, answered):
        assert (attributes["gen_ai.request.temperature"], attributes["gen_ai.request.max_tokens"]) == (1.0, 50)
    assert ("error.type" in failed, "error.type" in answered) == (True, False)
