"""`serve` and `mcp`: REST, WebSocket and MCP in a process of their own, over a store that others fill."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from threading import Lock
from typing import TYPE_CHECKING

import click

from services.access.allowed_hosts import hosts_for
from services.access.authentication import Keys
from services.access.local_credentials import local_keys
from services.access.rate_limits import RequestMeter, is_loopback
from services.access.shared_meter import shared_meter
from services.background import background
from services.console.greeting import OnListening, greeting_by_secret, print_greeting
from services.context import Context, MapTiles
from services.feeders.clock_control import ClockControl
from services.feeders.feeder_status import observed_feeders
from services.feeders.network_in_force import replaced_inputs
from services.feeds.emt.own_port import EmtPort, emt_port
from services.inputs.load import opened
from services.inputs.network_reload import NetworkChange, watching
from services.interventions.control import InterventionControl
from services.live.connection import ConnectionObserver
from services.processes.live_sources import LiveSources, live_sources
from services.processes.process_setup import (
    ProcessSettings,
    ProcessSetup,
    client,
    journaled,
    process_setup,
    retry_until_closed,
)
from services.processes.server_context import context_over
from services.processes.server_settings import ServerOptions, ServerSettings
from services.processes.web_server import WebServer
from services.web.uvicorn.server import listen, url_of
from storage.errors import DependencyError
from storage.store import Store

if TYPE_CHECKING:
    from services.interventions.in_process import InProcessInterventions

log = logging.getLogger("bus_simulator.server")

SWITCH_S = 0.5
"""How often, in wall seconds, a server looks whether the hour of the next network has come."""
JOURNAL_S = 5.0
"""How often, in wall seconds, it reads the journal, which other servers change too; less than `LEAD_S`."""


def serve(options: ServerOptions, *, on_listening: OnListening = print_greeting) -> None:
    """Answer until SIGTERM or SIGINT. Raises `InputError`, `StoreError`, and OSError for a port in use.

    `on_listening` is called unless the keys are in a secret.
    """
    server = options.server
    with closing(listen(server.host, server.port)) as listener, ExitStack() as stack:
        emt = stack.enter_context(emt_port(server))
        setup = stack.enter_context(
            process_setup(options.process, moves_clock=may_move_clock(server, options.process))
        )
        if setup is None:
            return
        store = retry_until_closed(lambda: opened(options.process.store), setup.clock)
        if store is None:
            return
        stack.enter_context(closing(store))
        keys = stack.enter_context(valid_keys(server, setup, url_of(listener), on_listening))
        sources = stack.enter_context(live_sources(store, setup.clock, queue=server.queue))
        observer = stack.enter_context(connection_observer(server))
        meter = stack.enter_context(shared_meter(store, server.limits))
        ServerProcess(setup, server, store, keys, sources, observer, meter, emt).serve_until_closed(listener)


def may_move_clock(server: ServerSettings, process: ProcessSettings) -> bool:
    """Whether clients may move the shared clock: not by --control on AWS, where operators do."""
    return server.clock_control or (server.control and process.journal_object is None)


@contextmanager
def valid_keys(
    server: ServerSettings, setup: ProcessSetup, url: str, on_listening: OnListening
) -> Iterator[Keys]:
    """The valid keys, from a secret, the environment or the file beside the store; prints how to use them."""
    network = setup.inputs.current.network
    if server.secret_id is None:
        keys, key = local_keys(setup.settings.store, refresh=server.key_refresh)
        on_listening(url, key, network)
        yield keys
        return
    from services.aws.secret_key_ring import SecretKeyRing, refreshing_keys

    secret = SecretKeyRing(client("secretsmanager"), server.secret_id, refresh_s=float("inf"))
    secret.refresh()
    click.echo(greeting_by_secret(url, server.secret_id, network))
    with refreshing_keys(secret, server.key_refresh.total_seconds(), setup.clock):
        yield secret


@contextmanager
def connection_observer(server: ServerSettings) -> Iterator[ConnectionObserver | None]:
    """A copy of the WebSocket connections in DynamoDB, if a table is named."""
    if server.connections_table is None:
        yield None
        return
    from services.aws.connection_mirror import ConnectionMirror, mirroring
    from services.aws.connections import ConnectionTables

    tables = ConnectionTables(
        client("dynamodb"), connections=server.connections_table, subscriptions=server.subscriptions_table
    )
    with mirroring(ConnectionMirror(tables)) as observer:
        yield observer


class ServerProcess:
    """Serves one network after another on the same socket, which keeps listening in between."""

    def __init__(
        self,
        setup: ProcessSetup,
        settings: ServerSettings,
        store: Store,
        keys: Keys,
        sources: LiveSources,
        observer: ConnectionObserver | None,
        meter: RequestMeter | None = None,
        emt: EmtPort | None = None,
    ) -> None:
        self._setup, self._settings, self._observer, self._emt = setup, settings, observer, emt
        self._store, self._keys, self._sources, self._meter = store, keys, sources, meter
        self._server: WebServer | None = None
        self._changing = Lock()
        self._inputs = setup.inputs.current
        self._next: NetworkChange | None = None
        self._steered: InProcessInterventions | None = None

    def find_replaced_inputs(self) -> None:
        """Begin with the network that counts until the one loaded last takes effect, if there is one.

        Raises `DependencyError`.
        """
        if not self._setup.network_may_change:
            return
        inputs, now = self._setup.inputs, self._setup.clock.now()
        replaced = [each for each in replaced_inputs(self._store, inputs, now) if each.end > now]
        if replaced:
            self._next = NetworkChange(inputs.current, replaced[0].end)
            self._inputs = replaced[0].inputs

    def serve_until_closed(self, listener: socket.socket) -> None:
        """Answer until the clock is closed."""
        clock, refresh_s = self._setup.clock, self._setup.settings.network_refresh.total_seconds()
        with ExitStack() as stack:
            if self._setup.network_may_change:
                retry_until_closed(self.find_replaced_inputs, clock)
                stack.enter_context(watching(self._setup.inputs, refresh_s, clock, self._change))
                stack.enter_context(background(self._switch_in_time, name="switch", stop=clock.close))
            if self._settings.control and self._setup.settings.journal_object is not None:
                stack.enter_context(background(self._follow_journal, name="journal", stop=clock.close))
            while not clock.closed:
                context = retry_until_closed(self._context, clock)
                if context is not None:
                    self._sources.feed(context.live)
                    self._serve(context, listener)

    def _serve(self, context: Context, listener: socket.socket) -> None:
        """Answer until the clock is closed or `_change` stops the server."""
        server = WebServer(context, self._emt)
        with self._changing:
            self._server = server
            # The network may have changed after the context was made, when there was no server to stop.
            if context.run != self._inputs.run:
                server.stop()
        server.run(listener.dup(), with_status_line=self._settings.with_status_line)

    def _change(self, change: NetworkChange) -> None:
        """Serve another network from a whole hour on; WebSocket clients have to reconnect then."""
        self._next = change

    def _switch_in_time(self) -> None:
        """Switch to each next network when its hour has come, until the clock is closed."""
        clock = self._setup.clock
        while clock.rest(SWITCH_S):
            change = self._next
            if change is not None and clock.now() >= change.begins:
                with self._changing:
                    self._next = None if self._next is change else self._next
                    self._inputs = change.inputs
                    if self._server is not None:
                        self._server.stop()

    def _context(self) -> Context:
        return context_over(
            self._with_journal(),
            inputs=self._inputs,
            clock=self._setup.clock,
            keys=self._keys,
            limits=self._settings.limits,
            meter=self._meter,
            hosts=hosts_for(self._settings.host, self._settings.allowed_hosts),
            continue_with_new_inputs=self._setup.network_may_change,
            control=self._control(),
            interventions=self._interventions(),
            feeders=observed_feeders(self._store, self._setup.clock),
            observer=self._observer,
            open_feeds=is_loopback(self._settings.host),
            map_tiles=MapTiles.chosen(self._settings.map_tiles, self._settings.map_tiles_credit),
        )

    def _interventions(self) -> InterventionControl | None:
        """The control behind POST /interventions; None without --control."""
        if not self._settings.control:
            return None
        from services.aws.ssm_clock import SsmClock
        from services.interventions.in_process import LEAD_S, InProcessInterventions

        clock, store = self._setup.clock, self._with_journal()
        refresh = clock.follow if isinstance(clock, SsmClock) else clock.now
        self._steered = InProcessInterventions(
            self._inputs, None, store, clock, lead_s=LEAD_S, refresh_clock=refresh
        )
        return self._steered

    def _follow_journal(self) -> None:
        """Follow what other servers have made, until the clock is closed; feeds and arrivals use it."""
        while self._setup.clock.rest(JOURNAL_S):
            try:
                if self._steered is not None:
                    self._steered.follow_journal()
            except DependencyError as error:
                log.warning("journal not read: %s", error)

    def _with_journal(self) -> Store:
        """The store with the journal that all parts read."""
        return journaled(self._store, self._setup.settings.journal_object)

    def _control(self) -> ClockControl | None:
        """The control behind POST /clock; None unless this process may move a clock in SSM."""
        from services.aws.ssm_clock import SsmClock

        clock = self._setup.clock
        allowed = may_move_clock(self._settings, self._setup.settings)
        if not allowed or not isinstance(clock, SsmClock):
            return None
        from services.aws.ssm_clock_control import SsmClockControl
        from storage.timestream_store import TimestreamStore

        store, run = self._store, self._inputs.run
        if isinstance(store, TimestreamStore):
            return SsmClockControl(clock, store, run, store.check_time)
        return SsmClockControl(clock, store, run)
