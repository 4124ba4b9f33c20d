"""Check a running simulator: history, feeders, REST, feeds in other formats, authentication, WebSocket.

Each check passes or fails; there are no warnings.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, Field, ValidationError

from services.access.authentication import GROUP_HEADER, KEY_HEADER
from services.feeders.feeder import FEEDERS
from services.operate.api_client import ApiClient, CheckFailed, Response
from services.operate.verify_targets import FoundTargets, Targets
from services.queries.bodies import (
    BusPositionBody,
    BusPositionsBody,
    BusSensorsBody,
    ErrorBody,
    LineBody,
    PeopleCountBody,
    StopSensorsBody,
    StopVisitPage,
)
from services.queries.status_bodies import HealthBody, StreamBody
from services.times import format_instant, parse_instant
from services.transit.bodies import ArrivalsBody
from services.transit.geojson_bodies import LineShapeBody
from services.web.health import TOLERATED_WALL_LAG_S
from storage.schema import SCHEMAS, Stream

HISTORY = timedelta(days=5)
FRESHNESS = timedelta(minutes=5)
"""How old, in simulated time, the latest record may be."""
VISITS = timedelta(days=1)
TABLES = (Stream.PEOPLE_COUNT, Stream.SENSOR_DATA, Stream.BUS_POSITION)
GATEWAY_CHECKED = ("Missing x-api-key header", "Missing x-group-name header")
GATEWAY_REFUSAL = b'{"message":"Unauthorized"}'
"""API Gateway's own answer if a header that identifies the caller is missing."""
WRONG_KEY = "certainly-not-the-key"
MOST_MESSAGES = 1000
FIVE_DAYS_AGO = "REST: five days ago"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Whether a check passed, and its finding."""

    check: str
    passed: bool
    detail: str


Check: TypeAlias = Callable[[], str]
"""Returns what it found. Raises `CheckFailed`."""
Checks: TypeAlias = Sequence[tuple[str, Check]]
"""Names and checks."""


def verify(
    client: ApiClient, targets: Targets, *, websocket: bool = True, history: bool = True
) -> Iterator[CheckResult]:
    """Run every check of a simulator on this machine, with or without WebSocket and history."""
    verifier = Verifier(client, targets)
    checks = [*verifier.health_checks(), *verifier.history_checks(), *verifier.feeder_checks()]
    checks += [*verifier.rest_checks(), *verifier.file_checks()]
    checks += [*verifier.feed_checks(), *verifier.auth_checks()]
    checks += verifier.websocket_checks() if websocket else ()
    return run_checks(checks if history else without_history(checks))


def without_history(checks: Checks) -> Checks:
    """The checks that a simulator without five days of history can pass."""
    return [each for each in checks if each[0] != FIVE_DAYS_AGO and not each[0].startswith("history: ")]


def run_checks(checks: Checks) -> Iterator[CheckResult]:
    """Run checks one after the other."""
    for name, check in checks:
        try:
            yield CheckResult(name, True, check())
        except CheckFailed as fault:
            yield CheckResult(name, False, str(fault))


class Verifier:
    """The checks of one simulator, by subject.

    Behind API Gateway (`gateway`), its own refusal of missing headers passes too.
    """

    def __init__(self, client: ApiClient, targets: Targets, *, gateway: bool = False) -> None:
        self._client, self._targets, self._gateway = client, FoundTargets(client, targets), gateway

    def health_checks(self) -> Checks:
        """The simulator reports that it is available."""
        return [("health", lambda: self._health().status)]

    def history_checks(self) -> Checks:
        """`/health` reports five days of history per table."""
        return [(f"history: {stream}", partial(self._history, stream)) for stream in TABLES]

    def feeder_checks(self) -> Checks:
        """`/health` reports running feeders without lag."""
        return [(f"feeder: {kind.name}", partial(self._feeder, kind.name)) for kind in FEEDERS]

    def rest_checks(self) -> Checks:
        """The routes of each stream answer with fresh data."""
        ids = self._targets
        return [
            ("REST: people count", lambda: self._latest(f"/people-count/{ids.stop_id}", PeopleCountBody)),
            ("REST: sensors of a stop",
             lambda: self._latest(f"/sensors/stop/{ids.stop_id}", StopSensorsBody)),
            ("REST: sensors of a bus", lambda: self._latest(f"/sensors/bus/{ids.bus_id}", BusSensorsBody)),
            ("REST: bus position", lambda: self._latest(f"/bus-position/{ids.bus_id}", BusPositionBody)),
            ("REST: a line's buses", lambda: self._line(f"/bus-position/line/{ids.line_id}?mode=latest")),
            ("REST: all buses", lambda: self._all_buses("/bus-position?mode=latest")),
            ("REST: visits to a stop", lambda: self._visits(f"/stop-visits/stop/{ids.stop_id}")),
            ("REST: arrivals", lambda: self._arrivals(f"/arrivals/{ids.stop_id}")),
            ("REST: a line's shape", lambda: self._shape(f"/lines/{ids.line_id}/shape")),
            (FIVE_DAYS_AGO, lambda: self._five_days_ago(f"/people-count/{ids.stop_id}")),
            ("REST: an unknown stop", lambda: self._refused("/people-count/NO-STOP?mode=latest", 404,
                                                            "Stop NO-STOP not found")),
        ]  # fmt: skip

    def file_checks(self) -> Checks:
        """Live events and files, which Lambda functions don't serve."""
        return [
            ("REST: live events", lambda: self._events(f"/live?line_ids={self._targets.line_id}")),
            ("REST: an exported file", lambda: self._export("/export/people_count")),
        ]

    def feed_checks(self) -> Checks:
        """SIRI and EMT's API answer. Lambda functions have neither."""
        return [("SIRI: stop monitoring", self._siri), ("EMT: login, stops and arrivals", self._emt)]

    def auth_checks(self) -> Checks:
        """The three refusals of REST."""
        group = self._client.group
        offers = {
            "Missing x-api-key header": {GROUP_HEADER: group},
            "Missing x-group-name header": {KEY_HEADER: self._client.key},
            "Invalid API key": {KEY_HEADER: WRONG_KEY, GROUP_HEADER: group},
        }
        return [
            (f"authentication: {text}", partial(self._unauthorized, text, headers))
            for text, headers in offers.items()
        ]

    def websocket_checks(self) -> Checks:
        """Live positions arrive; handshakes without a valid key are refused."""
        return [
            ("WebSocket: positions", self._positions),
            ("WebSocket: a wrong key", lambda: self._handshake_refused(WRONG_KEY)),
            ("WebSocket: no key", lambda: self._handshake_refused("")),
        ]

    def _health(self) -> HealthBody:
        answer = self._client.request("/health", {}).expect(200)
        health = answer.body(HealthBody)
        if health.status == "unavailable":
            raise CheckFailed("the store can't be reached")
        return health

    def now(self) -> datetime:
        """The current simulated time. Raises `CheckFailed`."""
        return parse_body_instant(self._health().clock.now)

    def _history(self, stream: Stream) -> str:
        health = self._health()
        if stream.value not in health.streams:
            raise CheckFailed(f"no table {stream.value}")
        start, end = newest_interval(health.streams[stream.value])
        now = parse_body_instant(health.clock.now)
        if end < now - FRESHNESS:
            raise CheckFailed(f"ends {format_instant(end)}, {now - end} before simulated now")
        if now - start < HISTORY:
            raise CheckFailed(f"{format_days(now - start)} without a gap, {format_days(HISTORY)} are needed")
        return f"{format_days(now - start)} without a gap"

    def _feeder(self, name: str) -> str:
        health = self._health()
        found = next((feeder for feeder in health.feeders if feeder.name == name), None)
        if found is None:
            raise CheckFailed("missing in /health")
        if found.state != "running":
            raise CheckFailed(found.state)
        rate = health.clock.rate
        cadence = next(kind.cadence for kind in FEEDERS if kind.name == name)
        if rate != "max" and found.lag_s > cadence.total_seconds() + TOLERATED_WALL_LAG_S * rate:
            raise CheckFailed(f"lags by {found.lag_s:.0f} s")
        return f"last tick {found.last_tick}"

    def _latest(self, path: str, model: type[BaseModel]) -> str:
        answer = self._client.request(f"{path}?mode=latest").expect(200)
        answer.body(model)
        return f"of {self._fresh(answer)}"

    def _line(self, path: str) -> str:
        body = self._client.request(path).expect(200).body(LineBody)
        if body.line_id != self._targets.line_id or not body.buses:
            raise CheckFailed(f"{len(body.buses)} buses of line {body.line_id}")
        if strangers := {bus.line_id for bus in body.buses} - {body.line_id}:
            raise CheckFailed(f"buses of {', '.join(sorted(strangers))} among those of line {body.line_id}")
        return f"{len(body.buses)} buses"

    def _all_buses(self, path: str) -> str:
        answer = self._client.request(path).expect(200)
        found = {item.bus_id for item in answer.body(BusPositionsBody).items}
        if self._targets.bus_id not in found:
            raise CheckFailed(f"{len(found)} buses, {self._targets.bus_id} isn't among them")
        return f"{len(found)} buses of {self._fresh(answer)}"

    def _visits(self, path: str) -> str:
        now = self.now()
        times = f"start={format_instant(now - VISITS)}&end={format_instant(now)}"
        page = self._client.request(f"{path}?{times}&limit=10").expect(200).body(StopVisitPage)
        if any(f"/{visit.stop_id}" != path[path.rindex("/") :] for visit in page.items):
            raise CheckFailed(f"{path}: visits to other stops")
        return f"{len(page.items)} of the last {format_days(VISITS)}"

    def _arrivals(self, path: str) -> str:
        body = self._client.request(path).expect(200).body(ArrivalsBody)
        times = [parse_body_instant(arrival.expected_time) for arrival in body.arrivals]
        if times != sorted(times) or any(time < parse_body_instant(body.time) for time in times):
            raise CheckFailed(f"{path}: expected times don't ascend from {body.time}")
        return f"{len(times)} buses"

    def _shape(self, path: str) -> str:
        body = self._client.request(path).expect(200).body(LineShapeBody)
        if not body.features or any(len(each.geometry.coordinates) < 2 for each in body.features):
            raise CheckFailed(f"{path}: no line with at least two points")
        return f"{len(body.features)} patterns"

    def _events(self, path: str) -> str:
        try:
            position = BusPositionBody.model_validate_json(self._client.first_event(path), strict=True)
        except ValidationError as error:
            raise CheckFailed(f"{path}: the event is wrong: {error.errors()[0]['msg']}") from None
        if position.line_id != self._targets.line_id:
            raise CheckFailed(f"{path}: an event of line {position.line_id}")
        return f"{position.bus_id} of {position.time}"

    def _export(self, path: str) -> str:
        now = self.now()
        times = f"start={format_instant(now - FRESHNESS)}&end={format_instant(now)}"
        answer = self._client.request(f"{path}?{times}&format=csv").expect(200)
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8", "replace"))))
        if not rows or rows[0].keys() != set(SCHEMAS[Stream.PEOPLE_COUNT].names):
            raise CheckFailed(f"{path}: no counts as CSV: {answer.shown}")
        return f"{len(rows)} counts of the last {FRESHNESS.seconds // 60} min"

    def _siri(self) -> str:
        path = f"/siri/stop-monitoring?MonitoringRef={self._targets.stop_id}&format=json"
        found = self._client.request(path).expect(200).body(SiriBody)
        visits = found.Siri.ServiceDelivery.StopMonitoringDelivery[0].MonitoredStopVisit
        return f"{len(visits)} buses"

    def _emt(self) -> str:
        user = {"email": f"{self._client.group}@verify", "password": self._client.key}
        login = self._emt_data("/v1/mobilitylabs/user/login/", user, "01")
        token, buses = {"accessToken": str(login["accessToken"])}, "/v2/transport/busemtmad"
        line = self._emt_data(f"{buses}/lines/info/", token)["line"]
        stops = self._emt_data(f"{buses}/lines/{line}/stops/1/", token)["stops"]
        stop = stops[0]["stop"] if isinstance(stops, list) and stops else "none"
        arriving = self._emt_data(f"{buses}/stops/{stop}/arrives/", token, body={})["Arrive"]
        return f"{len(arriving) if isinstance(arriving, list) else 0} buses at stop {stop}"

    def _emt_data(
        self, path: str, headers: dict[str, str], code: str = "00", *, body: object | None = None
    ) -> dict[str, Any]:
        """The first item of an answer of EMT's API. Raises `CheckFailed` for another code."""
        answer = self._client.request(f"/emt{path}", headers, body=body).expect(200)
        found = answer.body(EmtBody)
        if found.code != code:
            raise CheckFailed(f"{answer.path}: code {found.code} instead of {code}: {answer.shown}")
        if not found.data:
            raise CheckFailed(f"{answer.path}: no data")
        return found.data[0]

    def _five_days_ago(self, path: str) -> str:
        asked = self.now() - HISTORY
        body = self._client.request(f"{path}?timestamp={format_instant(asked)}").expect(200)
        found = parse_body_instant(body.body(PeopleCountBody).time)
        if not asked - FRESHNESS <= found <= asked:
            raise CheckFailed(f"asked for {format_instant(asked)}, got {format_instant(found)}")
        return f"of {format_instant(found)}"

    def _fresh(self, answer: Response) -> str:
        time, now = parse_body_instant(answer.body(TimedBody).time), self.now()
        if not now - FRESHNESS <= time <= now:
            raise CheckFailed(f"{answer.path}: of {format_instant(time)}, and now is {format_instant(now)}")
        return format_instant(time)

    def _refused(self, path: str, status: int, text: str, headers: dict[str, str] | None = None) -> str:
        answer = self._client.request(path, headers).expect(status)
        if self._gateway and text in GATEWAY_CHECKED and answer.content == GATEWAY_REFUSAL:
            return f"{status}, by the gateway"
        body = answer.body(ErrorBody)
        if body.message != text:
            raise CheckFailed(f"{path}: says '{body.message}' instead of '{text}'")
        return f"{status}"

    def _unauthorized(self, text: str, headers: dict[str, str]) -> str:
        return self._refused(f"/people-count/{self._targets.stop_id}?mode=latest", 401, text, headers)

    def _positions(self) -> str:
        line_id, subscribed, position = self._targets.line_id, False, None
        with self._client.connected() as live:
            live.send({"action": "subscribe", "line_ids": [line_id]})
            for _ in range(MOST_MESSAGES):
                message = live.receive()
                if "type" not in message:
                    position = position_from(message)
                elif message != {"type": "subscribed", "line_ids": [line_id]}:
                    raise CheckFailed(f"the reply to subscribing is {message}")
                else:
                    subscribed = True
                if subscribed and position is not None:
                    return f"{position.bus_id} of {position.time}"
        raise CheckFailed(f"no position of line {line_id} among {MOST_MESSAGES} messages")

    def _handshake_refused(self, key: str) -> str:
        status = self._client.handshake(key)
        if status not in (401, 403):
            raise CheckFailed(f"status {status} instead of 401 or 403")
        return f"{status}"


def parse_body_instant(text: str) -> datetime:
    """Parse a time in a body. Raises `CheckFailed`."""
    try:
        return parse_instant(text)
    except ValueError as error:
        raise CheckFailed(str(error)) from None


class TimedBody(BaseModel):
    """Any body with a `time`; other fields are ignored."""

    time: str


class StopDelivery(BaseModel):
    """SIRI's delivery of a stop; other fields are ignored, as in the next three."""

    MonitoredStopVisit: list[dict[str, object]]


class StopDeliveries(BaseModel):
    """The part of a SIRI document with its deliveries."""

    StopMonitoringDelivery: Annotated[list[StopDelivery], Field(min_length=1)]


class SiriContent(BaseModel):
    """A SIRI document's content."""

    ServiceDelivery: StopDeliveries


class SiriBody(BaseModel):
    """A SIRI document as JSON."""

    Siri: SiriContent


class EmtBody(BaseModel):
    """An answer of EMT's API. Its items differ from call to call."""

    code: str
    data: list[dict[str, Any]]


def position_from(message: dict[str, object]) -> BusPositionBody:
    """Validate a message as a position. Raises `CheckFailed`."""
    try:
        return BusPositionBody.model_validate(message, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        raise CheckFailed(f"a position is wrong: {'.'.join(map(str, first['loc']))} {first['msg']}") from None


def newest_interval(stream: StreamBody) -> tuple[datetime, datetime]:
    """Start and end of the newest time span without a gap. Raises `CheckFailed` if there is none."""
    held = sorted((parse_body_instant(s.start), parse_body_instant(s.end)) for s in stream.coverage)
    if not held or not stream.rows:
        raise CheckFailed("no data")
    start, end = held.pop()
    while held and held[-1][1] >= start:
        start = held.pop()[0]
    return start, end


def format_days(span: timedelta) -> str:
    """A time span in days, as text."""
    return f"{span / timedelta(days=1):.2f} days"


def result_table(results: Sequence[CheckResult]) -> Iterator[str]:
    """The results as the lines of a table."""
    width = max(len(result.check) for result in results)
    for result in results:
        yield f"{'ok  ' if result.passed else 'FAIL'}  {result.check:<{width}}  {result.detail}"
