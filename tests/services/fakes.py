"""A small network, a model that is a formula, a store that fails on demand, and wall clocks for tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from services.queries.bodies import bus_position_text
from simulator.clock import Clock
from simulator.network import Network, Stop
from storage.errors import StoreError
from storage.instants import EPOCH
from storage.schema import BusPosition, Record, Stream
from storage.store import Run
from tests.networks import line, street
from tests.storage.conformance.model import ModelStore
from tests.storage.records import count, position, reading, table, visit

NOW = datetime(2026, 3, 2, 7, 30, 10, tzinfo=UTC)
"""A Monday, half past eight in Madrid, ten seconds after a tick of every stream."""
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=n) for n in (1, 60, 3600, 86_400))
RUN, OTHER_RUN = (Run(seed, "n" * 64, "", "1") for seed in (1, 2))


def network() -> Network:
    """Line L1 (stops S001 to S003, buses B001 and B002) and L2 (S002 to S004, B003)."""
    lines = (
        line("L1", street(3), buses=2),
        line("L2", street(3, first=2), buses=1, first_bus=3),
    )
    stops = (
        Stop(place.stop_id, place.stop_id, place.latitude, place.longitude)
        for place in {stop.stop_id: stop for ln in lines for stop in ln.patterns[0].stops}.values()
    )
    return Network(lines=lines, stops=tuple(sorted(stops, key=lambda stop: stop.stop_id)))


NETWORK = network()


def position_text(position: BusPosition) -> str:
    """A position as it is sent."""
    return bus_position_text(position, NETWORK)


Make = Callable[[datetime, str], Record]

ROWS: dict[Stream, tuple[Make, Sequence[str], timedelta, timedelta]] = {
    Stream.PEOPLE_COUNT: (
        lambda time, stop: count(time, stop, people=time.minute),
        ("S001", "S002", "S003"),
        MINUTE,
        0 * SECOND,
    ),
    Stream.SENSOR_DATA: (reading, ("B001", "B002", "B003", "S001", "S002"), MINUTE, 0 * SECOND),
    Stream.BUS_POSITION: (
        lambda time, bus: position(time, bus, line_id="L2" if bus == "B003" else "L1"),
        ("B001", "B002", "B003"),
        30 * SECOND,
        0 * SECOND,
    ),
    Stream.STOP_VISIT: (visit, ("B001", "B003"), 95 * SECOND, 4.5 * SECOND),
}
"""For each stream: how to make a record, its entities, the step between records, and the offset."""


def expected(stream: Stream, start: datetime, end: datetime) -> list[Record]:
    """The records of `FormulaCity` in [start, end). S004 has none."""
    make, entities, step, offset = ROWS[stream]
    time = EPOCH + -(-(start - EPOCH - offset) // step) * step + offset
    records: list[Record] = []
    while time < end:
        records += [make(time, entity) for entity in entities]
        time += step
    return records


class FormulaCity:
    """A model whose records follow from their time; keeps its calls in `asked`."""

    def __init__(self) -> None:
        self.asked: list[tuple[datetime, datetime, tuple[Stream, ...]]] = []

    def window(self, start: datetime, end: datetime, streams: Collection[Stream]) -> dict[Stream, pa.Table]:
        self.asked.append((start, end, tuple(streams)))
        return {stream: table(stream, expected(stream, start, end)) for stream in streams}


class FaultyStore(ModelStore):
    """Fails with `failing` until that is None; `failures` counts down to it."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: StoreError | None = None
        self.failures = -1

    def ping(self) -> None:
        if self.failing is None or self.failures == 0:
            super().ping()
            return
        self.failures -= 1
        raise self.failing


PATIENCE_S = 30.0
SHORTEST_WAIT_S = 0.001
"""Real waits overshoot too, and a shorter one might not change a float of this size."""


class FakeWall:
    """Wall time that advances when the clock waits, up to `end`, where the clock is closed."""

    def __init__(self, end: datetime) -> None:
        self.seconds = NOW.timestamp()
        self.end = end.timestamp()
        self.waits: list[float] = []
        self.clock: Clock | None = None

    def time(self) -> float:
        return self.seconds

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += max(seconds, SHORTEST_WAIT_S)
        if self.seconds >= self.end and self.clock is not None:
            self.clock.close()


def fake_clock(*, lasts: timedelta, rate: float = 1.0) -> Clock:
    """A clock that starts at `NOW`, needs no real time, and closes itself after `lasts` of wall time."""
    wall = FakeWall(NOW + lasts)
    wall.clock = Clock(rate=rate, wall=wall)
    return wall.clock


class HandWall:
    """Wall time that a test advances. Threads that wait in it sleep until then.

    `waited` is set whenever a thread begins to wait: it has done what was due.
    """

    def __init__(self) -> None:
        self.seconds = NOW.timestamp()
        self.waited = threading.Event()
        self._waited_on: set[threading.Condition] = set()

    def time(self) -> float:
        return self.seconds

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        self._waited_on.add(condition)
        self.waited.set()
        condition.wait()

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds that other threads bring about before they wait in this time."""
        while True:
            self.waited.clear()
            if condition():
                return
            assert self.waited.wait(PATIENCE_S), "the condition never held"

    def advance(self, span: timedelta) -> None:
        """Let time pass, all at once, as after a suspended process."""
        self.seconds += span.total_seconds()
        for condition in tuple(self._waited_on):
            with condition:
                condition.notify_all()
