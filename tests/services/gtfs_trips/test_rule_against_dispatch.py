"""The rule against the model's dispatch: without disruption every trip is the departure that its bus took."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from datetime import date, datetime, timedelta

import pytest
import simpy

from services.gtfs_trips.planned_days import PlannedDays
from services.gtfs_trips.trip_matching import match_trips
from services.transit.line_visits import visits_between
from services.transit.trip_links import runs_of
from simulator.city import City
from simulator.day.bus import BusDay, Place, TripStart
from simulator.day.passengers import Trip
from simulator.network import Departure
from simulator.service_day import handover_ms, origin_ms
from simulator.types import to_datetime
from storage.schema import Stream
from tests.networks import line, network, street
from tests.services.fakes import RUN, FaultyStore

DAY = date(2026, 3, 3)


def departures(*, blocks: bool) -> list[Departure]:
    """Departures from both ends every six minutes; with blocks half of them belong to eight vehicles."""
    times = range(6 * 3600, 22 * 3600, 360)
    return [
        Departure(
            time + side * 150, f"L1-{side}", None, f"{side}{number % 4}" if blocks and number % 8 < 4 else ""
        )
        for number, time in enumerate(times)
        for side in (0, 1)
    ]


@pytest.mark.parametrize("blocks", [False, True])
def test_each_trip_is_the_departure_that_its_bus_took(blocks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    of = line("L1", street(9), buses=12, departures=departures(blocks=blocks))
    net, origin = network(of), to_datetime(origin_ms(DAY))
    taken: dict[tuple[str, datetime], datetime] = {}
    stand = BusDay._stand

    def noted(
        bus: BusDay, start: TripStart, ready: int, place: Place
    ) -> Generator[simpy.Event, None, tuple[Place, Trip | None]]:
        after, trip = yield from stand(bus, start, ready, place)
        assert trip is not None
        departed = origin + timedelta(milliseconds=trip.departed)
        taken[bus.bus.bus_id, departed] = origin + timedelta(milliseconds=start.departs)
        return after, trip

    monkeypatch.setattr(BusDay, "_stand", noted)
    start, end = (to_datetime(handover_ms(of, day)) for day in (DAY, DAY + timedelta(days=1)))
    store = FaultyStore()
    with closing(City(net, seed=1)) as city:
        rows = city.window(start, end, [Stream.STOP_VISIT])[Stream.STOP_VISIT]
    store.write(Stream.STOP_VISIT, rows, covers=(start, end), run=RUN)
    runs = list(runs_of(of, DAY, visits_between(store, ["L1"], start, end)["L1"]))
    found = match_trips(of, PlannedDays(net).of_line_day("L1", DAY), runs)
    named = {run.trip_id: found[run.trip_id].departs for run in runs}
    assert named == {run.trip_id: taken[run.bus_id, run.departs] for run in runs}
    assert len(named) > 300
