"""`taskroute explain`: which model would answer, and why."""

from __future__ import annotations

import argparse
import json
from typing import Any

from taskroute.cli.cache_wording import of_call, of_call_json
from taskroute.cli.explained import Explained, RouteSeen, explained
from taskroute.cli.output import Style, print_json, print_pairs, print_table, print_title
from taskroute.cli.policies import CommandError, described, find_policy
from taskroute.cli.prompts import prompt_from
from taskroute.cli.wording import in_words, listed, models_in_words
from taskroute.router import Router
from taskroute.stores.memory import MemoryStore
from taskroute.taxonomy import URGENCIES
from taskroute.types import Call, Expected, Signal

_STATUS = {"matched": "matched", "not_matched": "not matched", "not_reached": "not reached"}


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command: argparse.ArgumentParser = commands.add_parser(
        "explain",
        help="show which model would answer a call, and why",
        description="Show which model would answer a call, and why. Nothing is sent anywhere. Exit status 1: no model may answer.",
    )
    command.add_argument("prompt", nargs="?", metavar="PROMPT", help="the text of the user's message")
    command.add_argument("--file", metavar="F", help="read the prompt from this file; - reads standard input")
    command.add_argument(
        "--policy", metavar="P", help="the policy file (default: taskroute.yaml here, else the one that comes with taskroute)"
    )
    command.add_argument("--stage", metavar="S", help="the stage that the call belongs to, such as generate")
    command.add_argument("--task", metavar="T", help="the task, such as code_generation")
    command.add_argument("--urgency", choices=URGENCIES)
    command.add_argument("--tag", metavar="TAG", action="append", default=[], help="a tag of the call; may be repeated")
    command.add_argument(
        "--metadata",
        metavar="K=V",
        action="append",
        default=[],
        help="metadata of the call; V is read as JSON where it is JSON (5, true); may be repeated",
    )
    command.add_argument("--tools", metavar="A,B", default="", help="names of the tools that the model may call")
    command.add_argument("--tenant", metavar="ID")
    command.add_argument("--user", metavar="ID")
    command.add_argument("--pin", metavar="MODEL", help="the one model that may answer")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Decide one call and show everything that is known of the decision."""
    call = call_from(arguments)
    found = find_policy(arguments.policy)
    # Nothing is looked up or remembered, so the policy's own stores need not be there.
    keeps_nothing = found.policy.model_copy(update={"feedback": None})
    result = explained(Router(keeps_nothing, cache=None if found.policy.cache is None else MemoryStore()), call)
    if arguments.json:
        policy = {"file": found.name, "shipped": found.shipped, "version": found.policy.fingerprint}
        print_json({"policy": policy, **as_json(result)})
    else:
        _show(result, described(found))
    return 0 if result.decision.candidates else 1


def call_from(arguments: argparse.Namespace) -> Call:
    """Return the call that the arguments describe. Raises CommandError."""
    return Call(
        prompt=prompt_from(arguments.prompt, arguments.file),
        stage=arguments.stage,
        task=arguments.task,
        urgency=arguments.urgency,
        tenant=arguments.tenant,
        user=arguments.user,
        pin=arguments.pin,
        tags=tuple(arguments.tag),
        metadata=dict(map(_pair, arguments.metadata)),
        tools=listed(arguments.tools),
    )


def _pair(text: str) -> tuple[str, Any]:
    key, found, value = text.partition("=")
    if not found or not key:
        raise CommandError(f"--metadata {text!r} is not K=V; write, for example, --metadata plan=pro")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def as_json(result: Explained) -> dict[str, Any]:
    """Return everything that is known of a decision, for programs."""
    decision = result.decision
    return {
        "model": decision.candidates[0] if decision.candidates else None,
        "candidates": list(decision.candidates),
        "route": decision.route,
        "reason": decision.reason,
        "pinned": decision.pinned,
        "mode": decision.mode,
        "rejected": dict(decision.rejected),
        "required_labels": list(result.labels),
        "signals": {name: _signal(signal) for name, signal in decision.signals.items()},
        "routes": [
            {"name": route.name, "status": route.status, "failed": list(route.failed), "models": list(route.models)}
            for route in result.routes
        ],
        **({} if not decision.expected else {"expected": {name: _as_json(one) for name, one in decision.expected.items()}}),
        **({} if result.cache is None else {"cache": of_call_json(result.cache)}),
    }


def _as_json(one: Expected) -> dict[str, Any]:
    return {**one._asdict(), "cost": None if one.cost is None else float(one.cost), "source": one.source or None}


def _signal(signal: Signal[Any]) -> dict[str, Any]:
    return {"value": signal.value, "source": signal.source, "confidence": signal.confidence, "detail": signal.detail}


def _show(result: Explained, policy: str) -> None:
    style, decision = Style(), result.decision
    print_pairs([("policy", policy)])
    if decision.mode == "observe":
        print_pairs([("mode", "observe: the model that was there before answers; this is what would be chosen")])
    print()
    first = decision.candidates[0] if decision.candidates else "no model may answer"
    print(style(first, "bold", "green" if decision.candidates else "red"))
    pairs = [("route", "pinned" if decision.pinned else decision.route or "(default)"), ("reason", decision.reason)]
    if len(decision.candidates) > 1:
        pairs.append(("fallbacks", ", then ".join(decision.candidates[1:])))
    pairs += [("rejected", f"{model}: {why}") for model, why in decision.rejected.items()]
    if result.labels:
        pairs.append(("required", f"label {', '.join(result.labels)}, by the policy's 'require'"))
    if result.cache is not None:
        pairs.append(("cache", of_call(result.cache)))
    print_pairs(pairs)
    _show_expected(result)
    _show_signals(result)
    _show_routes(result)


def _show_expected(result: Explained) -> None:
    """Show what was expected of the models that were compared, in the order in which they would be asked."""
    expected = result.decision.expected
    if not expected:
        return
    print_title("Expected, of one call")
    names = [
        *(name for name in result.decision.candidates if name in expected),
        *(name for name in expected if name in result.decision.rejected),
    ]
    rows = [(name, *_expected_of(expected[name])) for name in names]
    print_table(("model", "quality", "counted as", "from", "cost", "seconds"), rows)


def _expected_of(one: Expected) -> tuple[str, str, str, str, str]:
    quality = "" if one.quality is None else f"{one.quality:.3f}" + ("" if one.low is None else f" (at least {one.low:.3f})")
    counted = "" if one.counted is None else f"{one.counted:.3f}"
    source = f"{one.source}, {one.labels} scores" if one.labels else one.source
    cost = "unknown" if one.cost is None else f"{one.cost:.6f}"
    return quality, counted, source, cost, "unknown" if one.latency is None else f"{one.latency:.2f}"


def _show_signals(result: Explained) -> None:
    print_title("Signals")
    asked = [(name, signal) for name, signal in result.decision.signals.items() if signal.source != "not_asked"]
    rows = [
        (name, _value(signal.value), signal.source, "" if signal.confidence is None else f"{signal.confidence:.2f}", signal.detail)
        for name, signal in asked
    ]
    if rows:
        print_table(("signal", "value", "source", "confidence", "detail"), rows)
    known = {name for name, _ in asked}
    others = [name for name, _ in result.decision.signals.items() if name not in known]
    print(Style()(f"not asked for: {', '.join(others)}", "dim"))


def _value(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) or "none" if isinstance(value, tuple) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _show_routes(result: Explained) -> None:
    print_title("Routes, the first that matches wins")
    rows = [(_outcome(route), route.name, models_in_words(route.models, route.choose), in_words(route.when)) for route in result.routes]
    looks = {index: ("bold",) if route.status == "matched" else ("dim",) for index, route in enumerate(result.routes)}
    default = "matched" if result.decision.route is None and not result.decision.pinned else "not reached"
    rows.append((default, "(default)", ", ".join(result.default), "no route matches"))
    looks[len(result.routes)] = ("bold",) if default == "matched" else ("dim",)
    print_table(("", "route", "models, in order", "when"), rows, looks=looks)


def _outcome(route: RouteSeen) -> str:
    return f"{_STATUS[route.status]} ({', '.join(route.failed)})" if route.failed else _STATUS[route.status]
