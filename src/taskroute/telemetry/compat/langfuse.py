"""What Langfuse reads: without usage details it takes every number below `gen_ai.usage.` for a kind of tokens."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from opentelemetry.util.types import AttributeValue

from taskroute.telemetry import attributes as names
from taskroute.telemetry.compat.written import Written, as_json, last_text
from taskroute.types import EXACT, Cost

_TYPE: Final = "langfuse.observation.type"
_MODEL: Final = "langfuse.observation.model.name"
_PARAMETERS: Final = "langfuse.observation.model.parameters"
_USAGE: Final = "langfuse.observation.usage_details"
_COST: Final = "langfuse.observation.cost_details"
_INPUT: Final = "langfuse.observation.input"
_OUTPUT: Final = "langfuse.observation.output"
_SESSION: Final = "langfuse.session.id"

_READ: Final = "input_cache_read"
_WRITTEN: Final = "input_cache_creation"
_REASONING: Final = "output_reasoning"


def block(written: Written) -> dict[str, AttributeValue]:
    """Return type, model, tokens and costs of an observation, each kind of tokens counted once; its messages where they are written."""
    found: dict[str, AttributeValue] = {}
    session = written.text(names.CONVERSATION_ID)
    if session is not None:
        found[_SESSION] = session
    if written.span == "route":
        return {**found, _TYPE: "chain", **_in_words(written)}
    found[_TYPE] = "embedding" if written.is_embedding else "generation"
    model = written.text(names.RESPONSE_MODEL) or written.text(names.REQUEST_MODEL)
    if model is not None:
        found[_MODEL] = model
    parameters = written.parameters()
    if parameters:
        found[_PARAMETERS] = as_json(parameters)
    # Also where nothing is known: an empty list of tokens is none, and the numbers beside it are not taken for some.
    found[_USAGE] = as_json(_usage(written))
    if written.dollars is not None:
        found[_COST] = as_json({kind: float(amount) for kind, amount in _costs(written.dollars).items()})
    for name, messages in ((_INPUT, written.asked()), (_OUTPUT, written.text(names.OUTPUT_MESSAGES))):
        if messages:
            found[name] = messages
    return found


def _in_words(written: Written) -> dict[str, AttributeValue]:
    asked = last_text(written.messages(names.INPUT_MESSAGES), "user")
    answered = last_text(written.messages(names.OUTPUT_MESSAGES), "assistant")
    return {name: text for name, text in ((_INPUT, asked), (_OUTPUT, answered)) if text}


def _usage(written: Written) -> dict[str, int]:
    """Return the tokens by kind, each counted once."""
    found: dict[str, int] = {}
    for whole, kind, parts in (
        (
            names.USAGE_INPUT_TOKENS,
            "input",
            {_READ: names.USAGE_CACHE_READ_INPUT_TOKENS, _WRITTEN: names.USAGE_CACHE_WRITE_INPUT_TOKENS},
        ),
        (names.USAGE_OUTPUT_TOKENS, "output", {_REASONING: names.USAGE_REASONING_OUTPUT_TOKENS}),
    ):
        rest = written.number(whole)
        if rest is None:
            continue
        for part, name in parts.items():
            count = written.number(name)
            if count and count <= rest:
                found[part] = count
                rest -= count
        found[kind] = rest
    asked, answered = written.number(names.USAGE_INPUT_TOKENS), written.number(names.USAGE_OUTPUT_TOKENS)
    if asked is not None and answered is not None:
        found["total"] = asked + answered
    return found


def _costs(cost: Cost) -> dict[str, Decimal]:
    """Return the cost by kind of tokens, each counted once; only the total where that is all that is known."""
    found: dict[str, Decimal] = {}
    parts = cost.parts
    if parts is not None and parts.input is not None and parts.output is not None:
        found["input"] = EXACT.subtract(EXACT.subtract(parts.input, parts.cache_read or Decimal(0)), parts.cache_write or Decimal(0))
        found["output"] = EXACT.subtract(parts.output, parts.reasoning or Decimal(0))
        further = {_READ: parts.cache_read, _WRITTEN: parts.cache_write, _REASONING: parts.reasoning, "request": parts.request}
        found.update((kind, amount) for kind, amount in further.items() if amount)
    found["total"] = cost.amount
    return found
