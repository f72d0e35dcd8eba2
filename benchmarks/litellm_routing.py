"""What choosing costs in front of LiteLLM's router, beside LiteLLM's own smart routers; and what a whole call costs with it."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any, Final

from benchmarks.material import rag_prompt
from benchmarks.measure import Batch, Table, compare, each
from taskroute import Router
from taskroute_litellm.call import call_of

PLAIN: Final = "LiteLLM, simple-shuffle"
BY_STAGE: Final = "taskroute by stage, on top"
BY_TAG: Final = "taskroute by task tag, on top"
ALONE: Final = "taskroute by stage, without LiteLLM's part"
BY_PROMPT: Final = "taskroute by the prompt, on top"
SIZES: Final = (100, 4_000, 40_000, 400_000)
QUICK_SIZES: Final = (100, 4_000)
_SMART: Final[Mapping[str, Mapping[str, Any]]] = {
    "LiteLLM, complexity heuristic": {"classifier_type": "heuristic"},
    "LiteLLM, heuristic_v2": {"classifier_type": "heuristic_v2"},
}
_TIERS: Final = {"SIMPLE": "small", "MEDIUM": "small", "COMPLEX": "large", "REASONING": "large"}


def tables(*, quick: bool = False) -> list[Table]:
    """Return the decision alone for prompts of each length, and whole calls; nothing where LiteLLM is not installed."""
    if find_spec("litellm") is None:
        return []
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    with warnings.catch_warnings(), asyncio.Runner() as runner:
        warnings.simplefilter("ignore")
        litellm_router = _litellm_router()
        found = [_deciding(runner, litellm_router, chars, quick=quick) for chars in (QUICK_SIZES if quick else SIZES)]
        return [*found, _calling(runner, quick=quick)]


def policy() -> Router:
    """Return a policy with a route for a stage, one for a task, and a classifier for what carries neither."""
    return Router(
        {
            "models": {"small": "openai:small", "large": "openai:large"},
            "default": ["small", "large"],
            "routes": [
                {"name": "answers", "when": {"stage": "generate"}, "use": ["large"]},
                {"name": "code", "when": {"task": "code"}, "use": ["large"]},
            ],
        }
    )


def _deciding(runner: asyncio.Runner, litellm_router: Any, chars: int, *, quick: bool) -> Table:
    """Compare the choice of a deployment: LiteLLM's own alone, ours before it, and LiteLLM's smart routers."""
    messages = [{"role": "user", "content": rag_prompt(chars)}]
    select, router = _selection(litellm_router), policy()

    def ours(metadata: Mapping[str, Any]) -> Batch:
        arguments = {"model": "auto", "messages": messages, "metadata": metadata}

        async def choose() -> None:
            await select(router.decide(call_of("completion", arguments)).model, messages)

        return _repeated(runner, choose)

    def theirs(model: str) -> Batch:
        return _repeated(runner, lambda: select(model, messages))

    contenders: dict[str, Batch] = {
        PLAIN: theirs("small"),
        BY_STAGE: ours({"stage": "generate"}),
        BY_TAG: ours({"tags": ["task:code"]}),
        ALONE: each(lambda: router.decide(call_of("completion", {"messages": messages, "metadata": {"stage": "generate"}}))),
        BY_PROMPT: ours({}),
        **{name: theirs(name) for name in _smart_names(litellm_router)},
    }
    slow = 1 if quick or chars > 40_000 else 5
    calls = {name: (10 if quick else 200) if name in (PLAIN, BY_STAGE, BY_TAG, ALONE) else slow for name in contenders}
    rounds = 2 if quick else (8 if chars > 40_000 else 20)
    return compare(f"choose a deployment: {chars / 1000:g}k characters", contenders, peer=PLAIN, rounds=rounds, calls=calls)


def _calling(runner: asyncio.Runner, *, quick: bool) -> Table:
    """Compare whole calls of a router that answers without a provider."""
    from taskroute_litellm import install

    plain, routed = _litellm_router(smart=False), _litellm_router(smart=False)
    messages = [{"role": "user", "content": rag_prompt(4_000)}]

    def calls(router: Any, model: str, **metadata: Any) -> Batch:
        return _repeated(runner, lambda: router.acompletion(model=model, messages=messages, mock_response="yes", metadata=dict(metadata)))

    with install(routed, policy()):
        contenders = {
            "Router.acompletion": calls(plain, "small"),
            "with taskroute, a call of its own": calls(routed, "other"),
            "with taskroute, by stage": calls(routed, "auto", stage="generate"),
            "with taskroute, by the prompt": calls(routed, "auto"),
        }
        return compare(
            "Router.acompletion with mock_response",
            contenders,
            peer="Router.acompletion",
            rounds=2 if quick else 30,
            calls=2 if quick else 20,
        )


def _repeated(runner: asyncio.Runner, begin: Callable[[], Any]) -> Batch:
    async def repeat(times: int) -> None:
        for _ in range(times):
            await begin()

    return lambda times: runner.run(repeat(times))


def _selection(litellm_router: Any) -> Callable[[str, Any], Any]:
    select = getattr(litellm_router, "select", None)
    if callable(select):
        return lambda model, messages: select(model, {}, messages=messages)
    return lambda model, messages: litellm_router.async_get_available_deployment(model=model, messages=messages, request_kwargs={})


def _smart_names(litellm_router: Any) -> list[str]:
    return [*_SMART, "LiteLLM, adaptive", "LiteLLM, quality"]


def _litellm_router(*, smart: bool = True) -> Any:
    from litellm.router import Router as LiteLLMRouter

    info = {"adaptive_router_preferences": {"quality_tier": 1}, "litellm_routing_preferences": {"quality_tier": 1}}
    better = {"adaptive_router_preferences": {"quality_tier": 3}, "litellm_routing_preferences": {"quality_tier": 3}}
    entries: list[dict[str, Any]] = [
        {"model_name": name, "litellm_params": {"model": f"openai/{name}", "api_key": "none"}, "model_info": about}
        for name, about in (("small", info), ("large", better), ("other", info))
    ]
    if smart:
        entries += [_complexity(name, settings) for name, settings in _SMART.items()]
        among = {"available_models": ["small", "large"]}
        entries.append(_smart("LiteLLM, adaptive", "adaptive", {"adaptive_router_default_model": "small", "adaptive_router_config": among}))
        entries.append(_smart("LiteLLM, quality", "quality", {"quality_router_default_model": "small", "quality_router_config": among}))
    return LiteLLMRouter(model_list=entries, model_group_alias={"auto": "small"}, num_retries=0)


def _complexity(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    config = {"tiers": _TIERS, **settings}
    return _smart(name, "complexity", {"complexity_router_default_model": "small", "complexity_router_config": config})


def _smart(name: str, kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"model_name": name, "litellm_params": {"model": f"auto_router/{kind}_router", **settings}}
