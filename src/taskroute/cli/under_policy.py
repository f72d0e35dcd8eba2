"""What a policy adds to scores before something is learned from them: tasks by its classifier, costs by its prices."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from taskroute.classifying import classifier_of
from taskroute.cli.progress import progress
from taskroute.decision.scored import priors_of
from taskroute.decision.snapshot import compile_policy
from taskroute.policy.schema import Policy
from taskroute.pricing import Pricing
from taskroute.quality.prior import Prior
from taskroute.registry.prices import Prices
from taskroute.signals.collect import Sources
from taskroute.taxonomy import TASK_GROUPS, TASKS
from taskroute.types import NOTHING

if TYPE_CHECKING:
    from taskroute.learning.files import Data
    from taskroute.learning.rows import Labels

_MOST_NAMED: Final = 5


class Known(NamedTuple):
    """Scores with all that is known of them."""

    data: Data
    priors: Mapping[str, Prior] = NOTHING
    """What to expect of each model of the policy before any score."""
    tells_tasks: bool = True
    """False where the data has no tasks but those of the policy's classifier, which will tell them of calls, too."""


def without_policy(data: Data) -> Known:
    """Return the scores as they are; the notes say what a policy would tell of them."""
    return Known(data._replace(notes=(*data.notes, *_advice(data.labels))))


def under_policy(data: Data, policy: Policy) -> Known:
    """Return the scores with what the policy tells of them, which the notes say. Raises ConfigurationError for a classifier that cannot be.

    A prompt without a task has the one that a decision would go by, where the classifier asks nobody; a cost that is not known is the
    price of its tokens.
    """
    from taskroute.learning.tagging import untagged
    from taskroute.learning.token_prices import price_by, with_prices

    notes = [*data.notes, *_strange_tasks(data.labels, policy)]
    prices = Prices()
    lacking = untagged(data.labels)
    # An `examples` classifier learns when it is made.
    classifier = classifier_of(policy, environ=os.environ, complexity=False) if lacking else None
    snapshot = compile_policy(policy, classifier=classifier, rates=prices.rates)
    labels = data.labels
    if lacking:
        labels, said = _tagged(labels, snapshot.sources, lacking)
        notes += said
    priced = with_prices(labels, price_by(partial(Pricing(prices).cost, snapshot)))
    notes += _priced_by_tokens(labels, priced)
    is_all_tagged = not _has_task(data.labels) and _has_task(labels)
    priors = priors_of(snapshot.registry, snapshot.rates)
    return Known(data._replace(labels=priced, notes=tuple(notes)), priors, tells_tasks=not is_all_tagged)


def _has_task(labels: Labels) -> bool:
    return any(task is not None for task in labels.tasks)


def _advice(labels: Labels) -> list[str]:
    import numpy as np

    from taskroute.learning.tagging import untagged

    found: list[str] = []
    if untagged(labels) and not _has_task(labels):
        found.append("no prompt has a task; with --policy P, prompts are given the tasks that the classifier of that policy tells")
    if (np.isnan(labels.costs) & ~np.isnan(labels.output_tokens) & ~np.isnan(labels.input_tokens)[:, None]).any():
        found.append("there are tokens without a cost; with --policy P, they are priced as that policy says")
    return found


def _tagged(labels: Labels, sources: Sources, lacking: int) -> tuple[Labels, list[str]]:
    """Return the scores with the tasks that the classifier tells, and what to say of it."""
    from taskroute.learning.tagging import tagged

    classifier = sources.classifier
    if classifier is None:
        return labels, []
    if not classifier.local:
        return labels, [f"{lacking:,} prompts have no task, and the policy's classifier, which asks a model, is not asked here: tag them"]
    with progress("tagging") as seen:
        found = tagged(labels, sources, seen)
    if not found.by:
        return labels, [f"{lacking:,} prompts have no task, and the policy's classifier ({classifier.name}) abstains on all of them"]
    told = ", ".join(f"{source} {count:,}" for source, count in sorted(found.by.items(), key=lambda one: -one[1]))
    left = f"; on {found.left:,} more it abstains" if found.left else ""
    said = f"{lacking - found.left:,} prompts without a task have the one that the policy's classifier tells ({told}){left}"
    return found.labels, [f"{said}; the figures count these tasks as told, and a route does with 'margin: 0', where the classifier is sure"]


def _priced_by_tokens(before: Labels, after: Labels) -> list[str]:
    """Return how many costs were found by price."""
    import numpy as np

    count = int((np.isnan(before.costs) & ~np.isnan(after.costs)).sum())
    return [f"{count:,} costs that the data does not have are the prices of their tokens by the policy"] if count else []


def _strange_tasks(labels: Labels, policy: Policy) -> list[str]:
    """Return that tasks of the data are none of the policy's: a slip of the pen, or names that calls must say."""
    known = {*TASKS, *TASK_GROUPS, *policy.tasks}
    strange = sorted({task for task in labels.tasks if task is not None and task not in known})
    if not strange:
        return []
    close = {task: found[0] for task in strange if (found := difflib.get_close_matches(task, known, n=1))}
    named = [f"{task!r} (did you mean {close[task]!r}?)" if task in close else repr(task) for task in strange[:_MOST_NAMED]]
    more = len(strange) - len(named)
    names = ", ".join([*named, f"{more} more"] if more else named)
    return [f"tasks that are neither built in nor under 'tasks' of the policy count only for calls that say them: {names}"]
