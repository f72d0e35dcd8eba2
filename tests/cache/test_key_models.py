"""What a chat model that the user gave is, as far as the key of an answer tells it from another one."""

from __future__ import annotations

import dataclasses
import datetime
import gc
import uuid
import weakref
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel, FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from pydantic import BaseModel, Field, HttpUrl, PrivateAttr, SecretStr

from taskroute.cache.key import cache_key, temperature_of
from taskroute.registry.models import ModelSpec, describe
from taskroute.stored import Asked, Terms
from taskroute_langchain.asking import asked_of

KEY: Any = SecretStr("a key")
LARGE = describe("large")


def asks(model: BaseChatModel, *, spec: ModelSpec = LARGE, **kwargs: Any) -> Asked:
    asked = asked_of("hi", kwargs, spec=spec, model=model)
    assert asked is not None
    return asked


def key(model: BaseChatModel, **more: Any) -> str:
    return cache_key(asks(model, **more), Terms("default"))


class Client:
    """An object that nobody can read."""


class Tight:
    """One that cannot even be watched for its end."""

    __slots__ = ()


class Mood(Enum):
    CALM = ("calm", object())
    WILD = ("wild", object())


@dataclasses.dataclass
class Settings:
    name: str
    token: str = ""
    api_key: str = ""


class Inner(BaseModel):
    labels: list[str] = Field(default_factory=list)
    _hidden: str = PrivateAttr(default="")


class Own(FakeListChatModel):
    """A class of a user's, with words of its own for what LiteLLM has other meanings of."""

    responses: list[str] = Field(default_factory=lambda: ["a"])
    base_model: str = ""
    labels: list[str] = Field(default_factory=list)
    order: int = 0
    token: str = ""
    store: str = ""
    tags: list[str] | None = None
    options: dict[Any, Any] = Field(default_factory=dict)
    held: Any = None
    api_key: str = ""
    timeout: float = 1.0


class Private(FakeListChatModel):
    """One that keeps what it is where no field shows it."""

    responses: list[str] = Field(default_factory=lambda: ["a"])
    _endpoint: Any = PrivateAttr(default=None)

    def at(self, endpoint: Any) -> Private:
        self._endpoint = endpoint
        return self


@pytest.mark.parametrize("name", ["base_model", "token", "store"])
def test_no_word_of_litellms_is_noise_in_a_class_of_the_users(name: str) -> None:
    one, other = Own(), Own()
    setattr(one, name, "a")
    setattr(other, name, "b")
    assert key(one) != key(other)


def test_lists_numbers_and_fields_that_hide_langchains_are_in() -> None:
    keys = {key(Own()), key(Own(labels=["a"])), key(Own(order=1)), key(Own(tags=["a"])), key(Own(tags=["b"]))}
    assert len(keys) == 5
    assert key(FakeListChatModel(responses=["a"], tags=["a"])) == key(FakeListChatModel(responses=["a"], tags=["b"]))


def test_secrets_and_limits_of_time_of_a_users_class_are_out() -> None:
    assert key(Own(api_key="one", timeout=3)) == key(Own(api_key="other"))
    assert key(Own(held=SecretStr("one"))) == key(Own(held=SecretStr("other")))
    assert key(Own(held=Settings("a", api_key="one"))) == key(Own(held=Settings("a", api_key="other")))


def test_the_name_in_the_policy_is_in_for_every_class_that_is_not_official() -> None:
    for model in (Own(), FakeListChatModel(responses=["a"])):
        assert key(model) != key(model, spec=describe("other"))
    official = ChatOpenAI(model="gpt-4o", api_key=KEY)
    assert key(official) == key(official, spec=describe("other"))


def test_a_default_of_a_users_class_is_in_since_its_next_version_may_have_another() -> None:
    def version(style: str) -> dict[str, Any]:
        class Mine(FakeListChatModel):
            responses: list[str] = Field(default_factory=lambda: ["a"])
            manner: str = style

        (fields,) = [value for value in asks(Mine()).parameters.values() if isinstance(value, dict)]
        return fields

    assert version("plain") != version("rude")


def test_the_temperature_of_a_users_class_is_seen() -> None:
    class Hot(FakeListChatModel):
        responses: list[str] = Field(default_factory=lambda: ["a"])
        temperature: float = 1.5

    assert temperature_of(asks(Hot())) == 1.5


@pytest.mark.parametrize(
    "made",
    [
        Path,
        lambda text: HttpUrl(f"http://{text}"),
        lambda text: Decimal(len(text)),
        lambda text: uuid.uuid5(uuid.NAMESPACE_DNS, text),
        lambda text: datetime.date(2026, 1, len(text)),
        lambda text: {text},
        lambda text: frozenset({text, "b"}),
        lambda text: text.encode(),
        Settings,
        lambda text: Settings("a", token=text),
        lambda text: Inner(labels=[text]),
        lambda text: [Path(text)],
        lambda text: {1: text, "1": "b"},
        lambda text: Mood.CALM if text == "a" else Mood.WILD,
        lambda text: FakeListChatModel(responses=[text]),
        lambda text: ChatOpenAI(model=text, api_key=KEY),
    ],
)
def test_values_of_known_classes_are_in_by_what_they_say(made: Callable[[str], Any]) -> None:
    assert key(Own(held=made("a"))) == key(Own(held=made("a")))
    assert key(Own(held=made("a"))) != key(Own(held=made("aa")))


def test_keys_of_a_mapping_are_told_from_their_texts() -> None:
    keys = {key(Own(options=options)) for options in ({1: "a"}, {True: "a"}, {None: "a"}, {1: "a", "1": "b"}, {1: "b", "1": "a"})}
    assert len(keys) == 5


@pytest.mark.parametrize("made", [Client, Tight, lambda: lambda: "a", lambda: iter(["a"])])
def test_an_object_that_nobody_can_read_is_told_from_every_other(made: Callable[[], Any]) -> None:
    model = Own(held=made())
    before = key(model)
    assert key(model) == before
    assert key(Own(held=made())) != before
    model.held = made()
    assert key(model) != before


def test_models_around_one_object_are_the_same() -> None:
    client = Client()
    assert key(Own(held=client)) == key(Own(held=client))
    assert key(Own(held=[client])) != key(Own(held=[Client()]))


def test_private_attributes_are_in() -> None:
    assert key(Private().at("a")) == key(Private().at("a")) != key(Private().at("b"))
    model = Private().at(Client())
    before = key(model)
    assert key(model) == before != key(Private().at(Client()))
    assert key(model.at("b")) != before


def test_what_is_put_into_a_model_past_its_class_is_in() -> None:
    one, other = Own(), Own()
    object.__setattr__(one, "endpoint", "http://a")
    object.__setattr__(other, "endpoint", "http://b")
    assert len({key(one), key(other), key(Own())}) == 3


def test_what_was_changed_in_place_is_in_at_once() -> None:
    for model in (Own(options={"a": 1}), Own(held=Settings("a"))):
        before = key(model)
        if model.options:
            model.options["a"] = 2
        else:
            model.held.name = "b"
        assert key(model) != before


def test_a_list_that_was_empty_at_first_holds_notes_and_another_in_its_place_counts() -> None:
    model = Own()
    before = key(model)
    model.labels.append("a call")
    assert key(model) == before
    model.labels = ["a call"]
    assert key(model) != before
    model.labels = []
    model.labels.append("an example")
    assert key(model) != before


def test_a_list_that_held_something_at_first_counts_however_it_changes() -> None:
    model = Own(labels=["a"])
    before = key(model)
    model.labels.append("b")
    assert key(model) != before
    model.labels.clear()
    assert key(model) == key(Own()) != before


def test_classes_made_in_a_function_are_told_apart() -> None:
    def made() -> type[BaseChatModel]:
        class Local(FakeListChatModel):
            responses: list[str] = Field(default_factory=lambda: ["a"])

        return Local

    one, other = made(), made()
    assert key(one()) == key(one())
    assert key(one()) != key(other())


def test_what_holds_itself_is_an_object_that_nobody_can_read() -> None:
    endless: list[Any] = []
    endless.append(endless)
    model = Own()
    model.held = endless
    assert key(model) == key(model) != key(Own())


def test_a_fake_of_langchains_has_one_key_in_a_process() -> None:
    for model in (FakeListChatModel(responses=["a", "b"]), GenericFakeChatModel(messages=iter(["a", "b"]))):
        before = key(model)
        model.invoke("hi")
        assert key(model) == before
    assert key(GenericFakeChatModel(messages=iter(["a"]))) != key(GenericFakeChatModel(messages=iter(["a"])))


def test_ids_of_messages_that_a_model_holds_are_out_since_langchain_writes_them() -> None:
    assert key(Own(held=[AIMessage("a", id="1")])) == key(Own(held=[AIMessage("a", id="2")])) != key(Own(held=[AIMessage("b")]))


def test_a_users_class_below_a_fake_has_one_key_whatever_it_has_answered_by_then() -> None:
    model = Own(responses=["a", "b"])
    before = key(model)
    model.invoke("hi")
    assert key(model) == before


def test_a_model_and_its_objects_are_let_go_of() -> None:
    client = Client()
    model = Own(held=client)
    key(model)
    gone: list[Callable[[], Any]] = [weakref.ref(model), weakref.ref(client)]
    del model, client
    gc.collect()
    assert [ref() for ref in gone] == [None, None]


# Official classes


def test_the_model_that_an_official_class_takes_by_itself_is_in() -> None:
    assert asks(ChatOpenAI(api_key=KEY)).model == "openai:gpt-3.5-turbo"


def test_an_address_of_the_environment_is_in(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = describe("small", model="openai:gpt-4o")
    usual = key(ChatOpenAI(model="gpt-4o", api_key=KEY))
    monkeypatch.setenv("OPENAI_BASE_URL", "http://there/v1")
    there = key(ChatOpenAI(model="gpt-4o", api_key=KEY))
    built = asked_of("hi", {}, spec=plain, model=None)
    assert built is not None
    assert cache_key(built, Terms("default")) == there == key(ChatOpenAI(model="gpt-4o", api_key=KEY, base_url="http://there/v1")) != usual


def test_an_address_of_anthropics_environment_is_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def claude() -> str:
        return key(ChatAnthropic(model="claude-haiku-4-5", api_key=KEY))  # type: ignore[call-arg]

    usual = claude()
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://there")
    assert claude() != usual


def test_a_mapping_that_was_changed_in_a_class_of_langchains_is_in() -> None:
    model = AzureChatOpenAI(
        api_key=KEY, azure_endpoint="https://there.example", azure_deployment="d", api_version="v", model_kwargs={"hint": 1}
    )
    before = key(model)
    model.model_kwargs["hint"] = 2
    assert key(model) != before
