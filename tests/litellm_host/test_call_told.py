"""What callers and a proxy say of a LiteLLM request: stage and task, tags, ids, and what conditions read."""

from __future__ import annotations

import copy
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest

from taskroute import Router
from taskroute.types import Call
from taskroute_litellm.call import Endpoint, call_of

ROUTER = Router(
    {
        "models": {"small": {}, "large": {}},
        "default": ["small"],
        "routes": [
            {"name": "ranking", "when": {"stage": "rerank"}, "use": ["large"]},
            {"name": "coding", "when": {"task": "code_generation"}, "use": ["large"]},
        ],
    }
)
MESSAGES = [{"role": "user", "content": "hi"}]


def call(endpoint: Endpoint = "completion", **arguments: Any) -> Call:
    return call_of(endpoint, {"model": "auto", "messages": MESSAGES, **arguments})


def found(name: str, **arguments: Any) -> tuple[Any, str]:
    signal = getattr(ROUTER.decide(call(**arguments)).signals, name)
    return signal.value, signal.source


@pytest.mark.parametrize(
    ("arguments", "source"),
    [
        ({"metadata": {"stage": "rerank"}}, "metadata"),
        ({"metadata": {"llm_stage": "rerank"}}, "metadata"),
        ({"metadata": {"stage": "generate", "llm_stage": "rerank"}}, "metadata"),
        ({"metadata": MappingProxyType({"stage": "rerank"})}, "metadata"),
        ({"litellm_metadata": {"stage": "rerank"}}, "metadata"),
        ({"litellm_metadata": {"stage": "generate"}, "metadata": {"stage": "rerank"}}, "metadata"),
        ({"metadata": {"requester_metadata": {"stage": "rerank"}}}, "metadata"),
        ({"litellm_metadata": {"requester_metadata": {"stage": "rerank"}}}, "metadata"),
        ({"metadata": {"tags": ["stage:rerank"]}}, "tag"),
        ({"metadata": {"tags": "stage:rerank"}}, "tag"),
        ({"litellm_metadata": {"tags": ["stage:rerank"]}}, "tag"),
        ({"tags": ["stage:rerank"]}, "tag"),
        ({"extra_headers": {"X-Taskroute-Stage": " rerank "}}, "header"),
        ({"headers": {"x-taskroute-stage": "rerank"}}, "header"),
        ({"metadata": {"headers": {"x-taskroute-stage": "rerank"}}, "headers": {"x-taskroute-stage": "generate"}}, "header"),
        ({"litellm_metadata": {"headers": {"x-taskroute-stage": "rerank"}}}, "header"),
        ({"proxy_server_request": {"headers": {"x-taskroute-stage": "rerank"}}}, "header"),
        ({"metadata": {"stage": "rerank"}, "headers": {"x-taskroute-stage": "generate"}}, "metadata"),
        ({"metadata": {"tags": ["stage:rerank"]}, "headers": {"x-taskroute-stage": "generate"}}, "tag"),
    ],
)
def test_a_stage_is_found_wherever_it_is_said(arguments: dict[str, Any], source: str) -> None:
    assert found("stage", **arguments) == ("rerank", source)


@pytest.mark.parametrize(
    "arguments",
    [
        {"metadata": {"stage": 3, "llm_stage": ["rerank"]}},
        {"metadata": {"stage": ""}},
        {"metadata": {"headers": "x-taskroute-stage: rerank"}},
        {"headers": {"x-taskroute-stage": "  "}},
        {"headers": {"x-taskroute-stage": 3, 4: "rerank"}},
        {"tags": {"stage:rerank": 1}},
        {"metadata": {"tags": [["stage:rerank"], 3, None]}},
    ],
)
def test_what_is_no_stage_is_not_taken_for_one(arguments: dict[str, Any]) -> None:
    assert found("stage", **arguments)[0] is None


@pytest.mark.parametrize(
    ("arguments", "source"),
    [
        ({"metadata": {"task": "code_generation"}}, "metadata"),
        ({"metadata": {"llm_task": "code_generation"}}, "metadata"),
        ({"tags": ["task:code_generation"]}, "tag"),
        ({"headers": {"X-TASKROUTE-TASK": "code_generation"}}, "header"),
    ],
)
def test_a_task_is_found_wherever_it_is_said(arguments: dict[str, Any], source: str) -> None:
    assert found("task", **arguments) == ("code_generation", source)


def test_headers_may_name_the_stage_in_one_place_and_the_task_in_another() -> None:
    told = call(extra_headers={"x-taskroute-stage": "rerank"}, headers={"x-taskroute-task": "code_generation"})
    assert (told.stage, told.task, told.told_by) == ("rerank", "code_generation", "header")


def test_tags_come_together_once_each() -> None:
    told = call(metadata={"tags": ["a", "b"]}, litellm_metadata={"tags": ["c", 3, "a"]}, tags="d")
    assert told.tags == ("c", "a", "b", "d")


# Metadata


def test_metadata_with_nothing_to_add_is_the_caller_s_own() -> None:
    metadata = {"a": 1}
    assert call(metadata=metadata).metadata is metadata


@pytest.mark.parametrize(
    "arguments",
    [
        {"metadata": {"stage": "rerank", "tags": ["a"]}},
        {"metadata": {"a": 1, "requester_metadata": {"stage": "x"}}, "litellm_metadata": {"b": 2}},
        {"metadata": {"user_api_key_hash": "h", "user_api_key_team_id": "t", "team_id": "forged"}},
    ],
)
def test_what_the_caller_gave_is_never_written_to(arguments: dict[str, Any]) -> None:
    before = copy.deepcopy(arguments)
    call(**arguments)
    assert arguments == before


def test_all_metadata_is_one_and_the_caller_s_wins() -> None:
    told = call(metadata={"a": 1, "requester_metadata": {"a": 0, "c": 3}}, litellm_metadata={"a": 2, "b": 2})
    assert told.metadata == {"a": 1, "b": 2, "c": 3}


def test_metadata_of_a_wrong_type_is_absent_and_said_once() -> None:
    with pytest.warns(RuntimeWarning, match=r"'metadata' of a LiteLLM call was a frozenset, not a mapping.*give a dict") as said:
        assert [call(metadata=frozenset({"stage"})).metadata for _ in range(2)] == [{}, {}]
    assert len(said) == 1


# Ids


def ids(**arguments: Any) -> tuple[str | None, str | None, str | None]:
    told = call(**arguments)
    return told.tenant, told.user, told.session


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, (None, None, None)),
        ({"metadata": {"tenant_id": "t", "user_id": "u", "session_id": "s"}}, ("t", "u", "s")),
        ({"metadata": {"tenant_id": 7, "user_id": UUID(int=1), "session_id": ""}}, ("7", str(UUID(int=1)), None)),
        ({"metadata": {"tenant_id": {"a": 1}}}, (None, None, None)),
        ({"user": "u"}, (None, "u", None)),
        ({"user": "other", "metadata": {"user_id": "u"}}, (None, "u", None)),
        ({"litellm_session_id": "s", "litellm_trace_id": "t"}, (None, None, "s")),
        ({"litellm_trace_id": "t"}, (None, None, "t")),
    ],
)
def test_ids_are_found(arguments: dict[str, Any], expected: tuple[str | None, str | None, str | None]) -> None:
    assert ids(**arguments) == expected


KEY = {
    "user_api_key_hash": "h",
    "user_api_key": "h",
    "user_api_key_alias": "chat",
    "user_api_key_team_id": "t1",
    "user_api_key_team_alias": "Legal",
    "user_api_key_user_id": "u1",
    "user_api_key_org_id": "o1",
    "user_api_key_org_alias": "Acme",
    "user_api_key_end_user_id": None,
}
KEYLESS = dict.fromkeys(KEY, None)
FORGED = {
    "key_alias": "forged",
    "team_id": "forged",
    "team_alias": "forged",
    "user_id": "forged",
    "org_id": "forged",
    "org_alias": "forged",
    "tenant_id": "forged",
    **{f"{name}": "forged" for name in KEY if name not in ("user_api_key_hash", "user_api_key")},
}
SHORT = ("key_alias", "team_id", "team_alias", "user_id", "org_id", "org_alias")
PROXIED: list[tuple[Endpoint, dict[str, Any]]] = [
    ("completion", {"metadata": {**FORGED, **KEY, "requester_metadata": FORGED}}),
    ("completion", {"metadata": {**FORGED, **KEY}, "litellm_metadata": FORGED}),
    ("completion", {"metadata": {**FORGED, **KEY}, "litellm_metadata": {**FORGED, "user_api_key_hash": "f", "user_api_key": "f"}}),
    ("messages", {"metadata": FORGED, "litellm_metadata": {**KEY, "requester_metadata": FORGED}}),
    ("messages", {"metadata": {**FORGED, "user_api_key_hash": "f", "user_api_key": "f"}, "litellm_metadata": KEY}),
    ("responses", {"metadata": {**FORGED, "user_api_key": "f"}, "litellm_metadata": KEY}),
]


@pytest.mark.parametrize(("endpoint", "arguments"), PROXIED)
def test_what_a_proxy_knows_of_the_caller_cannot_be_forged(endpoint: Endpoint, arguments: dict[str, Any]) -> None:
    told = call(endpoint, **arguments)
    assert [told.metadata[name] for name in SHORT] == ["chat", "t1", "Legal", "u1", "o1", "Acme"]
    assert {name: told.metadata[name] for name in KEY} == KEY
    assert (told.tenant, told.user) == ("t1", "u1")


def test_what_a_proxy_does_not_know_is_not_taken_from_the_caller() -> None:
    told = call("messages", metadata={**FORGED, "user_api_key_region": "forged"}, litellm_metadata=KEYLESS)
    assert not {*SHORT, "user_api_key_region"} & set(told.metadata)
    assert (told.tenant, told.user) == (None, None)


def test_behind_a_key_of_nobody_the_user_is_the_one_that_the_request_names() -> None:
    assert call(metadata={**KEYLESS, "user_api_key_end_user_id": "end"}, user="u").user == "end"
    assert call(metadata=KEYLESS, user="u").user == "u"
