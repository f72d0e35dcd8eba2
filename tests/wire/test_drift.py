"""The emulator against real answers: it sends no field that a provider never sent, and every field that the adapters read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pytest

from tests.emulator import Fault, Say
from tests.emulator.answering import answer
from tests.emulator.script import Asked
from tests.emulator.server import WIRES
from tests.wire.errors import ERRORS, errors_of
from tests.wire.reference import cases, where

PROVIDERS: Final[Mapping[str, str]] = {
    "openai-chat": "openai-chat",
    "openai-responses": "openai-responses",
    "anthropic": "anthropic-messages",
    "gemini": "gemini",
    "mistral": "mistral",
}
"""Each interface by the name that the reference responses have for it."""

NOT_COVERED: Final = {"openai-embeddings (no real answer)", "mistral streamed (no real answer)"}

OPEN: Final = frozenset({"args", "input", "arguments", "metadata", "schema", "tools", "tool_choice"})
"""Objects whose keys are the caller's."""

UNSEEN: Final[Mapping[str, Mapping[str, str]]] = {
    "openai-chat": {
        "choices[].message.refusal:str": "no reference refuses; OpenAI's API reference has it",
        "choices[].delta.refusal:str": "as above",
    },
    "openai-responses": {
        "output[].content[].refusal:str": "no reference refuses; OpenAI's API reference has it",
        "part.refusal:str": "as above",
        "refusal:str": "as above",
        "item.content[].refusal:str": "as above",
        "response.output[].content[].refusal:str": "as above",
        "incomplete_details.reason:str": "no reference was cut short; OpenAI's API reference has it",
        "response.incomplete_details.reason:str": "as above",
        "item.summary[].text:str": "no recorded stream sums up its reasoning; OpenAI's API reference has it",
        "item.summary[].type:str": "as above",
        "response.output[].summary[].text:str": "as above",
        "response.output[].summary[].type:str": "as above",
        "summary_index:int": "as above",
    },
    "anthropic": {},
    "gemini": {"promptFeedback.blockReason:str": "no reference was blocked; Google's API reference has it"},
    "mistral": {},
}
"""What the emulator sends and no reference has, each with its reason."""

READ: Final[Mapping[str, Iterable[str]]] = {
    "openai-chat": (
        "choices[].message.content:str",
        "choices[].message.tool_calls[].function.arguments:str",
        "choices[].delta.content:str",
        "choices[].delta.tool_calls[].function.arguments:str",
        "choices[].finish_reason:str",
        "model:str",
        "usage.prompt_tokens:int",
        "usage.completion_tokens:int",
        "usage.prompt_tokens_details.cached_tokens:int",
        "usage.completion_tokens_details.reasoning_tokens:int",
    ),
    "openai-responses": (
        "model:str",
        "status:str",
        "output[].content[].text:str",
        "output[].arguments:str",
        "usage.input_tokens:int",
        "usage.output_tokens:int",
        "usage.input_tokens_details.cached_tokens:int",
        "usage.output_tokens_details.reasoning_tokens:int",
        "response.usage.input_tokens:int",
        "response.status:str",
        "delta:str",
    ),
    "anthropic": (
        "content[].text:str",
        "content[].name:str",
        "stop_reason:str",
        "model:str",
        "usage.input_tokens:int",
        "usage.output_tokens:int",
        "usage.cache_read_input_tokens:int",
        "usage.cache_creation_input_tokens:int",
        "message.usage.input_tokens:int",
        "message.model:str",
        "delta.text:str",
        "delta.partial_json:str",
        "delta.stop_reason:str",
    ),
    "gemini": (
        "candidates[].content.parts[].text:str",
        "candidates[].content.parts[].functionCall.name:str",
        "candidates[].finishReason:str",
        "modelVersion:str",
        "usageMetadata.promptTokenCount:int",
        "usageMetadata.candidatesTokenCount:int",
        "usageMetadata.thoughtsTokenCount:int",
        "usageMetadata.cachedContentTokenCount:int",
    ),
    "mistral": (
        "choices[].message.content:str",
        "choices[].message.tool_calls[].function.arguments:str",
        "choices[].finish_reason:str",
        "model:str",
        "usage.prompt_tokens:int",
        "usage.completion_tokens:int",
        "usage.num_cached_tokens:int",
    ),
}
"""What the adapters read, through the clients."""

SCRIPTS: Final = (
    Say(),
    Say(cached=64, cache_write=16, reasoned=8, reasoning="First of all, let me think."),
    Say(text="Cut", finish="length"),
    Say(refusal="I cannot help with that."),
    Say(usage=False),
    Say(short_delta=True),
)
UNSEEN_ERRORS: Final[Mapping[str, frozenset[str]]] = {
    # Of quotas, keys and waits: no reference has them. Public reports and Google's error model (google.rpc) do.
    "gemini": frozenset({"error.details[].@type:str"}),
    "anthropic": frozenset(),
    "openai-chat": frozenset(),
    "openai-responses": frozenset(),
}
NO_ERRORS: Final = frozenset({"mistral"})
"""Interfaces of which no real error is known."""


def asked(*, stream: bool, tools: bool) -> Asked:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    return Asked("m", "Weather in 'Rome'?", {"weather": schema} if tools else {}, None, stream, True, 12, "key")


def emulated(wire: str, *, stream: bool) -> set[str]:
    found: set[str] = set()
    for script in SCRIPTS:
        for tools in (False, True):
            whole = answer(asked(stream=stream, tools=tools), script)
            texts = [event.decode() for event in WIRES[wire].events(whole)] if stream else [json.dumps(WIRES[wire].plain(whole))]
            found.update(path for text in texts for value in values(text, stream=stream) for path in paths(value))
    return found


def emulated_errors(wire: str) -> set[str]:
    provider = {"openai-chat": "openai"}.get(wire, wire)
    replies = [ERRORS[name].reply for name in errors_of(provider)]
    failed = [WIRES[wire].failed(asked(stream=False, tools=False), reply) for reply in replies if isinstance(reply, Fault)]
    bodies = [json.loads(json.dumps(one.body)) for one in failed if isinstance(one.body, dict)]
    return {path for body in bodies for path in paths(body)}


def values(text: str, *, stream: bool) -> Iterator[Any]:
    if not stream:
        yield json.loads(text)
        return
    for line in text.splitlines():
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data != "[DONE]":
            yield json.loads(data)


def paths(value: Any, place: str = "") -> Iterator[str]:
    """Yield the place and type of every value in a JSON document."""
    if isinstance(value, dict) and place.rpartition(".")[2] not in OPEN:
        for key, inner in value.items():
            yield from paths(inner, f"{place}.{key}" if place else key)
    elif isinstance(value, list) and place.rpartition(".")[2] not in OPEN:
        for inner in value:
            yield from paths(inner, f"{place}[]")
    elif not isinstance(value, dict | list):
        # A price of 1 and one of 1.5 are of one type, and so are a number and its absence in a later version.
        yield f"{place}:{'int' if isinstance(value, float) else type(value).__name__}"


def real(wire: str, *, failed: bool = False) -> dict[bool, set[str]]:
    """Return the paths of all real answers, plain and streamed."""
    found: dict[bool, set[str]] = {False: set(), True: set()}
    for case in cases():
        if case.provider == PROVIDERS[wire] and case.wire == wire and case.answered != failed:
            documents = values(case.body, stream=case.streamed and not failed)
            found[case.streamed and not failed].update(path for document in documents for path in paths(document))
    return found


needs_reference = pytest.mark.skipif(not where().is_file(), reason="NOT RUN: the reference responses are not beside the repository")


@needs_reference
@pytest.mark.parametrize("wire", PROVIDERS)
def test_the_emulator_sends_nothing_that_real_providers_never_send(wire: str) -> None:
    known = real(wire)
    for stream in (False, True):
        if not known[stream]:
            assert f"{wire} streamed (no real answer)" in NOT_COVERED
            continue
        # Gemini's chunks are whole answers, and few of either were recorded.
        allowed = known[stream] | (known[not stream] if wire == "gemini" else set()) | set(UNSEEN[wire])
        assert sorted(emulated(wire, stream=stream) - allowed) == []


@needs_reference
@pytest.mark.parametrize("wire", PROVIDERS)
def test_an_error_has_no_field_that_real_errors_do_not_have(wire: str) -> None:
    known = real(wire, failed=True)[False]
    assert (not known) == (wire in NO_ERRORS)
    if known:
        # A type or code is a word where there is one, and null elsewhere.
        names = {path.rpartition(":")[0] for path in known | UNSEEN_ERRORS[wire]}
        details = {path for path in emulated_errors(wire) if path.startswith("error.details[]")}
        assert sorted({path.rpartition(":")[0] for path in emulated_errors(wire) - details} - names) == []
        assert bool(details) == bool(UNSEEN_ERRORS[wire])


@needs_reference
@pytest.mark.parametrize("wire", PROVIDERS)
def test_what_the_adapters_read_is_sent_by_both(wire: str) -> None:
    known = real(wire)
    ours = emulated(wire, stream=False) | emulated(wire, stream=True)
    theirs = known[False] | known[True]
    assert [path for path in READ[wire] if path not in ours] == []
    assert [path for path in READ[wire] if path not in theirs] == []


@needs_reference
@pytest.mark.parametrize("wire", PROVIDERS)
def test_what_is_excused_is_sent_and_still_unseen(wire: str) -> None:
    known = real(wire)
    ours = emulated(wire, stream=False) | emulated(wire, stream=True)
    assert [path for path in UNSEEN[wire] if path not in ours or path in known[False] | known[True]] == []
