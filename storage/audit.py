"""The audit: checks that the records of a store, of any backend, satisfy the ten invariants.

Each run is checked in the intervals that all streams cover. The records are loaded into an in-memory DuckDB:
visits one day at a time, with half a day before and after it, and the other streams some hours at a time. So
memory is bounded, however long the history is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta

from storage.audit_check import Every
from storage.audit_database import AuditDatabase, Loaded, Parameters
from storage.audit_facts import AuditFacts
from storage.audit_movement import MOVEMENT_CHECKS
from storage.audit_passengers import PASSENGER_CHECKS
from storage.audit_report import AuditedInterval, AuditReport
from storage.audit_streams import ORDER_CHECKS, STREAM_CHECKS
from storage.audit_views import PIECE_VIEWS, VISIT_VIEWS
from storage.coverage import Interval, common
from storage.instants import EPOCH
from storage.schema import Stream
from storage.store import Covered, Run, Store

CHECKS = (*PASSENGER_CHECKS, *MOVEMENT_CHECKS, *STREAM_CHECKS, *ORDER_CHECKS)
PIECE_ROWS = 1_000_000
"""The rows of bus positions, sensor readings and people counts in memory at a time, about."""
AROUND = timedelta(hours=12)
"""Visits are loaded from this long before the checked day until this long after it."""
BEFORE = timedelta(seconds=60)
"""The other streams are loaded from this long before the checked piece on: from the tick before it."""


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
        self._database = AuditDatabase(facts)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def check(self) -> None:
        """Check every day of the interval, and every piece of each day."""
        for day in _pieces(self._start, self._end, timedelta(days=1)):
            self._load_visits(*day)
            self._run_checks("day", {})
            for piece in _pieces(*day, self._piece_length()):
                self._check_piece(*piece)
                self._progress(piece)

    def _piece_length(self) -> timedelta:
        """Some whole hours, so that a piece has about `PIECE_ROWS` rows."""
        # Per hour a bus has 120 positions and 60 readings, a stop 60 people counts and 60 readings.
        hourly = 180 * len(self._facts.buses) + 120 * len(self._facts.stops)
        return timedelta(hours=min(max(PIECE_ROWS // max(hourly, 1), 1), 24))

    def _load_visits(self, start: datetime, end: datetime) -> None:
        first = max(start - AROUND, self._start)
        loaded = (first, min(end + AROUND, self._end))
        self._load(Loaded("visit", Stream.STOP_VISIT, loaded, "of_day", (start, end)))
        # A bus in service has visits much more often than every half day, so that one without a visit loaded
        # is parked. Near the ends of the interval it may be on a trip instead, whose visits aren't covered.
        known = {"from_known": start - AROUND >= self._start, "to_known": end + AROUND <= self._end}
        self._database.run_script(VISIT_VIEWS, {"from": first, **known})

    def _check_piece(self, start: datetime, end: datetime) -> None:
        loaded = (max(start - BEFORE, self._start), end)
        for table, stream in (
            ("position", Stream.BUS_POSITION),
            ("sensor", Stream.SENSOR_DATA),
            ("people", Stream.PEOPLE_COUNT),
        ):
            self._load(Loaded(table, stream, loaded, "of_piece", (start, end)))
        parameters: dict[str, object] = {
            "begins": start,
            "ends": end,
            "first": self._start + BEFORE,
            "outdoor": self._facts.co2_outdoor_ppm,
            "closed": self._facts.exchange_closed_per_s,
            "open": self._facts.exchange_open_per_s,
            "first_tick_30": _tick(start, 30),
            "first_tick_60": _tick(start, 60),
        }
        self._database.run_script(PIECE_VIEWS, parameters)
        self._run_checks("piece", parameters)

    def _load(self, wanted: Loaded) -> None:
        self._report.records += self._database.load(self._store, wanted)

    def _run_checks(self, every: Every, parameters: Parameters) -> None:
        for check in CHECKS:
            if check.every == every:
                result = self._database.run_check(check, parameters)
                self._finding[check.invariant].add(check.what, *result)


def _pieces(start: datetime, end: datetime, length: timedelta) -> Iterator[Interval]:
    """[start, end) in pieces of a length; the last piece may be shorter."""
    while start < end:
        yield start, min(start + length, end)
        start += length


def _tick(instant: datetime, cadence_s: int) -> datetime:
    """The first multiple of a cadence at or after an instant."""
    cadence = timedelta(seconds=cadence_s)
    return instant + (EPOCH - instant) % cadence
