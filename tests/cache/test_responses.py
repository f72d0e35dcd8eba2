"""Which answers are kept, how long they are served, and that nothing that a store does costs a call."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from taskroute import AllModelsFailedError, Call, NoEligibleModelError, Router, StreamInterruptedError
from taskroute.cache.access import Access, Op
from taskroute.cache.entry import dumps
from taskroute.cache.responses import ResponseCache
from taskroute.execution.streams import drive_stream
from taskroute.execution.validate import Expected
from taskroute.steps import Found, Missed
from taskroute.stored import Asked, Entry, StoredAnswer, StoredCall, Terms
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock
from tests.cache.keeping import WAYS, KeepingHost, Kept, Way, aask, ask
from tests.policies import policy

ways = pytest.mark.parametrize("way", WAYS)


# What is kept


@ways
def test_an_equal_call_is_answered_from_the_cache(way: Way) -> None:
    kept = Kept()
    host = KeepingHost({"small": ["hi there"]})
    assert [way(kept.router, host) for _ in range(3)] == ["hi there"] * 3
    assert (host.called, host.served) == (["small"], ["small", "small"])
    assert kept.ends.statuses == ["miss", "hit", "hit"]


def test_what_one_way_stores_every_other_serves() -> None:
    for first in WAYS:
        kept = Kept()
        host = KeepingHost({"small": ["hi there"]})
        assert [way(kept.router, host) for way in (first, *WAYS)] == ["hi there"] * 5
        assert host.called == ["small"]


@ways
def test_another_request_is_another_answer(way: Way) -> None:
    kept = Kept()
    host = KeepingHost({"small": ["one", "two"]})
    assert way(kept.router, host) == "one"
    host.asked_for = Asked(({"role": "user", "content": "another question"},))
    assert way(kept.router, host) == "two"


def test_nothing_of_the_request_is_in_the_store() -> None:
    kept = Kept(cache={"admit_after": 2, "scope": "tenant"})
    host = KeepingHost({"small": ["hi", "hi"]}, asked=Asked(({"role": "user", "content": "my secret question"},)))
    for _ in range(2):
        ask(kept.router, host, Call("my secret question", tenant="acme", user="jane"))
    everything = "".join(f"{name}{kept.store.get(name)!r}" for name in kept.store.scan(""))
    assert "/e/" in everything
    assert all(word not in everything for word in ("secret", "question", "acme", "jane"))


def test_an_answer_is_served_only_within_its_scope() -> None:
    kept = Kept(cache={"scope": ["tenant"]})
    host = KeepingHost({"small": ["for acme", "for them", "for nobody", "again"]})
    assert ask(kept.router, host, Call("q", tenant="acme")) == "for acme"
    assert ask(kept.router, host, Call("q", tenant="other")) == "for them"
    assert ask(kept.router, host, Call("q")) == "for nobody"
    assert ask(kept.router, host, Call("q")) == "again"
    assert ask(kept.router, host, Call("q", tenant="acme")) == "for acme"
    assert kept.ends.statuses == ["miss", "miss", "bypass", "bypass", "hit"]


def test_another_namespace_is_another_cache() -> None:
    kept = Kept()
    host = KeepingHost({"small": ["one", "two"]})
    ask(kept.router, host)
    assert ask(Kept(store=kept.store, cache={"namespace": "next"}).router, host) == "two"


# What is never kept


def once_more(way: Way, host: KeepingHost, *, call: Call | None = None, check: Any = None, **changes: Any) -> Kept:
    """Make a call twice, and check that the second was answered by a model, too, and that nothing was stored."""
    kept = Kept(check=check, **changes)
    for _ in range(2):
        way(kept.router, host, call or Call("q"))
    assert host.served == []
    assert kept.names() == []
    return kept


@ways
@pytest.mark.parametrize(
    "about",
    [
        {"finish_reason": "content_filter"},
        {"refused": True},
        {"finish_reason": "length"},
        {"finish_reason": "MAX_TOKENS"},
        {"finish_reason": "MALFORMED_FUNCTION_CALL"},
        # Anthropic's turns that go on, and what nobody knows.
        {"finish_reason": "pause_turn"},
        {"finish_reason": "error"},
        {"finish_reason": "content_filtered"},
        {"misfit": "its parser could not read it"},
        {"tool_calls": ("search",), "arguments": ({},)},
        {"kept": None},
    ],
    ids=str,
)
def test_an_answer_that_is_not_whole_is_not_kept(way: Way, about: dict[str, Any]) -> None:
    host = KeepingHost({"small": ["hi", "hi"]}, **about)
    once_more(way, host)
    assert host.called == ["small", "small"]


@ways
@pytest.mark.parametrize("reason", [None, "stop", "STOP", "end_turn", "stop_sequence", "COMPLETE", "eos_token"])
def test_an_answer_that_came_to_its_own_end_is_kept(way: Way, reason: str | None) -> None:
    kept = Kept()
    host = KeepingHost({"small": ["hi"]}, finish_reason=reason)
    for _ in range(2):
        way(kept.router, host, Call("q"))
    assert host.called == host.served == ["small"]


@ways
@pytest.mark.parametrize("says_so", [True, False])
def test_an_empty_answer_is_not_kept_whether_its_host_says_so_or_not(way: Way, says_so: bool) -> None:
    about: dict[str, Any] = {} if says_so else {"empty": False}
    host = KeepingHost({"small": [[""], [""]]}, **about)
    once_more(way, host, default="small")


@ways
def test_an_answer_that_does_not_fit_its_schema_is_not_kept_though_nobody_asked_to_examine_it(way: Way) -> None:
    schema = {"type": "object", "required": ["name"]}
    once_more(way, KeepingHost({"small": ['{"nam": 1}', "no JSON"]}, expected=Expected(schema=schema)))
    kept = Kept()
    host = KeepingHost({"small": ['{"name": 1}']}, expected=Expected(schema=schema))
    assert way(kept.router, host) == way(kept.router, host) == '{"name": 1}'


@ways
def test_an_answer_that_calls_tools_is_kept_where_that_is_asked_for(way: Way) -> None:
    kept = Kept(cache={"tool_calls": True})
    host = KeepingHost({"small": ["hi"]}, tool_calls=("search",), arguments=({},))
    assert way(kept.router, host) == way(kept.router, host) == "hi"
    assert host.served == ["small"]


@ways
def test_a_call_of_a_tool_that_was_not_offered_is_not_kept_even_then(way: Way) -> None:
    host = KeepingHost({"small": ["hi", "hi"]}, tool_calls=("made_up",), arguments=({},), expected=Expected(tools={"search": None}))
    once_more(way, host, cache={"tool_calls": True})


def test_calls_that_only_the_stored_form_tells_of_are_calls_too() -> None:
    stored = StoredAnswer("hi", calls=(StoredCall("search", "{}"),))
    once_more(ask, KeepingHost({"small": ["hi", "hi"]}, kept=stored))


@ways
@pytest.mark.parametrize("temperature", [0.51, 1, 2])
def test_a_call_above_the_limit_of_temperature_passes_the_cache_by(way: Way, temperature: float) -> None:
    host = KeepingHost({"small": ["hi", "hi"]}, asked=Asked(({"role": "user", "content": "q"},), parameters={"temperature": temperature}))
    kept = once_more(way, host)
    assert kept.ends.statuses == ["bypass", "bypass"]
    assert kept.ends.last.cache is not None
    assert kept.ends.last.cache.reason == f"the temperature {temperature:g} is above 0.5, 'max_temperature' of the cache"


def test_a_call_at_the_limit_of_temperature_is_kept() -> None:
    kept = Kept()
    host = KeepingHost({"small": ["hi"]}, asked=Asked(({"role": "user", "content": "q"},), parameters={"temperature": 0.5}))
    assert ask(kept.router, host) == ask(kept.router, host) == "hi"


@ways
def test_a_sensitive_call_is_not_kept(way: Way) -> None:
    once_more(way, KeepingHost({"small": ["hi", "hi"]}), call=Call("my card is 4111 1111 1111 1111"))


@ways
def test_an_error_is_not_kept(way: Way) -> None:
    kept = Kept()
    host = KeepingHost({"small": [ConnectionError(), ConnectionError()], "large": [ConnectionError(), ConnectionError()]})
    for _ in range(2):
        with pytest.raises(AllModelsFailedError):
            way(kept.router, host)
    assert kept.names() == []


@pytest.mark.parametrize("way", WAYS[2:])
def test_a_stream_that_breaks_is_not_kept(way: Way) -> None:
    kept = Kept()
    host = KeepingHost({"small": [["half an", ConnectionError("cut")], ["half an", " answer"]]})
    with pytest.raises(StreamInterruptedError):
        way(kept.router, host)
    assert kept.names() == []
    assert way(kept.router, host) == "half an answer"
    assert host.served == []


def test_a_stream_that_its_reader_drops_is_not_kept() -> None:
    kept = Kept()
    chunks = drive_stream(kept.router.run(Call("q")), KeepingHost({"small": [["a", "b"]]}))
    next(chunks)
    chunks.close()
    assert kept.names() == []
    assert kept.ends.last.status == "cancelled"


SCORED: dict[str, Any] = {"fallback": {"on": ["low_confidence"], "min_score": 0.8}}


@ways
def test_an_answer_that_was_kept_though_it_is_not_good_enough_is_not_stored(way: Way) -> None:
    host = KeepingHost({"small": ["poor", "poor"], "large": ["poor too", "poor too"]})
    once_more(way, host, check=lambda answer: 0.1, **SCORED)
    assert host.called == ["small", "large"] * 2


@ways
def test_where_answers_are_scored_one_that_nobody_scored_is_not_stored(way: Way) -> None:
    # The last model's answers are not looked at: there is no better one.
    kept = once_more(way, KeepingHost({"small": ["hi", "hi"]}), check=lambda answer: 1.0, default="small", **SCORED)
    assert [t.score for t in kept.ends.last.tries] == [None]


@ways
def test_an_answer_with_a_good_score_is_stored(way: Way) -> None:
    kept = Kept(check=lambda answer: 0.9, **SCORED)
    host = KeepingHost({"small": ["hi"]})
    assert way(kept.router, host) == way(kept.router, host) == "hi"


def test_where_no_check_was_given_no_score_is_missing() -> None:
    with pytest.warns(UserWarning, match="no check= was given"):
        kept = Kept(**SCORED)
    host = KeepingHost({"small": ["hi"]})
    assert ask(kept.router, host) == ask(kept.router, host) == "hi"


# A fallback's answer


@ways
def test_a_fallbacks_answer_is_its_own_and_is_not_served_for_the_first(way: Way) -> None:
    kept = Kept()
    host = KeepingHost({"small": [ConnectionError(), ConnectionError(), "the first is back"], "large": ["by the second"]})
    assert way(kept.router, host) == "by the second"
    # The first model is asked again, and its failure leads to what the second one has answered.
    assert way(kept.router, host) == "by the second"
    assert host.called == ["small", "large", "small"]
    assert host.served == ["large"]
    assert way(kept.router, host) == "the first is back"
    assert kept.ends.statuses == ["miss", "hit", "miss"]
    assert way(kept.router, host, Call("q", pin="large")) == "by the second"


# How long


@ways
def test_an_answer_is_served_for_its_time_and_not_a_moment_longer(way: Way) -> None:
    kept = Kept(cache={"ttl": "1m"})
    host = KeepingHost({"small": ["old", "new"]})
    way(kept.router, host)
    kept.clock.advance(59.9)
    assert way(kept.router, host) == "old"
    cache = kept.ends.last.cache
    assert cache is not None
    assert cache.age == pytest.approx(59.9)
    kept.clock.advance(0.1)
    assert way(kept.router, host) == "new"


def test_a_shorter_time_in_the_policy_holds_for_what_is_stored_already() -> None:
    kept = Kept(cache={"ttl": "1h"})
    host = KeepingHost({"small": ["old", "new"]})
    ask(kept.router, host)
    kept.clock.advance(61)
    kept.router.reload(policy(cache={"ttl": "1m"}))
    assert ask(kept.router, host) == "new"


def test_a_clock_that_was_put_back_makes_no_negative_age() -> None:
    kept = Kept()
    host = KeepingHost({"small": ["hi"]})
    ask(kept.router, host)
    kept.clock.advance(-59)
    assert ask(kept.router, host) == "hi"
    assert kept.ends.last.cache is not None
    assert kept.ends.last.cache.age == 0.0


@ways
def test_an_answer_that_was_made_while_a_clock_was_ahead_is_asked_for_again_and_replaced(way: Way) -> None:
    kept = Kept(cache={"ttl": "1h", "stale_if_error": "1h"})
    host = KeepingHost({"small": ["ahead", "in time", "after its time"]})
    kept.clock.advance(365 * 86_400)
    way(kept.router, host)
    kept.clock.advance(-365 * 86_400)
    assert way(kept.router, host) == way(kept.router, host) == "in time"
    kept.clock.advance(3601)
    assert way(kept.router, host) == "after its time"
    assert kept.ends.statuses == ["miss", "miss", "hit", "miss"]


STALE: dict[str, Any] = {"cache": {"ttl": "1m", "stale_if_error": "1h"}}


@ways
@pytest.mark.parametrize("error", [ConnectionError(), TimeoutError()], ids=repr)
def test_when_every_model_has_failed_an_answer_serves_whose_time_is_over(way: Way, error: Exception) -> None:
    kept = Kept(**STALE)
    host = KeepingHost({"small": ["old", error, error], "large": [error, error]})
    way(kept.router, host)
    kept.clock.advance(61)
    assert way(kept.router, host) == "old"
    assert kept.ends.statuses == ["miss", "stale"]
    outcome = kept.ends.last
    assert (outcome.status, outcome.model, len(outcome.tries)) == ("answered", "small", 2)
    assert host.attempts[-1].fallback_from is None
    # And not for longer than that.
    kept.clock.advance(3600)
    with pytest.raises(AllModelsFailedError):
        way(kept.router, host)


@ways
def test_without_a_word_on_it_an_answer_whose_time_is_over_never_serves(way: Way) -> None:
    kept = Kept(cache={"ttl": "1m"})
    host = KeepingHost({"small": ["old", ConnectionError()], "large": [ConnectionError()]})
    way(kept.router, host)
    kept.clock.advance(61)
    with pytest.raises(AllModelsFailedError):
        way(kept.router, host)


class BadRequestError(Exception):
    status_code = 400


@ways
def test_a_fault_of_the_callers_is_told_and_not_hidden_by_an_old_answer(way: Way) -> None:
    kept = Kept(**STALE)
    host = KeepingHost({"small": ["old", BadRequestError()]})
    way(kept.router, host)
    kept.clock.advance(61)
    with pytest.raises(BadRequestError):
        way(kept.router, host)


@ways
def test_a_model_that_answers_replaces_what_is_old(way: Way) -> None:
    kept = Kept(**STALE)
    host = KeepingHost({"small": ["old", "new"]})
    way(kept.router, host)
    kept.clock.advance(61)
    assert way(kept.router, host) == way(kept.router, host) == "new"
    assert kept.ends.statuses == ["miss", "miss", "hit"]


@ways
def test_while_a_circuit_is_open_what_is_stored_serves_fresh_or_old(way: Way) -> None:
    kept = Kept(breaker={"failures": 2, "window": "60s", "cooldown": "300s"}, default="small", **STALE)
    host = KeepingHost({"small": ["old", ConnectionError(), ConnectionError()]})
    way(kept.router, host)
    host.asked_for = Asked(({"role": "user", "content": "another question"},))
    for _ in range(2):
        with pytest.raises(ConnectionError):
            way(kept.router, host)
    assert kept.router.health()["small"].state == "open"
    with pytest.raises(NoEligibleModelError):
        way(kept.router, host)
    assert kept.ends.statuses[-1] == "miss"
    host.asked_for = Asked(({"role": "user", "content": "q"},))
    assert way(kept.router, host) == "old"
    kept.clock.advance(61)
    assert way(kept.router, host) == "old"
    assert kept.ends.statuses[-2:] == ["hit", "stale"]
    assert kept.ends.last.decision.candidates == ()
    assert host.called == ["small"] * 3


# From its n-th sighting


@ways
def test_an_answer_is_stored_from_its_nth_sighting_within_the_window(way: Way) -> None:
    kept = Kept(cache={"admit_after": 3, "window": "1m"})
    host = KeepingHost({"small": ["1", "2", "3", "never"]})
    assert [way(kept.router, host) for _ in range(4)] == ["1", "2", "3", "3"]
    assert len(kept.names()) == 1


def test_sightings_outside_of_the_window_do_not_count() -> None:
    kept = Kept(cache={"admit_after": 2, "window": "1m"})
    host = KeepingHost({"small": ["1", "2", "3"]})
    ask(kept.router, host)
    kept.clock.advance(61)
    ask(kept.router, host)
    assert kept.names() == []
    kept.clock.advance(30)
    ask(kept.router, host)
    assert len(kept.names()) == 1


# Refresh and bypass


@ways
def test_a_refresh_passes_over_what_is_stored_and_replaces_it(way: Way) -> None:
    kept = Kept()
    host = KeepingHost({"small": ["old", "new"]})
    way(kept.router, host)
    assert way(kept.router, host, Call("q", cache="refresh")) == "new"
    assert way(kept.router, host) == "new"
    assert kept.ends.statuses == ["miss", "miss", "hit"]


def test_a_refresh_replaces_what_is_stored_however_often_it_was_seen() -> None:
    kept = Kept(cache={"admit_after": 2, "window": "1m"})
    host = KeepingHost({"small": ["1", "old", "new"]})
    ask(kept.router, host)
    ask(kept.router, host)
    kept.clock.advance(61)
    assert ask(kept.router, host, Call("q", cache="refresh")) == "new"
    assert ask(kept.router, host) == "new"


@ways
def test_a_bypass_neither_reads_nor_stores(way: Way) -> None:
    kept = Kept()
    host = KeepingHost({"small": ["stored", "other", "never"]})
    way(kept.router, host)
    assert way(kept.router, host, Call("q", cache="bypass")) == "other"
    assert way(kept.router, host) == "stored"
    assert kept.ends.statuses == ["miss", "bypass", "hit"]


# What cannot be read, or served


@ways
def test_a_request_that_no_key_can_be_made_of_goes_to_the_model(way: Way) -> None:
    class Keyless(KeepingHost):
        def asked(self, model: str, snapshot: Any) -> Asked | None:
            return None

    kept = Kept()
    assert way(kept.router, Keyless({"small": ["hi"]})) == "hi"
    assert kept.ends.statuses == ["bypass"]
    assert kept.names() == []


@ways
@pytest.mark.parametrize(
    "asked", [ZeroDivisionError("secret"), Asked(({"role": "user", "content": float("nan")},))], ids=["raises", "no JSON"]
)
def test_a_request_that_cannot_be_read_costs_one_warning(way: Way, asked: Any) -> None:
    kept = Kept()
    host = KeepingHost({"small": ["hi", "hi"]}, asked=asked)
    with pytest.warns(RuntimeWarning, match=r"could not be read for the cache \((ZeroDivisionError|TypeError)\)") as said:
        assert [way(kept.router, host) for _ in range(2)] == ["hi", "hi"]
    assert len(said) == 1
    assert "secret" not in str(said[0].message)


def test_an_answer_that_cannot_be_examined_is_not_stored_and_costs_one_warning() -> None:
    kept = Kept()
    with pytest.warns(RuntimeWarning, match=r"an answer could not be read for the cache \(ZeroDivisionError\)"):
        assert ask(kept.router, KeepingHost({"small": ["hi"]}, expected=ZeroDivisionError("secret"))) == "hi"
    assert kept.names() == []


def test_an_answer_that_is_no_json_is_not_stored_and_costs_one_warning() -> None:
    kept = Kept()
    native = StoredAnswer(host="langchain", native={"image": b"bytes"})
    with pytest.warns(RuntimeWarning, match=r"an answer could not be stored \(TypeError\); the caller has it"):
        assert ask(kept.router, KeepingHost({"small": ["hi"]}, kept=native)) == "hi"
    assert kept.names() == []


@ways
def test_an_entry_that_cannot_be_served_is_asked_for_again_and_replaced(way: Way) -> None:
    kept = Kept()
    host = KeepingHost({"small": ["old", "new"]})
    way(kept.router, host)
    host.unservable = ValueError("of another host")
    assert way(kept.router, host) == "new"
    host.unservable = None
    assert way(kept.router, host) == "new"
    assert kept.ends.statuses == ["miss", "miss", "hit"]


@ways
@pytest.mark.parametrize("data", [b"", b"\x80\x04N.", b"tr9:{}", b"tr1:{}", b"tr1z"])
def test_an_entry_that_cannot_be_read_is_removed_and_costs_one_warning(way: Way, data: bytes) -> None:
    kept = Kept()
    host = KeepingHost({"small": ["old", "new"]})
    way(kept.router, host)
    (name,) = kept.names()
    kept.store.put(name, data)
    with pytest.warns(RuntimeWarning, match="the cache holds an entry .*; it was removed, and the model asked"):
        assert way(kept.router, host) == "new"
    assert way(kept.router, host) == "new"


@ways
@pytest.mark.parametrize("amount", ["1E+999999", "1E+200000", "1E-999999"])
def test_a_planted_cost_is_damage(way: Way, amount: str) -> None:
    from taskroute.cache.entry import loads

    kept = Kept()
    host = KeepingHost({"small": ["old", "new"]})
    way(kept.router, host)
    (name,) = kept.names()
    cost = dumps(loads(kept.store.get(name))._replace(cost=None))[8:]
    planted = cost.replace(b'"answer":', b'"cost":["%s","user","USD"],"answer":' % amount.encode())
    kept.store.put(name, b"tr1:" + zlib.crc32(planted).to_bytes(4) + planted)
    with pytest.warns(RuntimeWarning, match="the cache holds an entry .*; it was removed, and the model asked"):
        assert way(kept.router, host) == "new"
    assert way(kept.router, host) == "new"


# Stores in trouble


class Troubled(MemoryStore):
    """A store whose accesses of some kinds come to something else."""

    def __init__(self, *kinds: str, does: Callable[[], Any]) -> None:
        super().__init__()
        self.kinds = kinds
        self.does = does
        self.accesses = 0

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        kind = name.removeprefix("a") if name in ("aget", "aput", "adelete", "aincrement", "alease") else name
        if kind not in ("get", "put", "delete", "increment", "lease"):
            return found
        is_async = kind != name

        def trouble(*arguments: Any) -> Any:
            if kind not in self.kinds:
                return found(*arguments)
            self.accesses += 1
            return self.does()

        async def atrouble(*arguments: Any) -> Any:
            if kind not in self.kinds:
                return await found(*arguments)
            self.accesses += 1
            return self.does()

        return atrouble if is_async else trouble


def fail() -> Any:
    raise OSError("/secret/path is gone")


def troubled(name: str, *kinds: str, does: Callable[[], Any] = fail) -> Any:
    """Return a store of a class that nobody was warned of yet."""
    return type(name, (Troubled,), {})(*kinds, does=does)


ALL = ("get", "put", "delete", "increment", "lease")


@ways
@pytest.mark.parametrize("kinds", [ALL, ("get",), ("put",), ("increment",), ("get", "increment"), ("put", "delete")], ids="+".join)
def test_a_store_that_fails_costs_one_warning_and_no_call(way: Way, kinds: tuple[str, ...]) -> None:
    kept = Kept(store=troubled("Gone", *kinds), cache={"admit_after": 2})
    host = KeepingHost({"small": ["hi"] * 4})
    with pytest.warns(RuntimeWarning) as said:
        assert [way(kept.router, host) for _ in range(4)] == ["hi"] * 4
    assert [str(each.message) for each in said] == [
        "the cache's Gone failed with OSError; calls go on without it, and it is tried again every 5s"
    ]


def test_where_warnings_are_errors_a_store_that_fails_costs_no_call_either() -> None:
    kept = Kept(store=troubled("Strict", *ALL))
    assert ask(kept.router, KeepingHost({"small": ["hi"]})) == "hi"


@ways
def test_a_store_that_is_read_only_serves_what_it_has_and_stores_nothing(way: Way) -> None:
    filled = Kept()
    host = KeepingHost({"small": ["stored"]})
    way(filled.router, host)
    store = troubled("ReadOnly", "put", "delete", "increment", "lease", does=fail)
    (name,) = filled.names()
    MemoryStore.put(store, name, filled.store.get(name))
    store.kinds = ("put", "delete", "increment", "lease")
    kept = Kept(store=store)
    assert way(kept.router, host) == "stored"
    host.asked_for = Asked(({"role": "user", "content": "another question"},))
    host.lines["small"] = ["hi"]
    with pytest.warns(RuntimeWarning, match="the cache's ReadOnly failed with OSError"):
        assert way(kept.router, host) == "hi"


@ways
@pytest.mark.parametrize("garbage", [b"garbage", "text", 7, object(), [b"tr1:"]], ids=["bytes", "text", "number", "object", "list"])
def test_a_store_that_gives_garbage_is_a_miss(way: Way, garbage: Any) -> None:
    kept = Kept(store=troubled("Garbled", "get", "increment", "lease", does=lambda: garbage), cache={"admit_after": 2})
    with pytest.warns(RuntimeWarning):
        assert way(kept.router, KeepingHost({"small": ["hi"]})) == "hi"


@ways
def test_a_store_that_was_closed_is_a_miss(way: Way) -> None:
    store: Any = type("Closed", (MemoryStore,), {})()
    store.close()
    kept = Kept(store=store)
    with pytest.warns(RuntimeWarning, match="the cache's Closed failed with RuntimeError"):
        assert way(kept.router, KeepingHost({"small": ["hi"]})) == "hi"


@ways
def test_a_store_in_trouble_is_left_alone_for_a_while_and_then_tried_again(way: Way) -> None:
    store = troubled("Back", "get")
    kept = Kept(store=store)
    host = KeepingHost({"small": ["hi"] * 3 + ["stored"]})
    with pytest.warns(RuntimeWarning):
        way(kept.router, host)
    assert store.accesses == 1
    kept.clock.advance(4.9)
    way(kept.router, host)
    assert store.accesses == 1
    kept.clock.advance(0.2)
    way(kept.router, host)
    assert store.accesses == 2
    store.kinds = ()
    kept.clock.advance(5)
    assert way(kept.router, host) == way(kept.router, host) == "stored"


def test_a_store_that_is_slow_is_left_alone_for_a_while() -> None:
    clock = FakeClock()
    store = troubled("Slow", "get", does=lambda: clock.advance(1.1))
    access = Access(store, clock)
    with pytest.warns(RuntimeWarning, match="the cache's Slow is slow; calls go on without it"):
        assert access.perform(Op("get", ("a",), b"otherwise")) is None
    assert not access.is_usable
    assert access.perform(Op("get", ("a",), b"otherwise")) == b"otherwise"
    assert store.accesses == 1
    clock.advance(5)
    assert access.is_usable


async def test_a_store_that_is_slow_is_not_waited_for_where_that_can_be_avoided() -> None:
    class Hanging(MemoryStore):
        async def aget(self, key: str) -> bytes | None:
            await asyncio.sleep(60)
            raise AssertionError("nobody waited")

    access = Access(Hanging(), FakeClock(), patience=0.02)
    with pytest.warns(RuntimeWarning, match="the cache's Hanging is slow"):
        assert await access.aperform(Op("get", ("a",), b"otherwise")) == b"otherwise"
    assert not access.is_usable


async def test_a_store_that_says_itself_that_it_timed_out_is_slow() -> None:
    def times_out() -> Any:
        raise TimeoutError

    access = Access(troubled("TimedOut", "get", does=times_out), FakeClock())
    with pytest.warns(RuntimeWarning, match="is slow"):
        assert await access.aperform(Op("get", ("a",))) is None


async def test_a_task_that_is_cancelled_while_a_store_is_waited_for_is_cancelled() -> None:
    class Held(MemoryStore):
        async def aget(self, key: str) -> bytes | None:
            await asyncio.sleep(60)
            raise AssertionError("nobody waited")

    kept = Kept(store=Held())
    task = asyncio.create_task(aask(kept.router, KeepingHost({"small": ["hi"]})))
    while "Lookup" not in kept.ends.told:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert kept.ends.last.status == "cancelled"


@ways
def test_a_store_that_cannot_be_opened_costs_one_warning_and_no_call(way: Way) -> None:
    def opened(partition: str) -> Any:
        raise PermissionError("/secret/path")

    kept = Kept()
    cache = ResponseCache(opened, kept.clock)

    class Routed(Router):
        def run(self, *arguments: Any, **options: Any) -> Any:
            return super().run(*arguments, **options)._replace(cache=cache)

    routed = Routed(policy(cache={}), clock=kept.clock, environ={}, cache=kept.store)
    host = KeepingHost({"small": ["hi", "hi"]})
    with pytest.warns(RuntimeWarning, match=r"a store of the cache could not be opened \(PermissionError\)") as said:
        assert [way(routed, host) for _ in range(2)] == ["hi", "hi"]
    assert len(said) == 1
    cache.close()


# Closing


def test_a_call_in_flight_ends_without_a_word_when_the_cache_is_closed_under_it() -> None:
    clock = FakeClock()
    cache = ResponseCache(lambda partition: MemoryStore(clock), clock)
    terms = Terms("default", wait=5)
    missed = cache.look_up("a" * 64, terms)
    assert isinstance(missed, Missed)
    cache.close()
    cache.save(missed.lead, Entry(StoredAnswer("hi"), "small", clock.time(), clock.time() + 60))
    assert isinstance(cache.look_up("a" * 64, terms), Missed)
    assert cache.store() is None
    cache.close()


def test_a_store_that_is_closed_in_the_midst_of_an_access_is_in_no_trouble(recwarn: pytest.WarningsRecorder) -> None:
    class Closed(MemoryStore):
        def get(self, key: str) -> bytes | None:
            access.retire()
            self.close()
            return super().get(key)

    access = Access(Closed(), FakeClock())
    assert access.perform(Op("get", ("a",), b"otherwise")) == b"otherwise"
    assert [str(each.message) for each in recwarn] == []


class Closing(MemoryStore):
    """Notes how it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.how: list[str] = []

    def close(self) -> None:
        self.how.append("close")
        super().close()

    async def aclose(self) -> None:
        self.how.append("aclose")
        super().close()


async def test_stores_that_were_opened_here_are_closed_once_in_the_way_of_who_closes() -> None:
    for is_async in (False, True):
        stores: dict[str, Closing] = {}
        cache = ResponseCache(lambda name, stores=stores: stores.setdefault(name, Closing()), FakeClock())  # type: ignore[misc]
        for partition in ("", "stage generate"):
            cache.look_up("k", Terms("default", partition=partition))
        for _ in range(2):
            await cache.aclose() if is_async else cache.close()
        assert [store.how for store in stores.values()] == [["aclose" if is_async else "close"]] * 2


def test_a_store_of_the_callers_stays_the_callers() -> None:
    store = Closing()
    cache = ResponseCache(lambda partition: store, FakeClock(), owns=False)
    cache.look_up("k", Terms("default"))
    cache.close()
    assert store.how == []


async def test_a_store_that_cannot_be_closed_costs_one_warning_and_the_others_are_closed() -> None:
    class Stuck(MemoryStore):
        def close(self) -> None:
            raise OSError("/secret/path")

        async def aclose(self) -> None:
            raise OSError("/secret/path")

    for is_async in (False, True):
        last = Closing()
        stores = iter([Stuck(), last])
        cache = ResponseCache(lambda name, stores=stores: next(stores), FakeClock())  # type: ignore[misc]
        for partition in ("", "stage generate"):
            cache.store(partition)
        if is_async:
            await cache.aclose()
        else:
            with pytest.warns(RuntimeWarning, match=r"a store of the cache could not be closed \(OSError\)"):
                cache.close()
        assert len(last.how) == 1


# One lead at a time over one key, by hand


def test_what_was_asked_for_is_stored_as_it_is_and_says_where_it_belongs() -> None:
    kept = Kept(cache={"ttl": "1h"})
    ask(kept.router, KeepingHost({"small": ["hi"]}), Call("q", stage="generate", task="math", tenant="acme", user="jane"))
    (name,) = kept.names()
    from taskroute.cache.entry import digest, loads

    entry = loads(kept.store.get(name))
    assert (entry.answer.text, entry.model, entry.stage, entry.task) == ("hi", "small", "generate", None)
    assert (entry.tenant, entry.user) == (digest("tenant", "acme"), digest("user", "jane"))
    assert entry.until - entry.made == 3600
    assert entry.usage is not None
    assert entry.cost is not None
    assert dumps(entry) == kept.store.get(name)


def test_a_found_answer_is_found() -> None:
    clock = FakeClock()
    cache = ResponseCache(lambda partition: MemoryStore(clock), clock, shared=False)
    missed = cache.look_up("k", Terms("default"))
    assert isinstance(missed, Missed)
    entry = Entry(StoredAnswer("hi"), "small", clock.time(), clock.time() + 60)
    cache.save(missed.lead, entry)
    clock.advance(10)
    found = cache.look_up("k", Terms("default"))
    assert isinstance(found, Found)
    assert (found.entry, found.age, found.stale) == (entry, 10, False)
    cache.close()
