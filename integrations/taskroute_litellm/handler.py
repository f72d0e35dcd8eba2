"""The custom provider that LiteLLM calls. Imports LiteLLM."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import aclosing
from typing import Any

from litellm.llms.custom_llm import CustomLLM

from taskroute.errors import ConfigurationError
from taskroute.execution.drivers import adrive, drive
from taskroute.execution.run import Run
from taskroute.execution.streams import adrive_stream, drive_stream
from taskroute.router import Router
from taskroute.types import Outcome
from taskroute_litellm.as_litellm import CAUGHT, as_litellm
from taskroute_litellm.asked import asked_of, session_of
from taskroute_litellm.call import Endpoint, call_of
from taskroute_litellm.classifier import LiteLLMAsker
from taskroute_litellm.given_out import RoutedStream
from taskroute_litellm.group_host import refuse_bad_metadata
from taskroute_litellm.model_host import Given, ModelHost, ask_model, retries_of
from taskroute_litellm.otel import records_metrics, writes_spans
from taskroute_litellm.passed_on import apassed_on, passed_on
from taskroute_litellm.policy_file import PolicyFile
from taskroute_litellm.provider import AUTO


class Handler(CustomLLM):
    """Carries out a policy for the calls of one provider name. With `file`, async calls look whether that holds another one by now."""

    def __init__(self, router: Router, provider: str, models: Given, *, file: PolicyFile | None = None) -> None:
        super().__init__()
        self.router = router
        self._file = file
        self._provider = provider
        self._models = models
        router.ask_through(LiteLLMAsker(self._ask, router))

    def _ask(self, model: str, arguments: Mapping[str, Any], is_async: bool) -> Any:
        return ask_model(self.router.snapshot.registry[model], self._models, arguments, is_async)

    def completion(self, *args: Any, **handed: Any) -> Any:
        return self._answer("completion", handed)

    async def acompletion(self, *args: Any, **handed: Any) -> Any:
        return await self._aanswer("completion", handed)

    def embedding(self, *args: Any, **handed: Any) -> Any:
        return self._answer("embedding", handed)

    async def aembedding(self, *args: Any, **handed: Any) -> Any:
        return await self._aanswer("embedding", handed)

    def streaming(self, *args: Any, **handed: Any) -> Generator[Any]:
        try:
            host, run = self._begin("completion", handed, streams=True)
            return passed_on(host, RoutedStream.opened(host, drive_stream(run, host)))
        except CAUGHT as error:
            found = as_litellm(error, handed["model"], self._provider)
        raise found

    # LiteLLM does not await it, in spite of the type that it says.
    async def astreaming(self, *args: Any, **handed: Any) -> AsyncGenerator[Any]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        await self._look()
        try:
            host, run = self._begin("completion", handed, is_async=True, streams=True)
            # Left to the event loop, what is read from would stay open until some later turn.
            async with aclosing(apassed_on(host, adrive_stream(run, host))) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        except CAUGHT as error:
            found = as_litellm(error, handed["model"], self._provider)
        raise found

    def _answer(self, endpoint: Endpoint, handed: dict[str, Any]) -> Any:
        try:
            host, run = self._begin(endpoint, handed)
            return _given(drive(run, host))
        except CAUGHT as error:
            found = as_litellm(error, handed["model"], self._provider)
        raise found

    async def _aanswer(self, endpoint: Endpoint, handed: dict[str, Any]) -> Any:
        await self._look()
        try:
            host, run = self._begin(endpoint, handed, is_async=True)
            return _given(await adrive(run, host))
        except CAUGHT as error:
            found = as_litellm(error, handed["model"], self._provider)
        raise found

    async def _look(self) -> None:
        if self._file is not None:
            await self._file.look()

    def _begin(self, endpoint: Endpoint, handed: dict[str, Any], *, is_async: bool = False, streams: bool = False) -> tuple[ModelHost, Run]:
        model: str = handed["model"]
        registry = self.router.snapshot.registry
        if model != AUTO and model not in registry:
            names = ", ".join(f"{self._provider}/{name}" for name in (AUTO, *registry))
            raise ConfigurationError(f"no model of the policy is named {model!r}; there are {names}")
        arguments = asked_of(endpoint, handed)
        refuse_bad_metadata(arguments)
        log, response = handed.get("logging_obj"), handed.get("model_response")
        host = ModelHost(self.router, endpoint, arguments, self._models, log=log, response=response)
        # LiteLLM's second generation of spans has none for a provider that is not LiteLLM's own, be the call sync or async.
        call = call_of(endpoint, arguments, pin=None if model == AUTO else model)
        call = call._replace(
            traced=writes_spans(is_async=False),
            measured=records_metrics(is_async=is_async),
            streams=streams,
            conversation=call.conversation or session_of(handed),
            asking=host.asks(),
        )
        run = self.router.run(
            call,
            held_by=_by_task if is_async else _by_client,
            client_retries=lambda name: retries_of(registry.get(name), self._models),
            is_async=is_async,
        )
        return host, run


def _given(outcome: Outcome) -> Any:
    return outcome.reply.answer if outcome.reply is not None else None


def _by_client(model: str) -> str:
    return "client"


def _by_task(model: str) -> str:
    return "async"
