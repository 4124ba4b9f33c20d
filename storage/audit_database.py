"""The in-memory DuckDB in which the audit's checks run, with the facts and the records to check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa

from storage.arrow_schema import arrow_schema
from storage.audit_check import Check
from storage.audit_facts import AuditFacts
from storage.audit_report import MOST_EXAMPLES
from storage.audit_views import TABLES
from storage.coverage import Interval
from storage.schema import Stream
from storage.store import Store

Parameters = Mapping[str, object]


class Loaded(NamedTuple):
    """A table to load from a stream: which rows to read, and which of them to check.

    The rows in `checked` get true in the column `mark`. The others of `loaded` give the checks their context.
    """

    table: str
    stream: Stream
    loaded: Interval
    mark: str
    checked: Interval


class CheckResult(NamedTuple):
    """The result of one check: rows checked, violations, and some violations as text."""

    checked: int
    violations: int
    examples: Sequence[str]


class AuditDatabase:
    """A database with the tables of `storage.audit_views`, filled with facts at first."""

    def __init__(self, facts: AuditFacts) -> None:
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("SET TimeZone = 'UTC'")
        # A checkpoint of an in-memory database saves nothing: it only repacks tables that are dropped soon.
        self._connection.execute("SET checkpoint_threshold = '1TB'")
        self._connection.execute(TABLES)
        for name, rows in _fact_tables(facts).items():
            self._insert(name, rows)

    def close(self) -> None:
        """Close the database, which frees its memory."""
        self._connection.close()

    def load(self, store: Store, wanted: Loaded) -> int:
        """Replace a table by rows of a stream, numbered in the store's order; return how many to check."""
        table, mark = wanted.table, wanted.mark
        bounds = {"start": wanted.checked[0], "end": wanted.checked[1]}
        self._connection.execute(f"DROP TABLE IF EXISTS {table}")
        count = 0
        for number, batch in enumerate(_tables(store, wanted.stream, wanted.loaded)):
            rows = batch.append_column("row", pa.array(np.arange(count, count + len(batch))))
            count += len(batch)
            self._connection.register("batch", rows)
            marked = f"SELECT *, time >= $start AND time < $end AS {mark} FROM batch"
            statement = f"INSERT INTO {table}" if number else f"CREATE TABLE {table} AS"
            self._connection.execute(f"{statement} {marked}", bounds)
            self._connection.unregister("batch")
        ((to_check,),) = self._connection.execute(f"SELECT count(*) FROM {table} WHERE {mark}").fetchall()
        return int(to_check)

    def run_script(self, script: str, parameters: Parameters) -> None:
        """Run the statements of a script. Each gets those of the parameters that it names."""
        for statement in filter(str.strip, script.split(";\n")):
            self._execute(statement, parameters)

    def run_check(self, check: Check, parameters: Parameters) -> CheckResult:
        """Run a check on the tables as they are."""
        ((checked,),) = self._execute(check.judged, {}).fetchall()
        summary = f"SELECT count(*), list(example)[:{MOST_EXAMPLES}] FROM ({check.violations})"
        ((violations, examples),) = self._execute(summary, parameters).fetchall()
        return CheckResult(checked, violations, examples or [])

    def _execute(self, statement: str, parameters: Parameters) -> duckdb.DuckDBPyConnection:
        # DuckDB refuses parameters that a statement doesn't name.
        named = {name: parameters[name] for name in set(re.findall(r"\$(\w+)", statement))}
        return self._connection.execute(statement, named)

    def _insert(self, table: str, rows: Sequence[tuple[object, ...]]) -> None:
        if rows:
            columns = {f"c{i}": list(values) for i, values in enumerate(zip(*rows, strict=True))}
            self._connection.register("batch", pa.table(columns))
            self._connection.execute(f"INSERT INTO {table} SELECT * FROM batch")
            self._connection.unregister("batch")


def _tables(store: Store, stream: Stream, interval: Interval) -> Iterator[pa.Table]:
    """The stream's tables. The first is empty, so that an interval without records has a schema too."""
    yield arrow_schema(stream).empty_table()
    yield from store.scan(stream, start=interval[0], end=interval[1])


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
