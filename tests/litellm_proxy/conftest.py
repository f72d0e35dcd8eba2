"""Proxies that run, an emulator behind them, and a receiver of their spans: each once for all tests."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.litellm_proxy.running import Proxy, environment, running
from tests.litellm_proxy.sink import Sink

_HERE = Path(__file__).parent
_THERE = importlib.util.find_spec("fastapi") is not None and importlib.util.find_spec("litellm") is not None

collect_ignore_glob = [] if _THERE else ["test_live_*.py"]


def pytest_report_header() -> str | None:
    return (
        None if _THERE else "LiteLLM's proxy is not installed here: the tests of a running proxy are for make test-proxy and test-litellm"
    )


@pytest.fixture(scope="session")
def provider() -> Iterator[Emulator]:
    with Emulator().running() as emulator:
        yield emulator


@pytest.fixture
def emulator(provider: Emulator) -> Iterator[Emulator]:
    provider.reset()
    yield provider
    provider.reset()


@pytest.fixture(scope="session")
def sink() -> Iterator[Sink]:
    with Sink().running() as found:
        yield found


@pytest.fixture(scope="session")
def policy_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The policy of `proxy`, which a test may change and must put back."""
    path = tmp_path_factory.mktemp("policy") / "taskroute.yaml"
    scores = f"\nfeedback: {{path: {str(path.with_name('scores'))!r}}}\n"
    path.write_text((_HERE / "set_up" / "taskroute.yaml").read_text() + scores)
    return path


@pytest.fixture(scope="session")
def listened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `proxy` writes down what LiteLLM's own log says of how each call was routed."""
    return tmp_path_factory.mktemp("listened") / "decisions.jsonl"


@pytest.fixture(scope="session")
def proxy(provider: Emulator, sink: Sink, policy_path: Path, listened: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    environ = environment(
        EMULATOR=provider.url,
        EMULATOR_V1=f"{provider.url}/v1",
        LITELLM_CONFIG=str(_HERE / "set_up" / "config.yaml"),
        TASKROUTE_POLICY=str(policy_path),
        LISTENED=str(listened),
        TASKROUTE_VIRTUAL="auto, smart",
        TASKROUTE_OTEL="1",
        OTEL_EXPORTER_OTLP_ENDPOINT=sink.url,
        OTEL_BSP_SCHEDULE_DELAY="50",
        OTEL_METRIC_EXPORT_INTERVAL="1000",
    )
    with running(tmp_path_factory.mktemp("proxy") / "log", environ) as found:
        yield found


@pytest.fixture(scope="session")
def example(provider: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The example as it is, with the emulator in the place of the providers."""
    environ = environment(
        OPENAI_API_BASE=f"{provider.url}/v1", OPENAI_API_KEY="none", ANTHROPIC_API_BASE=provider.url, ANTHROPIC_API_KEY="none"
    )
    with running(tmp_path_factory.mktemp("example") / "log", environ) as found:
        yield found
