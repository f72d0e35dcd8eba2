"""`python -m benchmarks.quality.rebuild FOLDER`: make the packs from the public sources. It loads about 300 MB.

| pack | source | licence |
| --- | --- | --- |
| routellm_mmlu, routellm_gsm8k | github.com/lm-sys/RouteLLM, `routellm/evals` | Apache-2.0 |
| llmrouter_9models | github.com/ulab-uiuc/LLMRouter, `data/example_data/routing_data` | MIT |
| mmlupro_12models | github.com/TIGER-AI-Lab/MMLU-Pro, `eval_results` | Apache-2.0, questions MIT |
| clinc150_train_val | github.com/clinc/oos-eval, `data` | CC-BY-3.0 |

What it makes are the whole sets. Published figures of this benchmark may stand on packs that leave a part of each out.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.quality.packs import LLMROUTER_PRICES, MMLUPRO_PRICES

RAW: Final = "https://raw.githubusercontent.com"
LISTING: Final = "https://api.github.com/repos"
Load = Callable[[str], bytes]
"""Returns what is at an address."""
Row = dict[str, Any]

_ROUTELLM: Final = "lm-sys/RouteLLM"
_WEAK, _STRONG = "mixtral-8x7b", "gpt-4-1106"
_LLMROUTER: Final = "ulab-uiuc/LLMRouter/main/data/example_data/routing_data/default_routing_{part}_data.jsonl"
_MMLUPRO: Final = "TIGER-AI-Lab/MMLU-Pro/main/eval_results"
_GPT4O: Final = "gpt-4o-2024-05-13"
_CLINC: Final = "clinc/oos-eval/master/data"
SUBJECTS: Final = (
    *("biology", "business", "chemistry", "computer science", "economics", "engineering", "health", "history"),
    *("law", "math", "other", "philosophy", "physics", "psychology"),
)


class SourceChanged(Exception):
    """A source does not hold what it used to."""


def load(address: str) -> bytes:
    """Return what is at an address of the web."""
    with urllib.request.urlopen(address, timeout=120) as answer:
        return bytes(answer.read())


def routellm_gsm8k(load: Load, *, raw: str = RAW) -> Iterator[Row]:
    """Yield the questions of GSM8K with whether each of the pair was right."""
    for prompt, weak, strong in _pairs(load(f"{raw}/{_ROUTELLM}/main/routellm/evals/gsm8k/gsm8k_responses.csv")):
        yield {"p": prompt, "w": weak, "s": strong}


def routellm_mmlu(load: Load, *, raw: str = RAW, listing: str = LISTING) -> Iterator[Row]:
    """Yield the questions of MMLU with their subject and whether each of the pair was right."""
    folder = json.loads(load(f"{listing}/{_ROUTELLM}/contents/routellm/evals/mmlu/responses"))
    for name in sorted(file["name"] for file in folder if file["name"].startswith("mmlu_") and file["name"].endswith(".csv")):
        subject = name.removeprefix("mmlu_").removesuffix(".csv")
        for prompt, weak, strong in _pairs(load(f"{raw}/{_ROUTELLM}/main/routellm/evals/mmlu/responses/{name}")):
            yield {"p": prompt, "t": subject, "w": weak, "s": strong}


def llmrouter(load: Load, *, raw: str = RAW) -> Iterator[Row]:
    """Yield the prompts that all nine models were scored on, each once."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for part in ("train", "test"):
        for line in load(f"{raw}/{_LLMROUTER.format(part=part)}").splitlines():
            row = json.loads(line)
            scores = found.setdefault((row["query"], row["task_name"]), {})
            scores.setdefault(row["model_name"], float(row["performance"]))
    whole = {key: scores for key, scores in found.items() if scores.keys() >= LLMROUTER_PRICES.keys()}
    if found and not whole:
        raise SourceChanged(f"no prompt of LLMRouter was scored on all of {', '.join(LLMROUTER_PRICES)}")
    for (prompt, task), scores in whole.items():
        yield {"p": prompt, "t": task, "q": [scores[model] for model in LLMROUTER_PRICES]}


def mmlupro(load: Load, *, raw: str = RAW) -> Iterator[Row]:
    """Yield the questions with a mark for each model: 1 right, 0 wrong or no answer, - not asked; and how much each wrote."""
    answers = {model: {row["question_id"]: row for row in _answers(load, raw, model)} for model in MMLUPRO_PRICES}
    for number, row in answers[_GPT4O].items():
        options = "\n".join(f"{letter}. {option}" for letter, option in zip("ABCDEFGHIJ", row["options"], strict=False))
        told = [answers[model].get(number) for model in MMLUPRO_PRICES]
        yield {
            "i": number,
            "p": f"{row['question']}\n{options}",
            "t": row["category"],
            "s": row.get("src"),
            "q": "".join("-" if one is None else str(int(one.get("pred") == one["answer"])) for one in told),
            "o": [0 if one is None else len(_written(one)) for one in told],
        }


def clinc(load: Load, *, raw: str = RAW) -> Iterator[Row]:
    """Yield the sentences to train and to validate with, with their intent and domain; `oos` is neither."""
    domains = json.loads(load(f"{raw}/{_CLINC}/domains.json"))
    domain_of = {intent: domain for domain, intents in domains.items() for intent in intents}
    sentences = json.loads(load(f"{raw}/{_CLINC}/data_full.json"))
    for split in ("train", "val", "oos_train", "oos_val"):
        for text, intent in sentences[split]:
            yield {"p": text, "intent": intent, "split": split, "domain": domain_of.get(intent, "oos")}


def write(path: Path, rows: Iterable[Row]) -> int:
    """Write a pack, and return how many rows it has. A source that fails leaves no file behind."""
    found = list(rows)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in found)
    return len(found)


PACKS: Final[dict[str, Callable[[Load], Iterator[Row]]]] = {
    "routellm_gsm8k": routellm_gsm8k,
    "routellm_mmlu": routellm_mmlu,
    "llmrouter_9models": llmrouter,
    "mmlupro_12models": mmlupro,
    "clinc150_train_val": clinc,
}


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and make the packs that are not there yet."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.rebuild", description="Make the packs from the public sources.")
    parser.add_argument("folder", type=Path, help="where to put them; name it in TASKROUTE_BENCH_DATA")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, rows in PACKS.items():
        path = options.folder / f"{name}.jsonl.gz"
        if not path.exists():
            print(f"{path}: {write(path, rows(load))} rows")


def _pairs(table: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield prompt, weak and strong of a table of RouteLLM, whatever the models' full names are."""
    rows, columns = _table(table)
    names = [name for name in columns if not name.endswith("_response")]
    weak, strong = (next((name for name in names if wanted in name.lower()), None) for wanted in (_WEAK, _STRONG))
    if weak is None or strong is None:
        raise SourceChanged(f"RouteLLM's table has the columns {names}; needed are one of {_WEAK} and one of {_STRONG}")
    for row in rows:
        yield row["prompt"], int(row[weak] == "True"), int(row[strong] == "True")


def _table(table: bytes) -> tuple[list[dict[str, str]], list[str]]:
    """Return the rows and the columns of a CSV file whose fields may be long."""
    before = csv.field_size_limit(10_000_000)
    try:
        rows = csv.DictReader(io.StringIO(table.decode("utf-8")))
        return list(rows), list(rows.fieldnames or ())
    finally:
        # The limit is the process's.
        csv.field_size_limit(before)


def _answers(load: Load, raw: str, model: str) -> Iterator[Row]:
    """Yield the answers of a model to MMLU-Pro."""
    if model == _GPT4O:
        for subject in SUBJECTS:
            yield from json.loads(load(f"{raw}/{_MMLUPRO}/gpt4o/{subject.replace(' ', '%20')}_result.json"))
        return
    name = model.replace("Llama-3.1", "Meta-Llama-3_1")
    with zipfile.ZipFile(io.BytesIO(load(f"{raw}/{_MMLUPRO}/model_outputs_{name}_5shots.zip"))) as archive:
        for member in sorted(archive.namelist()):
            if member.endswith(".json") and not Path(member).name.startswith((".", "_")):
                yield from json.loads(archive.read(member))


def _written(row: Row) -> str:
    """Return what a model wrote."""
    return str(row.get("response") or row.get("model_outputs") or row.get("generated_text") or "")


if __name__ == "__main__":
    main()
