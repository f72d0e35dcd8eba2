"""The emulator itself: scripts in order, the same bytes each time, the official addresses and nothing else."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.emulator import MARK, Cut, Emulator, Fault, Garbled, Hang, Proxy, Raw, Say, Stall, ToolCall
from tests.emulator.answering import example, halves, pieces

CHAT = "/v1/chat/completions"
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "openai-chat": (CHAT, {"model": "m", "messages": [{"role": "user", "content": "hi"}]}),
    "openai-responses": ("/v1/responses", {"model": "m", "input": "hi"}),
    "anthropic": ("/v1/messages", {"model": "m", "messages": [{"role": "user", "content": "hi"}]}),
    "gemini": ("/v1beta/models/m:generateContent", {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
    "mistral": ("/mistral/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "hi"}]}),
}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator().running() as running:
        yield running


def post(emulator: Emulator, path: str = CHAT, **body: Any) -> httpx.Response:
    return httpx.post(emulator.url + path, json={**BODIES["openai-chat"][1], **body}, timeout=30)


def said(response: httpx.Response) -> str:
    return response.json()["choices"][0]["message"]["content"]


def test_scripted_replies_come_in_order_and_those_of_a_model_first(emulator: Emulator) -> None:
    emulator.then(Say("one"), Say("two")).on("other", Say("other's"))
    assert [said(post(emulator)), said(post(emulator, model="other")), said(post(emulator))] == ["one", "other's", "two"]
    assert emulator.left == 0
    assert [request.body["model"] for request in emulator.requests] == ["m", "other", "m"]


@pytest.mark.parametrize("wire", BODIES)
@pytest.mark.parametrize("stream", [False, True])
def test_the_same_requests_get_the_same_bytes_again_and_each_its_own_ids(emulator: Emulator, wire: str, stream: bool) -> None:
    path, body = BODIES[wire]
    if stream:
        path, body = path.replace(":generateContent", ":streamGenerateContent"), {**body, **({} if wire == "gemini" else {"stream": True})}
    runs: list[list[tuple[bytes, httpx.Headers]]] = []
    for _ in range(2):
        emulator.reset()
        answers = [httpx.post(emulator.url + path, json=body) for _ in range(2)]
        runs.append([(answer.content, answer.headers) for answer in answers])
    assert runs[0] == runs[1]
    assert runs[0][0][0] != runs[0][1][0]
    assert all(headers["server"] == MARK for _, headers in runs[0])


def test_an_answer_calls_the_tool_that_was_given_and_speaks_after_its_result(emulator: Emulator) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
    tools = [{"type": "function", "function": {"name": "weather", "parameters": schema}}]
    question = {"role": "user", "content": "Weather in 'Rome' for 3 days?"}
    message = post(emulator, tools=tools, messages=[question]).json()["choices"][0]["message"]
    [call] = message["tool_calls"]
    assert (call["function"]["name"], json.loads(call["function"]["arguments"])) == ("weather", {"city": "Rome", "days": 3})
    result = {"role": "tool", "tool_call_id": call["id"], "content": "sunny"}
    assert said(post(emulator, tools=tools, messages=[question, message, result]))


def test_a_schema_is_followed_through_references_and_unions() -> None:
    schema = {
        "$defs": {"Town": {"type": "object", "properties": {"name": {"type": "string"}, "size": {"enum": ["small", "large"]}}}},
        "type": "object",
        "properties": {"towns": {"type": "array", "items": {"$ref": "#/$defs/Town"}}, "note": {"anyOf": [{"type": "null"}]}},
    }
    assert example(schema, "about 'Bern'") == {"towns": [{"name": "Bern", "size": "small"}], "note": None}


@pytest.mark.parametrize("text", ["", "one", " two words ", "line\nbreaks  and   spaces\n", "ends. "])
def test_pieces_add_up_to_the_text(text: str) -> None:
    assert "".join(pieces(text)) == (text if text.strip() else "")
    assert "".join(halves(text)) == text


def test_an_error_event_takes_the_place_of_what_is_left_of_a_stream(emulator: Emulator) -> None:
    emulator.then(Say("one two three four", error_after=3))
    lines = [line for line in post(emulator, stream=True).text.splitlines() if line]
    assert len(lines) == 4
    assert json.loads(lines[-1].removeprefix("data: "))["error"]["type"] == "server_error"


def test_usage_comes_in_a_stream_only_when_it_was_asked_for(emulator: Emulator) -> None:
    emulator.then(Say(cached=10, reasoned=5), Say())
    asked = post(emulator, stream=True, stream_options={"include_usage": True}).text
    assert '"cached_tokens":10' in asked
    assert '"reasoning_tokens":5' in asked
    assert "usage" not in post(emulator, stream=True).text


IMPATIENT = httpx.Timeout(30, read=0.5)


def test_a_request_is_cut_as_scripted(emulator: Emulator) -> None:
    emulator.then(Cut(), Cut(2))
    with pytest.raises(httpx.RemoteProtocolError):
        post(emulator)
    with pytest.raises(httpx.RemoteProtocolError):
        post(emulator, stream=True)


def test_a_body_ends_early_as_if_it_were_whole(emulator: Emulator) -> None:
    emulator.then(Cut(clean=True), Cut(3, clean=True))
    plain, stream = post(emulator), post(emulator, stream=True)
    with pytest.raises(json.JSONDecodeError):
        plain.json()
    assert '"content":" is"' in stream.text
    assert "[DONE]" not in stream.text


def test_a_body_is_garbled_as_scripted(emulator: Emulator) -> None:
    emulator.then(Garbled(b"{"), Garbled(b"data: {\n\n"))
    assert post(emulator).text == "{"
    role, garbled = [line for line in post(emulator, stream=True).text.splitlines() if line]
    assert '"role":"assistant"' in role
    assert garbled == "data: {"


def test_a_rule_answers_what_no_script_covers_until_a_reset(emulator: Emulator) -> None:
    emulator.by("m", lambda asked: Say(f"you said: {asked.prompt}")).then(Say("first"))
    texts = [said(post(emulator)) for _ in range(2)]
    assert texts == ["first", "you said: hi"]
    emulator.reset()
    assert said(post(emulator)) == "Paris is the capital of France."


def test_a_request_is_left_hanging_as_scripted(emulator: Emulator) -> None:
    emulator.then(Hang(30), Stall(2, 30))
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(emulator.url + CHAT, json=BODIES["openai-chat"][1], timeout=IMPATIENT)
    got: list[str] = []
    body = {**BODIES["openai-chat"][1], "stream": True}
    with pytest.raises(httpx.ReadTimeout), httpx.stream("POST", emulator.url + CHAT, json=body, timeout=IMPATIENT) as response:
        got.extend(line for line in response.iter_lines() if line)
    assert len(got) == 2


def test_raw_bytes_and_faults_are_sent_with_their_status(emulator: Emulator) -> None:
    emulator.then(Raw(b"<html>", 502, "text/html"), Fault("rate_limit", retry_after=1.5))
    page, limited = post(emulator), post(emulator)
    assert (page.status_code, page.text, page.headers["content-type"]) == (502, "<html>", "text/html")
    assert (limited.status_code, limited.headers["retry-after"], limited.headers["retry-after-ms"]) == (429, "1.5", "1500")


def test_what_the_emulator_does_not_know_is_told_so(emulator: Emulator) -> None:
    response = httpx.post(emulator.url + "/v2/elsewhere", json={})
    assert (response.status_code, response.json()["error"]["type"]) == (404, "emulator")
    odd = post(emulator, messages=7)
    assert odd.status_code == 400
    assert "cannot read this request" in odd.json()["error"]["message"]


def test_an_embedding_is_a_list_of_numbers_or_their_bytes(emulator: Emulator) -> None:
    plain = httpx.post(emulator.url + "/v1/embeddings", json={"model": "e", "input": ["a", "b"]}).json()
    packed = httpx.post(emulator.url + "/v1/embeddings", json={"model": "e", "input": "a", "encoding_format": "base64"}).json()
    assert [len(row["embedding"]) for row in plain["data"]] == [8, 8]
    assert isinstance(packed["data"][0]["embedding"], str)


def test_clients_of_the_official_addresses_reach_the_emulator_and_no_other_host(emulator: Emulator) -> None:
    before = dict(os.environ)
    with Proxy(emulator).running() as proxy:
        answer = httpx.post("https://api.openai.com" + CHAT, json=BODIES["openai-chat"][1])
        assert answer.headers["server"] == MARK
        with pytest.raises(httpx.ProxyError):
            httpx.get("https://example.com/")
        assert proxy.refused == ["example.com"]
        port = int(proxy.url.rpartition(":")[2])
    assert dict(os.environ) == before
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port))


def test_a_tool_call_can_be_scripted(emulator: Emulator) -> None:
    emulator.then(Say(tools=(ToolCall("look_up", {"word": "route"}),)))
    [call] = post(emulator).json()["choices"][0]["message"]["tool_calls"]
    assert call["function"] == {"name": "look_up", "arguments": '{"word": "route"}'}


def test_a_tool_that_was_named_is_called_and_none_where_that_was_asked_for(emulator: Emulator) -> None:
    tools = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in ("one", "two")]
    [call] = post(emulator, tools=tools, tool_choice={"type": "function", "function": {"name": "two"}}).json()["choices"][0]["message"][
        "tool_calls"
    ]
    assert call["function"]["name"] == "two"
    assert said(post(emulator, tools=tools, tool_choice="none"))
    assert json.loads(said(post(emulator, response_format={"type": "json_object"}))) == {}


def test_what_cannot_be_answered_is_told_and_not_cut(emulator: Emulator) -> None:
    emulator.then(Fault("overloaded"))
    unknown = post(emulator)
    assert (unknown.status_code, unknown.json()["error"]["type"]) == (500, "emulator")
    assert "nobody has told what OpenAI sends for overloaded" in unknown.json()["error"]["message"]
    assert httpx.post(emulator.url + CHAT, content=b"[1", headers={"content-type": "application/json"}).status_code == 400
