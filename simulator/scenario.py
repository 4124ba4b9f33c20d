"""A scenario: how some service days differ from ordinary ones. Immutable, identified by its digest.

It changes service days in [first_day, last_day] only. Seconds count from the service day's origin (noon
minus 12 h, GTFS), so 25:30 is 91,800. What it changes of one line on one day is a `LineChanges`; a line
that it doesn't concern keeps every byte of its data.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from simulator.network import Bus, Line, Network
from simulator.types import BusId, LineId, StopId


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
class DemandChange:
    """`factor` times as many people come for `lines` (empty: all) to `stops` (empty: all)."""

    factor: float
    lines: tuple[LineId, ...] = ()
    stops: tuple[StopId, ...] = ()
    span: Span = WHOLE_DAY


@dataclass(frozen=True, slots=True)
class Surge:
    """`people_per_min` more people a minute come to a stop, divided evenly among its lines (or `lines`)."""

    stop_id: StopId
    people_per_min: float
    span: Span
    lines: tuple[LineId, ...] = ()


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A bus breaks down at the first stop it reaches at or after `time_s` (at `stop_id`, where one is named).

    Everybody alights and waits there for the next bus. The bus stands for `repair_s`, then runs again.
    """

    bus_id: BusId
    time_s: int
    repair_s: int
    stop_id: StopId | None = None


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


@dataclass(frozen=True, slots=True)
class SlowZone:
    """Between two stops of a line, in both directions, buses have `speed_factor` times their speed."""

    line_id: LineId
    from_stop: StopId
    to_stop: StopId
    span: Span
    speed_factor: float


@dataclass(frozen=True, slots=True)
class ClosedStop:
    """No bus serves a stop: nobody comes, people who wait leave, passengers for it alight at the next."""

    stop_id: StopId
    span: Span


@dataclass(frozen=True, slots=True)
class Strike:
    """A share of each line's buses stays at its terminal all day; `lines`: empty for all.

    At least one bus of a line runs.
    """

    share: float
    lines: tuple[LineId, ...] = ()


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
    parked: frozenset[BusId] = frozenset()
    """Buses that don't run: the extra buses, on days that the scenario doesn't change."""
    rain: Rain | None = None
    control: HeadwayControl = HeadwayControl.TERMINALS

    @property
    def disturbs_trips(self) -> bool:
        """Whether trips may be disturbed, so that some begin or end between terminals."""
        places = self.breakdowns or self.closures or self.slow_zones or self.closed_stops
        return bool(places) or self.rain is not None or self.control is HeadwayControl.HEADWAY

    @property
    def changes_demand(self) -> bool:
        """Whether demand differs from an ordinary day's."""
        return bool(self.demand or self.surges or self.closed_stops) or self.rain is not None


NO_CHANGES = LineChanges()


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

    @property
    def digest(self) -> str:
        """SHA-256 in hex of everything that affects the data; empty for a scenario that changes nothing."""
        if all(getattr(self, name) == getattr(NOTHING, name) for name in _DECIDING):
            return ""
        plain = dataclasses.asdict(self)
        content = {name: plain[name] for name in (*_DECIDING, "first_day", "last_day")}
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
        """What the scenario changes of a line of the `applied_to` network on a service day."""
        # `applied_to` numbered the extra buses from 1; a line has no more of them than buses in all.
        extra = frozenset(
            extra_bus_id(e.line_id, n) for e in self.extra_buses for n in range(1, len(line.buses) + 1)
        ) & {bus.bus_id for bus in line.buses}
        if not self.touches(day):
            return LineChanges(parked=extra) if extra else NO_CHANGES
        own_buses = {bus.bus_id for bus in line.buses}
        return LineChanges(
            demand=tuple(change for change in self.demand if _meant(line.line_id, change.lines)),
            surges=tuple(_shares(self.surges, line, lines_of_stop)),
            breakdowns=tuple(b for b in self.breakdowns if b.bus_id in own_buses),
            closures=tuple(c for c in self.closures if c.line_id == line.line_id),
            slow_zones=tuple(z for z in self.slow_zones if z.line_id == line.line_id),
            closed_stops=tuple(c for c in self.closed_stops if c.stop_id in line.stop_ids),
            strike_share=max((s.share for s in self.strikes if _meant(line.line_id, s.lines)), default=0.0),
            rain=self.weather.rain,
            control=self.control,
        )


def extra_bus_id(line_id: LineId, number: int) -> BusId:
    """The id of a line's nth extra bus."""
    return BusId(f"{line_id}-extra-{number}")


def _meant(line_id: LineId, named: tuple[LineId, ...]) -> bool:
    return not named or line_id in named


def _shares(
    surges: Iterable[Surge], line: Line, lines_of_stop: Mapping[str, tuple[LineId, ...]]
) -> Iterable[Surge]:
    """The surges at a line's stops, with the line's share of their people."""
    for surge in surges:
        lines = surge.lines or lines_of_stop[surge.stop_id]
        if line.line_id in lines and surge.stop_id in line.stop_ids:
            yield dataclasses.replace(surge, people_per_min=surge.people_per_min / len(lines))


_DECIDING = (
    *("demand", "weather", "control", "surges", "breakdowns", "closures", "slow_zones", "closed_stops"),
    *("strikes", "extra_buses"),
)
NOTHING = Scenario("", date.min, date.max)
