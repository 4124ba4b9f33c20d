"""Test the board against a simulator in a process: no Docker, no cloud, the same data every time."""

from __future__ import annotations

from datetime import timedelta

import boto3
import pytest
from services.board import Board

from bus_simulator_testing.simulator import BusSimulator


def board(simulator: BusSimulator) -> Board:
    return Board(simulator.api_url, simulator.headers)


def test_the_board_shows_the_people_waiting(bus_simulator: BusSimulator) -> None:
    people = bus_simulator.get("/people-count/S001", mode="latest")
    assert board(bus_simulator).waiting("S001") == people["count"]


def test_an_approaching_bus_is_shown_with_its_distance(bus_simulator: BusSimulator) -> None:
    bus_simulator.wait_until(lambda simulator: board(simulator).coming("L1", "S001"))
    assert board(bus_simulator).coming("L1", "S001")[0].startswith("B0")


def test_the_clock_advances_when_the_test_says_so(bus_simulator: BusSimulator) -> None:
    before = bus_simulator.now()
    assert bus_simulator.advance(timedelta(minutes=10)) == before + timedelta(minutes=10)
    assert bus_simulator.wait_until("2026-03-02T08:30:00Z") == before + timedelta(minutes=45)


@pytest.mark.bus_simulator(scenario="strike", at="2026-03-03T07:00:00Z")
def test_during_a_strike_more_people_wait(bus_simulator: BusSimulator) -> None:
    stops = bus_simulator.get("/stops")["items"]
    waiting = sum(board(bus_simulator).waiting(stop["stop_id"]) for stop in stops)
    assert waiting > len(stops)


@pytest.mark.bus_simulator(seed=2, timestream=True, at="2026-03-02T08:00:00Z")
def test_boto3_reads_the_same_data(bus_simulator: BusSimulator) -> None:
    query = boto3.client(
        "timestream-query",
        endpoint_url=bus_simulator.timestream_endpoint,
        region_name="eu-west-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
    )
    newest = "SELECT count FROM bus_simulator.people_count WHERE stop_id = 'S001' ORDER BY time DESC LIMIT 1"
    rows = query.query(QueryString=newest)["Rows"]
    assert int(rows[0]["Data"][0]["ScalarValue"]) == board(bus_simulator).waiting("S001")
