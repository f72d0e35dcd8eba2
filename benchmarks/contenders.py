"""Those who fall back: each set up by its own normal means, with the same models and the same limits of time."""

from __future__ import annotations

import asyncio
import logging
import os
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final, Protocol

from langchain_core.messages import BaseMessage
from langchain_core.runnables import Runnable
from pydantic import BaseModel

from benchmarks.faults import LARGE, PROMPT, SMALL, City
from taskroute import Router
from taskroute_langchain import RoutedChatModel

KINDS: Final = ("sync", "async", "stream", "async stream")
"""The kinds of call."""


def streams(kind: str) -> bool:
    """Return whether this kind of call is a stream."""
    return kind.endswith("stream")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, the same for everyone."""

    attempt: float = 1.5
    chunk: float = 1.0
    """Until the first chunk of a stream, and between two."""
    call: float = 6.0
    hang: float = 8.0
    """What has not ended by then counts as hanging."""


@dataclass(slots=True)
class Heard:
    """What reached the caller, so that it is known however the call ends."""

    text: str = ""
    chunks: int = 0

    def piece(self, answer: Any) -> None:
        """Take a chunk of a stream, or a whole answer. Each parsed object of a stream is whole, and takes the place of the one before."""
        text = answer.text if isinstance(answer, BaseMessage) else answer.model_dump_json() if isinstance(answer, BaseModel) else answer
        self.chunks += 1
        self.text = str(text) if isinstance(answer, BaseModel) and not isinstance(answer, BaseMessage) else self.text + str(text or "")


class Client(Protocol):
    """Something that falls back."""

    def ask(self, kind: str, heard: Heard, *, schema: bool) -> None:
        """Make a call, and let `heard` have what comes."""
        ...


Build = Callable[[str, str, Limits], Client]
"""From the addresses of the faulty and the healthy model."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to set up a library."""

    name: str
    build: Build
    examines: bool = True
    """False: nobody asked it to examine answers that look whole."""


class LangChainClient:
    """Calls a runnable of LangChain's."""

    def __init__(self, text: Runnable[Any, Any], fitting: Runnable[Any, Any]) -> None:
        self._text = text
        self._fitting = fitting

    def ask(self, kind: str, heard: Heard, *, schema: bool) -> None:
        model = self._fitting if schema else self._text
        if kind == "sync":
            heard.piece(model.invoke(PROMPT))
        elif kind == "async":
            heard.piece(asyncio.run(_awaited(model.ainvoke(PROMPT))))
        elif kind == "stream":
            _read(model.stream(PROMPT), heard.piece)
        else:
            asyncio.run(_aread(model.astream(PROMPT), heard.piece))


def _read(chunks: Iterator[Any], take: Callable[[Any], None]) -> None:
    for chunk in chunks:
        take(chunk)


async def _aread(chunks: AsyncIterator[Any], take: Callable[[Any], None]) -> None:
    async for chunk in chunks:
        take(chunk)


async def _awaited(answer: Any) -> Any:
    return await answer


# Taskroute

KEY: Final = "TASKROUTE_BENCH_KEY"
EXAMINED: Final = ("invalid_output", "truncated", "refusal")
PASSING: Final = ("rate_limit", "timeout", "server_error", "connection", "auth", "not_found", "context_overflow")


def policy(small: str, large: str, limits: Limits, **more: Any) -> dict[str, Any]:
    """Return a policy for the two models."""
    key = {"api_key_env": KEY}
    return {
        "models": {
            "small": {"model": f"openai:{SMALL}", "base_url": small, "context_window": 8_192, **key},
            "large": {"model": f"openai:{LARGE}", "base_url": large, "context_window": 128_000, **key},
        },
        "default": ["small", "large"],
        "retry": {"extra": 0},
        "timeout": {
            "attempt": _seconds(limits.attempt),
            "call": _seconds(limits.call),
            "first_chunk": _seconds(limits.chunk),
            "between_chunks": _seconds(limits.chunk),
        },
        "breaker": "none",
        **more,
    }


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f}ms"


def routed(data: Mapping[str, Any]) -> RoutedChatModel:
    """Return a routed model whose models are built from the policy."""
    os.environ[KEY] = "none"
    return RoutedChatModel(router=Router(data, environ={}))


def _routed(data: Mapping[str, Any]) -> Client:
    llm = routed(data)
    return LangChainClient(llm, llm.with_structured_output(City, method="json_schema"))


def taskroute(small: str, large: str, limits: Limits) -> Client:
    """Return a routed model that holds streams back and examines answers."""
    return _routed(policy(small, large, limits, fallback={"on": [*PASSING, *EXAMINED], "hold": _seconds(3)}))


def taskroute_plain(small: str, large: str, limits: Limits) -> Client:
    """Return a routed model that falls back for what it does without being told."""
    return _routed(policy(small, large, limits))


# LangChain


def with_fallbacks(small: str, large: str, limits: Limits) -> Client:
    """Return LangChain's own fallbacks."""
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    # It writes a line for each chunk that does not come in time.
    logging.getLogger("langchain_openai").setLevel(logging.CRITICAL)
    models = [
        ChatOpenAI(
            model=name,
            base_url=url,
            api_key=SecretStr("none"),
            timeout=limits.attempt,
            max_retries=0,
            stream_chunk_timeout=limits.chunk,
        )
        for name, url in ((SMALL, small), (LARGE, large))
    ]
    fitting = [model.with_structured_output(City, method="json_schema") for model in models]
    return LangChainClient(models[0].with_fallbacks(models[1:]), fitting[0].with_fallbacks(fitting[1:]))


# LiteLLM


class LiteLLMClient:
    """Calls a router of LiteLLM's."""

    def __init__(self, router: Any) -> None:
        self._router = router

    def ask(self, kind: str, heard: Heard, *, schema: bool) -> None:
        request: dict[str, Any] = {"model": "small", "messages": [{"role": "user", "content": PROMPT}], "stream": streams(kind)}
        if schema:
            request.update(response_format=City, enable_json_schema_validation=True)
        if kind == "sync":
            heard.piece(self._router.completion(**request).choices[0].message.content)
        elif kind == "stream":
            _read(self._router.completion(**request), lambda chunk: heard.piece(_delta(chunk)))
        else:
            asyncio.run(self._aask(request, heard))

    async def _aask(self, request: dict[str, Any], heard: Heard) -> None:
        answer = await self._router.acompletion(**request)
        if request["stream"]:
            await _aread(answer, lambda chunk: heard.piece(_delta(chunk)))
        else:
            heard.piece(answer.choices[0].message.content)


def _delta(chunk: Any) -> Any:
    return chunk.choices[0].delta.content if chunk.choices else None


def litellm_router(small: str, large: str, limits: Limits) -> Client:
    """Return LiteLLM's router with every kind of fallback that it has."""
    quiet_litellm()
    from litellm.router import Router as LiteLLMRouter

    models = [
        {"model_name": name, "litellm_params": {"model": f"openai/{model}", "api_base": url, "api_key": "none"}}
        for name, model, url in (("small", SMALL, small), ("large", LARGE, large))
    ]
    spare: list[Any] = [{"small": ["large"]}]
    router = LiteLLMRouter(
        model_list=models,
        fallbacks=spare,
        context_window_fallbacks=spare,
        content_policy_fallbacks=spare,
        timeout=limits.attempt,
        stream_timeout=limits.chunk,
        num_retries=0,
        # A call must not be told from the ones before it.
        disable_cooldowns=True,
    )
    return LiteLLMClient(router)


def quiet_litellm() -> None:
    """Import LiteLLM so that it neither reaches for the network nor prints."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("DISABLE_AIOHTTP_TRANSPORT", "True")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import litellm
    litellm.suppress_debug_info = True
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


OURS: Final = (Contender("taskroute", taskroute), Contender("taskroute, defaults", taskroute_plain, examines=False))


def contenders() -> tuple[Contender, ...]:
    """Return everyone; LiteLLM only where it is installed."""
    litellm = (Contender("litellm.Router", litellm_router),) if find_spec("litellm") is not None else ()
    return (*OURS, Contender("with_fallbacks", with_fallbacks), *litellm)
