"""`taskroute check`: is this policy right, and what does it say?"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import sys
from typing import Any

from taskroute.classifying import has_examples
from taskroute.cli.cache_wording import exceptions, in_one_line
from taskroute.cli.output import Style, money, print_json, print_pairs, print_table, print_title
from taskroute.cli.policies import read_document
from taskroute.cli.price_wording import Price, as_json, further, price_of
from taskroute.cli.quality_wording import unscored
from taskroute.cli.wording import dotted, in_words, models_in_words
from taskroute.decision.snapshot import Snapshot, compile_policy
from taskroute.errors import ArraysError, ConfigurationError, PolicyError
from taskroute.policy.lint import Path, Warning, warnings
from taskroute.policy.load import Document
from taskroute.policy.parse import parse
from taskroute.policy.schema import Policy
from taskroute.registry.models import ModelSpec
from taskroute.telemetry.hook import load_redact


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command: argparse.ArgumentParser = commands.add_parser(
        "check",
        help="check a policy file and show what it says",
        description="Check a policy file. Exit status: 0 it can be used, 1 it cannot, 2 there is no such file.",
    )
    command.add_argument("policy", metavar="POLICY", help="the policy file, YAML or TOML")
    command.add_argument("--strict", action="store_true", help="exit with 1 for warnings too")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check the policy and print what it says."""
    document_name: str = arguments.policy
    try:
        document = read_document(document_name)
        policy = parse(document)
        _refuse_unlearnable(policy, document)
    except PolicyError as error:
        return _refused(error, document_name, as_json=arguments.json)
    snapshot = compile_policy(policy)
    priced = {name: price_of(spec) for name, spec in snapshot.registry.items()}
    found = [*warnings(policy), *_unknown(snapshot, priced), *_incomparable(snapshot, priced), *_unloadable(snapshot)]
    found += [*_without_numpy(policy), *_without_weights(policy), *unscored(policy, os.environ)]
    found.sort(key=lambda warning: document.line(warning.path) or 0)
    if arguments.json:
        print_json(_as_json(document, snapshot, priced, found))
    else:
        _show(document, snapshot, priced, found)
    return 1 if found and arguments.strict else 0


def _unknown(snapshot: Snapshot, priced: dict[str, Price | None]) -> list[Warning]:
    found: list[Warning] = []
    if None in priced.values() and importlib.util.find_spec("genai_prices") is None:
        text = "no price table is installed, so only prices that stand in the policy are known; pip install 'taskroute[prices]'"
        found.append(Warning(("models",), text))
    for name, spec in snapshot.registry.items():
        path: Path = ("models", name)
        if spec.source == "unknown":
            what = "no 'model' is given" if spec.model is None else f"nothing is known of {spec.model!r}"
            cure = "give 'context_window' and 'capabilities' to have them respected"
            found.append(Warning(path, f"{what}: calls that are too large for it, or need what it cannot do, are not kept from it; {cure}"))
        if priced[name] is None:
            found.append(
                Warning(
                    path,
                    f"no price is known for {name!r}, so its costs stay unknown; give 'price: {{input: …, output: …}}' per million tokens",
                )
            )
    return found


def _unloadable(snapshot: Snapshot) -> list[Warning]:
    """Return that the redaction hook cannot be loaded from here, so that a router could not be built."""
    name = snapshot.policy.telemetry.redact
    if name is None:
        return []
    # An application that is started here finds what lies here, too.
    path = sys.path
    sys.path = [*path, ""]
    try:
        load_redact(name)
    except ConfigurationError as error:
        return [Warning(("telemetry", "redact"), str(error).removeprefix("telemetry.redact: "))]
    finally:
        sys.path = path
    return []


def _without_numpy(policy: Policy) -> list[Warning]:
    """Return that the policy's classifier cannot be made here, because it needs a package that is not there."""
    if policy.classifier.kind not in ("examples", "builtin") or importlib.util.find_spec("numpy") is not None:
        return []
    return [Warning(("classifier", "kind"), f"{policy.classifier.kind!r} needs NumPy: pip install 'taskroute[learn]'")]


def _without_weights(policy: Policy) -> list[Warning]:
    """Return that the built-in classifier cannot read its weights here, so that it would always abstain."""
    if policy.classifier.kind != "builtin" or _without_numpy(policy):
        return []
    from taskroute.learned.builtin import WEIGHTS
    from taskroute.learned.builtin_model import BuiltinModel

    try:
        BuiltinModel.load(WEIGHTS)
    except (ArraysError, OSError) as error:
        return [Warning(("classifier", "kind"), f"the built-in classifier cannot read its weights, and would always abstain: {error}")]
    return []


def _refuse_unlearnable(policy: Policy, document: Document) -> None:
    """Raise PolicyError where nothing can be learned from the policy's examples, so that no router can be built."""
    is_builtin = policy.classifier.kind == "builtin"
    if (policy.classifier.kind != "examples" and not (is_builtin and has_examples(policy))) or _without_numpy(policy):
        return
    from taskroute.learned.examples import examples_in
    from taskroute.learned.fit import READING, checked

    try:
        checked(examples_in(policy.tasks, beside_builtin=is_builtin), READING)
    except ConfigurationError as error:
        path: Path = ("classifier", "kind")
        line = document.line(path)
        place = document.name if line is None else f"{document.name}:{line}"
        raise PolicyError([f"{place}: {dotted(path)}: no router can be built with it: {error}"]) from None


def _incomparable(snapshot: Snapshot, priced: dict[str, Price | None]) -> list[Warning]:
    """Return where an objective puts a model last because its price cannot be compared."""
    found: list[Warning] = []
    for index, route in enumerate(snapshot.policy.routes):
        if route.choose is None or not route.choose.asks_price:
            continue
        objective = route.choose.objective
        path: Path = ("routes", index, "choose", "among")
        known = {name: price.input.currency for name in route.choose.among if (price := priced[name]) is not None}
        currency = next(iter(known.values()), None)
        for place, name in enumerate(route.choose.among):
            if name not in known:
                text = f"{objective!r} puts {name!r} last, because no price is known for it; give its 'price' under 'models'"
                found.append(Warning((*path, place), text))
            elif known[name] != currency:
                text = f"{objective!r} puts {name!r} last, because its price is in {known[name]} and the first known one in {currency}"
                found.append(Warning((*path, place), f"{text}; give its 'price' in {currency}"))
    return found


def _refused(error: PolicyError, name: str, *, as_json: bool) -> int:
    if as_json:
        print_json({"file": name, "ok": False, "errors": [_error(problem, name) for problem in error.problems], "warnings": []})
        return 1
    style = Style(sys.stderr)
    for problem in error.problems:
        print(style("error:", "bold", "red"), problem, file=sys.stderr)
    return 1


def _error(problem: str, name: str) -> dict[str, Any]:
    match = re.fullmatch(re.escape(name) + r"(?::(\d+))?: (.*)", problem, re.DOTALL)
    line, text = (None, problem) if match is None else (match[1], match[2])
    return {"line": None if line is None else int(line), "text": text}


def _as_json(document: Document, snapshot: Snapshot, priced: dict[str, Price | None], found: list[Warning]) -> dict[str, Any]:
    policy = snapshot.policy
    return {
        "file": document.name,
        "ok": True,
        "errors": [],
        "warnings": [{"line": document.line(w.path), "path": dotted(w.path), "text": w.text} for w in found],
        "policy_version": snapshot.version,
        "mode": policy.mode,
        "models": [_model(spec, priced[name]) for name, spec in snapshot.registry.items()],
        "rules": [{"when": in_words(rule.when), "labels": list(rule.labels)} for rule in policy.require],
        "routes": [
            {"name": compiled.name, "when": in_words(route.when), "models": list(compiled.models)}
            for compiled, route in zip(snapshot.routes, policy.routes, strict=True)
        ],
        "default": list(policy.default),
        "cache": None if policy.cache is None else policy.cache.model_dump(mode="json", exclude_none=True),
    }


def _model(spec: ModelSpec, price: Price | None) -> dict[str, Any]:
    return {
        "name": spec.name,
        "model": spec.model,
        "provider": spec.provider,
        "context_window": spec.context_window,
        "max_output_tokens": spec.max_output_tokens,
        "capabilities": dict(spec.capabilities),
        "known_from": spec.source,
        "price_per_million": None if price is None else as_json(price),
        "labels": sorted(spec.labels),
        "strengths": list(spec.strengths),
    }


def _show(document: Document, snapshot: Snapshot, priced: dict[str, Price | None], found: list[Warning]) -> None:
    style = Style()
    policy = snapshot.policy
    print(f"{style('OK', 'bold', 'green')}  {document.name}, version {snapshot.version}, mode {policy.mode}")
    print_title("Models")
    print_table(
        ("name", "provider", "model", "window", "in / out per M tokens", "labels", "can"),
        [_model_row(spec, priced[name]) for name, spec in snapshot.registry.items()],
        right=(3,),
    )
    _show_sources(snapshot, priced)
    others = [(name, said) for name, price in priced.items() if price is not None and (said := further(price))]
    if others:
        print_title("Further prices, in / out per M tokens")
        print_pairs(others)
    if policy.require:
        print_title("Rules: when they hold, only models with these labels may see the call")
        print_table(("when", "labels"), [(in_words(rule.when), ", ".join(rule.labels)) for rule in policy.require])
    print_title("Routes, the first that matches wins")
    rows = [
        (str(index), route.name, models_in_words(route.models, route.choose), in_words(written.when))
        for index, (route, written) in enumerate(zip(snapshot.routes, policy.routes, strict=True), start=1)
    ]
    print_table(("", "name", "models, in order", "when"), [*rows, ("", "(default)", ", ".join(policy.default), "no route matches")])
    if policy.cache is not None:
        print_title("Cache")
        print_pairs([("all", in_one_line(policy.cache)), *exceptions(policy.cache)])
    if found:
        print_title(f"Warnings ({len(found)})")
    for warning in found:
        line = document.line(warning.path)
        place = document.name if line is None else f"{document.name}:{line}"
        print(f"{style('warning:', 'yellow')} {place}: {dotted(warning.path)}: {warning.text}")


def _model_row(spec: ModelSpec, price: Price | None) -> tuple[str, ...]:
    can = " ".join(need for need, able in spec.capabilities.items() if able) or ("unknown" if not spec.capabilities else "text only")
    cost = "unknown"
    if price is not None:
        cost = f"{money(price.input.amount).split(' ')[0]} / {money(price.output.amount, price.input.currency)}"
    window = "unknown" if spec.context_window is None else f"{spec.context_window:,}"
    return spec.name, spec.provider or "-", spec.model_id or "given in code", window, cost, " ".join(sorted(spec.labels)) or "-", can


def _show_sources(snapshot: Snapshot, priced: dict[str, Price | None]) -> None:
    known = sorted({spec.source for spec in snapshot.registry.values()} - {"unknown"})
    prices = sorted({price.input.source for price in priced.values() if price is not None})
    said = [f"windows and abilities: {', '.join(known)}"] if known else []
    said += [f"prices: {', '.join(prices)}"] if prices else []
    if said:
        print(Style()("; ".join(said), "dim"))
