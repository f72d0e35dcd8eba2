"""The emulator's server, on the loopback address."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple

from tests.emulator import anthropic, gemini, mistral, openai_chat, openai_embeddings, openai_responses
from tests.emulator.answering import answer, key_of
from tests.emulator.script import Asked, Cut, Fault, Garbled, Hang, Raw, Reply, Rule, Say, Stall
from tests.emulator.wire import Wire

MARK: Final = "taskroute-provider-emulator"
"""The `server` header of everything that the emulator sends."""

HOSTS: Final[Mapping[str, str]] = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "gemini",
    "api.mistral.ai": "mistral",
}
"""The official addresses that the emulator stands in for."""


WIRES: Final[Mapping[str, Wire]] = {
    module.WIRE.name: module.WIRE for module in (openai_chat, openai_responses, openai_embeddings, anthropic, gemini, mistral)
}
"""Every interface, by its name."""


def wire_of(host: str, path: str) -> Wire | None:
    """Return the interface behind an address. A request to the loopback address is told by its path alone."""
    provider = HOSTS.get(host.split(":", maxsplit=1)[0])
    path = path.split("?", maxsplit=1)[0]
    if path.endswith("/messages"):
        return anthropic.WIRE
    if ":generateContent" in path or ":streamGenerateContent" in path:
        return gemini.WIRE
    if path.endswith("/responses"):
        return openai_responses.WIRE
    if path.endswith("/embeddings"):
        return openai_embeddings.WIRE
    if path.endswith("/chat/completions"):
        return mistral.WIRE if provider == "mistral" or path.startswith("/mistral/") else openai_chat.WIRE
    return None


class Request(NamedTuple):
    """One request that came in."""

    path: str
    headers: Mapping[str, str]
    body: Any


class Emulator:
    """Answers as the providers do. Scripted replies go first, in order; what no script covers is answered from the request."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._any: deque[Reply] = deque()
        self._named: dict[str, deque[Reply]] = {}
        self._rules: dict[str, Rule] = {}
        self._serial = 0
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self._server = _Server(self)

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def then(self, *replies: Reply) -> Emulator:
        """Queue replies for whichever requests come next."""
        self._any.extend(replies)
        return self

    def on(self, model: str, *replies: Reply) -> Emulator:
        """Queue replies for the next requests to a model."""
        self._named.setdefault(model, deque()).extend(replies)
        return self

    def by(self, model: str, rule: Rule) -> Emulator:
        """Let a rule say what a model answers, where no reply is queued."""
        self._rules[model] = rule
        return self

    def reset(self) -> None:
        """Forget scripts and requests, so that the same test gets the same ids again."""
        with self._lock:
            self.requests.clear()
            self._any.clear()
            self._named.clear()
            self._rules.clear()
            self._serial = 0

    @property
    def left(self) -> int:
        """How many scripted replies nobody has asked for."""
        return len(self._any) + sum(len(queue) for queue in self._named.values())

    def take(self, wire: Wire, request: Request) -> tuple[Asked, Reply]:
        """Return what was asked and what to reply."""
        with self._lock:
            self.requests.append(request)
            asked = wire.asked(request.path, request.body, key_of(request.body, self._serial))
            self._serial += 1
            for queue in (self._named.get(asked.model), self._any):
                if queue:
                    return asked, queue.popleft()
            rule = self._rules.get(asked.model)
        return asked, Say() if rule is None else rule(asked)

    @contextmanager
    def running(self) -> Iterator[Emulator]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.closing.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def _first(wire: Wire, asked: Asked, reply: Cut | Garbled | Stall) -> list[bytes]:
    """Return the events of a stream that are sent before it breaks."""
    return list(wire.events(answer(asked, reply.say if isinstance(reply, Cut) else Say())))[: reply.after]


def _body(wire: Wire, asked: Asked, reply: Cut | Stall) -> bytes:
    return json.dumps(wire.plain(answer(asked, reply.say if isinstance(reply, Cut) else Say()))).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # As many as come at once: what finds no room is dropped by the kernel, and its client tries again a second later.
    request_queue_size = 4096
    # What still hangs at the end is not waited for.
    block_on_close = False

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.emulator = emulator

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is part of some tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def version_string(self) -> str:
        return MARK

    def date_time_string(self, timestamp: float | None = None) -> str:
        return "Sun, 01 Nov 2026 00:00:00 GMT"

    def log_message(self, format: str, *args: Any) -> None: ...

    def do_POST(self) -> None:
        server: Any = self.server
        emulator: Emulator = server.emulator
        body = self._body()
        wire = wire_of(self.headers.get("host", ""), self.path)
        if wire is None:
            self._refuse(404, f"the emulator knows no {self.path}")
            return
        if not isinstance(body, dict):
            self._refuse(400, "the emulator takes JSON objects only")
            return
        try:
            asked, reply = emulator.take(wire, Request(self.path, dict(self.headers.items()), body))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            self._refuse(400, f"the emulator cannot read this request: {error!r}")
            return
        try:
            self._reply(wire, asked, reply, emulator.closing)
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            self._refuse(500, f"the emulator cannot answer this: {error!r}")

    def _refuse(self, status: int, message: str) -> None:
        self._send(status, {"error": {"message": message, "type": "emulator"}}, {})

    def _body(self) -> Any:
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            data = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            return json.loads(data)
        except ValueError:
            return None

    def _reply(self, wire: Wire, asked: Asked, reply: Reply, closing: threading.Event) -> None:
        about = wire.headers(asked.key)
        match reply:
            case Fault():
                failed = wire.failed(asked, reply)
                self._send(failed.status, failed.body, {**about, **failed.headers})
            case Raw():
                self._send(reply.status, reply.body, {**about, "content-type": reply.content_type})
            case Hang():
                closing.wait(reply.seconds)
                self._hang_up()
            case Say() if asked.stream:
                events = list(wire.events(answer(asked, reply)))
                if reply.error_after is not None:
                    events = [*events[: reply.error_after], wire.stream_error(asked)]
                self._stream(events, about)
            case Say():
                self._send(200, wire.plain(answer(asked, reply)), about)
            case _:
                self._break(wire, asked, reply, about, closing)

    def _break(self, wire: Wire, asked: Asked, reply: Cut | Garbled | Stall, about: Mapping[str, str], closing: threading.Event) -> None:
        match reply:
            case Garbled() if asked.stream:
                self._stream([*_first(wire, asked, reply), reply.data], about)
            case Garbled():
                self._send(200, reply.data, about)
            case Cut(clean=True) if asked.stream:
                self._stream(_first(wire, asked, reply), about)
            case Cut(clean=True):
                body = _body(wire, asked, reply)
                self._send(200, body[: len(body) // 2], about)
            case Cut() | Stall():
                if asked.stream:
                    self._stream(_first(wire, asked, reply), about, ends=False)
                else:
                    self._half(_body(wire, asked, reply), about)
                if isinstance(reply, Stall):
                    closing.wait(reply.seconds)
                self._hang_up()

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        # Clients outlive the event loop of a test, and a connection does not.
        for name, value in {**headers, "connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, status: int, body: Any, headers: Mapping[str, str]) -> None:
        kind = "text/html; charset=utf-8" if isinstance(body, str) else "application/json"
        data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        packed: dict[str, str] = {}
        if "gzip" in self.headers.get("accept-encoding", "") and len(data) > 200:
            # The same bytes each time: without the time of packing.
            data, packed = gzip.compress(data, mtime=0), {"content-encoding": "gzip"}
        self._head(status, {"content-type": kind, **headers, **packed, "content-length": str(len(data))})
        self.wfile.write(data)

    def _stream(self, events: Sequence[bytes], headers: Mapping[str, str], *, ends: bool = True) -> None:
        self._head(200, {"content-type": "text/event-stream; charset=utf-8", **headers, "transfer-encoding": "chunked"})
        for event in events:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
            self.wfile.flush()
        if ends:
            self.wfile.write(b"0\r\n\r\n")

    def _half(self, data: bytes, headers: Mapping[str, str]) -> None:
        self._head(200, {"content-type": "application/json", **headers, "content-length": str(len(data))})
        self.wfile.write(data[: len(data) // 2])
        self.wfile.flush()

    def _hang_up(self) -> None:
        self.close_connection = True
        # Through a TLS proxy the socket is a plain one here, so this is seen at once on the other side.
        self.connection.shutdown(socket.SHUT_RDWR)
