"""Calls of a LiteLLM router with telemetry: ours with `install()`, and LiteLLM's own OpenTelemetry callback without."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

from opentelemetry import context as otel_context

from benchmarks.material import rag_prompt
from benchmarks.telemetry_langchain import policy
from benchmarks.telemetry_processes import Build, Contender
from benchmarks.telemetry_sinks import Sinks

BARE: Final = "litellm.Router"
PEER: Final = "LiteLLM's callback"
PEER_HIDDEN: Final = "LiteLLM's callback, messages hidden"
UNTOLD: Final = "install(), nothing told"
NO_SDK: Final = "install(), no SDK"
SPANS: Final = "install(), SDK"
CONTENT: Final = "install(), SDK, content"
BASES: Final[Mapping[str, str]] = {PEER: BARE, PEER_HIDDEN: BARE, **dict.fromkeys((NO_SDK, SPANS, CONTENT), UNTOLD)}
"""What each is compared with, to tell what it adds."""
SHORT: Final = "completion, prompt of 1 kB"
LONG: Final = "completion, prompt of 100 kB"
CASES: Final = (SHORT, LONG)
_PATIENCE: Final = 30.0


def builds() -> dict[str, Build]:
    """Return how each process is set up."""
    return {
        BARE: _plain,
        PEER: partial(_called_back, hidden=False),
        PEER_HIDDEN: partial(_called_back, hidden=True),
        UNTOLD: _untold,
        NO_SDK: partial(_installed, spans=False),
        SPANS: partial(_installed, spans=True),
        CONTENT: partial(_installed, spans=True, content="span"),
    }


def _plain(stack: ExitStack) -> Contender:
    return _contender(prepare(), Sinks(stack), "small")


def _called_back(stack: ExitStack, *, hidden: bool) -> Contender:
    litellm, sinks = prepare(), Sinks(stack)
    provider = sinks.spans()
    from litellm.integrations.opentelemetry import OpenTelemetry

    # As LiteLLM's documentation has it: the callback then takes the global provider.
    litellm.callbacks = [OpenTelemetry(tracer_provider=provider)]
    litellm.turn_off_message_logging = hidden
    return _contender(litellm, sinks, "small")


def _untold(stack: ExitStack) -> Contender:
    otel_context.attach(otel_context.set_value("suppress_instrumentation", True))
    return _installed(stack, spans=False)


def _installed(stack: ExitStack, *, spans: bool, content: str = "none") -> Contender:
    litellm, sinks = prepare(), Sinks(stack)
    if spans:
        sinks.spans()
    return _contender(litellm, sinks, "auto", policy(content=content, metrics="none"))


def prepare() -> Any:
    """Return LiteLLM, imported as everybody needs it."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    warnings.simplefilter("ignore")
    import litellm

    return litellm


def _contender(litellm: Any, sinks: Sinks, model: str, routed: Any = None) -> Contender:
    from litellm.integrations.custom_logger import CustomLogger
    from litellm.router import Router as LiteLLMRouter

    from taskroute_litellm import install

    class Heard(CustomLogger):  # type: ignore[misc]
        """The last callback of all, which LiteLLM calls in a thread of its own: a call that it was told of is over."""

        calls = 0

        def log_success_event(self, *args: Any, **kwargs: Any) -> None:
            self.calls += 1

    heard, made = Heard(), 0
    litellm.callbacks = [*litellm.callbacks, heard]
    groups: Any = [{"model_name": name, "litellm_params": {"model": f"openai/{_MODELS[name]}", "api_key": "none"}} for name in _MODELS]
    llm = LiteLLMRouter(model_list=groups, model_group_alias={"auto": "small"}, num_retries=0)
    if routed is not None:
        install(llm, routed)

    def calls(chars: int) -> Callable[[int], None]:
        messages = [{"role": "user", "content": rag_prompt(chars)}]

        def batch(times: int) -> None:
            nonlocal made
            for _ in range(times):
                llm.completion(model=model, messages=messages, mock_response="After thirty days.", metadata={"stage": "generate"})
            made += times

        return batch

    def settle() -> None:
        until = time.monotonic() + _PATIENCE
        while heard.calls < made and time.monotonic() < until:
            time.sleep(0.002)
        if heard.calls != made:
            raise AssertionError(f"LiteLLM told of {heard.calls} of {made} calls")
        sinks.settle()

    return Contender({SHORT: calls(1_000), LONG: calls(100_000)}, settle, lambda: {"calls": heard.calls, **sinks.left()})


_MODELS: Final = {"small": "gpt-5-mini", "large": "gpt-5"}
