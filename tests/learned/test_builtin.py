"""What the built-in classifier says of tasks and complexity, and when it says nothing."""

from __future__ import annotations

import asyncio
import pickle
import random
import warnings
from pathlib import Path

import pytest
from benchmarks.quality.perturb import PERTURBATIONS
from hypothesis import given, settings
from hypothesis import strategies as st

from taskroute import Call, Router, hybrid
from taskroute.learned.builtin import WEIGHTS, BuiltinClassifier
from taskroute.ports import Classifier
from taskroute.signals.said import Said
from taskroute.signals.task import classified_task
from taskroute.taxonomy import COMPLEXITIES, TASK_GROUPS, TASKS
from taskroute.types import Classification
from tests.policies import policy, when
from tests.signals.more_prompts import COMPLEX, FOREIGN
from tests.signals.prompts import PROMPTS
from tests.signals.unseen_prompts import UNSEEN

SURE = 0.6
"""The policy's default for `min_confidence`."""
COVERED = frozenset({"nl"})
"""Languages that the keyword lists do not cover and this classifier does."""

classifier = BuiltinClassifier()


def decided(text: str) -> str | None:
    """Return the task or the group that a policy would act on."""
    return classified_task(classifier.classify(text, TASKS), source="builtin", min_confidence=SURE).value


def test_it_is_a_classifier() -> None:
    assert isinstance(classifier, Classifier)
    assert (classifier.name, classifier.local, tuple(classifier.labels)) == ("builtin", True, ())


def test_prompts_that_it_was_not_trained_on_are_told_apart() -> None:
    prompts = [prompt for prompt in PROMPTS if prompt.task]
    found = [(decided(prompt.text), prompt.task) for prompt in prompts]
    answered = [(task, wanted) for task, wanted in found if task is not None]
    assert len(answered) >= 0.9 * len(prompts)
    assert sum(task in {wanted, TASKS[wanted or ""]} for task, wanted in answered) >= 0.92 * len(answered)


def test_on_the_prompts_of_strangers_it_is_mostly_right() -> None:
    best = [(classifier.classify(prompt.text, TASKS).best(), prompt.task) for prompt in UNSEEN]
    assert sum(found is not None and found[0] == task for found, task in best) >= 0.65 * len(UNSEEN)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_small_changes_of_a_prompt_seldom_change_the_decision(name: str) -> None:
    prompts = [prompt.text for prompt in PROMPTS if prompt.task]
    rng = random.Random(7)
    changed = sum(decided(text) != decided(PERTURBATIONS[name](text, rng)) for text in prompts)
    assert changed <= 0.12 * len(prompts)


@pytest.mark.parametrize("prompt", [prompt for prompt in FOREIGN if prompt.language not in COVERED], ids=lambda prompt: prompt.language)
def test_it_is_never_sure_of_a_language_that_it_has_not_learned_from(prompt: object) -> None:
    assert decided(getattr(prompt, "text")) is None  # noqa: B009


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\t",
        "…—!!",
        "😀😃😄🎉🎉🎉",
        "\x00\x01\xff\x02" * 50,
        "\ud800\udfff",
        "xqzt wvb plk",
        "42",
        "\u200b\u200b",
        "请把这句话翻译成英文。",
    ],
)
def test_it_says_nothing_of_text_that_asks_for_nothing_it_knows(text: str) -> None:
    assert decided(text) is None


@pytest.mark.parametrize(
    "order",
    [
        "Route me to the best model.",
        "This is a very hard expert task, use GPT-5.",
        "Difficulty: expert.",
        "Use the strongest model available.",
    ],
)
@pytest.mark.parametrize("prompt", ["Hello, how are you?", "What is the capital of Peru?", "Translate this into French: good night"])
def test_who_asks_cannot_choose_the_model_by_saying_so(prompt: str, order: str) -> None:
    alone = classifier.classify(prompt, TASKS)
    for text in (f"{prompt} {order}", f"{order} {prompt}", f"{order}\n{prompt}"):
        found = classifier.classify(text, TASKS)
        assert found.complexity == alone.complexity
        assert found.best() is not None
        assert (found.best() or ("", 0))[0] == (alone.best() or ("", 0))[0]


@pytest.mark.parametrize(
    ("prompt", "orders"),
    [
        ("Was ist die Hauptstadt von Peru?", ["Nimm das beste Modell.", "Verwende bitte GPT-5.", "Das ist eine sehr schwierige Aufgabe."]),
        ("Quelle est la capitale du Pérou ?", ["Utilise GPT-5.", "Choisis le meilleur modèle.", "C'est une question très difficile."]),
        ("¿Cuál es la capital de Perú?", ["Usa GPT-5.", "Utiliza el mejor modelo.", "Esta es una tarea muy difícil."]),
        ("Qual è la capitale del Perù?", ["Usa GPT-5.", "Scegli il modello migliore.", "Questo è un compito molto difficile."]),
        ("Qual é a capital do Peru?", ["Use o GPT-5.", "Escolha o melhor modelo.", "Esta é uma tarefa muito difícil."]),
        ("Wat is de hoofdstad van Peru?", ["Gebruik GPT-5.", "Kies het beste model.", "Dit is een heel moeilijke vraag."]),
    ],
)
def test_orders_in_other_languages_choose_nothing_either(prompt: str, orders: list[str]) -> None:
    alone = classifier.classify(prompt, TASKS)
    for order in orders:
        for text in (f"{prompt} {order}", f"{order} {prompt}"):
            assert classifier.classify(text, TASKS) == alone


def test_a_question_about_models_is_no_order() -> None:
    assert classifier.classify("Which model is best for time series, and why?", TASKS).best() is not None


def test_the_material_of_retrieval_does_not_drown_the_question() -> None:
    passage = "She wrote a poem, fixed the bug in the function, and the equation was solved by the translator. "
    for text in (
        f"Context:\n{passage * 40}\n\nQuestion: When did she leave?",
        f"Answer from the context.\n{passage * 400}\nQuestion: who left?",
    ):
        assert decided(text) in {"question_answering", "chat"}
    assert decided(f"Summarize the following text.\n\n{passage * 40}\nKeep the summary to three sentences.") == "summarization"


def test_only_the_tasks_asked_for_are_scored() -> None:
    text = "Fix the bug in this function: def f(): return x"
    assert set(classifier.classify(text, ["debugging"]).scores) == {"debugging"}
    assert set(classifier.classify(text, ["code"]).scores) <= set(TASK_GROUPS["code"])
    assert not classifier.classify(text, ["billing"]).scores


def test_complexity_fits_most_prompts_and_never_confuses_the_ends() -> None:
    levels = [(prompt.task, classifier.classify(prompt.text, TASKS).complexity) for prompt in COMPLEX if prompt.held_out]
    assert sum(wanted == level for wanted, level in levels) >= 0.75 * len(levels)
    assert all({wanted, level} != {"low", "high"} for wanted, level in levels)


@pytest.mark.parametrize("text", ["😀", "😀🎉😀", "👍🏽", "\x00\x01\x02", "\u200b", "???", "…", "{}", "_", "√", "```\n```"])
def test_a_text_without_a_letter_or_a_digit_gets_nothing(text: str) -> None:
    for said in (text, Said(text, earlier=("Write a Python function.",), system="You review SQL.")):
        assert classifier.classify(said, TASKS) == Classification()


def test_one_word_or_sum_beside_signs_is_judged() -> None:
    assert decided("2+2=?") == "math"
    assert decided("😀 write a poem about rain 😀") == "creative"


def test_async_says_the_same() -> None:
    text = "Write a haiku about rain."
    assert asyncio.run(classifier.aclassify(text, TASKS)) == classifier.classify(text, TASKS)


def test_ten_megabytes_are_read_at_their_ends_only() -> None:
    text = "Summarize the following report.\n" + "word " * 2_000_000 + "\nKeep it to one paragraph."
    assert classifier.classify(text, TASKS) == classifier.classify(text[:2_000] + text[-2_000:], TASKS)


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "flipped", "other"])
def test_weights_that_cannot_be_read_cost_one_warning_and_it_abstains(damage: str, tmp_path: Path) -> None:
    path = tmp_path / f"{damage}.safetensors"
    content = bytearray(WEIGHTS.read_bytes())
    content[-100] ^= 0xFF
    written = {"empty": b"", "cut": WEIGHTS.read_bytes()[:-1000], "flipped": bytes(content), "other": pickle.dumps({"a": 1})}
    if damage in written:
        path.write_bytes(written[damage])
    with pytest.warns(RuntimeWarning, match="abstains") as warned:
        broken = BuiltinClassifier(path)
    assert len(warned) == 1
    assert damage == "missing" or "install taskroute again" in str(warned[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = BuiltinClassifier(path)
    for found in (broken, again):
        answer = found.classify("Write a haiku about rain.", TASKS)
        assert (dict(answer.scores), answer.complexity) == ({}, None)
        assert answer.why == "the weights of the built-in classifier cannot be read"
    unsure = hybrid(lambda text: {"math": 0.3}, broken)
    signal = Router(policy(routes=when(task="code")), classifier=unsure, environ={}).decide(Call("Write a haiku about rain.")).signals.task
    assert (signal.source, signal.detail) == ("builtin", "the weights of the built-in classifier cannot be read")


def test_the_weights_are_small_enough_to_ship() -> None:
    assert WEIGHTS.stat().st_size <= 3_000_000


@settings(max_examples=60)
@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_is_judged_within_bounds(text: str) -> None:
    found = classifier.classify(text, TASKS)
    assert all(0 < score <= 1 for score in found.scores.values())
    assert sum(found.scores.values()) <= 1.001
    assert set(found.scores) <= set(TASKS)
    assert found.complexity is None or found.complexity in COMPLEXITIES
    assert found.complexity_confidence is None or 1 / 3 <= found.complexity_confidence <= 1
