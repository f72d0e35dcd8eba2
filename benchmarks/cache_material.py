"""What the cache is measured with: answers, models that give them, and a Redis server of one's own."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from benchmarks.material import rag_prompt
from benchmarks.measure import Batch
from taskroute import Router
from taskroute.stored import Entry, StoredAnswer, Terms

if TYPE_CHECKING:
    from tests.stores.redis_server import RedisServer

SIZES: Final = (1_000, 100_000)
"""Characters of an answer."""
NEVER: Final = 4_000_000_000.0
"""Seconds since the epoch, long from now."""


def kilo(chars: int) -> str:
    """Return a size for a title."""
    return f"{chars // 1000} kB"


_asked: Final = Counter[int]()


class AnswerModel(BaseChatModel):
    """A chat model that answers at once, with the same text of so many characters whatever it is asked."""

    # The text itself would be in the keys of caches, and a model with private state has no key that another process could know.
    chars: int

    @property
    def asked(self) -> int:
        """How often the model itself was asked."""
        return _asked[id(self)]

    @property
    def _llm_type(self) -> str:
        return "bench"

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        _asked[id(self)] += 1
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=_answer(self.chars)))])


class Setup(NamedTuple):
    """What all contenders have in common that serve whole calls."""

    directory: Path
    text: str
    """The answer to every prompt."""
    prompts: list[str]
    url: str | None
    """Of a Redis server; None where there is none."""

    def stores(self) -> tuple[str, ...]:
        """Return the stores of ours that there are."""
        return ("disk", "memory") if self.url is None else ("disk", "memory", "redis")


def served(setup: Setup, call: Callable[[str], Any], is_hit: Callable[[Any], bool]) -> Batch:
    """Ask everything twice, see that the second answer is the stored one, and return asking it again."""
    for prompt in setup.prompts:
        call(prompt)
    for prompt in setup.prompts:
        answer = call(prompt)
        if not is_hit(answer) or repr(setup.text)[1:-1] not in repr(answer):
            raise AssertionError(f"what was asked before was not served from the cache: {repr(answer)[:300]}")
    prompts = itertools.cycle(setup.prompts)

    def batch(times: int) -> None:
        for _ in range(times):
            call(next(prompts))

    return batch


def caching_router(stack: ExitStack, setup: Setup, store: str, namespace: str) -> Router:
    """Return a router of one model with a cache, as its policy says; in another namespace nothing of it is served."""
    places: dict[str, dict[str, Any]] = {"disk": {"path": str(setup.directory / namespace)}, "redis": {"url": setup.url}, "memory": {}}
    policy = {
        "models": {"small": {"model": "openai:small"}},
        "default": ["small"],
        "cache": {"store": store, "namespace": namespace, **places[store]},
    }
    return stack.enter_context(Router(policy, environ={"OPENAI_API_KEY": "none"}))


def answer_text(chars: int, seed: int = 0) -> str:
    """Return an answer of so many characters, another one for each seed."""
    return rag_prompt(chars, seed=seed) if chars >= 200 else f"{seed:0{chars}d}"


_answer: Final = lru_cache(answer_text)


def an_entry(text: str) -> Entry:
    """Return what the cache keeps of an answer."""
    return Entry(StoredAnswer(text, finish_reason="stop", model="bench", provider="bench"), "small", 1_700_000_000.0, NEVER)


def some_terms(**changes: Any) -> Terms:
    """Return terms on which answers are kept for longer than any benchmark takes."""
    return Terms("bench", ttl=NEVER)._replace(**changes)


@contextmanager
def own_redis() -> Iterator[RedisServer | None]:
    """Give a Redis or Valkey server on a free loopback port, or None where there is no program for one."""
    if not (shutil.which("redis-server") or shutil.which("valkey-server")):
        yield None
        return
    from tests.stores.redis_server import running

    with tempfile.TemporaryDirectory() as directory, running(Path(directory)) as server:
        yield server


NO_REDIS: Final = "No redis-server or valkey-server on the PATH: what needs one is left out."


def litellm_with_hits() -> tuple[Any, str]:
    """Return LiteLLM, quiet, if its cache can give hits here; else None. And what to say of it below a table."""
    if find_spec("litellm") is None:
        return None, "LiteLLM is not installed."
    number = version("litellm")
    if find_spec("fastapi") is None:
        return (
            None,
            f"LiteLLM {number}: every hit of its cache raises ModuleNotFoundError here, since its proxy extra (fastapi) is missing.",
        )
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import litellm
    litellm.suppress_debug_info = True
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    without = "" if has_disk_cache() else ", which has no cache on disk any more"
    return litellm, f"LiteLLM {number}{without}."


def has_disk_cache() -> bool:
    """Return whether this LiteLLM can keep answers on disk."""
    return find_spec("litellm.caching.disk_cache") is not None
