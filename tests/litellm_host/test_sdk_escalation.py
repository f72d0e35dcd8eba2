"""Answers of a routed LiteLLM router that came and are no good: the next model does them again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator import Emulator, ToolCall
from tests.emulator import Say as Says
from tests.litellm_host.routers import ANSWER, COMPLETIONS, IDS, MESSAGES, POLICY, WAYS, Way, call, routed, told
from tests.litellm_host.test_calls import needs_proxys_packages, record_of, text_of

litellm: Any = pytest.importorskip("litellm")

SMALL, LARGE = IDS["small"], IDS["large"]
CITY = {
    "type": "json_schema",
    "json_schema": {
        "name": "city",
        "schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False},
    },
}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "look_up",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]
CASES = [
    pytest.param("truncated", Says("The capital of", finish="length"), {}, id="truncated"),
    pytest.param("refusal", Says(refusal="I cannot help with that."), {}, id="refused"),
    pytest.param("refusal", Says("", finish="content_filter"), {}, id="filtered"),
    pytest.param("refusal", Says(""), {}, id="empty"),
    pytest.param("invalid_output", Says("Paris it is"), {"response_format": CITY}, id="no JSON"),
    pytest.param("invalid_output", Says('{"town": "Paris"}'), {"response_format": CITY}, id="not what was asked for"),
    pytest.param("invalid_output", Says(tools=(ToolCall("find", {"city": "Paris"}),)), {"tools": TOOLS}, id="no such tool"),
    pytest.param("invalid_output", Says(tools=(ToolCall("look_up", {"city": 7}),)), {"tools": TOOLS}, id="wrong arguments"),
]
ON = ["truncated", "refusal", "invalid_output"]


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
@pytest.mark.parametrize(("failure", "bad", "given"), CASES)
def test_an_answer_that_is_no_good_is_done_again(emulator: Emulator, way: Way, failure: str, bad: Says, given: dict[str, Any]) -> None:
    emulator.on(SMALL, bad)
    with routed(emulator, policy={**POLICY, "fallback": {"on": ON}}) as found:
        answer = call(found, way, **given)
    assert found.asked == ["small", "large"]
    if bad.text:
        assert bad.text not in text_of(way, answer)
    if not way.streams:
        assert record_of(answer)["fallback_reason"] == failure


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
@pytest.mark.parametrize(("failure", "bad", "given"), CASES)
def test_unless_the_policy_asks_for_it_nothing_is_examined(
    emulator: Emulator, way: Way, failure: str, bad: Says, given: dict[str, Any]
) -> None:
    emulator.on(SMALL, bad)
    with routed(emulator) as found:
        call(found, way, **given)
    # A stream in which nothing was said is left for the next model whatever the policy says; of a refusal LiteLLM passes on nothing.
    silent = way.streams and not bad.text and not bad.tools and bad.finish is None
    assert found.asked == (["small", "large"] if silent else ["small"]), failure


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_a_check_of_the_users_own_may_refuse_an_answer(emulator: Emulator, way: Way) -> None:
    seen: list[str] = []

    def check(answer: Any) -> float:
        seen.append(answer.choices[0].message.content)
        return 0.9 if "Paris" in seen[-1] else 0.1

    emulator.on(SMALL, Says("No idea at all"))
    policy = {**POLICY, "fallback": {"on": ["low_confidence"]}}
    with routed(emulator, policy=policy, options={"check": check}) as found:
        answer = call(found, way)
    assert (found.asked, seen) == (["small", "large"], ["No idea at all", ANSWER])
    assert "Paris" in text_of(way, answer)


@pytest.mark.parametrize("way", [way for way in WAYS if way.endpoint in ("responses", "anthropic_messages")], ids=str)
@pytest.mark.parametrize(
    ("failure", "bad"), [("truncated", Says("The capital of", finish="length")), ("refusal", Says(refusal="I cannot help with that."))]
)
def test_other_endpoints_are_examined_too(emulator: Emulator, way: Way, failure: str, bad: Says) -> None:
    needs_proxys_packages(way)
    emulator.on(SMALL, bad)
    with routed(emulator, policy={**POLICY, "fallback": {"on": ON}}) as found:
        answer = call(found, way)
    assert found.asked == ["small", "large"], failure
    assert "Paris" in text_of(way, answer)


@pytest.mark.parametrize("streams", [False, True])
def test_a_message_of_anthropics_is_examined_too(emulator: Emulator, streams: bool) -> None:
    way = Way("anthropic_messages", is_async=True, streams=streams)
    needs_proxys_packages(way)
    emulator.on(IDS["claude"], Says("The capital of", finish="max_tokens"))
    policy = {**POLICY, "routes": [], "default": ["claude", "large"], "fallback": {"on": ON}}
    with routed(emulator, policy=policy) as found:
        answer = call(found, way, **told(found, way, user_id="u1"))
    assert found.asked == ["claude", "large"]
    assert "Paris" in text_of(way, answer)


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_the_last_answer_is_given_where_none_is_good(emulator: Emulator, way: Way) -> None:
    for model, text in ((SMALL, "first half"), (LARGE, "second half")):
        emulator.on(model, Says(text, finish="length"))
    with routed(emulator, policy={**POLICY, "fallback": {"on": ON}}) as found:
        answer = call(found, way, messages=MESSAGES)
    assert found.asked == ["small", "large"]
    assert "half" in text_of(way, answer)
