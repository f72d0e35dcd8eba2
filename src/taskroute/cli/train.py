"""`taskroute train`: from scores to what a policy chooses by."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from taskroute.cli.files import check_free, check_place, write_file
from taskroute.cli.needs import check_seed, need
from taskroute.cli.output import print_json, print_wrapped
from taskroute.cli.policies import CommandError, find_policy
from taskroute.cli.progress import progress
from taskroute.cli.under_policy import Known, under_policy, without_policy
from taskroute.clock import SystemClock
from taskroute.known_quality import TABLE, prompts_beside
from taskroute.policy.schema import Policy

if TYPE_CHECKING:
    from taskroute.learning.columns import Row
    from taskroute.learning.files import Data
    from taskroute.learning.train import Trained
    from taskroute.learning.validate import Held

_FILES: Final = "JSON lines, CSV or Parquet of scores: prompt or task, model, score"


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command: argparse.ArgumentParser = commands.add_parser(
        "train",
        help="learn from scores which model is good at what",
        description="Learn from scores which model is good at what, and say by cross-validation what routing by it brings. Exit status 1: "
        "with --require-gain, it brings nothing.",
    )
    command.add_argument("data", metavar="DATA", nargs="*", help=_FILES)
    command.add_argument(
        "--feedback", metavar="F", action="append", default=[], help="a policy whose 'feedback' kept scores, or its folder"
    )
    command.add_argument(
        "--policy",
        metavar="P",
        help="the policy that will use it: its models are the only ones, its tasks have groups, its classifier tells tasks that the "
        "data does not, its prices what tokens cost",
    )
    command.add_argument("-o", "--output", metavar="FILE", help="write what was learned to this file, such as quality.json")
    command.add_argument("--force", action="store_true", help="write over a file that exists")
    command.add_argument("--require-gain", action="store_true", help="exit with 1 where routing is not better than the best model alone")
    command.add_argument("--no-words", action="store_true", help="do not learn from the words of prompts, which takes most of the time")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="of the folds (default: 0)")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read scores, learn from them, write that down and report."""
    need("learn", "numpy", "scipy")
    if not arguments.data and not arguments.feedback:
        raise CommandError("no scores are given; give files of scores, or --feedback with a policy that kept some")
    check_seed(arguments.seed)
    if arguments.output is not None:
        check_place(arguments.output)
        if not arguments.force:
            check_free(arguments.output, prompts_beside(Path(arguments.output)))
    policy = find_policy(arguments.policy).policy if arguments.policy else None
    data = _read(arguments, policy)
    known = without_policy(data) if policy is None else under_policy(data, policy)
    data = known.data
    trained = _trained(known, policy, arguments)
    files = _Files([], []) if arguments.output is None else _write(trained, arguments.output, force=arguments.force)
    if arguments.json:
        print_json({**_as_json(trained), "scores": data.scores, "notes": list(data.notes), **files._asdict()})
    else:
        print_wrapped("\n".join((trained.report.text(), *data.notes)), indent="")
        print(f"\nwritten to {', '.join(files.written)}" if files.written else "\nnothing is written; give -o quality.json to keep it")
        for file in files.removed:
            print(f"removed {file}: it was written with an earlier table")
    return 1 if arguments.require_gain and not trained.report.gain else 0


def _read(arguments: argparse.Namespace, policy: Policy | None) -> Data:
    from taskroute.learning.feedback_rows import read_feedback
    from taskroute.learning.files import as_data, read_rows
    from taskroute.learning.gather import gather
    from taskroute.learning.left_out import LeftOut

    left_out = LeftOut()
    models = None if policy is None else tuple(policy.models)
    told = [read_feedback(source, os.environ, models=models) for source in arguments.feedback]
    with progress("reading") as seen:
        rows: Iterator[Row] = chain(
            read_rows(arguments.data, models=models, progress=seen, left_out=left_out), *(each.rows for each in told)
        )
        gathered, sources = gather(rows), (*arguments.data, *arguments.feedback)
        data = as_data(gathered, ", ".join(sources))
    notes = (*gathered.came_from(sources), *data.notes, *left_out.notes(), *(note for each in told for note in each.notes))
    return data._replace(notes=notes)


def _trained(known: Known, policy: Policy | None, arguments: argparse.Namespace) -> Trained:
    from taskroute.learning.text_model import fit_prompts
    from taskroute.learning.train import train

    groups: dict[str, str] = {}
    if policy is not None:
        groups = {name: task.group for name, task in policy.tasks.items() if task.group is not None}
    with progress("training") as seen:
        return train(
            known.data.labels,
            groups=groups,
            priors=known.priors,
            min_labels=30 if policy is None else policy.quality.min_labels,
            fit_prompts=None if arguments.no_words else fit_prompts,
            read_tasks=known.tells_tasks,
            seed=arguments.seed,
            trained_at=datetime.fromtimestamp(SystemClock().time(), UTC).isoformat(timespec="seconds"),
            progress=seen,
        )


class _Files(NamedTuple):
    """Names of files."""

    written: list[str]
    removed: list[str]
    """Those that stood beside the written ones and do not go with them."""


def _write(trained: Trained, output: str, *, force: bool) -> _Files:
    """Write down what was learned, and return the files that this changed."""
    from taskroute.learned.arrays import write_arrays
    from taskroute.learned.predictor import Predictor
    from taskroute.quality.text import dump

    beside, prompts = prompts_beside(Path(output)), trained.prompts
    write_file(output, dump(trained.table), force=force)
    try:
        if not isinstance(prompts, Predictor):
            # What an earlier training learned of prompts does not belong to this table.
            is_old = os.path.lexists(beside)
            beside.unlink(missing_ok=True)
            return _Files([output], [str(beside)] if is_old else [])
        arrays, meta = prompts.arrays()
        write_arrays(beside, arrays, {**meta, TABLE: trained.table.version})
    except OSError as error:
        raise CommandError(f"{beside}: cannot be written: {error.strerror or error}") from None
    return _Files([output, str(beside)], [])


def _as_json(trained: Trained) -> dict[str, Any]:
    """Return the report for programs."""
    report = trained.report
    return {
        "version": trained.table.version,
        "gain": report.gain,
        "best": report.best,
        "prompts": report.prompts,
        "labels": report.labels,
        "models": [{"model": model, "labels": labels, "mean": mean} for model, labels, mean in report.by_model],
        "held": [_held(each) for each in report.held],
        "thin": dict(report.thin),
        "findings": list(report.findings),
        "words": trained.prompts is not None,
    }


def _held(held: Held) -> dict[str, Any]:
    """Return one way to route; intervals become mappings, and so does what it has over others, by their names."""
    over = {name: _intervals(apart._asdict()) for name, apart in held.over}
    return {**_intervals(held._asdict()), "over": over}


def _intervals(values: dict[str, Any]) -> dict[str, Any]:
    """Return values for JSON; NaN is unknown, and none."""
    from taskroute.learning.bootstrap import Interval

    known = {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()}
    return {name: value._asdict() if isinstance(value, Interval) else value for name, value in known.items()}
