"""The dependencies that the services of one process share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from services.access.allowed_hosts import AllowedHosts
from services.access.authentication import ApiKey, Keys
from services.access.rate_limits import UNLIMITED, Limits, RequestMeter
from services.feeders.clock_control import ClockControl
from services.feeders.feeder import FeederKind, FeederStatus
from services.interventions.control import InterventionControl
from services.live.hub import Hub
from services.queries.bodies import Body
from services.transit.closed_stops import ClosedStops, Closures
from services.transit.line_history import LineHistories, Outlook
from services.transit.service_comparison import CompareService, JournalCosts
from simulator.clock import Clock
from simulator.network import Network
from simulator.scenario.scenario import Scenario
from storage.store import Reader, Run, Store


@dataclass(frozen=True, slots=True)
class Snapshots:
    """How to copy the store for a client with `key`; copies are written in `folder` before they are sent."""

    copy_to: Callable[[Path], None]
    key: ApiKey
    folder: Path


@dataclass(frozen=True, slots=True)
class MapTiles:
    """Tiles that the map shows under the lines: their URL with {z}, {x} and {y}, and their source."""

    url: str
    credit: str = ""

    @property
    def origin(self) -> str:
        """Scheme, host and port that browsers ask for tiles."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @classmethod
    def chosen(cls, url: str | None, credit: str) -> MapTiles | None:
        """The tiles that options name; without a credit their host counts as source. None without a URL."""
        return None if url is None else cls(url, credit or urlsplit(url).netloc)


class MonitoredFeeder(Protocol):
    """A feeder whose progress can be shown, in this process or another one."""

    @property
    def kind(self) -> FeederKind:
        """Its name, streams and cadence."""

    def status(self, now: datetime) -> FeederStatus:
        """Return its last tick and its lag at simulated time `now`."""


@dataclass(frozen=True, slots=True)
class Context:
    """The store, network, clock and run behind every route.

    Without `control` there are no routes that change the clock, without `interventions` none that disturb the
    city: it stays that of `scenario_at_start`, or follows interventions of others by `follow_scenario`.
    With `mcp_hosts` MCP is served too, for requests with these Host and Origin headers. Without a `meter`
    requests are counted against `limits` in this process. With `open_feeds` GTFS and other feeds need no key.
    The map shows `map_tiles`. Without `compare` the tool of that name refuses; without `costs` the map says
    nothing of what the interventions cost. `/health` has the store's `streams`, read by that function if
    there is one.
    """

    store: Store
    network: Network
    clock: Clock
    run: Run
    key: Keys
    version: str
    feeders: Sequence[MonitoredFeeder] = ()
    snapshots: Snapshots | None = None
    live: Hub | None = None
    limits: Limits = UNLIMITED
    meter: RequestMeter | None = None
    control: ClockControl | None = None
    interventions: InterventionControl | None = None
    scenario_at_start: Scenario | None = None
    follow_scenario: Callable[[], Scenario | None] | None = None
    mcp_hosts: AllowedHosts | None = None
    open_feeds: bool = False
    map_tiles: MapTiles | None = None
    compare: CompareService | None = None
    costs: JournalCosts | None = None
    streams: Callable[[], Body | None] | None = None
    histories: LineHistories = field(default_factory=LineHistories)
    closed_stops: ClosedStops = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "closed_stops", ClosedStops(self.network))

    @property
    def scenario(self) -> Scenario | None:
        """The scenario that the city is simulated by: the run's, with the interventions so far."""
        if self.follow_scenario is not None:
            return self.follow_scenario()
        return self.scenario_at_start if self.interventions is None else self.interventions.scenario

    def outlook(self, store: Reader, now: datetime | None = None) -> Outlook:
        """What is known of the lines at an instant, now without one, with the closures that are known now."""
        return self.histories.at(store, now or self.now(), self.closures)

    @property
    def closures(self) -> Closures:
        """The closures of the scenario."""
        return Closures(self.closed_stops, self.scenario)

    def now(self) -> datetime:
        """The simulated instant."""
        return self.clock.now()
