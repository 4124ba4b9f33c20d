"""A scenario: how some service days differ from ordinary ones. Immutable, identified by its digest.

Most entries apply to each service day in [first_day, last_day], in a `Span` of it: seconds from the service
day's origin (noon minus 12 h, GTFS), so 25:30 is 91,800. Entries with a `Period` apply once, between two
instants, on those days or not. What a scenario changes of one line on one day is a `LineChanges`; a line that
it doesn't concern keeps every byte of its data.

The instants of periods are events: until one comes nothing depends on it. So a line-day has `revisions`, each
with what is known from an instant on: the periods that have begun, and their ends once these have come.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

from simulator.network import Bus, Line, Network
from simulator.service_day import handover_ms, origin_ms
from simulator.types import SECOND_MS, BusId, LineId, StopId

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


_LATER = {"later": True}
"""Marks fields that scenarios got later: they count in the digest only where they aren't the default."""


class HeadwayControl(StrEnum):
    """How headways are controlled."""

    NONE = "none"
    """After its first departure of the day a bus leaves each terminal as soon as it is ready."""
    TERMINALS = "terminals"
    """Departures from terminals keep the planned headway, as on ordinary days."""
    HEADWAY = "headway"
    """In addition a bus that follows another too closely is held at stops under way."""


class Rain(StrEnum):
    """AEMET's intensities: up to 2 mm/h, up to 15, up to 30."""

    LIGHT = "light"
    MODERATE = "moderate"
    HEAVY = "heavy"


@dataclass(frozen=True, slots=True)
class Span:
    """From `start_s` to `end_s` (excluded) of the service day."""

    start_s: int
    end_s: int

    def holds(self, second: float) -> bool:
        """Whether a second of the service day lies in it."""
        return self.start_s <= second < self.end_s


WHOLE_DAY = Span(0, 3 * 86_400)


@dataclass(frozen=True, slots=True)
class Period:
    """From the instant `start` to `end` (excluded): whole seconds, in ms since the epoch; None: unbounded."""

    start: int | None = None
    end: int | None = None

    def holds(self, instant: int) -> bool:
        """Whether an instant lies in it."""
        return (self.start is None or self.start <= instant) and (self.end is None or instant < self.end)


@dataclass(frozen=True, slots=True)
class DemandChange:
    """`factor` times as many people come for `lines` (empty: all) to `stops` (empty: all)."""

    factor: float
    lines: tuple[LineId, ...] = ()
    stops: tuple[StopId, ...] = ()
    span: Span = WHOLE_DAY
    period: Period | None = field(default=None, metadata=_LATER)


@dataclass(frozen=True, slots=True)
class Surge:
    """`people_per_min` more people a minute come to a stop, divided evenly among its lines (or `lines`)."""

    stop_id: StopId
    people_per_min: float
    span: Span
    lines: tuple[LineId, ...] = ()
    period: Period | None = field(default=None, metadata=_LATER)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A bus breaks down at the first stop it reaches at or after `time_s` (at `stop_id`, where one is named).

    Everybody alights and waits there for the next bus. The bus stands for `repair_s`, then runs again. With a
    `period` it breaks down from its start on, and is repaired by its end at the latest.
    """

    bus_id: BusId
    time_s: int
    repair_s: int
    stop_id: StopId | None = None
    period: Period | None = field(default=None, metadata=_LATER)
    repaired_by_s: int | None = field(default=None, metadata=_LATER)
    """The second by which it is repaired, for a line-day's breakdown whose period has ended."""


@dataclass(frozen=True, slots=True)
class Closure:
    """The road between two stops of a line is closed in both directions; stops between aren't served.

    Buses take `detour_s` longer; None: they turn at the last stop before it, where everybody alights.
    """

    line_id: LineId
    from_stop: StopId
    to_stop: StopId
    span: Span
    detour_s: int | None = None
    period: Period | None = field(default=None, metadata=_LATER)


@dataclass(frozen=True, slots=True)
class SlowZone:
    """Between two stops of a line, in both directions, buses have `speed_factor` times their speed."""

    line_id: LineId
    from_stop: StopId
    to_stop: StopId
    span: Span
    speed_factor: float
    period: Period | None = field(default=None, metadata=_LATER)


@dataclass(frozen=True, slots=True)
class ClosedStop:
    """No bus serves a stop: nobody comes, people who wait leave, passengers for it alight at the next."""

    stop_id: StopId
    span: Span
    period: Period | None = field(default=None, metadata=_LATER)


@dataclass(frozen=True, slots=True)
class Strike:
    """A share of each line's buses doesn't run; `lines`: empty for all. At least one bus of a line runs.

    All day these buses stay at their terminals. In a part of it they take up no trip and go home.
    """

    share: float
    lines: tuple[LineId, ...] = ()
    span: Span = field(default=WHOLE_DAY, metadata=_LATER)
    period: Period | None = field(default=None, metadata=_LATER)


@dataclass(frozen=True, slots=True)
class ExtraBuses:
    """`count` more buses run on a line."""

    line_id: LineId
    count: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Weather:
    """Changes to the weather: °C and points of humidity, faded in and out over two hours; and rain."""

    temperature_c: float = 0.0
    humidity: float = 0.0
    rain: Rain | None = None


@dataclass(frozen=True, slots=True)
class WeatherChange:
    """Weather in a part of the day, in addition to the days' own; of two rains the heavier counts."""

    weather: Weather
    span: Span
    period: Period | None = field(default=None, metadata=_LATER)


@dataclass(frozen=True, slots=True)
class ControlChange:
    """Another headway control in a part of the day."""

    control: HeadwayControl
    span: Span
    period: Period | None = field(default=None, metadata=_LATER)


class FaultKind(StrEnum):
    """How positions go wrong on their way to clients. The store keeps the right ones."""

    STUCK = "stuck"
    """A bus's position, speed and load stay those at which the fault began."""
    DELAYED = "delayed"
    """A position is sent `delay_s` late."""
    DROPPED = "dropped"
    """A position is never sent."""
    OUT_OF_ORDER = "out-of-order"
    """A position is sent after the bus's next one."""
    MALFORMED = "malformed"
    """A message is cut off in the middle."""


@dataclass(frozen=True, slots=True)
class WireFault:
    """A share of the positions of `buses` (empty: all) goes wrong on its way to clients.

    For STUCK it is a share of the buses.
    """

    kind: FaultKind
    share: float = 1.0
    buses: tuple[BusId, ...] = ()
    span: Span = WHOLE_DAY
    delay_s: int = 0
    period: Period | None = field(default=None, metadata=_LATER)


@dataclass(frozen=True, slots=True)
class LineChanges:
    """What a scenario changes of one line on one service day."""

    demand: tuple[DemandChange, ...] = ()
    surges: tuple[Surge, ...] = ()
    """`people_per_min` is this line's share."""
    breakdowns: tuple[Breakdown, ...] = ()
    closures: tuple[Closure, ...] = ()
    slow_zones: tuple[SlowZone, ...] = ()
    closed_stops: tuple[ClosedStop, ...] = ()
    strike_share: float = 0.0
    """The share of the buses that stays at its terminal all day."""
    strikes: tuple[Strike, ...] = ()
    """Strikes in a part of the day."""
    parked: frozenset[BusId] = frozenset()
    """Buses that don't run: the extra buses, on days that the scenario doesn't change."""
    rain: Rain | None = None
    """Rain all day."""
    weather_changes: tuple[WeatherChange, ...] = ()
    """Rain in a part of the day."""
    control: HeadwayControl = HeadwayControl.TERMINALS
    """Headway control, except in `control_changes`."""
    control_changes: tuple[ControlChange, ...] = ()

    @property
    def disturbs_trips(self) -> bool:
        """Whether trips may be disturbed, so that some begin or end between terminals."""
        places = self.breakdowns or self.closures or self.slow_zones or self.closed_stops
        times = self.strikes or self.weather_changes or self.control_changes
        return bool(places or times) or self.rain is not None or self.control is HeadwayControl.HEADWAY

    @property
    def changes_demand(self) -> bool:
        """Whether demand differs from an ordinary day's."""
        people = self.demand or self.surges or self.closed_stops or self.weather_changes
        return bool(people) or self.rain is not None


NO_CHANGES = LineChanges()


class Revision(NamedTuple):
    """What is known of a line-day's changes from an instant on (ms since the epoch)."""

    since: int
    changes: LineChanges


@dataclass(frozen=True, slots=True)
class Scenario:
    """See the module. `network` is the path of its network file, None for the default.

    `start` and `rate` say how it is replayed (rate: simulated seconds per second, `clock.MAX` for as fast as
    possible); with `name`, `description` and `wire_faults` they decide no byte of the data.
    """

    name: str
    first_day: date
    last_day: date
    description: str = ""
    network: str | None = None
    seed: int = 1
    start: datetime | None = None
    rate: float = 1.0
    demand: tuple[DemandChange, ...] = ()
    weather: Weather = field(default_factory=Weather)
    control: HeadwayControl = HeadwayControl.TERMINALS
    surges: tuple[Surge, ...] = ()
    breakdowns: tuple[Breakdown, ...] = ()
    closures: tuple[Closure, ...] = ()
    slow_zones: tuple[SlowZone, ...] = ()
    closed_stops: tuple[ClosedStop, ...] = ()
    strikes: tuple[Strike, ...] = ()
    extra_buses: tuple[ExtraBuses, ...] = ()
    wire_faults: tuple[WireFault, ...] = ()
    weather_changes: tuple[WeatherChange, ...] = field(default=(), metadata=_LATER)
    control_changes: tuple[ControlChange, ...] = field(default=(), metadata=_LATER)

    @property
    def digest(self) -> str:
        """SHA-256 in hex of everything that affects the data; empty for a scenario that changes nothing."""
        if all(getattr(self, name) == getattr(NOTHING, name) for name in _DECIDING):
            return ""
        plain = _fields(self)
        content = {name: plain[name] for name in (*_DECIDING, "first_day", "last_day") if name in plain}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def touches(self, day: date) -> bool:
        """Whether the scenario changes a service day."""
        return self.first_day <= day <= self.last_day

    def applied_to(self, network: Network) -> Network:
        """The network with the extra buses. On days that the scenario doesn't change they stay parked."""
        added: dict[LineId, list[Bus]] = {}
        for extra in self.extra_buses:
            of_line = added.setdefault(extra.line_id, [])
            first = len(of_line) + 1
            of_line += [
                Bus(extra_bus_id(extra.line_id, number), extra.capacity, 0.5 * (number % 2))
                for number in range(first, first + extra.count)
            ]
        if not added:
            return network
        lines = [
            dataclasses.replace(line, buses=(*line.buses, *added.get(line.line_id, ())))
            for line in network.lines
        ]
        return Network(tuple(lines), network.stops, network.name)

    def on(self, line: Line, day: date, lines_of_stop: Mapping[str, tuple[LineId, ...]]) -> LineChanges:
        """What the scenario changes of a line of the `applied_to` network on a service day, all known."""
        return self.revisions(line, day, lines_of_stop)[-1].changes

    def revisions(
        self, line: Line, day: date, lines_of_stop: Mapping[str, tuple[LineId, ...]]
    ) -> tuple[Revision, ...]:
        """What is known of the changes of a line on a service day.

        First what is known from its start on, then from each instant at which a period begins or ends.
        """
        bounds = _Bounds.of(line, day)
        inside = {each for each in self._instants() if bounds.starts < each < bounds.ends}
        found: list[Revision] = []
        for instant in (bounds.starts, *sorted(inside)):
            changes = self._known(line, lines_of_stop, _Known(bounds, instant, self.touches(day)))
            if not found or changes != found[-1].changes:
                found.append(Revision(instant, changes))
        return tuple(found)

    def _instants(self) -> Iterator[int]:
        for entry in self._timed():
            if entry.period is not None:
                yield from (each for each in (entry.period.start, entry.period.end) if each is not None)

    def _timed(self) -> Iterator[_Timed]:
        """The entries that may have a period."""
        yield from self.demand
        yield from self.surges
        yield from self.breakdowns
        yield from self.closures
        yield from self.slow_zones
        yield from self.closed_stops
        yield from self.strikes
        yield from self.weather_changes
        yield from self.control_changes

    def _known(
        self, line: Line, lines_of_stop: Mapping[str, tuple[LineId, ...]], known: _Known
    ) -> LineChanges:
        own_buses = {bus.bus_id for bus in line.buses}
        strikes = [s for s in self.strikes if _meant(line.line_id, s.lines)]
        whole = [s.share for s in strikes if s.period is None and s.span == WHOLE_DAY]
        return LineChanges(
            demand=known.of(change for change in self.demand if _meant(line.line_id, change.lines)),
            surges=known.of(_shares(self.surges, line, lines_of_stop)),
            breakdowns=known.breakdowns(b for b in self.breakdowns if b.bus_id in own_buses),
            closures=known.of(c for c in self.closures if c.line_id == line.line_id),
            slow_zones=known.of(z for z in self.slow_zones if z.line_id == line.line_id),
            closed_stops=known.of(c for c in self.closed_stops if c.stop_id in line.stop_ids),
            strike_share=max(whole, default=0.0) if known.touched else 0.0,
            strikes=known.of(s for s in strikes if s.period is not None or s.span != WHOLE_DAY),
            parked=frozenset() if known.touched else self._extra_of(line),
            rain=self.weather.rain if known.touched else None,
            weather_changes=known.of(w for w in self.weather_changes if w.weather.rain is not None),
            control=self.control if known.touched else HeadwayControl.TERMINALS,
            control_changes=known.of(self.control_changes),
        )

    def _extra_of(self, line: Line) -> frozenset[BusId]:
        """The extra buses of a line."""
        # `applied_to` numbered them from 1; a line has no more of them than buses in all.
        numbers = range(1, len(line.buses) + 1)
        extra = {extra_bus_id(e.line_id, n) for e in self.extra_buses for n in numbers}
        return frozenset(extra.intersection(bus.bus_id for bus in line.buses))


_Timed: TypeAlias = (
    DemandChange
    | Surge
    | Breakdown
    | Closure
    | SlowZone
    | ClosedStop
    | Strike
    | WeatherChange
    | ControlChange
)
_Spanned = TypeVar(
    "_Spanned", DemandChange, Surge, Closure, SlowZone, ClosedStop, Strike, WeatherChange, ControlChange
)


class _Bounds(NamedTuple):
    """A line-day's origin and the bounds of what it owns, ms since the epoch."""

    origin: int
    starts: int
    ends: int

    @classmethod
    def of(cls, line: Line, day: date) -> _Bounds:
        handovers = handover_ms(line, day), handover_ms(line, day + timedelta(days=1))
        return cls(origin_ms(day, line.timezone), *handovers)


class _Known(NamedTuple):
    """What is known at an instant of a line-day; `touched`: it is one of the scenario's days."""

    bounds: _Bounds
    instant: int
    touched: bool

    def span(self, period: Period) -> Span | None:
        """The part of the line-day that lies in a period, as far as it is known; None for no part."""
        origin, starts = self.bounds.origin, self.bounds.starts
        start = starts if period.start is None else max(period.start, starts)
        if start > self.instant or (period.end is not None and period.end <= start):
            return None
        # An end that isn't known and one after the line-day are the same to it.
        is_over = period.end is not None and period.end <= self.instant
        end_s = (period.end - origin) // SECOND_MS if is_over and period.end is not None else WHOLE_DAY.end_s
        return Span((start - origin) // SECOND_MS, end_s)

    def of(self, entries: Iterable[_Spanned]) -> tuple[_Spanned, ...]:
        """The entries that apply in some part of the line-day, with that part as their span."""
        found: list[_Spanned] = []
        for entry in entries:
            if entry.period is None:
                found += [entry] if self.touched else []
            elif (span := self.span(entry.period)) is not None:
                found.append(dataclasses.replace(entry, span=span, period=None))
        return tuple(found)

    def breakdowns(self, entries: Iterable[Breakdown]) -> tuple[Breakdown, ...]:
        """The breakdowns of the line-day, with the seconds at which they begin."""
        found: list[Breakdown] = []
        for entry in entries:
            if entry.period is None:
                found += [entry] if self.touched else []
                continue
            span, start = self.span(entry.period), entry.period.start
            # A bus breaks down once: on the service day in which the period begins.
            if span is not None and start is not None and start >= self.bounds.starts:
                by_s = span.end_s if span.end_s < WHOLE_DAY.end_s else None
                found.append(dataclasses.replace(entry, time_s=span.start_s, period=None, repaired_by_s=by_s))
        return tuple(found)


def extra_bus_id(line_id: LineId, number: int) -> BusId:
    """The id of a line's nth extra bus."""
    return BusId(f"{line_id}-extra-{number}")


def _plain(value: object) -> object:
    """A value as `dataclasses.asdict` gives it, without later fields that have their default."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    return value


def _fields(value: DataclassInstance) -> dict[str, object]:
    return {
        each.name: _plain(getattr(value, each.name))
        for each in dataclasses.fields(value)
        if not (each.metadata == _LATER and getattr(value, each.name) == each.default)
    }


def _meant(line_id: LineId, named: tuple[LineId, ...]) -> bool:
    return not named or line_id in named


def _shares(
    surges: Iterable[Surge], line: Line, lines_of_stop: Mapping[str, tuple[LineId, ...]]
) -> Iterable[Surge]:
    """The surges at a line's stops, with the line's share of their people."""
    for surge in surges:
        if surge.stop_id not in line.stop_ids:
            continue  # so that a surge at a stop that a later network lacks disturbs nobody
        lines = surge.lines or lines_of_stop[surge.stop_id]
        if line.line_id in lines:
            yield dataclasses.replace(surge, people_per_min=surge.people_per_min / len(lines))


_DECIDING = (
    *("demand", "weather", "control", "surges", "breakdowns", "closures", "slow_zones", "closed_stops"),
    *("strikes", "extra_buses", "weather_changes", "control_changes"),
)
NOTHING = Scenario("", date.min, date.max)
