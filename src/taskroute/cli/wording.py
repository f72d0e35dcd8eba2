"""Parts of a policy in words, as the commands show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from taskroute.policy.choosing import Choose
from taskroute.policy.when import When


def dotted(path: tuple[str | int, ...]) -> str:
    """Return a path as the policy's messages write it: `routes[2].when.stage`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def listed(text: str) -> tuple[str, ...]:
    """Return the names in a text such as `a, b`, each once."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def models_in_words(models: tuple[str, ...], choose: Choose | None) -> str:
    """Return the models of a route in one line: `large, small`, or `cheapest of small, large; then onprem`."""
    if choose is None:
        return ", ".join(models)
    own, others = models[: len(choose.among)], models[len(choose.among) :]
    return f"{choose.objective} of {', '.join(own)}" + (f"; then {', '.join(others)}" if others else "")


def in_words(when: When) -> str:
    """Return a condition in one line; 'every call' for an empty one."""
    return _mapping(when.model_dump(by_alias=True, exclude_unset=True)) or "every call"


def _mapping(value: Mapping[str, Any]) -> str:
    return "; ".join(_pair(key, inner) for key, inner in value.items() if inner is not None or key == "equals")


def _pair(key: str, value: Any) -> str:
    if key in ("any", "all"):
        return f"{key} of ({' | '.join(_mapping(inner) for inner in value)})"
    if key == "not" and isinstance(value, Mapping):
        return f"not ({_mapping(value)})"  # pyright: ignore[reportUnknownArgumentType]
    if key == "metadata":
        return "; ".join(f"metadata.{name} {_test(test)}" for name, test in value.items())
    return f"{key} {_test(value)}"


def _test(value: Any) -> str:
    if isinstance(value, Mapping):
        given = cast("Mapping[str, Any]", value)
        return ", ".join(_one(given[key]) if key in ("equals", "in") else f"{key} {_one(given[key])}" for key in given)
    return _one(value)


def _one(value: Any) -> str:
    if isinstance(value, tuple | list):
        return "|".join(map(_one, value))  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)
