"""What a simulator offers to a test, however it runs: addresses, requests, its clock."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from bus_simulator_testing.api import Api

GROUP = "tests"
TICK = timedelta(seconds=30)
"""The interval of new positions."""
LONGEST_STEP = timedelta(days=1)
STEP_S = 10.0
"""How long feeders may take to follow a jump."""
LONGEST_POLL_S, SHORTEST_POLL_S = 1.0, 0.02


class GtfsRtUrls(NamedTuple):
    """The URLs of the GTFS-Realtime feeds."""

    vehicle_positions: str
    trip_updates: str
    alerts: str


class BusSimulator(ABC):
    """A running simulator. See docs/testing-with.md."""

    @property
    @abstractmethod
    def api_url(self) -> str:
        """The URL of the REST API, without a slash at the end."""

    @property
    @abstractmethod
    def api_key(self) -> str:
        """The API key, valid with any group name."""

    @property
    @abstractmethod
    def timestream_endpoint(self) -> str:
        """The `endpoint_url` for boto3's `timestream-query`; the database is `bus_simulator`."""

    @property
    def mcp_url(self) -> str:
        """The URL of the MCP server (streamable HTTP)."""
        return f"{self.api_url}/mcp"

    @property
    def siri_url(self) -> str:
        """The URL of SIRI's services, such as `{siri_url}/stop-monitoring?MonitoringRef=S001`."""
        return f"{self.api_url}/siri"

    @property
    def emt_url(self) -> str:
        """The URL to use in place of EMT Madrid's host; any e-mail and the API key log in."""
        return f"{self.api_url}/emt"

    @property
    def ws_url(self) -> str:
        """The URL of the WebSocket; pass the headers, or `api_key=` and `group_name=` in the query string."""
        return f"ws{self.api_url.removeprefix('http')}/production"

    @property
    def gtfs_url(self) -> str:
        """The URL of the static GTFS feed. A container's needs the headers."""
        return f"{self.api_url}/gtfs.zip"

    @property
    def gtfs_rt_urls(self) -> GtfsRtUrls:
        """The URLs of the three GTFS-Realtime feeds, which go with `gtfs_url`."""
        names = ("vehicle-positions", "trip-updates", "alerts")
        return GtfsRtUrls(*(f"{self.api_url}/gtfs-rt/{name}" for name in names))

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that a request needs."""
        return {"x-api-key": self.api_key, "x-group-name": GROUP}

    def get(self, path: str, **query: object) -> Any:
        """Send a GET request and return the JSON body.

        Raises `Refused` (an AssertionError) for a status other than 200.
        """
        return self._api.get(path, query)

    def now(self) -> datetime:
        """Return the simulated time, in UTC."""
        return parse_time(self.get("/clock")["now"])

    def advance(self, span: timedelta | float) -> datetime:
        """Advance the clock by a span (or seconds) and leave it paused; return the new simulated time.

        The data of every tick in between are written.
        """
        left = span_of(span)
        if left <= timedelta():
            raise ValueError(f"can't advance by {left}; to go back, use rewind()")
        while left > timedelta():
            step = min(left, LONGEST_STEP)
            now = self._api.post("/clock", {"step": step.total_seconds()})["now"]
            left -= step
            self._finish_writing()
        return parse_time(now)

    def wait_until(
        self,
        what: datetime | str | Callable[[BusSimulator], object],
        *,
        within: timedelta | float = timedelta(hours=2),
        patience_s: float = 60.0,
    ) -> datetime:
        """Wait until a simulated time, or until a function of this simulator is true; return the time then.

        A paused clock is advanced: to the time, or tick by tick for at most `within` (a span, or seconds)
        until the function is true. With a running clock this waits at most `patience_s` seconds. Raises
        TimeoutError, and ValueError for a time that a paused clock has passed.
        """
        clock = self.get("/clock")
        holds = what if callable(what) else reached(aware(what))
        if not clock["paused"]:
            return self._wait(holds, patience_s)
        now = parse_time(clock["now"])
        if callable(what):
            return self._step(holds, now + span_of(within))
        if aware(what) < now:
            raise ValueError(f"{aware(what).isoformat()} is past: it is {now.isoformat()}; use rewind()")
        return self.advance(aware(what) - now) if aware(what) > now else now

    def rewind(self, instant: datetime | str) -> datetime:
        """Stop the clock at an earlier time; return the simulated time.

        Every answer is then what it was: no route shows the records ahead, which stay in the store.
        """
        now = self.now()
        if aware(instant) > now:
            raise ValueError(f"can't rewind from {now.isoformat()} to {aware(instant).isoformat()}")
        for change in ({"rate": 1}, {"pause": True}, {"jump": aware(instant).isoformat()}):
            self._api.post("/clock", change)
        return self._wait(in_step, STEP_S)

    def intervene(self, kind: str, **fields: object) -> dict[str, Any]:
        """Disturb the city: `intervene("breakdown", bus="B001", repair_min=20)`; return the intervention.

        `kind` and `fields` are those of scenario files, with `from_` for `from`; times may be datetimes.
        Without a time it begins at once. Raises `Refused` for an impossible disruption.
        """
        named = {name.removesuffix("_"): written(value) for name, value in fields.items()}
        return dict(self._api.post("/interventions", {kind: named}))

    def _finish_writing(self) -> None:  # noqa: B027 - a single process writes before it responds
        """Wait until all data that are due have been written."""

    @property
    def _api(self) -> Api:
        return Api(self.api_url, self.headers)

    def _step(self, holds: Callable[[BusSimulator], object], end: datetime) -> datetime:
        """Advance tick by tick until `holds`, at most to `end`."""
        now = self.now()
        while not holds(self):
            if now >= end:
                raise TimeoutError(f"the condition was not true by {end.isoformat()}, simulated time")
            now = self.advance(TICK)
        return now

    def _wait(self, holds: Callable[[BusSimulator], object], patience_s: float) -> datetime:
        """Poll until `holds`, with growing pauses."""
        waiting, waited_s, pause_s = threading.Event(), 0.0, SHORTEST_POLL_S
        while not holds(self):
            if waited_s >= patience_s:
                raise TimeoutError(
                    f"the condition isn't true after {patience_s:g} s, "
                    f"at {self.now().isoformat()} simulated time"
                )
            waiting.wait(pause_s)
            waited_s += pause_s
            pause_s = min(2 * pause_s, LONGEST_POLL_S)
        return self.now()


def in_step(simulator: BusSimulator) -> bool:
    """Whether no feeder is behind, nor still at the time before a jump."""
    return all(feeder["lag_s"] == 0 for feeder in simulator.get("/health")["feeders"])


def span_of(given: timedelta | float) -> timedelta:
    """Return a span that may be given in seconds."""
    return given if isinstance(given, timedelta) else timedelta(seconds=given)


def written(value: object) -> object:
    """Return a value as JSON has it: times as texts."""
    return aware(value).isoformat() if isinstance(value, datetime) else value


def reached(end: datetime) -> Callable[[BusSimulator], bool]:
    """Return a function that says whether the simulated time has reached `end`."""
    return lambda simulator: simulator.now() >= end


def aware(given: datetime | str) -> datetime:
    """Return a time with a zone, UTC if it has none."""
    found = parse_time(given) if isinstance(given, str) else given
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def parse_time(text: str) -> datetime:
    """Parse ISO 8601 as the API writes it."""
    return datetime.fromisoformat(text)
