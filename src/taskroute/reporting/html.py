"""HTML as text, in which a name can never be taken for markup."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

_CONTROLS: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160)), "�")


class Html(str):
    """Markup that is ready: everything in it was escaped."""

    __slots__ = ()


def tag(name: str, *inside: str, **attributes: str | float | None) -> Html:
    """Return an element. Text in it and the values of its attributes are escaped; `class_` and the like lose their last underscore."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value if isinstance(value, str) else f"{value:g}")}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{said}>{together(inside)}</{name}>")


def together(parts: Iterable[str]) -> Html:
    """Return parts one after the other; those that are not markup yet are escaped."""
    return Html("".join(part if isinstance(part, Html) else text(part) for part in parts))


def text(said: str) -> Html:
    """Return a text as markup that shows it."""
    return Html(escape(said.translate(_CONTROLS)))
