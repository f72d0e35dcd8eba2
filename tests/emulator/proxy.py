"""A TLS proxy on the loopback address: clients of the official addresses talk to the emulator, without a change to them."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.emulator.server import HOSTS, Emulator


class Proxy:
    """Takes CONNECT for the hosts that the emulator stands in for, and refuses all others, so that nothing gets out."""

    def __init__(self, emulator: Emulator) -> None:
        import trustme

        self._emulator = emulator
        authority = trustme.CA()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.set_alpn_protocols(["http/1.1"])
        authority.issue_cert(*HOSTS).configure_cert(self._context)
        self._certificate = authority.cert_pem.bytes()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.refused: list[str] = []
        """Hosts that somebody asked for and did not get."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @contextmanager
    def running(self) -> Iterator[Proxy]:
        """Serve until the block ends; inside it, the environment sends HTTPS clients through the proxy."""
        serving = threading.Thread(target=self._serve, daemon=True)
        serving.start()
        with tempfile.TemporaryDirectory() as folder:
            bundle = Path(folder, "emulator-ca.pem")
            bundle.write_bytes(self._certificate)
            with _environment(HTTPS_PROXY=self.url, SSL_CERT_FILE=str(bundle), NO_PROXY="127.0.0.1,localhost"), _certifi(str(bundle)):
                try:
                    yield self
                finally:
                    # Closing alone does not end a wait for the next connection.
                    self._listener.shutdown(socket.SHUT_RDWR)
                    self._listener.close()
                    serving.join()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            head = b""
            while b"\r\n\r\n" not in head:
                part = client.recv(4096)
                if not part:
                    return
                head += part
            host = head.split(b" ", 2)[1].decode().split(":")[0]
            if not head.startswith(b"CONNECT ") or host not in HOSTS:
                self.refused.append(host)
                client.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
                return
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with (
                self._context.wrap_socket(client, server_side=True) as inside,
                socket.create_connection(("127.0.0.1", self._emulator.port)) as out,
            ):
                _relay(inside, out)


def _relay(inside: Any, out: Any) -> None:
    """Pass bytes both ways until either side ends."""
    back = threading.Thread(target=_pump, args=(out, inside), daemon=True)
    back.start()
    _pump(inside, out)
    back.join()


def _pump(source: Any, target: Any) -> None:
    with contextlib.suppress(OSError, ValueError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def _certifi(bundle: str) -> Iterator[None]:
    """Name the bundle to clients that ask certifi and not the environment. They ask when they are imported, which may be over."""
    import certifi

    asked: Any = sys.modules.get("langchain_mistralai.chat_models")
    before = certifi.where, asked and asked.global_ssl_context
    certifi.where = lambda: bundle
    if asked is not None:
        asked.global_ssl_context = ssl.create_default_context(cafile=bundle)
    try:
        yield
    finally:
        certifi.where = before[0]
        if asked is not None:
            asked.global_ssl_context = before[1]


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Set variables, and put back what was there before."""
    names = [*values, *(name.lower() for name in values)]
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(values)
    for name in values:
        if name != name.lower() and name != "SSL_CERT_FILE":
            os.environ.pop(name.lower(), None)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
