"""`run`: one process that stores, feeds in threads, and serves.

The listening socket is opened first: a port in use is found before any work. Clients that connect early wait
for their first answer, which comes when the history is written. On a first start another process simulates
line-days while this one opens the store, and the web application is imported while history is written.
"""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from importlib.metadata import version

import click

from services.access.allowed_hosts import hosts_for
from services.access.authentication import ApiKey, Keys
from services.access.local_credentials import local_keys
from services.access.rate_limits import is_loopback, limits_for
from services.background import background
from services.console.greeting import OnListening, print_greeting
from services.console.ready_file import ready_file
from services.console.status_line import Work, no_work
from services.console.work_progress import Interrupted, work_progress
from services.context import Context, MapTiles
from services.feeders import history_plan
from services.feeders.clock_control import InProcessClockControl
from services.feeders.feeder import FEEDERS, Feeder, Model
from services.feeders.pruning import Pruning
from services.feeders.write_gate import without_gate
from services.feeds.emt.own_port import EmtPort, emt_port
from services.inputs.load import Inputs, beside, is_missing, load_inputs, opened
from services.interventions.in_process import InProcessInterventions
from services.interventions.stored_journal import applied, base_scenario, stored_journal
from services.live.delivery_faults import DeliveryFaults, FaultLog
from services.live.feeder_source import FeederSource
from services.live.live_hub import live_hub
from services.processes.history_writer import HistoryWriter, RunBackfill, run_silently
from services.processes.store_holding import announced_holder, snapshots_of
from services.processes.termination import closed_by_signals
from services.processes.web_server import WebServer
from services.queries.bodies import bus_position_text
from services.reports.kept_comparisons import KeptJournalCosts, ServiceComparisons
from services.settings import Settings
from services.times import HOUR, floor
from services.web.uvicorn.server import listen, url_of
from simulator.clock import Clock
from simulator.progress import OnProgress
from storage.runs import check_run
from storage.store import Store

log = logging.getLogger("bus_simulator.run")

ENDPOINT_SUFFIX = ".timestream"
FAULTS_SUFFIX = ".faults.jsonl"


def run(
    settings: Settings,
    key_refresh: timedelta,
    *,
    on_listening: OnListening = print_greeting,
    with_status_line: bool = True,
) -> None:
    """Simulate, store and serve until SIGTERM or SIGINT; key files are re-read every `key_refresh`.

    Raises `InputError`, `StoreError` (`RunMismatch` for another run's store), and OSError for a port in use.
    """
    clock = Clock(start=settings.at, rate=settings.speed, paused=settings.paused)
    with ExitStack() as stack:
        listener = stack.enter_context(closing(listen(settings.host, settings.port)))
        emt = stack.enter_context(emt_port(settings))
        placed = stack.enter_context(with_embedded_timestream(settings))
        stack.enter_context(closed_by_signals(clock))
        on_ready = stack.enter_context(ready_file(settings.ready_file))
        try:
            with work_progress(lambda: clock.closed) as progress:
                simulator, inputs = stack.enter_context(assembled(placed, clock, progress))
                keys, key = local_keys(settings.store, refresh=key_refresh)
                on_listening(url_of(listener), key, inputs.network)
                snapshot_key = stack.enter_context(announced_holder(settings.store, listener))
                server = simulator.prepared(backfill_runner(), keys, snapshot_key, emt)
                on_ready(url_of(listener), key)
        except Interrupted:
            return
        simulator.serve(server, listener, lambda: progress.current, with_status_line=with_status_line)


def backfill_runner() -> RunBackfill:
    """Run backfills with a progress bar where stderr is a terminal."""
    if not sys.stderr.isatty():
        return run_silently
    from services.console.progress_bar import fill_with_progress_bar

    return fill_with_progress_bar


@contextmanager
def with_embedded_timestream(settings: Settings) -> Iterator[Settings]:
    """Yield the settings; with a `timestream_port` serve a Timestream endpoint and set it as their store."""
    if settings.timestream_port is None:
        yield settings
        return
    from services.processes.embedded_timestream import embedded_endpoint, store_at

    file = beside(settings.store, ENDPOINT_SUFFIX)
    with embedded_endpoint(file, host=settings.host, port=settings.timestream_port) as url:
        click.echo(f"Timestream endpoint on {url}, data in {file}; signatures are not checked")
        yield replace(settings, store=store_at(url))


@contextmanager
def assembled(settings: Settings, clock: Clock, on_progress: OnProgress) -> Iterator[tuple[AllInOne, Inputs]]:
    """Load the inputs, open the store, start the model; on exit close them."""
    with ExitStack() as stack:
        inputs = load_inputs(settings.network, settings.seed, settings.scenario, on_progress)
        city = stack.enter_context(closing(inputs.city(settings.jobs, on_progress)))
        if settings.jobs is None and is_missing(settings.store):
            now = clock.now()
            city.begin(floor(now, HOUR) - settings.backfill, now)
        store = stack.enter_context(closing(opened(settings.store, for_writing=True)))
        check_run(
            store,
            inputs.run,
            continue_with_new_inputs=settings.continue_with_new_inputs,
            scenario_words=inputs.scenario_words,
        )
        journal = stored_journal(store)
        if journal.interventions:
            city.follow(applied(journal, base_scenario(inputs, journal)))
        interventions = InProcessInterventions(inputs, city, store, clock)
        faults = stack.enter_context(delivery_faults_of(inputs, settings.store))
        yield AllInOne(settings, inputs, city, store, clock, faults, interventions), inputs


@contextmanager
def delivery_faults_of(inputs: Inputs, store_url: str) -> Iterator[DeliveryFaults | None]:
    """The delivery faults of a scenario that has some, logged beside the store; else None."""
    scenario = inputs.scenario
    if scenario is None or not scenario.wire_faults:
        yield None
        return
    with closing(FaultLog(beside(store_url, FAULTS_SUFFIX))) as fault_log:
        text_of = partial(bus_position_text, network=inputs.network)
        yield DeliveryFaults(scenario, inputs.seed, fault_log.write, text_of)


class AllInOne:
    """Feeders, history and web server of one process: first `prepared`, then `serve`."""

    def __init__(
        self,
        settings: Settings,
        inputs: Inputs,
        model: Model,
        store: Store,
        clock: Clock,
        faults: DeliveryFaults | None = None,
        interventions: InProcessInterventions | None = None,
    ) -> None:
        self._settings, self._inputs, self._interventions = settings, inputs, interventions
        self._writing = without_gate if interventions is None else interventions.writing
        self._model, self._store, self._clock = model, store, clock
        self._history = HistoryWriter(model, store, inputs.run, clock, settings.backfill)
        text_of = None if faults is None else faults.text_of
        self._hub = live_hub(store, inputs.network, clock.now, text_of)
        self._source = FeederSource(self._hub, faults)
        # The hour in which the clock started, where history ends. Loading may have taken until the next
        # hour: feeders that began there would leave the first one a gap.
        live = history_plan.live_start(store, inputs.run, clock.course.start)
        self._feeders = [
            Feeder(
                kind,
                model=model,
                store=store,
                run=inputs.run,
                clock=clock,
                start=live,
                on_tick=self._after_tick,
                on_write=self._source.written,
                writing=self._writing,
            )
            for kind in FEEDERS
        ]

    def prepare(self, run_backfill: RunBackfill) -> None:
        """Write the current hour, so that there is something to serve, then the history before it."""
        moment = self._clock.moment()
        for feeder in self._feeders:
            feeder.catch_up(moment.now)
        self._history.write_before_serving(moment.course, run_backfill)
        disturbs = self._interventions if self._settings.control else None
        if disturbs is not None and (problem := disturbs.written_ahead()):
            log.warning(problem)

    def prepared(
        self, run_backfill: RunBackfill, keys: Keys, snapshot_key: ApiKey, emt: EmtPort | None = None
    ) -> WebServer:
        """Import and build the web server while a thread does `prepare`."""
        with ThreadPoolExecutor(1, "first-history") as writer:
            written = writer.submit(self.prepare, run_backfill)
            server = WebServer(self.context(keys, snapshot_key), emt)
            written.result()
        return server

    def serve(
        self,
        server: WebServer,
        listener: socket.socket,
        work: Work = no_work,
        *,
        with_status_line: bool = True,
    ) -> None:
        """Feed and answer until the clock closes or a feeder fails, whose exception is then raised.

        The status line shows the progress of `work`: a new service day is simulated while the city is served.
        """
        if self._clock.closed:
            return
        failures: list[Exception] = []

        def fail(error: Exception) -> None:
            failures.append(error)
            server.stop()

        with self.feeding(fail):
            server.run(listener, with_status_line=with_status_line, work=work)
        if failures:
            raise failures[0]

    @contextmanager
    def feeding(self, on_failure: Callable[[Exception], object]) -> Iterator[None]:
        """Feed and backfill in threads; on exit close the clock. Exceptions in them go to `on_failure`."""
        jobs = {feeder.kind.name: feeder.run_until_closed for feeder in self._feeders}
        jobs["history"] = self._history.write_until_closed
        if self._settings.keep_days is not None:
            jobs["pruning"] = Pruning(self._store, self._clock, self._settings.keep_days).run_until_closed
        with ExitStack() as threads:
            for name, job in jobs.items():
                thread = background(job, name=name, stop=self._clock.close, on_failure=on_failure)
                threads.enter_context(thread)
            yield

    def context(self, keys: Keys, snapshot_key: ApiKey) -> Context:
        """What the web server answers from."""
        settings, run = self._settings, self._inputs.run
        control = InProcessClockControl(self._clock, self._model, self._store, run, self._writing)
        known = self._inputs if self._interventions is None else self._interventions
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
            control=control if settings.clock_control or settings.control else None,
            interventions=self._interventions if settings.control else None,
            scenario_at_start=known.scenario,
            mcp_hosts=hosts_for(settings.host, settings.allowed_hosts),
            open_feeds=is_loopback(settings.host),
            map_tiles=MapTiles.chosen(settings.map_tiles, settings.map_tiles_credit),
            compare=ServiceComparisons(self._inputs, self._clock.now),
            costs=KeptJournalCosts(self._inputs, self._store, self._clock.now),
            snapshots=snapshots_of(self._store, settings.store, snapshot_key),
        )

    def _after_tick(self) -> None:
        """At the greatest speed move the clock to the slowest feeder; send clients the positions due."""
        course = self._clock.course
        self._clock.drive(min(feeder.reached(course) for feeder in self._feeders), course)
        self._source.release(self._clock.moment())
