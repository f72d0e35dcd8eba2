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
import json, os, sys, time
# Not ru_maxrss: a process starts with that of the one it was forked from.
def memory():
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None
modules, before, wall, cpu = len(sys.modules), memory(), time.perf_counter(), time.process_time()
exec(sys.argv[1])
cpu, wall, after = time.process_time() - cpu, time.perf_counter() - wall, memory()
memory = None if before is None or after is None else after - before
print(json.dumps({"cpu": cpu, "wall": wall, "memory": memory, "modules": len(sys.modules) - modules}))
"""


@dataclass(frozen=True, slots=True)
class Import:
    """What an import cost in fresh processes."""

    name: str
    cpu: Spread
    """Milliseconds of processor time."""
    wall: Spread
    memory: float | None
    """Mebibytes that the resident set grew by; None where the system does not say."""
    modules: int
    ratio: float
    """Processor time against the peer's."""


def imports(*, quick: bool = False) -> tuple[Import, ...]:
    """Return what each import costs: every contender in turns, each time in a fresh process."""
    names = [name for name in CONTENDERS if name != "litellm"] if quick else list(CONTENDERS)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    # The first turn writes the byte code of whatever was never imported, and is not counted.
    for turn in range(1 if quick else 10):
        for name in names:
            measured = _measured(CONTENDERS[name])
            if turn or quick:
                found[name].append(measured)
    peer = statistics.median(run["cpu"] for run in found[PEER])
    return tuple(_row(name, runs, peer) for name, runs in found.items())


def _row(name: str, runs: list[dict[str, Any]], peer: float) -> Import:
    cpu = Spread.of([run["cpu"] * 1e3 for run in runs])
    grown = [run["memory"] for run in runs if run["memory"] is not None]
    memory = statistics.median(grown) / 2**20 if grown else None
    modules = int(statistics.median(run["modules"] for run in runs))
    return Import(name, cpu, Spread.of([run["wall"] * 1e3 for run in runs]), memory, modules, cpu.median / (peer * 1e3))


def _measured(code: str) -> dict[str, Any]:
    # A path that this process was given by hand reaches the new one through the environment alone.
    path = os.pathsep.join(entry for entry in sys.path if entry)
    environ = {**os.environ, "PYTHONPATH": path, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", _PROBE, code], env=environ, capture_output=True, text=True, check=True)
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
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
        memory = "unknown" if row.memory is None else f"{row.memory:.1f} MiB"
        times = f"{row.cpu.median:7.0f}  {quartiles:>13}  {row.wall.median:7.0f}"
        lines.append(f"  {row.name:{width}}  {times}  {memory:>9}  {row.modules:7}  {row.ratio:7.2f}")
    return "\n".join(lines)


def as_data(rows: tuple[Import, ...]) -> list[dict[str, Any]]:
    """Return the rows as JSON values."""
    return [asdict(row) for row in rows]
