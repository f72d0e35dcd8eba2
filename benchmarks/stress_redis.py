"""A Redis server that is killed and started again while threads make calls: whether each is answered, and with its own answer."""

from __future__ import annotations

import random
import threading
import time
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from benchmarks.cache_material import own_redis
from benchmarks.stress_evidence import Verdict
from taskroute import Router
from taskroute_langchain import RoutedChatModel

if TYPE_CHECKING:
    from tests.stores.redis_server import RedisServer

_PROMPTS: Final = 40
_PATIENCE: Final = 120.0
"""Seconds until a call counts as lost, or the cache as gone for good."""


class EchoModel(BaseChatModel):
    """A chat model whose answer says what it was asked, a moment later."""

    @property
    def _llm_type(self) -> str:
        return "echo"

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        time.sleep(0.001)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=expected(messages[-1].text)))])


def expected(prompt: str) -> str:
    """Return the answer to a prompt."""
    return f"You said: {prompt}" + "." * 1_000


class Calls:
    """Makes calls and counts how they ended."""

    def __init__(self, llm: BaseChatModel) -> None:
        self._llm = llm
        self._lock = threading.Lock()
        self.ended: Counter[str] = Counter()
        self.faults: list[str] = []

    def one(self, dice: random.Random) -> bool:
        """Make one call, plain or streamed, and return whether it was a hit."""
        prompt = f"question {dice.randrange(_PROMPTS)}"
        try:
            answer: Any = self._streamed(prompt) if dice.random() < 0.3 else self._llm.invoke(prompt)
        except Exception as error:
            self._count("failed", f"a call failed with {type(error).__name__}: {error}")
            return False
        if answer.text != expected(prompt):
            self._count("wrong", f"{prompt!r} was answered with {answer.text[:100]!r}")
            return False
        hit = bool(answer.response_metadata["taskroute"].get("cache_hit"))
        self._count("hits" if hit else "answered by the model")
        return hit

    def _streamed(self, prompt: str) -> Any:
        whole: Any = None
        for chunk in self._llm.stream(prompt):
            whole = chunk if whole is None else whole + chunk
        return whole

    def _count(self, what: str, fault: str | None = None) -> None:
        with self._lock:
            self.ended[what] += 1
            if fault is not None:
                self.faults.append(fault)


def redis(*, threads: int, calls: int, kills: int, seed: int) -> Verdict | None:
    """Return what came of the calls; None where there is no server to be had.

    The server is killed when a part of the calls has been made, and started again when as many more have, `kills` times over.
    """
    with own_redis() as server, warnings.catch_warnings():
        # That the cache is in trouble is said once.
        warnings.simplefilter("ignore")
        if server is None:
            return None
        policy = {
            "models": {"small": {"model": "bench:small"}},
            "default": ["small"],
            "cache": {"store": "redis", "url": server.url, "wait": "2s"},
        }
        with Router(policy, environ={}) as router:
            made = Calls(RoutedChatModel(router=router, models={"small": EchoModel()}))
            return _under_load(made, server, threads=threads, calls=calls, kills=kills, seed=seed)


def _under_load(made: Calls, server: RedisServer, *, threads: int, calls: int, kills: int, seed: int) -> Verdict:
    def some(number: int) -> None:
        dice = random.Random(f"{seed} {number}")
        for _ in range(calls // threads):
            made.one(dice)

    running = [threading.Thread(target=some, args=(number,), daemon=True) for number in range(threads)]
    for thread in running:
        thread.start()
    whole = calls // threads * threads
    for part in range(1, 2 * kills + 1):
        _wait(made, whole * part // (2 * kills + 1))
        if part % 2:
            server.kill()
        else:
            server.start_again()
    until = time.monotonic() + _PATIENCE
    for thread in running:
        thread.join(max(0.0, until - time.monotonic()))
    verdict = Verdict(faults=made.faults, counts=Counter(made.ended))
    lost = whole - sum(made.ended.values())
    if lost:
        verdict.faults.append(f"{lost} calls of {whole} were not answered")
    verdict.counts["times that the server was killed"] = kills
    if not _comes_back(made):
        verdict.faults.append(f"{_PATIENCE:g} s after the server was back the cache was not")
    return verdict


def _wait(made: Calls, ended: int) -> None:
    until = time.monotonic() + _PATIENCE
    while sum(made.ended.values()) < ended and time.monotonic() < until:
        time.sleep(0.001)


def _comes_back(made: Calls) -> bool:
    """Return whether the cache serves answers again, now that the server is well."""
    until, dice = time.monotonic() + _PATIENCE, random.Random(0)
    while time.monotonic() < until:
        if made.one(dice):
            return True
        time.sleep(0.01)
    return False
