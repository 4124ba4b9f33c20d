"""SIRI's services: the numbers of REST, parameters in any case, errors as SIRI documents in both formats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from services.access.rate_limits import Limits
from services.app import create_app
from services.context import Context
from services.feeds.siri.tree import NAMESPACE
from tests.services.rest_served import KEY, NO_KEY, Requester, Served, in_process, parts

SERVICES = {
    "stop-monitoring": "StopMonitoringDelivery",
    "vehicle-monitoring": "VehicleMonitoringDelivery",
    "estimated-timetable": "EstimatedTimetableDelivery",
}
STOP = "/siri/stop-monitoring?MonitoringRef=S002"
VEHICLES, TIMETABLE = "/siri/vehicle-monitoring", "/siri/estimated-timetable"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return parts(tmp_path_factory.mktemp("store"))[0]


@pytest.fixture(scope="module")
def asked(context: Context) -> Requester:
    """The API on an address that other machines reach."""
    return in_process(create_app(context))


def delivery(answer: httpx.Response) -> Any:
    """The delivery of a JSON answer."""
    assert answer.headers["content-type"] == "application/json"
    whole = answer.json()["Siri"]["ServiceDelivery"]
    (name,) = set(whole) & set(SERVICES.values())
    (found,) = whole[name]
    assert whole["Status"] == found["Status"]
    return found


def json_of(asked: Requester, path: str) -> Any:
    """The delivery of a path that is answered with 200."""
    answer = asked(f"{path}{'&' if '?' in path else '?'}format=json")
    assert answer.status_code == 200
    return delivery(answer)


def journeys_at(asked: Requester, path: str) -> list[Any]:
    """The monitored journeys at a stop."""
    return [visit["MonitoredVehicleJourney"] for visit in json_of(asked, path)["MonitoredStopVisit"]]


def test_they_are_everywhere(anywhere: Served) -> None:
    for path in (STOP, VEHICLES, TIMETABLE):
        answer = anywhere.ask(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml")
        assert ElementTree.fromstring(answer.content).tag == f"{{{NAMESPACE}}}Siri"
        head = anywhere.ask(path, method="HEAD")
        assert (head.status_code, head.content, head.headers.get("content-length")) == (
            200,
            b"",
            answer.headers["content-length"],
        )


def test_stop_monitoring_has_the_arrivals_of_rest(asked: Requester) -> None:
    ours = asked("/arrivals/S002").json()["arrivals"]
    found = journeys_at(asked, STOP)
    assert [
        (each["LineRef"], each["VehicleRef"], int(each["DirectionRef"]), each["DestinationName"][0])
        for each in found
    ] == [(each["line_id"], each["bus_id"], each["direction"], each["destination"]) for each in ours]
    for theirs, our in zip(found, ours, strict=True):
        call = theirs["MonitoredCall"]
        time = call.get("ExpectedArrivalTime") or call["ExpectedDepartureTime"]
        assert (time, call["NumberOfStopsAway"]) == (our["expected_time"], our["stops_away"])
        assert call["DistanceFromStop"] == round(our["distance_m"])


def test_vehicle_monitoring_has_the_positions_of_rest(asked: Requester) -> None:
    positions = {each["bus_id"]: each for each in asked("/bus-position?mode=latest").json()["items"]}
    activities = json_of(asked, VEHICLES)["VehicleActivity"]
    assert [each["ItemIdentifier"] for each in activities] == sorted(positions)
    for activity in activities:
        position, journey = positions[activity["ItemIdentifier"]], activity["MonitoredVehicleJourney"]
        assert journey["VehicleLocation"] == {
            "Longitude": position["longitude"],
            "Latitude": position["latitude"],
        }
        assert (journey["LineRef"], activity["RecordedAtTime"]) == (position["line_id"], position["time"])
        assert journey.get("Bearing") == position["bearing"]
        assert journey["MonitoredCall"]["StopPointRef"] == position["next_stop_id"]


def test_an_estimated_timetable_has_the_arrivals_at_every_stop_ahead(asked: Requester) -> None:
    (frame,) = json_of(asked, TIMETABLE)["EstimatedJourneyVersionFrame"]
    calls = {
        (journey["VehicleRef"], call["StopPointRef"]): call.get("ExpectedArrivalTime")
        or call["ExpectedDepartureTime"]
        for journey in frame["EstimatedVehicleJourney"]
        for call in journey["EstimatedCalls"]["EstimatedCall"]
    }
    assert calls == {
        (each["bus_id"], stop): each["expected_time"]
        for stop in ("S001", "S002", "S003", "S004")
        for each in asked(f"/arrivals/{stop}").json()["arrivals"]
    }


@pytest.mark.parametrize(
    ("path", "buses"),
    [
        (STOP, ["B001", "B002", "B003"]),
        (f"{STOP}&LineRef=L2", ["B003"]),
        (f"{STOP}&lineref=L1,L2&MAXIMUMSTOPVISITS=2", ["B001", "B002"]),
        (f"{STOP}&DirectionRef=1", []),
        (f"{STOP}&PreviewInterval=PT1H30M&MaximumStopVisits=1", ["B001"]),
        ("/siri/stop-monitoring?monitoringref=S003,S004", ["B001", "B002", "B003", "B003"]),
        ("/siri/stop-monitoring?MonitoringRef=S003&MonitoringRef=S004", ["B001", "B002", "B003", "B003"]),
        ("/siri/stop-monitoring?monitoringref=S003&MonitoringRef=S004", ["B001", "B002", "B003", "B003"]),
    ],
)
def test_parameters_choose_the_visits(asked: Requester, path: str, buses: list[str]) -> None:
    assert [each["VehicleRef"] for each in journeys_at(asked, path)] == buses


@pytest.mark.parametrize(
    ("query", "buses"),
    [
        ("", ["B001", "B002", "B003"]),
        ("?LineRef=L1", ["B001", "B002"]),
        ("?VehicleRef=B003,B001", ["B001", "B003"]),
        ("?MaximumVehicles=1", ["B001"]),
        ("?DirectionRef=1", []),
    ],
)
def test_parameters_choose_the_vehicles(asked: Requester, query: str, buses: list[str]) -> None:
    assert [each["ItemIdentifier"] for each in json_of(asked, VEHICLES + query)["VehicleActivity"]] == buses


@pytest.mark.parametrize(
    ("path", "status", "condition", "text"),
    [
        ("/siri/stop-monitoring", 400, "OtherError", "Missing MonitoringRef"),
        ("/siri/stop-monitoring?MonitoringRef=S999", 404, "InvalidDataReferencesError", "S999 not found"),
        (f"{STOP}&LineRef=L99", 404, "InvalidDataReferencesError", "LineRef L99 not found"),
        (f"{VEHICLES}?VehicleRef=B999", 404, "InvalidDataReferencesError", "VehicleRef B999 not found"),
        (f"{STOP}&MaximumStopVisits=0", 400, "OtherError", "Invalid MaximumStopVisits: 0"),
        (f"{STOP}&MaximumStopVisits={'9' * 5000}", 400, "OtherError", "Invalid MaximumStopVisits: 999"),
        (f"{STOP}&PreviewInterval=30", 400, "OtherError", "Must be a duration such as PT30M"),
        (f"{STOP}&PreviewInterval=PT181M", 400, "OtherError", "at most PT180M"),
        (f"{STOP}&DirectionRef=A", 400, "OtherError", "Must be 0 (outbound) or 1 (inbound)"),
        (f"{STOP}&StopRef=S001", 400, "OtherError", "Unknown parameter: StopRef"),
        (f"{TIMETABLE}?VehicleRef=B001", 400, "OtherError", "Unknown parameter: VehicleRef"),
    ],
)
def test_refusals_are_documents_with_a_condition(
    asked: Requester, path: str, status: int, condition: str, text: str
) -> None:
    both = asked(path), asked(path, KEY | {"accept": "application/json"})
    assert [each.status_code for each in both] == [status] * 2
    found = delivery(both[1])
    assert found["Status"] is False
    ((name, error),) = found["ErrorCondition"].items()
    assert name == condition
    assert text in error["ErrorText"]
    error_text = ElementTree.fromstring(both[0].content).find(f".//{{{NAMESPACE}}}{condition}/*")
    assert error_text is not None
    assert error_text.text == error["ErrorText"]


@pytest.mark.parametrize(
    ("headers", "query", "kind"),
    [
        ({}, "", "xml"),
        ({"accept": "*/*"}, "", "xml"),
        ({"accept": "application/json"}, "", "json"),
        ({"accept": "text/html,application/xml,application/json"}, "", "xml"),
        ({"accept": "application/xml"}, "&format=json", "json"),
        ({"accept": "application/json"}, "&Format=XML", "xml"),
    ],
)
def test_the_format_is_chosen_by_parameter_or_header(
    asked: Requester, headers: Mapping[str, str], query: str, kind: str
) -> None:
    assert asked(STOP + query, {**KEY, **headers}).headers["content-type"] == f"application/{kind}"
    assert asked(f"{STOP}&x=1{query}", {**KEY, **headers}).headers["content-type"] == f"application/{kind}"


def test_an_unknown_format_is_refused(asked: Requester) -> None:
    answer = asked(f"{STOP}&format=csv")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/xml")
    assert b"Invalid format: csv. Must be xml or json" in answer.content


@pytest.mark.parametrize(
    ("query", "headers", "status", "text"),
    [
        ("&key=right&group=us", NO_KEY, 200, ""),
        ("", NO_KEY, 401, "Missing x-api-key header"),
        ("&key=wrong&group=us", NO_KEY, 401, "Invalid API key"),
    ],
)
def test_elsewhere_than_on_loopback_they_need_key_and_group(
    asked: Requester, query: str, headers: Mapping[str, str], status: int, text: str
) -> None:
    answer = asked(f"{STOP}&format=json{query}", headers)
    assert answer.status_code == status
    if text:
        assert delivery(answer)["ErrorCondition"] == {"AccessNotAllowedError": {"ErrorText": text}}


def test_on_loopback_they_are_open_and_have_no_other_methods(context: Context) -> None:
    asked = in_process(create_app(replace(context, open_feeds=True)))
    assert asked(STOP, NO_KEY).status_code == 200
    assert asked(VEHICLES, NO_KEY, method="POST").status_code == 405


def test_a_limit_is_a_condition_too(context: Context) -> None:
    asked = in_process(create_app(replace(context, limits=Limits(rate_per_s=0, per_day=1))))
    assert asked(STOP).status_code == 200
    answer = asked(f"{STOP}&format=json")
    assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (429, True)
    assert list(delivery(answer)["ErrorCondition"]) == ["AllowedResourceUsageExceededError"]


def test_texts_are_escaped_in_both_formats(context: Context) -> None:
    stops = tuple(replace(stop, name='<&"ñ]]>') for stop in context.network.stops)
    asked = in_process(create_app(replace(context, network=replace(context.network, stops=stops))))
    for found in (asked(STOP).content, asked(f"{STOP}&format=json").content):
        if found.startswith(b"{"):
            assert '<&\\"ñ]]>' in json.dumps(json.loads(found), ensure_ascii=False)
        else:
            names = ElementTree.fromstring(found).iter(f"{{{NAMESPACE}}}DestinationName")
            assert {name.text for name in names} == {'<&"ñ]]>'}
