"""A simulator that a test speaks to, however it runs."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bus_simulator_testing.api import Api

GROUP = "tests"
TICK = timedelta(seconds=30)
"""How often there are new positions."""
LONGEST_STEP = timedelta(days=1)
LONGEST_LOOK_S, SHORTEST_LOOK_S = 1.0, 0.02


class BusSimulator(ABC):
    """Where the simulator's interfaces are, and its clock. See docs/testing-with.md."""

    @property
    @abstractmethod
    def api_url(self) -> str:
        """The REST API, without a slash at the end."""

    @property
    @abstractmethod
    def api_key(self) -> str:
        """The key, for any group name."""

    @property
    @abstractmethod
    def timestream_endpoint(self) -> str:
        """The `endpoint_url` of the data, for boto3's `timestream-query`; the database is `bus_simulator`."""

    @property
    def mcp_url(self) -> str:
        """The MCP server (streamable HTTP)."""
        return f"{self.api_url}/mcp"

    @property
    def ws_url(self) -> str:
        """The WebSocket of live positions; it takes the headers, or `api_key=` and `group_name=`."""
        return f"ws{self.api_url.removeprefix('http')}/production"

    @property
    def headers(self) -> Mapping[str, str]:
        """What a request has to bear."""
        return {"x-api-key": self.api_key, "x-group-name": GROUP}

    def get(self, path: str, **query: object) -> Any:
        """The JSON body of a GET. Raises `Refused` (an AssertionError) for a status other than 200."""
        return self._api.get(path, query)

    def now(self) -> datetime:
        """Simulated now, in UTC."""
        return instant(self.get("/clock")["now"])

    def advance(self, span: timedelta | float) -> datetime:
        """Go on by a span (or seconds), with every tick between written, and stand there; the new now."""
        left = span if isinstance(span, timedelta) else timedelta(seconds=span)
        if left <= timedelta():
            raise ValueError(f"can't advance by {left}: the way back is a jump of POST /clock")
        while left > timedelta():
            step = min(left, LONGEST_STEP)
            now = self._api.post("/clock", {"step": step.total_seconds()})["now"]
            left -= step
            self._settle()
        return instant(now)

    def wait_until(
        self,
        what: datetime | str | Callable[[BusSimulator], object],
        *,
        within: timedelta = timedelta(hours=2),
        patience_s: float = 60.0,
    ) -> datetime:
        """Simulated now once it is `what`, or once `what`, asked of this, holds.

        A clock that stands is moved: to the instant, or tick by tick for at most `within`. One that runs is
        waited for, at most `patience_s` seconds. Raises TimeoutError.
        """
        clock = self.get("/clock")
        holds = what if callable(what) else reached(at_instant(what))
        if not clock["paused"]:
            return self._wait(holds, patience_s)
        if not callable(what):
            ahead = at_instant(what) - instant(clock["now"])
            return self.advance(ahead) if ahead > timedelta() else instant(clock["now"])
        return self._step(holds, instant(clock["now"]) + within)

    def _settle(self) -> None:  # noqa: B027 - one process has written before it answers
        """Wait until everything is written that is due."""

    @property
    def _api(self) -> Api:
        return Api(self.api_url, self.headers)

    def _step(self, holds: Callable[[BusSimulator], object], end: datetime) -> datetime:
        """Tick after tick up to `end`."""
        now = self.now()
        while not holds(self):
            if now >= end:
                raise TimeoutError(f"it isn't so until {end.isoformat()}, simulated time")
            now = self.advance(TICK)
        return now

    def _wait(self, holds: Callable[[BusSimulator], object], patience_s: float) -> datetime:
        """Look again and again, a little more seldom each time."""
        waiting, waited_s, pause_s = threading.Event(), 0.0, SHORTEST_LOOK_S
        while not holds(self):
            if waited_s >= patience_s:
                raise TimeoutError(
                    f"it isn't so after {patience_s:g} s, at {self.now().isoformat()} simulated time"
                )
            waiting.wait(pause_s)
            waited_s += pause_s
            pause_s = min(2 * pause_s, LONGEST_LOOK_S)
        return self.now()


def reached(end: datetime) -> Callable[[BusSimulator], bool]:
    """Whether simulated now is there."""
    return lambda simulator: simulator.now() >= end


def at_instant(given: datetime | str) -> datetime:
    """An instant with a zone, UTC where it has none."""
    found = instant(given) if isinstance(given, str) else given
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def instant(text: str) -> datetime:
    """ISO 8601 as the API writes it."""
    return datetime.fromisoformat(text)
