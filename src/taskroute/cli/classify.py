"""`taskroute classify`: which task a prompt is, by every score that the classifier gives."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from taskroute.classifying import classifier_of
from taskroute.cli.output import Style, print_json, print_pairs, print_table, print_title
from taskroute.cli.policies import CommandError, Found, described, find_policy
from taskroute.cli.prompts import prompt_from
from taskroute.router import Router
from taskroute.signals.collect import CallReader, ClassifierNeeded
from taskroute.stores.memory import MemoryStore
from taskroute.types import UNKNOWN, Call, Signal, Signals

_NOT_ASKED: Final = Signal[str](None, "model", detail="abstains: the words do not tell, and a chat model is not asked here")


class _Classified(NamedTuple):
    """What the classifier of a policy says of a prompt."""

    found: Found
    classifier: str
    """Its name, or `none`."""
    task: Signal[str]
    complexity: Signal[str]

    @property
    def scores(self) -> Mapping[str, float]:
        """Every score above nothing, the best first."""
        ranked = sorted(self.task.scores.items(), key=lambda pair: (-pair[1], pair[0]))
        return {task: score for task, score in ranked if score > 0}


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command: argparse.ArgumentParser = commands.add_parser(
        "classify",
        help="show which task a prompt is, with all scores",
        description="Show which task a prompt is by the policy's classifier, with all scores. No model is asked. Exit status 1: the "
        "classifier abstains.",
    )
    command.add_argument("prompt", nargs="?", metavar="PROMPT", help="the text of the user's message")
    command.add_argument("--file", metavar="F", help="read the prompt from this file; - reads standard input")
    command.add_argument(
        "--policy", metavar="P", help="the policy file (default: taskroute.yaml here, else the one that comes with taskroute)"
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Classify one prompt and show what the classifier says of it."""
    if arguments.prompt is None and arguments.file is None:
        raise CommandError("no prompt is given; give one, or --file F")
    prompt = prompt_from(arguments.prompt, arguments.file)
    result = _classified(find_policy(arguments.policy), prompt)
    if arguments.json:
        print_json(_as_json(result))
    else:
        _show(result)
    return 0 if result.task.value is not None else 1


def _classified(found: Found, prompt: str) -> _Classified:
    policy = found.policy.model_copy(update={"feedback": None})
    # Nothing is looked up or remembered, so the policy's own stores need not be there.
    tells_all = classifier_of(policy, complexity=True)
    sources = Router(policy, classifier=tells_all, cache=None if policy.cache is None else MemoryStore()).snapshot.sources
    reader = CallReader(Call(prompt), sources)
    try:
        reader.task()
        reader.complexity()
        signals = reader.signals()
    except ClassifierNeeded:
        signals = Signals(task=_NOT_ASKED, complexity=UNKNOWN)
    return _Classified(found, "none" if sources.classifier is None else sources.classifier.name, signals.task, signals.complexity)


def _as_json(result: _Classified) -> dict[str, Any]:
    """Return everything that was said of the prompt, for programs."""
    found, task, complexity = result.found, result.task, result.complexity
    return {
        "policy": {"file": found.name, "shipped": found.shipped, "version": found.policy.fingerprint},
        "classifier": {
            "kind": found.policy.classifier.kind,
            "name": result.classifier,
            "min_confidence": found.policy.classifier.min_confidence,
        },
        "task": task.value,
        "source": task.source,
        "confidence": task.confidence,
        "detail": task.detail,
        "complexity": {"value": complexity.value, "confidence": complexity.confidence},
        "scores": dict(result.scores),
    }


def _show(result: _Classified) -> None:
    style, task, complexity = Style(), result.task, result.complexity
    least = result.found.policy.classifier.min_confidence
    print_pairs([("policy", described(result.found)), ("classifier", f"{result.classifier}; a task needs {least:.2f}")])
    print()
    print(style(task.value or "no task", "bold", "green" if task.value else "red"))
    pairs = [("told by", task.source)] if task.value else []
    if task.confidence is not None:
        pairs.append(("confidence", f"{task.confidence:.2f}"))
    if task.detail or not task.value:
        pairs.append(("why", task.detail or "there is nothing to go by"))
    pairs.append(("complexity", _graded(complexity)))
    print_pairs(pairs)
    if result.scores:
        print_title("Scores")
        rows = [(name, f"{score:.3f}", "enough" if score >= least else "too little") for name, score in result.scores.items()]
        looks = {index: ("bold",) if row[2] == "enough" else ("dim",) for index, row in enumerate(rows)}
        print_table(("task", "score", f"for {least:.2f}"), rows, right=(1,), looks=looks)


def _graded(complexity: Signal[str]) -> str:
    if complexity.value is None:
        return "unknown"
    return complexity.value if complexity.confidence is None else f"{complexity.value} ({complexity.confidence:.2f})"
