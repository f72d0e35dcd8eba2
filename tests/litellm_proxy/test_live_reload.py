"""A policy that changes while the proxy runs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.emulator import Emulator, Fault
from tests.litellm_proxy.running import Proxy

_PATIENCE = 30.0


def _write(path: Path, text: str) -> None:
    """Replace a file at once, as editors and deployments do."""
    fresh = path.with_suffix(".fresh")
    fresh.write_text(text)
    fresh.replace(path)


class Asking:
    """Asks a proxy again until it answers as it is expected to."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy

    def once(self, **more: Any) -> httpx.Response:
        body = {"model": "auto", "messages": [{"role": "user", "content": "hi"}], **more}
        return httpx.post(f"{self.proxy.url}/v1/chat/completions", json=body, headers={"authorization": "Bearer sk-plain"}, timeout=60)

    def until_model(self, model: str, *, mode: str | None = None) -> None:
        until, last = time.monotonic() + _PATIENCE, None
        while time.monotonic() < until:
            answer = self.once()
            last = answer.headers.get("x-taskroute-model"), answer.headers.get("x-taskroute-mode")
            if last == (model, mode):
                return
            time.sleep(0.1)
        raise AssertionError(f"it is still {last!r}, not {model!r}:\n{self.proxy.said()[-2000:]}")

    def until_said(self, words: str, *, times: int) -> None:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            assert self.once().status_code == 200
            if self.proxy.said().count(words) >= times:
                return
            time.sleep(0.1)
        raise AssertionError(f"it did not say {words!r} {times} times:\n{self.proxy.said()[-2000:]}")


@pytest.fixture
def asking(proxy: Proxy) -> Asking:
    return Asking(proxy)


@pytest.fixture(autouse=True)
def _put_back(policy_path: Path, asking: Asking) -> Iterator[None]:
    before = policy_path.read_text()
    yield
    _write(policy_path, before)
    asking.until_model("small")


def test_a_new_policy_is_in_force_without_a_restart(policy_path: Path, asking: Asking, emulator: Emulator) -> None:
    asking.until_model("small")

    _write(policy_path, policy_path.read_text().replace("default: [small, large, house]", "default: [large]"))

    asking.until_model("large")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('models: {small: {model: "openai:m-small"}}\ndefault: [nobody]\n', "no model named 'nobody'"),
        ('models:\n  small: {model: "open', "taskroute.yaml:"),
        ("", "the policy is empty"),
        (
            'models: {small: {model: "openai:m-small"}, elsewhere: {}}\ndefault: [small]\n',
            "no model group of LiteLLM's router is named 'elsewhere'",
        ),
    ],
)
def test_a_policy_that_is_wrong_leaves_the_old_one(text: str, why: str, policy_path: Path, asking: Asking, emulator: Emulator) -> None:
    asking.until_model("small")
    before, words = policy_path.read_text(), asking.proxy.said().count("cannot be used, so the one before stays in force")
    mended = asking.proxy.said().count("can be used again")

    _write(policy_path, text)

    asking.until_said("cannot be used, so the one before stays in force", times=words + 1)
    assert why in asking.proxy.said()

    _write(policy_path, before)

    asking.until_said("can be used again", times=mended + 1)
    assert asking.proxy.said().count("cannot be used, so the one before stays in force") == words + 1


def test_a_policy_that_is_gone_leaves_the_old_one(policy_path: Path, asking: Asking, emulator: Emulator) -> None:
    asking.until_model("small")
    words = asking.proxy.said().count("no such file")

    away = policy_path.with_suffix(".away")
    os.rename(policy_path, away)
    try:
        asking.until_said("no such file", times=words + 1)
    finally:
        os.rename(away, policy_path)


def test_a_group_that_fails_is_left_alone(policy_path: Path, asking: Asking, emulator: Emulator) -> None:
    text = policy_path.read_text().replace("breaker: none", "breaker: {failures: 2, cooldown: 10m}")
    _write(policy_path, text.replace("default: [small, large, house]", "default: [claude, house]"))
    asking.until_model("claude")
    emulator.by("m-claude", lambda asked: Fault("server_error"))

    for _ in range(3):
        assert asking.once().headers["x-taskroute-model"] == "house"
    emulator.requests.clear()
    answer = asking.once()

    assert answer.headers["x-taskroute-model"] == "house"
    assert [request.body["model"] for request in emulator.requests] == ["m-house"]


def test_where_every_circuit_is_open_the_client_is_told_when_to_come_back(policy_path: Path, asking: Asking, emulator: Emulator) -> None:
    text = policy_path.read_text().replace("breaker: none", "breaker: {failures: 2, cooldown: 9m}")
    _write(policy_path, text.replace("default: [small, large, house]", "default: [large]"))
    asking.until_model("large")
    emulator.by("m-large", lambda asked: Fault("server_error"))

    answers = [asking.once() for _ in range(4)]

    assert answers[0].status_code == 500
    assert answers[-1].status_code == 503
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 540


def test_observing_leaves_the_choice_to_the_proxy(policy_path: Path, asking: Asking, emulator: Emulator) -> None:
    _write(policy_path, "mode: observe\n" + policy_path.read_text().replace("default: [small, large, house]", "default: [large]"))

    # The alias of the proxy's own configuration.
    asking.until_model("small", mode="observe")
    asking.once()
    assert emulator.requests[-1].body["model"] == "m-small"
