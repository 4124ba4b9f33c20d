"""`python -m benchmarks.arrivals`: arrivals against what then happened, as the tables of docs/arrivals.md.

A network is simulated for two weekdays. On the second, at instants seven minutes apart, every bus's arrival
at every stop ahead of it is predicted from the records up to then, and compared with the visit that came of
it. An observation belongs to a horizon if the bus came within half a minute of so many minutes later.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from benchmarks.figures import Figure, timed
from services.feeders.backfill import fill, plan
from services.queries.stream_queries import LINE_REACH
from services.transit.arrivals import Underway, expected_at, planned_times_of, underway
from services.transit.line_history import LineHistories, Outlook
from services.transit.request import ArrivalsRequest, wanted_arrivals
from services.transit.timetable import planned_seconds
from simulator.city import City
from simulator.load_network import load_network
from simulator.network import Network
from storage.duckdb_store import DuckDBStore
from storage.records import records_of
from storage.schema import StopVisit, Stream
from storage.store import Run, Store

SHIPPED = Path(__file__).parent.parent / "data" / "lines.yaml"
PAGE = Path(__file__).parent.parent / "docs" / "arrivals.md"
BEGIN, END = "<!-- {} begin -->", "<!-- {} end -->"
FIRST = datetime(2026, 3, 2, 4, tzinfo=UTC)
MORNING, EVENING = datetime(2026, 3, 3, 6, tzinfo=UTC), datetime(2026, 3, 3, 20, tzinfo=UTC)
LAST = EVENING + timedelta(hours=1)
STEP = timedelta(minutes=7, seconds=10)
HORIZONS_MIN = (2, 5, 10, 20)
NEAR_S = 30.0
MEAN_KMH = 13.16
"""Commercial speed of Madrid's buses (EMT, annual report 2017): what the constant-speed baseline runs at."""
REQUESTS = 200
WANTED_MS = 20.0
"""CPU for the arrivals at the busiest stop, on the machine of docs/performance.md."""
RUN = Run(seed=1, network_digest="arrivals", scenario_digest="", model_version="2")


@dataclass(slots=True)
class Scores:
    """Errors in seconds by method, horizon and whether the bus had departed; positive is too late."""

    errors: dict[tuple[str, int, bool], list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, method: str, minutes: int, *, departed: bool, error_s: float) -> None:
        """Add an error."""
        self.errors[method, minutes, departed].append(error_s)

    def of(self, method: str, minutes: int, *, waiting_too: bool) -> Sequence[float]:
        """The errors of a method, those of buses that hadn't departed included or not."""
        waiting = self.errors[method, minutes, False] if waiting_too else []
        return [*self.errors[method, minutes, True], *waiting]


@contextmanager
def stored(network: Network, start: datetime, end: datetime) -> Iterator[Store]:
    """A store with the positions and visits of [start, end)."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(DuckDBStore(Path(folder) / "bus.duckdb")) as store,
        closing(City(network, seed=1)) as city,
    ):
        for _ in fill(plan(store, start, end, newest_first=False), model=city, store=store, run=RUN):
            pass
        yield store


def scored(network: Network, store: Store) -> Scores:
    """Predict every arrival at every instant, and score it against the visit that came of it."""
    scores, histories = Scores(), LineHistories()
    tables = store.scan(Stream.STOP_VISIT, start=MORNING - LINE_REACH, end=LAST)
    visits = (visit for table in tables for visit in records_of(table, StopVisit))
    happened = {(visit.trip_id, visit.sequence): visit for visit in visits}
    now = MORNING
    while now < EVENING:
        outlook = histories.at(store, now)
        outlook.read(network.lines)
        for line in network.lines:
            for bus in underway(line, outlook.history(line)):
                score_bus(scores, outlook, bus, happened)
        now += STEP
    return scores


def score_bus(
    scores: Scores, outlook: Outlook, bus: Underway, happened: Mapping[tuple[str, int], StopVisit]
) -> None:
    """Score the arrivals of one bus at the stops ahead."""
    now, stops, here = outlook.now, bus.place.pattern.stops, bus.place.index
    schedule = scheduled(outlook, bus)
    for index in range(here, len(stops)):
        visit = happened.get((bus.position.trip_id, index + 1))
        if visit is None or visit.time <= now:
            continue
        wait_s = ((visit.arrival_time if index else visit.time) - now).total_seconds()
        minutes = next((m for m in HORIZONS_MIN if abs(wait_s - 60 * m) <= NEAR_S), None)
        if minutes is None:
            continue
        ahead_m = bus.distance_m + stops[index].distance_m - stops[here].distance_m
        guesses = {
            "ours": (expected_at(outlook, bus, index) - now).total_seconds(),
            "schedule": max((schedule[index] - now).total_seconds(), 0.0),
            "constant": ahead_m / (MEAN_KMH / 3.6),
        }
        for method, guess_s in guesses.items():
            scores.add(method, minutes, departed=bus.has_departed, error_s=guess_s - wait_s)


def scheduled(outlook: Outlook, bus: Underway) -> Sequence[datetime]:
    """When a bus is at each stop by its schedule alone.

    On a line without a timetable that is the planned running time after the trip's departure.
    """
    planned = planned_times_of(outlook, bus)
    if planned:
        return planned
    departed = bus.visits[0].time if bus.visits and bus.has_departed else expected_at(outlook, bus, 0)
    seconds = planned_seconds(bus.line, bus.place.pattern, None)
    return [departed + timedelta(seconds=each) for each in seconds]


def table(scores: Scores) -> str:
    """The mean absolute errors as a Markdown table."""
    lines = [
        "| min ahead | buses | arrivals | ours | schedule alone | constant speed | ours within a minute |",
        "|---|---|---|---|---|---|---|",
    ]
    for waiting_too, which in ((False, "on their way"), (True, "and at terminals")):
        for minutes in HORIZONS_MIN:
            errors = {
                method: scores.of(method, minutes, waiting_too=waiting_too)
                for method in ("ours", "schedule", "constant")
            }
            means = {m: statistics.fmean(map(abs, found)) for m, found in errors.items() if found}
            if not means:
                continue
            within = statistics.fmean(abs(error) <= 60 for error in errors["ours"])
            cells = (f"{means[method]:.0f} s" for method in ("ours", "schedule", "constant"))
            count = f"{len(errors['ours']):,}"
            lines.append(f"| {minutes} | {which} | {count} | {' | '.join(cells)} | {100 * within:.0f} % |")
    return "\n".join(lines)


def measure() -> Iterator[Figure]:
    """CPU of the answer for the busiest stop, request by request as a clock of real time runs.

    The store has what comes next already, so that every request reads the visits since the one before it.
    """
    network = load_network(SHIPPED)
    stop = max(network.stops, key=lambda each: (len(network.lines_of_stop[each.stop_id]), each.stop_id))
    wanted = ArrivalsRequest(stop.stop_id, (), 100, timedelta(hours=1))
    with stored(network, MORNING - timedelta(hours=2), MORNING + timedelta(minutes=1)) as store:
        histories = LineHistories()
        wanted_arrivals(network, histories.at(store, MORNING), wanted=wanted)
        began, found = time.process_time(), 0
        for number in range(1, REQUESTS + 1):
            now = MORNING + number * timedelta(milliseconds=100)
            found += len(wanted_arrivals(network, histories.at(store, now), wanted=wanted))
        used_ms = (time.process_time() - began) / REQUESTS * 1000
    lines = len(network.lines_of_stop[stop.stop_id])
    size = f"{stop.stop_id}, {lines} lines, {found // REQUESTS} arrivals, {REQUESTS} requests"
    what = "arrivals at the busiest stop, CPU of an answer"
    yield timed(what, used_ms, "ms CPU", WANTED_MS, size, row_id="arrivals")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--network", type=click.Path(path_type=Path), default=SHIPPED, help="Another network.")
@click.option("--section", default="shipped", help="The table of docs/arrivals.md to write.")
def main(network: Path, section: str) -> None:
    """Measure, and write a table of docs/arrivals.md."""
    loaded = load_network(network)
    with stored(loaded, FIRST, LAST) as store:
        text = table(scored(loaded, store))
    print(text)
    page, begin, end = PAGE.read_text(encoding="utf-8"), BEGIN.format(section), END.format(section)
    head, _, rest = page.partition(begin)
    tail = rest.partition(end)[2]
    PAGE.write_text(f"{head}{begin}\n{text}\n{end}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
