"""What the caller of LiteLLM, and the proxy, say of a request: metadata, tags, headers, ids."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from taskroute.reading import as_mapping
from taskroute.types import NOTHING
from taskroute.warn import warn_once
from taskroute_litellm.cache_use import CacheUse, wishes_of
from taskroute_litellm.conversation import Endpoint
from taskroute_litellm.owners import owners_of

_PROXY: Final = frozenset({"user_api_key_hash", "user_api_key"})
"""Keys that a proxy writes into the metadata of every request."""
_PREFIX: Final = "user_api_key"
_SHORT: Final[Mapping[str, str]] = {
    "key_alias": "user_api_key_alias",
    "team_id": "user_api_key_team_id",
    "team_alias": "user_api_key_team_alias",
    "user_id": "user_api_key_user_id",
    "org_id": "user_api_key_org_id",
    "org_alias": "user_api_key_org_alias",
}
"""Names under which conditions find what a proxy knows of the caller."""
_REQUESTER: Final = "requester_metadata"
_ALIASES: Final = (("stage", "llm_stage"), ("task", "llm_task"))
_STAGE_HEADER: Final = "x-taskroute-stage"
_TASK_HEADER: Final = "x-taskroute-task"
# As fast as a dict, which `NOTHING` is not.
_EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})
_IDS: Final = (str, int, float, UUID)
_CACHE_HEADER: Final = "x-taskroute-cache"
_TRACE_HEADER: Final = "x-litellm-trace-id"
_SESSION_HEADER: Final = "x-litellm-session-id"
_MADE_UP: Final = "litellm_session_id_generated"
"""What a proxy notes that gave a request a session of its own making."""
_HEADERS: Final = (_STAGE_HEADER, _TASK_HEADER, _CACHE_HEADER)


class Told(NamedTuple):
    metadata: Mapping[str, Any]
    tags: tuple[str, ...]
    stage: str | None
    """From a header, as is `task`."""
    task: str | None
    tenant: str | None
    user: str | None
    session: str | None
    cache: CacheUse = "use"
    scope: Mapping[str, str] = NOTHING
    max_age: float | None = None
    conversation: str | None = None
    """The session, where the caller has given it."""


def told_of(endpoint: Endpoint, arguments: Mapping[str, Any]) -> Told:
    """Return what is said of a request."""
    own, litellms = _given(arguments, "metadata"), _given(arguments, "litellm_metadata")
    proxys = _of_proxy(endpoint, own, litellms)
    metadata = _merged(own, litellms, proxys)
    headers = _headers(arguments, own, litellms)
    wishes = wishes_of(arguments, metadata, headers.get(_CACHE_HEADER))
    user = arguments.get("user")
    if proxys is None:
        tenant = metadata.get("tenant_id")
        user = metadata.get("user_id") or user
    else:
        # A tenant that the caller names itself could be another's.
        tenant = metadata.get("team_id")
        user = metadata.get("user_id") or proxys.get("user_api_key_end_user_id") or user
    session = as_id(metadata.get("session_id") or arguments.get("litellm_session_id") or arguments.get("litellm_trace_id"))
    scope: dict[str, str] = {}
    if proxys is not None:
        scope = owners_of(proxys, end_user=as_id(proxys.get("user_api_key_end_user_id") or arguments.get("user")), session=session)
    if wishes.namespace is not None:
        scope["namespace"] = wishes.namespace
    return Told(
        metadata or NOTHING,
        _tags(arguments, own, litellms),
        headers.get(_STAGE_HEADER),
        headers.get(_TASK_HEADER),
        as_id(tenant),
        as_id(user),
        session,
        wishes.use,
        scope or NOTHING,
        wishes.max_age,
        _conversation(arguments, metadata),
    )


def _given(arguments: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    given = arguments.get(name)
    if given is None:
        return _EMPTY
    if type(given) is dict:
        return cast("dict[str, Any]", given)
    if not isinstance(given, Mapping):
        kind = type(given).__name__
        text = f"{name!r} of a LiteLLM call was a {kind}, not a mapping: nothing of it was read; give a dict, such as {{'stage': 'rerank'}}"
        warn_once(name, kind, text)
        return _EMPTY
    return cast("Mapping[str, Any]", given)


def _conversation(arguments: Mapping[str, Any], metadata: Mapping[str, Any]) -> str | None:
    """Return the id of the session that the caller has given; none that LiteLLM made up, nor that of a trace in its place."""
    given = as_id(metadata.get("session_id") or arguments.get("litellm_session_id"))
    if given is None or metadata.get(_MADE_UP) is True:
        return None
    # A proxy takes the header of a trace for a session, and notes it as both.
    return None if given == as_id(metadata.get("trace_id")) and _has_trace_header(arguments, metadata) else given


def _has_trace_header(arguments: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
    headers = as_mapping(metadata.get("headers")) or as_mapping(as_mapping(arguments.get("proxy_server_request")).get("headers"))
    named = {str(name).lower() for name in headers}
    return _TRACE_HEADER in named and _SESSION_HEADER not in named


# Metadata


def _of_proxy(endpoint: Endpoint, own: Mapping[str, Any], litellms: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the metadata that a proxy wrote, or None without one.

    A proxy writes into one of the two, by the endpoint; in the other, what looks like it is the caller's.
    """
    first, second = (litellms, own) if endpoint in ("responses", "messages") else (own, litellms)
    for metadata in (first, second):
        if metadata and not _PROXY.isdisjoint(metadata):
            return metadata
    return None


def _merged(own: Mapping[str, Any], litellms: Mapping[str, Any], proxys: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return one mapping of all metadata; the caller's own where it says everything."""
    found: Mapping[str, Any] = own
    if litellms or _REQUESTER in own or proxys is not None:
        merged = {**as_mapping(own.get(_REQUESTER)), **as_mapping(litellms.get(_REQUESTER)), **litellms, **own}
        merged.pop(_REQUESTER, None)
        if proxys is not None:
            _set_known(merged, dict(proxys))
        found = merged
    for name, wanted in _ALIASES:
        value = found.get(name)
        if value and isinstance(value, str) and not _text(found.get(wanted)):
            found = {**found, wanted: value}
    return found


def _set_known(merged: dict[Any, Any], proxys: Mapping[Any, Any]) -> None:
    """Put what the proxy knows of the caller in the place of what the caller says of itself."""
    for key in [key for key in merged if key in _SHORT or _is_proxys(key)]:
        del merged[key]
    merged.update((key, value) for key, value in proxys.items() if _is_proxys(key))
    for short, full in _SHORT.items():
        value = proxys.get(full)
        if value is not None:
            merged[short] = value


def _is_proxys(key: Any) -> bool:
    return isinstance(key, str) and key.startswith(_PREFIX)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


# Tags


def _tags(arguments: Mapping[str, Any], own: Mapping[str, Any], litellms: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the tags, those of the caller's metadata behind those of LiteLLM's: the last one of a kind counts."""
    given = [litellms.get("tags"), own.get("tags"), arguments.get("tags")]
    if _REQUESTER in own or _REQUESTER in litellms:
        given[:0] = [as_mapping(metadata.get(_REQUESTER)).get("tags") for metadata in (own, litellms)]
    found: tuple[str, ...] = ()
    for tags in given:
        if tags:
            read = _read_tags(tags)
            found = tuple(dict.fromkeys((*found, *read))) if found else read
    return found


def _read_tags(tags: Any) -> tuple[str, ...]:
    if isinstance(tags, str):
        return (tags,)
    return tuple([tag for tag in cast("list[Any]", tags) if isinstance(tag, str)]) if isinstance(tags, list | tuple) else ()


# Headers


def _headers(arguments: Mapping[str, Any], own: Mapping[str, Any], litellms: Mapping[str, Any]) -> dict[str, str]:
    """Return our headers, each from the first place that has it."""
    found: dict[str, str] = {}
    sources: tuple[Any, ...] = (
        own.get("headers"),
        litellms.get("headers"),
        as_mapping(arguments.get("proxy_server_request")).get("headers") if "proxy_server_request" in arguments else None,
        arguments.get("extra_headers"),
        arguments.get("headers"),
    )
    for headers in sources:
        if headers:
            found = {**_named(as_mapping(headers)), **found}
    return found


def _named(headers: Mapping[Any, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in [*headers.items()]:
        if isinstance(name, str) and isinstance(value, str) and name[:2] in ("x-", "X-"):
            lowered = name.lower()
            if lowered in _HEADERS and (text := value.strip()):
                found.setdefault(lowered, text)
    return found


# Ids


def as_id(value: Any) -> str | None:
    """Return an id as text; None for what is no id."""
    if value is None or type(value) is str:
        return value or None
    return str(value) if isinstance(value, _IDS) else None


SENT_HEADERS: Final = ("extra_headers", "headers")
"""Arguments whose headers go on to the provider."""


def without_ours(headers: Any) -> Any:
    """Return headers for a provider, without those that only say how to route."""
    if not isinstance(headers, Mapping):
        return headers
    given = cast("Mapping[str, Any]", headers)
    return {name: value for name, value in given.items() if not str(name).lower().startswith("x-taskroute-")}
