"""The provider whose answers are stored ones: LiteLLM makes responses, messages and streams of them as of a model's. Imports LiteLLM."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from typing import Any, Final

import litellm as _litellm
from litellm.llms.custom_llm import CustomLLM

from taskroute.reading import as_mapping
from taskroute_litellm.replaying import PROVIDER, Replayed, current
from taskroute_litellm.stored_response import chunks, whole

litellm: Any = _litellm

Find = Callable[[Mapping[str, Any]], Replayed | None]
"""Returns the answer for the `litellm_params` of a call."""


class Replay(CustomLLM):
    """Gives out the answer that is being served. Without one it refuses: nobody calls it by its name."""

    def __init__(self) -> None:
        super().__init__()
        self.find: Find | None = None
        """Who else may know of an answer that is to be given out: the hook of a proxy."""

    def completion(self, *args: Any, **handed: Any) -> Any:
        return whole(self._answer(handed), handed["model_response"])

    async def acompletion(self, *args: Any, **handed: Any) -> Any:
        return self.completion(*args, **handed)

    # The answer is looked for when the call is made, and not when the stream is read, which may be anywhere.
    def streaming(self, *args: Any, **handed: Any) -> Generator[Any]:
        return chunks(self._answer(handed))

    def astreaming(self, *args: Any, **handed: Any) -> AsyncGenerator[Any]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return _agiven_out(self._answer(handed))

    def _answer(self, handed: Mapping[str, Any]) -> Replayed:
        found = current()
        if found is None and self.find is not None:
            found = self.find(as_mapping(handed.get("litellm_params")))
        if found is None:
            message = f"{PROVIDER!r} is no provider to call: it gives out answers that taskroute has stored; ask for a model of the policy"
            raise litellm.BadRequestError(message=message, model=PROVIDER, llm_provider=PROVIDER)
        return found


_REPLAY: Final = Replay()


def provide() -> Replay:
    """Have LiteLLM know the provider, and return it. Other custom providers stay."""
    entries: list[dict[str, Any]] = litellm.custom_provider_map
    if not any(entry["custom_handler"] is _REPLAY for entry in entries):
        # One assignment, so that no call finds a name missing.
        litellm.custom_provider_map = [*entries, {"provider": PROVIDER, "custom_handler": _REPLAY}]
        litellm.utils.custom_llm_setup()
    return _REPLAY


def withdraw() -> None:
    """Have LiteLLM forget the provider, unless a proxy or a router may use it still. The next use brings it back."""
    from taskroute_litellm.stamp import is_used

    entries: list[dict[str, Any]] = litellm.custom_provider_map
    if _REPLAY.find is None and not is_used():
        litellm.custom_provider_map = [entry for entry in entries if entry["custom_handler"] is not _REPLAY]


async def _agiven_out(replayed: Replayed) -> AsyncGenerator[Any]:
    for chunk in chunks(replayed):
        yield chunk
