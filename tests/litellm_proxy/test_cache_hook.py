"""What is stored of a proxy's calls, as the hook sees them on their way through a router of LiteLLM's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import litellm as real_litellm
import pytest

from taskroute_litellm.proxy_groups import REPLAY, ProxyGroups
from taskroute_litellm.replaying import PROVIDER
from tests.litellm_proxy.acting import Acting, chunks
from tests.policies import policy

litellm: Any = real_litellm

PRICE = {"input": 1, "output": 2}
NAMES = ("small", "large")
HI: list[dict[str, str]] = [{"role": "user", "content": "hi"}]


@pytest.fixture(autouse=True)
def providers_of_one_test() -> Iterator[None]:
    """Take out of LiteLLM what gives out stored answers, which stays there once it was used."""
    before = [*litellm.custom_provider_map]
    yield
    litellm.custom_provider_map = before


def keeping(**changes: Any) -> dict[str, Any]:
    models = {name: {"model": f"openai:m-{name}", "price": PRICE, "labels": [name]} for name in NAMES}
    return policy(models=models, cache={"store": "memory"}, **changes)


def router_of_litellm(*, mock_response: str | None = None, **settings: Any) -> Any:
    params = {"api_key": "none", "max_retries": 0, **({} if mock_response is None else {"mock_response": mock_response})}
    groups = [{"model_name": name, "litellm_params": {"model": f"openai/m-{name}", **params}} for name in NAMES]
    return litellm.Router(model_list=groups, num_retries=0, **settings)


def said(text: str = "Paris.", finish: str = "stop") -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return {"object": "chat.completion", "choices": [{"index": 0, "finish_reason": finish, "message": message}], "usage": usage}


async def asks(acting: Acting, answer: Mapping[str, Any] | None = None, group: str = "small", **data: Any) -> dict[str, Any]:
    """Have a request be answered by a group, and return it as the hook left it."""
    request = await acting.comes(**data)
    assert request["model"] == group
    await acting.asks(request, group)
    await acting.answers(request, said() if answer is None else answer)
    return request


async def test_the_second_request_goes_to_what_gives_out_stored_answers() -> None:
    acting = Acting(keeping(), groups=router_of_litellm())
    await asks(acting)
    acting.clock.advance(7)
    request = await acting.comes()
    assert request["model"] == PROVIDER
    assert request["fallbacks"] == ["small", "large"]
    assert request["cache"] == {"no-cache": True, "no-store": True}
    headers = await acting.headers(request)
    assert headers is not None
    assert (headers["x-taskroute-cache"], headers["x-taskroute-cache-age"], headers["x-taskroute-model"]) == ("hit", "7", "small")


async def test_a_served_answer_is_no_attempt_and_says_what_it_saved() -> None:
    acting = Acting(keeping(), groups=router_of_litellm())
    await asks(acting)
    request = await acting.comes()
    await acting.asks(request, request["model"])
    await acting.answers(request, said())
    paid, served = acting.notes.outcomes
    assert (len(paid.tries), len(served.tries)) == (1, 0)
    assert served.cache is not None
    assert (served.cache.status, served.model, served.is_cached) == ("hit", "small", True)
    assert paid.cost is not None
    # What the amount was made of is not stored.
    assert served.cache.saved == paid.cost._replace(parts=None)
    assert served.cost is not None
    assert served.cost.amount == 0
    assert len(acting.hook.calls) == 0
    assert acting.router.health()["small"].tries == 1


async def test_the_router_of_litellm_gives_it_out_at_no_cost() -> None:
    groups = router_of_litellm()
    acting = Acting(keeping(), groups=groups)
    await asks(acting, messages=HI)
    request = await acting.comes(messages=HI)
    answer = await groups.acompletion(**request)
    assert answer.choices[0].message.content == "Paris."
    assert answer._hidden_params["response_cost"] == 0.0
    assert answer.usage.total_tokens == 0
    with pytest.raises(litellm.BadRequestError, match="no provider to call"):
        await groups.acompletion(model=f"{PROVIDER}/m-small", messages=HI)


async def test_what_fails_to_be_served_is_answered_by_a_group() -> None:
    acting = Acting(keeping(), groups=router_of_litellm())
    await asks(acting)
    request = await acting.comes()
    await acting.asks(request, request["model"])
    with pytest.warns(RuntimeWarning, match="did not give out a stored answer"):
        await acting.fails(request, ConnectionError("what is stored could not be served"))
    await acting.asks(request, "small", fallbacks=1)
    await acting.answers(request, said())
    outcome = acting.notes.outcomes[-1]
    assert (outcome.model, len(outcome.tries), outcome.is_cached) == ("small", 1, False)


async def test_without_a_router_models_are_asked() -> None:
    acting = Acting(keeping())
    await asks(acting)
    await asks(acting)
    assert [outcome.cache.status for outcome in acting.notes.outcomes if outcome.cache] == ["miss", "miss"]


async def test_a_policy_that_requires_labels_lets_a_stored_answer_be_served() -> None:
    rules = [{"when": {"metadata": {"kind": "secret"}}, "labels": ["small"]}]
    acting = Acting(keeping(require=rules), groups=router_of_litellm())
    data: dict[str, Any] = {"metadata": {"kind": "secret"}}
    await asks(acting, metadata={**data["metadata"]})
    request = await acting.comes(metadata={**data["metadata"]})
    await acting.asks(request, request["model"])
    await acting.answers(request, said())
    assert acting.notes.outcomes[-1].is_cached


async def test_a_fallbacks_answer_is_stored_under_its_own_model() -> None:
    acting = Acting(keeping(breaker="none"), groups=router_of_litellm())
    request = await acting.comes()
    await acting.asks(request, "small")
    await acting.fails(request, ConnectionError("gone"))
    await acting.asks(request, "large", fallbacks=1)
    await acting.answers(request, said())
    assert (await acting.comes())["model"] == "small"
    assert (await acting.comes("large"))["model"].startswith(PROVIDER)


async def test_those_who_wait_are_let_go_when_the_first_fails() -> None:
    acting = Acting(keeping(breaker="none"), groups=router_of_litellm())
    first = await acting.comes()
    await acting.asks(first, "small")
    second = asyncio.create_task(acting.comes())
    await asyncio.sleep(0)
    assert not second.done()
    await acting.gives_up(first, ConnectionError("gone"))
    assert (await second)["model"] == "small"


async def test_equal_requests_at_once_are_one_call() -> None:
    acting = Acting(keeping(), groups=router_of_litellm())
    first = await acting.comes()
    others = [asyncio.create_task(acting.comes()) for _ in range(3)]
    await asyncio.sleep(0)
    await acting.asks(first, "small")
    await acting.answers(first, said())
    assert all([(await other)["model"].startswith(PROVIDER) for other in others])


@pytest.mark.parametrize("answer", [said("Pa", finish="length"), said("", finish="content_filter"), {**said(), "choices": []}])
async def test_what_is_no_whole_answer_is_not_stored(answer: dict[str, Any]) -> None:
    acting = Acting(keeping(), groups=router_of_litellm())
    await asks(acting, answer)
    assert (await acting.comes())["model"] == "small"


async def test_a_stream_is_stored_when_it_has_ended_well() -> None:
    acting = Acting(keeping(breaker="none"), groups=router_of_litellm())
    for then, model in ((ConnectionError("gone"), "small"), (None, PROVIDER)):
        request = await acting.comes()
        await acting.asks(request, "small")
        try:
            async for _ in acting.streams(request, chunks("Pa", "ris.", then=then)):
                pass
        except ConnectionError:
            await acting.gives_up(request, ConnectionError("gone"))
        following = await acting.comes()
        assert following["model"].startswith(model)
        await acting.gives_up(following, ConnectionError("gone"))


async def test_a_client_that_leaves_takes_nobody_along() -> None:
    acting = Acting(keeping(), groups=router_of_litellm())
    request = await acting.comes()
    await acting.asks(request, "small")
    stream = acting.streams(request, chunks("Pa", "ris."))
    await anext(stream)
    waiting = asyncio.create_task(acting.comes())
    await stream.aclose()
    assert (await waiting)["model"] == "small"


async def test_a_header_passes_over_what_is_stored() -> None:
    acting = Acting(keeping(), groups=router_of_litellm())
    await asks(acting)
    for use in ("bypass", "refresh"):
        request = await acting.comes(proxy_server_request={"headers": {"x-taskroute-cache": use}})
        assert request["model"] == "small"
    assert (await acting.comes())["model"].startswith(PROVIDER)


async def test_observing_serves_nothing() -> None:
    acting = Acting(keeping(mode="observe"), groups=router_of_litellm())
    for _ in range(2):
        request = await acting.comes()
        assert request["model"] == "auto"
        await acting.asks(request, "small")
        await acting.answers(request, said())


@pytest.mark.parametrize("then", ["hit", "gone"])
async def test_an_answer_whose_time_is_over_is_served_where_every_circuit_is_open(then: str) -> None:
    limits = {"failures": 1, "rate": 0.1, "cooldown": "1h"}
    stored = {"store": "memory", "ttl": "60s", "stale_if_error": "1h" if then == "hit" else "1s"}
    acting = Acting({**keeping(breaker=limits, default="small"), "cache": stored}, groups=router_of_litellm())
    await asks(acting)
    acting.clock.advance(120)
    request = await acting.comes()
    await acting.asks(request, "small")
    await acting.gives_up(request, ConnectionError("gone"))
    if then == "hit":
        served = await acting.comes()
        headers = await acting.headers(served)
        assert headers is not None
        assert headers["x-taskroute-cache"] == "stale"
    else:
        fastapi: Any = pytest.importorskip("fastapi")
        with pytest.raises(fastapi.HTTPException, match="small"):
            await acting.comes()


def test_the_group_of_stored_answers_is_added_once() -> None:
    router = router_of_litellm()
    groups = ProxyGroups(("auto",), lambda: router)
    assert groups.can_serve()
    assert groups.can_serve()
    assert len(groups.deployments_asked(REPLAY, {})) == 1


def test_a_router_that_does_not_take_it_costs_a_warning() -> None:
    class Refusing:
        model_group_alias: Any = None

        def get_model_names(self) -> list[str]:
            return []

        def add_deployment(self, deployment: Any) -> None:
            raise TypeError("no more")

    groups = ProxyGroups(("auto",), Refusing)
    with pytest.warns(RuntimeWarning, match="did not take"):
        assert not groups.can_serve()
