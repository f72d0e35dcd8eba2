"""Does a value fit its JSON schema? jsonschema tells.

A tool's schema may be anybody's: so its expressions take linear time, and nothing that it refers to is fetched.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, cast

from taskroute.policy.regex import compile_linear
from taskroute.warn import warn_once


def misfit(schema: Mapping[str, Any], value: Any) -> str:
    """Return the place where a value does not fit its schema, and which rule it breaks; '' when it fits, or when nobody can tell."""
    if not schema:
        return ""
    try:
        jsonschema: Any = importlib.import_module("jsonschema")  # 60 ms, and only policies that look for invalid output need it
    except ImportError:
        warn_once("validate", "jsonschema", "answers are not checked against their JSON schema: pip install 'taskroute[validate]'")
        return ""
    try:
        kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        validator = _linear(kind, _has_expressions(schema))(schema, registry=jsonschema.validators.SPECIFICATIONS)
        error = jsonschema.exceptions.best_match(validator.iter_errors(value))
    except Exception as wrong:  # noqa: BLE001 - a schema that cannot be read says nothing of the answer
        warn_once("validate", "schema", f"a JSON schema could not be used to check an answer ({type(wrong).__name__}); the answer stood")
        return ""
    return "" if error is None else f"{_place(error.absolute_path, set(_names(schema)))} breaks {error.validator!r}"


@lru_cache(maxsize=16)
def _linear(kind: Any, has_expressions: bool) -> Any:
    """Return a kind of validator whose expressions take time in proportion to the text; those that cannot are left out.

    `has_expressions` says that the schema has some for the names of properties.
    """
    jsonschema: Any = importlib.import_module("jsonschema")
    additional = kind.VALIDATORS.get("additionalProperties")

    def pattern(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
        matches = _matcher(wanted) if isinstance(instance, str) else None
        if matches is not None and not matches(instance):
            yield jsonschema.ValidationError("does not match")

    def pattern_properties(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
        for expression, part in wanted.items() if isinstance(instance, Mapping) else ():
            matches = _matcher(expression)
            for name, value in cast("Mapping[str, Any]", instance).items() if matches is not None else ():
                if matches is not None and matches(name):
                    yield from validator.descend(value, part, path=name, schema_path=expression)

    def additional_properties(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
        # Which properties are additional would be found out with the expressions.
        if "patternProperties" not in schema:
            yield from additional(validator, wanted, instance, schema) or ()

    own = {"pattern": pattern, "patternProperties": pattern_properties}
    if additional is not None:
        own["additionalProperties"] = additional_properties
    if has_expressions and "unevaluatedProperties" in kind.VALIDATORS:
        # They are found out with the expressions too, wherever in the schema these are.
        own["unevaluatedProperties"] = _passes
    return jsonschema.validators.extend(kind, own)


def _passes(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
    return iter(())


@lru_cache(maxsize=256)
def _matcher(expression: Any) -> Callable[[str], bool] | None:
    try:
        return compile_linear(expression)
    except (ValueError, TypeError):
        return None


def _place(path: Iterable[str | int], names: Collection[str]) -> str:
    """Return where in a value: by the names in its schema, since any other is the model's own."""
    return "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" if key in names else ".*" for key in path)


def _names(schema: Any) -> Iterator[str]:
    """Yield every name of a property in a schema."""
    for part in _parts(schema):
        properties = part.get("properties")
        if isinstance(properties, Mapping):
            yield from cast("Mapping[str, Any]", properties)


def _has_expressions(schema: Any) -> bool:
    return any("patternProperties" in part for part in _parts(schema))


def _parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every mapping in a schema."""
    left, seen = [schema], set[int]()
    while left:
        part = left.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Mapping):
            known: Mapping[str, Any] = cast("Mapping[str, Any]", part)
            yield known
            left += known.values()
        elif isinstance(part, list | tuple):
            left += cast("list[Any]", part)
