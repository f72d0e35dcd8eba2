"""Many requests at once through a running proxy, with a provider that fails now and then."""

from __future__ import annotations

import asyncio

import httpx

from tests.emulator import Emulator, Fault, Say
from tests.litellm_proxy.running import Proxy
from tests.litellm_proxy.sink import Sink

_AT_ONCE = 100


async def test_none_is_lost_and_none_goes_where_it_may_not(proxy: Proxy, sink: Sink, emulator: Emulator) -> None:
    for model in ("m-large", "m-small"):
        emulator.on(model, *(Fault("server_error") if number % 10 == 0 else Say("ho") for number in range(_AT_ONCE)))

    async with httpx.AsyncClient(base_url=proxy.url, timeout=120, limits=httpx.Limits(max_connections=_AT_ONCE)) as client:

        async def one(number: int) -> httpx.Response:
            body = {"model": "auto", "messages": [{"role": "user", "content": f"question {number}"}], "stream": number % 2 == 0}
            headers = {"authorization": "Bearer sk-plain", "x-taskroute-stage": "rerank" if number % 3 else "retrieve"}
            return await client.post("/v1/chat/completions", json=body, headers=headers)

        answers = await asyncio.gather(*(one(number) for number in range(_AT_ONCE)))

    assert [answer.status_code for answer in answers] == [200] * _AT_ONCE
    assert {answer.headers["x-taskroute-model"] for answer in answers} <= {"small", "large", "house"}
    decisions = {answer.headers["x-taskroute-decision-id"] for answer in answers}
    assert len(decisions) == _AT_ONCE
    routes = [sink.decided(decision)[0] for decision in decisions]
    assert sum(route.attributes["taskroute.attempts"] for route in routes) == len(emulator.requests)
    assert {request.body["model"] for request in emulator.requests} <= {"m-small", "m-large", "m-house"}
