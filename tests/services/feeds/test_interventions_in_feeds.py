"""Interventions in a running city reach every feed: GTFS-Realtime, SIRI and EMT's arrivals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from google.transit.gtfs_realtime_pb2 import Alert, FeedMessage, TripDescriptor, TripUpdate
from starlette.types import ASGIApp

from services.agents.ride_tools import plan_ride
from services.agents.tool import ToolQuery
from services.agents.tool_arguments import LineStatusArguments, PlanRideArguments
from services.agents.tool_queries import status_of_line
from services.app import create_app
from services.context import Context
from services.inputs.load import Inputs
from services.times import format_instant, parse_instant
from tests.interventions import Document
from tests.networks import line, network, street
from tests.services.fakes import MINUTE, NOW, RUN
from tests.services.feeds.emt.emt_served import BUSES, body, log_in, post
from tests.services.rest_served import in_process
from tests.services.steered_city import steered

pytestmark = pytest.mark.integration

STRIKE: Document = {"strike": {"share": 1, "lines": ["L2"]}}
CLOSED_STOP: Document = {"closed_stop": {"stop": "S002"}}
ADDED, CANCELED = TripDescriptor.ADDED, TripDescriptor.CANCELED
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


AVENUES = network(
    line("L1", street(40), buses=8),
    line("L2", street(40, first=101, row=4), buses=8, first_bus=11),
    line("L3", street(40, first=201, row=8), buses=8, first_bus=21),
)
"""Three lines whose trips take longer than the half hour after which a trip counts as cancelled."""
TURNED: Document = {"closure": {"line": "L1", "between": ["S020", "S024"], "short_turn": True}}
REOPENS = (NOW + 100 * MINUTE).isoformat()
DETOUR: Document = {"closure": {"line": "L2", "between": ["S120", "S124"], "detour_min": 9, "to": REOPENS}}
NO_STOP: Document = {"closed_stop": {"stop": "S030"}}
CLOSED = ["S022", "S120", "S121", "S122", "S123", "S124"]
NO_BUSES: Document = {"strike": {"share": 1, "lines": ["L3"]}}


def trips_of(app: ASGIApp, route_id: str) -> list[TripUpdate]:
    """The trip updates of a route."""
    updates = (entity.trip_update for entity in message(app, "trip-updates").entity)
    return [update for update in updates if update.trip.route_id == route_id]


def siri(app: ASGIApp, path: str) -> Any:
    """The delivery of a service of SIRI, three hours ahead."""
    answer = in_process(app)(f"/siri/{path}&PreviewInterval=PT3H&format=json").json()
    return next(value[0] for value in answer["Siri"]["ServiceDelivery"].values() if isinstance(value, list))


def siri_journeys(app: ASGIApp, line_ids: str) -> dict[str, Any]:
    """The journeys of lines in SIRI's timetable, by the id of their trip."""
    frames = siri(app, f"estimated-timetable?LineRef={line_ids}")["EstimatedJourneyVersionFrame"]
    found = [journey for frame in frames for journey in frame["EstimatedVehicleJourney"]]
    return {journey["DatedVehicleJourneyRef"]: journey for journey in found}


def emt_buses(app: ASGIApp, stop: int) -> set[int]:
    """The numbers of the buses that EMT's API expects at a stop."""
    found = body(post(app, f"{BUSES}/stops/{stop}/arrives/", log_in(in_process(app)), "{}"))["data"][0]
    return {each["bus"] for each in found["Arrive"]}


def stops_in_gtfs_realtime(app: ASGIApp, *, skipped: bool) -> set[tuple[str, str]]:
    """The buses of the trip updates with the stops ahead that they serve, or that they skip."""
    return {
        (update.vehicle.id, stop.stop_id)
        for line_id in ("L1", "L2", "L3")
        for update in trips_of(app, line_id)
        for stop in update.stop_time_update
        if update.vehicle.id and (stop.schedule_relationship == SKIPPED) == skipped
    }


def check_all_agree(app: ASGIApp, stop_ids: Sequence[str]) -> None:
    """Check that all APIs expect the same buses at stops, and none at one that it skips."""
    served, skipped = (stops_in_gtfs_realtime(app, skipped=each) for each in (False, True))
    asked = in_process(app)
    arriving = {
        (each["bus_id"], stop_id)
        for stop_id in stop_ids
        for each in asked(f"/arrivals/{stop_id}?horizon_min=180&limit=1000").json()["arrivals"]
    }
    assert arriving == {(bus_id, stop_id) for bus_id, stop_id in served if stop_id in stop_ids}
    assert {stop_id for _, stop_id in skipped} >= {"S022", "S030", "S121"}
    # The road is open again when later buses come.
    assert "S121" in {stop_id for _, stop_id in served}
    assert not arriving & skipped
    board = siri(app, f"stop-monitoring?MonitoringRef={','.join(stop_ids)}")
    assert arriving == {
        (visit["MonitoredVehicleJourney"]["VehicleRef"], visit["MonitoringRef"])
        for visit in board["MonitoredStopVisit"]
    }
    check_cancelled_visits(app, board["MonitoredStopVisitCancellation"], skipped, stop_ids)
    calls = [
        (journey["VehicleRef"], call["StopPointRef"], call.get("Cancellation", False))
        for journey in siri_journeys(app, "L1,L2,L3").values()
        if not journey.get("Cancellation")
        for call in journey["EstimatedCalls"]["EstimatedCall"]
    ]
    assert {(bus_id, stop_id) for bus_id, stop_id, cancelled in calls if not cancelled} == served
    assert {(bus_id, stop_id) for bus_id, stop_id, cancelled in calls if cancelled} == skipped
    for stop_id in stop_ids:
        buses = {int(bus_id[1:]) for bus_id, at in arriving if at == stop_id}
        assert emt_buses(app, int(stop_id[1:])) <= buses


def check_cancelled_visits(
    app: ASGIApp, found: Sequence[Any], skipped: set[tuple[str, str]], stop_ids: Sequence[str]
) -> None:
    """Check that cancellations at stops are the skipped calls and the cancelled trips of the timetable."""
    journeys = siri_journeys(app, "L1,L2,L3")
    refs = [(each["VehicleJourneyRef"]["DatedVehicleJourneyRef"], each["MonitoringRef"]) for each in found]
    assert [each["ItemRef"] for each in found] == [f"{stop_id}:{ref}" for ref, stop_id in refs]
    buses = {(journeys[ref].get("VehicleRef"), stop_id) for ref, stop_id in refs}
    assert {each for each in buses if each[0]} == {each for each in skipped if each[1] in stop_ids}
    times = {
        (ref, call["StopPointRef"]): call.get("AimedDepartureTime") or call["AimedArrivalTime"]
        for ref, journey in journeys.items()
        if journey.get("Cancellation")
        for call in journey["EstimatedCalls"]["EstimatedCall"]
    }
    earliest = siri(app, "stop-monitoring?MonitoringRef=S001")["ResponseTimestamp"]
    first = format_instant(parse_instant(earliest) - 30 * MINUTE)
    planned = {each for each, aimed in times.items() if each[1] in stop_ids and aimed >= first}
    assert {each for each in refs if each in times} == planned
    assert planned


def check_closed_stops_in_tools_and_trips(context: Context, app: ASGIApp) -> None:
    """Check that agents hear of no bus that passes a stop, and that a trip has no time there."""
    served = stops_in_gtfs_realtime(app, skipped=False)

    def items(query: ToolQuery) -> Sequence[Any]:
        return query.find(context.store).items

    for line_id, stop_id in (("L1", "S022"), ("L1", "S030"), ("L2", "S121"), ("L2", "S124")):
        ways = items(status_of_line(context, LineStatusArguments(line_id=line_id, stop_id=stop_id)))
        buses = [(arrival["bus_id"], stop_id) for way in ways for arrival in way["arrivals"]]
        assert set(buses) == {each for each in served if each[1] == stop_id}
    rides = {
        end: items(plan_ride(context, PlanRideArguments.model_validate({"from": "S010", "to": end})))
        for end in ("S020", "S022")
    }
    assert not rides["S022"]
    # Its bus turns where the road is closed.
    stops = in_process(app)(f"/trips/{rides['S020'][0]['trip_id']}").json()["stops"]
    untimed = [stop["stop_id"] for stop in stops if not stop["visit"] and not stop["expected_time"]]
    assert untimed == [f"S{number:03}" for number in range(21, 41)]


def test_cancelled_detoured_and_added_trips_of_interventions_are_in_every_feed(tmp_path: Path) -> None:
    with steered(tmp_path, inputs=Inputs(AVENUES, 1, RUN)) as city:
        app = create_app(city.context)
        for each in (TURNED, DETOUR, NO_BUSES, NO_STOP):
            city.interventions.intervene(each)
        city.wall.advance(80 * MINUTE)
        city.settle()

        effects = {entity.id: entity.alert.effect for entity in message(app, "alerts").entity}
        assert effects == {
            "closure-1": Alert.MODIFIED_SERVICE,
            "closure-2": Alert.DETOUR,
            "closed-stop-1": Alert.NO_SERVICE,
            "strike-1": Alert.REDUCED_SERVICE,
        }
        turned = [update for update in trips_of(app, "L1") if update.trip.schedule_relationship == ADDED]
        assert turned
        for update in turned:
            # Its bus turned before the closed road, so it begins in the middle of the line.
            journey = siri_journeys(app, "L1")[update.trip.trip_id]
            calls = [call["StopPointRef"] for call in journey["EstimatedCalls"]["EstimatedCall"]]
            assert journey["VehicleRef"] == update.vehicle.id
            assert calls == [stop.stop_id for stop in update.stop_time_update]
        number, stop_id = int(turned[0].vehicle.id[1:]), turned[0].stop_time_update[-2].stop_id
        assert number in emt_buses(app, int(stop_id[1:]))

        detoured = [stop for each in trips_of(app, "L2") for stop in each.stop_time_update]
        skipped = {stop.stop_id for stop in detoured if stop.schedule_relationship == SKIPPED}
        assert skipped == {"S121", "S122", "S123"}
        assert max(stop.arrival.delay for stop in detoured) > 9 * 60

        cancelled = [each for each in trips_of(app, "L3") if each.trip.schedule_relationship == CANCELED]
        assert cancelled
        journeys = siri_journeys(app, "L3")
        assert journeys.keys() == {f"{each.trip.trip_id}-{each.trip.start_date}" for each in cancelled}
        assert all(journey["Cancellation"] for journey in journeys.values())
        assert emt_buses(app, 210) == set()
        check_closed_stops_in_tools_and_trips(city.context, app)
        check_all_agree(app, ["S001", "S010", "S020", *CLOSED, "S024", "S030", "S031", "S110", "S210"])
        for stop, name, line_id in (
            (10, "closure-1", "L1"),
            (110, "closure-2", "L2"),
            (210, "strike-1", "L3"),
        ):
            assert [(each[0], each[2]) for each in incidents(app, stop)] == [(name, [line_id])]
