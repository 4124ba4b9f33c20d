"""The calendar of a network's feed: which service each line has on which dates.

A line has a service for each day type. Madrid's holidays have the Sunday's, unless the line has exceptions
of its own (`Line.dates`). A scenario's extra buses shorten the headways of a line if these follow from its
number of buses: on the scenario's dates such a line has other services.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from simulator.network import Line, Network
from simulator.scenario.scenario import Scenario
from simulator.service_day import day_type, service_type
from simulator.types import DayType, LineId

WEEK = (*[DayType.WEEKDAY] * 5, DayType.SATURDAY, DayType.SUNDAY)
"""The day type of each day of the week, from Monday."""


class ServiceKind(NamedTuple):
    """A day type's service, with or without the scenario's extra buses."""

    day_type: DayType
    extra_buses: bool = False

    @property
    def name(self) -> str:
        """The plain id of such a service."""
        return f"{self.day_type}-extra-buses" if self.extra_buses else str(self.day_type)


@dataclass(frozen=True, slots=True)
class Span:
    """The dates of a feed's calendar, both included. The simulator runs on any date."""

    first: date = date(2020, 1, 1)
    last: date = date(2039, 12, 31)

    def dates(self) -> Iterator[date]:
        """Every date."""
        days = (self.last - self.first).days + 1
        return (self.first + timedelta(days=number) for number in range(days))


@dataclass(frozen=True, slots=True)
class ServiceDates:
    """When a service runs: on days of its type in the week, without `removed` dates, and on `added` ones."""

    service_id: str
    kind: ServiceKind
    added: Sequence[date]
    removed: Sequence[date]


class _RunningDates(NamedTuple):
    """The fields of `ServiceDates` but for its id."""

    kind: ServiceKind
    added: tuple[date, ...]
    removed: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class FeedCalendar:
    """The services of a feed, and by line id those of each line."""

    span: Span
    services: Sequence[ServiceDates]
    of_line: Mapping[LineId, Mapping[ServiceKind, str]] = field(repr=False)


def feed_calendar(
    network: Network, scenario: Scenario | None = None, span: Span | None = None
) -> FeedCalendar:
    """The calendar of a network, whose extra buses are the `scenario`'s if there is one.

    Lines share the services that run on the same dates. Those without exceptions but the holidays have the
    plain ids `weekday`, `saturday` and `sunday`, others `weekday-2` and so on.
    """
    span = span or Span()
    usual = {day: day_type(day) for day in span.dates()}
    holidays = {day: ServiceKind(kind) for day, kind in usual.items() if kind != WEEK[day.weekday()]}
    numbered = _NumberedServices()
    numbered.ids(holidays)
    of_line = {
        line.line_id: numbered.ids(
            {**holidays, **_own_exceptions(line, span), **_with_extra_buses(line, scenario, span)}
        )
        for line in network.lines
    }
    return FeedCalendar(span, numbered.services, of_line)


class _NumberedServices:
    """Services by their dates; of those of one kind the first has the plain id."""

    def __init__(self) -> None:
        self.services: list[ServiceDates] = []
        self._ids: dict[_RunningDates, str] = {}
        self._counts: Counter[ServiceKind] = Counter()

    def ids(self, special: Mapping[date, ServiceKind | None]) -> Mapping[ServiceKind, str]:
        """The services with which a line runs as usual except on `special` dates (None: no service)."""
        kinds = [ServiceKind(kind) for kind in DayType]
        kinds += sorted({kind for kind in special.values() if kind is not None and kind.extra_buses})
        weekly = {day: ServiceKind(WEEK[day.weekday()]) for day in special}
        found = {}
        for kind in kinds:
            added = (day for day, on_day in special.items() if on_day == kind != weekly[day])
            removed = (day for day, on_day in special.items() if on_day != kind == weekly[day])
            found[kind] = self._id(_RunningDates(kind, tuple(sorted(added)), tuple(sorted(removed))))
        return found

    def _id(self, dates: _RunningDates) -> str:
        if dates not in self._ids:
            self._counts[dates.kind] += 1
            number = self._counts[dates.kind]
            service_id = dates.kind.name if number == 1 else f"{dates.kind.name}-{number}"
            self._ids[dates] = service_id
            self.services.append(ServiceDates(service_id, *dates))
        return self._ids[dates]


def extra_buses(line: Line, scenario: Scenario | None) -> int:
    """How many of a line's buses run on a scenario's dates only, if its departures depend on that; else 0."""
    if scenario is None or not any(_follows_from_buses(line, kind) for kind in DayType):
        return 0
    return sum(extra.count for extra in scenario.extra_buses if extra.line_id == line.line_id)


def _follows_from_buses(line: Line, kind: DayType) -> bool:
    """Whether a day type's headways follow from the number of buses."""
    service = line.services.get(kind)
    return service is not None and not service.departures and not service.headways


def _own_exceptions(line: Line, span: Span) -> dict[date, ServiceKind | None]:
    dates = {date.fromisoformat(text): kind for text, kind in line.dates.items()}
    return {
        day: None if kind is None else ServiceKind(kind)
        for day, kind in dates.items()
        if span.first <= day <= span.last
    }


def _with_extra_buses(line: Line, scenario: Scenario | None, span: Span) -> dict[date, ServiceKind | None]:
    """The dates on which a scenario's extra buses change a line's departures."""
    if scenario is None or not extra_buses(line, scenario):
        return {}
    days = Span(max(scenario.first_day, span.first), min(scenario.last_day, span.last)).dates()
    kinds = ((day, service_type(line, day)) for day in days)
    return {day: None if kind is None else ServiceKind(kind, True) for day, kind in kinds}
