"""Feedback: what is remembered of an answer, who may score it and until when, and what training reads back."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import subprocess
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskroute import AllModelsFailedError, Call, ConfigurationError, PolicyError, Router, RouterClosedError, UnknownDecisionError
from taskroute.errors import DataError
from taskroute.execution.drivers import adrive, drive
from taskroute.feedback.record import Answered, Scored, UnreadableError, dumps, load_answered, load_scored
from taskroute.feedback.scores import Scores
from taskroute.learning.columns import Row
from taskroute.learning.feedback_rows import read_feedback, rows_of
from taskroute.policy.choosing import Feedback
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock
from taskroute.types import Reply, Usage
from tests.router.test_cost import Host
from tests.stores.redis_server import RedisServer

MODELS = {name: {"model": f"test:{name}", "price": {"input": 1, "output": 2}} for name in ("small", "large")}


def data(feedback: Mapping[str, Any] | None, **changes: Any) -> dict[str, Any]:
    return {"models": MODELS, "default": ["small", "large"], **({} if feedback is None else {"feedback": feedback}), **changes}


def kept_in(path: Path, **changes: Any) -> dict[str, Any]:
    return data({"path": str(path / "kept"), **changes})


def written(policy: Mapping[str, Any], path: Path) -> str:
    """Write a policy file, and return its name."""
    file = path / "policy.yaml"
    file.write_text(json.dumps(policy), encoding="utf-8")
    return str(file)


def answered(router: Router, call: Call) -> str:
    """Carry a call out, and return the id of its decision."""
    outcome = drive(router.run(call), Host(router, Reply("fine", Usage(1000, 500), text="fine")))
    return outcome.decision.id


def rows(policy: Mapping[str, Any], path: Path) -> tuple[Row, ...]:
    return tuple(row._replace(place=None) for row in read_feedback(written(policy, path), {}).rows)


def test_a_score_comes_back_for_training_with_what_was_known_of_the_call(tmp_path: Path) -> None:
    policy = kept_in(tmp_path)
    with Router(policy, environ={}) as router:
        decision = answered(router, Call("What is 2 + 2?", stage="generate", task="math"))
        router.feedback(decision, 0.75)
    (row,) = rows(policy, tmp_path)
    assert row._replace(latency=None) == Row(
        "small", 0.75, decision, None, "math", "generate", cost=0.002, input_tokens=1000.0, output_tokens=500.0
    )
    assert row.latency is not None


def test_an_async_call_is_scored_alike(tmp_path: Path) -> None:
    policy = kept_in(tmp_path)

    async def scored() -> None:
        async with Router(policy, environ={}) as router:
            outcome = await adrive(
                router.run(Call("q", task="math"), is_async=True), Host(router, Reply("fine", Usage(1000, 500), text="fine"))
            )
            await router.afeedback(outcome.decision.id, True)

    asyncio.run(scored())
    assert [(row.model, row.score, row.task, row.cost) for row in rows(policy, tmp_path)] == [("small", 1.0, "math", 0.002)]


def test_a_decision_that_the_application_carries_out_itself_is_scored_too(tmp_path: Path) -> None:
    policy = kept_in(tmp_path)
    with Router(policy, environ={}) as router:
        router.feedback(router.decide(Call("q", metadata={"llm_task": "math", "llm_stage": "judge"})).id, 1)
        asyncio.run(_adecided(router))
    assert [row[:2] + row[4:7] for row in rows(policy, tmp_path)] == [
        ("small", 1.0, "math", "judge", None),
        ("small", 0.0, None, None, None),
    ]


async def _adecided(router: Router) -> None:
    decision = await router.adecide(Call("q"))
    await router.afeedback(decision.id, 0)


def test_another_process_may_score_an_answer(tmp_path: Path) -> None:
    policy = kept_in(tmp_path)
    with Router(policy, environ={}) as router:
        decision = answered(router, Call("q", task="math"))
    code = "import json, sys; from taskroute import Router\nRouter(json.loads(sys.argv[1])).feedback(sys.argv[2], 0.5)"
    subprocess.run([sys.executable, "-c", code, json.dumps(policy), decision], check=True)
    assert [(row.model, row.score, row.task, row.cost) for row in rows(policy, tmp_path)] == [("small", 0.5, "math", 0.002)]


def test_a_later_score_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    policy = kept_in(tmp_path)
    with Router(policy, environ={}) as router:
        decision = answered(router, Call("q"))
        router.feedback(decision, 1.0)
        router.feedback(decision, 0.0)
    assert [(row.id, row.score) for row in rows(policy, tmp_path)] == [(decision, 0.0)]


def test_the_answer_of_another_model_is_scored_beside_it_without_its_costs(tmp_path: Path) -> None:
    policy = kept_in(tmp_path)
    with Router(policy, environ={}) as router:
        decision = answered(router, Call("q", task="math"))
        router.feedback(decision, 0.2)
        router.feedback(decision, 0.9, model="large")
        with pytest.raises(ValueError, match="no model named 'larg'; did you mean 'large'"):
            router.feedback(decision, 0.9, model="larg")
        with pytest.raises(ValueError, match="no model named ''; known: large, small"):
            router.feedback(decision, 0.9, model="")
        with pytest.raises(TypeError, match="model= is the name of a model, not of type int"):
            router.feedback(decision, 0.9, model=5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    small, large = rows(policy, tmp_path)
    assert (small.model, small.score, small.cost) == ("small", 0.2, 0.002)
    assert large == Row("large", 0.9, decision, None, "math")


def test_the_text_of_a_question_is_kept_only_where_the_policy_says_so(tmp_path: Path) -> None:
    for name, prompts in (("without", False), ("with", True)):
        policy = kept_in(tmp_path / name, prompts=prompts)
        (tmp_path / name).mkdir()
        with Router(policy, environ={}) as router:
            router.feedback(answered(router, Call("my secret question")), 1)
        (row,) = rows(policy, tmp_path / name)
        assert row.prompt == ("my secret question" if prompts else None)
        held = b"".join(file.read_bytes() for file in (tmp_path / name / "kept").rglob("*") if file.is_file())
        assert (b"my secret question" in held) is prompts


def test_what_the_redaction_hook_leaves_of_a_question_is_kept(tmp_path: Path) -> None:
    def masked(kind: str, items: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        return [{**item, "parts": [{**part, "content": part["content"].replace("Ada", "***")} for part in item["parts"]]} for item in items]

    def withheld(kind: str, items: Sequence[Mapping[str, Any]]) -> None:
        return None

    policy = kept_in(tmp_path, prompts=True)
    for hook in (masked, withheld):
        with Router(policy, environ={}, redact=hook) as router:
            router.feedback(answered(router, Call("Who is Ada?")), 1)
    assert {row.prompt for row in rows(policy, tmp_path)} == {"Who is ***?", None}


def test_a_question_with_sensitive_data_is_not_kept(tmp_path: Path) -> None:
    policy = kept_in(tmp_path, prompts=True) | {"require": [{"when": {"sensitive": True}, "labels": "private"}]}
    policy["models"] = {name: {**entry, "labels": ["private"]} for name, entry in MODELS.items()}
    with Router(policy, environ={}) as router:
        router.feedback(answered(router, Call("Write to ada@example.org")), 1)
        router.feedback(answered(router, Call("Write a letter")), 1)
    assert [row.prompt for row in rows(policy, tmp_path)] == [None, "Write a letter"]


def test_sensitive_data_is_looked_for_even_where_the_policy_does_not_ask_for_it(tmp_path: Path) -> None:
    policy = kept_in(tmp_path, prompts=True)
    with Router(policy, environ={}) as router:
        router.feedback(answered(router, Call("Write to ada@example.org")), 1)
        router.feedback(router.decide(Call("My card is 4111 1111 1111 1111")).id, 1)
        router.feedback(answered(router, Call("Write a letter")), 1)
    assert [row.prompt for row in rows(policy, tmp_path)] == [None, None, "Write a letter"]


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan"), float("inf"), pytest.param(10**400, id="huge")])
def test_a_score_that_cannot_be_is_refused(score: float) -> None:
    router = Router(data({"store": "memory"}), environ={})
    decision = answered(router, Call("q"))
    with pytest.raises(ValueError, match="scores go from 0 to 1"):
        router.feedback(decision, score)
    with pytest.raises(ValueError, match="scores go from 0 to 1"):
        asyncio.run(router.afeedback(decision, score))


def test_a_score_may_be_any_real_number() -> None:
    router = Router(data({"store": "memory"}), environ={})
    for score in (True, np.float32(0.5), np.int64(1), Decimal("0.25"), Fraction(1, 4)):
        router.feedback(answered(router, Call("q")), score)  # type: ignore[arg-type]
    for score in (np.float32("nan"), Decimal("NaN"), Fraction(5, 4)):
        with pytest.raises(ValueError, match="scores go from 0 to 1"):
            router.feedback(answered(router, Call("q")), score)  # type: ignore[arg-type]


def test_a_score_or_an_id_of_another_type_is_refused() -> None:
    router = Router(data({"store": "memory"}), environ={})
    with pytest.raises(TypeError, match="a score is a number from 0 to 1, not str"):
        router.feedback(answered(router, Call("q")), "good")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="the id of a decision is a str, not NoneType"):
        router.feedback(None, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("store", ["memory", "disk"])
def test_an_id_that_nobody_knows_is_said_with_the_cure(store: str, tmp_path: Path) -> None:
    router = Router(data({"store": "memory"}) if store == "memory" else kept_in(tmp_path), environ={})
    with pytest.raises(
        UnknownDecisionError, match="no decision 'nonsense' is remembered: check the id; answers can be scored for 7 days"
    ) as caught:
        router.feedback("nonsense", 1)
    assert ("'disk' or 'redis'" in str(caught.value)) is (store == "memory")
    assert isinstance(caught.value, LookupError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    with pytest.raises(UnknownDecisionError):
        router.feedback("", 1)
    router.close()


def test_an_answer_is_scored_until_its_time_is_over() -> None:
    clock = FakeClock()
    router = Router(data({"store": "memory", "within": "1h"}), environ={}, clock=clock)
    decision = answered(router, Call("q"))
    clock.advance(3599)
    router.feedback(decision, 1)
    clock.advance(2)
    with pytest.raises(UnknownDecisionError):
        router.feedback(decision, 1)


def test_a_process_remembers_ten_thousand_answers_at_most() -> None:
    router = Router(data({"store": "memory"}), environ={})
    first = router.decide(Call("q")).id
    second = router.decide(Call("q")).id
    for _ in range(9_999):
        last = router.decide(Call("q")).id
    with pytest.raises(UnknownDecisionError):
        router.feedback(first, 1)
    router.feedback(second, 1)
    router.feedback(last, 1)


def test_without_the_section_there_is_nothing_to_score() -> None:
    router = Router(data(None), environ={})
    decision = answered(router, Call("q"))
    with pytest.raises(ConfigurationError, match="write 'feedback: {}'"):
        router.feedback(decision, 1)
    router.reload(data({"store": "memory"}))
    router.feedback(answered(router, Call("q")), 1)


def test_a_reload_that_leaves_it_alone_forgets_nothing() -> None:
    router = Router(data({"store": "memory"}), environ={})
    decision = answered(router, Call("q"))
    router.reload(data({"store": "memory"}, default=["large"]))
    router.feedback(decision, 1)


def test_a_call_that_no_model_answered_is_scored_only_for_a_model_that_is_named() -> None:
    router = Router(data({"store": "memory"}, retry={"extra": 0}), environ={})
    failing = Host(router, Reply("fine"))
    failing.answer = _fails  # type: ignore[method-assign]
    with pytest.raises(AllModelsFailedError), router.capture_decisions() as taken:
        drive(router.run(Call("q")), failing)
    with pytest.raises(ValueError, match="no model answered under decision .*; say whose answer this is with model="):
        router.feedback(taken[0].id, 1)
    router.feedback(taken[0].id, 1, model="large")


def _fails(attempt: Any) -> Reply:
    raise ConnectionError("refused")


def test_a_closed_router_takes_no_scores() -> None:
    router = Router(data({"store": "memory"}), environ={})
    decision = answered(router, Call("q"))
    router.close()
    with pytest.raises(RouterClosedError):
        router.feedback(decision, 1)


def test_a_pickled_router_scores_what_the_first_one_answered(tmp_path: Path) -> None:
    policy = kept_in(tmp_path)
    router = Router(policy, environ={})
    decision = answered(router, Call("q"))
    router.close()
    with pickle.loads(pickle.dumps(Router(policy, environ={}))) as copy:
        copy.feedback(decision, 1)
    assert len(rows(policy, tmp_path)) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_writes_down_its_own_answers(tmp_path: Path) -> None:
    policy = kept_in(tmp_path)
    code = (
        "import json, os, sys; from taskroute import Call, Router\n"
        "router = Router(json.loads(sys.argv[1])); router.decide(Call('q'))\n"
        "pid = os.fork()\n"
        "if not pid:\n    print(router.decide(Call('q')).id, flush=True); router.close(); os._exit(0)\n"
        "os.waitpid(pid, 0)"
    )
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", code, json.dumps(policy)], check=True, capture_output=True, text=True)
    with Router(policy, environ={}) as router:
        router.feedback(ran.stdout.strip(), 1)


def test_redis_keeps_scores_for_all_processes(redis_server: RedisServer, tmp_path: Path) -> None:
    policy = data({"store": "redis", "url": f"{redis_server.url}/7"})
    with Router(policy, environ={}) as router:
        decision = answered(router, Call("q", task="math"))
    with Router(policy, environ={}) as other:
        other.feedback(decision, 0.5)
        asyncio.run(_closed_after(other.afeedback(decision, 0.25, model="large"), other))
    found = [(row.model, row.score) for row in rows(policy, tmp_path) if row.id == decision]
    assert sorted(found) == [("large", 0.25), ("small", 0.5)]


async def _closed_after(work: Any, router: Router) -> None:
    await work
    await router.aclose()


def test_a_store_that_is_down_costs_a_warning_and_not_the_call(tmp_path: Path) -> None:
    code = (
        "import sys, warnings; from taskroute import Call, Router\n"
        "router = Router({'models': {'a': 'test:a'}, 'default': 'a', 'feedback': {'store': 'redis', 'url': 'redis://127.0.0.1:1'}})\n"
        "with warnings.catch_warnings(record=True) as said:\n"
        "    warnings.simplefilter('always'); router.decide(Call('q')); router.decide(Call('q')); router.close()\n"
        "print([str(one.message) for one in said])"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.count("a decision was not remembered in the store of 'feedback'") == 1


class StuckStore(MemoryStore):
    """Keeps whoever writes to it until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()
        self.written = 0

    def put(self, key: str, value: bytes, ttl: float | None = None) -> None:
        self.let_go.wait(30)
        self.written += 1


def test_answers_that_wait_for_a_stuck_store_do_not_fill_the_memory() -> None:
    stuck = StuckStore()
    scores = Scores(Feedback(), FakeClock(), kept=MemoryStore(), remembered=stuck)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(5_000):
            scores.remember(Answered(str(number), 0.0, "small"))
    stuck.let_go.set()
    scores.close()
    assert stuck.written == 2_000
    scores = Scores(Feedback(), FakeClock(), kept=MemoryStore(), remembered=stuck)
    scores.remember(Answered("1", 0.0, "small"))
    scores.score("1", 1, None, ("small",))
    assert [(scored.model, scored.score) for scored in scores.scored()] == [("small", 1.0)]
    scores.close()


def test_training_is_told_where_there_are_no_scores_to_read(tmp_path: Path) -> None:
    memory = written(data({"store": "memory"}), tmp_path)
    with pytest.raises(ConfigurationError, match="only the process that was told"):
        read_feedback(memory, {})
    with pytest.raises(ConfigurationError, match="this policy keeps no scores"):
        read_feedback(written(data(None), tmp_path), {})
    with pytest.raises(DataError, match="no scores were kept in this folder"):
        read_feedback(str(tmp_path), {})
    with pytest.raises(DataError, match=r"missing\.yaml: there is no such file or folder"):
        read_feedback(str(tmp_path / "missing.yaml"), {})
    (tmp_path / "empty.yaml").touch()
    with pytest.raises(PolicyError):
        read_feedback(str(tmp_path / "empty.yaml"), {})


def test_the_folder_may_be_given_in_the_place_of_the_policy(tmp_path: Path) -> None:
    with Router(kept_in(tmp_path), environ={}) as router:
        router.feedback(answered(router, Call("q")), 1)
    assert len(read_feedback(str(tmp_path / "kept"), {}).rows) == 1


def test_scores_of_models_that_are_gone_and_costs_in_other_currencies_are_left_out_and_said() -> None:
    base = Answered("1", 0.0, "small", cost=Decimal("0.5"))
    scores = [
        Scored(base, "small", 1.0, 1.0),
        Scored(base._replace(decision_id="2"), "small", 1.0, 2.0),
        Scored(base._replace(decision_id="3", currency="EUR"), "small", 1.0, 3.0),
        Scored(base._replace(decision_id="4", model="gone"), "gone", 1.0, 4.0),
    ]
    found = rows_of(scores, models=["small"])
    assert [(row.id, row.cost) for row in found.rows] == [("1", 0.5), ("2", 0.5), ("3", None)]
    assert found.notes == (
        "1 scores of models that the policy does not have were left out: 'gone'",
        "the costs of 1 answers were left out, because most are in USD",
    )


texts = st.none() | st.text(max_size=20)
answers = st.builds(
    Answered,
    decision_id=st.text(min_size=1, max_size=20),
    at=st.floats(0, 1e10),
    model=texts,
    route=texts,
    stage=texts,
    task=texts,
    cost=st.none() | st.decimals(0, 1000, allow_nan=False, places=6),
    input_tokens=st.none() | st.integers(0, 10**9),
    output_tokens=st.none() | st.integers(0, 10**9),
    latency=st.none() | st.floats(0, 1e6),
    prompt=texts,
)


@settings(max_examples=50)
@given(answers, st.text(min_size=1, max_size=20), st.floats(0, 1), st.floats(0, 1e10))
def test_a_record_comes_back_as_it_was_written(answer: Answered, model: str, score: float, at: float) -> None:
    assert load_answered(dumps(answer)) == answer
    scored = Scored(answer, model, score, at)
    assert load_scored(dumps(scored)) == scored


@settings(max_examples=50)
@given(
    st.binary(max_size=60)
    | st.sampled_from([b'{"version":1}', b'{"version":2}', b"[]", b'{"version":1,"model":"m","score":9,"at":1,"answer":{}}'])
)
def test_bytes_that_are_no_record_are_refused(data: bytes) -> None:
    for load in (load_answered, load_scored):
        with pytest.raises(UnreadableError):
            load(data)
