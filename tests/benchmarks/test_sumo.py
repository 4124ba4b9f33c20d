"""SUMO's input is the model's day; where SUMO is installed it runs the input."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import sumo
from benchmarks.figures import Figure, Unmeasured, row
from benchmarks.sumo_input import write_input
from simulator.city import City
from simulator.load_network import load_network
from simulator.network import Network

TUESDAY = date(2026, 3, 3)
SHIPPED = Path(__file__).parents[2] / "data" / "lines.yaml"


def few_lines() -> Network:
    """Two lines that share a stop, one of them at night."""
    whole = load_network(SHIPPED)
    lines = (whole.lines[0], next(line for line in whole.lines if line.night))
    served = {stop_id for line in lines for stop_id in line.stop_ids}
    return Network(lines, tuple(stop for stop in whole.stops if stop.stop_id in served))


def elements(path: Path) -> list[ElementTree.Element]:
    return list(ElementTree.parse(path).getroot())


def test_sumo_is_given_the_lines_stops_trips_and_people_of_the_model(tmp_path: Path) -> None:
    network = few_lines()
    days = City(network).days(TUESDAY, TUESDAY)
    given = write_input(network, days, TUESDAY, tmp_path)
    assert given.trips == sum(len(day.trips) for day in days)
    assert given.people == sum(int(day.legs.boarding.sum()) for day in days)
    vehicles, people = elements(tmp_path / "trips.xml"), elements(tmp_path / "people.xml")
    assert (len(vehicles), len(people)) == (given.trips, given.people)
    assert len({vehicle.get("id") for vehicle in vehicles}) == given.trips
    stops = [element for element in elements(tmp_path / "stops.xml") if element.tag == "busStop"]
    assert len(stops) == len(network.stops)
    for moved in (vehicles, people):
        departs = [float(element.get("depart", "nan")) for element in moved]
        assert departs == sorted(departs)


def test_everybody_rides_on_a_service_that_goes_there_over_roads_that_exist(tmp_path: Path) -> None:
    network = few_lines()
    write_input(network, City(network).days(TUESDAY, TUESDAY), TUESDAY, tmp_path)
    roads = {edge.get("id") for edge in elements(tmp_path / "edges.xml")}
    served: Counter[tuple[str | None, str | None, str]] = Counter()
    for vehicle in elements(tmp_path / "trips.xml"):
        route = vehicle.find("route")
        assert route is not None
        edges = route.get("edges", "").split()
        assert set(edges) <= roads
        halts = [stop.get("busStop", "") for stop in vehicle.findall("stop")]
        assert halts == [f"b{edge[1:]}" for edge in edges if edge[0] == "s"]
        served.update((vehicle.get("line"), f"s{one[1:]}", other) for one in halts for other in halts)
    for person in elements(tmp_path / "people.xml"):
        ride = person.find("ride")
        assert ride is not None
        assert served[ride.get("lines"), ride.get("from"), ride.get("busStop", "")]


def test_without_sumo_the_row_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sumo, "program", lambda name: tmp_path / name)
    found = sumo.beside(20.0, few_lines(), TUESDAY, jobs=1)
    assert isinstance(found, Unmeasured)
    assert "SUMO isn't installed; `make setup-sumo` does that" in row(found)


@pytest.mark.long
@pytest.mark.skipif(not sumo.installed(), reason="SUMO isn't installed: make setup-sumo")
def test_sumo_takes_almost_everybody_where_they_want() -> None:
    network = few_lines()
    found = sumo.beside(20.0, network, TUESDAY, jobs=1)
    assert isinstance(found, Figure)
    assert found.floor > 0
    by_sumo = sumo.weekday(network, TUESDAY, jobs=1)
    assert by_sumo.given.people * 0.99 <= by_sumo.arrived <= by_sumo.given.people
