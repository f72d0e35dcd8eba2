"""The packs: scores of models on public prompts, read from files, as tables of the library's own kind.

They are looked for in the folder that `TASKROUTE_BENCH_DATA` names, else in `../shared/bench` beside the checkout. Where neither is,
`python -m benchmarks.quality.rebuild FOLDER` makes them from the public sources.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.learning.rows import Labels, labels

VARIABLE: Final = "TASKROUTE_BENCH_DATA"
Floats = NDArray[np.float64]

LLMROUTER_PRICES: Final = {
    "llama3-chatqa-1.5-8b": 0.2,
    "qwen2.5-7b-instruct": 0.2,
    "llama3-chatqa-1.5-70b": 0.9,
    "llama-3.1-nemotron-51b-instruct": 0.9,
    "mistral-7b-instruct-v0.3": 0.2,
    "gemma-2-9b-it": 0.1,
    "llama-3.1-8b-instruct": 0.2,
    "codegemma-7b": 0.2,
    "llama-3.3-nemotron-super-49b-v1": 0.9,
}
"""USD per million tokens, in and out."""

MMLUPRO_PRICES: Final = {
    "gpt-4o-2024-05-13": (5.0, 15.0),
    "gemini-1.5-pro-002": (1.25, 5.0),
    "gemini-1.5-flash-002": (0.075, 0.3),
    "Llama-3.1-70B-Instruct": (0.88, 0.88),
    "Llama-3.1-8B-Instruct": (0.18, 0.18),
    "jamba-1.5-large": (2.0, 8.0),
    "Qwen1.5-72B-Chat": (0.9, 0.9),
    "Mixtral-8x7B-Instruct-v0.1": (0.6, 0.6),
    "c4ai-command-r-v01": (0.5, 1.5),
    "Mistral-7B-Instruct-v0.2": (0.2, 0.2),
    "Phi-3-mini-4k-instruct": (0.1, 0.1),
    "mathstral-7B": (0.2, 0.2),
}
"""USD per million tokens: in, out."""


class Pack(NamedTuple):
    """A table of scores with what its models charge."""

    name: str
    labels: Labels
    input_prices: Floats
    """Currency for one token read, by model; NaN where the cost is the strong model's share of calls."""
    output_prices: Floats
    left_out: int
    """Rows that were left out because a model has no score."""

    def take(self, rows: NDArray[np.intp]) -> Pack:
        """Return these rows as a pack of their own."""
        return self._replace(labels=self.labels.take(rows))


class NoPacks(Exception):
    """No folder holds the packs."""


def folder() -> Path:
    """Return the folder of the packs, or raise `NoPacks` with what to do."""
    named = os.environ.get(VARIABLE)
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "bench"
    for path in (Path(named),) if named else (beside,):
        if path.is_dir():
            return path
    raise NoPacks(f"no packs in {named or str(beside)!r}; set {VARIABLE}, or make them with `python -m benchmarks.quality.rebuild FOLDER`")


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a gzipped file of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def routellm(name: str, path: Path) -> Pack:
    """Return a pack of RouteLLM: Mixtral-8x7B (weak) and GPT-4-1106 (strong), right or wrong. A call's cost is 1 for the strong one."""
    rows = list(lines(path))
    scores = np.array([[row["w"], row["s"]] for row in rows], dtype=np.float64)
    unknown = np.full(2, np.nan)
    table = labels(
        ("mixtral-8x7b", "gpt-4-1106"),
        scores,
        prompts=tuple(row["p"] for row in rows),
        tasks=tuple(row.get("t") for row in rows),
        costs=np.tile([0.0, 1.0], (len(rows), 1)),
        input_tokens=np.array([len(row["p"]) / 4 for row in rows]),
    )
    return Pack(name, table, unknown, unknown, 0)


def llmrouter(path: Path) -> Pack:
    """Return LLMRouter-9. A call costs the price of a quarter of the prompt's characters and 150 more tokens."""
    rows = list(lines(path))
    prices = np.array(list(LLMROUTER_PRICES.values())) / 1e6
    read = np.array([len(row["p"]) / 4 for row in rows])
    written = np.full((len(rows), prices.size), 150.0)
    table = labels(
        tuple(LLMROUTER_PRICES),
        np.array([row["q"] for row in rows], dtype=np.float64),
        prompts=tuple(row["p"] for row in rows),
        tasks=tuple(row["t"] for row in rows),
        costs=(read[:, None] + written) * prices,
        input_tokens=read,
        output_tokens=written,
    )
    return Pack("llmrouter", table, prices, prices, 0)


def mmlupro(path: Path) -> Pack:
    """Return MMLU-Pro-12, without the rows in which a model has no score. 40 tokens are added to a quarter of the prompt's characters."""
    every = list(lines(path))
    rows = [row for row in every if "-" not in row["q"]]
    prices = np.array(list(MMLUPRO_PRICES.values())) / 1e6
    read = np.array([len(row["p"]) / 4 + 40 for row in rows])
    written = np.array([row["o"] for row in rows], dtype=np.float64) / 4
    table = labels(
        tuple(MMLUPRO_PRICES),
        np.array([[float(mark) for mark in row["q"]] for row in rows]),
        prompts=tuple(row["p"] for row in rows),
        tasks=tuple(row["t"] for row in rows),
        costs=read[:, None] * prices[:, 0] + written * prices[:, 1],
        input_tokens=read,
        output_tokens=written,
    )
    return Pack("mmlupro", table, prices[:, 0], prices[:, 1], len(every) - len(rows))


def load(name: str, *, at: Path | None = None) -> Pack:
    """Return one of `routellm-mmlu`, `routellm-gsm8k`, `llmrouter`, `mmlupro`."""
    where = at or folder()
    match name:
        case "routellm-mmlu":
            return routellm(name, where / "routellm_mmlu.jsonl.gz")
        case "routellm-gsm8k":
            return routellm(name, where / "routellm_gsm8k.jsonl.gz")
        case "llmrouter":
            return llmrouter(where / "llmrouter_9models.jsonl.gz")
        case "mmlupro":
            return mmlupro(where / "mmlupro_12models.jsonl.gz")
        case _:
            raise ValueError(f"no pack named {name!r}; there are routellm-mmlu, routellm-gsm8k, llmrouter, mmlupro")
