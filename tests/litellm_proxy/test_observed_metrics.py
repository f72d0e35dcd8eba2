"""The metrics of a call that LiteLLM's proxy carries out, put together from what its callbacks tell."""

from __future__ import annotations

from taskroute.telemetry.metrics import MetricsObserver
from tests.litellm_proxy.acting import Acting, chunks
from tests.policies import policy
from tests.telemetry.measured import Meter

POLICY = policy(breaker="none")


class Measured(Acting, Meter):
    """A proxy in which nothing happens but what a test does, and what its calls leave."""

    def __init__(self) -> None:
        Meter.__init__(self)
        Acting.__init__(self, POLICY)
        observer = MetricsObserver(models=self.router.snapshot.registry.get, meter_provider=self.provider)
        self.router = type(self.router)(self.router.policy, clock=self.clock, observers=[observer], environ={})
        self.hook.router = self.router


async def test_a_retry_and_a_fallback_leave_two_durations_and_litellms_waits_are_not_routings() -> None:
    found = Measured()
    request = await found.comes()
    found.clock.advance(0.25)
    await found.asks(request, "small")
    found.clock.advance(2)
    await found.fails(request, TimeoutError("x"))
    found.clock.advance(8)
    await found.asks(request, "small", retries=1)
    found.clock.advance(2)
    await found.fails(request, TimeoutError("x"))
    found.clock.advance(8)
    await found.asks(request, "large", fallbacks=1)
    found.clock.advance(1)
    await found.answers(request)
    durations = {
        said["gen_ai.request.model"]: (said.get("error.type"), value) for said, value in found.points("gen_ai.client.operation.duration")
    }
    assert durations == {"small": ("TimeoutError", (1, 12.0)), "large": (None, (1, 1.0))}
    assert found.total("taskroute.retries", taskroute__model="small") == 1
    assert found.total("taskroute.fallbacks", taskroute__model="large") == 1
    assert found.one("taskroute.calls")[0]["taskroute.model"] == "large"
    assert found.one("taskroute.routing.duration")[1] == (1, 0.25)


async def test_a_stream_is_the_models_and_the_readers_time() -> None:
    found = Measured()
    request = await found.comes(stream=True)
    await found.asks(request, "small")
    async for _ in found.streams(request, chunks("one ", "two ", "three")):
        found.clock.advance(3)
    assert found.one("gen_ai.client.operation.duration")[1] == (1, 9.0)
    assert found.one("gen_ai.client.operation.time_to_first_chunk")[1][0] == 1
    assert found.one("taskroute.routing.duration")[1] == (1, 0)


async def test_a_stream_that_its_reader_drops_is_a_call_that_was_cancelled() -> None:
    found = Measured()
    request = await found.comes(stream=True)
    await found.asks(request, "small")
    stream = found.streams(request, chunks("one ", "two ", "three"))
    await anext(stream)
    found.clock.advance(3)
    await stream.aclose()
    assert found.one("taskroute.calls")[0]["taskroute.status"] == "cancelled"
    (about, duration) = found.one("gen_ai.client.operation.duration")
    assert ("error.type" in about, duration) == (False, (1, 3.0))


async def test_a_call_that_nobody_answers_is_failed() -> None:
    found = Measured()
    request = await found.comes()
    await found.asks(request, "small")
    found.clock.advance(1)
    await found.gives_up(request, ConnectionError("my password is hunter2"))
    assert found.one("taskroute.calls")[0] == {"taskroute.status": "failed", "error.type": "ConnectionError"}
    assert "hunter2" not in str(found.read())
