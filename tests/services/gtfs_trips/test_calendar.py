"""On every date each line has the service in the feed that the simulator gives it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given

from services.gtfs_trips.calendar import (
    WEEK,
    FeedCalendar,
    ServiceKind,
    Span,
    feed_calendar,
)
from simulator.network import Headway, Line, Network, Service
from simulator.scenario.extra_buses import ExtraBuses
from simulator.scenario.scenario import Scenario
from simulator.service_day import service_type
from simulator.types import DayType, LineId
from tests.any_network import any_network
from tests.examples import examples
from tests.networks import line, network, street, two_lines

SPAN = Span(date(2026, 1, 1), date(2026, 12, 31))
MATCH = Scenario(
    "match",
    date(2026, 3, 14),
    date(2026, 3, 15),
    extra_buses=(ExtraBuses(LineId("L1"), 2, 90), ExtraBuses(LineId("L2"), 1, 90)),
)


def kinds_on(calendar: FeedCalendar, of: Line, day: date) -> list[ServiceKind]:
    """The services of a line that run on a date by the feed's tables."""
    found = []
    own = set(calendar.of_line[of.line_id].values())
    for service in calendar.services:
        if service.service_id in own:
            weekly = not service.kind.extra_buses and WEEK[day.weekday()] == service.kind.day_type
            if (weekly and day not in service.removed) or day in service.added:
                found.append(service.kind)
    return found


def expected(of: Line, day: date) -> list[ServiceKind]:
    kind = service_type(of, day)
    return [] if kind is None else [ServiceKind(kind)]


@examples(20)
@given(city=any_network())
def test_on_every_date_a_line_has_one_service_that_of_its_day_type_or_none(city: Network) -> None:
    calendar = feed_calendar(city, span=SPAN)
    for of in city.lines:
        for day in SPAN.dates():
            assert kinds_on(calendar, of, day) == expected(of, day)


def test_lines_share_services_of_the_same_dates() -> None:
    odd = replace(line("L4", street(4)), dates={"2026-03-19": DayType.SUNDAY, "2030-01-01": None})
    calendar = feed_calendar(network(*two_lines().lines, odd), span=SPAN)
    assert [service.service_id for service in calendar.services] == [
        *("weekday", "saturday", "sunday"),
        *("weekday-2", "sunday-2"),
    ]
    plain, other = calendar.of_line[LineId("L1")], calendar.of_line[LineId("L4")]
    assert calendar.of_line[LineId("L3")] == plain
    assert other[ServiceKind(DayType.SATURDAY)] == plain[ServiceKind(DayType.SATURDAY)]
    assert other[ServiceKind(DayType.WEEKDAY)] == "weekday-2"


def test_extra_buses_give_lines_whose_headways_follow_from_them_other_services() -> None:
    fixed = Service(6 * 3600, 9 * 3600, (Headway(6 * 3600, 9 * 3600, 600),))
    plain = network(
        line("L1", street(4)),
        line("L2", street(4, row=1, first=9), first_bus=9, services={DayType.SATURDAY: fixed}),
    )
    city = MATCH.applied_to(plain)
    calendar = feed_calendar(city, MATCH, SPAN)
    first, second = city.lines
    assert kinds_on(calendar, first, date(2026, 3, 13)) == [ServiceKind(DayType.WEEKDAY)]
    assert kinds_on(calendar, first, date(2026, 3, 14)) == [ServiceKind(DayType.SATURDAY, True)]
    assert kinds_on(calendar, first, date(2026, 3, 15)) == [ServiceKind(DayType.SUNDAY, True)]
    assert kinds_on(calendar, second, date(2026, 3, 14)) == [ServiceKind(DayType.SATURDAY)]
    assert calendar.of_line[first.line_id][ServiceKind(DayType.SATURDAY, True)] == "saturday-extra-buses"
    assert calendar.of_line[first.line_id][ServiceKind(DayType.WEEKDAY)] == "weekday"
