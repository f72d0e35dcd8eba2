"""What the sections of the page are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from taskroute.reporting.html import Html, tag

Cell = str


def section(id_: str, title: str, *inside: Html) -> Html:
    return tag("section", tag("h2", title, id=f"{id_}-title"), *inside, id=id_, aria_labelledby=f"{id_}-title")


def tiles(pairs: Iterable[tuple[str, str]]) -> Html:
    """Return names and values as a list of tiles."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs), class_="tiles")


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Cell]], *, right: Sequence[int] = (), wide: int | None = None) -> Html:
    """Return a table, whose first column names its rows. `right` columns are numbers; `wide` is one of pictures."""

    def looks(column: int) -> str | None:
        return "right" if column in right else "wide" if column == wide else None

    top = tag("thead", tag("tr", *(tag("th", cell, scope="col", class_=looks(column)) for column, cell in enumerate(head))))
    body = tag(
        "tbody",
        *(
            tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell, class_=looks(column)) for column, cell in enumerate(row[1:], 1)))
            for row in rows
        ),
    )
    # Reached by the keyboard, since it may have to be scrolled.
    return tag("div", tag("table", tag("caption", caption), top, body), class_="scroll", tabindex="0", role="region", aria_label=caption)


def folded(summary: str, *inside: Html) -> Html:
    return tag("details", tag("summary", summary), *inside)


def legend(entries: Iterable[tuple[str, str]]) -> Html:
    """Return what each colour stands for: class and name."""
    return tag(
        "ul",
        *(
            tag("li", tag("svg", tag("rect", class_=kind, width=10, height=10), viewBox="0 0 10 10", aria_hidden="true"), name)
            for kind, name in entries
        ),
        class_="legend",
    )


def note(text: str) -> Html:
    return tag("p", text, class_="soft")
