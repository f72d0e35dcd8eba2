"""`python -m benchmarks.quality.words PACK [in|out] [LABELS]`: what the words of a prompt bring on one pack, in a few minutes.

`in` holds prompts back, `out` whole tasks. A figure is the mean over the folds, each ranked by itself; `pooled` ranks all of them as
one, as the tables of the benchmark do, so that the folds' own means count, too. With more than two models, the strongest two are each
ranked against all that are weaker, and the mean is told.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Final

import numpy as np

from benchmarks.quality.contenders import Floats
from benchmarks.quality.ours import contenders
from benchmarks.quality.packs import Pack, load
from benchmarks.quality.pairs import Setting, folds_of
from taskroute.learning import curves
from taskroute.learning.folds import Fold, Rows
from taskroute.learning.methods import Remembered
from taskroute.learning.rows import Labels
from taskroute.learning.text_model import USUAL, Effort, fit_prompt_model
from taskroute.ports import PromptQuality

_STRONGEST: Final = 2
_LEAST_GAP: Final = 0.02
"""Mean scores that are nearer than this make no pair of a weak and a strong model."""


def pairs(labels: Labels) -> Iterator[tuple[int, int]]:
    """Yield the columns of a weak and a strong model."""
    means = labels.scores.mean(axis=0)
    order = np.argsort(means)
    for strong in order[-_STRONGEST if means.size > _STRONGEST else -1 :]:
        yield from ((int(weak), int(strong)) for weak in order if means[weak] < means[strong] - _LEAST_GAP)


def apgr(labels: Labels, expected: Floats, rows: Rows) -> float:
    """Return the mean APGR of all pairs on these rows."""
    scores, expected = labels.scores[rows], expected[rows]
    return float(np.mean([curves.apgr(expected[:, s] - expected[:, w], scores[:, w], scores[:, s]) for w, s in pairs(labels)]))


def fitted(labels: Labels, effort: Effort) -> PromptQuality | None:
    """Learn from prompts, and say what it took and what it is to bring."""
    began = time.process_time()
    found = fit_prompt_model(labels, effort=effort)
    told = [f"{gain.mean:.4f}±{gain.error:.4f} ({gain.share:.2f})" if gain else "-" for gain in (found.read, found.told)]
    print(f"  {labels.size} rows in {time.process_time() - began:.1f} s; gain read {told[0]}, told {told[1]}", flush=True)
    return found.predictor


def measured(pack: Pack, folds: tuple[Fold, ...], effort: Effort, *, tagged: bool) -> None:
    """Print what each way to route reaches."""
    remembered = Remembered(lambda labels: fitted(labels, effort))
    for one in contenders(remembered, tagged=tagged):
        if tagged and one.who.tags == "none":
            continue
        began = time.process_time()
        expected = np.full(pack.labels.scores.shape, np.nan)
        for fold in folds:
            expected[fold.test] = one.predict(pack.labels, fold, seed=0)
        by_fold = [apgr(pack.labels, expected, fold.test) for fold in folds]
        held = np.concatenate([fold.test for fold in folds])
        took = (time.process_time() - began) / held.size * 1e6
        figures = f"by fold {np.mean(by_fold):.4f}  pooled {apgr(pack.labels, expected, held):.4f}"
        print(f"{pack.name:15s} {one.who.name:16s} {one.who.tags:9s} {figures}  ({took:.0f} µs a prompt, with learning)", flush=True)


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", choices=("routellm-mmlu", "routellm-gsm8k", "llmrouter", "mmlupro"))
    parser.add_argument("held", choices=("in", "out"), nargs="?", default="in")
    parser.add_argument("labels", type=int, nargs="?", help="how many to learn from; all without it")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--landmarks", type=int, default=USUAL.landmarks)
    parser.add_argument("--only", type=int, help="so many of the folds")
    options = parser.parse_args()
    pack = load(options.pack)
    setting = Setting(
        pack.name, held="tasks" if options.held == "out" else "prompts", labels=options.labels, repeats=1, folds=options.folds
    )
    measured(
        pack,
        folds_of(pack, setting, seed=options.seed)[0][: options.only],
        USUAL._replace(landmarks=options.landmarks),
        tagged=len(set(pack.labels.tasks)) > 1,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
