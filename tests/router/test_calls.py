"""What is given as a call, and is none."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import Any, cast

import pytest

from taskroute import Call, Message
from tests.policies import router, when


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (Call(cast("Any", 5)), "the prompt of a call is a str, not of type int; give its text as 'prompt'"),
        (
            Call(cast("Any", ["x"])),
            "the prompt of a call is a str, not of type list; give its text as 'prompt', or a conversation as 'messages'",
        ),
        (Call(cast("Any", None)), "the prompt of a call is a str, not of type NoneType"),
        (Call(messages=cast("Any", "hi")), "the messages of a call are a tuple, not of type str"),
        (
            Call(messages=cast("Any", (Message("user", "hi"), {"role": "user", "content": "hi"}))),
            r"messages\[1\] of a call is of type dict; give",
        ),
        (Call(messages=(Message("user", cast("Any", None)),)), r"the text of messages\[0\] of a call is a str, not of type NoneType"),
        ("hello", "a call is a taskroute.Call, not of type str; write Call"),
    ],
)
def test_what_is_no_text_is_refused_before_anything_is_read_of_it(call: Any, said: str) -> None:
    for routed in (router(), router(routes=when(task="code"))):
        with pytest.raises(TypeError, match=said):
            routed.decide(call)
        with pytest.raises(TypeError, match=said):
            asyncio.run(routed.adecide(call))


class Worded(str):
    """A text of a class of its own."""

    __slots__ = ()


def test_texts_of_other_classes_and_messages_in_a_list_are_taken() -> None:
    for call in (Call(Worded("q")), Call(messages=cast("Any", [Message("user", Worded("q"))]))):
        assert router().decide(call).model == "small"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"task": 5}, "the task of a call is a str, not of type int; give one name, or leave 'task' out"),
        ({"task": True}, "the task of a call is a str, not of type bool"),
        ({"task": ["billing"]}, "the task of a call is a str, not of type list"),
        ({"stage": 5}, "the stage of a call is a str, not of type int"),
        ({"urgency": 1}, "the urgency of a call is a str"),
        ({"tenant": 7}, "the tenant of a call is a str"),
        ({"user": b"me"}, "the user of a call is a str, not of type bytes"),
        ({"session": 7}, "the session of a call is a str"),
        ({"pin": ("small",)}, "the pin of a call is a str, not of type tuple"),
        ({"conversation": 7}, "the conversation of a call is a str"),
        (
            {"tags": "task:billing"},
            r"the tags of a call are a tuple, not of type str; give several texts, such as tags=\('task:billing',\)",
        ),
        ({"tags": None}, "the tags of a call are a tuple, not of type NoneType"),
        ({"tags": ("a", 5)}, r"tags\[1\] of a call is of type int"),
        ({"tools": "search"}, "the tools of a call are a tuple, not of type str"),
        ({"ancestors": "retrieval"}, "the ancestors of a call are a tuple, not of type str"),
        ({"parameters": ({"stop": "x"},)}, r"parameters\[0\] of a call is of type dict"),
        ({"metadata": "x"}, "the metadata of a call is a mapping, not of type str; give a dict"),
        ({"metadata": None}, "the metadata of a call is a mapping, not of type NoneType"),
        ({"scope": "me"}, "the scope of a call is a mapping, not of type str"),
        ({"tokens": "many"}, "the tokens of a call are an int, not of type str; give their number, or leave 'tokens' out"),
        ({"tokens": True}, "the tokens of a call are an int, not of type bool"),
        ({"tokens": 1.5}, "the tokens of a call are an int, not of type float"),
        ({"max_tokens": "many"}, "the max_tokens of a call are an int, not of type str"),
    ],
)
def test_what_is_said_of_a_call_has_the_type_that_it_is_to_have(fields: dict[str, Any], said: str) -> None:
    routed = router(routes=when(task="code"))
    with pytest.raises(TypeError, match=said):
        routed.decide(Call("q", **fields))
    with pytest.raises(TypeError, match=said):
        asyncio.run(routed.adecide(Call("q", **fields)))


@pytest.mark.parametrize("field", ["tokens", "max_tokens"])
def test_fewer_than_no_tokens_are_refused(field: str) -> None:
    given: dict[str, Any] = {field: -3}
    with pytest.raises(ValueError, match=f"the {field} of a call are -3, below 0; give their number"):
        router().decide(Call("q", **given))


class Counted(int):
    """A count of a class of its own."""


def test_what_can_stand_for_the_right_type_is_taken() -> None:
    call = Call(
        "q",
        task=Worded("code"),
        stage=None,
        tags=cast("Any", ["a", Worded("task:code")]),
        metadata=MappingProxyType({"plan": "pro"}),
        tokens=Counted(5),
        max_tokens=0,
    )
    assert router(routes=when(task="code")).decide(call).route == "hit"
