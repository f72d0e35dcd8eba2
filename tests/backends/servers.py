"""Phoenix and MLflow on free loopback ports, each with a folder of its own for what it keeps."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.ports import free_port

VARIABLE: Final = "TASKROUTE_BACKENDS"
"""Names the virtual environment that has both servers; `make test-backends` makes it."""
_PATIENCE_S: Final = 180
_PLAIN: Final = ("OTEL_", "PHOENIX_", "MLFLOW_", "PYTHON")


class Server(NamedTuple):
    """A server that answers."""

    url: str
    process: subprocess.Popen[bytes]


class Servers(NamedTuple):
    """Both servers."""

    phoenix: Server
    mlflow: Server


@contextlib.contextmanager
def running(programs: Path, directory: Path) -> Iterator[Servers]:
    """Run both servers, whose programs are in a virtual environment, and end them with all that they started."""
    started: list[Server] = []
    try:
        started.append(_start("phoenix", programs, directory))
        started.append(_start("mlflow", programs, directory))
        # Both are on their way by now: importing is most of it.
        _until_ready(started[0], "/healthz", directory / "phoenix")
        _until_ready(started[1], "/health", directory / "mlflow")
        yield Servers(*started)
    finally:
        for server in started:
            _end(server.process)


def _start(name: str, programs: Path, directory: Path) -> Server:
    home, port = directory / name, free_port()
    home.mkdir()
    command, own = (_phoenix if name == "phoenix" else _mlflow)(programs.resolve() / "bin", home, port)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(_PLAIN)}
    with (home / "log").open("wb") as log:
        # A session of its own: MLflow starts workers, which end with it as one group.
        process = subprocess.Popen(
            command,
            cwd=home,
            env={**inherited, **own},
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    return Server(f"http://127.0.0.1:{port}", process)


def _phoenix(programs: Path, home: Path, port: int) -> tuple[list[str], Mapping[str, str]]:
    return [str(programs / "python"), str(Path(__file__).with_name("phoenix_on_loopback.py"))], {
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(free_port()),
        "PHOENIX_WORKING_DIR": str(home),
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
        "PHOENIX_DISABLE_AGENT_ASSISTANT": "true",
        "PHOENIX_AGENTS_DISABLE_WEB_ACCESS": "true",
    }


def _mlflow(programs: Path, home: Path, port: int) -> tuple[list[str], Mapping[str, str]]:
    store, artifacts = f"sqlite:///{home}/mlflow.db", str(home / "artifacts")
    options = [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--backend-store-uri",
        store,
        "--default-artifact-root",
        artifacts,
        "--workers",
        "1",
    ]
    # Its shell scripts find Python on the PATH.
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    environ = {"PATH": path, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    return [str(programs / "python"), "-m", "mlflow", "server", *options], environ


def _until_ready(server: Server, path: str, home: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and server.process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(server.url + path, timeout=5):
            return
        time.sleep(0.2)
    raise RuntimeError(f"{home.name} does not start:\n{(home / 'log').read_text(errors='replace')[-4000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def get(url: str) -> Any:
    """Return what a server answers, out of its JSON."""
    return _answer(urllib.request.Request(url))


def post(url: str, body: Any) -> Any:
    """Send JSON, and return what a server answers, out of its JSON."""
    return _answer(urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"}))


def _answer(request: urllib.request.Request) -> Any:
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{request.full_url}: {error.code}: {error.read()[:2000].decode(errors='replace')}") from None
