"""What stands behind a routed chat model: the models of a policy, and how a call of it begins. It is what hosts know of one."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping
from typing import Any, Final, Self, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableConfig, ensure_config
from langchain_core.runnables.config import merge_configs
from pydantic import ConfigDict

from taskroute.decision.snapshot import Snapshot
from taskroute.execution.plan import ORIGINAL
from taskroute.execution.run import Run
from taskroute.router import Router
from taskroute.steps import Attempt
from taskroute.types import Call
from taskroute_langchain.ancestors import track_ancestors
from taskroute_langchain.asks import ChatAsking
from taskroute_langchain.classifier import ChatAsker
from taskroute_langchain.ignored import refuse_ignored, warn_of_two_caches
from taskroute_langchain.otel import enclosing_run
from taskroute_langchain.pool import ModelPool, at_most, refuse_others
from taskroute_langchain.request import call_of, pinned
from taskroute_langchain.retried import follow_retries

_WRITTEN_BY_LANGCHAIN: Final = frozenset({"lc_versions"})
"""Metadata that LangChain gives every chat model: the one that is chosen brings its own."""


class Routed(BaseChatModel):
    """A chat model with those of a policy behind it. `RoutedChatModel` says what its fields are, and adds how LangChain calls it."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    router: Router
    models: Mapping[str, BaseChatModel] = {}
    original: BaseChatModel | None = None
    stage: str | None = None
    task: str | None = None

    # Not in `model_post_init`: pydantic would turn a ConfigurationError raised there into one of its own.
    def __init__(
        self,
        *,
        router: Router,
        models: Mapping[str, BaseChatModel] | None = None,
        original: BaseChatModel | None = None,
        stage: str | None = None,
        task: str | None = None,
        **options: Any,
    ) -> None:
        """Build what was not given. Raises ConfigurationError for what cannot be built."""
        refuse_others(models or {}, original)
        super().__init__(router=router, models=models or {}, original=original, stage=stage, task=task, **options)  # type: ignore[call-arg]
        refuse_ignored(self)
        self._make_ready()

    def _make_ready(self) -> None:
        self._pool.prepare()
        self.router.prepare()
        self.router.ask_through(self._pool.asker())
        if self.router.policy.stages.ancestors:
            track_ancestors()
        if self.router.policy.cache is not None:
            follow_retries()
        if self.router.policy.mode == "observe" and self.original is None:
            warnings.warn(
                "mode is 'observe' and no original= was given: the first model of 'default' answers every call", UserWarning, stacklevel=3
            )

    # The models behind it

    # Not a private attribute of pydantic: to look one up takes as long as to match a route.
    @functools.cached_property
    def _pool(self) -> ModelPool:
        return ModelPool(self.router, self.models)

    def chosen(self, attempt: Attempt, *, streams: bool = False, exact: bool = False) -> BaseChatModel:
        """Return the chat model of an attempt; `exact` with what is left of the call's time as the limit of its client."""
        if attempt.model == ORIGINAL:
            return cast("BaseChatModel", self.original)
        given = self.models.get(attempt.model)
        if given is not None:
            return given
        snapshot = attempt.snapshot or self.router.snapshot
        # Its own client is not needed for an answer that is there.
        if attempt.cached is not None:
            return self.model_of(attempt.model, snapshot)
        settings = snapshot.settings_for(attempt.decision.route)
        limit = settings.stream_timeout if streams else settings.client_timeout
        if exact and attempt.timeout is not None:
            limit = at_most(attempt.timeout, limit)
        return self._pool.get(attempt.model, snapshot.registry.get(attempt.model), limit)

    def model_of(self, name: str, snapshot: Snapshot) -> BaseChatModel:
        """Return the chat model behind a name, for questions about it: with no limit of any call."""
        return self._pool.get(name, snapshot.registry.get(name), snapshot.settings.client_timeout)

    def asker(self, config: RunnableConfig | None = None) -> ChatAsker:
        """Return who puts a classifier's questions to the models here, below the run of this config."""
        return self._pool.asker(config)

    # One call

    def config_for(self, config: RunnableConfig | None) -> RunnableConfig:
        """Return the config of a call, with the callbacks, tags and metadata that this model itself was given."""
        ready = ensure_config(config)
        if not (self.callbacks or self.tags or (self.metadata and not self.metadata.keys() <= _WRITTEN_BY_LANGCHAIN)):
            return ready
        own = RunnableConfig(callbacks=self.callbacks, tags=self.tags or [], metadata=self.metadata or {})
        return merge_configs(own, ready)

    def call_for(
        self, model_input: Any, config: RunnableConfig, kwargs: dict[str, Any], *, output_schema: bool = False, streams: bool = False
    ) -> tuple[Call, dict[str, Any]]:
        """Return the call as routing sees it, and the arguments that go on to the chosen model."""
        snapshot = self.router.snapshot
        if snapshot.policy.cache is not None:
            # A policy that was loaded again may have a cache that was not there before.
            follow_retries()
            warn_of_two_caches(self.models.values(), builds_some=len(self.models) < len(snapshot.registry))
        pin, rest = pinned(config, kwargs, snapshot.registry)
        call = call_of(
            model_input,
            config,
            rest,
            stage=self.stage,
            task=self.task,
            pin=pin,
            output_schema=output_schema,
            streams=streams,
            asking=lambda metadata: ChatAsking(self, snapshot, model_input, rest, metadata, as_json=output_schema),
        )
        return call._replace(cache="bypass") if self.cache is False else call, rest

    def begin(self, call: Call, config: RunnableConfig, *, is_async: bool) -> Run:
        """Return a call on its way, for a driver."""
        with enclosing_run(config):
            return self.router.run(
                call,
                has_original=self.original is not None,
                held_by=self._held_async if is_async else self._held,
                client_retries=self._pool.retries,
                is_async=is_async,
            )

    def _held(self, model: str) -> str:
        return "client" if self._pool.holds_timeout(model) else "none"

    def _held_async(self, model: str) -> str:
        return "client" if self._pool.holds_timeout(model) else "async"

    # Copies

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Return a copy with the same models behind it: clients hold connections and locks, which cannot be copied."""
        return self.model_copy()

    def __getstate__(self) -> dict[Any, Any]:
        state = dict(super().__getstate__())
        state["__dict__"] = {name: value for name, value in state["__dict__"].items() if name != "_pool"}
        return state

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(state)
        self.model_post_init(None)
        self._make_ready()
