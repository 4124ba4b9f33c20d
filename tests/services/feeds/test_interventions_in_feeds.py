"""Interventions in a running city reach every feed: GTFS-Realtime, SIRI and EMT's arrivals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.transit.gtfs_realtime_pb2 import FeedMessage, TripUpdate
from starlette.types import ASGIApp

from services.app import create_app
from tests.interventions import Document
from tests.services.fakes import MINUTE
from tests.services.feeds.emt.emt_served import BUSES, body, log_in, post
from tests.services.rest_served import in_process
from tests.services.steered_city import steered

pytestmark = pytest.mark.integration

STRIKE: Document = {"strike": {"share": 1, "lines": ["L2"]}}
CLOSED_STOP: Document = {"closed_stop": {"stop": "S002"}}
SKIPPED = TripUpdate.StopTimeUpdate.SKIPPED


def message(app: ASGIApp, feed: str) -> FeedMessage:
    return FeedMessage.FromString(in_process(app)(f"/gtfs-rt/{feed}").content)


def incidents(app: ASGIApp, stop: int) -> Any:
    """What EMT tells of a stop: the incidents' ids and their lines."""
    wish = '{"cultureInfo": "EN", "Text_IncidencesRequired_YN": "Y"}'
    found = body(post(app, f"{BUSES}/stops/{stop}/arrives/", log_in(in_process(app)), wish))["data"][0]
    return [
        (each["guid"], each["title"], each["category"])
        for each in found["Incident"].get("ListaIncident", {"data": []})["data"]
    ]


def siri_buses(app: ASGIApp, line_id: str) -> set[str]:
    """The buses of a line that SIRI expects at stops."""
    path = f"/siri/estimated-timetable?LineRef={line_id}&format=json"
    delivery = in_process(app)(path).json()["Siri"]["ServiceDelivery"]["EstimatedTimetableDelivery"][0]
    return {
        journey["VehicleRef"]
        for frame in delivery["EstimatedJourneyVersionFrame"]
        for journey in frame["EstimatedVehicleJourney"]
    }


def test_a_strike_and_a_closed_stop_are_in_every_feed_until_they_are_ended(tmp_path: Path) -> None:
    with steered(tmp_path) as city:
        app = create_app(city.context)
        assert siri_buses(app, "L2") == {"B003", "B004"}
        assert incidents(app, 2) == []
        made = [city.interventions.intervene(each) for each in (STRIKE, CLOSED_STOP)]
        city.wall.advance(60 * MINUTE)
        city.settle()

        assert {entity.id for entity in message(app, "alerts").entity} == {"strike-1", "closed-stop-1"}
        updates = [entity.trip_update for entity in message(app, "trip-updates").entity]
        # One bus of a line runs in every strike. Trips here end before they are late enough to be cancelled.
        assert {update.vehicle.id for update in updates if update.trip.route_id == "L2"} == {"B003"}
        skipped = {
            stop.stop_id
            for update in updates
            for stop in update.stop_time_update
            if stop.schedule_relationship == SKIPPED
        }
        assert skipped == {"S002"}
        assert siri_buses(app, "L2") == {"B003"}
        assert incidents(app, 2) == [("closed-stop-1", "Stop Stop S002 isn't served", [])]
        assert incidents(app, 5) == [("strike-1", "Strike: reduced service", ["L2"])]

        for each in made:
            city.interventions.end(str(each.number))
        city.wall.advance(MINUTE)
        city.settle()
        assert len(message(app, "alerts").entity) == 0
        assert incidents(app, 5) == []
