"""The `cache` section of a policy: what may be written, what it means, and how a slip is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from taskroute import Policy, PolicyError, Router, load_policy
from taskroute.cache.terms import partitions
from taskroute.policy.caching import Cache, parse_size

BASE = {"models": {"small": "openai:gpt-5-mini"}, "default": "small"}


def cached(**section: Any) -> Policy:
    return load_policy({**BASE, "cache": section})


def problem(tmp_path: Path, section: str) -> str:
    path = tmp_path / "taskroute.yaml"
    path.write_text(f"models: {{small: openai:gpt-5-mini}}\ndefault: small\ncache: {section}\n")
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    [found] = caught.value.problems
    return found.replace(f"{path}", path.name)


def test_without_the_section_there_is_no_cache() -> None:
    policy = load_policy(BASE)
    assert policy.cache is None
    assert Router(policy).cache is None


def test_an_empty_section_means_a_day_on_disk_for_everybody() -> None:
    cache = cached().cache
    assert cache is not None
    assert (cache.store, cache.path, cache.ttl, cache.size, cache.scope) == ("disk", ".taskroute/cache", 86_400.0, 10**9, ())
    assert (cache.admit_after, cache.tool_calls, cache.stale_if_error, cache.max_temperature) == (1, False, None, 0.5)


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [("200kB", 200_000), ("1.5 MB", 1_500_000), ("64MiB", 64 * 2**20), ("2GiB", 2**31), ("1TB", 10**12), ("500000B", 500_000)],
)
def test_sizes_have_units(text: str, bytes_: int) -> None:
    assert parse_size(text) == bytes_


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("none", "taskroute.yaml:3: cache: this must be a mapping with some of: store, path, url"),
        ("{tll: 1d}", "cache.tll: unknown key 'tll'; did you mean 'ttl'?"),
        ("{store: dis}", "cache.store: input should be 'memory', 'disk' or 'redis', not 'dis'"),
        ("{ttl: 60}", "cache.ttl: 60 is not a duration; write a number with its unit"),
        ("{size: 5}", "cache.size: 5 is not a size; write a number with its unit (kB, MB, GB, KiB, MiB, GiB), such as '5MB'"),
        ("{size: 1kB}", "'1kB' is too small for a cache; write 200kB or more"),
        ("{size: 5 parsecs}", "'5 parsecs' is not a size"),
        ("{scope: tenants}", "input should be 'tenant', 'user' or 'session', not 'tenants'"),
        ("{admit_after: 0}", "cache.admit_after: input should be greater than or equal to 1, not 0"),
        ("{max_temperature: 3}", "cache.max_temperature: input should be less than or equal to 2, not 3"),
        ("{wait: 0s}", "cache.wait: '0s' is not longer than zero"),
        ("{stages: {generate: no}}", "cache.stages.generate: 'no' is not known; write 'none' to keep no such answers, or a mapping with"),
        ("{stages: {generate: {wait: 1s}}}", "cache.stages.generate.wait: unknown key 'wait'"),
        ("{stages: {'tool:*': none}}", "'tool:*' matches nothing: stages are written out here"),
        ("{tasks: {debuging: none}}", "cache.tasks.debuging: no task named 'debuging'; did you mean 'debugging'?"),
        ("{store: redis}", "cache.store: 'redis' needs 'url', the address of the server"),
        ("{url: '${REDIS_URL}'}", "'url' is for the store 'redis', and this one is 'disk'; remove it, or write store: redis"),
        ("{store: memory, path: x}", "'path' is for the store 'disk', and this one is 'memory'"),
        ("{namespace: ''}", "cache.namespace: string should have at least 1 character"),
    ],
)
def test_a_slip_is_told_with_its_place_and_cure(tmp_path: Path, section: str, expected: str) -> None:
    assert expected in problem(tmp_path, section)


def test_a_password_in_the_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    found = problem(tmp_path, "{store: redis, url: 'redis://me:hunter2@cache.internal'}")
    assert "holds a key or a password" in found
    assert "hunter2" not in found


def test_a_route_may_keep_no_answers_and_says_so_in_one_word() -> None:
    policy = load_policy({**BASE, "cache": {}, "routes": [{"name": "fresh", "use": "small", "cache": "none"}]})
    assert policy.routes[0].cache == "none"
    with pytest.raises(PolicyError, match=r"routes\[0\]\.cache"):
        load_policy({**BASE, "routes": [{"name": "fresh", "use": "small", "cache": "no"}]})


def test_names_of_scopes_may_be_one_or_a_list_or_none() -> None:
    scopes = [cache.scope for scope in ("tenant", ["tenant", "user"], "none", []) if (cache := cached(scope=scope).cache) is not None]
    assert scopes == [("tenant",), ("tenant", "user"), (), ()]


def test_waiting_can_be_switched_off() -> None:
    cache = cached(wait="none").cache
    assert cache is not None
    assert cache.wait == 0.0


def test_the_tasks_of_the_policy_itself_may_be_named() -> None:
    policy = load_policy(
        {**BASE, "tasks": {"billing": {"keywords": "invoice"}}, "cache": {"tasks": {"billing": "none", "code": {"ttl": "1h"}}}}
    )
    assert policy.cache is not None
    assert set(policy.cache.tasks) == {"billing", "code"}


def test_a_stage_with_a_size_has_room_of_its_own() -> None:
    section = {
        "size": "2MB",
        "stages": {"generate": {"size": "5MB"}, "rerank": {"ttl": "1h"}, "cite": "none"},
        "tasks": {"code": {"size": "1MB"}},
    }
    cache = cached(**section).cache
    assert cache is not None
    assert partitions(cache) == {"": 2_000_000, "stage generate": 5_000_000, "task code": 1_000_000}


def test_a_policy_says_the_same_after_it_was_written_and_read() -> None:
    policy = cached(
        size="64MiB",
        scope=["tenant"],
        wait="none",
        stale_if_error="7d",
        stages={"generate": {"ttl": "1h", "size": "5MB"}, "cite": "none"},
        tasks={"code": {"tool_calls": True}},
    )
    assert policy.cache is not None
    again = Cache.model_validate_json(policy.cache.model_dump_json(exclude_unset=True))
    assert again == policy.cache
