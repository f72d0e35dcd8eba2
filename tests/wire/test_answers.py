"""Every provider, under both hosts, in each kind of call: what the adapters read is what the provider sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.emulator import Say
from tests.recording import bodies, is_emulated
from tests.wire.reading import read_of
from tests.wire.targets import HOSTS, KINDS, PROVIDERS, City, call, streams
from tests.wire.truth import said

SAY: Final = Say(cached=512, reasoned=24)
"""Cached and reasoning tokens show whether each count lands where it belongs."""

UNKNOWN: Final[Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]]] = {
    # LiteLLM says `stop` at the end of a stream of Gemini's, whatever the reason, unless there are tool calls.
    ("gemini", "litellm"): {"finish_reason": ("stream",)},
    # langchain-anthropic takes a stream's usage from its last event alone.
    ("anthropic", "langchain"): {"cache_write_1h": ("stream", "tools_stream"), "service_tier": ("stream", "tools_stream")},
    # langchain-mistralai repeats the model that was asked for, and leaves cached tokens out of a stream's usage.
    ("mistral", "langchain"): {"model": ("plain", "tools", "json"), "cache_read": ("stream", "tools_stream")},
}
"""By provider and host: what is not read although it was sent, and in which kinds of call."""


def cells() -> list[Any]:
    return [
        pytest.param(provider, host, kind, how, id=f"{provider}-{host}-{kind}-{how}")
        for provider in PROVIDERS
        for host in HOSTS
        for kind in KINDS
        for how in ("sync", "async")
    ]


@pytest.mark.vcr
@pytest.mark.parametrize(("provider", "host", "kind", "how"), cells())
def test_a_call_is_read_as_it_was_sent(provider: str, host: str, kind: str, how: str, vcr: Any, script: Any) -> None:
    script.then(SAY)
    result = call(host, provider, kind, is_async=how == "async")
    assert result.error is None, repr(result.error)
    [body] = bodies(vcr)
    truth = said(PROVIDERS[provider].wire, body, streamed=streams(kind))
    read = read_of(host, result, truth)
    assert read.wrong == {}
    unread = {name for name, kinds in UNKNOWN.get((provider, host), {}).items() if kind in kinds}
    # A provider need not send all that the emulator was told to.
    assert read.unknown == unread if is_emulated(vcr) else read.unknown <= unread
    assert result.arguments == truth.tool_calls
    assert (result.pieces > 0) == streams(kind)
    if kind == "json":
        assert isinstance(result.parsed, City)
