"""The audit: every invariant, over any store, by one set of SQL.

Each run's data are judged within the coverage that all streams share. They are `scan`ned into an in-memory
DuckDB, visits a day at a time (with half a day around it), the rest some hours at a time, so that memory
stays bounded however long the history is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa

from storage.arrow_schema import arrow_schema
from storage.audit_facts import AuditFacts
from storage.audit_sql import CHECKS, COMPLETE, Check
from storage.audit_views import PIECE_VIEWS, TABLES, VISIT_VIEWS
from storage.coverage import Interval, common
from storage.instants import EPOCH
from storage.schema import Stream
from storage.store import Covered, Run, Store

MOST_EXAMPLES = 5
PIECE_ROWS = 1_000_000
AROUND = timedelta(hours=12)
"""Visits are loaded this long before and after the day that is judged."""
BEFORE = timedelta(seconds=60)
"""Pieces are loaded with the tick before them."""

TITLES = {
    "I1": "people at a stop are conserved",
    "I2": "loads follow from the visits",
    "I3": "who boards a trip alights from it",
    "I4": "doors are open exactly during visits",
    "I5": "the next stop is the pattern's, and visited next",
    "I6": "buses move along their route, never faster than 90 km/h",
    "I7": "direction changes only at terminals",
    "I8": "cabin air changes slowly, CO2 by mass balance",
    "I9": "the streams agree with the visits",
    "I10": "no gap, no duplicate, nothing out of order",
}


@dataclass(slots=True)
class Finding:
    """One invariant's result: rows judged, violations, and a few of them in words."""

    invariant: str
    title: str
    checked: int = 0
    violations: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, what: str, checked: int, violations: int, examples: Sequence[str]) -> None:
        """Count the result of one check."""
        self.checked += checked
        self.violations += violations
        room = MOST_EXAMPLES - len(self.examples)
        self.examples += [f"{what}: {example}" for example in examples[:room]]


@dataclass(slots=True)
class AuditReport:
    """All findings, the records read, and what kept data from being judged at all.

    The audit passes when nothing is violated and nothing is missing.
    """

    findings: list[Finding]
    records: int = 0
    judged: list[tuple[datetime, datetime, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def violations(self) -> int:
        """Violations of all invariants."""
        return sum(finding.violations for finding in self.findings)

    @property
    def passed(self) -> bool:
        """Whether everything that has to be there is there and nothing is violated."""
        return not self.missing and not self.violations

    def as_dict(self) -> dict[str, object]:
        """The report as JSON-ready data; instants in ISO 8601."""
        return {
            "passed": self.passed,
            "records": self.records,
            "violations": self.violations,
            "judged": [
                {"start": a.isoformat(), "end": b.isoformat(), "run_id": r} for a, b, r in self.judged
            ],
            "missing": self.missing,
            "invariants": [
                {
                    "invariant": finding.invariant,
                    "title": finding.title,
                    "checked": finding.checked,
                    "violations": finding.violations,
                    "examples": finding.examples,
                }
                for finding in self.findings
            ],
        }


def audit(
    store: Store, known: Sequence[AuditFacts], *, progress: Callable[[Interval], None] = lambda _: None
) -> AuditReport:
    """Judge everything in `store`, each run by the facts of its network and scenario.

    `progress` is told each piece of time when it is done. Raises `StoreError` when the store can't be read.
    """
    report = AuditReport([Finding(name, title) for name, title in TITLES.items()])
    coverages = {stream: store.coverage(stream) for stream in Stream}
    report.missing += [f"{stream} has no coverage" for stream, held in coverages.items() if not held]
    report.missing += [f"{stream} has no records" for stream in Stream if not store.rows(stream)]
    for run in _runs(coverages.values()):
        stretches = common(coverages.values(), run)
        facts = _facts_of(run, known)
        if isinstance(facts, str):
            report.missing.append(f"run {run.run_id} is of another {facts}: audit it with that one")
            continue
        if not stretches:
            report.missing.append(f"run {run.run_id}: its streams share no covered stretch")
        for stretch in stretches:
            with closing(_Auditor(store, facts, stretch, report, progress)) as auditor:
                auditor.judge()
            report.judged.append((*stretch, run.run_id))
    return report


def _facts_of(run: Run, known: Sequence[AuditFacts]) -> AuditFacts | str:
    """The facts by which to judge a run; the name of what none of those known has."""
    same_network = [facts for facts in known if facts.network_digest == run.network_digest]
    fitting = (facts for facts in same_network if facts.scenario_digest == run.scenario_digest)
    return next(fitting, "scenario" if same_network else "network")


def _runs(coverages: Iterable[Sequence[Covered]]) -> list[Run]:
    """The runs that cover something, in the order of their appearance."""
    return list(dict.fromkeys(held.run for coverage in coverages for held in coverage))


class _Auditor:
    """One stretch of one run, in a database of its own."""

    def __init__(
        self,
        store: Store,
        facts: AuditFacts,
        stretch: Interval,
        report: AuditReport,
        progress: Callable[[Interval], None],
    ):
        self._store, self._facts, self._report, self._progress = store, facts, report, progress
        self._start, self._end = stretch
        self._finding = {finding.invariant: finding for finding in report.findings}
        self._database = duckdb.connect(":memory:")
        self._database.execute("SET TimeZone = 'UTC'")
        # In memory a checkpoint only repacks tables that live for a moment.
        self._database.execute("SET checkpoint_threshold = '1TB'")
        self._database.execute(TABLES)
        for name, rows in _fact_tables(facts).items():
            self._insert(name, rows)

    def close(self) -> None:
        """Let the database go."""
        self._database.close()

    def judge(self) -> None:
        """Every day of the stretch, and every piece of every day."""
        for begins, ends in _pieces(self._start, self._end, timedelta(days=1)):
            self._load_visits(begins, ends)
            parameters: dict[str, object] = {}
            self._run(CHECKS, "day", parameters)
            self._run(COMPLETE, "day", parameters)
            for piece in _pieces(begins, ends, self._piece()):
                self._judge_piece(*piece)
                self._progress(piece)

    def _piece(self) -> timedelta:
        """Some whole hours, so that a piece has about `PIECE_ROWS` rows of the ticking streams."""
        hourly = 180 * len(self._facts.buses) + 120 * len(self._facts.stops)
        return timedelta(hours=min(max(PIECE_ROWS // max(hourly, 1), 1), 24))

    def _load_visits(self, begins: datetime, ends: datetime) -> None:
        first = max(begins - AROUND, self._start)
        self._load("visit", Stream.STOP_VISIT, first, min(ends + AROUND, self._end), "of_day", begins, ends)
        before, after = begins - AROUND >= self._start, ends + AROUND <= self._end
        self._script(VISIT_VIEWS, {"from": first, "from_known": before, "to_known": after})

    def _judge_piece(self, begins: datetime, ends: datetime) -> None:
        first = max(begins - BEFORE, self._start)
        for table, stream in (
            ("position", Stream.BUS_POSITION),
            ("sensor", Stream.SENSOR_DATA),
            ("people", Stream.PEOPLE_COUNT),
        ):
            self._load(table, stream, first, ends, "of_piece", begins, ends)
        parameters: dict[str, object] = {
            "begins": begins,
            "ends": ends,
            "first": self._start + BEFORE,
            "outdoor": self._facts.co2_outdoor_ppm,
            "closed": self._facts.exchange_closed_per_s,
            "open": self._facts.exchange_open_per_s,
            "first_tick_30": _tick(begins, 30),
            "first_tick_60": _tick(begins, 60),
        }
        self._script(PIECE_VIEWS, parameters)
        self._run(CHECKS, "piece", parameters)
        self._run(COMPLETE, "piece", parameters)

    def _load(
        self,
        table: str,
        stream: Stream,
        first: datetime,
        end: datetime,
        mark: str,
        begins: datetime,
        ends: datetime,
    ) -> None:
        """Scan [first, end) of a stream into `table`, numbered; rows in [begins, ends) get the mark."""
        self._database.execute(f"DROP TABLE IF EXISTS {table}")
        count = 0
        for number, batch in enumerate(_or_empty(self._store, stream, first, end)):
            rows = batch.append_column("row", pa.array(np.arange(count, count + len(batch))))
            count += len(batch)
            self._database.register("batch", rows)
            marked = f"SELECT *, time >= $begins AND time < $ends AS {mark} FROM batch"
            how = f"INSERT INTO {table}" if number else f"CREATE TABLE {table} AS"
            self._database.execute(f"{how} {marked}", {"begins": begins, "ends": ends})
            self._database.unregister("batch")
        ((judged,),) = self._database.execute(f"SELECT count(*) FROM {table} WHERE {mark}").fetchall()
        self._report.records += judged

    def _run(self, checks: Sequence[Check], every: str, parameters: Mapping[str, object]) -> None:
        for check in checks:
            if check.every == every:
                ((checked,),) = self._execute(check.judged, {}).fetchall()
                summary = f"SELECT count(*), list(example)[:{MOST_EXAMPLES}] FROM ({check.violations})"
                ((violations, examples),) = self._execute(summary, parameters).fetchall()
                self._finding[check.invariant].add(check.what, checked, violations, examples or [])

    def _script(self, script: str, parameters: Mapping[str, object]) -> None:
        for statement in filter(str.strip, script.split(";\n")):
            self._execute(statement, parameters)

    def _execute(self, statement: str, parameters: Mapping[str, object]) -> duckdb.DuckDBPyConnection:
        """Run a statement with those of the parameters that it names."""
        named = {name: parameters[name] for name in set(re.findall(r"\$(\w+)", statement))}
        return self._database.execute(statement, named)

    def _insert(self, table: str, rows: Sequence[tuple[object, ...]]) -> None:
        if rows:
            columns = {f"c{i}": list(values) for i, values in enumerate(zip(*rows, strict=True))}
            self._database.register("batch", pa.table(columns))
            self._database.execute(f"INSERT INTO {table} SELECT * FROM batch")
            self._database.unregister("batch")


def _pieces(start: datetime, end: datetime, length: timedelta) -> Iterator[Interval]:
    """[start, end) in pieces of a length, the last one shorter where need be."""
    while start < end:
        yield start, min(start + length, end)
        start += length


def _tick(instant: datetime, cadence_s: int) -> datetime:
    """The first multiple of a cadence at or after an instant."""
    cadence = timedelta(seconds=cadence_s)
    return instant + (EPOCH - instant) % cadence


def _or_empty(store: Store, stream: Stream, start: datetime, end: datetime) -> Iterator[pa.Table]:
    """The stream's tables, an empty one first, so that there is a schema."""
    yield arrow_schema(stream).empty_table()
    yield from store.scan(stream, start=start, end=end)


def _fact_tables(facts: AuditFacts) -> dict[str, list[tuple[object, ...]]]:
    """The rows of the tables of facts."""
    places: list[tuple[object, ...]] = []
    for pattern in facts.patterns:
        before_m = 0.0
        for place, (stop_id, metres, latitude, longitude) in enumerate(pattern.stops, 1):
            own = (pattern.line_id, pattern.direction, pattern.pattern_id, place, len(pattern.stops))
            places.append((*own, stop_id, metres, metres - before_m, latitude, longitude))
            before_m = metres
    return {
        "bus": [(bus.bus_id, bus.line_id, bus.capacity, bus.co2_source_ppm_per_s) for bus in facts.buses],
        "stop": list(facts.stops),
        "pattern_stop": places,
        "irregular": [(day.line_id, day.start, day.end) for day in facts.irregular],
    }
