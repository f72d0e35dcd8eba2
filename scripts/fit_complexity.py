"""Finds how the built-in classifier tells complexity: prints the numbers that `taskroute/learned/hardness.py` holds, and how good they are.

    python scripts/fit_complexity.py             # seconds
    python scripts/fit_complexity.py --models    # and how far complexity goes with models' mistakes, in the packs

It learns from `classifier_data/complexities.py` and the prompts of the tests that the word lists were tuned on, and is measured on these
by leaving tenths out, and on the prompts of the tests that are kept out.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import spearmanr

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src"), str(ROOT / "scripts")]

from benchmarks.quality.packs import folder, lines  # noqa: E402
from classifier_data.complexities import JUDGED  # noqa: E402
from tests.signals.more_prompts import COMPLEX  # noqa: E402

from taskroute.learned.hardness import Levels, how_hard, likely, measures  # noqa: E402
from taskroute.learned.request import read_prompt  # noqa: E402
from taskroute.taxonomy import COMPLEXITIES  # noqa: E402

Floats = NDArray[np.float64]
PENALTY: Final = 0.02


def read(texts: list[str]) -> Floats:
    """Return what is measured of each text."""
    return np.array([measures(read_prompt(text)) for text in texts])


def fit(rows: Floats, levels: NDArray[Any]) -> Levels:
    """Return the ordinal logistic regression of the levels on the rows."""

    def loss(flat: Floats) -> float:
        found = _levels(flat)
        chances = np.array([likely(found, *row) for row in rows])[np.arange(len(rows)), levels]
        return float(-np.log(np.maximum(chances, 1e-9)).mean() + PENALTY * (found.points**2 + found.length**2))

    return _levels(np.asarray(minimize(loss, [1.0, 1.0, 3.0, 1.0], method="BFGS").x))


def _levels(flat: Floats) -> Levels:
    return Levels(float(flat[0]), float(flat[1]), float(flat[2]), float(flat[2] + np.exp(flat[3])))


def told(name: str, chances: Floats, levels: NDArray[Any]) -> None:
    """Print how often the likeliest level is right, beside how sure it was."""
    sure, right = chances.max(axis=1), chances.argmax(axis=1) == levels
    bins = []
    for low, high in ((0.0, 0.6), (0.6, 0.7), (0.7, 0.85), (0.85, 1.01)):
        here = (sure >= low) & (sure < high)
        if here.any():
            bins.append(f"{sure[here].mean():.2f} → {right[here].mean():.2f} of {here.sum()}")
    print(f"{name}: {right.mean():.3f} right of {len(levels)}, confidence {sure.mean():.3f}; confidence → right: {'; '.join(bins)}")


def learned() -> None:
    """Print the numbers and how good they are."""
    known = [*JUDGED, *((prompt.text, str(prompt.task)) for prompt in COMPLEX if not prompt.held_out)]
    rows = read([text for text, _ in known])
    levels = np.array([COMPLEXITIES.index(level) for _, level in known])
    found = fit(rows, levels)
    print(Levels(*(round(number, 2) for number in found)))
    fold = np.random.default_rng(0).permutation(len(known)) % 10
    chances = np.zeros((len(known), 3))
    for part in range(10):
        parted = fit(rows[fold != part], levels[fold != part])
        chances[fold == part] = [likely(parted, *row) for row in rows[fold == part]]
    told("tenths left out", chances, levels)
    out = [(prompt.text, COMPLEXITIES.index(str(prompt.task))) for prompt in COMPLEX if prompt.held_out]
    told(
        "tests, kept out",
        np.array([likely(found, *row) for row in read([text for text, _ in out])]),
        np.array([level for _, level in out]),
    )


def mistakes() -> Iterator[tuple[str, str, float]]:
    """Yield benchmarks and prompts with the share of models that were wrong, of RouteLLM's pair the weak one."""
    for row in lines(folder() / "llmrouter_9models.jsonl.gz"):
        yield f"llmrouter:{row['t']}", row["p"], 1.0 - float(np.mean([float(score) for score in row["q"]]))
    for row in lines(folder() / "mmlupro_12models.jsonl.gz"):
        yield "mmlupro", row["p"], 1.0 - float(np.mean([int(score) for score in row["q"] if score in "01"]))
    for name in ("routellm_gsm8k", "routellm_mmlu"):
        for row in lines(folder() / f"{name}.jsonl.gz"):
            yield name, row["p"], 1.0 - float(row["w"])


def models() -> None:
    """Print, for every benchmark, how far the complexity goes with the share of models that were wrong."""
    by_source: dict[str, list[tuple[float, str, float]]] = defaultdict(list)
    for source, text, wrong in mistakes():
        prompt = read_prompt(text)
        points, length = measures(prompt)
        by_source[source].append((points + length, how_hard(prompt)[0], wrong))
    print("| benchmark | n | wrong | rank correlation | low: wrong | medium: wrong | high: wrong |\n|---|---|---|---|---|---|---|")
    for source, found in by_source.items():
        wrong = [row[2] for row in found]
        by_level = [[row[2] for row in found if row[1] == level] for level in COMPLEXITIES]
        each = " | ".join(f"{np.mean(shares):.2f} of {len(shares)}" if shares else "-" for shares in by_level)
        print(
            f"| {source} | {len(found)} | {np.mean(wrong):.2f} | {spearmanr([row[0] for row in found], wrong)[0]:.2f} | {each} |",
            flush=True,
        )


def main() -> int:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", action="store_true")
    options = parser.parse_args()
    learned()
    if options.models:
        models()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
