"""Runs Phoenix so that no other machine can reach it: it would open its OTLP/gRPC port on every address.

Needs nothing of the rest of the tests: it is run by the Python that has Phoenix.
"""

from __future__ import annotations

import sys
from typing import Any


def main() -> None:
    import grpc.aio  # pyright: ignore[reportMissingImports, reportMissingModuleSource]

    make_server: Any = grpc.aio.server

    def server(*arguments: Any, **options: Any) -> Any:
        made = make_server(*arguments, **options)
        add_port = made.add_insecure_port
        made.add_insecure_port = lambda address: add_port(f"127.0.0.1:{address.rpartition(':')[2]}")
        return made

    grpc.aio.server = server
    from phoenix.server.main import main as serve  # pyright: ignore[reportMissingImports]

    sys.argv = ["phoenix", "serve"]
    serve()


if __name__ == "__main__":
    main()
