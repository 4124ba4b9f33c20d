"""Live records as Server-Sent Events: every stream, refusals, resumption, slow clients, random requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.app import create_app
from services.context import Context
from services.live.event_ids import event_id, parse_event_id
from services.live.messages import MOST_CONNECTIONS
from services.web.live.event_stream import NO_ID
from simulator.types import to_datetime
from storage.schema import PeopleCount, Record, SensorReading, StopVisit, Stream
from storage.store import Store
from tests.examples import examples
from tests.services.fakes import MINUTE, RUN, SECOND
from tests.services.live_city import LATEST, TICK, city_context, hub_of, many_lines, tick
from tests.services.live_clients import PATIENCE_S, serving
from tests.storage.records import table

pytestmark = pytest.mark.integration

KEY = {"x-api-key": "right", "x-group-name": "team-alpha"}
IN_QUERY = {"api_key": "right", "group_name": "team-alpha"}
BOTH = [("B001", "L1"), ("B002", "L1")]
COUNT = PeopleCount(TICK + MINUTE, "S002", "L1,L2", 7, 1, 2, 3)
SENSORS = SensorReading(TICK + MINUTE, "B001", "bus", 20.5, 41.5, 800, "open")
VISIT = StopVisit(TICK + MINUTE, "B001", "L1", "S001", "L1-1", 1, 0, TICK + 50 * SECOND, True, 3, 1, 0, 12, 4)


@dataclass(frozen=True)
class Event:
    """An event, as the client of the standard sees it."""

    name: str
    id: str
    data: Any

    @property
    def place(self) -> tuple[str, str]:
        return self.data["bus_id"], self.data["time"][14:19]


class Events:
    """The events of a response."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self, count: int) -> list[Event]:
        async with asyncio.timeout(PATIENCE_S):
            return [await self._one() for _ in range(count)]

    async def _one(self) -> Event:
        fields: dict[str, str] = {}
        async for line in self._lines:
            name, _, value = line.partition(": ")
            fields |= {name: value} if line else {}
            if not line and "data" in fields:
                return Event(fields["event"], fields.get("id", ""), json.loads(fields["data"]))
        raise EOFError


@asynccontextmanager
async def listening_to(port: int, headers: dict[str, str] = KEY, **query: str) -> AsyncIterator[Events]:
    url = f"http://127.0.0.1:{port}/live?{urlencode(query)}"
    async with (
        httpx.AsyncClient(timeout=PATIENCE_S) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        yield Events(response)


def test_every_stream_is_sent_with_its_name_and_only_of_the_lines_asked_for() -> None:
    context = city_context()
    hub = hub_of(context)

    async def main() -> None:
        async with (
            serving(context) as port,
            listening_to(port, {}, line_ids="L1", streams=",".join(Stream), **IN_QUERY) as events,
        ):
            assert events.response.headers["content-type"].startswith("text/event-stream")
            assert [each.name for each in await events.next(2)] == ["bus_position"] * 2
            hub.publish([COUNT, PeopleCount(TICK + MINUTE, "S004", "L2", 1, 0, 0, 0)], Stream.PEOPLE_COUNT)
            hub.publish([SENSORS], Stream.SENSOR_DATA)
            hub.publish([VISIT], Stream.STOP_VISIT)
            hub.publish(tick(TICK + MINUTE, ("B003", "L2"), BOTH[0]))
            found = {each.name: each.data for each in await events.next(4)}
            assert found["people_count"] == {
                "stream": "people_count",
                "stop_id": "S002",
                "time": "2026-03-02T07:31:00Z",
                "count": 7,
                "line_ids": "L1,L2",
            }
            assert found["sensor_data"]["door_status"] == "open"
            assert (found["stop_visit"]["stream"], found["stop_visit"]["boarding"]) == ("stop_visit", 3)
            assert found["bus_position"]["bus_id"] == "B001"
            assert "stream" not in found["bus_position"]

    asyncio.run(main())


def test_local_times_and_one_event_for_a_stop_of_two_lines() -> None:
    context = city_context()

    async def main() -> None:
        async with (
            serving(context) as port,
            listening_to(port, line_ids="L1,L2", streams="people_count", tz="Europe/Madrid") as events,
        ):
            await until_subscribed(context)
            hub_of(context).publish([COUNT], Stream.PEOPLE_COUNT)
            later = PeopleCount(TICK + 2 * MINUTE, "S002", "L1,L2", 8, 1, 2, 3)
            hub_of(context).publish([later], Stream.PEOPLE_COUNT)
            newest = (await events.next(1))[0].data
            assert (newest["count"], newest["time"]) == (8, "2026-03-02T08:32:00+01:00")

    asyncio.run(main())


async def until_subscribed(context: Context) -> None:
    """Let a client's snapshot, which has no counts, be read."""
    async with asyncio.timeout(PATIENCE_S):
        while not hub_of(context).wanted(Stream.PEOPLE_COUNT):
            await asyncio.sleep(0)


def test_a_client_that_reconnects_gets_each_record_once() -> None:
    context = city_context()
    hub = hub_of(context)

    async def main() -> None:
        async with serving(context) as port:
            async with listening_to(port, line_ids="L1") as events:
                first = await events.next(2)
                hub.publish(tick(TICK + 30 * SECOND, *BOTH))
                first += await events.next(2)
            for number in (1, 2, 3):
                stored(context.store, tick(TICK + number * 30 * SECOND, *BOTH))
            context.clock.step(2 * MINUTE)
            resumed = KEY | {"last-event-id": first[-1].id}
            async with listening_to(port, resumed, line_ids="L1") as events:
                second = await events.next(4)
                hub.publish(tick(TICK + 90 * SECOND, *BOTH))  # in what was missed
                hub.publish(tick(TICK + 2 * MINUTE, *BOTH))
                second += await events.next(2)
        seconds = ("30:00", "30:30", "31:00", "31:30", "32:00")
        expected = [(bus_id, time) for time in seconds for bus_id in ("B001", "B002")]
        assert [each.place for each in (*first, *second)] == expected

    asyncio.run(main())


def stored(store: Store, records: Sequence[Record]) -> None:
    """Write a tick of positions."""
    span = (records[0].time, records[0].time + 30 * SECOND)
    store.write(Stream.BUS_POSITION, table(Stream.BUS_POSITION, records), covers=span, run=RUN)


@pytest.mark.parametrize("last", ["", NO_ID, "b", "b-1", "bzz", "x19", "b" + "f" * 40, event_id({})])
def test_an_unknown_event_id_begins_with_a_snapshot(last: str) -> None:
    async def main() -> None:
        async with (
            serving(city_context()) as port,
            listening_to(port, KEY | {"last-event-id": last}, line_ids="L2") as events,
        ):
            assert [each.data["time"] for each in await events.next(1)] == [LATEST]

    assert parse_event_id(last) is None
    asyncio.run(main())


REFUSED = {
    "": (400, "Must specify 'line_ids' parameter, for example line_ids=L1,L2"),
    "line_ids=,": (400, "Must specify 'line_ids' parameter, for example line_ids=L1,L2"),
    "line_ids=L1&line_ids=L99": (404, "Line L99 not found"),
    "line_ids=L1&streams=": (
        400,
        "streams must name at least one of bus_position, people_count, sensor_data, stop_visit",
    ),
    "line_ids=L1&streams=visits": (
        400,
        "Unknown stream: visits. Must be one of bus_position, people_count, sensor_data, stop_visit",
    ),
    "line_id=L1": (400, "Unknown parameter: line_id. Did you mean line_ids?"),
    "line_ids=L1&api_key=wrong": (401, "Invalid API key"),
}


@pytest.mark.parametrize("query", REFUSED)
def test_refusals_are_rests(query: str) -> None:
    status, message = REFUSED[query]

    async def main() -> None:
        response = await ask(city_context(), query)
        assert (response.status_code, response.json()["message"]) == (status, message)

    asyncio.run(main())


async def ask(context: Context, query: str, headers: dict[str, str] = KEY) -> httpx.Response:
    """The response of the application in process; an event stream ends at once."""
    app = create_app(context)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get(f"/live?{query}", headers=headers)


def test_the_51st_line_and_the_101st_connection_are_refused_and_leave_nothing() -> None:
    context = city_context(served=many_lines(51))

    async def main() -> None:
        hub = hub_of(context)
        lines = ",".join(f"L{number}" for number in range(1, 52))
        response = await ask(context, f"line_ids={lines}")
        assert (response.status_code, response.json()["message"]) == (400, "Too many lines (limit 50)")
        assert (hub.connections, hub.subscribed_lines) == (0, frozenset())
        for _ in range(MOST_CONNECTIONS):
            hub.connect("default", "team", no_reply, lambda: None)
        response = await ask(context, "line_ids=L1")
        assert (response.status_code, response.headers["retry-after"]) == (429, "30")

    asyncio.run(main())


async def no_reply(_text: str) -> None:
    """Ignore replies."""


def test_head_has_the_headers_and_ends_and_so_does_a_stream_when_the_server_stops() -> None:
    async def main() -> None:
        context = city_context()
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            async with serving(context) as port:
                head = await client.head(f"http://127.0.0.1:{port}/live?line_ids=L1", headers=KEY)
                assert (head.status_code, head.content) == (200, b"")
                request = client.build_request(
                    "GET", f"http://127.0.0.1:{port}/live?line_ids=L1", headers=KEY
                )
                response = await client.send(request, stream=True)
                events = Events(response)
                await events.next(2)
            with pytest.raises(EOFError):
                await events.next(1)
            await response.aclose()
        assert hub_of(context).connections == 0

    asyncio.run(main())


@pytest.mark.long
def test_a_client_that_does_not_read_delays_nobody_and_uses_little_memory() -> None:
    context = city_context()
    hub = hub_of(context)

    async def main() -> None:
        async with serving(context) as port:
            _, deaf = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            request = f"GET /live?line_ids=L1&{urlencode(IN_QUERY)} HTTP/1.1\r\nhost: x\r\n\r\n"
            deaf.write(request.encode())
            async with listening_to(port, line_ids="L2") as events:
                await events.next(1)
                async with asyncio.timeout(PATIENCE_S):
                    while "L1" not in hub.subscribed_lines:
                        await asyncio.sleep(0)
                (slow,) = hub.subscribers_of("L1")
                for number in range(1, 3001):
                    time = TICK + number * 30 * SECOND
                    hub.publish(tick(time, *BOTH, ("B003", "L2")))
                    assert (await events.next(1))[0].data["bus_id"] == "B003"
                    assert len(slow.outbox) <= 2
                assert len(slow.outbox) == 2
            deaf.close()

    asyncio.run(main())


CITY = city_context()
APP = create_app(CITY)
TEXTS = st.text(max_size=20)
QUERIES = st.lists(
    st.tuples(
        st.sampled_from(["line_ids", "streams", "tz", "batch", "api_key", "group_name"]) | TEXTS,
        st.sampled_from(["L1", "L1,L2", "L99", "stop_visit", "people_count,sensor_data", "Europe/Madrid"])
        | TEXTS,
    ),
    max_size=4,
)
IDS = st.text(st.characters(codec="latin-1"), max_size=40) | st.dictionaries(
    st.sampled_from(list(Stream)), st.integers(0, 10**13).map(to_datetime)
).map(event_id)


@examples(40, quick=5)
@given(query=QUERIES, last=IDS)
def test_any_query_and_event_id_get_events_or_a_refusal(query: list[tuple[str, str]], last: str) -> None:
    async def main() -> None:
        sent: list[Any] = []

        async def receive() -> Any:
            if not any(each["type"] == "http.response.body" for each in sent):
                await asyncio.sleep(0)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = {**KEY, "last-event-id": last}
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/live",
            "query_string": urlencode(query, errors="replace").encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        }
        await asyncio.wait_for(APP(scope, receive, send), PATIENCE_S)
        assert sent[0]["status"] in (200, 400, 401, 404)
        assert hub_of(CITY).connections == 0

    asyncio.run(main())
