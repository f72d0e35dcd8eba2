"""The prompts that the built-in classifier learns from, each with its task, its source and what it is alike with."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.quality.packs import NoPacks, folder, lines
from benchmarks.quality.perturb import blanks, paraphrase

from classifier_data import sampling
from classifier_data.nothing import NOTHING
from classifier_data.slips import slips

OWN: Final = "own"
_ANSWERED: Final = "question_answering"
_TALK: Final = "conversation"
_LLMROUTER: Final = {
    "mbpp": "code_generation",
    "human_eval": "code_generation",
    "gsm8k": "math",
    "math": "math",
    "agentverse-mgsm": "math",
    "trivia_qa": _ANSWERED,
    "openbook_qa": _ANSWERED,
    "arc_challenge": _ANSWERED,
    "commonsense_qa": _ANSWERED,
    "mmlu": _ANSWERED,
    "gpqa": _ANSWERED,
}
_MATHEMATICS: Final = {"math", "abstract_algebra", "college_mathematics", "elementary_mathematics", "high_school_mathematics"}
_UNCLEAR: Final = {
    "computer science",
    "college_computer_science",
    "high_school_computer_science",
    "computer_security",
    "machine_learning",
} | {
    "high_school_statistics",
    "econometrics",
    "formal_logic",
}
"""Subjects whose questions may be called mathematics or code as well."""
_NOT_TALK: Final = {"meaning_of_life", "fun_fact", "tell_joke"}
"""Intents among CLINC150's small talk that ask for something."""
_OTHERS: Final = {
    "translate": "translation",
    "calculator": "math",
    "yes": _TALK,
    "no": _TALK,
    "maybe": _TALK,
}
"""Tasks of CLINC150's other intents that have one."""
_UNCLEAR_INTENTS: Final = {"measurement_conversion", "exchange_rate", "cancel", "repeat", "text", "oos"}
"""Intents that may be called mathematics, talk or writing as well; and what CLINC150 knows no intent for."""
_FIRST_OF_QUESTIONS: Final = """
what what's whats when when's where where's who who's which why how how's
is are am was do does did can may should will would has have
"""
_QUESTIONS: Final = frozenset(_FIRST_OF_QUESTIONS.split())
"""First words of a question. `can you` and its like begin a request."""
_MOST: Final = 700
"""Prompts of one pack and task that are used at most."""
_SLIPPED: Final = 0.7
"""Of the examples that are changed, the share that gets typing errors; the others get other blanks, or other words for the same."""


class Example(NamedTuple):
    """A prompt to learn from."""

    text: str
    task: str
    source: str
    """`own`, or the pack and the benchmark in it."""
    alike: str
    """Prompts with the same are alike: they are trained on together or not at all."""
    slipped: bool = False
    """Whether typing errors were put in."""


def own_prompts(each: int, seed: int) -> list[Example]:
    """Return prompts drawn from our own phrasings, `each` a task in English; part of them with material or with errors."""
    rng = random.Random(seed)
    plain = list(sampling.english(each, rng))
    laden = [sampling.material_around(drawn, rng) for drawn in rng.sample(plain, len(plain) // 6) if drawn.task != "conversation"]
    drawn = [*plain, *laden, *sampling.foreign(max(1, each // 6), rng), *sampling.nothings(each, rng)]
    drawn += sampling.everyday(each, rng)
    examples = [Example(found.text, found.task, OWN, found.phrasing) for found in drawn]
    return examples + changed(examples, 1.0, rng)


def changed(examples: Sequence[Example], share: float, rng: random.Random) -> list[Example]:
    """Return that share of the examples with typing errors, with other blanks, or paraphrased."""
    chosen = rng.sample(examples, round(share * len(examples)))
    return [_changed(example, rng) for example in chosen]


def _changed(example: Example, rng: random.Random) -> Example:
    slipped = rng.random() < _SLIPPED
    text = slips(example.text, rng) if slipped else rng.choice((blanks, paraphrase, paraphrase))(example.text, rng)
    return example._replace(text=text, slipped=slipped)


def pack_prompts(without: Sequence[str], seed: int) -> list[Example]:
    """Return prompts of the packs but for those left out: a pack, or a benchmark in it; none where there are no packs."""
    try:
        where = folder()
    except NoPacks as problem:
        print(problem, flush=True)
        return []
    rng = random.Random(seed)
    groups: dict[tuple[str, str], list[Example]] = {}
    for example in (*read_packs(where), *read_errands(where)):
        if not any(example.source.startswith(name) for name in without):
            groups.setdefault((example.source.partition(":")[0], example.task), []).append(example)
    chosen = [example for group in groups.values() for example in rng.sample(group, min(_MOST, len(group)))]
    return chosen + changed(chosen, 0.3, rng)


def read_packs(where: Path) -> Iterator[Example]:
    """Yield the prompts of the packs whose benchmark or subject tells their task."""
    for row in lines(where / "llmrouter_9models.jsonl.gz"):
        yield _example(row, _LLMROUTER[row["t"]], f"llmrouter:{row['t']}")
    for name in ("mmlupro_12models", "routellm_mmlu"):
        for row in lines(where / f"{name}.jsonl.gz"):
            if row["t"] not in _UNCLEAR:
                yield _example(row, "math" if row["t"] in _MATHEMATICS else _ANSWERED, f"{name.partition('_1')[0]}:{row['t']}")
    for row in lines(where / "routellm_gsm8k.jsonl.gz"):
        yield _example(row, "math", "routellm_gsm8k:gsm8k")
    for row in lines(where / "clinc150_train_val.jsonl.gz"):
        if row["domain"] == "small_talk" and row["intent"] not in _NOT_TALK:
            yield _example(row, _TALK, f"clinc150:{row['intent']}")


def read_errands(where: Path) -> Iterator[Example]:
    """Yield what people tell CLINC150's assistant of everyday life: questions, and errands, which belong to no task."""
    for row in lines(where / "clinc150_train_val.jsonl.gz"):
        if row["domain"] != "small_talk" and row["intent"] not in _UNCLEAR_INTENTS:
            words = row["p"].lower().split()
            asks = words[0] in _QUESTIONS and words[1:2] != ["you"]
            task = _OTHERS.get(row["intent"], _ANSWERED if asks else NOTHING)
            yield _example(row, task, f"clinc150:{row['intent']}")


def _example(row: dict[str, Any], task: str, source: str) -> Example:
    return Example(row["p"], task, source, row["p"])
