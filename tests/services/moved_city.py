"""A live run in threads, without a server, whose clock a test moves; and checks of its store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from services.access.authentication import ApiKey
from services.context import Context
from services.feeders.feeder import FEEDERS, Model
from services.inputs.load import Inputs
from services.processes.all_in_one import AllInOne
from services.processes.history_writer import run_silently
from services.settings import Settings
from simulator.clock import Clock
from simulator.network import Network
from storage.digest import stream_digest
from storage.duckdb_store import DuckDBStore
from storage.schema import Stream
from storage.store import Store
from tests.services.fakes import NOW, RUN, FormulaCity, HandWall, network

HOUR_OF_NOW = NOW.replace(minute=0, second=0)
TICK = NOW.replace(second=0)
SETTINGS = Settings(
    network=Path("unused"),
    seed=1,
    store="duckdb:unused",
    speed=1,
    host="127.0.0.1",
    port=0,
    at=None,
    backfill=timedelta(),
    jobs=None,
    continue_with_new_inputs=False,
    clock_control=True,
)


class Moved:
    """The parts of the run; `wall` is its wall time."""

    def __init__(self, context: Context, store: Store, clock: Clock, wall: HandWall) -> None:
        self.context, self.store, self.clock, self.wall = context, store, clock, wall
        assert context.control is not None
        self.control = context.control
        self.feeders = list(context.feeders)

    def stretches(self, stream: Stream) -> list[tuple[datetime, datetime]]:
        return [(held.start, held.end) for held in self.store.coverage(stream)]

    def is_up_to(self, instant: datetime) -> bool:
        """Whether all feeders have written every tick due at an instant on the present course."""
        return all(feeder.status(instant).lag == timedelta() for feeder in self.feeders)

    def settle(self) -> None:
        """Wait until the feeders have written what is due now."""
        self.wall.wait_until(lambda: self.is_up_to(self.clock.now()))

    def reach(self, instant: datetime) -> None:
        """Wait until the clock, which the feeders drive, has come to an instant."""
        assert self.clock.wait_until(instant), "a feeder failed"


@contextmanager
def moved(
    folder: Path,
    *,
    rate: float = 1.0,
    paused: bool = False,
    start: datetime = NOW,
    model: Model | None = None,
    served: Network | None = None,
) -> Iterator[Moved]:
    """A run over an empty store, without history before the hour of `start`."""
    wall = HandWall()
    clock = Clock(start=start, rate=rate, paused=paused, wall=wall)
    with closing(DuckDBStore(folder / "moved.duckdb")) as store:
        inputs = Inputs(served or network(), 1, RUN)
        simulator = AllInOne(SETTINGS, inputs, model or FormulaCity(), store, clock)
        simulator.prepare(run_silently)
        context = simulator.context(ApiKey.of("right"), ApiKey.of("local"))
        failures: list[Exception] = []

        def fail(error: Exception) -> None:
            failures.append(error)
            clock.close()

        with simulator.feeding(fail):
            yield Moved(context, store, clock, wall)
        assert not failures


def check_bytes(store: Store, model: Model | None = None) -> None:
    """Check that every covered interval has exactly the records of an undisturbed run."""
    for stream in Stream:
        for held in store.coverage(stream):
            wanted = (model or FormulaCity()).window(held.start, held.end, [stream])[stream]
            found = list(store.scan(stream, start=held.start, end=held.end))
            assert stream_digest(found, stream) == stream_digest([wanted], stream), (stream, held)


def covered(start: datetime, now: datetime, stream: Stream) -> tuple[datetime, datetime]:
    """The interval covered by a feeder that began at `start` and has written every tick due at `now`."""
    kind = next(kind for kind in FEEDERS if stream in kind.streams)
    tick = now - (now - start) % kind.cadence
    return start, tick + (timedelta() if stream is Stream.STOP_VISIT else kind.cadence)
