"""`docs/timestream-sql.md`: the SQL of the local Timestream endpoint, from the cases of its tests."""

from __future__ import annotations

from collections.abc import Iterator

from tests.services.timestream_local.cases import CASES, NAMES, NOW, SINGLE, STOPS, Row
from tests.services.timestream_local.composite_cases import COMPOSITE
from tests.services.timestream_local.documented import FUNCTIONS, REFUSED, example_of

PREFACE = f"""# The SQL of the local Timestream endpoint

`make docs` writes this page from the test cases, whose results were worked out by hand. SQL of any other kind
is refused, and the error names what isn't supported.

In all queries now is {NOW}, and a database `city` holds these records (an empty cell is NULL).

`stops`:
"""


def page() -> str:
    """The page as Markdown."""
    return (
        "\n".join(
            [PREFACE, *drawn(STOPS), "\n`names`:\n", *drawn(NAMES), *single(), *functions(), *sections()]
        )
        + "\n"
    )


def drawn(table: str) -> Iterator[str]:
    """A table of the test cases, drawn as text there, as Markdown."""
    first, *lines = table.strip().splitlines()
    yield first
    yield "|" + "---|" * (first.count("|") - 1)
    yield from lines


def single() -> Iterator[str]:
    """The table of the records with a single measure."""
    yield "\n`single`, of host `h`, one minute apart:\n"
    yield "| measure_name | type | value |\n|---|---|---|"
    for name, kind, value in SINGLE:
        yield f"| {name} | {kind} | {value} |"


def functions() -> Iterator[str]:
    """Each documented function with a query of the cases that uses it, or why it is refused."""
    names_of_all = [name for names in FUNCTIONS.values() for name in names.split()]
    yield "\n## Functions\n\nWhat the developer guide documents; the results are in the sections below."
    yield f"{len(names_of_all) - len(REFUSED)} of {len(names_of_all)} work, each in a test."
    for title, names in FUNCTIONS.items():
        yield f"\n### {title}\n\n| function | in a query |\n|---|---|"
        for name in names.split():
            shown = f"refused: {REFUSED[name]}" if name in REFUSED else code(example_of(name) or "")
            yield f"| `{name}` | {shown} |"


def sections() -> Iterator[str]:
    """A section for each kind of case: the queries with their rows."""
    for title, cases in (CASES | COMPOSITE).items():
        yield f"\n## {title}\n\n| query | rows |\n|---|---|"
        for sql, rows in cases:
            yield f"| {code(sql)} | {'<br>'.join(map(row_text, rows)) or 'none'} |"


def row_text(row: Row) -> str:
    """A row's values, NULL in italics."""
    return ", ".join("*NULL*" if value is None else code(value) if value else "empty" for value in row)


def code(text: str) -> str:
    """Code in a cell of a Markdown table."""
    return f"`{text}`".replace("|", "\\|")
