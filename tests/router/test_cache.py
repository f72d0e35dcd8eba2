"""The router's cache as its users hold it: reloading, switches, pickling, forking, closing, and what is missing."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from taskroute import Call, ConfigurationError, PolicyError, Router, RouterClosedError
from taskroute.execution.streams import drive_stream
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock
from tests.cache.keeping import WAYS, KeepingHost, Way, aask, ask
from tests.policies import policy

MEMORY: dict[str, Any] = {"store": "memory"}


def made(section: Any = MEMORY, **options: Any) -> Router:
    return Router(policy(cache=section), environ={}, **options)


def on_disk(path: Path, **cache: Any) -> dict[str, Any]:
    return {"store": "disk", "path": str(path / "cache"), **cache}


# Which cache


def test_without_the_section_there_is_no_cache() -> None:
    assert made(None).cache is None


@pytest.mark.parametrize("way", WAYS)
def test_a_policy_names_its_store(way: Way, tmp_path: Path) -> None:
    for cache in (MEMORY, on_disk(tmp_path)):
        with made(cache) as routed:
            host = KeepingHost({"small": ["hi there"]})
            assert [way(routed, host) for _ in range(2)] == ["hi there"] * 2
            assert host.called == ["small"]


def test_what_one_router_keeps_on_disk_the_next_one_serves(tmp_path: Path) -> None:
    host = KeepingHost({"small": ["hi"]})
    for _ in range(2):
        with made(on_disk(tmp_path)) as routed:
            assert ask(routed, host) == "hi"
    assert host.called == ["small"]


def test_a_stage_with_a_size_of_its_own_has_a_store_of_its_own(tmp_path: Path) -> None:
    stages = {"rerank": {"size": "1MB"}, "my x": {"size": "1MB"}, "my-x": {"size": "1MB"}, "tool:a/../b": {"size": "1MB"}}
    with made(on_disk(tmp_path, stages=stages), clock=FakeClock()) as routed:
        host = KeepingHost({"small": [str(n) for n in range(5)]})
        for stage in (*stages, None):
            ask(routed, host, Call("q", stage=stage))
        # One question, one key; so those of other stages were kept elsewhere.
        assert len(host.called) == 5
    # And one for what is no answer: who is at work, and what was counted.
    assert len([path for path in (tmp_path / "cache").iterdir() if path.is_dir()]) == 6


def test_a_store_that_was_given_takes_the_place_of_the_policys(tmp_path: Path) -> None:
    store = MemoryStore()
    with made(on_disk(tmp_path), cache=store) as routed:
        ask(routed, KeepingHost({"small": ["hi"]}))
    assert not (tmp_path / "cache").exists()
    # And stays the caller's.
    assert [name for name in store.scan("") if "/e/" in name]


def test_what_is_no_store_is_refused_when_the_router_is_built() -> None:
    with pytest.raises(ConfigurationError, match=r"cache= is of type object, which has no get, put, .*; give a Store, such as MemoryStore"):
        made(cache=object())


def test_a_store_that_was_given_for_nothing_is_said_at_once() -> None:
    with pytest.warns(UserWarning, match="cache= was given, but the policy has no 'cache'.*write 'cache: {}'"):
        made(None, cache=MemoryStore())


def test_routers_that_share_a_store_share_answers() -> None:
    store, host = MemoryStore(), KeepingHost({"small": ["hi"]})
    assert [ask(made({}, cache=store), host) for _ in range(2)] == ["hi", "hi"]
    assert host.called == ["small"]


# What is missing


@pytest.mark.parametrize("environ", [{}, {"REDIS_URL": ""}])
def test_an_address_in_a_variable_that_is_not_set_is_said_when_the_router_is_built(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="cache.url names the environment variable REDIS_URL, which is not set"):
        Router(policy(cache={"store": "redis", "url": "${REDIS_URL}"}), environ=environ)


def test_a_reload_that_lacks_something_leaves_the_old_policy_and_its_cache() -> None:
    routed = made()
    before = routed.cache
    with pytest.raises(ConfigurationError):
        routed.reload(policy(cache={"store": "redis", "url": "${REDIS_URL}"}))
    with pytest.raises(PolicyError):
        routed.reload(policy(cache={"store": "redis"}))
    assert routed.cache is before is not None
    assert ask(routed, KeepingHost({"small": ["hi"]})) == "hi"


def test_a_package_that_is_missing_is_said_when_the_router_is_built() -> None:
    code = (
        "import sys; sys.modules['diskcache'] = None\n"
        "from taskroute import Router, ConfigurationError\n"
        "try:\n"
        "    Router({'models': {'a': 'test:a'}, 'default': 'a', 'cache': {}})\n"
        "except ConfigurationError as error:\n"
        "    print(error)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'taskroute[disk]'" in found.stdout


@pytest.mark.parametrize("cache", ["None", "{'store': 'memory'}"])
def test_a_router_loads_no_store_that_it_does_not_use(cache: str) -> None:
    code = (
        "import sys; from taskroute import Router, Call\n"
        f"r = Router({{'models': {{'a': 'test:a'}}, 'default': 'a', 'cache': {cache}}}); r.decide(Call('q')); r.close()\n"
        "print([m for m in ('diskcache', 'redis', 'sqlite3', 'taskroute.stores.disk', 'taskroute.stores.redis') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# Reloading


def test_a_reload_that_leaves_the_section_alone_keeps_the_cache() -> None:
    routed, host = made(), KeepingHost({"small": ["hi"]})
    ask(routed, host)
    before = routed.cache
    routed.reload(policy(cache=MEMORY, retry={"extra": 0}))
    assert routed.cache is before
    assert ask(routed, host) == "hi"
    # What says when and for whom does not say where.
    routed.reload(policy(cache={**MEMORY, "ttl": "1h", "scope": "tenant", "namespace": "next", "wait": "none"}))
    assert routed.cache is before
    routed.reload(policy(cache={**MEMORY, "stages": {"generate": {"ttl": "1h"}, "agent": "none"}}))
    assert routed.cache is before
    routed.reload(policy(cache={**MEMORY, "stages": {"generate": {"size": "1MB"}}}))
    assert routed.cache is not before


def test_a_reload_with_another_store_opens_that_one_and_back_again_finds_the_first() -> None:
    routed, host = made(), KeepingHost({"small": ["hi", "again"]})
    ask(routed, host)
    before = routed.cache
    routed.reload(policy(cache={**MEMORY, "size": "5MB"}))
    assert routed.cache is not before
    assert ask(routed, host) == "again"
    routed.reload(policy())
    assert routed.cache is None
    routed.reload(policy(cache=MEMORY))
    assert routed.cache is before
    assert ask(routed, host) == "hi"
    routed.close()


def test_a_call_in_flight_ends_with_the_cache_that_it_began_with() -> None:
    routed, host = made(), KeepingHost({"small": [["hi ", "there"]]})
    chunks = drive_stream(routed.run(Call("q")), host)
    assert next(chunks) == "hi "
    routed.reload(policy())
    assert list(chunks) == ["there"]
    routed.reload(policy(cache=MEMORY))
    assert ask(routed, host) == "hi there"


# Switches


def test_disabled_there_is_no_cache_and_none_is_opened() -> None:
    with pytest.warns(RuntimeWarning, match="TASKROUTE_DISABLED is set"):
        routed = Router(policy(cache={"store": "redis", "url": "${REDIS_URL}"}), environ={"TASKROUTE_DISABLED": "1"})
    assert routed.cache is None


def test_pinned_the_cache_is_used() -> None:
    routed = Router(policy(cache=MEMORY), environ={"TASKROUTE_PIN": "large"})
    host = KeepingHost({"large": ["hi"]})
    assert ask(routed, host) == ask(routed, host) == "hi"


# Pickling, closing


def test_pickles_with_its_policy_and_without_its_answers() -> None:
    routed, host = made(), KeepingHost({"small": ["hi", "again"]})
    ask(routed, host)
    copy = pickle.loads(pickle.dumps(routed))
    assert copy.cache is not None
    assert ask(copy, host) == "again"
    assert ask(routed, host) == "hi"


def test_a_pickled_router_finds_what_is_on_disk(tmp_path: Path) -> None:
    routed, host = made(on_disk(tmp_path)), KeepingHost({"small": ["hi"]})
    ask(routed, host)
    with routed, pickle.loads(pickle.dumps(routed)) as copy:
        assert ask(copy, host) == "hi"


def test_pickles_with_a_store_that_was_given() -> None:
    copy = pickle.loads(pickle.dumps(made({}, cache=MemoryStore(FakeClock()), clock=FakeClock())))
    host = KeepingHost({"small": ["hi"]})
    assert ask(copy, host) == ask(copy, host) == "hi"


def test_a_closed_router_refuses_calls_and_those_in_flight_end_without_the_cache(tmp_path: Path) -> None:
    for cache in (MEMORY, on_disk(tmp_path)):
        routed, host = made(cache), KeepingHost({"small": [["hi ", "there"]]})
        chunks = drive_stream(routed.run(Call("q")), host)
        assert next(chunks) == "hi "
        routed.close()
        routed.close()
        assert list(chunks) == ["there"]
        with pytest.raises(RouterClosedError):
            routed.run(Call("q"))
    assert [thread for thread in threading.enumerate() if thread.name == "taskroute cache"] == []


async def test_closes_on_an_event_loop_too(tmp_path: Path) -> None:
    for cache in (MEMORY, on_disk(tmp_path)):
        async with made(cache) as routed:
            host = KeepingHost({"small": ["hi"]})
            assert await asyncio.gather(*(aask(routed, host) for _ in range(5))) == ["hi"] * 5
        with pytest.raises(RouterClosedError):
            routed.run(Call("q"))


FORKING = """
import os, signal, warnings
from taskroute import Call, Router
from taskroute.execution.streams import drive_stream
from tests.cache.keeping import KeepingHost, ask, read
from tests.policies import policy

with Router(policy(cache={cache}), environ={{}}) as routed:
    host = KeepingHost({{"small": ["hi", ["a", "b"], "by the child"]}})
    ask(routed, host)
    host.asked_for = host.asked_for._replace(messages=({{"role": "user", "content": "another question"}},))
    chunks = drive_stream(routed.run(Call("q")), host)
    next(chunks)
    # Newer Pythons warn of forks beside threads, which is what this is about.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    child = os.fork()
    if not child:
        signal.alarm(20)
        own = ask(routed, host)
        host.asked_for = host.asked_for._replace(messages=({{"role": "user", "content": "q"}},))
        os._exit(0 if (own, ask(routed, host)) == ("by the child", "hi") else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), list(chunks), ask(routed, host))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork on this system")
@pytest.mark.parametrize("store", ["memory", "disk"])
def test_a_child_of_a_fork_serves_what_is_stored_and_waits_for_nothing_of_its_parents(store: str, tmp_path: Path) -> None:
    cache = {**MEMORY, "wait": "60s"} if store == "memory" else on_disk(tmp_path, wait="60s")
    code = FORKING.format(cache=cache)
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert found.stderr == ""
    # On disk the child's answer is the parent's, too.
    assert found.stdout.strip() in ("0 ['b'] ab", "0 ['b'] by the child")
