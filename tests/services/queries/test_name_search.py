"""Search of stops and lines by name, and of stops by place."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.queries.name_search import find_lines, find_stops, nearest_stops, words_of
from simulator.load_network import load_network
from simulator.network import Network
from tests.networks import two_lines


@pytest.fixture(scope="module")
def madrid() -> Network:
    return load_network(Path(__file__).parents[3] / "data" / "lines.yaml")


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Glorieta de Embajadores", "S001"),
        ("embajadores", "S001"),
        ("EMBAJADROES", "S001"),
        ("cibeles", "S007"),
        ("gregorio maranon", "S013"),
        ("Gregorio Marañón", "S013"),
        ("plaza casti", "S021"),
        ("S009", "S009"),
        ("nuevos ministerios", "S015"),
    ],
)
def test_a_stop_is_found_by_a_similar_name(name: str, first: str, madrid: Network) -> None:
    assert find_stops(madrid, name=name)[0].stop_id == first


@pytest.mark.parametrize("name", ["Timbuktu", "", " - ", "…", "x" * 1000])
def test_nothing_is_found_for_an_unlike_name(name: str, madrid: Network) -> None:
    assert find_stops(madrid, name=name) == []


def test_equally_good_names_come_shortest_first_then_by_id(madrid: Network) -> None:
    found = find_stops(madrid, name="castellana")
    exact = [(len(words_of(stop.name)), stop.stop_id) for stop in found if "Castellana" in stop.name]
    assert len(exact) > 3
    assert exact == sorted(exact)
    assert [stop.stop_id for stop in found[: len(exact)]] == [stop_id for _, stop_id in exact]


@pytest.mark.parametrize(
    ("name", "first"), [("27", "L1"), ("146", "L9"), ("sanchinarro", "L11"), ("L3", "L3")]
)
def test_a_line_is_found_by_its_number_or_destination(name: str, first: str, madrid: Network) -> None:
    assert find_lines(madrid, name=name)[0].line_id == first


def test_nearest_stops_are_ordered_by_distance() -> None:
    network = two_lines()
    place = network.stop["S004"]
    near = nearest_stops(network, latitude=place.latitude, longitude=place.longitude)
    assert (near[0].stop, near[0].distance_m) == (place, 0.0)
    assert [found.distance_m for found in near] == sorted(found.distance_m for found in near)
    assert {found.stop.stop_id for found in near} == set(network.stop)
    assert near[1].distance_m == pytest.approx(254, abs=2)
