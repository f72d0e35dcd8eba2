"""From a file, a text or plain data to a `Policy`; or to a `PolicyError` that names file, line, what is known and the cure."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from taskroute.errors import PolicyError
from taskroute.policy.consistent import suggestion
from taskroute.policy.credentials import looks_like_key
from taskroute.policy.load import Document, read_file
from taskroute.policy.schema import Policy

Path = tuple[str | int, ...]

_MAPPINGS: Final = {
    "models": "names to models",
    "nodes": "node names to stages",
    "patterns": "names to expressions",
    "tasks": "names to tasks",
    "metadata": "metadata keys to tests",
}
"""What the mappings hold whose keys are the user's own."""


def load_policy(source: str | os.PathLike[str] | Mapping[str, Any]) -> Policy:
    """Return the policy in a YAML or TOML file, or in a mapping of the same shape. Raises PolicyError with every problem found."""
    if isinstance(source, Mapping):
        return parse(Document(data=dict(source), places={}, name="<mapping>"))
    return parse(read_file(source))


def parse(document: Document) -> Policy:
    """Return the policy that a document holds. Raises PolicyError with every problem found."""
    try:
        return Policy.model_validate(document.data)
    except ValidationError as error:
        raise PolicyError(_problems(error, document)) from None


def _problems(error: ValidationError, document: Document) -> list[str]:
    found: dict[tuple[int, Path, str], None] = {}
    for details in error.errors(include_url=False):
        for path, text in _told(details, document):
            found[(document.line(path) or 0, path, text)] = None
    return [f"{_place(document, line)}{_dotted(path)}{text}" for line, path, text in sorted(found, key=lambda key: key[0])]


def _told(details: ErrorDetails, document: Document) -> Sequence[tuple[Path, str]]:
    context = details.get("ctx", {})
    if details["type"] == "policy":
        return context["problems"]  # type: ignore[no-any-return]
    path = _within(details["loc"], document.data, missing=details["type"] == "missing")
    if details["type"] == "extra_forbidden":
        return [(path, _unknown_key(details["loc"]))]
    if details["type"] == "missing":
        return [(path[:-1], f"the key {path[-1]!r} is missing; add it")]
    if details["type"] == "value_error":
        return [(path, str(context["error"]))]
    if details["type"] in ("model_type", "model_attributes_type", "dict_type"):
        return [(path, f"this must be a mapping{_with_keys(details['loc'])}, not {_shown(details['input'])}")]
    if details["type"] == "tuple_type":
        return [(path, f"this must be a list, not {_shown(details['input'])}")]
    expected = details["msg"][0].lower() + details["msg"][1:]
    return [(path, f"{expected}, not {_shown(details['input'])}")]


def _shown(got: object) -> str:
    """Return a value as a message may hold it: whole when it is short."""
    if isinstance(got, dict | list | tuple):
        return f"a {'mapping' if isinstance(got, dict) else 'list'}"
    if got is None:
        return "nothing"
    if looks_like_key(got):
        return "a key"
    text = repr(got)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _with_keys(loc: Sequence[str | int]) -> str:
    section, names = _at(loc)
    if names:
        return f" of {_MAPPINGS.get(names, 'names to values')}"
    return "" if section is None or section is Policy else f" with some of: {', '.join(_keys_of(section))}"


def _within(loc: Sequence[str | int], data: Any, *, missing: bool) -> Path:
    """Return the parts of `loc` that lead into the document; pydantic adds the names of union members to it."""
    path: list[str | int] = []
    for part in loc:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            continue
        path.append(part)
    if missing:
        path.append(loc[-1])
    return tuple(path)


def _unknown_key(loc: Sequence[str | int]) -> str:
    key = str(loc[-1])
    known = _keys_of(_at(loc[:-1])[0] or Policy)
    return f"unknown key {key!r}; {suggestion(key, known)}"


def _keys_of(section: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in section.model_fields.items()]


def _at(loc: Sequence[str | int]) -> tuple[type[BaseModel] | None, str]:
    """Return the section that stands at `loc`, or that a mapping there holds, and the name of that mapping, or ''."""
    section: type[BaseModel] | None = Policy
    mapping = ""
    for part in loc:
        if mapping:
            # This part is a name of the user's own, whatever it is.
            mapping = ""
            continue
        field = next((f for name, f in section.model_fields.items() if part in (name, f.alias)), None) if section else None
        if field is not None:
            section = next(iter(_sections(field.annotation)), None)
            mapping = str(part) if _is_mapping(field.annotation) else ""
    return section, mapping


def _is_mapping(annotation: Any) -> bool:
    return get_origin(annotation) is dict or any(_is_mapping(inner) for inner in get_args(annotation))


def _sections(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for inner in get_args(annotation) for section in _sections(inner)]


def _place(document: Document, line: int) -> str:
    return f"{document.name}:{line}: " if line else f"{document.name}: "


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{_printed(part)}" if text else _printed(part)
    return f"{text}: " if text else ""


def _printed(key: str) -> str:
    return key if key.isprintable() else repr(key)
