"""The Python client against the served API: records, ranges, errors, retries and live data."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path

import httpx
import pytest
from websockets.sync.server import ServerConnection, serve

from bus_simulator_client import (
    AsyncClient,
    BadRequest,
    BusPosition,
    BusSimulatorError,
    Client,
    NotFound,
    PeopleCount,
    Retries,
    TooManyRequests,
    Unauthorized,
    UnexpectedAnswer,
    Unreachable,
)
from services.queries.bodies import Body
from tests.clients.served import GROUP, KEY, ServedCity, served_city

PACKAGE = Path(__file__).parents[2] / "clients" / "python" / "src" / "bus_simulator_client"
START, END = "2026-03-02T07:00Z", "2026-03-02T07:10Z"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCity]:
    with served_city(tmp_path_factory.mktemp("city")) as served:
        yield served


@pytest.fixture(scope="module")
def client(city: ServedCity) -> Iterator[Client]:
    with Client(city.url, KEY, GROUP) as connected:
        yield connected


def as_served(city: ServedCity, path: str) -> Body:
    """The JSON object of a route."""
    headers = {"x-api-key": KEY, "x-group-name": GROUP}
    found: Body = httpx.get(city.url + path, headers=headers, trust_env=False).json()
    return found


def test_records_are_those_of_the_routes(city: ServedCity, client: Client) -> None:
    assert fields_of(client.people_count("S001")) <= texts(as_served(city, "/people-count/S001?mode=latest"))
    assert fields_of(client.bus_position("B001")) <= texts(as_served(city, "/bus-position/B001?mode=latest"))
    assert client.sensors("bus", "B001").door_status in ("open", "closed")
    assert fields_of(client.sensors("stop", "S001")) <= texts(
        as_served(city, "/sensors/stop/S001?mode=latest")
    )


def fields_of(record: object) -> set[tuple[str, str]]:
    """A record's fields as text."""
    return {(name, text_of(getattr(record, name))) for name in type(record).__dataclass_fields__}  # type: ignore[attr-defined]  # a model


def texts(body: Body) -> set[tuple[str, str]]:
    return {(name, text_of(value)) for name, value in body.items()}


def text_of(value: object) -> str:
    return str(value).replace("+00:00", "Z").replace(" ", "T")


def test_an_instant_is_text_or_a_datetime_or_none(client: Client) -> None:
    assert client.people_count("S001", timestamp="2026-03-02T07:10:59Z").count == 10
    assert client.people_count("S001").count == 30


def test_a_range_iterates_over_all_pages(client: Client) -> None:
    counts = list(client.people_count("S001", start=START, end=END))
    assert [each.count for each in counts] == list(range(10))
    assert all(isinstance(each, PeopleCount) for each in counts)
    pages = list(client.bus_position("B001", start=START, end=END).pages())
    assert [len(page) for page in pages] == [20]


def test_everything_at_once_is_what_each_one_is(client: Client) -> None:
    counts = client.people_counts()
    assert list(counts) == [client.people_count(stop) for stop in ("S001", "S002", "S003")]
    assert text_of(counts.time) == "2026-03-02T07:30:00Z"
    assert [bus.bus_id for bus in client.bus_positions(line_id=["L2"])] == ["B003"]
    assert list(client.sensors("bus")) == [client.sensors("bus", f"B00{n}") for n in (1, 2, 3)]
    assert client.people_counts(timestamp="2026-03-02T07:10:59Z")[0].count == 10


def test_a_range_of_everything_iterates(client: Client) -> None:
    positions = list(client.bus_positions(line_id="L1", start=START, end=END))
    assert [bus.bus_id for bus in positions] == ["B001", "B002"] * 20
    assert len(list(client.sensors("stop", start=START, end=END))) == 20


@pytest.mark.parametrize("of", [{"stop_id": "S001"}, {"bus_id": "B001"}, {"line_id": "L1"}])
def test_visits_are_those_of_a_stop_a_bus_or_a_line(client: Client, of: dict[str, str]) -> None:
    in_range = list(client.stop_visits(**of, start=START, end=END))
    assert "B001" in {visit.bus_id for visit in in_range}
    newest = client.stop_visits(**of)
    assert newest[-1].time > in_range[-1].time
    assert in_range[-1] in client.stop_visits(**of, timestamp=in_range[-1].time)


def test_visits_need_one_id(client: Client) -> None:
    with pytest.raises(ValueError, match=r"give one of stop_id=, bus_id= and line_id="):
        client.stop_visits(stop_id="S001", line_id="L1")


def test_arrivals_and_the_network_are_those_of_the_routes(city: ServedCity, client: Client) -> None:
    arrivals = client.arrivals("S002", line_id=["L1"], limit=2, horizon_min=90)
    assert arrivals.stop_id == "S002"
    assert [each.line_id for each in arrivals.arrivals] == ["L1"] * len(arrivals.arrivals)
    assert client.network() == as_served(city, "/network.geojson")
    assert client.line_shape("L1") == as_served(city, "/lines/L1/shape")
    assert client.line_timetable("L1").line_id == "L1"
    assert [line.line_id for line in client.stop("S002").lines] == ["L1", "L1", "L2", "L2"]
    assert client.bus("B001").position == client.bus_position("B001")
    with pytest.raises(NotFound, match="Trip L1-1 not found"):
        client.trip("L1-1")


def test_listings_iterate(client: Client) -> None:
    assert [line.line_id for line in client.lines()] == ["L1", "L2"]
    assert [stop.stop_id for stop in client.stops()] == ["S001", "S002", "S003", "S004"]
    assert [bus.bus_id for bus in client.buses()] == ["B001", "B002", "B003"]
    assert [len(each.stops) for each in client.line("L1").directions] == [3, 3]
    assert client.health().run.seed == 1


@pytest.mark.parametrize(
    ("ask", "kind", "message"),
    [
        (lambda c: c.people_count("S999"), NotFound, "Stop S999 not found"),
        (lambda c: c.people_count("S004"), NotFound, "No data found for stop S004"),
        (lambda c: c.people_count("S001", timestamp="soon"), BadRequest, "Invalid timestamp format: 'soon'"),
        (lambda c: c.people_count("../lines"), NotFound, "Not found"),
        (lambda c: c.people_count("S001", start=START), ValueError, "a range needs both start= and end="),
        (
            lambda c: c.people_count("S001", timestamp=START, start=START, end=END),
            ValueError,
            "give either timestamp= or start= and end=",
        ),
    ],
)
def test_errors_say_what_is_wrong(
    client: Client, ask: Callable[[Client], object], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=f"^{message}"):
        ask(client)


def test_a_wrong_key_is_refused(city: ServedCity) -> None:
    with Client(city.url, "wrong", GROUP) as stranger:
        with pytest.raises(Unauthorized, match="Invalid API key") as refused:
            stranger.people_count("S001")
        assert refused.value.status == 401
        with pytest.raises(Unauthorized, match="Invalid API key"):
            next(stranger.live(["L1"]))


def test_without_a_server_the_error_names_the_url() -> None:
    nobody = Client("http://127.0.0.1:9", KEY, GROUP)
    with pytest.raises(Unreachable, match=r"Nothing answers at http://127.0.0.1:9 .*simulator running"):
        next(nobody.lines())
    with pytest.raises(Unreachable, match=r"Nothing answers at ws://127.0.0.1:9/production"):
        next(nobody.live(["L1"]))


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "localhost", "ftp://host", "http://"])
def test_a_bad_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="url must be like http"):
        Client(url, KEY, GROUP)


class Answers:
    """A transport that gives some answers in order, and notes the waits between them."""

    def __init__(self, *answers: httpx.Response) -> None:
        self._answers = list(answers)
        self.waits_s: list[float] = []

    def client(self, retries: Retries | None = None) -> Client:
        transport = httpx.MockTransport(lambda _: self._answers.pop(0))
        return Client(
            "http://test", KEY, GROUP, transport=transport, sleep=self.waits_s.append, retries=retries
        )


BUSY = {"error": "TooManyRequests", "message": "Too many requests"}
COUNT = {"stop_id": "S001", "time": "2026-03-02T07:30:00Z", "count": 4, "line_ids": "L1,L6"}


def busy(seconds: int) -> httpx.Response:
    return httpx.Response(429, json=BUSY, headers={"Retry-After": str(seconds)})


def test_a_request_is_sent_again_after_the_time_that_the_server_names() -> None:
    answers = Answers(busy(1), busy(2), httpx.Response(200, json=COUNT | {"new_field": [1]}))
    assert answers.client().people_count("S001").count == 4
    assert answers.waits_s == [1, 2]


def test_retries_end() -> None:
    answers = Answers(*(busy(1) for _ in range(3)))
    with pytest.raises(TooManyRequests, match="Too many requests"):
        answers.client(Retries(most=2)).people_count("S001")
    assert answers.waits_s == [1, 1]


def test_a_daily_limit_is_not_waited_for() -> None:
    answers = Answers(busy(7200))
    with pytest.raises(TooManyRequests):
        answers.client().people_count("S001")
    assert answers.waits_s == []


class CutOff(httpx.SyncByteStream):
    """A body whose connection is lost after its first half."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"first"
        raise httpx.ReadError("lost")


def test_an_export_continues_where_a_lost_connection_left_off(tmp_path: Path) -> None:
    answers = Answers(busy(1), httpx.Response(200, stream=CutOff()), httpx.Response(206, content=b" second"))
    target = answers.client().export("stop_visit", start=START, end=END, to=tmp_path / "visits.parquet")
    assert target.read_bytes() == b"first second"
    assert [path.name for path in tmp_path.iterdir()] == ["visits.parquet"]


@pytest.mark.parametrize("body", ["<html>", "[]", '{"stop_id":"S001"}'])
def test_what_is_no_answer_of_the_simulator_is_an_error(body: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        Answers(httpx.Response(200, text=body)).client().people_count("S001")


def test_live_positions_are_those_of_the_rest_api(client: Client) -> None:
    found = list(islice(client.live(["L1"]), 2))
    assert {each.bus_id: each for each in found} == {
        bus: client.bus_position(bus) for bus in ("B001", "B002")
    }
    with pytest.raises(BadRequest, match="Unknown line: L99"):
        next(client.live(["L99"]))


def test_live_records_of_other_streams_have_their_own_kinds(client: Client) -> None:
    live = client.live(streams=["people_count", "sensor_data"])
    found = list(islice(live, 8))
    live.close()
    assert set(found) == {*client.people_counts(), *client.sensors("bus"), *client.sensors("stop")}
    assert len(found) == 8


def test_live_visits_are_visits(city: ServedCity, client: Client) -> None:
    visit = client.stop_visits(bus_id="B001")[-1]
    as_sent = as_served(city, "/stop-visits/bus/B001?mode=latest")["items"]
    assert isinstance(as_sent, list)
    with scripted([SUBSCRIBED, as_sent[-1] | {"stream": "stop_visit"}]) as url:
        assert next(Client(url, KEY, GROUP).live(["L1"], streams=["stop_visit"])) == visit


@contextmanager
def scripted(*connections: Sequence[object]) -> Iterator[str]:
    """A WebSocket server that sends each connection its messages and closes it; yields its URL."""
    scripts = list(connections)

    def handle(socket: ServerConnection) -> None:
        assert json.loads(socket.recv())["line_ids"] == ["L1"]
        for message in scripts.pop(0):
            socket.send(json.dumps(message))

    with serve(handle, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


SUBSCRIBED = {"type": "subscribed", "line_ids": ["L1"]}


def test_a_lost_connection_is_made_again_and_nothing_comes_twice(city: ServedCity) -> None:
    first = as_served(city, "/bus-position/B001?mode=latest")
    second = first | {"time": "2026-03-02T07:30:30Z"}
    waits_s: list[float] = []
    with scripted([SUBSCRIBED, [first]], [], [SUBSCRIBED, [first], second]) as url:
        client = Client(url, KEY, GROUP, sleep=waits_s.append)
        found = list(islice(client.live(["L1"]), 2))
    assert [text_of(each.time) for each in found] == ["2026-03-02T07:30:00Z", "2026-03-02T07:30:30Z"]
    assert [0 < wait_s <= 2 for wait_s in waits_s] == [True, True]


def test_the_asynchronous_client_finds_the_same(city: ServedCity, client: Client) -> None:
    async def ask() -> None:
        async with AsyncClient(city.url, KEY, GROUP) as found:
            count, position = await asyncio.gather(found.people_count("S001"), found.bus_position("B001"))
            assert count == client.people_count("S001")
            assert position == client.bus_position("B001")
            assert await found.sensors("bus", "B001") == client.sensors("bus", "B001")
            in_range = found.people_count("S001", start=START, end=END)
            assert await in_range.to_list() == list(client.people_count("S001", start=START, end=END))
            assert [line.line_id async for line in found.lines()] == ["L1", "L2"]
            async for first in found.live(["L2"]):
                assert isinstance(first, BusPosition)
                assert first == client.bus_position("B003")
                break
            with pytest.raises(NotFound):
                await found.line("L99")

    asyncio.run(ask())


def test_a_closed_client_has_closed_the_connections_of_loops_that_were_left(city: ServedCity) -> None:
    async def leave() -> None:
        async with AsyncClient(city.url, KEY, GROUP) as found:
            async for _ in found.live(["L2"]):
                break
        assert "live records" not in {task.get_name() for task in asyncio.all_tasks()}

    asyncio.run(leave())


def test_both_clients_have_the_same_methods() -> None:
    assert arguments_of(Client) == arguments_of(AsyncClient)


def arguments_of(client: type) -> dict[str, list[str]]:
    """The public methods with the names of their arguments."""
    methods = inspect.getmembers(client, inspect.isfunction)
    return {
        name: list(inspect.signature(method).parameters)
        for name, method in methods
        if not name.startswith("_")
    }


def test_frames_without_their_package_say_what_to_install(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("pandas", "polars"):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(BusSimulatorError, match=rf"pip install 'bus-simulator-client\[{package}\]'"):
            getattr(client.lines(), f"to_{package}")()


def test_the_distribution_needs_nothing_of_the_simulator() -> None:
    imported = [
        re.findall(r"^ *(?:from|import) (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        for file in PACKAGE.glob("*.py")
    ]
    project = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"\W", each)[0] for each in project["dependencies"]}
    optional = set(project["optional-dependencies"])
    theirs = set(chain.from_iterable(imported)) - sys.stdlib_module_names
    assert theirs == declared | optional | {"bus_simulator_client"}
