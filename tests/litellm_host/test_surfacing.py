"""Errors of calls and of streams as a caller of LiteLLM catches them."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from taskroute.errors import AllModelsFailedError
from taskroute_litellm.stream_errors import EventError
from taskroute_litellm.surfacing import surfaced
from tests.emulator import Emulator, Hang, Say
from tests.litellm_host.routers import IDS, LONG, ONE, POLICY, Way, call, routed
from tests.litellm_host.test_calls import STREAMED_MESSAGES, needs_proxys_packages
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME

litellm: Any = pytest.importorskip("litellm")

CUT_SHORT = Say("one two", error_after=0)


@pytest.mark.parametrize("way", [Way("completion", True), Way("completion", True, True), Way("anthropic_messages", True)], ids=str)
def test_the_policys_time_limit_is_litellms_error_in_async_calls_too(emulator: Emulator, way: Way) -> None:
    emulator.by("gpt-5-mini", lambda asked: Hang(8))
    with routed(emulator, policy={**ONE, "timeout": "200ms"}) as found, pytest.raises(litellm.Timeout) as caught:
        call(found, way)
    assert caught.value.status_code == 408
    assert isinstance(caught.value.__cause__, TimeoutError)


def test_an_error_that_is_raised_again_and_again_has_the_note_of_the_last_call() -> None:
    cause = ValueError("no")
    cause.add_note("the caller's own")
    for number in range(3):
        error = AllModelsFailedError((), note=f" of {number}")
        error.__cause__ = cause
        assert surfaced(error) is cause
    own, ours = cause.__notes__
    assert own == "the caller's own"
    assert " of 2" in ours


def test_a_stream_of_messages_ends_behind_an_error_that_was_given_out(emulator: Emulator) -> None:
    needs_proxys_packages(STREAMED_MESSAGES)
    emulator.by(IDS["claude"], lambda asked: LONG)
    with routed(emulator, policy={**ONE, "default": "claude"}) as found:
        chunks = b"".join(call(found, STREAMED_MESSAGES))
    assert b"text_delta" in chunks
    assert chunks.count(b"event: error") == 1


def test_one_that_had_nothing_to_give_out_goes_to_the_next_model(emulator: Emulator) -> None:
    needs_proxys_packages(STREAMED_MESSAGES)
    emulator.by(IDS["claude"], lambda asked: CUT_SHORT)
    with routed(emulator, policy={**POLICY, "default": ["claude", "small"], "routes": []}) as found:
        chunks = b"".join(call(found, STREAMED_MESSAGES))
    assert b"Paris" in chunks
    assert b"event: error" not in chunks


def test_and_where_none_is_left_raises_litellms_error(emulator: Emulator) -> None:
    needs_proxys_packages(STREAMED_MESSAGES)
    emulator.by(IDS["claude"], lambda asked: CUT_SHORT)
    with routed(emulator, policy={**ONE, "default": "claude"}) as found, pytest.raises(openai.APIError) as caught:
        call(found, STREAMED_MESSAGES)
    assert caught.value.status_code in (500, 503)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("code", "name", "status"),
    [
        ("invalid_request_error", "BadRequestError", 400),
        ("authentication_error", "AuthenticationError", 401),
        ("permission_error", "InternalServerError", 500),
        ("not_found_error", "NotFoundError", 404),
        ("rate_limit_error", "RateLimitError", 429),
        ("overloaded_error", "ServiceUnavailableError", 503),
        ("timeout_error", "Timeout", 408),
        ("api_error", "InternalServerError", 500),
        (None, "InternalServerError", 500),
    ],
)
def test_an_error_in_a_stream_is_of_litellms_class(code: str | None, name: str, status: int) -> None:
    error: Any = surfaced(EventError("it broke", code), "auto")
    assert type(error) is getattr(litellm, name)
    assert error.status_code == status
    assert "it broke" in str(error)
    assert error.model == "auto"
