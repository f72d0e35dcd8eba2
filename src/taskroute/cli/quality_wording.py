"""What `taskroute check` says of the file in `quality.file`: whether it can be read, and whether it tells of the policy's models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from taskroute.errors import ConfigurationError
from taskroute.known_quality import has_prompts, prompts_beside, prompts_in, table_in, why_unreadable
from taskroute.policy.lint import Warning
from taskroute.policy.schema import Policy
from taskroute.variables import from_environment

_FILE: Final = ("quality", "file")
_GUESSED: Final = "until then what is expected of each model is a guess from price and 'strengths'"
_MOST_NAMED: Final = 5


def unscored(policy: Policy, environ: Mapping[str, str]) -> list[Warning]:
    """Return what keeps the policy's models from being compared by scores. A place that a variable names is not looked at without it."""
    name = policy.quality.file
    if name is None:
        return []
    try:
        path = Path(from_environment(name, environ, key="quality.file", instead="the path"))
    except ConfigurationError:
        # Where the policy is used it may be set.
        return []
    try:
        table = table_in(path)
    except Exception as error:  # noqa: BLE001 - a file may hold anything
        return [Warning(_FILE, f"{why_unreadable(error, str(path))}; {_GUESSED}")]
    found = _lacking(policy, table.models)
    beside = prompts_beside(path)
    if policy.quality.prompts and has_prompts(path, table):
        found += _unreadable(lambda: prompts_in(beside, table.version), beside)
    return found


def _lacking(policy: Policy, scored: tuple[str, ...]) -> list[Warning]:
    compared = [route.choose.among for route in policy.routes if route.choose is not None and route.choose.asks_quality]
    lacking = [name for name in dict.fromkeys(name for among in compared for name in among) if name not in scored]
    if not lacking:
        return []
    known = ", ".join(map(repr, scored[:_MOST_NAMED])) + (", …" if len(scored) > _MOST_NAMED else "")
    text = f"it has no score of {', '.join(map(repr, lacking))}, only of {known or 'nobody'}"
    return [Warning(_FILE, f"{text}; a model without scores is judged by a guess from price and 'strengths': score it and train again")]


def _unreadable(read: Callable[[], Any], path: Path) -> list[Warning]:
    try:
        read()
    except Exception as error:  # noqa: BLE001 - a file may hold anything
        return [Warning(("quality", "prompts"), f"{why_unreadable(error, str(path))}; until then the words of prompts do not count")]
    return []
