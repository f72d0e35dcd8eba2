"""Ctrl-C, for real: a process that waits for a silent model ends at once, and its observers hear that the call was cancelled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.emulator import Emulator, Hang, Stall

ROOT = Path(__file__).parents[2]
PROGRAM = """
import signal, sys, threading
from taskroute import Router
from taskroute_langchain import RoutedChatModel
from tests.langchain.ways import Outcomes, ask

# A shell starts what it puts in the background with Ctrl-C ignored, and that is inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)
way, url = sys.argv[1:]
seen = Outcomes()
models = {"small": {"model": "openai:slow", "base_url": url}, "large": {"model": "openai:next", "base_url": url}}
router = Router({"models": models, "default": ["small", "large"]}, observers=[seen])
llm = RoutedChatModel(router=router)
try:
    ask(way, llm)
except KeyboardInterrupt:
    print("interrupted", seen.last.status, [t.model for t in seen.last.tries], flush=True)
left = [thread.name for thread in threading.enumerate() if thread.name.startswith("taskroute")]
print("left", left, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to another process there")
@pytest.mark.parametrize("way", ["invoke", "astream"])
def test_ctrl_c_ends_a_call_that_waits(way: str) -> None:
    with Emulator().running() as live:
        live.then(Stall(0, 30) if way not in ("invoke", "ainvoke") else Hang(30))
        environ = {**os.environ, "OPENAI_API_KEY": "none", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, "-c", PROGRAM, way, f"{live.url}/v1"]
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            until = time.monotonic() + 40
            while not live.requests and process.poll() is None and time.monotonic() < until:
                time.sleep(0.05)
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            said, errors = process.communicate(timeout=20)
        finally:
            process.kill()
    assert said.splitlines() == ["interrupted cancelled ['small']", "left []"], errors
    assert len(live.requests) == 1
