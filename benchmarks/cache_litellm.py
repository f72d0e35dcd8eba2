"""Calls through LiteLLM that are served from a cache: from its own, and from ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from benchmarks.cache_material import Setup, caching_router, has_disk_cache, served
from benchmarks.measure import Batch
from taskroute import Router

DISK: Final = "litellm.completion, its disk cache"
MEMORY: Final = "litellm.completion, its local cache"
REDIS: Final = "litellm.completion, its Redis cache"
ROUTER: Final = "litellm.Router, its disk cache"
INSTALLED: Final = "litellm.Router with install(), disk"
_MODEL: Final = "answers/small"


def contenders(stack: ExitStack, litellm: Any, setup: Setup) -> dict[str, Batch]:
    """Return everyone; what they need is taken back with the stack."""
    from taskroute_litellm import install

    stack.enter_context(_cache(litellm, None))
    stack.enter_context(_answering(litellm, setup.text))
    found = _its_own(litellm, setup)
    for store in setup.stores():
        router = caching_router(stack, setup, store, "provider")
        found[f'litellm.completion("taskroute/auto"), {store}'] = _provided(stack, litellm, router, f"bench{store}", setup)
    router = caching_router(stack, setup, "disk", "installed")
    found[INSTALLED] = _of_group(setup, "auto", lambda llm: stack.enter_context(install(llm, router)))
    return found


@contextmanager
def _answering(litellm: Any, text: str) -> Iterator[None]:
    """Have a provider that answers at once; a `mock_response` would be in the keys of our cache, and not in LiteLLM's."""

    class Answers(litellm.CustomLLM):  # type: ignore[misc]
        def completion(self, *args: Any, model_response: Any, **kwargs: Any) -> Any:
            model_response.choices[0].message.content = text
            return model_response

    before = litellm.custom_provider_map
    litellm.custom_provider_map = [*before, {"provider": "answers", "custom_handler": Answers()}]
    litellm.utils.custom_llm_setup()
    try:
        yield
    finally:
        litellm.custom_provider_map = before


def _its_own(litellm: Any, setup: Setup) -> dict[str, Batch]:
    from litellm.caching.caching import Cache

    kinds: dict[str, dict[str, Any]] = {MEMORY: {"type": "local"}}
    if has_disk_cache():
        kinds[DISK] = {"type": "disk", "disk_cache_dir": str(setup.directory / "litellm")}
    if setup.url is not None:
        kinds[REDIS] = {"type": "redis", "host": "127.0.0.1", "port": setup.url.rpartition(":")[2]}
    found: dict[str, Batch] = {}
    for name, options in kinds.items():
        cache = Cache(**options)
        with _cache(litellm, cache):
            batches = {name: _asking(litellm, _MODEL, setup)}
            if name == DISK:
                batches[ROUTER] = _of_group(setup, "small", lambda llm: None, cache_responses=True)
        found |= {which: _with_cache(litellm, cache, batch) for which, batch in batches.items()}
    return found


@contextmanager
def _cache(litellm: Any, cache: Any) -> Iterator[None]:
    before, litellm.cache = litellm.cache, cache
    try:
        yield
    finally:
        litellm.cache = before


def _with_cache(litellm: Any, cache: Any, batch: Batch) -> Batch:
    def run(times: int) -> None:
        with _cache(litellm, cache):
            batch(times)

    return run


def _asking(litellm: Any, model: str, setup: Setup) -> Batch:
    return served(setup, lambda prompt: litellm.completion(model=model, messages=[{"role": "user", "content": prompt}]), _is_hit)


def _is_hit(answer: Any) -> bool:
    return answer._hidden_params.get("cache_hit") is True


def _provided(stack: ExitStack, litellm: Any, router: Router, provider: str, setup: Setup) -> Batch:
    from taskroute_litellm import register, unregister

    register(router, provider=provider, models={"small": _MODEL})
    stack.callback(unregister, provider)
    return _asking(litellm, f"{provider}/auto", setup)


def _of_group(setup: Setup, model: str, prepare: Callable[[Any], object], **options: Any) -> Batch:
    """Return calls of a group of LiteLLM's router."""
    from litellm.router import Router as LiteLLMRouter

    groups: Any = [{"model_name": "small", "litellm_params": {"model": _MODEL}}]
    llm = LiteLLMRouter(model_list=groups, model_group_alias={"auto": "small"}, num_retries=0, **options)
    prepare(llm)
    return served(setup, lambda prompt: llm.completion(model=model, messages=[{"role": "user", "content": prompt}]), _is_hit)
