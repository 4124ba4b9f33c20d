"""The audit: checks that the records of a store, of any backend, satisfy the ten invariants.

Each run is checked in the intervals that all streams cover. The records are loaded into an in-memory DuckDB:
visits one day at a time, with half a day before and after it, and the other streams some hours at a time, a
few such pieces in parallel. So memory is bounded, however long the history is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from queue import SimpleQueue
from typing import NamedTuple, TypeAlias

from storage.audit_check import Check, Every
from storage.audit_database import AuditDatabase, CheckedRows, Parameters, open_database
from storage.audit_facts import AuditFacts
from storage.audit_legs import LegIndex
from storage.audit_movement import MOVEMENT_CHECKS
from storage.audit_passengers import PASSENGER_CHECKS
from storage.audit_report import AuditedInterval, AuditReport
from storage.audit_rows import Loaded
from storage.audit_streams import ORDER_CHECKS, STREAM_CHECKS
from storage.audit_views import PIECE_VIEWS, VISIT_VIEWS
from storage.coverage import Interval, common
from storage.instants import EPOCH
from storage.schema import Stream
from storage.store import Covered, Run, Store

CHECKS = (*PASSENGER_CHECKS, *MOVEMENT_CHECKS, *STREAM_CHECKS, *ORDER_CHECKS)
Results: TypeAlias = Sequence[tuple[Check, CheckedRows]]

PIECES_AT_ONCE = min(os.cpu_count() or 1, 4)
"""Pieces that are checked in parallel, each in a thread with its own connection."""
PIECE_ROWS = 1_000_000
"""The rows of bus positions, sensor readings and people counts of a piece, about."""
AROUND = timedelta(hours=12)
"""Visits are loaded from this long before the checked day until this long after it."""
BEFORE = timedelta(seconds=60)
"""The other streams are loaded from this long before the checked piece on: from the tick before it."""


class PieceTable(NamedTuple):
    """A table that is loaded for each piece; `before` and `bus` as in `Loaded`."""

    table: str
    stream: Stream
    before: tuple[str, ...]
    bus: str | None


POSITION_BEFORE = ("time", "latitude", "longitude", "distance_to_next_stop", "next_stop_id", "trip_id")
PIECE_TABLES = (
    PieceTable("position", Stream.BUS_POSITION, (*POSITION_BEFORE, "speed"), "bus_id"),
    PieceTable("sensor", Stream.SENSOR_DATA, ("time", "temperature", "humidity", "co2_level"), "entity_id"),
    PieceTable("people", Stream.PEOPLE_COUNT, ("time", "count"), None),
)


def audit(
    store: Store, known: Sequence[AuditFacts], *, progress: Callable[[Interval], None] = lambda _: None
) -> AuditReport:
    """Check everything in `store`, each run by the facts of its network and scenario.

    `progress` is called with each piece of time after it was checked. Raises `StoreError` if the store can't
    be read.
    """
    report = AuditReport()
    coverages = {stream: store.coverage(stream) for stream in Stream}
    report.missing += [f"{stream} has no coverage" for stream, held in coverages.items() if not held]
    report.missing += [f"{stream} has no records" for stream in Stream if not store.rows(stream)]
    for run in _runs(coverages.values()):
        intervals = common(coverages.values(), run)
        facts = _facts_of(run, known)
        if isinstance(facts, str):
            report.missing.append(f"run {run.run_id} is of another {facts}: audit it with that {facts}")
            continue
        if not intervals:
            report.missing.append(f"run {run.run_id}: no time is covered by all streams")
        for interval in intervals:
            with closing(_Auditor(store, facts, interval, report, progress)) as auditor:
                auditor.check()
            report.judged.append(AuditedInterval(*interval, run.run_id))
    return report


def _facts_of(run: Run, known: Sequence[AuditFacts]) -> AuditFacts | str:
    """The facts of a run's inputs; "network" or "scenario" if none of `known` has that of the run."""
    same_network = [facts for facts in known if facts.network_digest == run.network_digest]
    fitting = (facts for facts in same_network if facts.scenario_digest == run.scenario_digest)
    return next(fitting, "scenario" if same_network else "network")


def _runs(coverages: Iterable[Sequence[Covered]]) -> list[Run]:
    """The runs in the coverage, each once, in the order of their first appearance."""
    return list(dict.fromkeys(held.run for coverage in coverages for held in coverage))


class _Auditor:
    """Checks one interval of one run in its own database, and adds the results to `report`."""

    def __init__(
        self,
        store: Store,
        facts: AuditFacts,
        interval: Interval,
        report: AuditReport,
        progress: Callable[[Interval], None],
    ):
        self._store, self._facts, self._report, self._progress = store, facts, report, progress
        self._start, self._end = interval
        self._finding = {finding.invariant: finding for finding in report.findings}
        self._database = open_database(facts)
        # The connections for pieces that aren't in use.
        self._free: SimpleQueue[AuditDatabase] = SimpleQueue()
        for _ in range(PIECES_AT_ONCE):
            self._free.put(self._database.sibling())

    def close(self) -> None:
        """Close the database."""
        while not self._free.empty():
            self._free.get().close()
        self._database.close()

    def check(self) -> None:
        """Check every day of the interval, and every piece of each day, some pieces at once."""
        with ThreadPoolExecutor(PIECES_AT_ONCE, "audit") as pool:
            for day in _pieces(self._start, self._end, timedelta(days=1)):
                self._report.records += self._load_visits(*day)
                self._add(_results(self._database, "day", {}))
                pieces = list(_pieces(*day, self._piece_length()))
                checked = pool.map(partial(self._check_piece, self._database.legs()), pieces)
                for piece, (records, results) in zip(pieces, checked, strict=True):
                    self._report.records += records
                    self._add(results)
                    self._progress(piece)

    def _piece_length(self) -> timedelta:
        """Some whole hours, so that a piece has about `PIECE_ROWS` rows."""
        # Per hour a bus has 120 positions and 60 readings, a stop 60 people counts and 60 readings.
        hourly = 180 * len(self._facts.buses) + 120 * len(self._facts.stops)
        return timedelta(hours=min(max(PIECE_ROWS // max(hourly, 1), 1), 24))

    def _load_visits(self, start: datetime, end: datetime) -> int:
        """Load the visits of a day, and what follows from them; return how many to check."""
        first = max(start - AROUND, self._start)
        loaded = (first, min(end + AROUND, self._end))
        visits = Loaded("visit", Stream.STOP_VISIT, loaded, "of_day", (start, end))
        count = self._database.load(self._store, visits)
        # A bus in service has visits much more often than every half day, so that one without a visit loaded
        # is parked. Near the ends of the interval it may be on a trip instead, whose visits aren't covered.
        known = {"from_known": start - AROUND >= self._start, "to_known": end + AROUND <= self._end}
        self._database.run_script(VISIT_VIEWS, {"from": first, **known})
        return count

    def _check_piece(self, legs: LegIndex, piece: Interval) -> tuple[int, Results]:
        """The number of records of a piece, and the results of its checks."""
        database = self._free.get()
        try:
            start, end = piece
            loaded = (max(start - BEFORE, self._start), end)
            records = 0
            for table, stream, before, bus in PIECE_TABLES:
                wanted = Loaded(table, stream, loaded, "of_piece", piece, before, bus)
                records += database.load(self._store, wanted, legs)
            parameters = self._parameters(start, end)
            database.run_script(PIECE_VIEWS, parameters)
            return records, _results(database, "piece", parameters)
        finally:
            self._free.put(database)

    def _parameters(self, start: datetime, end: datetime) -> Parameters:
        return {
            "begins": start,
            "ends": end,
            "first": self._start + BEFORE,
            "outdoor": self._facts.co2_outdoor_ppm,
            "closed": self._facts.exchange_closed_per_s,
            "open": self._facts.exchange_open_per_s,
            "first_tick_30": _tick(start, 30),
            "first_tick_60": _tick(start, 60),
            "ticks_30": _ticks(start, end, 30),
            "ticks_60": _ticks(start, end, 60),
        }

    def _add(self, results: Results) -> None:
        for check, result in results:
            self._finding[check.invariant].add(check.what, *result)


def _results(database: AuditDatabase, every: Every, parameters: Parameters) -> Results:
    """Run the checks for every day or every piece on the tables as they are."""
    checks = [check for check in CHECKS if check.every == every]
    return list(zip(checks, database.run_checks(checks, parameters), strict=True))


def _pieces(start: datetime, end: datetime, length: timedelta) -> Iterator[Interval]:
    """[start, end) in pieces of a length; the last piece may be shorter."""
    while start < end:
        yield start, min(start + length, end)
        start += length


def _tick(instant: datetime, cadence_s: int) -> datetime:
    """The first multiple of a cadence at or after an instant."""
    cadence = timedelta(seconds=cadence_s)
    return instant + (EPOCH - instant) % cadence


def _ticks(start: datetime, end: datetime, cadence_s: int) -> int:
    """How many multiples of a cadence are in [start, end)."""
    cadence = timedelta(seconds=cadence_s)
    return (_tick(end, cadence_s) - _tick(start, cadence_s)) // cadence
