"""Whose answers a call may be served, and which calls are none for others: read off what LiteLLM is given."""

from __future__ import annotations

from typing import Any

import pytest

from taskroute.cache.terms import terms_of
from taskroute.decision.decide import decide
from taskroute.decision.snapshot import compile_policy
from taskroute.policy.parse import load_policy
from taskroute.stored import Terms
from taskroute.types import Call, Decision
from taskroute_litellm.cacheable import is_cacheable
from taskroute_litellm.call import Endpoint, call_of
from tests.policies import policy

KEY: dict[str, Any] = {"user_api_key": "h1", "user_api_key_hash": "h1"}
ANNAS: dict[str, Any] = {**KEY, "user_api_key_user_id": "anna"}
SERVICE: dict[str, Any] = {"user_api_key": "h2", "user_api_key_hash": "h2", "user_api_key_user_id": "service"}
NOBODYS: dict[str, Any] = {"user_api_key": "h3", "user_api_key_hash": "h3"}


def scope(call: Call, asked_for: Any) -> Any:
    """Return the scope in which a call may use the cache; None where it may not."""
    compiled = compile_policy(load_policy(policy(cache={"scope": asked_for})))
    decision = decide(compiled, call)
    assert isinstance(decision, Decision)
    found = terms_of(compiled, decision, call)
    return dict(found.scope) if isinstance(found, Terms) else None


def of(endpoint: Endpoint = "completion", **arguments: Any) -> Call:
    return call_of(endpoint, {"model": "auto", "messages": [{"role": "user", "content": "hi"}], **arguments})


def proxys(key: dict[str, Any], *, end_user: str | None = None, **said: Any) -> Call:
    """Return a call as a proxy hands it on for the owner of a key; what the client says comes beside."""
    return of(metadata={**key, "user_api_key_end_user_id": end_user, **said})


def test_nobody_passes_for_the_owner_of_a_key_by_taking_their_name() -> None:
    found = [scope(proxys(ANNAS), "user"), scope(proxys(SERVICE, end_user="anna"), "user"), scope(proxys(NOBODYS, end_user="anna"), "user")]
    assert None not in found
    assert len({str(each) for each in found}) == 3
    assert scope(proxys(ANNAS), "user") == scope(proxys(ANNAS), "user")


def test_end_users_of_one_key_are_told_apart() -> None:
    alice, bob, none = (scope(proxys(SERVICE, end_user=name), "user") for name in ("alice", "bob", None))
    assert len({str(each) for each in (alice, bob, none)}) == 3


def test_a_name_cannot_be_written_so_that_it_reads_as_two() -> None:
    one = {**KEY, "user_api_key_user_id": 'anna", "bob'}
    assert scope(proxys(one), "user") != scope(proxys(ANNAS, end_user="bob"), "user")


def test_a_key_without_a_user_says_whose_a_call_is_only_with_an_end_user() -> None:
    assert scope(proxys(NOBODYS), "user") is None
    assert scope(proxys(NOBODYS, end_user="bob"), "user") is not None
    assert scope(proxys({"user_api_key": "h4", "user_api_key_hash": "h4"}, end_user="bob"), "user") != scope(
        proxys(NOBODYS, end_user="bob"), "user"
    )


def test_a_session_is_one_of_its_keys_owner() -> None:
    found = [scope(proxys(key, session_id="s1"), "session") for key in (ANNAS, SERVICE, NOBODYS)]
    assert len({str(each) for each in found}) == 3
    assert scope(proxys(ANNAS), "session") is None


@pytest.mark.parametrize("said", [{"tenant_id": "legal"}, {"team_id": "legal"}, {"user_api_key_team_id": None, "team_id": "legal"}])
def test_a_tenant_is_the_team_of_the_key_and_nothing_that_the_client_says(said: dict[str, Any]) -> None:
    assert scope(proxys(ANNAS, **said), "tenant") is None
    assert scope(proxys({**ANNAS, "user_api_key_team_id": "b"}, **{**said, "user_api_key_team_id": "b"}), "tenant") == {"tenant": "b"}


def test_without_a_proxy_a_call_says_itself_whose_it_is() -> None:
    call = of(metadata={"tenant_id": "t", "user_id": "u", "session_id": "s"})
    assert scope(call, ["tenant", "user", "session"]) == {"tenant": "t", "user": "u", "session": "s"}


def test_routing_sees_the_names_as_they_are() -> None:
    call = proxys(ANNAS, session_id="s1")
    assert (call.user, call.session) == ("anna", "s1")


def test_a_namespace_is_in_the_scope_whatever_the_policy_asks_for() -> None:
    assert scope(of(cache={"namespace": "a"}), "none") == {"namespace": "a"}
    assert scope(of(metadata={"user_id": "u"}, cache={"namespace": "a"}), "user") == {"user": "u", "namespace": "a"}


@pytest.mark.parametrize(("max_age", "ttl"), [(None, 3600), (60.0, 60), (7200.0, 3600)])
def test_a_call_may_have_an_answer_be_good_for_less_time_and_never_for_more(max_age: float | None, ttl: float) -> None:
    compiled = compile_policy(load_policy(policy(cache={"ttl": "1h"})))
    call = Call("hi", max_age=max_age)
    decision = decide(compiled, call)
    assert isinstance(decision, Decision)
    found = terms_of(compiled, decision, call)
    assert isinstance(found, Terms)
    assert found.ttl == ttl


@pytest.mark.parametrize("name", ["client", "async_client", "http_client", "http_async_client"])
def test_what_goes_through_a_client_of_the_callers_is_for_nobody_else(name: str) -> None:
    assert is_cacheable("completion", {name: None}, {})
    assert not is_cacheable("completion", {name: object()}, {})


@pytest.mark.parametrize(
    ("said", "params", "found"),
    [
        ({"store": False}, None, True),
        ({"store": False}, [{"store": True}], True),
        ({"store": True}, {"store": False}, False),
        ({}, None, False),
        ({}, {"store": False}, True),
        ({}, [{"store": False}, {"store": False}], True),
        ({}, [{"store": False}, {}], False),
    ],
)
def test_a_response_is_for_others_where_the_provider_keeps_none(said: dict[str, Any], params: Any, found: bool) -> None:
    assert is_cacheable("responses", said, params) is found
    assert is_cacheable("completion", said, params)
