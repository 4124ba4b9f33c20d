"""`feed`: one feeder in a process of its own, over a store that several processes share.

While the store can't be reached, at the start too, it waits and tries again. On SIGTERM it finishes the
current tick. When the network is replaced, it covers the time up to the whole hour from which the new network
counts, and continues with that.
"""

from __future__ import annotations

import logging
from collections import deque
from contextlib import AbstractContextManager, ExitStack, closing
from datetime import datetime, timedelta
from typing import Protocol

from services.background import background
from services.console.work_progress import WorkProgress
from services.feeders import history_plan
from services.feeders.backfill import fill
from services.feeders.feeder import Feeder, Model
from services.feeders.network_in_force import ReplacedInputs, replaced_inputs
from services.feeders.pruning import Pruning
from services.inputs.load import Inputs, opened
from services.inputs.network_reload import NetworkChange, watching
from services.interventions.followed_journal import FollowedJournal
from services.interventions.in_process import FollowingModel
from services.processes.feeder_listeners import FedCity, FeederListeners, feeder_listeners
from services.processes.feeder_settings import FeederSettings
from services.processes.process_setup import ProcessSetup, journaled, retry_until_closed
from services.times import format_instant
from simulator.clock import Clock
from simulator.shard import ShardedCity
from storage.runs import check_run
from storage.store import Store

log = logging.getLogger("bus_simulator.feed")


def feed(setup: ProcessSetup, settings: FeederSettings) -> None:
    """Write what is due until the clock is closed. Raises `InputError`, and `StoreError` as `open_store`."""
    clock = setup.clock
    shard = "" if settings.shard is None else str(settings.shard)
    store = retry_until_closed(lambda: opened(setup.settings.store, for_writing=True, shard=shard), clock)
    if store is None:
        return
    with ExitStack() as stack:
        stack.enter_context(closing(store))
        store = journaled(store, setup.settings.journal_object, copies=True)
        listeners = stack.enter_context(
            feeder_listeners(settings, clock, lambda: setup.inputs.current.network)
        )
        process = FeederProcess(setup, settings, store, listeners)
        retry_until_closed(process.find_replaced_inputs, clock)
        if settings.keep_days is not None:
            pruning = Pruning(store, clock, settings.keep_days)
            stack.enter_context(background(pruning.run_until_closed, name="pruning", stop=clock.close))
        refresh_s = setup.settings.network_refresh.total_seconds()
        if setup.network_may_change:
            stack.enter_context(watching(setup.inputs, refresh_s, clock, process.change))
        process.run_until_closed()


class FeederProcess:
    """Runs one feeder after another: a new one each time that the network is replaced."""

    def __init__(
        self, setup: ProcessSetup, settings: FeederSettings, store: Store, listeners: FeederListeners
    ) -> None:
        self._setup, self._settings, self._store, self._listeners = setup, settings, store, listeners
        self._replaced: deque[ReplacedInputs] = deque()
        # Kept, since the network may be replaced before `run_until_closed`.
        self._inputs = setup.inputs.current
        self._next: NetworkChange | None = None
        self._feeder: Feeder | None = None

    def find_replaced_inputs(self) -> None:
        """Look for networks that were replaced while this feeder didn't run, before `run_until_closed`.

        Raises `DependencyError`.
        """
        if self._setup.network_may_change:
            inputs, now = self._setup.inputs, self._setup.clock.now()
            self._replaced.extend(replaced_inputs(self._store, inputs, now, self._settings.kind.streams))

    def change(self, change: NetworkChange) -> None:
        """Use other inputs from a whole hour on."""
        self._next = change
        if self._feeder is not None and not self._replaced:
            self._feeder.end_at(change.begins)

    def run_until_closed(self) -> None:
        """Feed until the clock is closed."""
        inputs, clock = self._inputs, self._setup.clock
        while not clock.closed:
            if self._replaced:
                replaced = self._replaced[0]
                self._feed(replaced.inputs, start=replaced.start, end=replaced.end)
                self._replaced.popleft()
                continue
            self._feed(inputs)
            if self._next is not None:
                inputs = self._next.inputs

    def _feed(self, inputs: Inputs, *, start: datetime | None = None, end: datetime | None = None) -> None:
        """Feed until the clock is closed, or up to `end` or the hour of the next network."""
        clock = self._setup.clock
        with ExitStack() as stack:
            model = stack.enter_context(closing(model_of(inputs, self._settings)))
            often = self._settings.control or self._setup.settings.journal_object is not None
            journal = FollowedJournal(inputs, model, self._store, often=often)
            if end is None:  # the network in force, not one that was replaced meanwhile
                self._listeners.began(inputs.network, inputs.scenario)
                stack.enter_context(self._listeners.simulating(fed_city(inputs, model, journal)))
            feeder = retry_until_closed(lambda: self._new_feeder(inputs, model, journal, start), clock)
            if feeder is None:
                return
            self._feeder = feeder
            with self._backfilling_gaps(inputs, model, feeder, start):
                if end is not None:
                    feeder.end_at(end)
                elif self._next is not None and self._next.inputs is not inputs:
                    feeder.end_at(self._next.begins)
                feeder.run_until_closed()
            name = self._settings.kind.name
            log.info("%s ends", name, extra={"fields": fields(feeder, clock.now())})

    def _new_feeder(
        self, inputs: Inputs, model: Model, journal: FollowedJournal, start: datetime | None
    ) -> Feeder:
        clock, kind, store = self._setup.clock, self._settings.kind, self._store
        new_inputs = self._settings.continue_with_new_inputs or self._setup.network_may_change
        check_run(
            store, inputs.run, continue_with_new_inputs=new_inputs, scenario_words=inputs.scenario_words
        )
        ticks = TickLog(clock, self._listeners)
        journal.follow()  # before gaps are backfilled
        feeder = Feeder(
            kind,
            model=model,
            store=store,
            run=inputs.run,
            clock=clock,
            start=start or history_plan.live_start(store, inputs.run, clock.now(), kind.streams),
            on_tick=lambda: ticks.note(feeder),
            on_write=self._listeners.written,
            writing=journal.writing,
        )
        return feeder

    def _backfilling_gaps(
        self, inputs: Inputs, model: Model, feeder: Feeder, start: datetime | None
    ) -> AbstractContextManager[None]:
        """Backfill, in a thread, the gaps that earlier processes left before `start` or this hour."""
        clock, store, streams = self._setup.clock, self._store, self._settings.kind.streams
        moment = clock.moment()

        def stopped() -> bool:
            return clock.closed or clock.course != moment.course or feeder.ended

        def backfill() -> None:
            live = start or history_plan.live_start(store, inputs.run, moment.now, streams)
            windows = history_plan.in_background(
                store, inputs.run, live=live, span=timedelta(), streams=streams
            )
            for done in fill(windows, model=model, store=store, run=inputs.run, stopped=stopped):
                log.info("gap backfilled", extra={"fields": {"rows": done.rows}})

        def give_up(error: Exception) -> None:
            log.error("gap backfill failed: %s", error)

        def stop() -> None:
            if not feeder.ended:  # the clock is closed, or the feeder failed and the process ends
                clock.close()

        def job() -> None:
            retry_until_closed(backfill, clock)

        return background(job, name="gaps", stop=stop, on_failure=give_up)


def fed_city(inputs: Inputs, model: Model, journal: FollowedJournal) -> FedCity:
    """A model's city, for listeners."""
    return FedCity(inputs.network, inputs.run, model, inputs.scenario, lambda: journal.scenario)


class ClosableModel(Model, FollowingModel, Protocol):
    """A model that can follow a journal, and has processes to end."""

    def close(self) -> None:
        """End the processes that simulate."""


def model_of(inputs: Inputs, settings: FeederSettings) -> ClosableModel:
    """The city, or a shard of it."""
    if settings.shard is None:
        return inputs.city(settings.jobs, WorkProgress())
    return ShardedCity(
        inputs.network,
        settings.shard,
        seed=inputs.seed,
        jobs=settings.jobs or 1,
        scenario=inputs.scenario,
        on_progress=WorkProgress(),
    )


class TickLog:
    """Logs a feeder's ticks with its lag, and at the greatest speed moves the clock along."""

    def __init__(self, clock: Clock, listeners: FeederListeners) -> None:
        self._clock, self._listeners = clock, listeners
        self._last: datetime | None = None

    def note(self, feeder: Feeder) -> None:
        """Log the feeder's last tick if it is a new one."""
        course = self._clock.course
        reached = feeder.reached(course)
        self._clock.drive(reached, course)
        self._listeners.ticked(feeder.status(self._clock.now()))
        if self._last is None or reached > self._last:
            self._last = reached
            log.info("%s written", feeder.kind.name, extra={"fields": fields(feeder, self._clock.now())})


def fields(feeder: Feeder, now: datetime) -> dict[str, object]:
    """The fields of a log line: the last tick, and the simulated seconds that are due and not yet written."""
    status = feeder.status(now)
    return {
        "feeder": status.name,
        "last_tick": format_instant(status.last_tick),
        "lag_s": status.lag.total_seconds(),
    }
