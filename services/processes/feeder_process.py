"""One feeder as a process of its own, over a store that several share.

While the store can't be reached, at the start too, it waits and tries again; told to end, it finishes the
tick in hand. Where its network becomes another one, it covers up to the whole hour from which that counts,
and goes on with the new one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from services.background import background
from services.feeders import history_plan
from services.feeders.backfill import fill
from services.feeders.feeder import Feeder, FeederKind, FeederStatus, Model, OnWrite
from services.inputs.load import Inputs, opened
from services.inputs.network_reload import NetworkChange, watching
from services.processes.process_setup import Part, client, patiently
from services.times import format_instant
from simulator.clock import Clock, Course
from simulator.shard import Shard, ShardedCity
from storage.runs import check_run
from storage.schema import Stream
from storage.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger("bus_simulator.feed")


@dataclass(frozen=True, slots=True)
class Feeding:
    """What one feeder is to do: for which share of the city, with how many processes, telling whom."""

    kind: FeederKind
    shard: Shard | None = None
    jobs: int | None = None
    continue_with_new_inputs: bool = False
    event_bus: str | None = None
    metrics_namespace: str | None = None
    heartbeat: Path | None = None


def feed(part: Part, feeding: Feeding) -> None:
    """Write what is due until the clock is closed. Raises `InputError`, and `StoreError` as `open_store`."""
    clock = part.clock
    shard = "" if feeding.shard is None else str(feeding.shard)
    store = patiently(lambda: opened(part.settings.store, shard=shard), clock)
    if store is None:
        return
    with ExitStack() as stack:
        stack.enter_context(closing(store))
        listener = stack.enter_context(listening(feeding, clock))
        feeders = Feeders(part, feeding, store, listener)
        refresh_s = part.settings.network_refresh.total_seconds()
        if part.network_may_change:
            stack.enter_context(watching(part.inputs, refresh_s, clock, feeders.change))
        feeders.run_until_closed()


class Listener(Protocol):
    """Is told what a feeder does. Never waits."""

    def written(self, stream: Stream, rows: pa.Table, course: Course) -> None:
        """It has stored something, on a course of the clock."""

    def ticked(self, status: FeederStatus) -> None:
        """It has got so far."""


class Feeders:
    """The feeders of one process, one after another: each has the inputs that count in its time."""

    def __init__(self, part: Part, feeding: Feeding, store: Store, listener: Listener) -> None:
        self._part, self._feeding, self._store, self._listener = part, feeding, store, listener
        self._next: NetworkChange | None = None
        self._feeder: Feeder | None = None

    def change(self, change: NetworkChange) -> None:
        """Let other inputs count from a whole hour on."""
        self._next = change
        if self._feeder is not None:
            self._feeder.end_at(change.begins)

    def run_until_closed(self) -> None:
        """Feed until the clock is closed."""
        inputs, clock = self._part.inputs.current, self._part.clock
        while not clock.closed:
            with closing(model_of(inputs, self._feeding)) as model:
                feeder = patiently(lambda: self._begun(inputs, model), clock)  # noqa: B023 - called at once
                if feeder is None:
                    return
                self._feeder = feeder
                with self._backfilling_gaps(inputs, model, feeder):
                    if self._next is not None and self._next.inputs is not inputs:
                        feeder.end_at(self._next.begins)
                    feeder.run_until_closed()
                name = self._feeding.kind.name
                log.info("%s ends", name, extra={"fields": fields(feeder, clock.now())})
            if self._next is not None:
                inputs = self._next.inputs

    def _begun(self, inputs: Inputs, model: Model) -> Feeder:
        clock, kind, store = self._part.clock, self._feeding.kind, self._store
        new_inputs = self._feeding.continue_with_new_inputs or self._part.network_may_change
        check_run(
            store,
            inputs.run,
            continue_with_new_inputs=new_inputs,
            scenario_words=inputs.scenario_words,
        )
        progress = Progress(clock, self._listener)
        feeder = Feeder(
            kind,
            model=model,
            store=store,
            run=inputs.run,
            clock=clock,
            start=history_plan.live_start(store, inputs.run, clock.now(), kind.streams),
            on_tick=lambda: progress.note(feeder),
            on_write=self._listener.written,
        )
        return feeder

    def _backfilling_gaps(self, inputs: Inputs, model: Model, feeder: Feeder) -> AbstractContextManager[None]:
        """Backfill, in a thread, the gaps that earlier processes left before the current hour."""
        clock, store, streams = self._part.clock, self._store, self._feeding.kind.streams
        moment = clock.moment()

        def stopped() -> bool:
            return clock.closed or clock.course != moment.course or feeder.ended

        def backfill() -> None:
            live = history_plan.live_start(store, inputs.run, moment.now, streams)
            windows = history_plan.in_background(
                store, inputs.run, live=live, span=timedelta(), streams=streams
            )
            for done in fill(windows, model=model, store=store, run=inputs.run, stopped=stopped):
                log.info("a hole in the past is closed", extra={"fields": {"rows": done.rows}})

        def give_up(error: Exception) -> None:
            log.error("what earlier processes left open stays so: %s", error)

        def stop() -> None:
            if not feeder.ended:  # the clock is closed, or the feeder failed and the process ends
                clock.close()

        return background(lambda: patiently(backfill, clock), name="gaps", stop=stop, on_failure=give_up)


class ClosingModel(Model, Protocol):
    """A model that has to be closed."""

    def close(self) -> None:
        """Let go of its processes."""


def model_of(inputs: Inputs, feeding: Feeding) -> ClosingModel:
    """The city, or a share of it."""
    if feeding.shard is None:
        return inputs.city(feeding.jobs)
    return ShardedCity(
        inputs.network, feeding.shard, seed=inputs.seed, jobs=feeding.jobs or 1, scenario=inputs.scenario
    )


class Progress:
    """Logs a feeder's ticks with its lag, and at the greatest speed drives the clock along."""

    def __init__(self, clock: Clock, listener: Listener) -> None:
        self._clock, self._listener = clock, listener
        self._last: datetime | None = None

    def note(self, feeder: Feeder) -> None:
        """Log the feeder's last tick if it is a new one."""
        course = self._clock.course
        reached = feeder.reached(course)
        self._clock.drive(reached, course)
        self._listener.ticked(feeder.status(self._clock.now()))
        if self._last is None or reached > self._last:
            self._last = reached
            log.info("%s written", feeder.kind.name, extra={"fields": fields(feeder, self._clock.now())})


def fields(feeder: Feeder, now: datetime) -> dict[str, object]:
    """What a log line says: the last tick, and how much simulated time is due and not written."""
    status = feeder.status(now)
    return {
        "feeder": status.name,
        "last_tick": format_instant(status.last_tick),
        "lag_s": status.lag.total_seconds(),
    }


class Told:
    """Hands on to several what a feeder does."""

    def __init__(self) -> None:
        self.writes: list[OnWrite] = []
        self.ticks: list[Ticked] = []

    def written(self, stream: Stream, rows: pa.Table, course: Course) -> None:
        """See `Listener`."""
        for tell in self.writes:
            tell(stream, rows, course)

    def ticked(self, status: FeederStatus) -> None:
        """See `Listener`."""
        for tell in self.ticks:
            tell(status)


class Ticked(Protocol):
    """Is told how far a feeder has got."""

    def __call__(self, status: FeederStatus, /) -> None:
        """Take note of it."""


@contextmanager
def listening(feeding: Feeding, clock: Clock) -> Iterator[Told]:
    """Whoever is to be told: EventBridge, CloudWatch and a file, as far as they are named."""
    told = Told()
    with ExitStack() as stack:
        if feeding.event_bus is not None:
            from services.aws.event_publisher import EventPublisher, publishing_events

            publisher = EventPublisher(client("events"), feeding.event_bus, clock)
            stack.enter_context(publishing_events(publisher))
            told.writes.append(publisher.written)
        if feeding.metrics_namespace is not None:
            from services.aws.cloudwatch_metrics import FeederMetrics, sending_metrics

            metrics = FeederMetrics(client("cloudwatch"), feeding.metrics_namespace)
            stack.enter_context(sending_metrics(metrics))
            told.writes.append(lambda _stream, rows, _course: metrics.count(len(rows)))
            told.ticks.append(metrics.note)
        if feeding.heartbeat is not None:
            told.ticks.append(beating(feeding.heartbeat))
        yield told


def beating(file: Path) -> Ticked:
    """Touches a file at every tick; before the first it isn't there. Raises OSError where none can be."""
    file.unlink(missing_ok=True)
    return lambda _status: file.touch()
