"""What a decision costs: by stage, by the words of a prompt of any length, and by what is expected of models."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any, Final

from benchmarks.material import choosing_router, rag_prompt, stage_router, task_router
from benchmarks.measure import Batch, Table, compare, each
from taskroute import Call, Router

SIZES = (100, 4_000, 40_000, 400_000)
QUICK_SIZES = (100, 4_000)
_OBJECTIVES: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("cheapest", {}),
    ("fastest", {}),
    ("cheapest", {"min_quality": 0.6}),
    ("cheapest", {"within": 0.1}),
    ("best", {}),
    ("balanced", {}),
)
_CLASSIFIED = "use: by the task that is classified"


def tables(*, quick: bool = False) -> list[Table]:
    """Return what was measured: routes by stage, objectives, and prompts of each length beside LiteLLM's complexity router."""
    own = [by_stage(quick=quick), by_objective(quick=quick), by_soft_tasks(quick=quick), by_prompt_length(quick=quick)]
    return [*own, *beside_litellm(quick=quick)]


def by_stage(*, quick: bool) -> Table:
    """Compare the last of 20 routes with a policy of one route: a stage is looked up in each route in turn."""
    one, twenty, hundred = stage_router(1), stage_router(20), stage_router(100)
    first, last, far = Call("hello", stage="s0"), Call("hello", stage="s19"), Call("hello", stage="s99")
    long = Call(rag_prompt(40_000), stage="s19")
    contenders: dict[str, Batch] = {
        "1 route": each(lambda: one.decide(first)),
        "20 routes, the last": each(lambda: twenty.decide(last)),
        "20 routes, 40 000 characters": each(lambda: twenty.decide(long)),
        "100 routes, the last": each(lambda: hundred.decide(far)),
    }
    return compare("decide: by stage", contenders, peer="1 route", rounds=3 if quick else 60, calls=20 if quick else 300)


def by_objective(*, quick: bool) -> Table:
    """Compare a fixed order with models that are compared by price, speed and quality; the task is told, so that no classifier is asked."""
    call = Call("What is 17 * 23?", task="math")
    contenders: dict[str, Batch] = {"use: a fixed order": each(_route(stage_router(1), Call("hello", stage="s0")))}
    for objective, keys in _OBJECTIVES:
        name = ", ".join([f"choose: {objective}", *keys])
        contenders[name] = each(_route(choosing_router(objective, **keys), call))
    return compare(
        "decide: among three models, by what is expected of them",
        contenders,
        peer="use: a fixed order",
        rounds=3 if quick else 60,
        calls=20 if quick else 300,
    )


def by_soft_tasks(*, quick: bool) -> Table:
    """Compare a route by task with models compared by quality, where nobody told the task: all that the classifier says counts."""
    call = Call(rag_prompt(500))
    contenders: dict[str, Batch] = {_CLASSIFIED: each(_route(task_router(), call))}
    for objective, keys in (("cheapest", {}), ("cheapest", {"min_quality": 0.6}), ("best", {})):
        name = ", ".join([f"choose: {objective}", *keys])
        contenders[name] = each(_route(choosing_router(objective, **keys), call))
    return compare(
        "decide: among three models, 500 characters, the keyword classifier tells the tasks",
        contenders,
        peer=_CLASSIFIED,
        rounds=3 if quick else 60,
        calls=5 if quick else 50,
    )


def _route(router: Router, call: Call) -> Callable[[], object]:
    return lambda: router.decide(call)


def by_prompt_length(*, quick: bool) -> Table:
    """Compare prompts of several lengths: the classifier reads a head and a tail, so that the time does not grow."""
    router = task_router()
    contenders = {named(chars): each(_decision(router, rag_prompt(chars))) for chars in (QUICK_SIZES if quick else SIZES)}
    return compare(
        "decide: keyword classifier, by prompt length",
        contenders,
        peer=named(4_000),
        rounds=3 if quick else 40,
        calls=2 if quick else 20,
    )


def named(chars: int) -> str:
    """Return the name of a contender by the length of its prompt."""
    return f"{chars / 1000:g}k characters"


def _decision(router: Router, prompt: str) -> Callable[[], object]:
    return _route(router, Call(prompt))


def beside_litellm(*, quick: bool) -> list[Table]:
    """Compare with LiteLLM's complexity router on the same prompts, one table for each length; none where LiteLLM is not installed."""
    if find_spec("litellm") is None:
        return []
    router = task_router()
    found: list[Table] = []
    with asyncio.Runner() as runner, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        classifier = _complexity_router()
        for chars in QUICK_SIZES if quick else SIZES:
            prompt = rag_prompt(chars)
            messages = [{"role": "user", "content": prompt}]
            contenders: dict[str, Batch] = {
                "taskroute, Router.decide": each(_decision(router, prompt)),
                "LiteLLM, heuristic": _awaited(runner, partial(classifier.aclassify, prompt, None, {}, messages)),
                "LiteLLM, its whole hook": _awaited(
                    runner, partial(classifier.async_pre_routing_hook, model="smart", request_kwargs={}, messages=messages)
                ),
            }
            calls = dict.fromkeys(contenders, 1 if chars > 4_000 or quick else 5)
            calls["taskroute, Router.decide"] = 2 if quick else 20
            found.append(
                compare(
                    f"decide: {named(chars)}, beside LiteLLM's complexity router",
                    contenders,
                    peer="LiteLLM, heuristic",
                    rounds=2 if quick else (6 if chars > 40_000 else 20),
                    calls=calls,
                )
            )
    return found


def _awaited(runner: asyncio.Runner, begin: Callable[[], Any]) -> Batch:
    async def repeat(times: int) -> None:
        for _ in range(times):
            await begin()

    return lambda times: runner.run(repeat(times))


def _complexity_router() -> Any:
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    tiers = {"SIMPLE": "small", "MEDIUM": "small", "COMPLEX": "large", "REASONING": "large"}
    from litellm.router import Router as LiteLLMRouter

    smart = {
        "model": "auto_router/complexity_router",
        "complexity_router_default_model": "small",
        "complexity_router_config": {"tiers": tiers},
    }
    router = LiteLLMRouter(
        model_list=[
            {"model_name": "small", "litellm_params": {"model": "openai/small", "api_key": "none"}},
            {"model_name": "large", "litellm_params": {"model": "openai/large", "api_key": "none"}},
            {"model_name": "smart", "litellm_params": smart},
        ]
    )
    registered = router.complexity_routers["smart"]
    first = registered[0] if isinstance(registered, list) else registered
    return getattr(first, "strategy", first)
