"""Cassettes as files: how they are written, what makes one unfit to be played, and what must never stand in one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from tests.emulator import MARK
from tests.emulator.server import HOSTS

SUMS: Final = "SHA256SUMS"
AGAIN: Final = "record it again with `make record`"

_SECRETS: Final = re.compile(
    r"\b(sk|pk|rk|gsk|hf)[-_][A-Za-z0-9_-]{16,}"  # OpenAI, Anthropic and those who do as they do
    r"|\bAIza[0-9A-Za-z_-]{20,}|\bya29\.|\bAKIA[0-9A-Z]{12,}"  # Google, AWS
    r"|\beyJ[A-Za-z0-9_-]{8,}\.eyJ"  # a JSON web token
    r"|(?i:bearer|basic)\s+[A-Za-z0-9+/=._-]{6,}"
    r"|(?i:(authorization|x-api-key|api[-_]key|x-goog-api-key|cookie|access_token))\\?['\"]?\s*[:=]"
    r"|(?i:openai-organization|openai-project|anthropic-organization-id)['\"]?\s*:"
    r"|[?&]key="
    r"|\b(org|proj|user)-[A-Za-z0-9]{12,}"
    r"|\b[\w.+-]+@[\w-]+\.[A-Za-z]{2,}\b"
)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines stand as they are, and short lists on one line, so that a diff shows what changed."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


def _list(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=all(isinstance(item, str) for item in value))


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)


class Serializer:
    """Writes and reads cassettes for vcrpy."""

    @staticmethod
    def serialize(cassette: dict[str, Any]) -> str:
        return yaml.dump(cassette, Dumper=_Dumper, width=10_000, allow_unicode=True)

    @staticmethod
    def deserialize(text: str) -> Any:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sums(folder: Path) -> str:
    """Return the checksums of all cassettes in a folder, as `sha256sum -c` reads them."""
    files = sorted(folder.glob("*/*.yaml"))
    return "".join(f"{digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in files)


def recorded_sums(folder: Path) -> Mapping[str, str]:
    """Return the checksum of each cassette as it was when it was recorded, by its path in the folder."""
    path = folder / SUMS
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {name: found for found, name in (line.split("  ", 1) for line in lines)}


def faults(path: Path, *, provider: str | None = None, known: Mapping[str, str] | None = None) -> list[str]:
    """Return a line for each reason not to play a cassette: file, what is wrong, and the cure."""
    name = f"{path.parent.name}/{path.name}"
    if not path.exists():
        return [f"there is no cassette {name}; {AGAIN}"]
    found: list[str] = []
    if known is not None and known.get(name) != digest(path):
        why = "is not in" if name not in known else "was changed since it was recorded: it is not what is in"
        found.append(f"{name} {why} {SUMS}; {AGAIN}")
    try:
        cassette = Serializer.deserialize(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return [*found, f"{name} is not whole: {str(error).splitlines()[0]}; {AGAIN}"]
    return [*found, *(f"{name}: {line}; {AGAIN}" for line in _misfits(cassette, provider))]


def _misfits(cassette: Any, provider: str | None) -> Iterator[str]:
    if not isinstance(cassette, dict) or not isinstance(cassette.get("interactions"), list) or cassette.get("version") != 1:
        yield "it is no cassette of version 1, or it ends too early"
        return
    if not cassette["interactions"]:
        yield "it holds no reply"
    for number, entry in enumerate(cassette["interactions"], start=1):
        try:
            host = urlsplit(entry["request"]["uri"]).hostname
            body, headers = entry["response"]["body"]["string"], entry["response"]["headers"]
            status = entry["response"]["status"]["code"]
        except (KeyError, TypeError) as error:
            yield f"reply {number} lacks {error}"
            continue
        spoken = HOSTS.get(str(host))
        if spoken is None or (provider is not None and spoken != provider.split("-")[0]):
            yield f"reply {number} is of {host}, and the test asks {provider or 'a provider that is known'}"
        if status < 300 and "application/json" in headers.get("content-type", []) and not _is_json(body):
            yield f"reply {number} says that it is JSON, and it is not"


def _is_json(body: Any) -> bool:
    try:
        json.loads(body)
    except (TypeError, ValueError):
        return False
    return True


def secrets(text: str) -> list[str]:
    """Return whatever looks like a key, an account or an address of a person."""
    return [match[0] for match in _SECRETS.finditer(text)]


def source(path: Path) -> str:
    """Return where a cassette comes from: `emulator` or `provider`."""
    return "emulator" if f"server: [{MARK}]" in path.read_text(encoding="utf-8") else "provider"
