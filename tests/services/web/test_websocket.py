"""The WebSocket, message by message, the same over ASGI and over a real socket."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from services.access.authentication import ApiKey
from services.context import Context
from services.live.messages import MOST_CONNECTIONS
from services.logs import JsonFormatter
from storage.errors import StoreInvalid, StoreUnavailable
from tests.services.fakes import MINUTE, SECOND, FaultyStore
from tests.services.live_city import LATEST, NEXT, TICK, body, city_context, hub_of, many_lines, tick
from tests.services.live_clients import GOOD, TRANSPORTS, Client, Closed, Connect, Headers, Refused, path

Server = Callable[[Context], Any]
pytestmark = [
    pytest.mark.integration,
    pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=list(TRANSPORTS)),
]


def subscribe(*line_ids: str, **more: Any) -> str:
    return json.dumps({"action": "subscribe", "line_ids": line_ids, **more})


def unsubscribe(*line_ids: str) -> str:
    return json.dumps({"action": "unsubscribe", "line_ids": line_ids})


def subscribed(*line_ids: str) -> dict[str, Any]:
    return {"type": "subscribed", "line_ids": list(line_ids)}


def unsubscribed(*line_ids: str) -> dict[str, Any]:
    return {"type": "unsubscribed", "line_ids": list(line_ids)}


def error(message: str) -> dict[str, Any]:
    return {"type": "error", "error": "BadRequest", "message": message}


PING, PONG = '{"action":"ping"}', {"type": "pong"}
B1, B2, B3 = body("B001", "L1"), body("B002", "L1"), body("B003", "L2")
NOT_STRINGS = error("line_ids must be a list of strings")

SAID: dict[str, Sequence[tuple[str | bytes, Sequence[Any]]]] = {
    "ping": [(PING, [PONG])],
    "one line": [(subscribe("L1"), [subscribed("L1"), B1, B2])],
    "lines add up": [
        (subscribe("L2"), [subscribed("L2"), B3]),
        (subscribe("L1"), [subscribed("L1", "L2"), B1, B2]),
    ],
    "two lines at once": [(subscribe("L1", "L2"), [subscribed("L1", "L2"), B1, B2, B3])],
    "in batches": [(subscribe("L1", "L2", batch=True), [subscribed("L1", "L2"), [B1, B2, B3]])],
    "one of each": [
        (subscribe("L2", batch=True), [subscribed("L2"), [B3]]),
        (subscribe("L1", batch=False), [subscribed("L1", "L2"), B1, B2]),
    ],
    "again: no second snapshot": [
        (subscribe("L1"), [subscribed("L1"), B1, B2]),
        (subscribe("L1"), [subscribed("L1")]),
        (subscribe("L1", "L2"), [subscribed("L1", "L2"), B3]),
    ],
    "a line named twice": [(subscribe("L2", "L2"), [subscribed("L2"), B3])],
    "none": [(subscribe(), [subscribed()]), (unsubscribe(), [unsubscribed()])],
    "unsubscribe": [
        (subscribe("L1", "L2"), [subscribed("L1", "L2"), B1, B2, B3]),
        (unsubscribe("L1"), [unsubscribed("L2")]),
        (unsubscribe("L1", "L99"), [unsubscribed("L2")]),
        (unsubscribe("L2"), [unsubscribed()]),
        (subscribe("L2"), [subscribed("L2"), B3]),
    ],
    "an unknown line adds none": [
        (subscribe("L1", "L99"), [error("Unknown line: L99")]),
        (subscribe("L2"), [subscribed("L2"), B3]),
    ],
    "other fields": [('{"action":"ping","id":7}', [PONG])],
    **{
        f"no JSON: {text!r}": [(text, [error("Invalid JSON")]), (PING, [PONG])]
        for text in ("", "{", "nonsense", "[]", '"ping"', "7", "null", "NaN", b"\x00", PING.encode())
    },
    "nested too deep": [("[" * 30_000, [error("Invalid JSON")])],
    "digits without end": [("9" * 30_000, [error("Invalid JSON")])],
    **{
        f"line_ids {ids}": [
            (f'{{"action":"{action}","line_ids":{ids}}}', [NOT_STRINGS])
            for action in ("subscribe", "unsubscribe")
        ]
        for ids in ("null", '"L1"', '{"L1":1}', "[1]", '["L1",null]', '[["L1"]]')
    },
    "no line_ids": [('{"action":"subscribe"}', [NOT_STRINGS])],
    "unknown action": [('{"action":"fly"}', [error("Unknown action: fly")])],
    "another case": [('{"action":"Ping"}', [error("Unknown action: Ping")])],
    "no action": [('{"line_ids":["L1"]}', [error("Unknown action: null")])],
    "an action that is no text": [('{"action":["ping"]}', [error('Unknown action: ["ping"]')])],
    "an action without end": [
        (json.dumps({"action": "a" * 30_000}), [error("Unknown action: " + "a" * 100 + "…")])
    ],
    "a line without end": [(subscribe("L" * 30_000), [error("Unknown line: " + "L" * 100 + "…")])],
    "SQL": [(subscribe("L1' OR '1'='1"), [error("Unknown line: L1' OR '1'='1")])],
    "half a character": [('{"action":"\\ud800"}', [error("Unknown action: \ud800")])],
}


@pytest.mark.integration
def test_every_message_has_exactly_this_reply(transport: Server) -> None:
    async def talk(client: Client, name: str) -> None:
        for message, answers in SAID[name]:
            await client.send(message)
            assert [await client.receive() for _ in answers] == answers, name
            await client.send(PING)
            assert await client.receive() == PONG, name

    async def main() -> None:
        async with transport(city_context()) as connect:
            for name in SAID:
                async with connect() as client:
                    await talk(client, name)

    asyncio.run(main())


def run(transport: Server, context: Context, talk: Callable[[Client], Awaitable[None]]) -> None:
    """Send messages as one client, and return what it receives."""

    async def main() -> None:
        async with transport(context) as connect, connect() as client:
            await talk(client)
        assert hub_of(context).connections == 0

    asyncio.run(main())


async def heard(client: Client, count: int) -> list[Any]:
    return [await client.receive() for _ in range(count)]


def test_positions_have_rests_fields_in_rests_order(transport: Server) -> None:
    async def talk(client: Client) -> None:
        await client.send(subscribe("L1"))
        await client.receive()
        assert list(await client.receive()) == list(B1)

    run(transport, city_context(), talk)


def test_every_new_position_of_subscribed_lines_is_sent_once_and_no_other(transport: Server) -> None:
    context = city_context()
    hub = hub_of(context)

    async def talk(client: Client) -> None:
        await client.send(subscribe("L1"))
        await heard(client, 3)
        hub.publish(tick(TICK, ("B001", "L1"), ("B002", "L1"), ("B003", "L2")))  # in the snapshot
        hub.publish(tick(TICK + 30 * SECOND, ("B001", "L1"), ("B002", "L1"), ("B003", "L2")))
        assert await heard(client, 2) == [body("B001", "L1", NEXT), body("B002", "L1", NEXT)]
        await client.send(unsubscribe("L1"))
        assert await client.receive() == unsubscribed()
        hub.publish(tick(TICK + MINUTE, ("B001", "L1")))
        await client.send(PING)
        assert await client.receive() == PONG

    run(transport, context, talk)


def test_a_batch_is_one_array_a_tick_and_can_be_switched_on_and_off(transport: Server) -> None:
    context = city_context()
    hub = hub_of(context)
    buses = [("B001", "L1"), ("B002", "L1"), ("B003", "L2")]

    async def talk(client: Client) -> None:
        await client.send(subscribe("L1", "L2", batch=True))
        await heard(client, 2)
        hub.publish(tick(TICK + 30 * SECOND, *buses))
        assert await client.receive() == [body(*bus, NEXT) for bus in buses]
        await client.send(subscribe("L2"))
        assert await client.receive() == subscribed("L1", "L2")
        hub.publish(tick(TICK + MINUTE, *buses))
        later = "2026-03-02T07:31:00Z"
        single, batch = await heard(client, 2)
        assert single == body("B003", "L2", later)
        assert batch == [body("B001", "L1", later), body("B002", "L1", later)]

    run(transport, context, talk)


def test_a_line_without_positions_can_be_subscribed(transport: Server) -> None:
    async def talk(client: Client) -> None:
        await client.send(subscribe("L7", batch=True))
        assert await client.receive() == subscribed("L7")
        await client.send(PING)
        assert await client.receive() == PONG

    run(transport, city_context(served=many_lines(7)), talk)


def test_the_51st_line_is_refused_and_adds_none(transport: Server) -> None:
    lines = sorted(f"L{n}" for n in range(10, 60))

    async def talk(client: Client) -> None:
        await client.send(subscribe(*lines))
        assert await client.receive() == subscribed(*lines)
        await client.send(subscribe(*lines, "L60"))
        assert await client.receive() == error("Too many lines (limit 50)")
        await client.send(unsubscribe("L10"))
        assert await client.receive() == unsubscribed(*lines[1:])
        await client.send(subscribe("L60"))
        assert await client.receive() == subscribed(*lines[1:], "L60")

    run(transport, city_context(served=many_lines(60)), talk)


@pytest.mark.parametrize(
    ("fault", "name"),
    [(StoreUnavailable("gone"), "Unavailable"), (StoreInvalid("x"), "InternalServerError")],
)
def test_without_the_store_there_is_no_snapshot_but_new_positions_are_sent(
    transport: Server, fault: Exception, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = FaultyStore()
    context = city_context(store=store)

    async def talk(client: Client) -> None:
        store.failing = fault  # type: ignore[assignment]
        await client.send(subscribe("L2"))
        answers = await heard(client, 2)
        assert (answers[0], answers[1]["type"], answers[1]["error"]) == (subscribed("L2"), "error", name)
        hub_of(context).publish(tick(TICK + 30 * SECOND, ("B003", "L2")))
        assert await client.receive() == body("B003", "L2", NEXT)

    run(transport, context, talk)
    assert str(fault) in caplog.text


@pytest.mark.parametrize("length", [32 * 1024 + 1, 1024 * 1024])
def test_a_message_that_is_too_long_closes_with_1009(transport: Server, length: int) -> None:
    async def talk(client: Client) -> None:
        await client.send(PING + " " * (32 * 1024 - len(PING)))
        assert await client.receive() == PONG
        await client.send("x" * length)
        with pytest.raises(Closed) as closed:
            await client.receive()
        assert closed.value.code == 1009

    run(transport, city_context(), talk)


NOBODY = {"error": "Unauthorized", "message": "Missing x-api-key header"}
NO_GROUP = {"error": "Unauthorized", "message": "Missing x-group-name header"}
WRONG = {"error": "Unauthorized", "message": "Invalid API key"}
LONG_GROUP = {"error": "BadRequest", "message": "Invalid x-group-name header: at most 64 characters"}
REFUSALS: list[tuple[str, Headers, int, dict[str, str]]] = [
    (path(None), (), 401, NOBODY),
    (path(None, None), (), 401, NOBODY),
    (path("", "g"), (), 401, NOBODY),
    (path("wrong", None), (), 401, NO_GROUP),
    (path("wrong"), (), 401, WRONG),
    (path("wrong", at="/ws"), (), 401, WRONG),
    (path("wrong", at="/nowhere"), (), 401, WRONG),
    (path("wrong"), (("x-api-key", "right"), ("x-group-name", "g")), 401, WRONG),
    (path(at="/nowhere"), (), 404, {"error": "NotFound", "message": "Not found"}),
    (path(at="/"), (), 404, {"error": "NotFound", "message": "Not found"}),
    (path(group="a" * 65, at="/nowhere"), (), 404, {"error": "NotFound", "message": "Not found"}),
    (path("wrong", "a" * 65), (), 401, WRONG),
    (path(group="a" * 65), (), 400, LONG_GROUP),
]


@pytest.mark.parametrize(("target", "headers", "status", "refusal"), REFUSALS)
def test_handshakes_are_refused_with_rests_status_and_body(
    transport: Server, target: str, headers: Headers, status: int, refusal: dict[str, str]
) -> None:
    async def main() -> None:
        async with transport(city_context()) as connect:
            with pytest.raises(Refused) as refused:
                async with connect(target, headers):
                    pass
            assert (refused.value.status, refused.value.body) == (status, refusal)
            assert refused.value.headers["content-type"] == "application/json"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("target", "status", "refusal"),
    [
        (path(None), 401, NOBODY),
        (path("wrong"), 401, WRONG),
        (path(), 404, {"error": "NotFound", "message": "Not found"}),
    ],
)
def test_without_live_positions_handshakes_are_404(
    transport: Server, target: str, status: int, refusal: dict[str, str]
) -> None:
    async def main() -> None:
        async with transport(replace(city_context(), live=None)) as connect:
            with pytest.raises(Refused) as refused:
                async with connect(target):
                    pass
            assert (refused.value.status, refused.value.body) == (status, refusal)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (path(), ()),
        (path(at="/ws"), ()),
        ("/ws", (("x-api-key", "right"), ("x-group-name", "g"))),
        (path(None), (("x-api-key", "right"),)),
    ],
)
def test_credentials_are_in_the_query_string_or_in_headers(
    transport: Server, target: str, headers: Headers
) -> None:
    async def main() -> None:
        async with transport(city_context()) as connect, connect(target, headers) as client:
            await client.send(PING)
            assert await client.receive() == PONG

    asyncio.run(main())


@pytest.mark.parametrize("sent", ["a+b/c=", "a%2Bb%2Fc%3D", "a%20b/c="])
def test_a_space_in_the_key_is_read_as_a_plus(transport: Server, sent: str) -> None:
    async def main() -> None:
        async with (
            transport(with_key(city_context(), "a+b/c=")) as connect,
            connect(f"/production?api_key={sent}&group_name=a+team") as client,
        ):
            await client.send(PING)
            assert await client.receive() == PONG

    asyncio.run(main())


def with_key(context: Context, key: str) -> Context:
    return replace(context, key=ApiKey.of(key))


@asynccontextmanager
async def crowd(connect: Connect, size: int) -> AsyncIterator[list[Client]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(connect(GOOD)) for _ in range(size)]


def test_the_101st_connection_is_refused_until_another_closes(transport: Server) -> None:
    context = city_context()

    async def main() -> None:
        async with transport(context) as connect:
            async with crowd(connect, MOST_CONNECTIONS - 1), connect(GOOD) as last:
                with pytest.raises(Refused) as refused:
                    async with connect(GOOD):
                        pass
                assert (refused.value.status, refused.value.body["error"]) == (429, "TooManyRequests")
                assert int(refused.value.headers["retry-after"]) > 0
                await last.send(PING)
                assert await last.receive() == PONG
            async with connect(GOOD) as client:
                await client.send(PING)
                assert await client.receive() == PONG
        assert hub_of(context).connections == 0

    asyncio.run(main())


def test_a_connect_is_logged_with_its_group_and_without_its_query(
    transport: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        async with transport(city_context()) as connect:
            async with connect(path()):
                pass
            with pytest.raises(Refused):
                async with connect(path("secret-guess")):
                    pass

    asyncio.run(main())
    ours = [record for record in caplog.records if record.name != "websockets.client"]
    lines = [JsonFormatter().format(record) for record in ours]
    assert not [line for line in lines if "api_key" in line or "secret-guess" in line]
    logged = [json.loads(line) for line in lines if json.loads(line)["logger"] == "bus_simulator.access"]
    assert [(line["group"], line["path"], line["status"]) for line in logged] == [
        ("team-alpha", "/production", 101),
        ("team-alpha", "/production", 401),
    ]
    assert LATEST not in caplog.text
