"""Metrics of the program in Prometheus's text format 0.0.4: requests, feeders, rows, connections.

Without a client library, since counting a request must cost next to nothing. Metrics of the city are in the
streams.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from services.access.rate_limits import Limits
from services.context import Context
from simulator.clock import SystemWall
from storage.errors import StoreError
from storage.schema import Stream

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "bus_simulator"
NO_ROUTE = "none"
NO_GROUP = "no valid key"
FIRST_ERROR = 400
OTHER_GROUPS = "other groups"
MOST_GROUPS = 200
"""Groups that are counted one by one: holders of the main key choose any names."""
MOST_ERRORS = 100
"""Errors whose last time is kept, each of a group, route and status; the oldest goes first."""
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


@dataclass(slots=True)
class Latencies:
    """A histogram of latencies: a count for each bound of `BOUNDS_S`, and one for longer requests."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    sum_s: float = 0.0


class RequestCounts:
    """Counts of requests by route template and status, by group and status, and latencies by route.

    For one event loop.
    """

    def __init__(self) -> None:
        self.by_status: dict[tuple[str, int], int] = {}
        self.by_group: dict[str, dict[int, int]] = {}
        self.latencies: dict[str, Latencies] = {}
        self.last_errors: dict[tuple[str, str, int], float] = {}

    def count(self, route: str, status: int, seconds: float, group: str | None = None) -> None:
        """Count a request that has been answered; `group` is None for one without a valid key."""
        if group is not None:
            self._count_group(group, status)
        if status >= FIRST_ERROR:
            self._note_error(group or NO_GROUP, route, status)
        key = (route, status)
        self.by_status[key] = self.by_status.get(key, 0) + 1
        latencies = self.latencies.get(route)
        if latencies is None:
            latencies = self.latencies[route] = Latencies()
        latencies.counts[bisect_left(BOUNDS_S, seconds)] += 1
        latencies.sum_s += seconds

    def _note_error(self, group: str, route: str, status: int) -> None:
        self.last_errors.pop((group, route, status), None)
        self.last_errors[group, route, status] = SystemWall().time()
        if len(self.last_errors) > MOST_ERRORS:
            del self.last_errors[next(iter(self.last_errors))]

    def _count_group(self, group: str, status: int) -> None:
        if group not in self.by_group and len(self.by_group) >= MOST_GROUPS:
            group = OTHER_GROUPS
        counts = self.by_group.setdefault(group, {})
        counts[status] = counts.get(status, 0) + 1


def exposition(context: Context, requests: RequestCounts) -> str:
    """Return all metrics as text, without rows if the store can't be read."""
    now = context.now()
    lags = {feeder.kind.name: feeder.status(now).lag.total_seconds() for feeder in context.feeders}
    info: dict[Labels, float] = {(("run_id", context.run.run_id), ("version", context.version)): 1}
    lines = [
        *family("info", "gauge", "Version and run of the data.", info),
        *family(
            "feeder_lag_seconds",
            "gauge",
            "Simulated seconds due and not written yet.",
            by("feeder", lags),
        ),
        *family(
            "limit_requests", "gauge", "Requests allowed to each key; 0 is no limit.", limits(context.limits)
        ),
        *family("rows", "gauge", "Records in the store.", by("stream", stored_rows(context))),
        *request_lines(requests),
    ]
    if context.live is not None:
        connections: dict[Labels, float] = {(): context.live.connections}
        lines += family("websocket_connections", "gauge", "WebSocket clients.", connections)
    return "\n".join((*lines, ""))


def limits(of: Limits) -> dict[Labels, float]:
    """Each limit by its period."""
    return by("per", {"second": of.rate_per_s, "day": of.per_day})


Labels = tuple[tuple[str, str], ...]


def by(label: str, values: Mapping[str, float]) -> dict[Labels, float]:
    """Label each value with its name."""
    return {((label, name),): value for name, value in values.items()}


def stored_rows(context: Context) -> Mapping[str, float]:
    """Rows by stream; empty if the store can't be read."""
    try:
        return {stream.value: context.store.rows(stream) for stream in Stream}
    except StoreError:
        return {}


def request_lines(requests: RequestCounts) -> Iterator[str]:
    """Yield the lines of the request counter and the latency histogram."""
    counted: dict[Labels, float] = {
        (("route", route), ("status", str(status))): count
        for (route, status), count in sorted(requests.by_status.items())
    }
    yield from family("http_requests_total", "counter", "Requests by route and status.", counted)
    grouped: dict[Labels, float] = {
        (("group", group), ("status", str(status))): count
        for group, counts in sorted(requests.by_group.items())
        for status, count in sorted(counts.items())
    }
    yield from family("http_requests_by_group_total", "counter", "Requests by group and status.", grouped)
    errors: dict[Labels, float] = {
        (("group", group), ("route", route), ("status", str(status))): at_s
        for (group, route, status), at_s in requests.last_errors.items()
    }
    what = "When a group's request last got an error, in seconds since 1970."
    yield from family("last_error_timestamp_seconds", "gauge", what, errors)
    name = f"{PREFIX}_http_request_duration_seconds"
    yield from heading(name, "histogram", "Latency of requests by route.")
    for route, latencies in sorted(requests.latencies.items()):
        total = 0
        for bound, count in zip((*BOUNDS_S, "+Inf"), latencies.counts, strict=True):
            total += count
            yield sample(f"{name}_bucket", (("route", route), ("le", str(bound))), total)
        yield sample(f"{name}_sum", (("route", route),), latencies.sum_s)
        yield sample(f"{name}_count", (("route", route),), total)


def family(name: str, kind: str, what: str, values: Mapping[Labels, float]) -> Iterator[str]:
    """Yield the lines of one metric."""
    yield from heading(f"{PREFIX}_{name}", kind, what)
    for labels, value in values.items():
        yield sample(f"{PREFIX}_{name}", labels, value)


def heading(name: str, kind: str, what: str) -> Iterator[str]:
    """Yield the HELP and TYPE lines of a metric."""
    yield f"# HELP {name} {what}"
    yield f"# TYPE {name} {kind}"


def sample(name: str, labels: Labels, value: float) -> str:
    """One sample line. Groups have any names, so labels are escaped."""
    inner = ",".join(f'{label}="{escaped(text)}"' for label, text in labels)
    return f"{name}{{{inner}}} {value}" if inner else f"{name} {value}"


def escaped(text: str) -> str:
    """A label's value, as the format quotes it."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
