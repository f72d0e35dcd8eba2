"""A proxy of LiteLLM's in a process of its own, started by the script of the example."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.ports import free_port

EXAMPLE = Path(__file__).parents[2] / "integrations" / "taskroute_litellm" / "example"
MASTER_KEY = "sk-of-the-tests-8c1f5f1f0c7b4b0d"
_PATIENCE = 120.0


class Proxy(NamedTuple):
    """A proxy that runs."""

    url: str
    log: Path

    def said(self) -> str:
        """Return what it has logged so far."""
        return self.log.read_text(errors="replace")


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of a proxy: this one's, without what would change how it routes."""
    ours = ("TASKROUTE_", "OTEL_", "OPENAI_", "ANTHROPIC_", "DISABLE_AIOHTTP_TRANSPORT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    scripts = str(Path(sys.executable).parent)
    about = {
        "PATH": f"{scripts}{os.pathsep}{kept.get('PATH', '')}",
        "LITELLM_MASTER_KEY": MASTER_KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_TELEMETRY": "False",
        "DISABLE_ADMIN_UI": "True",
    }
    return {**kept, **about, **changes}


@contextmanager
def running(log: Path, environ: Mapping[str, str]) -> Iterator[Proxy]:
    """Start a proxy, wait until it answers, and stop it at the end."""
    port = free_port()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(EXAMPLE / "start.sh"), str(port)], env=dict(environ), stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    proxy = Proxy(f"http://127.0.0.1:{port}", log)
    try:
        _wait(process, proxy)
        yield proxy
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(process: subprocess.Popen[bytes], proxy: Proxy) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise AssertionError(f"the proxy ended with {process.returncode}:\n{proxy.said()[-3000:]}")
        try:
            httpx.get(f"{proxy.url}/health/liveliness", timeout=2).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"the proxy did not come up:\n{proxy.said()[-3000:]}")
