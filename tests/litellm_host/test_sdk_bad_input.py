"""What a routed LiteLLM router does with input that is odd or wrong."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Mapping
from typing import Any

import pytest

from taskroute.errors import ConfigurationError
from tests.emulator import Emulator
from tests.litellm_host.routers import ANSWER, COMPLETIONS, MESSAGES, QUESTION, WHOLE, Way, call, decided, routed
from tests.litellm_host.test_calls import record_of

litellm: Any = pytest.importorskip("litellm")

STAGES = ("generate", "grade", "none", "rerank")
GROUPS = {"generate": "large", "grade": "claude", "none": "small", "rerank": "small"}


@pytest.mark.parametrize("name", ["metadata", "litellm_metadata"])
@pytest.mark.parametrize("wrong", ["generate", ["stage", "generate"], 7, ("stage", "generate")], ids=["str", "list", "int", "tuple"])
@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_metadata_of_a_wrong_type_is_refused_by_its_name(emulator: Emulator, way: Way, name: str, wrong: Any) -> None:
    with routed(emulator) as found, pytest.raises(ConfigurationError) as caught:
        call(found, way, **{name: wrong})
    assert str(caught.value).startswith(f"{name}= must be a mapping, not of type {type(wrong).__name__}")
    assert "'stage': 'generate'" in str(caught.value)
    assert found.asked == []


@pytest.mark.parametrize("way", WHOLE, ids=str)
@pytest.mark.parametrize("metadata", [None, {}], ids=["None", "empty"])
def test_no_metadata_says_nothing(emulator: Emulator, way: Way, metadata: Any) -> None:
    with routed(emulator) as found:
        (decision,), _ = decided(found, way, metadata=metadata)
    assert (decision.route, decision.signals.stage.value) == (None, None)


@pytest.mark.parametrize("way", WHOLE, ids=str)
@pytest.mark.parametrize("tags", ["stage:generate", ["stage:generate"], ("stage:generate",), ["stage:generate", "stage:"]], ids=repr)
def test_tags_may_be_a_string_or_a_list(emulator: Emulator, way: Way, tags: Any) -> None:
    with routed(emulator) as found:
        call(found, way, metadata={"tags": list(tags) if isinstance(tags, tuple) else tags})
    assert found.asked == ["large"]


@pytest.mark.parametrize("value", [7, None, "", ["generate"], {"a": 1}], ids=repr)
def test_a_stage_that_is_no_name_is_none(emulator: Emulator, value: Any) -> None:
    with routed(emulator) as found:
        call(found, Way("completion"), metadata={"stage": value})
    assert found.asked == ["small"]


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_content_may_be_a_list_of_parts(emulator: Emulator, way: Way) -> None:
    messages = [
        {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "user", "content": [{"type": "text", "text": "My card is "}, {"type": "text", "text": "4111 1111 1111 1111"}]},
    ]
    policy = {
        "models": {"small": {}, "large": {"labels": ["private"]}},
        "default": ["small", "large"],
        "require": [{"when": {"sensitive": True}, "labels": ["private"]}],
    }
    with routed(emulator, policy=policy) as found:
        call(found, way, messages=messages)
    assert found.asked == ["large"]
    assert emulator.requests[0].body["messages"] == messages


@pytest.mark.parametrize("way", WHOLE, ids=str)
def test_missing_messages_end_as_they_do_without_us(emulator: Emulator, way: Way) -> None:
    def ends(found: Any) -> str:
        method = getattr(found.litellm, way.method)
        try:
            answer = asyncio.run(method(model="auto")) if way.is_async else method(model="auto")
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return str(answer.choices[0].message.content)

    with routed(emulator) as found:
        ours = ends(found)
    assert ours == ends(found)


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
@pytest.mark.parametrize("messages", [None, [], "hello", [{"role": "user"}], [None], [{"role": "user", "content": 7}]], ids=repr)
def test_odd_messages_end_as_they_do_without_us(emulator: Emulator, way: Way, messages: Any) -> None:
    def ends(found: Any) -> str:
        try:
            answer = call(found, way, messages=messages)
        except Exception as error:
            return type(error).__name__
        return "answered" if answer else "nothing"

    with routed(emulator, policy={"models": {"small": {}}, "default": "small"}) as found:
        ours = ends(found)
    assert ours == ends(found)


@pytest.mark.parametrize("model", [None, 7, "", ["auto"], "Auto", "auto "], ids=repr)
def test_an_odd_model_ends_as_it_does_without_us(emulator: Emulator, model: Any) -> None:
    def ends(found: Any) -> str:
        try:
            found.litellm.completion(model, MESSAGES)
        except Exception as error:
            return type(error).__name__
        return "answered"

    with routed(emulator) as found:
        ours = ends(found)
    assert ours == ends(found) != "answered"


# A dict that calls share


class Shared(dict[str, Any]):
    """Metadata in which nobody may write."""

    def __setitem__(self, key: str, value: Any) -> None:
        raise AssertionError("somebody wrote into the caller's metadata")

    def __delitem__(self, key: str) -> None:
        raise AssertionError("somebody took something out of the caller's metadata")

    def update(self, *args: Any, **kwargs: Any) -> None:
        raise AssertionError("somebody wrote into the caller's metadata")

    def setdefault(self, key: str, default: Any = None) -> Any:
        raise AssertionError("somebody wrote into the caller's metadata")

    def pop(self, *args: Any) -> Any:
        raise AssertionError("somebody took something out of the caller's metadata")


def _headers(stage: str) -> Mapping[str, Any]:
    return {} if stage == "none" else {"extra_headers": {"x-taskroute-stage": stage}}


@pytest.mark.parametrize("streams", [False, True])
async def test_metadata_that_many_calls_share_stays_as_it_is(emulator: Emulator, streams: bool) -> None:
    inner = {"note": ["a", "b"]}
    shared = Shared(user_id="u1", tags=["mine"], inner=inner)
    before = copy.deepcopy(dict(shared))
    with routed(emulator) as found:

        async def one(number: int) -> tuple[str, str, str | None]:
            stage = STAGES[number % len(STAGES)]
            answer = await found.litellm.acompletion("auto", MESSAGES, metadata=shared, stream=streams, **_headers(stage))
            if streams:
                assert [chunk async for chunk in answer]
            record = record_of(answer)
            return stage, record["model"], record["decision_id"]

        answers = await asyncio.gather(*map(one, range(48)))
    assert [GROUPS[stage] for stage, _, _ in answers] == [model for _, model, _ in answers]
    assert len({decision for _, _, decision in answers}) == 48
    assert dict(shared) == before
    assert shared["inner"] is inner


@pytest.mark.parametrize("name", ["metadata", "litellm_metadata"])
@pytest.mark.parametrize("way", [*WHOLE, Way("responses", is_async=True), Way("text_completion"), Way("embedding")], ids=str)
def test_what_the_caller_gave_is_not_written_into(emulator: Emulator, way: Way, name: str) -> None:
    given: dict[str, Any] = {name: Shared(stage="generate", tags=["mine"])}
    with routed(
        emulator, policy={"models": {"vectors": {}, "small": {}}, "default": "vectors" if way.endpoint == "embedding" else "small"}
    ) as found:
        call(found, way, **given)
    assert len(found.asked) == 1


def test_messages_of_the_caller_are_not_written_into(emulator: Emulator) -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": QUESTION}]}]
    before = copy.deepcopy(messages)
    with routed(emulator) as found:
        answer = call(found, Way("completion"), messages=messages, metadata={"stage": "generate"})
    assert answer.choices[0].message.content == ANSWER
    assert messages == before
