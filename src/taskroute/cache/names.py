"""The names under which the cache keeps things in a store. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

PREFIX: Final = "taskroute/cache/"
MARKS: Final = "marks"
"""The partition of leases, sightings and counts, where they have one: among answers they would be the first to go for want of room."""


def quoted(text: str, safe: str = "") -> str:
    """Return any text as a part of a name, even one that is half a character."""
    return quote(text, safe=safe, errors="surrogatepass")


def unquoted(text: str) -> str:
    """Return what a part of a name stands for. Never raises."""
    try:
        return unquote(text, errors="surrogatepass")
    except UnicodeDecodeError:
        return unquote(text)


@lru_cache(maxsize=256)
def root(namespace: str) -> str:
    """Return how every name of a namespace begins."""
    return f"{PREFIX}{quoted(namespace)}/"


def entry(namespace: str, key: str) -> str:
    """Return the name of an answer."""
    return f"{root(namespace)}e/{key}"


def lease(namespace: str, key: str) -> str:
    """Return the name of what a process holds while it fetches an answer."""
    return f"{root(namespace)}l/{key}"


def sightings(namespace: str, key: str) -> str:
    """Return the name of how often a request was seen; nothing of the request itself is kept."""
    return f"{root(namespace)}n/{key}"


def count(namespace: str, what: str, stage: str) -> str:
    """Return the name of a count, such as `hits`, of one stage."""
    return f"{root(namespace)}c/{quoted(what, safe='/')}/{quoted(stage)}"


def counted(namespace: str, name: str) -> tuple[str, str]:
    """Return what a name of a count counts, and of which stage."""
    what, _, stage = name.removeprefix(f"{root(namespace)}c/").rpartition("/")
    return unquoted(what), unquoted(stage)
