"""What a call costs that is served from a cache: the whole call, as its caller makes it."""

from __future__ import annotations

import tempfile
import warnings
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from langchain_core.caches import InMemoryCache

from benchmarks import cache_litellm
from benchmarks.cache_material import (
    NO_REDIS,
    SIZES,
    AnswerModel,
    Setup,
    answer_text,
    caching_router,
    kilo,
    litellm_with_hits,
    own_redis,
    served,
)
from benchmarks.material import rag_prompt
from benchmarks.measure import Batch, Table, compare
from taskroute_langchain import RoutedChatModel

SQLITE: Final = "chat model, SQLiteCache"
MEMORY: Final = "chat model, InMemoryCache"
ROUTED: Final = "RoutedChatModel, disk"
_PROMPT_CHARS: Final = 1_000


def tables(*, quick: bool = False) -> list[Table]:
    """Return one table for each length of an answer."""
    return [_table(chars, quick=quick) for chars in SIZES]


def _table(chars: int, *, quick: bool) -> Table:
    prompts = [rag_prompt(_PROMPT_CHARS, seed=seed) for seed in range(2 if quick else 20)]
    with ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(own_redis())
        setup = Setup(directory, answer_text(chars), prompts, None if server is None else server.url)
        found = _of_langchain(stack, setup)
        litellm, note = litellm_with_hits()
        if litellm is not None:
            found |= cache_litellm.contenders(stack, litellm, setup)
        peers = (cache_litellm.DISK, cache_litellm.MEMORY, SQLITE)
        return compare(
            f"a hit with an answer of {kilo(chars)}",
            found,
            peer=next(name for name in peers if name in found),
            rounds=2 if quick else 40,
            calls=2 if quick else 20,
            note=" ".join([note] if server is not None else [NO_REDIS, note]),
        )


def _was_not_asked_again(model: AnswerModel, times: int, answer: object) -> bool:
    del answer
    return model.asked == times


def _of_langchain(stack: ExitStack, setup: Setup) -> dict[str, Batch]:
    from langchain_community.cache import SQLiteCache

    found: dict[str, Batch] = {}
    for name, cache in {SQLITE: SQLiteCache(database_path=str(setup.directory / "langchain.db")), MEMORY: InMemoryCache()}.items():
        model = AnswerModel(chars=len(setup.text), cache=cache)
        found[name] = served(setup, model.invoke, partial(_was_not_asked_again, model, model.asked + len(setup.prompts)))
    for store in setup.stores():
        model = AnswerModel(chars=len(setup.text))
        routed = RoutedChatModel(router=caching_router(stack, setup, store, "langchain"), models={"small": model})
        found[f"RoutedChatModel, {store}"] = served(
            setup, routed.invoke, lambda answer: bool(answer.response_metadata["taskroute"].get("cache_hit"))
        )
    return found
