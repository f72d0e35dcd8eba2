"""Plays LiteLLM's proxy to a hook: calls its hooks as the proxy does, in the same order and with the same words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

from taskroute import Router
from taskroute.steps import Attempt, Failed
from taskroute.testing import FakeClock
from taskroute.types import Call, Decision, Outcome
from taskroute_litellm.proxy import ProxyHook
from taskroute_litellm.proxy_groups import ProxyGroups


class Notes:
    """An observer that writes everything down."""

    def __init__(self) -> None:
        self.decisions: list[Decision] = []
        self.attempts: list[Attempt] = []
        self.failures: list[tuple[str, str | None]] = []
        self.events: list[str] = []
        self.outcomes: list[Outcome] = []

    def begin(self, call: Call, at: float) -> Notes:
        return self

    def decided(self, decision: Decision) -> None:
        self.decisions.append(decision)

    def step(self, step: Any, at: float) -> None:
        if isinstance(step, Attempt):
            self.attempts.append(step)

    def event(self, event: Any, failure: str | None, at: float) -> None:
        self.events.append(type(event).__name__)
        if isinstance(event, Failed):
            self.failures.append((type(event.error).__name__, failure))

    def active(self) -> Any:
        return nullcontext()

    def finished(self, outcome: Outcome, at: float) -> None:
        self.outcomes.append(outcome)

    @property
    def asked(self) -> list[tuple[str, int, int]]:
        """Model, number and retry of each attempt."""
        return [(attempt.model, attempt.number, attempt.retry) for attempt in self.attempts]


class Acting:
    """A proxy in which nothing happens but what a test does."""

    def __init__(self, policy: dict[str, Any], *, environ: dict[str, str] | None = None, groups: Any = None, **options: Any) -> None:
        self.clock = FakeClock()
        self.notes = Notes()
        self.router = Router(policy, clock=self.clock, observers=[self.notes], environ=environ or {}, **options)
        self.hook = ProxyHook(self.router, groups=ProxyGroups(("auto",), lambda: groups))

    async def comes(self, model: str = "auto", *, call_type: str = "acompletion", key: Any = None, **data: Any) -> dict[str, Any]:
        """Return a request as the hook leaves it."""
        request = {"model": model, "messages": [{"role": "user", "content": "hi"}], "metadata": {}, **data}
        await self.hook.async_pre_call_hook(key or SimpleNamespace(parent_otel_span=None), None, request, call_type)
        return request

    @staticmethod
    def sent(request: dict[str, Any], group: str, retries: int = 0, fallbacks: int = 0) -> dict[str, Any]:
        """Return the arguments of a deployment's call."""
        bucket = "litellm_metadata" if "litellm_metadata" in request else "metadata"
        about = {**request[bucket], "model_group": group, "attempted_retries": retries, "attempted_fallbacks": fallbacks}
        return {**request, "model": f"openai/{group}", bucket: about}

    async def asks(self, request: dict[str, Any], group: str, retries: int = 0, fallbacks: int = 0) -> dict[str, Any] | None:
        return await self.hook.async_pre_call_deployment_hook(self.sent(request, group, retries, fallbacks), None)

    async def fails(self, request: dict[str, Any], error: Exception) -> None:
        await self.hook.async_post_call_failure_deployment_hook(request, error, None)

    async def answers(self, request: dict[str, Any], response: Any = None) -> Any:
        given = {} if response is None else response
        await self.hook.async_post_call_success_deployment_hook(request, given, None)
        return await self.hook.async_post_call_success_hook(request, None, given)

    async def gives_up(self, request: dict[str, Any], error: Exception) -> None:
        await self.hook.async_post_call_failure_hook(request, error, None)

    def streams(self, request: dict[str, Any], chunks: AsyncIterator[Any]) -> Any:
        return self.hook.async_post_call_streaming_iterator_hook(None, chunks, request)

    async def headers(self, request: dict[str, Any]) -> dict[str, str] | None:
        return await self.hook.async_post_call_response_headers_hook(request, None, None)


def chunk(text: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}}]}


async def chunks(*texts: str, then: BaseException | None = None) -> AsyncIterator[Any]:
    for text in texts:
        yield chunk(text)
    if then is not None:
        raise then


def words(given: Iterable[Any]) -> str:
    return "".join(one["choices"][0]["delta"]["content"] for one in given)
