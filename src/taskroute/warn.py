"""One warning a process for each thing that broke and was worked around, or one for each of its changes."""

from __future__ import annotations

import contextlib
import threading
import warnings
from typing import Final

_said: Final[dict[tuple[str, str], object]] = {}
_broken: Final[dict[tuple[str, str], dict[str, object]]] = {}
"""Of what is broken: the state that was warned of last, by what is done instead."""
_changing: Final = threading.Lock()


def warn_once(what: str, name: str, text: str) -> None:
    """Warn with `text` the first time that this is said of this kind of thing under this name. Never raises."""
    token = object()
    # setdefault is atomic, so that of many threads one warns.
    if _said.setdefault((what, name), token) is not token:
        return
    # Under `-W error` a warning is an exception, and what was worked around must not cost the call.
    with contextlib.suppress(Warning):
        warnings.warn(text, RuntimeWarning, stacklevel=3)


def warn_of_change(what: str, name: str, state: object, text: str, instead: str) -> None:
    """Warn with `text` and what is done `instead` unless that was said last of this thing, in this state. Never raises.

    Once the thing was `whole` in between, it is said again.
    """
    with _changing:
        said = _broken.setdefault((what, name), {})
        if said.get(instead) == (state, text):
            return
        said[instead] = (state, text)
    warn_again(f"{text}; {instead}")


def warn_again(text: str) -> None:
    """Warn with `text`, also where the same was said before: the usual filters show a text once for each line of code. Never raises."""
    with contextlib.suppress(Warning):
        warnings.warn_explicit(text, RuntimeWarning, "taskroute", 0, registry={})


def whole(what: str, name: str) -> None:
    """Say that nothing is wrong with this kind of thing under this name."""
    with _changing:
        _broken.pop((what, name), None)
