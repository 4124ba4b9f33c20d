"""Write `docs/api.md`: the routes from the OpenAPI description, the WebSocket's messages, and real responses.

The responses come from the shipped network on a Monday morning, and are the same on any machine.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from starlette.types import ASGIApp, Message

from services import errors
from services.access.authentication import ApiKey
from services.app import create_app
from services.context import Context
from services.feeders.backfill import fill, plan
from services.feeders.clock_control import InProcessClockControl
from services.inputs.load import load_inputs
from services.interventions.in_process import InProcessInterventions
from services.live import messages
from services.live.live_hub import live_hub
from services.live.missed_records import LONGEST_GAP
from services.live.outbox import MOST_EVENTS
from services.web import openapi, websocket
from services.web.gate import LIVE_PATH
from services.web.live.event_stream import HEARTBEAT_S, SILENCE_S
from services.web.uvicorn import websocket as uvicorn_websocket
from simulator.clock import Clock
from storage.duckdb_store import DuckDBStore

NETWORK = Path(__file__).parent.parent / "data" / "lines.yaml"
KEY = "example-key"
HEADERS = {"x-api-key": KEY, "x-group-name": "me"}
START = datetime(2026, 3, 2, 7, tzinfo=UTC)
NOW = START + timedelta(minutes=30, seconds=10)
LONGEST_LIST = 2
"""The most items of a list that an example shows."""


class Change(NamedTuple):
    """A request that changes something, and its body."""

    path: str
    body: str | None


EXAMPLES: Mapping[str, Sequence[str]] = {
    "/people-count": (
        "/people-count?mode=latest&line_id=L1,L2",
        "/people-count?timestamp=2026-03-02T07:25:40Z&bbox=-3.71,40.41,-3.69,40.43&tz=Europe/Madrid",
    ),
    "/bus-position": ("/bus-position?mode=latest", "/bus-position?mode=latest&line_id=L1&format=geojson"),
    "/sensors/bus": ("/sensors/bus?mode=latest",),
    "/sensors/stop": ("/sensors/stop?start=2026-03-02T07:00Z&end=2026-03-02T07:30Z&line_id=L1&limit=2",),
    "/people-count/{stop_id}": (
        "/people-count/S001?mode=latest",
        "/people-count/S001?timestamp=2026-03-02T08:25:40%2B01:00",
        "/people-count/S001?start=2026-03-02T07:00Z&end=2026-03-02T07:30Z&limit=2",
        "/people-count/S999?mode=latest",
    ),
    "/sensors/{entity_type}/{entity_id}": ("/sensors/bus/B001?mode=latest", "/sensors/stop/S001?mode=latest"),
    "/bus-position/{bus_id}": (
        "/bus-position/B001?mode=latest",
        "/bus-position/B001?start=2026-03-02T07:00Z&end=2026-03-02T07:30Z&limit=2&format=csv",
    ),
    "/bus-position/line/{line_id}": ("/bus-position/line/L1?mode=latest",),
    "/stop-visits/stop/{stop_id}": (
        "/stop-visits/stop/S001?mode=latest",
        "/stop-visits/stop/S001?start=2026-03-02T07:00Z&end=2026-03-02T07:30Z&limit=2&format=csv",
    ),
    "/stop-visits/bus/{bus_id}": ("/stop-visits/bus/B001?timestamp=2026-03-02T07:20Z",),
    "/stop-visits/line/{line_id}": ("/stop-visits/line/L1?mode=latest",),
    "/arrivals/{stop_id}": ("/arrivals/S009?limit=2", "/arrivals/S001?line_id=L1&horizon_min=10&limit=1"),
    "/trips/{trip_id}": ("/trips/L1-20260302-0-015",),
    "/lines/{line_id}/shape": ("/lines/L1/shape",),
    "/lines/{line_id}/timetable": ("/lines/L1/timetable",),
    "/network.geojson": ("/network.geojson?line_id=L1",),
    "/stops/{stop_id}": ("/stops/S001",),
    "/buses/{bus_id}": ("/buses/B001",),
    "/lines": ("/lines",),
    "/lines/{line_id}": ("/lines/L1", "/lines/L99"),
    "/stops": ("/stops?limit=2",),
    "/buses": ("/buses?limit=2",),
    "/live": ("/live?line_ids=L1&streams=bus_position,people_count", "/live?line_ids=L99"),
    "/export/{stream}": (
        "/export/people_count?start=2026-03-02T07:00Z&end=2026-03-02T07:01Z&format=csv",
        "/export/people_count?start=2026-03-03&end=2026-03-04&format=csv",
    ),
    "/metrics": ("/metrics",),
    "/health": ("/health",),
    "/clock": ("/clock",),
    "/interventions": ("/interventions",),
}
"""The requests that show each route."""
CHANGES: Mapping[tuple[str, str], Change] = {
    ("/clock", "post"): Change("/clock", '{"rate": 1.5}'),
    ("/interventions", "post"): Change(
        "/interventions", '{"surge": {"stop": "S001", "people_per_min": 40, "to": "2026-03-02T08:30:00Z"}}'
    ),
    ("/interventions/{intervention_id}", "delete"): Change("/interventions/1", None),
}
"""The requests that show each route which changes something."""
WITHOUT_CONTROL: Mapping[str, str] = {
    "/clock": "Without `run --clock-control` the clock can be read, but not changed: 405.",
    "/interventions": "Without `run --control` interventions can be read, but not made: 405.",
}
OPEN = ("/health", "/metrics")

CLIENT_MESSAGES = (
    '{"action":"subscribe","line_ids":["L1"]}',
    '{"action":"subscribe","line_ids":["L1","L2"],"batch":true}',
    '{"action":"subscribe","line_ids":["L1"],"streams":["people_count","stop_visit"]}',
    '{"action":"unsubscribe","line_ids":["L1"]}',
    '{"action":"unsubscribe","line_ids":["L1"],"streams":["stop_visit"]}',
    '{"action":"ping"}',
)
PREFACE = """# API

Written by `make docs` from the program itself. The responses are those of a Monday morning in Madrid,
`bus-simulator run --at 2026-03-02T08:30+01:00 --control`; for a simulator of today, use today's dates.
A running simulator serves its OpenAPI description at `/openapi.json`. Its answers in the formats of SIRI
and of EMT Madrid's API are in [siri.md](siri.md) and [emt.md](emt.md).

HEAD works wherever GET does. An unknown query parameter is 400 with the nearest name, an unknown path 404
with the paths that there are. `tz=Europe/Madrid` writes the times of JSON, GeoJSON and CSV in that zone.

`/people-count`, `/bus-position`, `/sensors/bus` and `/sensors/stop` answer for all at once. The answer of a
tick is serialised once, whoever asks: it has an `ETag` (send it as `If-None-Match`, and nothing new is 304),
a `Cache-Control` that lasts until the next tick, and comes in Zstandard, Brotli or gzip to clients that
accept it. Pages of ranges, visits, listings, shapes and timetables have a tag, and are compressed, too.
"""
LIVE = """## WebSocket

Connect to {paths}, with `?api_key=…&group_name=…` or REST's headers. Missing or wrong
credentials are refused before the upgrade, with REST's status and body. Messages are JSON texts of at most
{kilobytes} KB. A key may have {connections} connections, a connection {lines} lines. The server closes with
code 1001 after {minutes:.0f} minutes without a message or a pong from the client.
"""
POSITIONS = """
Then the server sends positions, each the object of `GET /bus-position/{bus_id}` without a wrapper: first the
newest of each bus of the new lines, then every new one. With `batch` those of a tick are one list.

`streams` names other streams than positions: `people_count`, `sensor_data`, `stop_visit`. Their messages
are REST's objects with the field `stream`, and with `batch` a list for each stream. A line's counts are
those of its stops, its sensors those of its buses and stops; visits have no snapshot. A client that reads
slowly gets the newest record of each bus and stop, and the last {events} visits. A subprotocol that is
offered is accepted: the first one.

## Server-Sent Events

`GET /live` sends the same over plain HTTP, for `curl -N` and the browser's `EventSource`: `new
EventSource("/live?line_ids=L1&streams=people_count&api_key=…&group_name=…")`. An event's name is its stream
(`addEventListener("people_count", …)`), its data the WebSocket's message. A client that reconnects sends
the id of its last event as `Last-Event-ID`, as `EventSource` does by itself: it gets what it missed in up
to {minutes:.0f} simulated minutes, else a snapshot. Event streams count as connections; idle ones get a
comment every {heartbeat:.0f} s, and a client that reads nothing for {silence:.0f} minutes is disconnected.
AWS serves no event streams, and positions only.
"""
BAD_MESSAGES = ("subscribe!", '{"action":"dance"}', '{"action":"subscribe","line_ids":"L1"}')


class Standstill:
    """A `Wall` whose time never advances."""

    def time(self) -> float:
        """Return 0."""
        return 0.0

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        """Fail: the wait would never end."""
        raise AssertionError(f"{condition} waits {seconds} s, but the clock is stopped")


def page() -> str:
    """Return the page as Markdown."""
    with tempfile.TemporaryDirectory() as folder, closing(DuckDBStore(Path(folder) / "bus.duckdb")) as store:
        inputs = load_inputs(NETWORK, 1)
        with closing(inputs.city(1)) as city:
            windows = plan(store, START, NOW, newest_first=False)
            for _ in fill(windows, model=city, store=store, run=inputs.run):
                pass
        clock = Clock(start=NOW, wall=Standstill())
        app = create_app(
            Context(
                store=store,
                network=inputs.network,
                clock=clock,
                run=inputs.run,
                key=ApiKey.of(KEY),
                version=version("bus-simulator"),
                control=InProcessClockControl(clock, city, store, inputs.run),
                interventions=InProcessInterventions(inputs, city, store, clock),
                live=live_hub(store, inputs.network, lambda: NOW),
            )
        )
        described = openapi.own_document(json.loads(ask(app, "/openapi.json").content))
        return "\n".join([PREFACE, *routes(app, described), *errors_table(), *live(), positions()]) + "\n"


def ask(app: ASGIApp, path: str, body: str | None = None, method: str = "GET") -> httpx.Response:
    """Send a request to the application."""

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            return await client.request(method, path, headers=HEADERS, content=body)

    return asyncio.run(request())


def ask_live(app: ASGIApp, path: str) -> str:
    """Return the beginning of an event stream, as it is sent in the first two pieces."""

    async def request() -> str:
        pieces: list[str] = []
        enough = asyncio.Event()

        async def receive() -> Message:
            await enough.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            pieces.append(message.get("body", b"").decode())
            if len(pieces) > 2:
                enough.set()

        route, _, query = path.partition("?")
        headers = [(name.encode(), text.encode()) for name, text in HEADERS.items()]
        scope = {"type": "http", "method": "GET", "path": route, "query_string": query.encode()}
        await app(scope | {"headers": headers}, receive, send)
        return "".join(pieces)

    return asyncio.run(request())


def routes(app: ASGIApp, described: Mapping[str, Any]) -> Iterator[str]:
    """Yield every route: summary, parameters, fields of the response, examples."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield f"## `{method.upper()} {path}`"
            yield ""
            yield f"{operation['summary']}."
            yield ""
            yield from parameters(operation.get("parameters", ()))
            yield from bodies(path, operation)
            yield from fields(operation, described["components"]["schemas"])
            yield f"Statuses: {', '.join(operation['responses'])}."
            yield ""
            if method == "get":
                for asked in EXAMPLES[path]:
                    is_endless = path == LIVE_PATH and "L99" not in asked
                    yield from event_example(app, asked) if is_endless else example(asked, ask(app, asked))
            else:
                asked, body = CHANGES[path, method]
                yield from example(asked, ask(app, asked, body, method.upper()), body, method)


def parameters(described: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a table of a route's parameters."""
    if not described:
        return
    yield "| parameter | where | type | what |"
    yield "|---|---|---|---|"
    for each in described:
        required = "" if each["required"] else ", optional"
        yield f"| `{each['name']}` | {each['in']}{required} | {type_of(each['schema'])} | {text_of(each)} |"
    yield ""


def bodies(path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    """Yield the possible bodies of a request."""
    if "requestBody" not in operation:
        return
    content = operation["requestBody"]["content"]["application/json"]
    yield "The body is one of these, as JSON of at most 4 KB:"
    yield ""
    for shape in content["schema"]["oneOf"]:
        names = "".join(f"`{name}`: " for name in shape.get("properties", ()))
        yield f"- {names}{shape['description']}"
    yield ""
    yield "| for example | |"
    yield "|---|---|"
    for what, shown_body in content["examples"].items():
        yield f"| `{json.dumps(shown_body['value'])}` | {what} |"
    yield ""
    yield WITHOUT_CONTROL[path]
    yield ""


def either_of(schema: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the schemas of which a value fits one."""
    found: Sequence[Mapping[str, Any]] = schema.get("anyOf") or schema.get("oneOf") or ()
    return found


def text_of(described: Mapping[str, Any]) -> str:
    """Return a description with its default, as text of a table cell."""
    default = described.get("schema", {}).get("default")
    text = described.get("description", "").replace("\n", " ").replace("|", "\\|")
    return text if default is None else f"{text} Default: `{default}`.".strip()


def fields(operation: Mapping[str, Any], models: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields of a 200 body, model by model."""
    success = min(status for status in operation["responses"])
    content = operation["responses"][success].get("content", {}).get("application/json", {})
    for name in named_in(content.get("schema", {})):
        model = models[name]
        if "properties" not in model:
            continue
        yield f"**{name}**: {model.get('description', '')}"
        yield ""
        for field, described in model["properties"].items():
            yield f"- `{field}`: {type_of(described)}"
        yield ""


def named_in(schema: Mapping[str, Any]) -> list[str]:
    """The names of the models that a schema refers to."""
    if "$ref" in schema:
        return [str(schema["$ref"]).rpartition("/")[2]]
    return [name for each in either_of(schema) for name in named_in(each)]


def type_of(schema: Mapping[str, Any]) -> str:
    """A schema's type in a few words."""
    if "$ref" in schema:
        return named_in(schema)[0]
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if either_of(schema):
        return " or ".join(type_of(each) for each in either_of(schema))
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    return str(schema.get("type", "any"))


def example(
    asked: str, answer: httpx.Response, body: str | None = None, method: str = "get"
) -> Iterator[str]:
    """Yield a request and its response."""
    sent = " -X DELETE" if method == "delete" else ""
    sent += "" if body is None else f" -d '{body}'"
    headers = "" if asked in OPEN else ' -H "x-api-key: $KEY" -H "x-group-name: me"'
    yield "```bash"
    yield f'curl{headers}{sent} "http://127.0.0.1:8080{asked}"'
    yield "```"
    yield f"```{'json' if is_json(answer) else media_type(answer).partition('/')[2]}"
    yield from body_lines(answer)
    yield "```"
    yield ""


def event_example(app: ASGIApp, asked: str) -> Iterator[str]:
    """Yield a request for an event stream and its first events."""
    events = ask_live(app, asked).split("\n\n")
    chosen = [events[0], events[1], next(each for each in events if "event: people_count" in each)]
    yield "```bash"
    yield f'curl -N -H "x-api-key: $KEY" -H "x-group-name: me" "http://127.0.0.1:8080{asked}"'
    yield "```"
    yield "```event-stream"
    yield "\n\n".join(chosen)
    yield "```"
    yield ""


def is_json(answer: httpx.Response) -> bool:
    """Whether a body is JSON, as GeoJSON is too."""
    return media_type(answer).endswith("json")


def media_type(answer: httpx.Response) -> str:
    """The media type of a body, without its parameters."""
    return str(answer.headers["content-type"].partition(";")[0])


def body_lines(answer: httpx.Response) -> Iterator[str]:
    """Yield the lines of a body, with long lists shortened."""
    if not is_json(answer):
        yield from answer.text.splitlines()[: LONGEST_LIST + 1]
        return
    yield json.dumps(shortened(answer.json()), indent=1, ensure_ascii=False)


def shortened(value: Any) -> Any:
    """Shorten the lists in JSON to `LONGEST_LIST` items and the number of the others."""
    if isinstance(value, dict):
        return {name: shortened(each) for name, each in value.items()}
    if not isinstance(value, list):
        return value
    more = [f"… {len(value) - LONGEST_LIST} more"] if len(value) > LONGEST_LIST else []
    return [shortened(each) for each in value[:LONGEST_LIST]] + more


def errors_table() -> Iterator[str]:
    """Yield a table of the errors, from the classes of `services.errors`."""
    yield "## Errors"
    yield ""
    yield 'Every error is `{"error": …, "message": …}`. If several apply, the first in this table counts.'
    yield ""
    yield "| status | `error` | when |"
    yield "|---|---|---|"
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, errors.ServiceError)]
    for kind in kinds:
        if not set(kind.__subclasses__()) & set(kinds):
            yield f"| {kind.status} | `{kind.error}` | {str(kind.__doc__).splitlines()[0]} |"
    yield ""


def live() -> Iterator[str]:
    """Yield the WebSocket's limits and messages."""
    yield LIVE.format(
        paths=" or ".join(f"`{path}`" for path in sorted(websocket.PATHS)),
        kilobytes=messages.LONGEST_MESSAGE_BYTES // 1024,
        connections=messages.MOST_CONNECTIONS,
        lines=messages.MOST_LINES,
        minutes=uvicorn_websocket.LiveProtocol.silence_s / 60,
    )
    yield "| client sends | effect |"
    yield "|---|---|"
    for text in CLIENT_MESSAGES:
        yield f"| `{text}` | {type(messages.parse(text)).__doc__} |"
    yield ""
    yield from server_messages()


def positions() -> str:
    """The text about what the server sends after the replies."""
    return POSITIONS.rstrip().format(
        bus_id="{bus_id}",
        events=MOST_EVENTS,
        minutes=LONGEST_GAP.total_seconds() / 60,
        heartbeat=HEARTBEAT_S,
        silence=SILENCE_S / 60,
    )


def server_messages() -> Iterator[str]:
    """Yield a table of the server's messages."""
    answers = {
        "after subscribing, all lines now subscribed": messages.subscribed(["L1"]),
        "after unsubscribing, all lines still subscribed": messages.unsubscribed([]),
        "after a ping": messages.pong(),
        **{f"after `{text}`": refusal(text) for text in BAD_MESSAGES},
    }
    yield "| server sends | when |"
    yield "|---|---|"
    for when, text in answers.items():
        yield f"| `{text}` | {when} |"


def refusal(text: str) -> str:
    """Return the error message that answers a bad message."""
    try:
        messages.parse(text)
    except errors.BadRequest as error:
        return messages.error_message(error)
    raise ValueError(f"{text} is not a bad message")
