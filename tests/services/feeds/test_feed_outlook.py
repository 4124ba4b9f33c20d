"""A scenario's wire faults in the answers of SIRI and EMT; the store and REST keep the true values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from services.app import create_app
from services.context import Context
from services.feeds.feed_outlook import FaultyOutlook, FeedOutlooks
from simulator.scenario.scenario import Scenario
from simulator.scenario.spans import Span
from simulator.scenario.wire_faults import FaultKind, WireFault
from simulator.types import BusId
from tests.services.fakes import NOW
from tests.services.feeds.emt.emt_served import BUSES, body, log_in
from tests.services.rest_served import Requester, in_process, parts

DAY = date(2026, 3, 2)
STOP, ARRIVES = "/siri/stop-monitoring?MonitoringRef=S002&format=json", f"{BUSES}/stops/2/arrives/"
VEHICLES = "/siri/vehicle-monitoring?format=json"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return parts(tmp_path_factory.mktemp("store"))[0]


def asked_with(context: Context, *faults: WireFault) -> Requester:
    """The API in a scenario with these faults all day."""
    scenario = Scenario("faults", DAY, DAY, wire_faults=faults)
    return in_process(create_app(replace(context, scenario_at_start=scenario)))


def siri_buses(asked: Requester) -> list[str]:
    """The buses that SIRI shows at a stop."""
    visits = asked(STOP).json()["Siri"]["ServiceDelivery"]["StopMonitoringDelivery"][0]["MonitoredStopVisit"]
    return [visit["MonitoredVehicleJourney"]["VehicleRef"] for visit in visits]


def emt_arrivals(asked: Requester) -> list[Any]:
    """The arrivals that EMT shows at the same stop."""
    arrivals: list[Any] = body(asked(ARRIVES, log_in(asked), method="POST"))["data"][0]["Arrive"]
    return arrivals


def recorded(asked: Requester) -> Mapping[str, str]:
    """When each bus's position in SIRI was recorded."""
    found = asked(VEHICLES).json()["Siri"]["ServiceDelivery"]["VehicleMonitoringDelivery"][0]
    return {each["ItemIdentifier"]: each["RecordedAtTime"] for each in found["VehicleActivity"]}


def test_without_faults_an_outlook_is_the_one_of_rest(context: Context) -> None:
    outlook = FeedOutlooks(context).at(context.store, "siri")
    assert not isinstance(outlook, FaultyOutlook)
    assert FeedOutlooks(context).cut("siri", b"whole") == b"whole"


def test_a_dropped_bus_is_missing_and_rest_has_it(context: Context) -> None:
    asked = asked_with(context, WireFault(FaultKind.DROPPED, buses=(BusId("B001"),)))
    assert siri_buses(asked) == ["B002", "B003"]
    assert [each["bus"] for each in emt_arrivals(asked)] == [2, 3]
    assert set(recorded(asked)) == {"B002", "B003"}
    assert len(asked("/arrivals/S002").json()["arrivals"]) == 3


# The buses of these data stand still, so a stuck one isn't told from others: see `test_feed_faults`.
@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind is not FaultKind.STUCK])
def test_each_kind_of_fault_reaches_every_feed(context: Context, kind: FaultKind) -> None:
    fault = WireFault(kind, span=Span(8 * 3600, 9 * 3600), delay_s=120)
    plain, faulty = feeds(asked_with(context)), feeds(asked_with(context, fault))
    assert not [name for name, found in plain.items() if faulty[name] == found]


def feeds(asked: Requester) -> Mapping[str, bytes]:
    """What the feeds of positions and predictions contain."""
    key = log_in(asked)
    return {
        "vehicle-positions": asked("/gtfs-rt/vehicle-positions").content,
        "trip-updates": asked("/gtfs-rt/trip-updates").content,
        "stop-monitoring": asked(STOP).content,
        "vehicle-monitoring": asked(VEHICLES).content,
        "estimated-timetable": asked("/siri/estimated-timetable").content,
        "emt": asked(ARRIVES, key, method="POST").content,
    }


def test_a_delayed_bus_has_an_old_position(context: Context) -> None:
    asked = asked_with(context, WireFault(FaultKind.DELAYED, buses=(BusId("B001"),), delay_s=120))
    assert recorded(asked) == {
        "B001": "2026-03-02T07:28:00Z",
        "B002": "2026-03-02T07:30:00Z",
        "B003": "2026-03-02T07:30:00Z",
    }


@pytest.mark.parametrize(
    ("fault", "late_s"),
    [
        (WireFault(FaultKind.DELAYED, delay_s=120), 120),
        (WireFault(FaultKind.OUT_OF_ORDER), 60),
    ],
)
def test_a_late_message_is_that_of_an_earlier_tick(context: Context, fault: WireFault, late_s: int) -> None:
    asked = asked_with(context, fault)
    then = NOW - timedelta(seconds=late_s)
    delivery = asked(STOP).json()["Siri"]["ServiceDelivery"]
    assert delivery["ResponseTimestamp"] == then.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert set(recorded(asked).values()) == {then.replace(second=0).strftime("%Y-%m-%dT%H:%M:%SZ")}


def test_a_malformed_message_is_cut_off(context: Context) -> None:
    asked = asked_with(context, WireFault(FaultKind.MALFORMED))
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        asked(STOP).json()
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(asked(STOP.replace("json", "xml")).content)
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        emt_arrivals(asked)
