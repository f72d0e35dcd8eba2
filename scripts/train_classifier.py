"""Trains the built-in classifier and writes its weights.

    python scripts/train_classifier.py                       # from our own prompts and the packs
    python scripts/train_classifier.py --without llmrouter    # leaves a pack out

It needs `taskroute[learn]`, half a gigabyte of memory and a few minutes. Packs are found as in the benchmarks; without them it learns from
our own prompts alone. The same data and the same versions of NumPy and SciPy give the same weights.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src"), str(ROOT / "scripts")]

from classifier_data.prompts import Example, own_prompts, pack_prompts  # noqa: E402
from classifier_data.training import train  # noqa: E402

from taskroute.learned.arrays import write_arrays  # noqa: E402
from taskroute.learned.builtin import WEIGHTS  # noqa: E402


def gather(each: int, without: Sequence[str], seed: int) -> list[Example]:
    """Return what is learned from: our own prompts, and those of the packs that are not left out."""
    examples = own_prompts(each, seed)
    return examples + pack_prompts(without, seed)


def main() -> int:
    """Train, write the file, and say what was done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=1000, help="own English prompts of every task")
    parser.add_argument("--temperature", type=float, help="instead of finding it, which takes a second training")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without", action="append", default=[], help="a source to leave out, such as llmrouter:mbpp or clinc150")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    began = time.monotonic()
    examples = gather(options.each, options.without, options.seed)
    print(f"{len(examples)} prompts", flush=True)
    model = train(examples, temperature=options.temperature)
    found = model.arrays()
    write_arrays(options.out, found.arrays, found.meta)
    size = options.out.stat().st_size / 1e6
    made = f"{size:.2f} MB, {len(model.table.ids)} pieces, temperature {model.temperature:.2f}"
    print(f"wrote {options.out} ({made}) in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
