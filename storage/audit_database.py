"""The in-memory DuckDB in which the audit's checks run, with the facts and the records to check."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import duckdb
import pyarrow as pa

from storage.audit_check import Check
from storage.audit_facts import AuditFacts
from storage.audit_legs import LegIndex
from storage.audit_report import MOST_EXAMPLES
from storage.audit_rows import Loaded, rows_to_check
from storage.audit_views import TABLES
from storage.store import Store

Parameters = Mapping[str, object]


class CheckedRows(NamedTuple):
    """The result of one check: rows checked, violations, and some violations as text."""

    checked: int
    violations: int
    examples: Sequence[str]


class AuditDatabase:
    """A connection to a database with the tables of `storage.audit_views`. Each thread has its own."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def close(self) -> None:
        """Close the connection. The database ends with the last one, which frees its memory."""
        self._connection.close()

    def sibling(self) -> AuditDatabase:
        """Another connection, for another thread: it shares all tables but temporary ones."""
        return AuditDatabase(self._connection.cursor())

    def load(self, store: Store, wanted: Loaded, legs: LegIndex | None = None) -> int:
        """Replace a table by rows of a stream, see `rows_to_check`; return how many to check.

        With `legs`, only this connection has the table: it reads the rows where they are.
        """
        start, end = wanted.loaded
        rows = rows_to_check(store.scan(wanted.stream, start=start, end=end), wanted, legs)
        if legs is not None:
            self._connection.register(wanted.table, rows)
        else:
            self._connection.register("batch", rows)
            self._connection.execute(f"CREATE OR REPLACE TABLE {wanted.table} AS FROM batch")
            self._connection.unregister("batch")
        return int(pa.compute.sum(rows.column(wanted.mark)).as_py() or 0)

    def legs(self) -> LegIndex:
        """The legs in the table `leg`."""
        return LegIndex(
            self._connection.sql("SELECT bus_id, epoch_ms(since) AS since FROM leg").to_arrow_table()
        )

    def run_script(self, script: str, parameters: Parameters) -> None:
        """Run the statements of a script. Each gets those of the parameters that it names."""
        for statement in filter(str.strip, script.split(";\n")):
            self._execute(statement, parameters)

    def run_checks(self, checks: Sequence[Check], parameters: Parameters) -> Sequence[CheckedRows]:
        """Run checks on the tables as they are. The checks of the same rows are counted in one pass."""
        groups: dict[tuple[str, str], list[Check]] = {}
        for check in checks:
            if not self._certain(check, parameters):
                groups.setdefault((check.rows, check.mark), []).append(check)
        violations = dict.fromkeys(checks, 0)
        for (rows, mark), group in groups.items():
            counts = ", ".join(f"count(*) FILTER ({check.broken})" for check in group)
            query = f"SELECT {counts} FROM {rows} WHERE {mark}"
            (numbers,) = self._execute(query, parameters).fetchall()
            violations |= zip(group, numbers, strict=True)
        checked = {table: self._count(*table) for table in {(check.table, check.mark) for check in checks}}
        return [
            CheckedRows(
                checked[check.table, check.mark], number, self._examples(check, parameters) if number else []
            )
            for check, number in violations.items()
        ]

    def _count(self, table: str, mark: str) -> int:
        ((count,),) = self._execute(f"SELECT count(*) FROM {table} WHERE {mark}", {}).fetchall()
        return int(count)

    def _examples(self, check: Check, parameters: Parameters) -> Sequence[str]:
        """Some of the check's violations as text."""
        violations = f"SELECT {check.example} FROM {check.rows} WHERE {check.mark} AND ({check.broken})"
        found = self._execute(f"{violations} LIMIT {MOST_EXAMPLES}", parameters).fetchall()
        return [text for (text,) in found]

    def _certain(self, check: Check, parameters: Parameters) -> bool:
        """Whether the check's quicker condition excludes violations."""
        if check.certain is None:
            return False
        query = f"SELECT {check.certain} FROM {check.table} WHERE {check.mark}"
        ((holds,),) = self._execute(query, parameters).fetchall()
        return bool(holds)

    def _execute(self, statement: str, parameters: Parameters) -> duckdb.DuckDBPyConnection:
        # DuckDB refuses parameters that a statement doesn't name.
        named = {name: parameters[name] for name in set(re.findall(r"\$(\w+)", statement))}
        return self._connection.execute(statement, named)

    def insert(self, table: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Insert rows into a table."""
        if rows:
            columns = {f"c{i}": list(values) for i, values in enumerate(zip(*rows, strict=True))}
            self._connection.register("batch", pa.table(columns))
            self._connection.execute(f"INSERT INTO {table} SELECT * FROM batch")
            self._connection.unregister("batch")


def open_database(facts: AuditFacts) -> AuditDatabase:
    """A new database with the tables of facts."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    # A checkpoint of an in-memory database saves nothing: it only repacks tables that are dropped soon.
    connection.execute("SET checkpoint_threshold = '1TB'")
    connection.execute(TABLES)
    database = AuditDatabase(connection)
    for name, rows in _fact_tables(facts).items():
        database.insert(name, rows)
    return database


def _fact_tables(facts: AuditFacts) -> dict[str, Sequence[tuple[object, ...]]]:
    """The rows of the tables of facts, by table; their columns are those of `audit_views.TABLES`."""
    pattern_stops: list[tuple[object, ...]] = []
    for pattern in facts.patterns:
        previous_m = 0.0
        for place, stop in enumerate(pattern.stops, 1):
            key = (pattern.line_id, pattern.direction, pattern.pattern_id, place, len(pattern.stops))
            distances_m = (stop.distance_m, stop.distance_m - previous_m)
            rules = (stop.boards, stop.alights)
            pattern_stops.append((*key, stop.stop_id, *distances_m, stop.latitude, stop.longitude, *rules))
            previous_m = stop.distance_m
    return {
        "bus": [(bus.bus_id, bus.line_id, bus.capacity, bus.co2_source_ppm_per_s) for bus in facts.buses],
        "stop": facts.stops,
        "pattern_stop": pattern_stops,
        "irregular": [(day.line_id, day.start, day.end) for day in facts.irregular_days],
    }
