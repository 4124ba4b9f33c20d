"""Everything in one process: the store, the history, the feeders in threads, the web server.

The port is taken first, so that a port in use is known before any work; who connects early waits for the
first answer, which comes when the history is there.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import version
from typing import TypeAlias

from services.access.allowed_hosts import hosts_for
from services.access.authentication import ApiKey, Keys
from services.access.local_credentials import Greet, greet, local_keys
from services.access.rate_limits import limits_for
from services.access.store_holder import SUFFIX, Copyable, Holder
from services.background import background
from services.context import Context, Snapshots
from services.feeders import history_plan
from services.feeders.backfill import FilledWindow, Window, fill
from services.feeders.clock_control import InProcessClockControl
from services.feeders.feeder import FEEDERS, Feeder, Model
from services.inputs.load import Inputs, beside, load_inputs, opened, store_path
from services.live.delivery_faults import DeliveryFaults, FaultLog
from services.live.feeder_source import FeederSource
from services.live.hub import live_hub
from services.processes.web_server import WebServer
from services.queries.bodies import bus_position_text
from services.retry import LONGEST_PAUSE_S
from services.settings import Settings
from services.web.uvicorn_server import listen, local_address, url_of
from simulator.clock import Clock, Course
from storage.errors import StoreUnavailable
from storage.runs import check_run
from storage.store import Store

log = logging.getLogger("bus_simulator.run")

Watch: TypeAlias = Callable[[Iterator[FilledWindow], Sequence[Window]], int]
"""Runs a backfill through, and may show how far it is; the rows written."""

ENDPOINT_SUFFIX = ".timestream"
FAULTS_SUFFIX = ".faults.jsonl"


def unwatched(filling: Iterable[FilledWindow], _windows: Sequence[Window]) -> int:
    """Run a backfill through; the rows written."""
    return sum(done.rows for done in filling)


def run(
    settings: Settings, key_refresh: timedelta, *, greet: Greet = greet, with_status_line: bool = True
) -> None:
    """Run everything until told to end; key files are looked at every `key_refresh`."""
    from services.feeders.progress_bar import fill_with_progress_bar

    watch = fill_with_progress_bar if sys.stderr.isatty() else unwatched
    with (
        closing(listen(settings.host, settings.port)) as listener,
        stored(settings) as placed,
        assembled(placed) as simulator,
    ):
        keys, key = local_keys(settings.store, refresh=key_refresh)
        greet(url_of(listener), key)
        with announced(settings.store, listener) as snapshot_key:
            simulator.prepare(watch)
            simulator.serve(keys, snapshot_key, listener, with_status_line=with_status_line)


@contextmanager
def stored(settings: Settings) -> Iterator[Settings]:
    """The settings with the store that they mean: with a `timestream_port` it is served here meanwhile."""
    if settings.timestream_port is None:
        yield settings
        return
    import click

    from services.processes.embedded_timestream import endpoint_beside, store_at

    file = beside(settings.store, ENDPOINT_SUFFIX)
    with endpoint_beside(file, host=settings.host, port=settings.timestream_port) as url:
        click.echo(f"Timestream endpoint on {url}, data in {file}; signatures are not checked")
        yield replace(settings, store=store_at(url))


@contextmanager
def assembled(settings: Settings) -> Iterator[Embedded]:
    """The parts of one process, let go of at the end. SIGTERM and SIGINT end whatever they do, in order.

    Raises `InputError`, and `StoreError` (`RunMismatch` for another run's store).
    """
    clock = Clock(start=settings.at, rate=settings.speed, paused=settings.paused)
    with ExitStack() as stack:
        stack.enter_context(closed_by_signals(clock))
        inputs = load_inputs(settings.network, settings.seed, settings.scenario)
        store = stack.enter_context(closing(opened(settings.store)))
        check_run(
            store,
            inputs.run,
            continue_with_new_inputs=settings.continue_with_new_inputs,
            scenario_words=inputs.scenario_words,
        )
        city = stack.enter_context(closing(inputs.city(settings.jobs)))
        faults = stack.enter_context(delivery_faults_of(inputs, settings.store))
        yield Embedded(settings, inputs, city, store, clock, faults)


@contextmanager
def delivery_faults_of(inputs: Inputs, store: str) -> Iterator[DeliveryFaults | None]:
    """The wire of a scenario with faults, which are logged beside the store; else None."""
    scenario = inputs.scenario
    if scenario is None or not scenario.wire_faults:
        yield None
        return
    with closing(FaultLog(beside(store, FAULTS_SUFFIX))) as faults:
        yield DeliveryFaults(scenario, inputs.seed, faults.write)


class Embedded:
    """One process's parts: `prepare` writes the history, `serve` answers until the clock closes."""

    def __init__(
        self,
        settings: Settings,
        inputs: Inputs,
        model: Model,
        store: Store,
        clock: Clock,
        faults: DeliveryFaults | None = None,
    ) -> None:
        self._settings, self._inputs = settings, inputs
        self._model, self._store, self._clock = model, store, clock
        # The hour that history ends with, though now may have left it meanwhile: else that hour stayed open.
        live = history_plan.live_start(store, inputs.run, clock.course.start)
        text_of = bus_position_text if faults is None else faults.text_of
        self._hub = live_hub(store, inputs.network, clock.now, text_of)
        self._source = FeederSource(self._hub, faults)
        self._feeders = [
            Feeder(
                kind,
                model=model,
                store=store,
                run=inputs.run,
                clock=clock,
                start=live,
                on_tick=self._drive,
                on_write=self._source.written,
            )
            for kind in FEEDERS
        ]

    def prepare(self, watch: Watch) -> None:
        """Write the hour that now is in, then the history that has to be there before serving."""
        moment = self._clock.moment()
        for feeder in self._feeders:
            feeder.catch_up(moment.now)
        self._write_history(watch, history_plan.before_serving, moment.course)

    def serve(
        self, keys: Keys, snapshot_key: ApiKey, listener: socket.socket, *, with_status_line: bool = True
    ) -> None:
        """Feed and answer until the clock closes or a feeder fails, which is then raised."""
        if self._clock.closed:
            return
        server = WebServer(self.context(keys, snapshot_key))
        failures: list[Exception] = []

        def fail(error: Exception) -> None:
            failures.append(error)
            server.stop()

        with self.feeding(fail):
            server.run(listener, with_status_line=with_status_line)
        if failures:
            raise failures[0]

    @contextmanager
    def feeding(self, on_failure: Callable[[Exception], object]) -> Iterator[None]:
        """Feed and backfill in threads; on exit close the clock. Exceptions in them go to `on_failure`."""
        jobs = {feeder.kind.name: feeder.run_until_closed for feeder in self._feeders}
        jobs["history"] = self.backfill_until_closed
        with ExitStack() as threads:
            for name, job in jobs.items():
                thread = background(job, name=name, stop=self._clock.close, on_failure=on_failure)
                threads.enter_context(thread)
            yield

    def backfill_until_closed(self) -> None:
        """Write the history that may come while serving, as soon as the store lets it; after jumps again.

        Who wants no history gets none where the clock jumps to, and the stretch jumped over stays open.
        """
        while not self._clock.closed:
            course = self._clock.course
            try:
                if self._settings.backfill or not course.number:
                    self._write_history(unwatched, history_plan.in_background, course)
                self._clock.wait_for_jump(course)
            except StoreUnavailable as error:
                log.warning("history waits for the store: %s", error)
                self._clock.rest(LONGEST_PAUSE_S)

    def _write_history(self, watch: Watch, choose: Callable[..., Sequence[Window]], course: Course) -> None:
        """Write what is chosen of the time before a course of the clock, while that lasts."""
        store, run, clock = self._store, self._inputs.run, self._clock
        live = history_plan.live_start(store, run, course.start)
        windows = choose(store, run, live=live, span=self._settings.backfill)

        def stopped() -> bool:
            return clock.closed or clock.course != course

        rows = watch(fill(windows, model=self._model, store=store, run=run, stopped=stopped), windows)
        if windows and not stopped():
            log.info("history written", extra={"fields": {"windows": len(windows), "rows": rows}})

    def _drive(self) -> None:
        """At the greatest speed, now is where the slowest feeder is. Clients get what is due."""
        course = self._clock.course
        self._clock.drive(min(feeder.reached(course) for feeder in self._feeders), course)
        self._source.release(self._clock.moment())

    def context(self, keys: Keys, snapshot_key: ApiKey) -> Context:
        """Return what the web server answers from."""
        settings, run = self._settings, self._inputs.run
        control = InProcessClockControl(self._clock, self._model, self._store, run)
        return Context(
            store=self._store,
            network=self._inputs.network,
            clock=self._clock,
            run=run,
            key=keys,
            version=version("bus-simulator"),
            feeders=self._feeders,
            live=self._hub,
            limits=limits_for(settings.host, rate_per_s=settings.rate_limit, per_day=settings.daily_limit),
            control=control if settings.clock_control else None,
            scenario=self._inputs.scenario,
            mcp_hosts=hosts_for(settings.host, settings.allowed_hosts),
            snapshots=self._snapshots(snapshot_key),
        )

    def _snapshots(self, key: ApiKey) -> Snapshots | None:
        """How to copy the store; None for one that several processes share, which needs no copies."""
        if not isinstance(self._store, Copyable):
            return None
        return Snapshots(self._store.copy_to, key, store_path(self._settings.store).parent)


@contextmanager
def announced(store: str, listener: socket.socket) -> Iterator[ApiKey]:
    """While this lasts, other commands find this process and ask it for copies with the key given here."""
    key, file = secrets.token_urlsafe(24), beside(store, SUFFIX)
    Holder(os.getpid(), *local_address(listener), key).leave(file)
    try:
        yield ApiKey.of(key)
    finally:
        file.unlink(missing_ok=True)


@contextmanager
def closed_by_signals(clock: Clock) -> Iterator[None]:
    """SIGTERM and SIGINT close the clock, upon which everything ends in order."""
    wanted = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: clock.close()) for number in wanted]
    try:
        yield
    finally:
        for number, handler in zip(wanted, before, strict=True):
            signal.signal(number, handler)
