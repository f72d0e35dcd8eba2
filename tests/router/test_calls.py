"""What is given as a call, and is none."""

from __future__ import annotations

import asyncio
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
