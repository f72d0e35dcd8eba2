"""The packs are made from files as the public sources have them; here a server on this machine stands for those."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote

import pytest
from benchmarks.quality import packs, rebuild

GSM8K = 'prompt,mixtral-8x7b-instruct-v0.1,gpt-4-1106-preview,gpt-4-1106-preview_response\n"How many, then?",False,True,"Four,\nI think"\n'
MMLU = "prompt,mistralai/Mixtral-8x7B-Instruct-v0.1,gpt-4-1106-preview\nWhat?,True,False\n"


def asked(number: int, **more: object) -> dict[str, object]:
    return {"question_id": number, "question": f"Q{number}", "options": ["x", "y"], "answer": "A", "category": "law", "src": "s", **more}


def archive(rows: list[dict[str, object]]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("outputs/law.json", json.dumps(rows))
        made.writestr("__MACOSX/._law.json", "not json")
    return file.getvalue()


def sources() -> dict[str, bytes]:
    found = {
        "/lm-sys/RouteLLM/main/routellm/evals/gsm8k/gsm8k_responses.csv": GSM8K.encode(),
        "/lm-sys/RouteLLM/contents/routellm/evals/mmlu/responses": json.dumps([{"name": "mmlu_law.csv"}, {"name": "README.md"}]).encode(),
        "/lm-sys/RouteLLM/main/routellm/evals/mmlu/responses/mmlu_law.csv": MMLU.encode(),
        "/clinc/oos-eval/master/data/domains.json": json.dumps({"banking": ["balance"]}).encode(),
        "/clinc/oos-eval/master/data/data_full.json": json.dumps(
            {"train": [["my balance", "balance"]], "val": [], "oos_train": [], "oos_val": [["why", "oos"]]}
        ).encode(),
    }
    scored = [
        {"query": "2+2?", "task_name": "gsm8k", "model_name": model, "performance": int("gemma" in model)}
        for model in packs.LLMROUTER_PRICES
    ]
    routing = "/ulab-uiuc/LLMRouter/main/data/example_data/routing_data/default_routing_{}_data.jsonl"
    found[routing.format("train")] = "\n".join(json.dumps(row) for row in scored).encode()
    found[routing.format("test")] = json.dumps(scored[0] | {"query": "one model alone"}).encode()
    results = "/TIGER-AI-Lab/MMLU-Pro/main/eval_results"
    for subject in rebuild.SUBJECTS:
        rows = [asked(1, pred="A", response="four"), asked(2, pred=None, response="")] if subject == "law" else []
        found[f"{results}/gpt4o/{subject}_result.json"] = json.dumps(rows).encode()
    for model in packs.MMLUPRO_PRICES:
        name = model.replace("Llama-3.1", "Meta-Llama-3_1")
        found[f"{results}/model_outputs_{name}_5shots.zip"] = archive([asked(1, pred="B", model_outputs="sixteen")])
    return found


@pytest.fixture
def server() -> Iterator[str]:
    files = sources()

    class Files(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = files.get(unquote(self.path))
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    thread = Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()
    thread.join()


def test_a_pair_of_routellm_is_read_with_its_subjects(server: str) -> None:
    assert list(rebuild.routellm_gsm8k(rebuild.load, raw=server)) == [{"p": "How many, then?", "w": 0, "s": 1}]
    assert list(rebuild.routellm_mmlu(rebuild.load, raw=server, listing=server)) == [{"p": "What?", "t": "law", "w": 1, "s": 0}]


def test_a_prompt_that_not_every_model_was_scored_on_is_left_out(server: str) -> None:
    (row,) = rebuild.llmrouter(rebuild.load, raw=server)
    assert row["p"] == "2+2?"
    assert row["q"] == [float("gemma" in model) for model in packs.LLMROUTER_PRICES]


def test_an_answer_is_right_wrong_or_was_never_asked_for(server: str) -> None:
    first, second = rebuild.mmlupro(rebuild.load, raw=server)
    assert first["p"] == "Q1\nA. x\nB. y"
    assert (first["q"], first["o"]) == ("1" + "0" * 11, [4] + [7] * 11)
    assert second["q"] == "0" + "-" * 11


def test_a_sentence_has_its_intent_and_its_domain(server: str) -> None:
    assert list(rebuild.clinc(rebuild.load, raw=server)) == [
        {"p": "my balance", "intent": "balance", "split": "train", "domain": "banking"},
        {"p": "why", "intent": "oos", "split": "oos_val", "domain": "oos"},
    ]


def test_what_was_written_is_read_as_a_pack(server: str, tmp_path: Path) -> None:
    assert rebuild.write(tmp_path / "mmlupro_12models.jsonl.gz", rebuild.mmlupro(rebuild.load, raw=server)) == 2
    assert packs.load("mmlupro", at=tmp_path).labels.size == 1
    rebuild.write(tmp_path / "llmrouter_9models.jsonl.gz", rebuild.llmrouter(rebuild.load, raw=server))
    assert packs.load("llmrouter", at=tmp_path).labels.size == 1


def test_a_source_that_changed_is_named_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(rebuild.SourceChanged, match="mixtral-8x7b"):
        rebuild.write(tmp_path / "pack.jsonl.gz", rebuild.routellm_gsm8k(lambda address: b"prompt,another\nWhat?,True\n"))
    assert not (tmp_path / "pack.jsonl.gz").exists()
    with pytest.raises(rebuild.SourceChanged, match="LLMRouter"):
        row = json.dumps({"query": "q", "task_name": "t", "model_name": "new", "performance": 1}).encode()
        list(rebuild.llmrouter(lambda address: row))
