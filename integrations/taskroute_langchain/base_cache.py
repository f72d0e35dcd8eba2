"""LangChain's own cache over a store of ours, for those who want a cache and no routing: `set_llm_cache(TaskrouteCache(…))`."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast
from urllib.parse import quote

from langchain_core.caches import RETURN_VAL_TYPE, BaseCache
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, Generation

from taskroute.execution.finish import is_whole
from taskroute.ports import Store
from taskroute.reading import as_mapping, json_object
from taskroute.stores.memory import MemoryStore
from taskroute.types import Reply
from taskroute.warn import warn_once
from taskroute_langchain.answers import Answer, answer_from, answer_of, is_empty, refuses
from taskroute_langchain.stored_message import PARSED, from_native, native_of, plain

_VERSION: Final = 1
"""Another one leaves all earlier answers behind."""
_DAY: Final = 86_400.0


class TaskrouteCache(BaseCache):
    """Keeps what LangChain's models answer, as JSON, in memory or in a directory or in any store.

    `store` is a directory, a store, or None for this process's memory. `ttl` is in seconds, a day if it is left out; None keeps answers
    until the store needs the room. `size` is the room of a directory in bytes. Caches of different namespaces share no answers. A store
    of the caller's stays the caller's to close; `close` closes one that was made here. Raises ConfigurationError for a directory without
    the diskcache package.

    Answers come back with new ids and without tokens. What JSON cannot hold is not kept, nor is an answer that was cut off or withheld, or
    that has nothing in it. A store that fails is a miss and one warning.
    LangChain asks its cache for whole answers only, never for streams; a `RoutedChatModel` with a `cache` section in its policy has both,
    and needs no other: with two, what this one has counts as a new answer of the chosen model.
    """

    def __init__(
        self,
        store: Store | str | os.PathLike[str] | None = None,
        *,
        ttl: float | None = _DAY,
        size: int | None = None,
        namespace: str = "default",
    ) -> None:
        self._owns = store is None or isinstance(store, str | os.PathLike)
        self._store = _opened(store, size)
        self._ttl = ttl
        self._root = f"taskroute/langchain/{quote(namespace, safe='')}/"

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """Return what is kept of a prompt and the text of a model, or None."""
        try:
            return _loads(self._store.get(self._key(prompt, llm_string)))
        except Exception as error:  # noqa: BLE001 - the model can answer
            _warn(error)
            return None

    async def alookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """The same without blocking the event loop."""
        try:
            return _loads(await self._store.aget(self._key(prompt, llm_string)))
        except Exception as error:  # noqa: BLE001 - as above
            _warn(error)
            return None

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """Keep an answer, if JSON can hold it."""
        data = _dumps(return_val)
        if data is None:
            return
        try:
            self._store.put(self._key(prompt, llm_string), data, self._ttl)
        except Exception as error:  # noqa: BLE001 - the caller has the answer
            _warn(error)

    async def aupdate(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """The same without blocking the event loop."""
        data = _dumps(return_val)
        if data is None:
            return
        try:
            await self._store.aput(self._key(prompt, llm_string), data, self._ttl)
        except Exception as error:  # noqa: BLE001 - as above
            _warn(error)

    def clear(self, **_: Any) -> None:
        """Remove every answer of this namespace, and nothing else that the store holds. Raises what the store raises."""
        for name in [*self._store.scan(self._root)]:
            self._store.delete(name)

    async def aclear(self, **_: Any) -> None:
        """The same without blocking the event loop."""
        for name in [name async for name in self._store.ascan(self._root)]:
            await self._store.adelete(name)

    def close(self) -> None:
        """Close the store, unless it was given."""
        if self._owns:
            self._store.close()

    async def aclose(self) -> None:
        """Close the store, unless it was given."""
        if self._owns:
            await self._store.aclose()

    def _key(self, prompt: str, llm_string: str) -> str:
        text = json.dumps([_without_ids(prompt), llm_string])
        return f"{self._root}{hashlib.sha256(text.encode()).hexdigest()}"


def _opened(store: Store | str | os.PathLike[str] | None, size: int | None) -> Store:
    if store is None:
        return MemoryStore()
    if isinstance(store, str | os.PathLike):
        from taskroute.stores.disk import DiskStore

        return DiskStore(store, size=size)
    return store


def _warn(error: Exception) -> None:
    # Without its message, which may hold a part of an answer.
    name = type(error).__name__
    warn_once("langchain cache", name, f"the store of LangChain's cache failed ({name}); the model is asked")


def _without_ids(prompt: str) -> str:
    """Return a prompt without the ids of its messages, where it is a conversation in LangChain's JSON."""
    if not prompt.startswith("["):
        return prompt
    try:
        messages = json.loads(prompt)
    except ValueError:
        return prompt
    if not all(as_mapping(message).get("type") == "constructor" for message in messages):
        return prompt
    for message in messages:
        fields = message.get("kwargs")
        if isinstance(fields, dict):
            cast("dict[str, Any]", fields).pop("id", None)
    return json.dumps(messages)


def _dumps(answers: Sequence[Generation]) -> bytes | None:
    """Return answers as bytes; None where one of them is not whole, or cannot be kept whole."""
    try:
        if not all(_is_whole(answer) for answer in answers):
            return None
        text = json.dumps({"version": _VERSION, "answers": [_fields(answer) for answer in answers]}, allow_nan=False)
        return text.encode()
    except (TypeError, ValueError, RecursionError):
        return None


def _is_whole(answer: Generation) -> bool:
    """Return whether an answer came to its own end and says something, as far as it is told."""
    about = as_mapping(answer.generation_info)
    message = getattr(answer, "message", None)
    if not isinstance(message, BaseMessage):
        return bool(answer.text.strip()) and _ended(answer_from(about, None))
    return not (is_empty(message) or refuses(message)) and _ended(answer_of(message)) and _ended(answer_from(about, None))


def _ended(said: Answer) -> bool:
    return is_whole(Reply(answer=None, finish_reason=said.finish_reason))


def _fields(answer: Generation) -> dict[str, Any]:
    if type(answer) is Generation:
        return {"text": answer.text, "about": plain(answer.generation_info)}
    message = getattr(answer, "message", None)
    if not isinstance(answer, ChatGeneration) or type(message) is not AIMessage:
        raise TypeError(f"a {type(answer).__name__} of a {type(message).__name__} is not kept")
    parsed = message.additional_kwargs.get(PARSED)
    had = parsed is not None
    # A class is not kept. The parser of OpenAI's package makes an object of the fields, which is not for every class the same.
    if had and _made_of(message.text, cast("type[Any]", type(parsed))) != parsed:
        raise TypeError("what was parsed is not in the text")
    return {"message": native_of(message), "about": _info(answer.generation_info), "parsed": had}


def _made_of(text: str, kind: type[Any]) -> Any:
    """Return what the fields that a text has in JSON make. Raises ValueError or TypeError where they make nothing."""
    return kind(**(json_object(text) or {})) if text else None


def _with_fields(message: AIMessage) -> AIMessage:
    """Return the message with the fields that its text holds in JSON, of which OpenAI's parser makes an object."""
    found = json_object(message.text)
    return message.model_copy(update={"additional_kwargs": {**message.additional_kwargs, PARSED: dict(found or {})}})


def _info(about: Mapping[str, Any] | None) -> Any:
    return None if about is None else {key: plain(value) for key, value in about.items() if key not in ("token_usage", "usage", "id")}


def _loads(data: bytes | None) -> list[Generation] | None:
    if data is None:
        return None
    found = json.loads(data)
    if found.get("version") != _VERSION:
        return None
    return [_generation(each) for each in found["answers"]]


def _generation(fields: Mapping[str, Any]) -> Generation:
    if "message" not in fields:
        return Generation(text=fields["text"], generation_info=fields["about"])
    # As LangChain begins the ids that it makes; to a message from its cache it gives none.
    message = from_native(fields["message"]).model_copy(update={"id": f"lc_cached--{uuid.uuid4()}"})
    return ChatGeneration(message=_with_fields(message) if fields["parsed"] else message, generation_info=fields["about"])
