"""A text is searched for sensitive data once. What is remembered is bounded, holds no text, and ends with the policy."""

from __future__ import annotations

import gc
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from taskroute import Call, Router
from taskroute.signals.searched import MOST, Searched
from taskroute.signals.sensitive import find_kinds
from tests.policies import policy, when

TEXTS = ["what is due when?", "write to ann@shop.example", "pay with 4111 1111 1111 1111", "half a \ud83d, and bob@shop.example", ""]


class Counted:
    """A kind of one's own, and every text that was searched for it."""

    def __init__(self) -> None:
        self.searched: list[str] = []

    def __call__(self, text: str) -> bool:
        self.searched.append(text)
        return "secret" in text


def test_it_finds_the_same_the_first_and_every_other_time() -> None:
    searched = Searched()
    for _ in range(3):
        assert [searched([text]) for text in TEXTS] == [set(find_kinds([text])) for text in TEXTS]
        assert searched(TEXTS) == {"email", "card"}
        assert searched([]) == set()


def test_a_text_is_searched_once_and_a_conversation_that_grows_only_where_it_is_new() -> None:
    mine = Counted()
    searched = Searched(extra={"mine": mine})
    thread = ["hello", "a secret"]
    assert searched(thread) == searched(thread) == {"mine"}
    assert searched([*thread, "and then?"]) == {"mine"}
    assert mine.searched == ["hello", "a secret", "and then?"]


def test_it_stops_where_there_is_nothing_left_to_find() -> None:
    searched = Searched(["email"], {"mine": (mine := Counted())})
    texts = iter(["a secret", "to ann@shop.example", "of no more interest"])
    assert searched(texts) == {"mine", "email"}
    assert mine.searched == ["a secret", "to ann@shop.example"]
    assert next(texts) == "of no more interest"


def test_its_rules_are_its_own() -> None:
    one, other = Searched(["card"]), Searched(["email"])
    assert [one(TEXTS), other(TEXTS), one(TEXTS)] == [{"card"}, {"email"}, {"card"}]


def test_a_policy_that_is_loaded_again_judges_by_its_own_rules() -> None:
    pytest.importorskip("re2")
    sensitive: dict[str, Any] = {"routes": when(sensitive=True)}
    router = Router(policy(**sensitive, sensitive={"kinds": ["card"]}), environ={})
    call = Call("about order 12-34, write to ann@shop.example")

    def found() -> tuple[str | None, bool | None, str]:
        decision = router.decide(call)
        signal = decision.signals.sensitive
        return decision.route, signal.value, signal.detail

    assert found() == found() == (None, False, "")
    router.reload(policy(**sensitive, sensitive={"kinds": ["card", "email"]}))
    assert found() == found() == ("hit", True, "email")
    router.reload(policy(**sensitive, sensitive={"kinds": ["card"], "patterns": {"order": r"order \d\d-\d\d"}}))
    assert found() == found() == ("hit", True, "order")
    router.reload(policy(**sensitive, sensitive={"kinds": ["card"]}))
    assert found() == (None, False, "")


def test_detectors_of_the_user_s_own_are_asked_each_time() -> None:
    answers: list[Collection[str]] = [(), ("code name",)]
    router = Router(policy(routes=when(sensitive=True)), detectors=[lambda text: answers.pop(0)], environ={})
    assert [router.decide(Call("what is due?")).route for _ in range(2)] == [None, "hit"]


def test_it_keeps_so_many_digests_and_no_more() -> None:
    mine = Counted()
    searched = Searched([], {"mine": mine})
    for number in range(3 * MOST):
        searched([f"text {number}"])
        assert len(searched) <= 2 * MOST
    assert len(searched) >= MOST
    searched([f"text {3 * MOST - 1}", f"text {2 * MOST + 1}", "text 0"])
    assert mine.searched[3 * MOST :] == ["text 0"]


def test_what_is_asked_again_stays_while_others_go() -> None:
    mine = Counted()
    searched = Searched([], {"mine": mine})
    for number in range(3 * MOST):
        searched(["asked all the time", f"text {number}"])
    assert mine.searched.count("asked all the time") == 1


def test_it_keeps_no_text() -> None:
    searched = Searched()
    prompt = "a prompt of these very words, and ann@shop.example"
    assert searched([prompt]) == {"email"}
    seen: list[object] = [vars(searched)]
    for holder in seen:
        if isinstance(holder, dict | tuple | list):
            seen.extend(gc.get_referents(holder))
    assert [held for held in seen if isinstance(held, bytes)]
    assert not [held for held in seen if isinstance(held, str | bytes) and ("these very words" in str(held) or "ann@" in str(held))]


def test_threads_may_share_it() -> None:
    searched = Searched()
    numbers = range(3 * MOST)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: searched([f"text {n % (MOST + 7)}", f"{n % 5} a{n % 3}@shop.example" if n % 2 else "no"]), numbers))
    assert found == [{"email"} if number % 2 else set[str]() for number in numbers]
    assert len(searched) <= 2 * MOST + 8
