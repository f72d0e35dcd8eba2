"""An attempt is one call of one group: LiteLLM takes no part in falling back, and says nothing about it."""

from __future__ import annotations

import logging

import openai
import pytest

from tests.emulator import Emulator, Fault
from tests.litellm_host.routers import IDS, WAYS, Way, call, routed
from tests.litellm_host.test_calls import needs_proxys_packages

FALLS_BACK = [way for way in WAYS if way.endpoint != "embedding"]


@pytest.mark.parametrize("way", FALLS_BACK, ids=str)
def test_a_failure_that_the_next_model_makes_good_is_no_error_in_litellms_log(
    emulator: Emulator, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    needs_proxys_packages(way)
    emulator.on(IDS["small"], Fault("server_error"))
    loggers = [logging.getLogger(name) for name in ("LiteLLM", "LiteLLM Router")]
    for logger in loggers:
        logger.addHandler(caplog.handler)
    try:
        with routed(emulator) as found:
            call(found, way)
    finally:
        for logger in loggers:
            logger.removeHandler(caplog.handler)
    assert found.asked == ["small", "large"]
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR and record.name.startswith("LiteLLM")]
    assert [record.getMessage() for record in errors] == []


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_the_error_says_nothing_of_litellms_fallbacks(emulator: Emulator, way: Way) -> None:
    needs_proxys_packages(way)
    emulator.then(*[Fault("unauthorized")] * 2)
    with routed(emulator) as found, pytest.raises(openai.AuthenticationError) as caught:
        call(found, way)
    assert "fallback" not in f"{caught.value} {caught.value.__notes__}".lower()


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_no_provider_hears_of_it(emulator: Emulator, way: Way) -> None:
    needs_proxys_packages(way)
    with routed(emulator) as found:
        call(found, way)
    assert found.asked == ["small"]
    assert "fallback" not in str(emulator.requests[-1].body)
