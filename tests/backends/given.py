"""The two servers and the calls that they hold, once for all tests."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from taskroute.cli import main

from .calls import CONVENTIONS, Made, Sent, make_calls, policy
from .reading import phoenix_trace
from .servers import VARIABLE, Server, Servers, post, running

_PRICED_WITHIN_S = 60


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with running(Path(os.environ[VARIABLE]), tmp_path_factory.mktemp("backends")) as both:
        yield both


@pytest.fixture(scope="session")
def phoenix(servers: Servers) -> Server:
    return servers.phoenix


@pytest.fixture(scope="session")
def mlflow(servers: Servers) -> Server:
    return servers.mlflow


@pytest.fixture(scope="session")
def priced(phoenix: Server, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Phoenix has been told the prices of the policy, and uses them: it looks at its list every few seconds."""
    file = tmp_path_factory.mktemp("policy") / "taskroute.yaml"
    file.write_text(yaml.safe_dump(policy(compat=(), content="none")), encoding="utf-8")
    command = ["phoenix-prices", "--policy", str(file), "--url", phoenix.url]
    assert main(command) == 0
    until = time.monotonic() + _PRICED_WITHIN_S
    while not _prices_are_used(phoenix):
        assert time.monotonic() < until, "Phoenix does not use the prices that it was told"
        time.sleep(0.5)
    return command


def _prices_are_used(phoenix: Server) -> bool:
    """Return whether a call made now is priced."""
    call = make_calls([(phoenix.url, {})], project="probe", compat=(), content="none")["private"]
    return bool(phoenix_trace(phoenix.url, call.trace_id, spans=2).cost)


@pytest.fixture(scope="session")
def experiments(mlflow: Server) -> dict[str, str]:
    """The ids of an experiment for each kind of spans."""
    create = f"{mlflow.url}/api/2.0/mlflow/experiments/create"
    return {name: post(create, {"name": name})["experiment_id"] for name in ("told", "plain")}


@pytest.fixture(scope="session")
def sent(phoenix: Server, mlflow: Server, priced: list[str], experiments: dict[str, str]) -> Sent:
    def send(project: str, compat: tuple[str, ...], content: str) -> dict[str, Made]:
        targets = [(phoenix.url, {}), (mlflow.url, {"x-mlflow-experiment-id": experiments[project]})]
        return make_calls(targets, project=project, compat=compat, content=content)

    return Sent(send("told", CONVENTIONS, "span"), send("plain", (), "none"))
