"""What serves a store without feeding it: the same application, without feeders, as a process of its own."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, fields
from datetime import timedelta
from importlib.metadata import version
from threading import Lock
from typing import Any, Protocol

import click

from services.access.allowed_hosts import AllowedHosts, hosts_for
from services.access.authentication import Keys
from services.access.local_credentials import Greet, greet, local_keys, welcome_with_secret
from services.access.rate_limits import Limits, limits_for
from services.background import background
from services.context import Context, MonitoredFeeder
from services.feeders.clock_control import ClockControl
from services.feeders.feeder_status import observed_feeders
from services.inputs.load import Inputs, opened
from services.inputs.network_reload import NetworkChange, watching
from services.live.hub import ConnectionObserver, Hub, live_hub
from services.live.store_source import StoreSource
from services.processes.process_setup import Part, PartSettings, client, part, patiently
from services.processes.web_server import WebServer
from services.settings import SUBSCRIPTIONS_TABLE, Settings
from services.web.uvicorn_server import listen, url_of
from simulator.clock import Clock
from storage.runs import check_run
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Serving:
    """Where to listen, whom to let in and how often, where new positions come from.

    With a `connections_table` who is connected is written there, and who wants which lines beside it.
    """

    host: str
    port: int
    rate_limit: float | None
    daily_limit: int | None
    key_refresh: timedelta
    secret_id: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    queue: str | None = None
    connections_table: str | None = None
    subscriptions_table: str = SUBSCRIPTIONS_TABLE
    clock_control: bool = False
    with_status_line: bool = True


def divided(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """A command's options as the settings of a part and of what it serves."""
    shared, own = (
        {field.name: chosen[field.name] for field in fields(kind) if field.name in chosen}
        for kind in (PartSettings, Serving)
    )
    return {"shared": PartSettings(**shared), "serving": Serving(**own)}


def serve_store(
    settings: Settings, key_refresh: timedelta, *, greet: Greet = greet, with_status_line: bool = True
) -> None:
    """`serve` with the settings of `run`, and nothing that is shared by services of AWS."""
    chosen = {field.name: getattr(settings, field.name) for field in fields(settings)}
    network = None if settings.network is None else str(settings.network)
    own = {"network": network, "key_refresh": key_refresh, "with_status_line": with_status_line}
    serve(**divided({**chosen, **own}), greet=greet)


def serve(shared: PartSettings, serving: Serving, *, greet: Greet = greet) -> None:
    """Answer until told to end. Raises `InputError`, `StoreError`, and OSError for a port that is taken.

    Without a secret `greet` is told where to ask, and with which key.
    """
    with closing(listen(serving.host, serving.port)) as listener, ExitStack() as stack:
        begun = stack.enter_context(part(shared, moves_clock=serving.clock_control))
        if begun is None:
            return
        store = patiently(lambda: opened(shared.store), begun.clock)
        if store is None:
            return
        stack.enter_context(closing(store))
        keys = stack.enter_context(admitted(serving, begun, url_of(listener), greet))
        source = stack.enter_context(positions(serving, store, begun.clock))
        observer = stack.enter_context(observer_of(serving))
        Server(begun, serving, store, keys, source, observer).serve_until_closed(listener)


@contextmanager
def admitted(serving: Serving, begun: Part, url: str, greet: Greet) -> Iterator[Keys]:
    """The valid keys, from a secret or from `services.access.local_credentials`; prints how to ask."""
    refresh_s = serving.key_refresh.total_seconds()
    if serving.secret_id is None:
        keys, key = local_keys(begun.settings.store, refresh=serving.key_refresh)
        greet(url, key)
        yield keys
        return
    from services.aws.secret_key_ring import SecretKeyRing, refreshing_keys

    secret = SecretKeyRing(client("secretsmanager"), serving.secret_id, refresh_s=float("inf"))
    secret.refresh()
    click.echo(welcome_with_secret(url, serving.secret_id))
    with refreshing_keys(secret, refresh_s, begun.clock):
        yield secret


class Source(Protocol):
    """Where new positions come from, for whichever hub there is."""

    hub: Hub | None

    def run_until_closed(self) -> None:
        """Hand new positions to the hub until the clock is closed."""


@contextmanager
def positions(serving: Serving, store: Store, clock: Clock) -> Iterator[Source]:
    """Get new positions in a thread; on exit close the clock."""
    source: Source = StoreSource(store, clock)
    if serving.queue is not None:
        from services.aws.sqs_source import SqsSource

        source = SqsSource(client("sqs"), serving.queue, clock)
    with background(source.run_until_closed, name="live-positions", stop=clock.close):
        yield source


@contextmanager
def observer_of(serving: Serving) -> Iterator[ConnectionObserver | None]:
    """What the hub tells of its clients: the mirror in DynamoDB, if a table is named."""
    if serving.connections_table is None:
        yield None
        return
    from services.aws.connection_mirror import ConnectionMirror, mirroring
    from services.aws.connections import ConnectionTables

    tables = ConnectionTables(
        client("dynamodb"), connections=serving.connections_table, subscriptions=serving.subscriptions_table
    )
    with mirroring(ConnectionMirror(tables)) as observer:
        yield observer


class Server:
    """Serves one network after another on the same socket, which goes on listening in between."""

    def __init__(
        self,
        begun: Part,
        serving: Serving,
        store: Store,
        keys: Keys,
        source: Source,
        observer: ConnectionObserver | None,
    ) -> None:
        self._part, self._serving, self._observer = begun, serving, observer
        self._store, self._keys, self._source = store, keys, source
        self._limits = limits_for(serving.host, rate_per_s=serving.rate_limit, per_day=serving.daily_limit)
        self._server: WebServer | None = None
        self._changing = Lock()
        self._inputs = begun.inputs.current

    def serve_until_closed(self, listener: socket.socket) -> None:
        """Answer until the clock is closed."""
        clock, refresh_s = self._part.clock, self._part.settings.network_refresh.total_seconds()
        with ExitStack() as stack:
            if self._part.network_may_change:
                stack.enter_context(watching(self._part.inputs, refresh_s, clock, self._change))
            while not clock.closed:
                context = patiently(self._context, clock)
                if context is not None:
                    self._source.hub = context.live
                    self._serve(context, listener)

    def _serve(self, context: Context, listener: socket.socket) -> None:
        """Answer until the clock is closed or another network counts, which may be so already."""
        server = WebServer(context)
        with self._changing:
            self._server = server
            if context.run != self._inputs.run:
                server.stop()
        server.run(listener.dup(), with_status_line=self._serving.with_status_line)

    def _change(self, change: NetworkChange) -> None:
        """Serve another network from an hour on; WebSocket clients have to come again then."""
        if self._part.clock.wait_until(change.begins):
            with self._changing:
                self._inputs = change.inputs
                if self._server is not None:
                    self._server.stop()

    def _context(self) -> Context:
        may_change = self._part.network_may_change
        return context_over(
            self._store,
            inputs=self._inputs,
            clock=self._part.clock,
            keys=self._keys,
            limits=self._limits,
            hosts=hosts_for(self._serving.host, self._serving.allowed_hosts),
            continue_with_new_inputs=may_change,
            control=self._control(),
            feeders=observed_feeders(self._store, self._part.clock),
            observer=self._observer,
        )

    def _control(self) -> ClockControl | None:
        from services.aws.ssm_clock import SsmClock

        clock = self._part.clock
        if not self._serving.clock_control or not isinstance(clock, SsmClock):
            return None
        from services.aws.ssm_clock_control import SsmClockControl

        return SsmClockControl(clock, self._store, self._inputs.run)


def context_over(
    store: Store,
    *,
    inputs: Inputs,
    clock: Clock,
    keys: Keys,
    limits: Limits,
    hosts: AllowedHosts,
    continue_with_new_inputs: bool = False,
    control: ClockControl | None = None,
    feeders: Sequence[MonitoredFeeder] = (),
    observer: ConnectionObserver | None = None,
) -> Context:
    """What the services share. Raises `RunMismatch` for a store that another run made.

    The hub has no source: see `positions`.
    """
    check_run(
        store,
        inputs.run,
        continue_with_new_inputs=continue_with_new_inputs,
        scenario_words=inputs.scenario_words,
    )
    return Context(
        store=store,
        scenario=inputs.scenario,
        mcp_hosts=hosts,
        network=inputs.network,
        clock=clock,
        run=inputs.run,
        key=keys,
        version=version("bus-simulator"),
        live=live_hub(store, inputs.network, clock.now, observer=observer),
        limits=limits,
        control=control,
        feeders=feeders,
    )
