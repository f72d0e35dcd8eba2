"""What reading one value costs in each kind of store, beside the ones that people have today."""

from __future__ import annotations

import itertools
import json
import tempfile
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from langchain_core.caches import BaseCache, InMemoryCache
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration

from benchmarks.cache_material import NO_REDIS, SIZES, answer_text, has_disk_cache, kilo, litellm_with_hits, own_redis
from benchmarks.measure import Batch, Table, compare
from taskroute.ports import Store
from taskroute.stores.disk import DiskStore
from taskroute.stores.memory import MemoryStore
from taskroute.stores.redis import RedisStore

BARE: Final = "diskcache.Cache.get"
OURS: Final = "DiskStore.get"
_ROOM: Final = 10**9


def tables(*, quick: bool = False) -> list[Table]:
    """Return one table for each size of a value."""
    return [_table(chars, quick=quick) for chars in SIZES]


def _table(chars: int, *, quick: bool) -> Table:
    number = 8 if quick else 64
    texts = [answer_text(chars, seed) for seed in range(number)]
    with ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found, notes = _everyone(stack, directory, texts)
        return compare(
            f"one value of {kilo(chars)} from a store",
            found,
            peer=BARE,
            rounds=2 if quick else 40,
            calls=4 if quick else 100,
            note=" ".join(notes),
        )


def _everyone(stack: ExitStack, directory: Path, texts: Sequence[str]) -> tuple[dict[str, Batch], list[str]]:
    import diskcache

    server = stack.enter_context(own_redis())
    bare = stack.enter_context(diskcache.Cache(str(directory / "bare")))
    found = {
        BARE: _put(bare.set, bare.get, texts),
        OURS: _of_store(stack, DiskStore(directory / "ours"), texts),
        "DiskStore.get, with a size limit": _of_store(stack, DiskStore(directory / "sized", size=_ROOM), texts),
        "SQLiteCache.lookup (LangChain)": _of_langchain(_sqlite(directory / "langchain.db"), texts),
        "MemoryStore.get": _of_store(stack, MemoryStore(), texts),
        "InMemoryCache.lookup (LangChain)": _of_langchain(InMemoryCache(), texts),
    }
    if server is not None:
        found["RedisStore.get"] = _of_store(stack, RedisStore(server.url), texts)
        found["RedisStore.get, with a size limit"] = _of_store(stack, RedisStore(server.url, size=_ROOM, prefix="sized"), texts)
    litellm, note = litellm_with_hits()
    if litellm is not None:
        found |= _of_litellm(directory / "litellm", server, texts)
    return found, [note] if server is not None else [NO_REDIS, note]


def _put(put: Callable[[str, Any], object], get: Callable[[str], Any], texts: Sequence[Any]) -> Batch:
    """Put every text, see that it can be read, and return reading them in turn."""
    values = [text.encode() if isinstance(text, str) else text for text in texts]
    for number, value in enumerate(values):
        put(f"key {number}", value)
    if any(not get(f"key {number}") for number in range(len(values))):
        raise AssertionError("a store lost what was just put into it")
    keys = itertools.cycle([f"key {number}" for number in range(len(values))])

    def batch(times: int) -> None:
        for _ in range(times):
            get(next(keys))

    return batch


def _of_store(stack: ExitStack, store: Store, texts: Sequence[str]) -> Batch:
    stack.callback(store.close)
    return _put(store.put, store.get, texts)


def _sqlite(file: Path) -> BaseCache:
    from langchain_community.cache import SQLiteCache

    return SQLiteCache(database_path=str(file))


def _of_langchain(cache: BaseCache, texts: Sequence[str]) -> Batch:
    answers = [[ChatGeneration(message=AIMessage(content=text))] for text in texts]
    return _put(lambda key, answer: cache.update(key, "model", answer), lambda key: cache.lookup(key, "model"), answers)


def _of_litellm(directory: Path, server: Any, texts: Sequence[str]) -> dict[str, Batch]:
    from litellm.caching.in_memory_cache import InMemoryCache as LiteLLMMemory
    from litellm.caching.redis_cache import RedisCache

    caches: dict[str, Any] = {"in-memory cache's get_cache (LiteLLM)": LiteLLMMemory()}
    if has_disk_cache():
        caches["DiskCache.get_cache (LiteLLM)"] = import_module("litellm.caching.disk_cache").DiskCache(disk_cache_dir=str(directory))
    if server is not None:
        caches["RedisCache.get_cache (LiteLLM)"] = RedisCache(host="127.0.0.1", port=str(server.port))
    # What it keeps of an answer is a JSON text within a mapping.
    answers = [{"timestamp": 1.0, "response": json.dumps({"choices": [{"message": {"content": text}}]})} for text in texts]
    return {name: _put(partial(_set, cache), cache.get_cache, answers) for name, cache in caches.items()}


def _set(cache: Any, key: str, value: Any) -> None:
    cache.set_cache(key, value if type(cache).__name__ != "DiskCache" else json.dumps(value))
