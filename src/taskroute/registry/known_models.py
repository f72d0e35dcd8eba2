"""Look-up in the shipped snapshot of known models: their windows and capabilities. Read once, when first asked."""

from __future__ import annotations

import json
import pkgutil
import re
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from taskroute.registry.providers import known_provider

_DATE: Final = re.compile(r"[-@](20\d{6}|20\d\d-\d\d-\d\d)$|@default$")
_BEDROCK_REGION: Final = re.compile(r"^(us|eu|apac|au|jp|ca|us-gov|global)\.")

# The same ids mean the same models on both of Google's services.
_ALSO: Final[Mapping[str, str]] = {"google": "vertex", "vertex": "google"}
# A bare id is looked up where the maker sells it; hosts of open models give one id to different windows.
_MAKERS: Final = ("openai", "anthropic", "google", "mistral", "deepseek", "xai", "cohere", "perplexity", "bedrock")


class KnownModel(NamedTuple):
    """What the snapshot says of one model. A capability that is absent is unknown."""

    provider: str
    id: str
    context_window: int | None
    max_output_tokens: int | None
    capabilities: Mapping[str, bool]


class _Snapshot(NamedTuple):
    date: str
    models: Mapping[str, Mapping[str, Any]]


@cache
def _snapshot() -> _Snapshot:
    # Not importlib.resources: importing it takes longer than reading and parsing the file.
    raw: dict[str, Any] = json.loads(pkgutil.get_data("taskroute.registry", "known_models.json") or b"")
    return _Snapshot(date=raw["date"], models=MappingProxyType(raw["models"]))


def loaded() -> bool:
    """Return whether the snapshot has been read in this process."""
    return _snapshot.cache_info().currsize > 0


def snapshot_name() -> str:
    """Return the snapshot's name with its date, as a source to show."""
    return f"known_models@{_snapshot().date}"


def find(provider: str | None, model_id: str) -> KnownModel | None:
    """Return the known model under this id, or under the id without its date; None when there is none.

    `provider` is any spelling of a provider's name; None for a bare id.
    """
    models = _snapshot().models
    if provider is None:
        places: tuple[str, ...] = _MAKERS
    else:
        name = known_provider(provider)
        if name is None:
            return None
        places = (name, _ALSO[name]) if name in _ALSO else (name,)
    for candidate in _names(model_id, places):
        for place in places:
            row = models.get(place, {}).get(candidate)
            if row is not None:
                return _known(place, candidate, row)
    return None


def _names(model_id: str, places: tuple[str, ...]) -> Iterator[str]:
    """Yield the exact id, then the ids that are by construction the same model, nearest first."""
    name = model_id.removeprefix("models/")
    yield name
    if name.startswith("ft:"):
        name = name.split(":")[1]
        yield name
    if "bedrock" in places and _BEDROCK_REGION.match(name):
        name = _BEDROCK_REGION.sub("", name)
        yield name
    if "ollama" in places and name.endswith(":latest"):
        name = name.removesuffix(":latest")
        yield name
    undated = _DATE.sub("", name)
    if undated != name:
        yield undated


def _known(provider: str, model_id: str, row: Any) -> KnownModel:
    window, most, can, cannot = row
    capabilities = dict.fromkeys(can.split(), True) | dict.fromkeys(cannot.split(), False)
    return KnownModel(provider, model_id, window, most, MappingProxyType(capabilities))
