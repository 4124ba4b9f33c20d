"""Any order of loading a network, restart, kill and whole hour: no gap, and each hour has one network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from services.feeders.feeder import FEEDERS
from services.feeders.network_in_force import inputs_in_force, replaced_inputs
from services.inputs.load import Inputs
from services.inputs.network_reload import ReloadableInputs
from services.processes import feeder_process
from services.processes.feeder_listeners import FeederListeners
from services.processes.feeder_process import FeederProcess
from services.processes.feeder_settings import FeederSettings
from services.processes.process_setup import ProcessSettings, ProcessSetup
from services.times import ceiling, floor
from simulator.clock import Clock
from storage.coverage import joined
from storage.runs import refuse_overlap
from storage.schema import Stream
from storage.store import Covered, Run
from tests.examples import examples
from tests.services.fakes import HOUR, MINUTE, NOW, FakeWall, network
from tests.storage.conformance.model import ModelStore

START = floor(NOW, HOUR)
NO_ROWS = pa.table({})
NETWORKS = [Inputs(network(), 1, Run(1, letter * 64, "", "1")) for letter in "abc"]
POSITIONS = next(kind for kind in FEEDERS if kind.name == "bus-position")
SETTINGS = FeederSettings(POSITIONS)
IN_S3 = ProcessSettings("s3://bucket/config/lines.yaml", 1, None, "unused")


class Killed(BaseException):
    """The process is killed while it writes."""


class EmptyCity:
    """A model without rows: only the coverage matters here."""

    def window(self, start: datetime, end: datetime, streams: Collection[Stream]) -> dict[Stream, pa.Table]:
        return dict.fromkeys(streams, NO_ROWS)

    def close(self) -> None:
        """Nothing to end."""


class Bucket:
    """The object with the network and its versions, oldest first."""

    def __init__(self) -> None:
        self.versions = [NETWORKS[0]]

    def inputs(self) -> ReloadableInputs:
        """What a process that starts now loads."""
        return ReloadableInputs(lambda: self.versions[-1], lambda: True, self.earlier)

    def earlier(self, run: Run) -> Inputs | None:
        """The inputs of a run, if its network was ever loaded."""
        return next((each for each in self.versions if each.run == run), None)


class DeadlyStore(ModelStore):
    """Keeps the coverage. Ends the process that writes visits after an instant, before the write."""

    deadly: datetime | None = None

    def write(self, stream: Stream, _rows: pa.Table, *, covers: tuple[datetime, datetime], run: Run) -> None:
        if self.deadly is not None and covers[1] > self.deadly and stream is Stream.STOP_VISIT:
            raise Killed
        refuse_overlap(self.covered[stream], covers, run)
        self.covered[stream] = joined([*self.covered[stream], Covered(*covers, run)])


class ScriptedWall(FakeWall):
    """Wall time at which a network is loaded now and then."""

    def __init__(
        self, start: datetime, end: datetime, loads: list[tuple[datetime, Callable[[], None]]]
    ) -> None:
        super().__init__(end)
        self.seconds, self._loads = start.timestamp(), loads

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        due = [load for load in self._loads if load[0].timestamp() <= self.seconds + seconds]
        for load in due:
            self._loads.remove(load)
            load[1]()
        super().wait(condition, seconds)


@dataclass
class Life:
    """A process from its start to its end, stopped or killed while it writes; networks loaded meanwhile."""

    minutes: int
    killed: bool
    loads: list[tuple[int, int]] = field(default_factory=list)
    pause: int = 0
    """Minutes until the next life."""


def live(life: Life, begins: datetime, bucket: Bucket, store: DeadlyStore) -> datetime:
    """Run a feeder process for a life; return when the next one begins."""
    end = begins + life.minutes * MINUTE
    inputs = bucket.inputs()

    def load(number: int) -> Callable[[], None]:
        def put() -> None:
            bucket.versions.append(NETWORKS[number])
            change = inputs.reload(clock, 0)
            if change is not None:
                process.change(change)

        return put

    loads = [
        (begins + minute * MINUTE, load(number)) for minute, number in life.loads if minute < life.minutes
    ]
    wall = ScriptedWall(begins, end, loads)
    clock = wall.clock = Clock(wall=wall)
    process = FeederProcess(ProcessSetup(IN_S3, clock, inputs), SETTINGS, store, FeederListeners())
    store.deadly = end if life.killed else None
    wall.end += 60.0 if life.killed else 0.0
    try:
        process.find_replaced_inputs()
        process.run_until_closed()
    except Killed:
        clock.close()
    store.deadly = None
    return max(end, clock.now()) + life.pause * MINUTE


def check(store: DeadlyStore, until: datetime) -> None:
    """No gap in either stream, and a change of the run only at a whole hour."""
    for stream in POSITIONS.streams:
        held = store.coverage(stream)
        assert held[0].start == START
        assert held[-1].end >= until - timedelta(seconds=30)
        for one, other in pairwise(held):
            assert one.end == other.start == floor(other.start, HOUR)


LIVES = st.builds(
    Life,
    minutes=st.integers(1, 75),
    killed=st.booleans(),
    loads=st.lists(st.tuples(st.integers(0, 74), st.integers(0, 2)), max_size=3),
    pause=st.sampled_from((0, 0, 1, 20, 90)),
)


@pytest.fixture(autouse=True)
def _formula(monkeypatch: pytest.MonkeyPatch) -> None:
    """A formula as model; gaps are backfilled before the feeder goes on, since time passes at once."""

    def at_once(job: Callable[[], object], **_named: object) -> AbstractContextManager[None]:
        job()
        return nullcontext()

    monkeypatch.setattr(feeder_process, "model_of", lambda _inputs, _settings: EmptyCity())
    monkeypatch.setattr(feeder_process, "background", at_once)


@examples(60, quick=6, suppress=[HealthCheck.function_scoped_fixture])
@given(st.lists(LIVES, min_size=1, max_size=4))
def test_any_order_leaves_no_gap(lives: list[Life]) -> None:
    bucket, store, now = Bucket(), DeadlyStore(), NOW
    for life in [*lives, Life(75, killed=False)]:
        now = live(life, now, bucket, store)
    check(store, now)


def test_after_a_restart_the_replaced_network_counts_until_the_hour() -> None:
    bucket, store = Bucket(), DeadlyStore()
    loaded = NOW + 5 * MINUTE
    now = live(Life(6, killed=False, loads=[(5, 1)]), NOW, bucket, store)
    (replaced,) = replaced_inputs(store, bucket.inputs(), now, POSITIONS.streams)
    assert (replaced.inputs, replaced.end) == (NETWORKS[0], ceiling(loaded, HOUR))
    assert inputs_in_force(store, bucket.inputs(), now) == NETWORKS[0]  # what a backfill writes
    now = live(Life(2, killed=True), now, bucket, store)
    assert store.coverage(Stream.BUS_POSITION)[-1].end >= now - MINUTE
    now = live(Life(40, killed=False), now, bucket, store)
    runs = [(held.run, held.start) for held in store.coverage(Stream.STOP_VISIT)]
    assert runs == [(NETWORKS[0].run, START), (NETWORKS[1].run, ceiling(loaded, HOUR))]
    assert replaced_inputs(store, bucket.inputs(), now, POSITIONS.streams) == []
    assert inputs_in_force(store, bucket.inputs(), now) == NETWORKS[1]


def test_a_network_that_is_replaced_while_a_process_starts_takes_effect_at_the_whole_hour() -> None:
    bucket, store, wall = Bucket(), DeadlyStore(), FakeWall(NOW + HOUR)
    inputs = bucket.inputs()
    clock = wall.clock = Clock(wall=wall)
    process = FeederProcess(ProcessSetup(IN_S3, clock, inputs), SETTINGS, store, FeederListeners())
    bucket.versions.append(NETWORKS[1])
    change = inputs.reload(clock, 0)
    assert change is not None
    process.change(change)
    process.run_until_closed()
    before, after = store.covered[Stream.STOP_VISIT]
    assert (before.run, before.start, before.end) == (NETWORKS[0].run, START, START + HOUR)
    assert (after.run, after.start) == (NETWORKS[1].run, START + HOUR)
