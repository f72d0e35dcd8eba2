"""`taskroute compare`: what a policy's choices cost and how good they are, beside simpler ways of choosing."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskroute.cli.files import check_free, check_place, write_file
from taskroute.cli.needs import check_seed, need
from taskroute.cli.output import money, print_json, print_pairs, print_table, print_title, print_wrapped, say_warning
from taskroute.cli.policies import CommandError, Found, described, find_policy
from taskroute.cli.progress import progress
from taskroute.known_quality import table_in, why_unreadable
from taskroute.policy.schema import Policy
from taskroute.router import Router
from taskroute.stores.memory import MemoryStore
from taskroute.variables import from_environment

if TYPE_CHECKING:
    from taskroute.learning.bootstrap import Interval
    from taskroute.learning.compare import Comparison, Standing

_LEARNED = "the policy's quality table counts as it is: believe this only of scores that it was not trained on"
_IDLE = "the policy's quality table changes nothing: no route has 'choose'"


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command: argparse.ArgumentParser = commands.add_parser(
        "compare",
        help="compare a policy with simpler ways of choosing, on scored prompts",
        description="Compare what a policy would choose for scored prompts with simpler ways of choosing: cost against quality. No "
        "model is called.",
    )
    command.add_argument("data", metavar="DATA", nargs="+", help="JSON lines, CSV or Parquet of scores, as 'taskroute train' takes them")
    command.add_argument("--policy", metavar="P", help="the policy file (default: taskroute.yaml here)")
    command.add_argument("--quality", metavar="F", help="use this quality table in the place of the policy's")
    command.add_argument("--no-tags", action="store_true", help="do not tell the policy the tasks and stages of the data")
    command.add_argument("--plot", metavar="FILE", help="write a picture to this file: .svg or .png")
    command.add_argument("--force", action="store_true", help="write over a picture that exists")
    command.add_argument("--draws", type=int, default=1000, metavar="N", help="of the bootstrap (default: 1000)")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="of folds and bootstrap (default: 0)")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read scores, decide for each prompt, and show how that compares."""
    need("learn", "numpy")
    if arguments.plot:
        _check_picture(arguments.plot, force=arguments.force)
    if arguments.draws < 1:
        raise CommandError(f"--draws {arguments.draws} leaves no interval; give 1 or more")
    check_seed(arguments.seed)
    found = find_policy(arguments.policy)
    policy = _with_quality(found.policy, arguments.quality)
    comparison = _compared(arguments, policy)
    if arguments.json:
        print_json({"policy": {"file": found.name, "shipped": found.shipped, "version": policy.fingerprint}, **_as_json(comparison)})
    else:
        _show(comparison, found)
    if arguments.plot:
        _draw(comparison, arguments.plot, force=arguments.force)
    return 0


def _check_picture(path: str, *, force: bool) -> None:
    """Raise CommandError for a picture that cannot be drawn: better before the work than after it."""
    need("plot", "matplotlib")
    if not path.lower().endswith((".svg", ".png")):
        raise CommandError(f"--plot {path!r} is neither .svg nor .png; name the picture so")
    check_place(path)
    if not force:
        check_free(path)


def _with_quality(policy: Policy, file: str | None) -> Policy:
    """Return the policy with another quality table. Raises CommandError for one that cannot be read: it was asked for by name."""
    if file is None:
        return policy
    path = Path(from_environment(file, os.environ, key="--quality", instead="the path"))
    try:
        table_in(path)
    except (OSError, ValueError) as error:
        raise CommandError(why_unreadable(error, str(path))) from None
    return policy.model_copy(update={"quality": policy.quality.model_copy(update={"file": file})})


def _compared(arguments: argparse.Namespace, policy: Policy) -> Comparison:
    import numpy as np

    from taskroute.learning.comparable import comparable
    from taskroute.learning.compare import compare
    from taskroute.learning.files import read_files
    from taskroute.learning.policy_choices import policy_choices
    from taskroute.learning.token_prices import price_by

    with progress("reading") as seen:
        data = read_files(arguments.data, models=tuple(policy.models), progress=seen)
    # Nothing is looked up or remembered, so the policy's own stores need not be there.
    router = Router(policy.model_copy(update={"feedback": None}), cache=None if policy.cache is None else MemoryStore())

    pin = router.snapshot.pin
    if pin is not None:
        say_warning(f"TASKROUTE_PIN is set: 'policy' is the model {pin!r}, whatever the policy would choose")
    where = ", ".join(arguments.data)
    fit = comparable(data.labels, price_by(router.cost), where)
    with progress("deciding") as seen:
        choices = policy_choices(router, fit.labels, tags=not arguments.no_tags, progress=seen)
    rows = np.flatnonzero(choices.chosen >= 0)
    if not rows.size:
        raise CommandError(f"{where}: the policy chooses none of the models that were scored; score those that its routes name")
    result = compare(fit.labels.take(rows), fit.costs[rows], choices.chosen[rows], draws=arguments.draws, seed=arguments.seed)
    return result._replace(notes=(*data.notes, *fit.notes, *choices.notes, *result.notes, *_of_table(policy)))


def _of_table(policy: Policy) -> tuple[str, ...]:
    """Return what to say of the policy's quality table."""
    if policy.quality.file is None:
        return ()
    return (_IDLE if all(route.choose is None for route in policy.routes) else _LEARNED,)


def _draw(comparison: Comparison, path: str, *, force: bool) -> None:
    from taskroute.learning.plot import drawn

    write_file(path, drawn(comparison, Path(path).suffix.lstrip(".").lower()), force=force)


def _as_json(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison for programs."""
    singles = zip(
        comparison.models, comparison.shares, comparison.singles.costs.tolist(), comparison.singles.qualities.tolist(), strict=True
    )
    return {
        "prompts": comparison.prompts,
        "ways": [_way(each) for each in comparison.standings],
        "models": [{"model": model, "share": share, "cost": cost, "quality": quality} for model, share, cost, quality in singles],
        "notes": list(comparison.notes),
    }


def _way(standing: Standing) -> dict[str, Any]:
    curve = standing.curve
    return {
        "name": standing.name,
        "model": standing.model,
        "cost": standing.cost,
        "quality": _interval(standing.quality),
        "policy_gain": None if standing.gain is None else _interval(standing.gain),
        "aiq": standing.aiq,
        "curve": None if curve is None else [list(point) for point in zip(curve.costs.tolist(), curve.qualities.tolist(), strict=True)],
    }


def _interval(interval: Interval) -> dict[str, float | None]:
    """Return an interval; NaN is unknown, and no JSON."""
    return {name: None if math.isnan(value) else value for name, value in interval._asdict().items()}


def _show(comparison: Comparison, found: Found) -> None:
    print_pairs([("policy", described(found)), ("data", f"{comparison.prompts:,} prompts, {len(comparison.models)} models")])
    print_title("Cost against quality; curves are read at the policy's cost, intervals are of 95 %")
    strongest = next(each for each in comparison.standings if each.name == "strongest")
    rows = [_cells(each, strongest) for each in comparison.standings]
    print_table(("way", "cost", "of strongest", "quality", "policy is better by", "AIQ"), rows, right=(1, 2), looks={0: ("bold",)})
    print_title("Models")
    known_as = {each.model: each.name for each in reversed(comparison.standings) if each.model is not None}
    singles = zip(
        comparison.models, comparison.shares, comparison.singles.costs.tolist(), comparison.singles.qualities.tolist(), strict=True
    )
    models = [(model, f"{share:.1%}", _amount(cost), f"{quality:.3f}", known_as.get(model, "")) for model, share, cost, quality in singles]
    print_table(("model", "share of the policy", "cost", "quality", ""), models, right=(1, 2, 3))
    if comparison.notes:
        print()
    for note in comparison.notes:
        print_wrapped(f"note: {note}", indent="")


def _cells(standing: Standing, strongest: Standing) -> tuple[str, ...]:
    quality, gain = standing.quality, standing.gain
    share = f"{standing.cost / strongest.cost:.1%}" if strongest.cost > 0 else ""
    worth = "costs more" if math.isnan(quality.value) else _shown(quality, ".3f")
    better = "" if gain is None or math.isnan(gain.value) else _shown(gain, "+.3f")
    return standing.name, _amount(standing.cost), share, worth, better, "" if standing.aiq is None else f"{standing.aiq:.3f}"


def _shown(interval: Interval, form: str) -> str:
    ends = "" if math.isnan(interval.low) else f" ({interval.low:{form}}, {interval.high:{form}})"
    return f"{interval.value:{form}}{ends}"


def _amount(cost: float) -> str:
    # A mean that is the same but for the order of its sum looks the same.
    return money(float(f"{cost:.9g}"), "").strip()
