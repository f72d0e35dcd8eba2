"""Which answers are kept, where, and for whom: the `cache` section of a policy."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, PlainSerializer, Tag, WithJsonSchema

from taskroute.policy.values import DURATION_SCHEMA, Duration, Name, PlainName, parse_duration
from taskroute.policy.when import Section

_BYTES: Final = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SIZE: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB)")
_SMALLEST: Final = 200_000
"""Bytes: a database on disk takes a quarter of it when it is empty."""


def parse_size(value: Any) -> int:
    """Return bytes for a size such as `500MB`, `1GB` or `64MiB`."""
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        hint = f"{value}MB" if isinstance(value, int | float) and not isinstance(value, bool) else "500MB"
        raise ValueError(f"{value!r} is not a size; write a number with its unit (kB, MB, GB, KiB, MiB, GiB), such as {hint!r}")
    size = int(Decimal(match[1]) * _BYTES[match[2]])
    if size < _SMALLEST:
        raise ValueError(f"{value!r} is too small for a cache; write 200kB or more")
    return size


Size = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(lambda size: f"{size}B", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s?([kKMGT]?B|[KMG]iB)$", "examples": ["500MB", "1GB"]}),
]
"""Bytes; written as `500MB`, `1GB`."""


class CacheLimits(Section):
    """What holds for the answers of one stage or task instead of what holds for all."""

    ttl: Duration | None = None
    size: Size | None = None
    """Room of their own; without it they share what all have."""
    admit_after: Annotated[int, Field(ge=1, le=1000)] | None = None
    stale_if_error: Duration | None = None
    max_temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    tool_calls: bool | None = None


def _none_or_limits(value: Any) -> Any:
    if value != "none" and not isinstance(value, dict):
        known = ", ".join(CacheLimits.model_fields)
        raise ValueError(f"{value!r} is not known; write 'none' to keep no such answers, or a mapping with some of: {known}")
    return value  # pyright: ignore[reportUnknownVariableType]


LimitsOrNone = Annotated[
    Annotated[Literal["none"], Tag("none")] | Annotated[CacheLimits, Tag("mapping")],
    Discriminator(lambda value: "none" if value == "none" else "mapping"),
    BeforeValidator(_none_or_limits),
]

ScopeName = Literal["tenant", "user", "session"]


def _as_scope(value: Any) -> Any:
    if value == "none":
        return ()
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _as_patience(value: Any) -> Any:
    return 0.0 if value == "none" else parse_duration(value)


Patience = Annotated[
    float,
    BeforeValidator(_as_patience),
    PlainSerializer(lambda seconds: f"{seconds:g}s" if seconds else "none", return_type=str),
    WithJsonSchema({"anyOf": [{"const": "none"}, DURATION_SCHEMA]}),
]
"""Seconds, or `none`."""


class Cache(Section):
    """Answers that are kept, and served again to equal calls."""

    store: Literal["memory", "disk", "redis"] = "disk"
    path: Name = ".taskroute/cache"
    """The directory of `disk`, from the working directory of the process."""
    url: Name | None = None
    """The address of `redis`, such as `${REDIS_URL}` or `rediss://cache.internal:6380/0`."""
    namespace: PlainName = "default"
    """Calls of different namespaces share no answers. Another one leaves all earlier answers behind."""
    scope: Annotated[
        tuple[ScopeName, ...],
        BeforeValidator(_as_scope),
        WithJsonSchema(
            {
                "anyOf": [
                    {"enum": ["none", "tenant", "user", "session"]},
                    {"type": "array", "items": {"enum": ["tenant", "user", "session"]}},
                ]
            }
        ),
    ] = ()
    """Who shares answers: those of one tenant, user or session, or (`none`) all.

    A call that does not say whose it is has no part in the cache."""
    ttl: Duration = 86_400.0
    """How long an answer is served."""
    size: Size = 10**9
    """Room for all answers; when it is full, the least frequently used go."""
    admit_after: Annotated[int, Field(ge=1, le=1000)] = 1
    """An answer is stored when its request has come so many times within `window`."""
    window: Duration = 86_400.0
    stale_if_error: Duration | None = None
    """How long an expired answer is kept, and served when every model has failed; left out, never."""
    max_temperature: Annotated[float, Field(ge=0, le=2)] = 0.5
    """Calls that ask for a higher temperature want another answer each time, and have no part in the cache."""
    tool_calls: bool = False
    """Whether answers that call tools are kept, too."""
    wait: Patience = 10.0
    """How long an equal call waits for one that is under way, rather than ask the model, too; `none` for not at all."""
    stages: dict[PlainName, LimitsOrNone] = Field(default_factory=dict[str, Any])
    """What holds for a stage instead; `none` keeps no answers of it."""
    tasks: dict[PlainName, LimitsOrNone] = Field(default_factory=dict[str, Any])
    """The same by task, where it is told or classified; it comes before the stage."""
