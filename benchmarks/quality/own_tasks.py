"""How well a task of the user's own is told beside the built-in ones, as a policy with `kind: builtin` and `examples` does.

`python -m benchmarks.quality.own_tasks` gives a few examples of a few intents of CLINC150's `train`, and asks for texts of its `val`: of
these intents, of all others, and out of scope; and for prompts of the built-in tasks, whose decisions should stay what they are without
examples. All at the threshold that a policy has of itself.
"""

from __future__ import annotations

import random
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from tests.signals.prompts import PROMPTS
from tests.signals.unseen_prompts import UNSEEN

from benchmarks.quality.classifier_clinc import texts
from taskroute import Call, Router

FEW: Final = ((1, 3), (1, 5), (1, 10), (2, 5), (2, 10), (5, 10))
"""Tasks, and examples of each."""
OTHERS: Final = 2
"""Texts of each other intent."""


class Told(NamedTuple):
    """Shares."""

    own: float
    """Of texts of the user's tasks: told as that task."""
    others: float
    """Of texts of other intents: taken for one of the user's tasks."""
    nowhere: float
    """The same of texts out of scope."""
    changed: float
    """Of prompts of the built-in tasks: told otherwise than without examples."""


def router(examples: Mapping[str, Sequence[str]]) -> Router:
    """Return a router that tells these tasks and the built-in ones."""
    tasks = {name: {"examples": list(of)} for name, of in examples.items()}
    routes = [{"name": "told", "when": {"task": [*tasks, "code"]}, "use": "one"}]
    policy = {"models": {"one": {"model": "test:one"}}, "default": "one", "routes": routes, "classifier": {"kind": "builtin"}}
    return Router({**policy, "tasks": tasks}, environ={})


def task(of: Router, text: str) -> str | None:
    """Return the task that a policy acts on."""
    return of.decide(Call(text)).signals.task.value


def beside(tasks: int, examples: int, *, seeds: int = 10) -> Told:
    """Return the mean over `seeds` choices of `tasks` intents and `examples` of each."""
    learned, asked = _by_intent("train"), _by_intent("val")
    nowhere = [row.text for row in texts("oos_val")]
    general = [prompt.text for prompt in (*PROMPTS, *UNSEEN)]
    plain = router({})
    before = [task(plain, text) for text in general]
    rows: list[Told] = []
    for seed in range(seeds):
        chance = random.Random(seed)
        names = sorted(learned)
        chance.shuffle(names)
        own, rest = names[:tasks], names[tasks:]
        taught = router({name: chance.sample(learned[name], examples) for name in own})
        others = [text for name in rest for text in chance.sample(asked[name], OTHERS)]
        rows.append(
            Told(
                own=_share([task(taught, text) == name for name in own for text in asked[name]]),
                others=_share([task(taught, text) in own for text in others]),
                nowhere=_share([task(taught, text) in own for text in nowhere]),
                changed=_share([task(taught, text) != was for text, was in zip(general, before, strict=True)]),
            )
        )
    return Told(*map(float, np.mean(np.array(rows), axis=0)))


def _by_intent(split: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for row in texts(split):
        found[row.intent].append(row.text)
    return found


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found)


def main() -> None:
    """Print the table."""
    print(
        "| examples | of own tasks, told | of other intents, taken for own | out of scope, taken for own | built-in tasks, told otherwise |"
    )
    print("|---|---|---|---|---|")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for tasks, examples in FEW:
            print(
                f"| {examples} of each of {tasks} | " + " | ".join(f"{share:.1%}" for share in beside(tasks, examples)) + " |", flush=True
            )


if __name__ == "__main__":
    main()
