"""Recorded answers of real providers, and a server on loopback that gives them out byte for byte.

The recordings lie beside the repository and are no part of it; where they are missing, the tests that need them do not run.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import pytest

from taskroute.types import Reply, Usage
from tests.wire.truth import Said, events, said

VARIABLE: Final = "TASKROUTE_REFERENCE_RESPONSES"
NOT_RUN: Final = f"NOT RUN: the reference responses are not beside the repository, and {VARIABLE} names no file"


class Case(NamedTuple):
    """One recorded answer of a provider."""

    id: str
    provider: str
    path: str
    """The path of the request, without what differs between models and accounts."""
    wire: str | None
    """The format that it is written in; None when taskroute does not support what was asked."""
    unsupported: str
    """Why not."""
    streamed: bool
    fails: bool
    """Whether it is an error: by its status, or by an event of a stream that began well."""
    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def answered(self) -> bool:
        return self.status < 400

    def said(self) -> Said:
        """Return what the bytes say."""
        return said(str(self.wire), self.body, streamed=self.streamed)


_ANOTHER: Final = "Cohere's own format: neither adapter is tried with a client of Cohere's"
_COUNTS: Final = "counts tokens: no model answers"
_EMBEDS: Final = "embeddings: no model of a policy makes them"
_KEY: Final = "a key for a realtime session: no model answers over HTTP"
_FILES: Final = "keeps files: no model answers"
_COMPACTS: Final = "makes a conversation shorter for later requests: no client of LangChain's calls it, and it is no answer"

# The end of a path, and what it means; the first that fits decides.
_PATHS: Final[tuple[tuple[str, str | None, str], ...]] = (
    ("/realtime/client_secrets", None, _KEY),
    ("/responses/compact", None, _COMPACTS),
    ("/responses/input_tokens", None, _COUNTS),
    (":countTokens", None, _COUNTS),
    ("/v1/tokenize", None, _COUNTS),
    (":batchEmbedContents", None, _EMBEDS),
    ("/v2/embed", None, _EMBEDS),
    (":uploadToFileSearchStore", None, _FILES),
    ("/fileSearchStores", None, _FILES),
    ("/v2/chat", None, _ANOTHER),
    ("/chat/completions", "openai-chat", ""),
    ("/responses", "openai-responses", ""),
    ("/v1/messages", "anthropic", ""),
    (":generateContent", "gemini", ""),
    (":streamGenerateContent", "gemini", ""),
)


FAILURES: Final[Mapping[str, str]] = {
    "02c18ccce22a6289": "bad_request",
    "0b52ea15543cf7ff": "not_found",
    "213d1081fb82a343": "bad_request",
    "280d631ddbaccb59": "not_found",
    "2d9b1b5ec7ec10fd": "bad_request",
    "3214dcb5ffabcf08": "bad_request",
    "3c2e121e0b4c8b62": "bad_request",
    "5b41d65464d0274e": "bad_request",
    "648b2f4761840134": "bad_request",
    "6b4c0c8c4cb87ede": "bad_request",
    # An event of a stream that began with status 200; its code is 400.
    "ae5481c840a3a8a4": "bad_request",
    "bda9946934dc9429": "not_found",
    "bfd8f351e9f21379": "not_found",
    "c118436ee9d0bf02": "rate_limit",
    "cb739e56210f0741": "bad_request",
    "d0551b2ea4fa6c12": "not_found",
    # Its status is 400, and its body says `model_not_found`.
    "d65a3039411a4738": "not_found",
    "f7df82e21134b251": "bad_request",
    "fb1fd4657a427896": "bad_request",
}
"""The failure class of each recorded error, by its status and body."""


def _case(row: Mapping[str, Any]) -> Case:
    path = urlsplit(row["uri"]).path
    end, wire, why = next(known for known in _PATHS if path.endswith(known[0]))
    if row["prov"] == "mistral" and wire == "openai-chat":
        wire = "mistral"
    headers = {name.lower(): value for name, value in row["headers"].items()}
    streamed = headers["content-type"].startswith("text/event-stream") or bool(row["status"] >= 400 and (row["req"] or {}).get("stream"))
    fails = row["status"] >= 400 or (streamed and any(event.get("error") for event in events(row["resp"])))
    return Case(row["id"], row["prov"], end, wire, why, streamed, fails, row["status"], headers, row["resp"])


def where() -> Path:
    """Return where the recordings are, whether or not they are there."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else Path(__file__).parents[2].parent / "shared" / "reference_responses.jsonl"


@cache
def cases() -> tuple[Case, ...]:
    """Return every recorded answer; none where the recordings are missing."""
    if not where().is_file():
        return ()
    return tuple(_case(json.loads(line)) for line in where().read_text(encoding="utf-8").split("\n") if line)


def present() -> tuple[Case, ...]:
    """Return every recorded answer; skip the test where the recordings are missing."""
    return cases() or pytest.skip(NOT_RUN)


def supported(*, fails: bool = False, streamed: bool | None = None) -> list[Case]:
    """Return the answers that the adapters must read."""
    return [case for case in cases() if case.wire and case.fails == fails and streamed in (None, case.streamed)]


def params(found: Iterable[Case], ways: Iterable[str]) -> list[Any]:
    """Return each answer with each way to ask, as parameters of a test; where the recordings are missing, one that says so."""
    if not cases():
        return [pytest.param(None, None, marks=pytest.mark.skip(reason=NOT_RUN), id="not-run")]
    ways = tuple(ways)
    return [pytest.param(case, way, id=f"{case.wire}-{case.provider}-{case.id}-{way}") for case in found for way in ways]


class Difference(NamedTuple):
    """Where a reading is not what the bytes say."""

    name: str
    read: Any
    said: Any


def differences(
    reply: Reply, truth: Said, *, same_finish: Callable[[str, Said], bool] = lambda read, truth: read == truth.finish
) -> list[Difference]:
    """Return where an adapter's reading of an answer is not what the bytes say; what was read is None where it is unknown."""
    usage = reply.usage or Usage()
    pairs = [(name, getattr(usage, name), getattr(truth.usage, name)) for name in Usage._fields]
    pairs.append(("model", reply.model, truth.model))
    pairs.append(("tool_calls", reply.tool_calls, tuple(name for name, _ in truth.tool_calls)))
    pairs.append(("service_tier", _tier(reply.service_tier), _tier(truth.tier)))
    pairs.append(("reported", None if reply.reported is None else reply.reported.amount, truth.cost))
    if reply.finish_reason is None or not same_finish(reply.finish_reason, truth):
        pairs.append(("finish_reason", reply.finish_reason, truth.finish))
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]


def _tier(tier: str | None) -> str | None:
    """Return a tier in one word: LiteLLM has OpenAI's for Google's."""
    return "standard" if tier == "default" else tier


class Loopback:
    """A server that gives one recorded answer, whatever is asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[str] = []
        self._case: Case | None = None

    def now(self, case: Case) -> None:
        """Give this answer from now on."""
        self.requests = []
        self._case = case

    def answer(self, path: str) -> tuple[int, Mapping[str, str], bytes]:
        """Note a request, and return what it is answered."""
        self.requests.append(path)
        if self._case is None:
            return 500, {"content-type": "text/plain"}, b"no answer was set"
        return self._case.status, self._case.headers, self._case.body.encode()


@contextmanager
def loopback() -> Iterator[Loopback]:
    """Serve on a free port of 127.0.0.1 while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        # HTTP/1.0 closes each connection, so that no client keeps one that belongs to an event loop that is gone.
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            status, headers, body = here.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Loopback(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
