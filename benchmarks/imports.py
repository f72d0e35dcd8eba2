"""What imports cost: time, processor time, memory and modules, each in a process of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.measure import Spread

_DECIDE = """
from taskroute import Call, Router
router = Router({"models": {"small": {"model": "bench:small"}}, "default": ["small"]}, environ={})
router.decide(Call("hello"))
"""

CONTENDERS = {
    "taskroute": "import taskroute",
    "taskroute, Router, decide": _DECIDE,
    "langchain_core": "import langchain_core",
    "langchain_core.language_models.chat_models": "import langchain_core.language_models.chat_models",
    "taskroute_langchain": "import taskroute_langchain",
    "litellm": "import litellm",
}
PEER = "langchain_core.language_models.chat_models"

_PROBE = """
import json, resource, sys, time
# ru_maxrss is in bytes on macOS and in kibibytes elsewhere.
unit = 1 if sys.platform == "darwin" else 1024
memory = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
modules, before, wall, cpu = len(sys.modules), memory(), time.perf_counter(), time.process_time()
exec(sys.argv[1])
print(json.dumps({
    "cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall,
    "memory": memory() - before, "modules": len(sys.modules) - modules,
}))
"""


@dataclass(frozen=True, slots=True)
class Import:
    """What an import cost in fresh processes."""

    name: str
    cpu: Spread
    """Milliseconds of processor time."""
    wall: Spread
    memory: float
    """Mebibytes that the process grew by, at its largest."""
    modules: int
    ratio: float
    """Processor time against the peer's."""


def imports(*, quick: bool = False) -> tuple[Import, ...]:
    """Return what each import costs: every contender in turns, each time in a fresh process."""
    names = [name for name in CONTENDERS if name != "litellm"] if quick else list(CONTENDERS)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    # The first turn writes the byte code of whatever was never imported, and is not counted.
    for turn in range(1 if quick else 10):
        for name in names:
            measured = _measured(CONTENDERS[name])
            if turn or quick:
                found[name].append(measured)
    peer = statistics.median(run["cpu"] for run in found[PEER])
    return tuple(_row(name, runs, peer) for name, runs in found.items())


def _row(name: str, runs: list[dict[str, float]], peer: float) -> Import:
    cpu = Spread.of([run["cpu"] * 1e3 for run in runs])
    memory = statistics.median(run["memory"] for run in runs) / 2**20
    modules = int(statistics.median(run["modules"] for run in runs))
    return Import(name, cpu, Spread.of([run["wall"] * 1e3 for run in runs]), memory, modules, cpu.median / (peer * 1e3))


def _measured(code: str) -> dict[str, float]:
    # A path that this process was given by hand reaches the new one through the environment alone.
    path = os.pathsep.join(entry for entry in sys.path if entry)
    environ = {**os.environ, "PYTHONPATH": path, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", _PROBE, code], env=environ, capture_output=True, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def as_text(rows: tuple[Import, ...]) -> str:
    """Return the table for people."""
    width = max(len(row.name) for row in rows)
    lines = [
        f"imports, each in a fresh process  (milliseconds; peer: {PEER})",
        f"  {'':{width}}  {'CPU':>7}  {'quartiles':>13}  {'wall':>7}  {'memory':>9}  {'modules':>7}  {'× peer':>7}",
    ]
    for row in rows:
        quartiles = f"{row.cpu.low:.0f}–{row.cpu.high:.0f}"
        lines.append(
            f"  {row.name:{width}}  {row.cpu.median:7.0f}  {quartiles:>13}  {row.wall.median:7.0f}  {row.memory:5.1f} MiB  {row.modules:7}  {row.ratio:7.2f}"
        )
    return "\n".join(lines)


def as_data(rows: tuple[Import, ...]) -> list[dict[str, Any]]:
    """Return the rows as JSON values."""
    return [asdict(row) for row in rows]
