"""The metrics of the GenAI conventions: what is measured of a model's work, under which names, and what is not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from taskroute.types import CacheNote, Call, Reply, Sent, Usage

from .driven import RateLimitError
from .measured import Measured

USED = Usage(input=100, output=20, cache_read=60, cache_write=10, reasoning=5)
ANSWER = Reply("hi", usage=USED, model="gpt-6-luna-2026")
ABOUT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-6-luna",
    "gen_ai.response.model": "gpt-6-luna-2026",
    "server.address": "api.openai.com",
    "server.port": 443,
}
UNKNOWN = {**ABOUT, "gen_ai.token.modality": "unknown"}


def answered(reply: Reply = ANSWER, call: Call | None = None, **telemetry: Any) -> Measured:
    measured = Measured(call, **telemetry)
    measured.attempt()
    measured.answers(reply)
    measured.finish()
    return measured


def genai(measured: Measured) -> set[str]:
    return {name for name in measured.read() if name.startswith("gen_ai.")}


def test_an_answer_leaves_its_duration_and_its_tokens_under_the_names_of_today() -> None:
    measured = answered()
    assert measured.one("gen_ai.client.operation.duration") == (ABOUT, (1, 1.0))
    assert measured.points("gen_ai.client.token.usage") == [
        ({**ABOUT, "gen_ai.token.type": "input"}, (1, 100)),
        ({**ABOUT, "gen_ai.token.type": "output"}, (1, 20)),
    ]
    assert genai(measured) == {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"}


def test_the_newest_conventions_count_tokens_by_kind_and_modality() -> None:
    measured = answered(metrics="inference")
    usage = "gen_ai.client.inference.usage."
    assert measured.one("gen_ai.client.inference.duration") == (ABOUT, (1, 1.0))
    assert measured.one(f"{usage}input_tokens") == (UNKNOWN, 100)
    assert measured.one(f"{usage}output_tokens") == (UNKNOWN, 20)
    assert measured.one(f"{usage}cache_read.input_tokens") == (UNKNOWN, 60)
    assert measured.one(f"{usage}cache_write.input_tokens") == (UNKNOWN, 10)
    assert measured.one(f"{usage}reasoning.output_tokens") == (UNKNOWN, 5)
    assert measured.one("gen_ai.client.inference.operation.input_tokens") == (ABOUT, (1, 100))
    assert measured.one("gen_ai.client.inference.operation.output_tokens") == (ABOUT, (1, 20))
    assert not {name for name in genai(measured) if name.startswith(("gen_ai.client.operation", "gen_ai.client.token"))}


def test_audio_is_told_apart_and_the_sum_stays_the_whole() -> None:
    measured = answered(Reply("hi", usage=Usage(input=100, output=20, input_audio=70, output_audio=0)), metrics="inference")
    name = "gen_ai.client.inference.usage.input_tokens"
    assert {said["gen_ai.token.modality"]: value for said, value in measured.points(name)} == {"unknown": 30, "audio": 70}
    assert measured.total(name) == 100
    assert [value for _, value in measured.points("gen_ai.client.inference.usage.output_tokens")] == [20]


def test_both_generations_may_be_recorded_at_once() -> None:
    assert genai(answered(metrics="both")) == genai(answered()) | genai(answered(metrics="inference"))


def test_buckets_are_those_of_the_conventions() -> None:
    measured = answered(metrics="both")
    data = measured.reader.get_metrics_data()
    assert data is not None
    bounds = {
        metric.name: metric.data.data_points[0].explicit_bounds  # type: ignore[union-attr]
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
        if metric.name.startswith("gen_ai.") and hasattr(metric.data.data_points[0], "explicit_bounds")
    }
    assert bounds["gen_ai.client.operation.duration"] == pytest.approx(
        (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
    )
    assert bounds["gen_ai.client.token.usage"][:4] == (1, 4, 16, 64)
    assert bounds["gen_ai.client.token.usage"][-1] == 67108864
    assert bounds["gen_ai.client.inference.operation.input_tokens"] == bounds["gen_ai.client.token.usage"]


def test_retries_are_one_measurement_over_all_tries() -> None:
    measured = Measured()
    measured.attempt()
    measured.fails(RateLimitError("slow down"), "rate_limit")
    measured.waits(0.5)
    measured.attempt(retry=1)
    measured.answers(ANSWER, retry=1)
    measured.finish()
    assert measured.one("gen_ai.client.operation.duration") == (ABOUT, (1, 2.5))


def test_a_fallback_is_a_measurement_of_its_own_and_the_failure_says_its_type() -> None:
    measured = Measured()
    measured.attempt()
    measured.fails(RateLimitError("slow down"), "rate_limit")
    measured.attempt("large", fell=("small", "rate_limit"))
    measured.answers(Reply("hi"), model="large")
    measured.finish()
    durations = {
        said["gen_ai.request.model"]: (said.get("error.type"), value) for said, value in measured.points("gen_ai.client.operation.duration")
    }
    assert durations == {"gpt-6-luna": ("429", (1, 1.0)), "claude-opus-5-5": (None, (1, 1.0))}


def test_a_failure_records_no_tokens_by_the_old_names_and_a_zero_by_the_new() -> None:
    measured = Measured(metrics="both")
    measured.attempt()
    measured.fails(TimeoutError("30s"), "timeout")
    measured.finish("failed", TimeoutError("30s"))
    assert measured.points("gen_ai.client.token.usage") == []
    (about, tokens) = measured.one("gen_ai.client.inference.usage.input_tokens")
    assert (tokens, about["gen_ai.token.modality"]) == (0, "unknown")
    assert "error.type" not in about
    assert measured.points("gen_ai.client.inference.operation.input_tokens") == []


def test_tokens_of_an_answer_that_could_not_be_used_are_added_to_those_of_the_retry() -> None:
    measured = Measured()
    measured.attempt()
    measured.fails(ValueError("no JSON"), "server_error", reply=Reply("{", usage=Usage(input=10, output=2, reasoning=1)))
    measured.attempt(retry=1)
    measured.answers(Reply("{}", usage=Usage(input=10, output=3)), retry=1)
    measured.finish()
    assert [value for _, value in measured.points("gen_ai.client.token.usage")] == [(1, 20), (1, 5)]


def test_a_stream_leaves_the_time_to_its_first_chunk_and_for_each_after_it() -> None:
    measured = Measured(metrics="both")
    measured.attempt()
    measured.opens(first_chunk=0.4)
    measured.answers(ANSWER, waited=1.2, first_chunk=0.4, chunks=5)
    measured.finish()
    for generation in ("operation", "inference"):
        assert measured.one(f"gen_ai.client.{generation}.time_to_first_chunk") == (ABOUT, (1, 0.4))
        assert measured.one(f"gen_ai.client.{generation}.time_per_output_chunk") == (ABOUT, (1, 0.2))


@pytest.mark.parametrize("chunks", [None, 1])
def test_a_stream_whose_chunks_say_nothing_of_their_pace_leaves_no_time_for_each(chunks: int | None) -> None:
    measured = Measured()
    measured.attempt()
    measured.opens(first_chunk=0.4)
    measured.answers(ANSWER, waited=1.2, first_chunk=0.4, chunks=chunks)
    measured.finish()
    assert "gen_ai.client.operation.time_per_output_chunk" not in genai(measured)


def test_a_stream_that_is_dropped_early_is_measured_and_is_no_error() -> None:
    measured = Measured()
    measured.attempt()
    measured.opens(first_chunk=0.4)
    measured.dropped(GeneratorExit(), Reply("", usage=Usage(input=100, output=3), model="gpt-6-luna-2026"))
    measured.finish("cancelled", GeneratorExit())
    assert measured.one("gen_ai.client.operation.duration") == (ABOUT, (1, 2.0))
    assert measured.one("gen_ai.client.operation.time_to_first_chunk") == (ABOUT, (1, 0.4))
    assert [value for _, value in measured.points("gen_ai.client.token.usage")] == [(1, 100), (1, 3)]


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), asyncio.CancelledError()], ids=repr)
def test_a_call_that_its_caller_gives_up_is_no_error_of_the_model_as_on_its_span(error: BaseException, told: bool) -> None:
    measured = Measured()
    measured.attempt()
    if told:
        measured.dropped(error)
    measured.finish("cancelled", error)
    (about, (count, _)) = measured.one("gen_ai.client.operation.duration")
    assert (count, about.get("error.type")) == (1, None)
    assert measured.one("taskroute.calls")[0]["taskroute.status"] == "cancelled"


def test_work_that_nobody_told_the_end_of_ends_with_the_call() -> None:
    measured = Measured()
    measured.attempt()
    measured.tick(3)
    measured.finish("failed", TimeoutError("late"))
    (about, duration) = measured.one("gen_ai.client.operation.duration")
    assert (about["error.type"], duration) == ("TimeoutError", (1, 3.0))


def test_a_failure_before_a_stored_answer_stays_a_failure() -> None:
    measured = Measured()
    measured.attempt()
    measured.fails(TimeoutError("30s"), "timeout")
    measured.serves(ANSWER, stale=True)
    measured.finish(cache=CacheNote("stale", age=5.0), answered_by="small")
    (about, _) = measured.one("gen_ai.client.operation.duration")
    assert about["error.type"] == "TimeoutError"
    assert measured.points("gen_ai.client.token.usage") == []


def test_what_a_cache_answers_is_no_inference() -> None:
    measured = Measured()
    measured.serves(ANSWER)
    measured.finish(cache=CacheNote("hit", age=5.0), answered_by="small")
    assert genai(measured) == set()


def test_what_a_cache_of_the_hosts_own_answers_is_no_inference() -> None:
    assert genai(answered(ANSWER._replace(from_cache=True))) == set()


def test_nothing_of_the_conventions_is_recorded_where_somebody_else_does() -> None:
    measured = answered(call=Call("hi", measured=True), metrics="both")
    assert genai(measured) == set()
    assert measured.one("taskroute.calls")[1] == 1


def test_a_span_of_somebody_elses_says_nothing_of_metrics() -> None:
    assert "gen_ai.client.operation.duration" in genai(answered(call=Call("hi", traced=True)))


def test_embeddings_have_a_duration_by_its_old_name_and_no_output() -> None:
    call = Call("hi", operation="embeddings")
    measured = answered(Reply(None, usage=Usage(input=8, output=0)), call, metrics="inference")
    assert genai(measured) == {
        "gen_ai.client.operation.duration",
        "gen_ai.client.inference.usage.input_tokens",
        "gen_ai.client.inference.operation.input_tokens",
    }
    (about, _) = measured.one("gen_ai.client.operation.duration")
    assert about["gen_ai.operation.name"] == "embeddings"
    assert [
        value
        for _, value in answered(Reply(None, usage=Usage(input=8, output=0)), call, metrics="both").points(
            "gen_ai.client.operation.duration"
        )
    ] == [(1, 1.0)]


class Asks:
    """What a host says that it asks."""

    def __init__(self, sent: Sent | Exception) -> None:
        self._sent = sent

    def sent(self, model: str) -> Sent:
        if isinstance(self._sent, Exception):
            raise self._sent
        return self._sent

    def messages(self) -> Any:
        raise AssertionError("metrics have no content")

    instructions = tools = messages


def test_what_the_policy_does_not_say_of_a_model_its_host_does() -> None:
    asked = Asks(Sent(provider="azure", model="gpt-6", server_address="eu.example.com", server_port=8443))
    measured = Measured(Call("hi", asking=asked))
    measured.attempt("bare")
    measured.answers(Reply("hi"), model="bare")
    measured.finish()
    assert measured.one("gen_ai.client.operation.duration")[0] == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "azure.ai.openai",
        "gen_ai.request.model": "gpt-6",
        "server.address": "eu.example.com",
        "server.port": 8443,
    }


def test_a_host_that_cannot_say_costs_one_warning_and_no_measurement() -> None:
    class UnreadableError(Exception):
        pass

    def requested() -> str:
        measured = Measured(Call("hi", asking=Asks(UnreadableError("secret"))))
        measured.attempt("bare")
        measured.answers(Reply("hi"), model="bare")
        measured.finish()
        return str(measured.one("gen_ai.client.operation.duration")[0]["gen_ai.request.model"])

    with pytest.warns(RuntimeWarning, match="UnreadableError") as warned:
        assert [requested(), requested()] == ["bare", "bare"]
    assert len(warned) == 1
    assert "secret" not in str(warned[0].message)


def test_a_password_in_a_url_goes_nowhere() -> None:
    measured = Measured()
    measured.attempt("onprem")
    measured.answers(Reply("hi"), model="onprem")
    measured.finish()
    (about, _) = measured.one("gen_ai.client.operation.duration")
    assert (about["server.address"], about["server.port"]) == ("10.0.0.7", 11434)
    assert "secret" not in str(measured.read())
