"""Of LiteLLM's time limits and the policy's the shorter one holds."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute_litellm.limits import limits_of
from tests.emulator import Emulator, Hang
from tests.litellm_host.routers import COMPLETIONS, STREAMS, Way, call, deployment, routed
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME

litellm: Any = pytest.importorskip("litellm")


@pytest.mark.parametrize("where", ["deployment", "router", "call"])
@pytest.mark.parametrize("way", [way for way in STREAMS if not way.is_async], ids=str)
def test_the_policys_limit_holds_where_litellm_has_a_longer_one_for_streams(emulator: Emulator, way: Way, where: str) -> None:
    emulator.by("gpt-5-mini", lambda asked: Hang(8))
    longer: dict[str, Any] = {"stream_timeout": 60}
    groups = [deployment(emulator, "small", **(longer if where == "deployment" else {}))]
    policy = {"models": {"small": {}}, "default": "small", "classifier": {"kind": "none"}, "timeout": "300ms"}
    settings = longer if where == "router" else {}
    with routed(emulator, policy=policy, groups=groups, **settings) as found, pytest.raises(litellm.Timeout):
        call(found, way, **(longer if where == "call" else {}))


@pytest.mark.parametrize("where", ["deployment", "router", "caller", "httpx", "request_timeout"])
@pytest.mark.parametrize("way", [way for way in COMPLETIONS if not way.is_async], ids=str)
def test_a_limit_that_is_shorter_than_the_policys_holds(emulator: Emulator, way: Way, where: str) -> None:
    emulator.by("gpt-5-mini", lambda asked: Hang(8))
    limit: dict[str, Any] = {"timeout": 0.3}
    groups = [deployment(emulator, "small", **(limit if where == "deployment" else {}))]
    policy = {"models": {"small": {}}, "default": "small", "classifier": {"kind": "none"}, "timeout": "60s"}
    asked = {"caller": {"timeout": 0.3}, "httpx": {"timeout": httpx.Timeout(0.3)}, "request_timeout": {"request_timeout": 0.3}}
    settings = limit if where == "router" else {}
    # The provider gives up after eight seconds, and the error is then another one.
    with routed(emulator, policy=policy, groups=groups, **settings) as found, pytest.raises(litellm.Timeout):
        call(found, way, **asked.get(where, {}))


class Settings:
    def __init__(self, timeout: Any = None, stream_timeout: Any = None) -> None:
        self.timeout = timeout
        self.stream_timeout = stream_timeout


@pytest.mark.parametrize(
    ("arguments", "deployments", "router", "limits"),
    [
        ({}, [{}], None, {"timeout": 5}),
        ({"stream_timeout": 60}, [{}], None, {"timeout": 5, "stream_timeout": 5}),
        ({"stream_timeout": 2}, [{}], None, {"timeout": 5, "stream_timeout": 2}),
        ({}, [{"stream_timeout": 60}], None, {"timeout": 5, "stream_timeout": 5}),
        ({}, [{"stream_timeout": 2, "timeout": 60}], None, {"timeout": 5}),
        ({}, [{"stream_timeout": 2}, {}], None, {"timeout": 5, "stream_timeout": 5}),
        ({}, [{}], 60, {"timeout": 5, "stream_timeout": 5}),
        ({}, [{}], 2, {"timeout": 5}),
    ],
)
def test_of_a_stream_litellm_heeds_another_limit_first(
    arguments: dict[str, Any], deployments: list[dict[str, Any]], router: Any, limits: dict[str, Any]
) -> None:
    settings = Settings(stream_timeout=router)
    assert limits_of(5, arguments, deployments, settings, streams=True) == limits
    assert "stream_timeout" not in limits_of(5, arguments, deployments, settings, streams=False)


@pytest.mark.parametrize(
    ("arguments", "deployments", "router", "timeout"),
    [
        ({}, [{}], None, 5),
        ({"timeout": 3}, [{}], None, 3),
        ({"timeout": "3"}, [{"timeout": 1}], None, 3),
        ({"timeout": 9}, [{}], None, 5),
        ({"timeout": "soon"}, [{}], None, 5),
        ({"request_timeout": 3}, [{}], 1, 3),
        ({}, [{"timeout": 3}], None, None),
        ({}, [{"timeout": 3}, {"timeout": 9}], None, 5),
        ({}, [{"timeout": 9}], 3, 5),
        ({}, [{}, {"timeout": "2"}], 3, None),
        ({}, [], 3, 5),
        ({"timeout": 0}, [{}], None, 5),
        ({}, [{"timeout": 0}], None, 5),
        ({}, [{"request_timeout": 3}], None, None),
    ],
)
def test_the_shortest_limit_is_taken(arguments: dict[str, Any], deployments: list[dict[str, Any]], router: Any, timeout: Any) -> None:
    assert limits_of(5, arguments, deployments, Settings(router), streams=False).get("timeout") == timeout


@given(st.lists(st.none() | st.floats(0.1, 100), min_size=4, max_size=4), st.floats(0.1, 100))
def test_no_part_of_httpxs_limits_is_longer(parts: list[float | None], limit: float) -> None:
    asked = httpx.Timeout(**dict(zip(("connect", "read", "write", "pool"), parts, strict=True)))
    found = limits_of(limit, {"timeout": asked}, [], Settings(), streams=False)["timeout"]
    assert list(found.as_dict().values()) == [limit if part is None else min(part, limit) for part in parts]
