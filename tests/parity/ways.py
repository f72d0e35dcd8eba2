"""The hosts of a policy, each called in the ways that it has, over the same emulator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import litellm as _litellm

from taskroute import Decision, Router
from taskroute_langchain import RoutedChatModel
from taskroute_litellm import install, register, unregister
from tests.emulator import Emulator
from tests.parity.table import IDS, TOOLS, Asked

litellm: Any = _litellm


class Came(NamedTuple):
    """What came of a call."""

    decision: Decision
    models: list[str]
    """The models that the provider was asked for, in order, by their names in the policy."""
    error: Exception | None


Way = Callable[[Router, Emulator, Asked], None]


def _langchain(router: Router, asked: Asked) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    llm: Any = RoutedChatModel(router=router)
    if asked.tools:
        llm = llm.bind_tools(list(TOOLS))
    config: dict[str, Any] = {"metadata": dict(asked.metadata), "tags": list(asked.tags)}
    if asked.pin:
        config["configurable"] = {"model": asked.pin}
    return llm, config, ({} if asked.max_tokens is None else {"max_tokens": asked.max_tokens})


def langchain(router: Router, emulator: Emulator, asked: Asked) -> None:
    llm, config, more = _langchain(router, asked)
    llm.invoke([*asked.messages], config, **more)


def langchain_async(router: Router, emulator: Emulator, asked: Asked) -> None:
    llm, config, more = _langchain(router, asked)
    asyncio.run(llm.ainvoke([*asked.messages], config, **more))


def langchain_stream(router: Router, emulator: Emulator, asked: Asked) -> None:
    llm, config, more = _langchain(router, asked)
    list(llm.stream([*asked.messages], config, **more))


def arguments(asked: Asked, *, prefix: str = "", streams: bool = False) -> dict[str, Any]:
    """Return what LiteLLM is called with."""
    given: dict[str, Any] = {"model": f"{prefix}{asked.pin or 'auto'}", "messages": [*asked.messages], "metadata": dict(asked.metadata)}
    if asked.tags:
        given["metadata"]["tags"] = list(asked.tags)
    if asked.tools:
        given["tools"] = list(TOOLS)
    if asked.max_tokens is not None:
        given["max_tokens"] = asked.max_tokens
    if streams:
        given["stream"] = True
    return given


def groups(emulator: Emulator) -> Any:
    """Return a router of LiteLLM's with a group for each model."""
    return litellm.Router(
        model_list=[
            {
                "model_name": name,
                "litellm_params": {"model": f"openai/{model}", "api_base": f"{emulator.url}/v1", "api_key": "none", "max_retries": 0},
            }
            for name, model in IDS.items()
        ],
        model_group_alias={"auto": "small"},
        num_retries=0,
    )


async def _acall(method: Callable[..., Any], given: Mapping[str, Any]) -> None:
    answer = await method(**given)
    if given.get("stream"):
        async for _ in answer:
            pass


def router_sync(router: Router, emulator: Emulator, asked: Asked) -> None:
    made = groups(emulator)
    with install(made, router):
        made.completion(**arguments(asked))


def router_stream(router: Router, emulator: Emulator, asked: Asked) -> None:
    made = groups(emulator)
    with install(made, router):
        list(made.completion(**arguments(asked, streams=True)))


def router_async(router: Router, emulator: Emulator, asked: Asked) -> None:
    made = groups(emulator)
    with install(made, router):
        asyncio.run(_acall(made.acompletion, arguments(asked)))


def router_async_stream(router: Router, emulator: Emulator, asked: Asked) -> None:
    made = groups(emulator)
    with install(made, router):
        asyncio.run(_acall(made.acompletion, arguments(asked, streams=True)))


def provider_sync(router: Router, emulator: Emulator, asked: Asked) -> None:
    register(router)
    try:
        litellm.completion(**arguments(asked, prefix="taskroute/"))
    finally:
        unregister()


def provider_async_stream(router: Router, emulator: Emulator, asked: Asked) -> None:
    register(router)
    try:
        asyncio.run(_acall(litellm.acompletion, arguments(asked, prefix="taskroute/", streams=True)))
    finally:
        unregister()


WAYS: Mapping[str, Way] = {
    "langchain async": langchain_async,
    "langchain stream": langchain_stream,
    "litellm.Router": router_sync,
    "litellm.Router async": router_async,
    "litellm.Router stream": router_stream,
    "litellm.Router async stream": router_async_stream,
    "taskroute/auto": provider_sync,
    "taskroute/auto async stream": provider_async_stream,
}


def came_of(way: Way, router: Router, emulator: Emulator, asked: Asked) -> Came:
    """Make a call in one way, and return what came of it."""
    error: Exception | None = None
    before = len(emulator.requests)
    with router.capture_decisions() as decisions:
        try:
            way(router, emulator, asked)
        except Exception as raised:
            error = raised
    names = {model: name for name, model in IDS.items()}
    models = [names[str(request.body["model"])] for request in emulator.requests[before:]]
    (decision,) = decisions
    return Came(decision, models, error)
