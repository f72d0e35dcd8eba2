"""The built-in classifier: tasks of prompts from elsewhere, decisions that flip, and the time that it takes.

    python -m benchmarks.quality.classifier            # all but `sources`
    python -m benchmarks.quality.classifier sources    # trains once for each benchmark that is left out: ten minutes and more

`strangers` are prompts written for tests; the author of the phrasings had read them before, so that they flatter. `sources` leaves out a
benchmark with all that is like it, trains on the rest and asks for its tasks: code, mathematics and everything else, each weighing the
same. `flips` counts decisions at the policy's default threshold that a perturbation changes, abstaining included, over ten draws.
`everyday` asks for prompts that belong to no task, or to one that is easily missed, and counts what is wrong though sure.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts")]

from tests.signals.prompts import PROMPTS  # noqa: E402
from tests.signals.unseen_prompts import UNSEEN  # noqa: E402

from benchmarks.quality.everyday import EVERYDAY  # noqa: E402
from benchmarks.quality.packs import folder  # noqa: E402
from benchmarks.quality.paraphrases import PAIRS  # noqa: E402
from benchmarks.quality.perturb import PERTURBATIONS  # noqa: E402
from benchmarks.quality.turns import TURNS  # noqa: E402
from taskroute.learned.builtin import BuiltinClassifier  # noqa: E402
from taskroute.learned.builtin_model import BuiltinModel  # noqa: E402
from taskroute.learned.request import read_prompt  # noqa: E402
from taskroute.ports import Classifier  # noqa: E402
from taskroute.signals.classifiers.keywords import KeywordClassifier  # noqa: E402
from taskroute.signals.said import Said  # noqa: E402
from taskroute.signals.size import cap  # noqa: E402
from taskroute.signals.task import classified_task  # noqa: E402
from taskroute.taxonomy import TASKS  # noqa: E402

SURE: Final = 0.6
DRAWS: Final = 10
"""Times that each perturbation is drawn for each prompt."""
LEFT_OUT: Final = {
    "all packs": ("",),
    "GSM8K, MGSM": ("llmrouter:gsm8k", "llmrouter:agentverse", "routellm_gsm8k"),
    "MATH": ("llmrouter:math",),
    "MBPP": ("llmrouter:mbpp",),
    "HumanEval": ("llmrouter:human_eval",),
    "MBPP, HumanEval": ("llmrouter:mbpp", "llmrouter:human_eval"),
    "MMLU, MMLU-Pro": ("llmrouter:mmlu", "routellm_mmlu", "mmlupro"),
    "TriviaQA": ("llmrouter:trivia",),
    "OpenBookQA, ARC": ("llmrouter:openbook", "llmrouter:arc"),
    "CommonsenseQA": ("llmrouter:commonsense",),
    "GPQA": ("llmrouter:gpqa",),
    "CLINC150 small talk": ("clinc150",),
}
"""What is left out together: the name, and how its sources begin."""


class Told(NamedTuple):
    """How a classifier did on prompts whose task is known."""

    count: int
    best: float
    """Share whose likeliest task is right."""
    answered: float
    """Share on which the policy would act."""
    right: float
    """Of these, the share whose task, or group, is right."""


def decision(classifier: Classifier, text: str) -> str | None:
    """Return the task or group that a policy would act on."""
    return classified_task(classifier.classify(cap(text), TASKS), source=classifier.name, min_confidence=SURE).value


def told(classifier: Classifier, prompts: Iterable[tuple[str, str]]) -> Told:
    """Return how a classifier did on prompts with their tasks."""
    rows = list(prompts)
    likeliest = [classifier.classify(text, TASKS).best() for text, _ in rows]
    best = sum(found is not None and found[0] == task for found, (_, task) in zip(likeliest, rows, strict=True))
    acted = [(decision(classifier, text), task) for text, task in rows]
    sure = [(found, task) for found, task in acted if found is not None]
    right = sum(found in {task, TASKS[task]} for found, task in sure)
    return Told(len(rows), best / len(rows), len(sure) / len(rows), right / max(1, len(sure)))


def strangers() -> None:
    """Print how the built-in and the keyword classifier do on prompts written for tests."""
    print("| prompts | classifier | n | likeliest right | answered | of these right (task or group) |\n|---|---|---|---|---|---|")
    for name, prompts in (("prompts", PROMPTS), ("unseen_prompts", UNSEEN)):
        rows = [(prompt.text, prompt.task) for prompt in prompts if prompt.task]
        for classifier in (BuiltinClassifier(), KeywordClassifier()):
            found = told(classifier, rows)
            print(f"| {name} | {classifier.name} | {found.count} | {found.best:.3f} | {found.answered:.3f} | {found.right:.3f} |")


def flips() -> None:
    """Print the share of decisions that each perturbation changes."""
    from classifier_data.prompts import read_packs

    packs = list(read_packs(folder()))
    random.Random(11).shuffle(packs)
    sets = {"prompts": [prompt.text for prompt in PROMPTS if prompt.task], "unseen_prompts": [prompt.text for prompt in UNSEEN]}
    sets["packs (partly trained on)"] = [example.text for example in packs[:600]]
    print(f"| prompts | classifier | n | {' | '.join(PERTURBATIONS)} | mean |\n|---|---|---|{'---|' * (len(PERTURBATIONS) + 1)}")
    for name, texts in sets.items():
        for classifier in (BuiltinClassifier(), KeywordClassifier()):
            shares = [_flipped(classifier, texts, change) for change in PERTURBATIONS.values()]
            print(
                f"| {name} | {classifier.name} | {len(texts)} | {' | '.join(f'{share:.3f}' for share in shares)} | {np.mean(shares):.3f} |",
                flush=True,
            )
    print("\n| paraphrases by hand | pairs | changed | of these to another group, both sure |\n|---|---|---|---|")
    for classifier in (BuiltinClassifier(), KeywordClassifier()):
        both = [(decision(classifier, one), decision(classifier, other)) for one, other in PAIRS]
        hard = sum(None not in pair and TASKS.get(str(pair[0]), pair[0]) != TASKS.get(str(pair[1]), pair[1]) for pair in both)
        print(f"| {classifier.name} | {len(both)} | {sum(a != b for a, b in both) / len(both):.3f} | {hard / len(both):.3f} |")


def _flipped(classifier: Classifier, texts: Sequence[str], change: Callable[[str, random.Random], str]) -> float:
    unchanged = [decision(classifier, text) for text in texts]
    changed = 0
    for seed in range(DRAWS):
        rng = random.Random(seed)
        changed += sum(known != decision(classifier, change(text, rng)) for known, text in zip(unchanged, texts, strict=True))
    return changed / (DRAWS * len(texts))


def _coarse(task: str) -> str:
    return "code" if TASKS.get(task) == "code" else "math" if task == "math" else "other"


def sources() -> None:
    """Print, for every benchmark that is left out of training, how often its task is found."""
    from classifier_data.prompts import own_prompts, read_errands, read_packs
    from classifier_data.training import train

    packs = list(read_packs(folder()))
    errands = list(read_errands(folder()))
    own = own_prompts(250, 1)
    print("| left out | n | task right | code, mathematics or other right (each class alike) | per class |\n|---|---|---|---|---|")
    for name, beginnings in LEFT_OUT.items():
        rng = random.Random(3)
        out = [example for example in packs if example.source.startswith(beginnings)]
        kept = [example for example in (*packs, *errands) if not example.source.startswith(beginnings)]
        rng.shuffle(kept)
        by_task: dict[tuple[str, str], int] = {}
        chosen = []
        for example in kept:
            key = (example.source.partition(":")[0], example.task)
            by_task[key] = by_task.get(key, 0) + 1
            if by_task[key] <= 400:
                chosen.append(example)
        model = train([*own, *chosen], rounds=60, temperature=0.7)
        asked = rng.sample(out, min(len(out), 3000))
        print(_row(name, model, [(example.text, example.task) for example in asked]), flush=True)


def _row(name: str, model: BuiltinModel, rows: Sequence[tuple[str, str]]) -> str:
    right = 0
    coarse: dict[str, list[bool]] = {}
    for text, task in rows:
        asked = model.judge(read_prompt(text))
        best = max(asked.tasks, key=asked.tasks.__getitem__)
        right += best == task
        coarse.setdefault(_coarse(task), []).append(_coarse(best) == _coarse(task))
    shares = {kind: float(np.mean(found)) for kind, found in coarse.items()}
    each = ", ".join(f"{kind} {share:.3f}" for kind, share in sorted(shares.items()))
    return f"| {name} | {len(rows)} | {right / len(rows):.3f} | {np.mean(list(shares.values())):.3f} | {each} |"


def context() -> None:
    """Print how many messages that lean on what stands before them are told right, alone and with it."""
    classifier = BuiltinClassifier()
    alone = with_it = 0
    for now, before, system, wanted in TURNS:
        said = Said(now, earlier=(before,) if before else (), system=system)
        for text in (now, said):
            best = classifier.classify(text, TASKS).best()
            right = best is not None and best[0] in wanted.split()
            alone += right and text is now
            with_it += right and text is said
    print(f"of {len(TURNS)} messages: {alone} right alone, {with_it} with what stands before them")


def everyday() -> None:
    """Print how many everyday prompts are told right, wrong though sure, and not at all, by kind."""
    print("| everyday prompts | classifier | n | right | wrong and sure | abstained |\n|---|---|---|---|---|---|")
    for classifier in (BuiltinClassifier(), KeywordClassifier()):
        kinds: dict[str, Counter[str]] = {}
        for prompt in EVERYDAY:
            found = decision(classifier, Said(prompt.text, system=prompt.system))
            how = "abstained" if found is None else "right" if found in prompt.wanted else "wrong"
            kinds.setdefault(prompt.kind, Counter())[how] += 1
        for kind, counts in [*kinds.items(), ("all", sum(kinds.values(), Counter()))]:
            print(
                f"| {kind} | {classifier.name} | {counts.total()} | {counts['right']} | {counts['wrong']} | {counts['abstained']} |",
                flush=True,
            )


def speed() -> None:
    """Print how long it takes to load, and to classify and decide at several lengths, in microseconds of processor time."""
    began = time.thread_time_ns()
    classifier = BuiltinClassifier()
    print(f"load: {(time.thread_time_ns() - began) / 1e6:.1f} ms\n\n| prompts | characters | p50 µs | p99 µs |\n|---|---|---|---|")
    texts = [prompt.text for prompt in PROMPTS if prompt.task] + [prompt.text for prompt in UNSEEN]
    english = [prompt.text for prompt in PROMPTS if prompt.task and prompt.language.startswith("en") and prompt.text.isascii()]
    rng = random.Random(1)
    for name, known, size in (("English", english, 500), ("mixed", texts, 500), ("mixed", texts, 4_000), ("mixed", texts, 400_000)):
        prompts = [" ".join(rng.sample(known, 12))[:500] for _ in range(300)]
        prompts = [(prompt * (size // len(prompt) + 1))[:size] for prompt in prompts]
        times: list[int] = []
        for _ in range(4):
            for prompt in prompts:
                start = time.thread_time_ns()
                decision(classifier, prompt)
                times.append(time.thread_time_ns() - start)
        warm = times[len(prompts) :]
        print(f"| {name} | {size:,} | {np.quantile(warm, 0.5) / 1e3:.1f} | {np.quantile(warm, 0.99) / 1e3:.1f} |", flush=True)


PARTS: Final = {"strangers": strangers, "flips": flips, "context": context, "everyday": everyday, "speed": speed, "sources": sources}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts that are named, or all but `sources`."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.classifier", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=PARTS, metavar="part", help=f"{', '.join(PARTS)}; all but `sources` when none is named")
    for name in parser.parse_args(arguments).parts or [part for part in PARTS if part != "sources"]:
        print(f"\n## {name}\n")
        PARTS[name]()


if __name__ == "__main__":
    main()
