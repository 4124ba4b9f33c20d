"""The WebSocket of the whole program: its ticks, a restart, a signal while clients are connected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from services.times import parse_instant
from tests.process import ANSWER_S, KEY, Running, running

pytestmark = pytest.mark.e2e

MORNING = "2026-03-02T08:10:00+01:00"


@contextmanager
def subscribed(process: Running, *line_ids: str, batch: bool = False) -> Iterator[ClientConnection]:
    """Connect a client and read up to its snapshot."""
    url = f"ws://{process.host}:{process.port}/production?api_key={KEY}&group_name=tests"
    with connect(url, open_timeout=ANSWER_S) as client:
        client.send(json.dumps({"action": "subscribe", "line_ids": line_ids, "batch": batch}))
        assert heard(client) == {"type": "subscribed", "line_ids": sorted(line_ids)}
        yield client


def heard(client: ClientConnection) -> Any:
    return json.loads(client.recv(ANSWER_S))


def test_every_tick_is_sent_in_time_equal_to_rest_and_a_restart_loses_none(tmp_path: Path) -> None:
    with running(tmp_path, "--at", MORNING, "--backfill", "0", "--speed", "120") as process:
        with subscribed(process, "L1", "L2", batch=True) as batch, subscribed(process, "L1") as single:
            arrays = [heard(batch) for _ in range(8)]
            _, answer = process.ask("/bus-position/line/L1?mode=latest")
            buses = len(answer["buses"])
            singles = [heard(single) for _ in range(8 * buses)]
        for array in arrays:
            assert len({position["time"] for position in array}) == 1
            assert {position["line_id"] for position in array} == {"L1", "L2"}
        times = [array[0]["time"] for array in arrays]
        instants = [parse_instant(time) for time in times]
        assert {later - earlier for earlier, later in pairwise(instants)} == {timedelta(seconds=30)}
        bus_ids = {position["bus_id"] for position in singles}
        assert len(bus_ids) == buses
        for bus_id in bus_ids:
            assert len({each["time"] for each in singles if each["bus_id"] == bus_id}) == 8
        known = singles[0]
        path = f"/bus-position/{known['bus_id']}?timestamp={known['time']}"
        assert process.ask(path) == (200, known)
        newest = singles[-1]["time"]
        process.kill()
    with (
        running(tmp_path, "--at", newest, "--backfill", "0", "--speed", "0.001") as process,
        subscribed(process, "L1") as client,
    ):
        snapshot = [heard(client) for _ in range(buses)]
        assert {position["time"] for position in snapshot} == {newest}
        assert {position["bus_id"] for position in snapshot} == bus_ids


def test_a_signal_ends_the_program_at_once_and_closes_its_clients(tmp_path: Path) -> None:
    with (
        running(tmp_path, "--at", MORNING, "--backfill", "0") as process,
        subscribed(process, "L1") as client,
    ):
        heard(client)
        done = process.end()
        assert (done.code, "Traceback" in done.err, KEY in done.err) == (0, False, False)
        with pytest.raises(ConnectionClosed) as closed:
            list(iter(lambda: heard(client), None))
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
    logged = [json.loads(line) for line in done.err.splitlines()]
    (entry,) = [line for line in logged if line["message"] == "websocket"]
    assert (entry["group"], entry["path"], entry["status"]) == ("tests", "/production", 101)
    assert {line["level"] for line in logged} == {"INFO"}
