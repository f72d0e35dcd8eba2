"""Whether an agent's model ran with just the request that its answer is kept under: middleware behind ours may have changed it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from langchain.agents.middleware.types import ModelRequest
from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, convert_to_messages
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables import RunnableConfig
from pydantic import Field, PrivateAttr

from taskroute_langchain.replay import ReplayModel
from taskroute_langchain.stored_message import NotServableError

Digest = Callable[[ModelRequest[Any]], str | None]
"""Makes of a request what is equal for requests of the same meaning, whatever model they name; None of one that cannot be told."""
Said = list[tuple[str, str]]
"""Kind and text of each message of a conversation."""

_FIELDS: Final = tuple(field.name for field in dataclasses.fields(ModelRequest))


class ChangedRequestError(BaseException):
    """A stored answer is not for the request that it was about to be served to.

    No `Exception`: a middleware that repeats what failed, or asks another model then, is not to hear of it.
    """


@dataclasses.dataclass(init=False, eq=False)
class WatchedRequest(ModelRequest[Any]):
    """A request that knows of every request that is made of it."""

    family: list[ModelRequest[Any]] = dataclasses.field(repr=False, kw_only=True)

    def __init__(self, *, family: list[ModelRequest[Any]], **fields: Any) -> None:
        super().__init__(**fields)
        object.__setattr__(self, "family", family)
        family.append(self)


class Watch:
    """Follows one request through the middleware behind ours."""

    def __init__(self, request: ModelRequest[Any], asked: str | None, digest: Digest) -> None:
        """`asked` is the digest of the request as it was looked up."""
        self._model = request.model
        self._asked = asked
        self._digest = digest
        self._family: list[ModelRequest[Any]] = []
        self.request = WatchedRequest(family=self._family, **_fields_of(request))
        """What to give to the handler."""

    def is_same(self, messages: Said) -> bool:
        """Return whether a model that got these messages was asked what was looked up: nobody made another request of it."""
        try:
            return self._asked is not None and said_in(messages_of(self.request)) == messages and all(map(self._fits, self._family))
        except Exception:  # noqa: BLE001 - a request that cannot be read is none that was looked up
            return False

    def _fits(self, request: ModelRequest[Any]) -> bool:
        # A copy, because what is made of a watched request joins the others.
        return request.model is self._model and self._digest(ModelRequest(**_fields_of(request))) == self._asked


class RunListener(BaseCallbackHandler):
    """Hears with which messages one chat model runs, and what it answers. Runs of other models are none of its business."""

    run_inline = True

    def __init__(self, model: BaseChatModel) -> None:
        # Each model makes it once, and tells it of each of its runs: nothing else of these says which object the model is.
        self._about: Any = getattr(model, "_serialized", None)
        self._asked: dict[UUID, Said] = {}
        self._answers: list[tuple[BaseMessage, BaseMessage, Said]] = []

    def on_chat_model_start(self, serialized: dict[str, Any], messages: list[list[BaseMessage]], *, run_id: UUID, **_: Any) -> None:
        if serialized is self._about:
            self._asked[run_id] = said_in(messages[0])

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:
        asked = self._asked.pop(run_id, None)
        generations = response.generations[0] if response.generations else []
        if asked is not None and len(generations) == 1 and isinstance(generations[0], ChatGeneration):
            message = generations[0].message
            # Whoever has the message may change it afterwards.
            self._answers.append((message, message.model_copy(), asked))

    def answer_behind(self, message: BaseMessage) -> tuple[BaseMessage, Said] | None:
        """Return a message as the model gave it, and what the model was asked; None where this is no answer of the model's."""
        found = [(given, asked) for known, given, asked in self._answers if known is message]
        return found[0] if len(found) == 1 else None


class WatchfulReplay(ReplayModel):
    """Gives its stored answer only where it is asked what was looked up."""

    stands_for: Any = Field(default=None, repr=False)
    _watch: Watch | None = PrivateAttr(default=None)
    _given: list[AIMessage] = PrivateAttr(default_factory=list[AIMessage])
    _checked: bool = PrivateAttr(default=False)

    @property  # type: ignore[misc]
    def __class__(self) -> type[Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The class of the model that once answered: by `isinstance`, middleware prepares requests for one provider, or refuses them."""
        found: type[Any] | None = self.__dict__.get("stands_for")
        return WatchfulReplay if found is None else found

    def watched(self, request: ModelRequest[Any], asked: str | None, digest: Digest) -> ModelRequest[Any]:
        """Return the request with this model in it, to give to the handler."""
        self.stands_for = type(request.model)
        self._watch = Watch(request.override(model=self), asked, digest)
        return self._watch.request

    def invoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        """Return the answer. Raises ChangedRequestError where it is for another request."""
        self._check(input)
        return self._noted(super().invoke(input, config, **kwargs))

    async def ainvoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        """Return the answer. Raises ChangedRequestError where it is for another request."""
        self._check(input)
        return self._noted(await super().ainvoke(input, config, **kwargs))

    def refuse_foreign(self, answer: BaseMessage | None) -> None:
        """Raise NotServableError for an answer that is not this model's: somebody else answered in its place."""
        if not any(given is answer for given in self._given):
            raise NotServableError("a middleware gave another answer than the stored one")

    def _check(self, model_input: LanguageModelInput) -> None:
        messages = convert_to_messages(model_input) if isinstance(model_input, list) else ()
        if self._watch is None or not self._watch.is_same(said_in(messages)):
            raise ChangedRequestError("a middleware changed the request after the answer had been looked up")
        self._checked = True

    def _message(self, kwargs: Mapping[str, Any]) -> AIMessage:
        # An agent invokes its model. Whoever streams it asks something of their own.
        if not self._checked:
            raise ChangedRequestError("a middleware asked the model for an answer that was not looked up")
        return super()._message(kwargs)

    def _noted(self, answer: AIMessage) -> AIMessage:
        self._checked = False
        self._given.append(answer)
        return answer


@contextlib.contextmanager
def unless_changed() -> Generator[None, None, None]:
    """Turn a ChangedRequestError into a NotServableError, with which the answer counts as one that is not stored."""
    try:
        yield
    except ChangedRequestError as error:
        raise NotServableError(str(error)) from error


def messages_of(request: ModelRequest[Any]) -> list[BaseMessage]:
    """Return what a model is sent of a request as messages."""
    return [*request.messages] if request.system_message is None else [request.system_message, *request.messages]


def said_in(messages: Sequence[BaseMessage]) -> Said:
    """Return kind and text of each message. The rest of it is not the same wherever a model's run is told of."""
    return [(message.type, str(message.text)) for message in messages]


def overheard(config: RunnableConfig, listener: BaseCallbackHandler) -> RunnableConfig:
    """Return the config with one more listener."""
    callbacks = config.get("callbacks")
    if isinstance(callbacks, BaseCallbackManager):
        manager = callbacks.copy()
        manager.add_handler(listener, inherit=True)
        return {**config, "callbacks": manager}
    return {**config, "callbacks": [*(callbacks or ()), listener]}


def _fields_of(request: ModelRequest[Any]) -> dict[str, Any]:
    return {name: getattr(request, name) for name in _FIELDS}
