"""Every error a provider sends ends in the right failure class, under both hosts, plain and streamed, sync and async."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from taskroute.execution.failures import Failure, classify
from tests.wire.errors import EMPTY, ERRORS, errors_of, expected
from tests.wire.targets import HOSTS, PROVIDERS, call

WAYS: Final[Mapping[str, tuple[str, bool]]] = {
    "sync": ("plain", False),
    "async": ("plain", True),
    "stream": ("stream", False),
    "astream": ("stream", True),
}


def cells() -> list[Any]:
    return [
        pytest.param(provider, host, error, id=f"{provider}-{host}-{error}")
        for provider in PROVIDERS
        for host in HOSTS
        for error in errors_of(provider)
    ]


@pytest.mark.vcr
@pytest.mark.parametrize(("provider", "host", "error"), cells())
def test_an_error_has_its_class(provider: str, host: str, error: str, vcr: Any, script: Any) -> None:
    ways = ("stream", "astream") if ERRORS[error].streamed_only else tuple(WAYS)
    script.then(*[ERRORS[error].reply] * len(ways))
    found = {way: _failure(host, provider, way) for way in ways}
    assert found == {way: expected(provider, host, error, way) for way in ways}


def _failure(host: str, provider: str, way: str) -> Failure | str:
    kind, is_async = WAYS[way]
    result = call(host, provider, kind, is_async=is_async)
    if result.error is None:
        reply = result.reply
        says_nothing = reply is not None and (reply.text, reply.tool_calls, reply.usage, reply.finish_reason) == ("", (), None, None)
        return EMPTY if says_nothing else f"answered: {reply}"
    if host == "litellm":
        return classify(result.error)
    [attempt] = result.tries
    failure = classify(attempt.error)
    assert attempt.failure == failure.kind
    return failure
