"""The shipped snapshot, and the script that makes it."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from taskroute.registry.known_models import find, snapshot_name
from taskroute.taxonomy import NEEDS

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "update_known_models.py"

TABLE: dict[str, dict[str, Any]] = {
    "sample_spec": {"litellm_provider": "one of", "mode": "one of: chat", "max_input_tokens": "a sentence"},
    "zeta": {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 10, "max_output_tokens": 5, "supports_vision": True},
    "zeta-2024-01-02": {
        "litellm_provider": "openai",
        "mode": "chat",
        "max_input_tokens": 10,
        "max_output_tokens": 5,
        "supports_vision": True,
    },
    "zeta-2023-01-02": {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 7, "supports_vision": False},
    "alpha": {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 3, "supported_modalities": ["text", "image"]},
    "embed": {"litellm_provider": "openai", "mode": "embedding", "max_input_tokens": 8},
    "gemini/g": {"litellm_provider": "gemini", "mode": "chat", "max_input_tokens": 20, "supports_function_calling": True},
    "us.anthropic.c-v1:0": {"litellm_provider": "bedrock_converse", "mode": "chat", "max_input_tokens": 1},
    "anthropic.c-v1:0": {"litellm_provider": "bedrock_converse", "mode": "chat", "max_input_tokens": 2},
    "azure/eu/z": {"litellm_provider": "azure", "mode": "chat", "max_input_tokens": 4},
    "ollama/llama9": {"litellm_provider": "ollama", "mode": "chat", "max_input_tokens": 8192, "supports_function_calling": True},
    "nobody/n": {"litellm_provider": "somebody_else", "mode": "chat", "max_input_tokens": 4},
}


def make(folder: Path, table: dict[str, dict[str, Any]], name: str) -> bytes:
    source, out = folder / f"{name}-table.json", folder / f"{name}.json"
    source.write_text(json.dumps(table), encoding="utf-8")
    options = ["--table", str(source), "--version", "1.2.3", "--date", "2026-01-02", "--out", str(out), "--no-windows"]
    subprocess.run([sys.executable, str(SCRIPT), *options], check=True, capture_output=True, text=True)
    return out.read_bytes()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    snapshot: dict[str, Any] = json.loads(make(tmp_path_factory.mktemp("made"), TABLE, "made"))
    return snapshot


def test_the_script_gives_the_same_bytes_whatever_the_order_of_the_table(tmp_path: Path) -> None:
    assert make(tmp_path, TABLE, "one") == make(tmp_path, dict(reversed(TABLE.items())), "two")


def test_the_file_says_what_it_was_made_from(made: dict[str, Any]) -> None:
    assert (made["date"], made["sources"]) == ("2026-01-02", ["litellm 1.2.3"])
    assert made["licence"].startswith("MIT")


def test_chat_models_of_known_providers_are_kept_and_nothing_else(made: dict[str, Any]) -> None:
    kept = {provider: set(models) for provider, models in made["models"].items()}
    assert kept == {
        "openai": {"alpha", "zeta", "zeta-2023-01-02"},
        "google": {"g"},
        "bedrock": {"anthropic.c-v1:0"},
        "azure": {"z"},
        "ollama": {"llama9"},
    }


def test_capabilities_are_said_denied_or_left_unknown(made: dict[str, Any]) -> None:
    assert made["models"]["openai"]["zeta"] == [10, 5, "vision", ""]
    assert made["models"]["openai"]["zeta-2023-01-02"] == [7, None, "", "vision"]
    assert made["models"]["openai"]["alpha"] == [3, None, "vision", "audio video"]


def test_a_row_for_all_regions_wins_over_a_regional_one(made: dict[str, Any]) -> None:
    assert made["models"]["bedrock"]["anthropic.c-v1:0"][0] == 2


def test_the_window_of_a_model_that_each_server_sets_is_unknown(made: dict[str, Any]) -> None:
    assert made["models"]["ollama"]["llama9"] == [None, None, "tools", ""]


def test_the_shipped_file_is_small_sorted_and_well_formed() -> None:
    text = resources.files("taskroute.registry").joinpath("known_models.json").read_text(encoding="utf-8")
    assert len(text.encode()) <= 250_000
    shipped = json.loads(text)
    assert shipped["sources"][0].startswith("litellm ")
    assert list(shipped["models"]) == sorted(shipped["models"])
    for models in shipped["models"].values():
        assert list(models) == sorted(models)
        for window, most, can, cannot in models.values():
            assert window is None or window > 0
            assert most is None or most > 0
            assert set(can.split()) | set(cannot.split()) <= set(NEEDS)
            assert not set(can.split()) & set(cannot.split())


@pytest.mark.parametrize(
    ("provider", "model_id"),
    [
        ("openai", "gpt-5.5"),
        ("anthropic", "claude-opus-4-7"),
        ("google", "gemini-2.5-pro"),
        ("vertex", "claude-sonnet-4-5"),
        ("azure", "gpt-4o"),
        ("bedrock", "amazon.nova-lite-v1:0"),
        ("mistral", "mistral-large-latest"),
        ("deepseek", "deepseek-chat"),
        ("xai", "grok-4.20"),
        ("groq", "openai/gpt-oss-120b"),
        ("cohere", "command-a-03-2025"),
        ("perplexity", "sonar-pro"),
        ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        ("fireworks", "accounts/fireworks/models/llama-v3p3-70b-instruct"),
    ],
)
def test_the_main_models_of_each_provider_are_in_the_snapshot(provider: str, model_id: str) -> None:
    found = find(provider, model_id)
    assert found is not None
    assert (found.provider, found.id) == (provider, model_id)
    assert found.context_window is not None


def test_the_snapshot_is_read_only_when_first_asked() -> None:
    code = (
        "import sys, taskroute.registry.models as m; from taskroute.registry import known_models as k;"
        "before = k.loaded(); m.describe('a', model='openai:gpt-4o'); print(before, k.loaded(), 'genai_prices' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True", "False"]


def test_the_snapshot_is_named_with_its_date() -> None:
    assert snapshot_name().startswith("known_models@2026-")
