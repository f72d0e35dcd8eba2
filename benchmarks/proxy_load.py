"""`python -m benchmarks.proxy_load`: many requests at once through LiteLLM's proxy, one in ten into a fault, with taskroute and without.

Needs LiteLLM with its proxy, which has an environment of its own: `make bench` runs it there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import httpx
from tests.emulator import Emulator, Fault, Say
from tests.emulator.script import Asked, Reply
from tests.litellm_proxy.running import MASTER_KEY, Proxy, environment, running

from benchmarks.measure import Spread

SMALL: Final = "m-small"
LARGE: Final = "m-large"
EXCLUDED: Final = "m-excluded"
EVERY: Final = 10
"""One request of so many meets a fault."""
_FAULTS: Final[Sequence[Fault]] = (Fault("server_error"), Fault("rate_limit", retry_after=20), Fault("unavailable"), Fault("overloaded"))
_NUMBER: Final = re.compile(r"call (\d+)")
_PATIENCE: Final = 180.0
_WAYS: Final = ("without taskroute", "with taskroute", "with taskroute, 10 % faults")

_CONFIG: Final = """
model_list:
  - {{model_name: small, litellm_params: {{model: openai/m-small, api_base: "{url}", api_key: none, max_retries: 0}}}}
  - {{model_name: large, litellm_params: {{model: openai/m-large, api_base: "{url}", api_key: none, max_retries: 0}}}}
  - {{model_name: excluded, litellm_params: {{model: openai/m-excluded, api_base: "{url}", api_key: none, max_retries: 0}}}}
router_settings: {{model_group_alias: {{auto: small}}, num_retries: 0, disable_cooldowns: true, default_fallbacks: [excluded]}}
litellm_settings: {{callbacks: [{callbacks}]}}
general_settings: {{master_key: os.environ/LITELLM_MASTER_KEY}}
"""
_POLICY: Final = """
models: {small: "openai:m-small", large: "openai:m-large"}
default: [small, large]
routes: [{name: cheap, when: {stage: rerank}, use: small}]
breaker: none
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One load: how the requests ended, and how long they took."""

    name: str
    requests: int
    answered: dict[str, int]
    """Whole answers of its own, by the model that gave it."""
    wrong: int
    """Anything else that came with status 200."""
    failed: int
    lost: int
    seconds: Spread
    p50: float
    p99: float


def prompt(number: int) -> str:
    """Return a request's own prompt."""
    return f"This is call {number:05}."


def _say(asked: Asked) -> Say:
    return Say(f"{asked.model} answers {int(_NUMBER.findall(asked.prompt)[-1]):05}")


def _reply(asked: Asked) -> Reply:
    number = int(_NUMBER.findall(asked.prompt)[-1])
    return _say(asked) if number % EVERY else _FAULTS[number // EVERY % len(_FAULTS)]


def _serve(pipe: Connection) -> None:
    with Emulator().running() as emulator:
        pipe.send(emulator.url)
        while (order := pipe.recv()) is not None:
            emulator.reset()
            emulator.by(SMALL, _reply if order == "faulty" else _say).by(LARGE, _say).by(EXCLUDED, _say)
            pipe.send(None)


@contextmanager
def _upstream() -> Iterator[tuple[str, Connection]]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"{ours.recv()}/v1", ours
    finally:
        ours.send(None)
        process.join(10)
        process.kill()


def _ask(pipe: Connection, how: str) -> None:
    pipe.send(how)
    pipe.recv()


async def _load(proxy: Proxy, requests: int) -> list[tuple[int, float, str | None]]:
    """Make all requests at once, every second one a stream; return for each its number, seconds, and text (None for an error)."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    headers = {"authorization": f"Bearer {MASTER_KEY}", "x-taskroute-stage": "rerank"}
    ended: list[tuple[int, float, str | None]] = []
    async with httpx.AsyncClient(base_url=proxy.url, headers=headers, limits=limits, timeout=_PATIENCE) as client:

        async def one(number: int) -> None:
            began, text = time.perf_counter(), None
            body = {"model": "auto", "messages": [{"role": "user", "content": prompt(number)}], "stream": number % 2 == 1}
            response = await client.post("/v1/chat/completions", json=body)
            if response.status_code == 200:
                text = _streamed(response.text) if body["stream"] else response.json()["choices"][0]["message"]["content"]
            ended.append((number, time.perf_counter() - began, text))

        await asyncio.gather(*(one(number) for number in range(requests)), return_exceptions=True)
    return ended


def _streamed(text: str) -> str:
    chunks = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk.get("choices") or ())


def _row(name: str, requests: int, runs: Sequence[Sequence[tuple[int, float, str | None]]]) -> Row:
    ended = [one for run in runs for one in run]
    seconds = sorted(took for _, took, _ in ended)
    answered: Counter[str] = Counter()
    wrong = failed = 0
    for number, _, text in ended:
        who = None if text is None else text.split(" ", 1)[0]
        if text is None:
            failed += 1
        elif text == f"{who} answers {number:05}":
            answered[str(who)] += 1
        else:
            wrong += 1
    lost = sum(Counter(number for number, _, _ in run)[number] != 1 for run in runs for number in range(requests))
    return Row(name, requests * len(runs), dict(answered), wrong, failed, lost, Spread.of(seconds), _at(seconds, 50), _at(seconds, 99))


def _at(ordered: Sequence[float], percent: int) -> float:
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def measure(*, quick: bool = False) -> list[Row]:
    """Return a row for the proxy without taskroute, with it, and with it where one request of ten meets a fault."""
    requests, rounds = (20, 1) if quick else (500, 3)
    found: dict[str, list[Any]] = {name: [] for name in _WAYS}
    with _upstream() as (url, pipe), tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        plain = stack.enter_context(_proxy(Path(folder), "plain", url, callbacks=""))
        routed = stack.enter_context(_proxy(Path(folder), "routed", url, callbacks="taskroute_litellm.proxy_hook"))
        for turn in range(-1, rounds):
            ways = list(zip(_WAYS, (plain, routed, routed), strict=True))
            # Whoever goes first goes last another time.
            for name, proxy in ways if turn % 2 == 0 else reversed(ways):
                _ask(pipe, "faulty" if "faults" in name else "healthy")
                ended = asyncio.run(_load(proxy, requests))
                if turn >= 0:  # the first one opens connections and fills caches
                    found[name].append(ended)
    return [_row(name, requests, runs) for name, runs in found.items()]


@contextmanager
def _proxy(folder: Path, name: str, url: str, *, callbacks: str) -> Iterator[Proxy]:
    config, policy = folder / f"{name}.yaml", folder / "taskroute.yaml"
    config.write_text(_CONFIG.format(url=url, callbacks=callbacks))
    policy.write_text(_POLICY)
    environ = environment(LITELLM_CONFIG=str(config), TASKROUTE_POLICY=str(policy))
    with running(folder / f"{name}.log", environ) as proxy:
        yield proxy


def as_text(rows: Sequence[Row]) -> str:
    """Return the rows for people; what taskroute adds is told against the first."""
    first, width = rows[0], max(len(row.name) for row in rows)
    lines = [f"LiteLLM's proxy, {first.requests} requests, all of a round at once  (seconds)"]
    for row in rows:
        answered = ", ".join(f"{model} {count}" for model, count in sorted(row.answered.items()))
        added = "" if row is first else f"  added p50 {row.p50 - first.p50:+.2f}, p99 {row.p99 - first.p99:+.2f}"
        accounted = row.wrong == row.failed == row.lost == 0 and EXCLUDED not in row.answered
        ended = f"answered by {answered}" + (
            "" if accounted else f"; NOT AS IT MUST BE: wrong {row.wrong}, failed {row.failed}, lost {row.lost}"
        )
        lines.append(f"  {row.name:{width}}  p50 {row.p50:6.2f}  p99 {row.p99:6.2f}{added}\n  {'':{width}}  {ended}")
    return "\n".join(lines)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proxy_load", description="Many requests at once through LiteLLM's proxy.")
    parser.add_argument("--quick", action="store_true", help="few requests: says that it works, not how fast")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to a file too")
    options = parser.parse_args()
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    rows = measure(quick=options.quick)
    print(as_text(rows))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
