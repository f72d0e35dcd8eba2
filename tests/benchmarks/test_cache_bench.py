"""The benchmark of the cache, with few rounds: that it measures what it says, not how fast anything is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks import cache_growth, cache_hits, cache_litellm, cache_processes, cache_replay, cache_stores
from benchmarks.cache_figures import Figures, as_markdown, as_text
from benchmarks.cache_replay import LeastRecentlyUsed, Ours, Shape, Trace, play, trace

from taskroute.stores.memory import MemoryStore

pytest.importorskip("diskcache")

SMALL = Shape(requests=300, prompts=80, skew=1.1, room=0.3)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the quick benchmark wrote. In a process of its own: LiteLLM and SQLAlchemy leave things behind that end when they like."""
    file: Path = tmp_path_factory.mktemp("cache") / "results.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "cache", "--quick", "--markdown", "--json", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {**json.loads(file.read_text()), "printed": done.stdout}


def names(table: dict[str, Any]) -> set[str]:
    return {row["name"] for row in table["rows"]}


def test_hits_are_measured_beside_those_of_langchain_and_litellm(written: dict[str, Any]) -> None:
    hits = [table for table in written["tables"] if table["title"].startswith("a hit")]
    assert [table["title"] for table in hits] == ["a hit with an answer of 1 kB", "a hit with an answer of 100 kB"]
    for table in hits:
        assert names(table) >= {cache_hits.ROUTED, "RoutedChatModel, memory", cache_hits.SQLITE, "chat model, InMemoryCache"}
        assert (cache_litellm.MEMORY in names(table)) is ("every hit of its cache raises" not in table["note"])
        assert table["peer"] in names(table)


def test_reading_one_value_is_measured_for_each_store(written: dict[str, Any]) -> None:
    stores = [table for table in written["tables"] if table["title"].startswith("one value")]
    assert len(stores) == 2
    for table in stores:
        assert names(table) >= {cache_stores.BARE, cache_stores.OURS, "SQLiteCache.lookup (LangChain)", "MemoryStore.get"}
        assert ("RedisStore.get" in names(table)) is ("No redis-server" not in table["note"])


def test_what_is_counted_is_printed_and_written(written: dict[str, Any]) -> None:
    growth, processes, lasting, changing = written["cache"]
    assert [name for name, _ in growth["rows"]] == [f"{number:,} entries".replace(",", " ") for number in cache_growth.QUICK_NUMBERS]
    for _, values in growth["rows"]:
        taken, payload = (dict(zip(growth["columns"], values, strict=True))[name] for name in ("bytes an entry", "of which payload"))
        assert taken > payload > 500
    assert len(processes["rows"]) == len(cache_processes.QUICK_PROCESSES)
    for _, (gets, cpu, mixed, puts, mixed_cpu, _) in processes["rows"]:
        assert min(gets, cpu, mixed, puts, mixed_cpu) > 0
    assert "other favourites" in changing["title"]
    assert "other favourites" not in lasting["title"]
    for figures in written["cache"]:
        assert figures["title"] in written["printed"]


def test_a_trace_is_the_same_each_time_and_has_favourites() -> None:
    played = trace(SMALL, shifts=False)
    assert played == trace(SMALL, shifts=False)
    counts = sorted((played.requests.count(prompt) for prompt in set(played.requests)), reverse=True)
    assert counts[0] > 10 * counts[-1]


def test_the_favourites_of_a_trace_change_half_way_if_asked_to() -> None:
    lasting, changing = trace(SMALL, shifts=False), trace(SMALL, shifts=True)
    half = SMALL.requests // 2
    assert lasting.requests[:half] == changing.requests[:half]
    assert lasting.requests[half:] != changing.requests[half:]


def tiny(requests: list[int]) -> Trace:
    return trace(SMALL, shifts=False)._replace(requests=requests)


def test_the_peer_drops_what_was_asked_for_longest_ago() -> None:
    played = tiny([0, 1, 0, 2, 0, 1])._replace(sizes=[10] * SMALL.prompts)
    result = play(LeastRecentlyUsed(played, room=20), played)
    # 0 is there for the third and the fifth request; 1 went when 2 came.
    assert (result.hits, result.kept, result.stores) == (2, 20, 4)


def test_ours_is_the_cache_itself_and_admits_at_the_nth_sighting() -> None:
    played = tiny([0, 0, 0, 1, 1, 2])
    for admit_after, hits, stored in ((1, 3, 3), (2, 1, 2)):
        with cache_replay.ours(played, MemoryStore, admit_after) as ours:
            assert isinstance(ours, Ours)
            assert play(ours, played)[0::3] == (hits, stored)


def test_figures_read_alike_as_text_and_as_markdown() -> None:
    figures = Figures("a title", ("x", "y"), (("one", (1234, 0.5)), ("two", ("none", 12.34))), "a note")
    assert as_text(figures).splitlines() == [
        "a title",
        "               x          y",
        "  one      1 234       0.50",
        "  two       none       12.3",
        "  a note",
    ]
    assert as_markdown(figures).splitlines()[2:] == ["| one | 1 234 | 0.50 |", "| two | none | 12.3 |"]
