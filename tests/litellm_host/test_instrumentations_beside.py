"""OpenInference's instrumentation of LiteLLM, and those of a provider's client, beside a LiteLLM router with a policy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import litellm
import pytest
from litellm import anthropic_interface
from litellm.anthropic_interface import messages
from openai.resources.chat.completions import AsyncCompletions, Completions
from openinference.instrumentation.litellm import LiteLLMInstrumentor
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
from opentelemetry.sdk.trace import ReadableSpan

from tests.emulator import Emulator
from tests.litellm_host.traced import MESSAGES, Traced, traced
from tests.unwrapped import unwrap

PRICE = {"input": 1, "output": 2}
POLICY: dict[str, Any] = {
    "models": {"small": {"price": PRICE}, "large": {"price": PRICE}, "vectors": {"price": PRICE}},
    "default": ["small", "large"],
    "retry": {"extra": 0},
}
TOKENS = ("gen_ai.usage.input_tokens", "llm.token_count.prompt")
_OWNERS = (litellm, anthropic_interface, messages, Completions, AsyncCompletions)
USAGE = {"stream_options": {"include_usage": True}}


@pytest.fixture
def fresh() -> Iterator[Emulator]:
    """Return an emulator of this test's own: LiteLLM keeps a client for each address, with what was not instrumented then."""
    with Emulator().running() as running:
        yield running


@contextmanager
def beside(emulator: Emulator, instrumentor: Any, *, mode: str = "auto") -> Iterator[Traced]:
    """Give a routed router with this at work; afterwards LiteLLM and OpenAI's client are as they were."""
    before = [dict(vars(owner)) for owner in _OWNERS]
    with traced(emulator, policy={**POLICY, "telemetry": {"spans": mode}}) as found:
        instrumentor.instrument(tracer_provider=found.provider)
        try:
            yield found
        finally:
            instrumentor.uninstrument()
            for owner, kept in zip(_OWNERS, before, strict=True):
                for name in [name for name, value in kept.items() if vars(owner).get(name) is not value and callable(value)]:
                    setattr(owner, name, kept[name])
            unwrap()


def with_tokens(found: Traced) -> list[ReadableSpan]:
    return [span for span in found.spans() if any((span.attributes or {}).get(name) for name in TOKENS)]


def whose(span: ReadableSpan) -> str:
    return span.instrumentation_scope.name.split(".")[0] if span.instrumentation_scope is not None else ""


def priced(found: Traced) -> list[str]:
    return [span.name for span in found.spans() if (span.attributes or {}).get("taskroute.cost.total") is not None]


@pytest.mark.parametrize("streams", [False, True])
async def test_a_call_beside_openinference_counts_once(emulator: Emulator, streams: bool) -> None:
    with beside(emulator, LiteLLMInstrumentor()) as found:
        answer = await found.litellm.acompletion("auto", MESSAGES, stream=streams, **(USAGE if streams else {}))
        if streams:
            assert [chunk async for chunk in answer]
        await found.await_()
    (inference,) = with_tokens(found)
    assert (whose(inference), found.parents()[inference.name]) == ("openinference", "route default")
    assert priced(found) == ["route default"]
    assert len(found.traces()) == 1


@pytest.mark.parametrize("streams", [False, True])
def test_so_does_a_sync_one(emulator: Emulator, streams: bool) -> None:
    with beside(emulator, LiteLLMInstrumentor()) as found:
        answer = found.litellm.completion("auto", MESSAGES, stream=streams, **(USAGE if streams else {}))
        if streams:
            assert list(answer)
        found.wait()
    (inference,) = with_tokens(found)
    assert whose(inference) == "openinference"
    assert priced(found) == ["route default"]


async def test_with_full_spans_both_write_theirs(emulator: Emulator) -> None:
    with beside(emulator, LiteLLMInstrumentor(), mode="full") as found:
        await found.litellm.acompletion("auto", MESSAGES)
        await found.await_()
    assert sorted(map(whose, with_tokens(found))) == ["openinference", "taskroute"]


async def test_once_it_is_no_longer_at_work_the_spans_are_ours_again(emulator: Emulator) -> None:
    with beside(emulator, LiteLLMInstrumentor()):
        pass
    with traced(emulator, policy=POLICY) as found:
        await found.litellm.acompletion("auto", MESSAGES)
        await found.await_()
    assert [whose(span) for span in with_tokens(found)] == ["taskroute"]


# LiteLLM before 1.110 calls the methods that are instrumented; later ones send the request by themselves, which nothing of it sees.
@pytest.mark.parametrize("streams", [False, True])
async def test_tokens_stand_once_beside_the_instrumentation_of_openais_client(fresh: Emulator, streams: bool) -> None:
    with beside(fresh, OpenAIInstrumentor()) as found:
        answer = await found.litellm.acompletion("auto", MESSAGES, stream=streams, **(USAGE if streams else {}))
        if streams:
            assert [chunk async for chunk in answer]
        await found.await_()
    assert [whose(span) for span in found.spans()] == ["taskroute", "taskroute"]
    assert len(with_tokens(found)) == 1
