"""A check of the audit: SQL for DuckDB over the tables of `storage.audit_views`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Every: TypeAlias = Literal["day", "piece"]


@dataclass(frozen=True, slots=True)
class Check:
    """Part of an invariant, run for `every` day or piece of a day.

    `table` has the records that are checked. `rows` is the table, view or query in which each row with
    `broken` true is a violation, which the text `example` describes. One pass serves all checks of the same
    `rows`. `certain`, if given, is a condition over all rows of `table` to check: if it is true, there are no
    violations.
    """

    invariant: str
    what: str
    every: Every
    table: str
    rows: str
    broken: str
    example: str
    certain: str | None = None

    @property
    def mark(self) -> str:
        """The column that is true for the rows to check."""
        return f"of_{self.every}"
