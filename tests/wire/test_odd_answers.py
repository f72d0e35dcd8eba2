"""Answers that are out of the ordinary, under both hosts: refused, filtered, cut short, of an unknown kind, without usage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.emulator import Say
from tests.recording import bodies
from tests.wire.reading import read_of
from tests.wire.targets import HOSTS, PROVIDERS, call
from tests.wire.truth import said

pytestmark = pytest.mark.filterwarnings("ignore:went_for_lunch is not a valid FinishReason:UserWarning")

ODD: Final[Mapping[str, Say]] = {
    "refusal": Say(refusal="I cannot help with that."),
    "filtered": Say(text="I would rather", finish="content_filter"),
    "cut_short": Say(text="Paris is the", finish="length"),
    "unknown_finish": Say(finish="went_for_lunch"),
    "unknown_fields": Say(extra={"x_emulator": {"depth": [1, {"deeper": None}]}, "x_flag": True}),
    "no_usage": Say(usage=False),
    "reasoning": Say(reasoning="France is a country, and has one.", reasoned=40),
    "cache_write": Say(cache_write=1024, cached=256),
    "short_delta": Say(cached=256, short_delta=True),
}
ODD_STREAMS: Final = frozenset({"short_delta"})
"""Anthropic's older shape of a stream's usage: the last event has the output tokens alone."""
ONLY: Final = {"cache_write": ("anthropic",), "short_delta": ("anthropic",)}

UNKNOWN: Final[Mapping[tuple[str, str, str, str], frozenset[str]]] = {
    # langchain-anthropic takes a stream's usage from its last event alone.
    **{("anthropic", "langchain", odd, "stream"): frozenset({"cache_write_1h", "service_tier"}) for odd in ODD if odd != "no_usage"},
    ("anthropic", "langchain", "short_delta", "stream"): frozenset(
        {"input", "cache_read", "cache_write", "cache_write_1h", "service_tier"}
    ),
    # LiteLLM counts the words of what Anthropic's model thought, and says so of no count.
    **{("anthropic", "litellm", "reasoning", kind): frozenset({"reasoning"}) for kind in ("plain", "stream")},
    # langchain-google-genai gives little of an answer that there is not.
    ("gemini", "langchain", "refusal", "plain"): frozenset({"input", "model"}),
    ("gemini", "langchain", "refusal", "stream"): frozenset({"model"}),
    # LiteLLM says `stop` at the end of a stream of Gemini's, whatever the reason, unless the answer was cut short.
    **{("gemini", "litellm", odd, "stream"): frozenset({"finish_reason"}) for odd in ODD if odd != "cut_short"},
    # langchain-mistralai repeats the model that was asked for.
    **{("mistral", "langchain", odd, "plain"): frozenset({"model"}) for odd in ODD},
}
"""By provider, host, oddity and kind of call: what is not read although it was sent."""

REPLACED: Final[Mapping[tuple[str, str, str, str], Mapping[str, str]]] = {
    **{("anthropic", "litellm", "unknown_finish", kind): {"finish_reason": "stop"} for kind in ("plain", "stream")},
    ("mistral", "litellm", "unknown_finish", "stream"): {"finish_reason": "stop"},
    ("gemini", "litellm", "filtered", "plain"): {"text": ""},
}
"""What LiteLLM itself puts in the place of what was sent, and leaves no sign of."""

RAISES: Final = frozenset({("anthropic", "litellm", "no_usage", "plain"), ("gemini", "litellm", "no_usage", "plain")})
"""Answers that LiteLLM raises an error for."""


def cells() -> list[Any]:
    return [
        pytest.param(provider, host, odd, id=f"{provider}-{host}-{odd}")
        for provider in PROVIDERS
        for host in HOSTS
        for odd in ODD
        if provider in ONLY.get(odd, (provider,))
    ]


@pytest.mark.vcr
@pytest.mark.parametrize(("provider", "host", "odd"), cells())
def test_an_odd_answer_is_read_right_or_not_at_all(provider: str, host: str, odd: str, vcr: Any, script: Any) -> None:
    kinds = ("stream",) if odd in ODD_STREAMS else ("plain", "stream")
    ways = [(kind, is_async) for kind in kinds for is_async in (False, True)]
    script.then(*[ODD[odd]] * len(ways))
    results = [call(host, provider, kind, is_async=is_async) for kind, is_async in ways]
    sent = bodies(vcr)
    for (kind, is_async), result, body in zip(ways, results, sent, strict=True):
        cell = provider, host, odd, kind
        assert (result.error is not None) == (cell in RAISES), f"{kind}, async {is_async}: {result.error!r}"
        if result.error is None:
            read = read_of(host, result, said(PROVIDERS[provider].wire, body, streamed=kind == "stream"))
            assert {name: given for name, (given, _) in read.wrong.items()} == REPLACED.get(cell, {})
            assert read.unknown == UNKNOWN.get(cell, frozenset())
