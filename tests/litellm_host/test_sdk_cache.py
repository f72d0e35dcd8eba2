"""LiteLLM's own cache of answers behind a routed router: no model's answer passes for another's."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator import Emulator
from tests.emulator import Say as Says
from tests.litellm_host.routers import COMPLETIONS, IDS, WHOLE, Way, call, routed
from tests.litellm_host.test_calls import record_of, text_of

litellm: Any = pytest.importorskip("litellm")

HAS_FASTAPI = importlib.util.find_spec("fastapi") is not None
GENERATE: dict[str, Any] = {"metadata": {"stage": "generate"}}


@pytest.fixture
def cached() -> Iterator[None]:
    from litellm.caching.caching import Cache
    from litellm.types.caching import LiteLLMCacheType

    before = {name: getattr(litellm, name) for name in ("cache", "input_callback", "success_callback", "_async_success_callback")}
    copies = {name: list(value) if isinstance(value, list) else value for name, value in before.items()}
    litellm.cache = Cache(type=LiteLLMCacheType.LOCAL)
    yield
    for name, value in copies.items():
        setattr(litellm, name, value)


def scripted(emulator: Emulator) -> None:
    for name, text in (("small", "the cheap answer"), ("large", "the good answer")):
        emulator.by(IDS[name], lambda asked, text=text: Says(text))


@pytest.mark.usefixtures("cached")
@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_two_stages_with_the_same_prompt_share_no_answer(emulator: Emulator, way: Way) -> None:
    scripted(emulator)
    with routed(emulator, cache_responses=True) as found:
        cheap = call(found, way)
        good = call(found, way, **GENERATE)
    assert found.asked == ["small", "large"]
    texts = ["".join(c.choices[0].delta.content or "" for c in a) if way.streams else text_of(way, a) for a in (cheap, good)]
    assert "the cheap answer" in texts[0]
    assert "the good answer" in texts[1]


@pytest.mark.usefixtures("cached")
@pytest.mark.skipif(not HAS_FASTAPI, reason="a hit in LiteLLM's cache needs the packages of its proxy")
@pytest.mark.parametrize("way", WHOLE, ids=str)
def test_an_answer_that_litellm_kept_is_the_one_of_its_group_and_costs_nothing(emulator: Emulator, way: Way) -> None:
    scripted(emulator)
    with routed(emulator, cache_responses=True) as found:
        for said in ({}, GENERATE):
            call(found, way, **said)
        again = [call(found, way, **said) for said in ({}, GENERATE)]
    assert found.asked == ["small", "large"]
    assert [answer.choices[0].message.content for answer in again] == ["the cheap answer", "the good answer"]
    assert [record_of(answer)["model"] for answer in again] == ["small", "large"]
    assert [(record_of(answer)["cost"], record_of(answer)["cost_source"]) for answer in again] == [(0.0, "cache")] * 2
