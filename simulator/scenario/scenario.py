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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from simulator.network import Bus, Line, Network
from simulator.scenario.demand import DemandChange, Surge, surges_of_line
from simulator.scenario.digest import LATER, digest_of, plain_fields
from simulator.scenario.disruptions import Breakdown, ClosedStop, Closure, SlowZone, Strike
from simulator.scenario.extra_buses import ExtraBuses, extra_bus_id
from simulator.scenario.headway_control import ControlChange, HeadwayControl
from simulator.scenario.known_entries import KnownEntries, LineDayBounds, Timed
from simulator.scenario.line_changes import LineChanges, Revision
from simulator.scenario.spans import WHOLE_DAY
from simulator.scenario.weather_changes import Weather, WeatherChange
from simulator.scenario.wire_faults import WireFault
from simulator.types import BusId, LineId


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
    weather_changes: tuple[WeatherChange, ...] = field(default=(), metadata=LATER)
    control_changes: tuple[ControlChange, ...] = field(default=(), metadata=LATER)

    @property
    def digest(self) -> str:
        """SHA-256 in hex of everything that affects the data; empty for a scenario that changes nothing."""
        if all(getattr(self, name) == getattr(NOTHING, name) for name in _DECIDING):
            return ""
        plain = plain_fields(self)
        content = {name: plain[name] for name in (*_DECIDING, "first_day", "last_day") if name in plain}
        return digest_of(content)

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
        bounds = LineDayBounds.of(line, day)
        inside = {each for each in self._instants() if bounds.starts < each < bounds.ends}
        found: list[Revision] = []
        for instant in (bounds.starts, *sorted(inside)):
            changes = self._known(line, lines_of_stop, KnownEntries(bounds, instant, self.touches(day)))
            if not found or changes != found[-1].changes:
                found.append(Revision(instant, changes))
        return tuple(found)

    def _instants(self) -> Iterator[int]:
        for entry in self._timed():
            if entry.period is not None:
                yield from (each for each in (entry.period.start, entry.period.end) if each is not None)

    def _timed(self) -> Iterator[Timed]:
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
        self, line: Line, lines_of_stop: Mapping[str, tuple[LineId, ...]], known: KnownEntries
    ) -> LineChanges:
        own_buses = {bus.bus_id for bus in line.buses}
        strikes = [s for s in self.strikes if _meant(line.line_id, s.lines)]
        whole = [s.share for s in strikes if s.period is None and s.span == WHOLE_DAY]
        return LineChanges(
            demand=known.of(change for change in self.demand if _meant(line.line_id, change.lines)),
            surges=known.of(surges_of_line(self.surges, line, lines_of_stop)),
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


def _meant(line_id: LineId, named: tuple[LineId, ...]) -> bool:
    return not named or line_id in named


_DECIDING = (
    *("demand", "weather", "control", "surges", "breakdowns", "closures", "slow_zones", "closed_stops"),
    *("strikes", "extra_buses", "weather_changes", "control_changes"),
)
NOTHING = Scenario("", date.min, date.max)
