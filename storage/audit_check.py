"""A check of the audit: SQL for DuckDB over the tables of `storage.audit_views`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Every: TypeAlias = Literal["day", "piece"]


@dataclass(frozen=True, slots=True)
class Check:
    """Part of an invariant, run for `every` day or piece of a day.

    `judged` is a query that counts the rows checked, `violations` one whose rows are violations. Their column
    `example` describes them.
    """

    invariant: str
    what: str
    every: Every
    judged: str
    violations: str


VISITS = "SELECT count(*) FROM visit WHERE of_day"
POSITIONS = "SELECT count(*) FROM position WHERE of_piece"
SENSORS = "SELECT count(*) FROM sensor WHERE of_piece"
PEOPLE = "SELECT count(*) FROM people WHERE of_piece"
