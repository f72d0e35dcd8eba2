"""Servers that let a client wait: one that notes when the client hangs up, and one that never lets it connect."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_EVENT = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
_PIECE = {**_EVENT, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Paris"}, "finish_reason": None}]}
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


class Waiting(socketserver.ThreadingTCPServer):
    """Answers like OpenAI's streams with one piece, or with nothing at all, and then waits for the client to hang up."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, *, silent: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.silent = silent
        self.asked = threading.Semaphore(0)
        """Released for each request."""
        self.left = threading.Semaphore(0)
        """Released for each client that hung up."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    @contextmanager
    def running(self) -> Iterator[Waiting]:
        serving = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        serving.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()
            serving.join()


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server: Any = self.server
        length = 0
        while (line := self.rfile.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.rfile.read(length)
        if not server.silent:
            self.wfile.write(_HEAD + b"data: " + json.dumps(_PIECE).encode() + b"\n\n")
            self.wfile.flush()
        server.asked.release()
        with contextlib.suppress(OSError):
            while self.connection.recv(1024):
                pass
        server.left.release()


@contextmanager
def unreachable() -> Iterator[str]:
    """An address to which no connection comes about: the queue of those that wait for one is full."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
