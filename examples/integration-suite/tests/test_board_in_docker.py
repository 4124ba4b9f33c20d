"""The same board against a simulator in a container."""

from __future__ import annotations

import pytest
from services.board import Board

from bus_simulator_testing.container import BusSimulatorContainer

pytestmark = pytest.mark.docker


def test_the_board_shows_who_waits(bus_simulator_container: BusSimulatorContainer) -> None:
    city = bus_simulator_container
    board = Board(city.api_url, city.headers)
    assert board.waiting("S001") == city.get("/people-count/S001", mode="latest")["count"]


def test_a_container_of_ones_own_is_as_one_chooses() -> None:
    with BusSimulatorContainer(scenario="match-day", seed=3) as city:
        began = city.now()
        assert city.advance(60) > began
        assert city.get("/health")["run"]["seed"] == 3
