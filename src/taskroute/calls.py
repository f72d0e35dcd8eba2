"""Is a call one that can be decided? A slip in what was given is said before anything is read of it."""

from __future__ import annotations

from typing import Any, Final, cast

from taskroute.types import Call, Message

_CURE: Final = "give its text as 'prompt', or a conversation as 'messages', each a taskroute.Message(role, text)"


def check_call(call: Call) -> None:
    """Raise TypeError for a prompt that is no text, and for messages that are none."""
    if type(call) is not Call and not isinstance(call, Call):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"a call is a taskroute.Call, not of type {_type(call)}; write Call(…) around the prompt")
    if type(call.prompt) is not str and not isinstance(call.prompt, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"the prompt of a call is a str, not of type {_type(call.prompt)}; {_CURE}")
    if call.messages != ():
        _check_messages(call.messages)


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, tuple | list):
        raise TypeError(f"the messages of a call are a tuple, not of type {_type(messages)}; {_CURE}")
    for at, message in enumerate(cast("tuple[Any, ...]", messages)):
        if not isinstance(message, Message):
            raise TypeError(f"messages[{at}] of a call is of type {_type(message)}; {_CURE}")
        if not isinstance(message.text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"the text of messages[{at}] of a call is a str, not of type {_type(message.text)}; {_CURE}")


def _type(value: object) -> str:
    return type(value).__name__
