"""`docs/timestream-sql.md`: the SQL of the local Timestream endpoint, from the cases of its tests."""

from __future__ import annotations

from collections.abc import Iterator

from tests.services.timestream_local.cases import CASES, NAMES, NOW, SINGLE, STOPS, Row

PREFACE = f"""# The SQL of the local Timestream endpoint

Written by `make docs` from the test cases; every answer was worked out by hand. The endpoint refuses any
other kind of query with a message that names the construct.

In all cases the time is {NOW}, and the database `city` has these records (an empty cell is NULL).

`stops`:
"""


def page() -> str:
    """The page's text."""
    return "\n".join([PREFACE, *drawn(STOPS), "\n`names`:\n", *drawn(NAMES), *single(), *sections()]) + "\n"


def drawn(table: str) -> Iterator[str]:
    """A table of the cases as Markdown."""
    first, *lines = table.strip().splitlines()
    yield first
    yield "|" + "---|" * (first.count("|") - 1)
    yield from lines


def single() -> Iterator[str]:
    """The records with a single measure."""
    yield "\n`single`, of host `h`, a minute apart:\n"
    yield "| measure_name | type | value |\n|---|---|---|"
    for name, kind, value in SINGLE:
        yield f"| {name} | {kind} | {value} |"


def sections() -> Iterator[str]:
    """The cases by kind, each with its rows."""
    for title, cases in CASES.items():
        yield f"\n## {title}\n\n| query | rows |\n|---|---|"
        for sql, rows in cases:
            yield f"| {code(sql)} | {'<br>'.join(map(row_text, rows)) or 'none'} |"


def row_text(row: Row) -> str:
    """A row's values, NULL in italics."""
    return ", ".join("*NULL*" if value is None else code(value) if value else "empty" for value in row)


def code(text: str) -> str:
    """Code inside a table."""
    return f"`{text}`".replace("|", "\\|")
