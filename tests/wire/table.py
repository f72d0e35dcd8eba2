"""The table of cassettes in `cassettes/README.md` and their checksums, made from the tests that play them.

`python -m tests.wire.table` writes both anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

from tests.cassette_files import SUMS, source, sums
from tests.recording import CASSETTES
from tests.wire import test_answers, test_embeddings, test_odd_answers, test_provider_errors
from tests.wire.errors import STATUS, evidence

BEGIN: Final = "<!-- table: made by `make record` -->\n"
END: Final = "<!-- end of the table -->\n"

_TESTS: Final[tuple[tuple[ModuleType, str], ...]] = (
    (test_answers, "test_a_call_is_read_as_it_was_sent"),
    (test_odd_answers, "test_an_odd_answer_is_read_right_or_not_at_all"),
    (test_provider_errors, "test_an_error_has_its_class"),
    (test_embeddings, "test_embeddings_come_through"),
)


class Row(NamedTuple):
    """One cassette."""

    provider: str
    host: str
    kind: str
    error: str
    evidence: str
    name: str


def rows() -> Iterator[Row]:
    """Yield every cassette that a test plays."""
    for module, function in _TESTS:
        for cell in module.cells():
            provider, host, *rest = cell.values
            yield Row(provider, host, *_about(module, provider, rest), f"{module.__name__.rsplit('.', 1)[1]}/{function}[{cell.id}].yaml")


def _about(module: ModuleType, provider: str, rest: list[Any]) -> tuple[str, str, str]:
    """Return kind of call, error, and where the error's wording comes from."""
    if module is test_answers:
        kind, how = rest
        return f"{kind}, {how}", "", ""
    if module is test_embeddings:
        return f"embeddings, {rest[0]}", "", ""
    ways = "plain and stream, sync and async"
    if module is test_odd_answers:
        return (ways if rest[0] not in test_odd_answers.ODD_STREAMS else "stream, sync and async"), rest[0], ""
    ways = "stream, sync and async" if rest[0].startswith("stream_error") else ways
    return ways, f"{rest[0]} ({STATUS[rest[0]]})", evidence(provider, rest[0])


def table(folder: Path) -> str:
    """Return the table as Markdown."""
    lines = ["| provider | host | call | error or oddity | wording | recorded from | cassette |", "|---|---|---|---|---|---|---|"]
    for row in rows():
        about = (row.provider, row.host, row.kind, row.error, row.evidence, source(folder / row.name), f"`{row.name}`")
        lines.append(f"| {' | '.join(about)} |")
    return "\n".join(lines) + "\n"


def with_table(text: str, folder: Path) -> str:
    """Return the README with the table in its place."""
    head, rest = text.split(BEGIN, 1)
    return f"{head}{BEGIN}\n{table(folder)}\n{END}{rest.split(END, 1)[1]}"


def main() -> None:
    readme = CASSETTES / "README.md"
    readme.write_text(with_table(readme.read_text(encoding="utf-8"), CASSETTES), encoding="utf-8")
    (CASSETTES / SUMS).write_text(sums(CASSETTES), encoding="utf-8")


if __name__ == "__main__":
    main()
