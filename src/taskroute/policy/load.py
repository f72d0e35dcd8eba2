"""Reading a policy, YAML or TOML, into plain data that remembers its lines."""

from __future__ import annotations

import os
from typing import Final, Literal

from taskroute.errors import PolicyError
from taskroute.policy.places import Document, refused
from taskroute.policy.toml_text import read_toml
from taskroute.policy.yaml_text import read_yaml

__all__ = ["Document", "read_file", "read_text"]

Format = Literal["yaml", "toml"]

MAX_BYTES: Final = 1_000_000

_SUFFIXES: Final[dict[str, Format]] = {".yaml": "yaml", ".yml": "yaml", ".toml": "toml"}


def read_file(path: str | os.PathLike[str]) -> Document:
    """Return the data of a policy file, with the line of every value; the suffix tells YAML from TOML."""
    name = os.fspath(path)
    suffix = os.path.splitext(name)[1].lower()
    if suffix not in _SUFFIXES:
        raise refused(name, None, f"{suffix!r} is not a suffix of a policy", f"name the file with one of {', '.join(_SUFFIXES)}")
    raw = _bytes(name)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise refused(name, line, f"byte 0x{raw[error.start]:02x} is not UTF-8", "save the file as UTF-8") from None
    return read_text(text, name=name, format=_SUFFIXES[suffix])


def read_text(text: str, *, name: str = "<policy>", format: Format) -> Document:
    """Return the data of a policy text, with the line of every value."""
    if len(text) > MAX_BYTES:
        raise _too_large(name)
    document = read_yaml(text, name) if format == "yaml" else read_toml(text, name)
    if not document.data:
        raise refused(name, 1, "the policy is empty", "write at least 'models' and 'default'")
    return document


def _bytes(name: str) -> bytes:
    try:
        with open(name, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        looked = os.path.abspath(name)
        raise refused(name, None, f"no such file, looked for {looked!r}", "create it, or give the path of your policy") from None
    except IsADirectoryError:
        raise refused(name, None, "this is a directory", "give the path of the policy file in it") from None
    except (OSError, ValueError) as error:
        raise refused(name, None, f"the file cannot be read ({error})", "check the path and its permissions") from None
    if len(raw) > MAX_BYTES:
        raise _too_large(name)
    return raw


def _too_large(name: str) -> PolicyError:
    return refused(name, None, f"the policy is larger than {MAX_BYTES} bytes", "keep examples and data in other files")
