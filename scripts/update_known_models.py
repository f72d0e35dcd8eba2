"""Rebuilds the shipped snapshot of known chat models from the model table inside the LiteLLM wheel.

    python scripts/update_known_models.py [--table FILE --version V] [--date YYYY-MM-DD] [--out FILE] [--no-windows]

The table is read by path, so LiteLLM is never imported. Context windows that it lacks come from genai-prices when that is installed.
The same inputs always give the same bytes.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

OUT = Path(__file__).resolve().parent.parent / "src/taskroute/registry/known_models.json"
TABLE_NAME = "model_prices_and_context_window_backup.json"
MODES = frozenset({"chat", "responses"})

PROVIDERS: Mapping[str, str] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "gemini": "google",
    "azure": "azure",
    "azure_ai": "azure_ai",
    "bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "mistral": "mistral",
    "codestral": "mistral",
    "deepseek": "deepseek",
    "xai": "xai",
    "groq": "groq",
    "cohere_chat": "cohere",
    "perplexity": "perplexity",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "ollama": "ollama",
}
# Ollama's window is a setting of each server, not a fact about the model.
WINDOW_UNKNOWN = frozenset({"ollama"})
PREFIXES = ("vertex_ai/", *(f"{name}/" for name in PROVIDERS))

# Providers whose ids in genai-prices are the ids that their API takes.
WINDOWS_FROM: Mapping[str, str] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "google",
    "deepseek": "deepseek",
    "x-ai": "xai",
    "groq": "groq",
    "cohere": "cohere",
    "perplexity": "perplexity",
    "together": "together",
    "mistral": "mistral",
}
NEEDS: Mapping[str, tuple[str, str | None]] = {
    "tools": ("supports_function_calling", None),
    "vision": ("supports_vision", "image"),
    "json_schema": ("supports_response_schema", None),
    "audio": ("supports_audio_input", "audio"),
    "video": ("supports_video_input", "video"),
    "file": ("supports_pdf_input", None),
}
BEDROCK_REGION = re.compile(r"(us|eu|apac|au|jp|ca|us-gov|global)\.")
AZURE_REGION = re.compile(r"(us|eu|apac|global|global-standard)/")
BEDROCK_FAMILIES = (
    "anthropic.",
    "meta.",
    "amazon.nova",
    "mistral.",
    "deepseek.",
    "openai.",
    "qwen.",
    "cohere.",
    "ai21.",
    "xai.",
    "moonshot",
)
DATED = re.compile(r"[-@](20\d{6}|20\d\d-\d\d-\d\d)$|@default$")


class Entry(NamedTuple):
    """What is known of one model."""

    context_window: int | None
    max_output_tokens: int | None
    can: tuple[str, ...]
    cannot: tuple[str, ...]


def provider_of(row: Mapping[str, Any]) -> str | None:
    """Return the provider's name in the snapshot, or None when the row stays out."""
    listed = str(row.get("litellm_provider", ""))
    modes = MODES | {"completion"} if listed == "ollama" else MODES
    if row.get("mode") not in modes or (listed == "perplexity" and row.get("mode") == "responses"):
        return None
    return "vertex" if listed.startswith("vertex_ai") else PROVIDERS.get(listed)


def id_of(provider: str, key: str) -> tuple[str, bool] | None:
    """Return the id that the provider's API takes and whether the row is for one region only; None when the row stays out."""
    if key.startswith(("ft:", "together-ai-", "fireworks-ai-")) or "*" in key:
        return None
    if provider == "bedrock":
        base = BEDROCK_REGION.sub("", key, count=1) if BEDROCK_REGION.match(key) else key
        return (base, base != key) if "/" not in base and base.startswith(BEDROCK_FAMILIES) else None
    name = next((key.removeprefix(prefix) for prefix in PREFIXES if key.startswith(prefix)), key)
    if provider == "azure" and AZURE_REGION.match(name):
        return AZURE_REGION.sub("", name, count=1), True
    return name, False


def capability(row: Mapping[str, Any], flag: str, modality: str | None) -> bool | None:
    """Return what the row says of one capability; None when it says nothing."""
    said = row.get(flag)
    if isinstance(said, bool):
        return said
    listed = row.get("supported_modalities")
    if modality is not None and isinstance(listed, list):
        return modality in listed
    return None


def whole(row: Mapping[str, Any], *names: str) -> int | None:
    """Return the first of the named limits that is a positive whole number."""
    for name in names:
        value = row.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return int(value)
    return None


def entry_of(row: Mapping[str, Any]) -> Entry:
    """Return the row reduced to what routing may ask of a model."""
    said = {need: capability(row, flag, modality) for need, (flag, modality) in NEEDS.items()}
    return Entry(
        context_window=whole(row, "max_input_tokens"),
        max_output_tokens=whole(row, "max_output_tokens"),
        can=tuple(need for need, value in said.items() if value is True),
        cannot=tuple(need for need, value in said.items() if value is False),
    )


def trim(table: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Entry]]:
    """Return provider to model id to entry; a row for all regions wins over a regional one."""
    models: dict[str, dict[str, Entry]] = {}
    regional: dict[str, dict[str, Entry]] = {}
    for key in sorted(table):
        row = table[key]
        provider = provider_of(row)
        named = None if provider is None else id_of(provider, key)
        if provider is None or named is None:
            continue
        target = regional if named[1] else models
        entry = entry_of(row)
        if provider in WINDOW_UNKNOWN:
            entry = entry._replace(context_window=None, max_output_tokens=None)
        target.setdefault(provider, {}).setdefault(named[0], entry)
    for provider, entries in regional.items():
        for name, entry in entries.items():
            models.setdefault(provider, {}).setdefault(name, entry)
    return models


def windows() -> Iterator[tuple[str, str, int]]:
    """Yield provider, model id and context window as genai-prices has them."""
    from genai_prices.data_snapshot import get_snapshot

    for provider in get_snapshot().providers:
        for model in provider.models:
            if provider.id in WINDOWS_FROM and model.context_window and " " not in model.id:
                yield WINDOWS_FROM[provider.id], model.id, model.context_window


def fill(models: dict[str, dict[str, Entry]]) -> None:
    """Add the windows that are missing, and the models that only genai-prices has."""
    for provider, name, window in windows():
        entries = models.setdefault(provider, {})
        old = entries.get(name)
        if old is None:
            entries[name] = Entry(window, None, (), ())
        elif old.context_window is None:
            entries[name] = old._replace(context_window=window)


def drop_repeats(models: dict[str, dict[str, Entry]]) -> None:
    """Leave out dated ids that say the same as their undated alias (a look-up falls back to it), and rows that say nothing."""
    for entries in models.values():
        for name in list(entries):
            alias = DATED.sub("", name)
            repeats = alias != name and entries.get(alias) == entries[name]
            if repeats or entries[name] == Entry(None, None, (), ()):
                del entries[name]


def render(models: Mapping[str, Mapping[str, Entry]], *, date: str, sources: Sequence[str]) -> str:
    """Return the file's text: sorted, one model a line so that an update can be reviewed."""
    blocks: list[str] = []
    for provider in sorted(models):
        lines = [
            f"{json.dumps(name)}:{json.dumps([e[0], e[1], ' '.join(e.can), ' '.join(e.cannot)], separators=(',', ':'))}"
            for name, e in sorted(models[provider].items())
        ]
        blocks.append(f"{json.dumps(provider)}:{{\n" + ",\n".join(lines) + "\n}")
    head = {"format": 1, "date": date, "sources": list(sources), "licence": "MIT, see NOTICE.md"}
    return json.dumps(head)[:-1] + ', "models":{\n' + ",\n".join(blocks) + "\n}}\n"


def installed_table() -> tuple[Path, str]:
    """Return the path of the table in the installed LiteLLM, without importing it, and its version."""
    spec = importlib.util.find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("litellm is not installed here: install it, or give --table and --version")
    return Path(spec.submodule_search_locations[0]) / TABLE_NAME, version("litellm")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, help="a model table to read in place of the installed one")
    parser.add_argument("--version", help="version of LiteLLM that --table comes from")
    parser.add_argument("--date", default=datetime.datetime.now(datetime.UTC).date().isoformat())
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--no-windows", action="store_true", help="leave genai-prices out")
    options = parser.parse_args(argv)
    if (options.table is None) != (options.version is None):
        parser.error("--table and --version go together")
    path, table_version = (options.table, options.version) if options.table else installed_table()
    models = trim(json.loads(path.read_bytes()))
    sources = [f"litellm {table_version}"]
    if not options.no_windows:
        try:
            sources.append(f"genai-prices {version('genai-prices')}")
        except PackageNotFoundError:
            parser.error("genai-prices is not installed here: install it, or give --no-windows")
        fill(models)
    drop_repeats(models)
    text = render(models, date=options.date, sources=sources)
    options.out.write_text(text, encoding="utf-8", newline="\n")
    print(f"{options.out}: {sum(map(len, models.values()))} models, {len(text.encode())} bytes", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
