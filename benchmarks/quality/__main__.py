"""`python -m benchmarks.quality`: measure how well models are chosen, and print the tables with the aims beside."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Final

from benchmarks.quality import curve, pair_tables, pool_tables
from benchmarks.quality.aims import verdicts
from benchmarks.quality.packs import NoPacks, folder, load
from benchmarks.quality.pair_tables import QUICK, Effort
from benchmarks.quality.tables import Section, as_data, as_markdown, as_text
from benchmarks.quality.text import Likeness
from taskroute.learned.builtin import BuiltinClassifier
from taskroute.learning.methods import Remembered
from taskroute.learning.text_model import fit_prompts

CURVE: Final = "curve"
NAMES: Final = ("mmlupro", CURVE, "routellm-mmlu", "llmrouter", "routellm-gsm8k")
"""The longest first, so that two processes end at about the same time."""


def measured(name: str, effort: Effort, at: Path) -> Iterator[Section]:
    """Yield what is measured on a pack of that folder, or the learning curve on two of them."""
    if name == CURVE:
        words = Remembered(fit_prompts)
        yield curve.of_pool(load("llmrouter", at=at), effort, words=words, classifier=BuiltinClassifier())
        yield curve.of_pair(load("routellm-mmlu", at=at), effort, words=words)
        return
    pack, likeness, words = load(name, at=at), Likeness(), Remembered(fit_prompts)
    made = (
        pair_tables.sections(pack, effort, likeness=likeness, words=words, classifier=BuiltinClassifier())
        if name.startswith("routellm")
        else pool_tables.sections(pack, effort, likeness=likeness, words=words)
    )
    for section in made:
        yield section
        words.forget()


def whole(name: str, effort: Effort, at: Path) -> tuple[Section, ...]:
    """Return all of it, as another process hands it over."""
    return tuple(measured(name, effort, at))


def every(names: tuple[str, ...], effort: Effort, *, jobs: int) -> Iterator[Section]:
    """Yield each section when it is ready; of several processes, when its pack is."""
    at = folder()
    if jobs == 1:
        yield from (section for name in names for section in measured(name, effort, at))
        return
    with ProcessPoolExecutor(jobs) as pool:
        for done in as_completed([pool.submit(whole, name, effort, at) for name in names]):
            yield from done.result()


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description="Measure how well models are chosen.")
    parser.add_argument("--quick", action="store_true", help="few rows and repeats: says that it works, not how well")
    parser.add_argument("--only", action="append", choices=NAMES, metavar="NAME", help=f"one of {', '.join(NAMES)}; may be repeated")
    parser.add_argument("--jobs", type=int, default=1, help="packs to measure at the same time")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the tables and the figures to a file too")
    options = parser.parse_args(arguments)
    shown = as_markdown if options.markdown else as_text
    found: list[Section] = []
    try:
        for section in every(tuple(options.only or NAMES), QUICK if options.quick else Effort(), jobs=options.jobs):
            print("\n\n".join(map(shown, section.tables)) + "\n", flush=True)
            found.append(section)
    except NoPacks as error:
        sys.exit(str(error))
    verdict = verdicts([figure for section in found for figure in section.figures])
    if verdict is not None:
        print(shown(verdict))
        found.append(Section((verdict,), ()))
    if options.json:
        options.json.write_text(json.dumps([as_data(section) for section in found], indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
