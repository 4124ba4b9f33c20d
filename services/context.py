"""What the services of one process share, handed to them at start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from services.access.allowed_hosts import AllowedHosts
from services.access.authentication import ApiKey, Keys
from services.access.rate_limits import UNLIMITED, Limits
from services.feeders.clock_control import ClockControl
from services.feeders.feeder import FeederKind, FeederStatus
from services.live.hub import Hub
from simulator.clock import Clock
from simulator.network import Network
from simulator.scenario import Scenario
from storage.store import Run, Store


@dataclass(frozen=True, slots=True)
class Snapshots:
    """How this process gives copies of its store: to whoever holds `key`, by way of files in `folder`."""

    copy_to: Callable[[Path], None]
    key: ApiKey
    folder: Path


class MonitoredFeeder(Protocol):
    """A feeder of this process or of another, as far as those who serve are concerned."""

    @property
    def kind(self) -> FeederKind:
        """Its name, streams and cadence."""

    def status(self, now: datetime) -> FeederStatus:
        """How far it is at `now`."""


@dataclass(frozen=True, slots=True)
class Context:
    """One store, network, clock and run behind every route. Without `control` nobody moves the clock.

    With `mcp_hosts`, which requests may name, the tools for agents are served, too.
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
    control: ClockControl | None = None
    scenario: Scenario | None = None
    mcp_hosts: AllowedHosts | None = None

    def now(self) -> datetime:
        """The simulated instant."""
        return self.clock.now()
