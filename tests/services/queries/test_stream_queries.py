"""No query returns records later than simulated now, even if the store has them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.app import create_app
from services.times import format_instant
from simulator.clock import Clock
from tests.services.fakes import HOUR, MINUTE, NOW
from tests.services.rest_served import START, Requester, in_process, parts

PATHS = ("/people-count/S001", "/sensors/bus/B001", "/sensors/stop/S001", "/bus-position/B001")
HERE = START + 20 * MINUTE
"""Simulated now, 40 minutes before the end of the stored data."""


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Requester:
    context, _, _ = parts(tmp_path_factory.mktemp("store"))
    return in_process(create_app(replace(context, clock=Clock(start=HERE, paused=True))))


def span(path: str, minutes: int, **more: object) -> str:
    """The URL of a range of `minutes` that begins ten minutes before now."""
    start = HERE - 10 * MINUTE
    asked = {"start": format_instant(start), "end": format_instant(start + minutes * MINUTE), **more}
    return f"{path}?{'&'.join(f'{name}={value}' for name, value in asked.items())}"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("later", [timedelta(milliseconds=1), 5 * MINUTE, 1000 * HOUR])
def test_a_timestamp_after_now_counts_as_now(ask: Requester, path: str, later: timedelta) -> None:
    latest = ask(f"{path}?mode=latest").json()
    assert latest["time"] <= format_instant(HERE)
    assert ask(f"{path}?timestamp={format_instant(HERE + later)}").json() == latest


@pytest.mark.parametrize("path", PATHS)
def test_a_range_ends_at_now(ask: Requester, path: str) -> None:
    whole, wider = ask(span(path, 11)).json(), ask(span(path, 45)).json()
    assert wider["items"][-1] == ask(f"{path}?mode=latest").json()
    assert [item for item in whole["items"] if item["time"] <= format_instant(HERE)] == wider["items"]
    assert wider["next_cursor"] is None


@pytest.mark.parametrize("limit", [1, 3, 7, 1000])
def test_pages_end_at_now_whatever_their_size(ask: Requester, limit: int) -> None:
    items, url = [], span("/bus-position/B001", 45, limit=limit)
    cursor = ""
    while cursor is not None:
        body = ask(f"{url}&cursor={cursor}").json()
        items += body["items"]
        cursor = body["next_cursor"]
    assert items == ask(span("/bus-position/B001", 45)).json()["items"]


def test_a_range_that_begins_after_now_is_empty(ask: Requester) -> None:
    url = f"/people-count/S001?start={format_instant(HERE + MINUTE)}&end={format_instant(NOW)}"
    assert ask(url).json() == {"items": [], "next_cursor": None}


def test_a_clock_before_all_data_finds_nothing(tmp_path: Path) -> None:
    context, _, _ = parts(tmp_path)
    early = in_process(create_app(replace(context, clock=Clock(start=START - HOUR, paused=True))))
    for path in PATHS:
        assert early(f"{path}?mode=latest").status_code == 404
        assert early(f"{path}?timestamp={format_instant(NOW)}").status_code == 404
