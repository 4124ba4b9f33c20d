"""The fields of a scenario file (`data/scenarios/*.yaml`), their types and ranges.

A scenario says how some days differ from ordinary ones. `name` (letters, digits, `-`, `_`) and `dates` are
required, the rest is optional:

- `dates`: a service day, `2026-03-03`, or the first and the last, `2026-03-03 to 2026-03-05`; in 1970 to
  2199, at most 366. Everything below applies to each of them.
- `description`: for people, up to 2,000 characters.
- `network`: the network file, its path relative to this file. Default: the shipped one.
- `seed`: 0 or more, default 1. Another seed gives other random numbers.
- `clock`: `{start: "07:30", speed: 60}`. `start` is a time on the first date, Madrid time, or an instant
  such as `2026-03-03T07:30+01:00` on one of the dates; default "05:00". `speed` is simulated seconds a
  second, or `max` for as fast as possible; default 1.
- `demand`: a list of `{factor: 1.4, lines: [L1], stops: [S004], from: "07:00", to: "10:00"}`: `factor` (0 to
  20) times as many people come. Factors of entries that apply together multiply.
- `weather`: `{rain: none | light | moderate | heavy, temperature_c: -4, humidity: 20}`. The numbers are added
  to the day's weather: up to ±20 °C and ±60 points of relative humidity. Rain slows buses down and lowers
  demand.
- `control`: headway control. `none`: buses leave terminals as soon as they are ready. `terminals`:
  departures keep the headway, as on ordinary days. `headway`: a bus too close to the one before is held at
  stops, too.
- `disruptions`: a list, each entry with one of
  - `breakdown: {bus: B003, at: "08:15", repair_min: 45, stop: S004}`: at the first stop that it reaches from
    that time on, or when it next comes to `stop`, the bus stands for 1 to 720 minutes; everybody alights.
    With instants it may have a `to`, by which it is repaired.
  - `closure: {line: L1, between: [S003, S006], detour_min: 5}`: the road between two stops of the line is
    closed in both directions. Buses take the detour (0.5 to 60 minutes longer) and skip the stops
    between; or, with `short_turn: true` instead of `detour_min`, turn before it.
  - `slow_zone: {line: L1, between: [S003, S006], speed_factor: 0.5}`: 0.1 to 1 times the speed, both ways.
  - `closed_stop: {stop: S003}`: buses pass it.
  - `surge: {stop: S017, from: "22:45", to: "23:30", people_per_min: 20, lines: [L1]}`: so many more people
    (0 to 200 a minute) come to the stop; `from` must be given, and at times of day `to`. The lines share them
    evenly.
  - `strike: {share: 0.5, lines: [L1]}`: this share of each line's buses (0 to 1) stays at its terminal all
    day, or between `from` and `to` takes up no trip; at least one runs. If several strikes at different times
    name a line the largest share of the moment counts.
  - `weather: {rain: heavy, temperature_c: -4, humidity: 20, from: "18:00", to: "20:00"}`: in addition to the
    days' weather, with `from` or `to`; of two rains the heavier counts.
  - `control: {how: headway, from: "18:00"}`: another headway control, with `from` or `to`.
  - `extra_buses: {line: L1, count: 2, capacity: 95}`: 1 to 50 more buses for 1 to 1000 people. Their ids are
    L1-extra-1, L1-extra-2 …, also for `bus` and `buses` in this file.
- `wire`: how positions go wrong on their way to clients (the store keeps the right ones), each entry with
  one of `dropped`, `delayed`, `stuck`, `out_of_order`, `malformed`, for example
  `{share: 0.05, buses: [B001], from: "08:00"}`;
  for `delayed` also `delay_s` (1 to 3600). `share` is of the positions, for `stuck` of the buses; default 1.

`from` and `to` (excluded) are Madrid times of the service day, as in network files: "25:30" is 01:30 at
night, also for night lines. Default: all day. Both may be instants instead, 2026-03-03T18:10:05Z or without a
zone in Madrid time: then the entry applies once, on the dates or not. Without `lines`, `stops` or `buses` an
entry applies to all.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from simulator.network_files.schema import Entry, Id
from simulator.scenario.spans import WHOLE_DAY, Period, Span
from simulator.scenario_files.fields import (
    MOST,
    Between,
    Dates,
    Moment,
    Rain,
    Reference,
    References,
    Share,
    Speed,
    Text,
    When,
)
from simulator.service_day import MADRID, origin_ms
from simulator.types import SECOND_MS, to_datetime, to_ms

Control = Literal["none", "terminals", "headway"]


class Described(Entry):
    """An entry whose fields' docstrings become descriptions in the JSON schema, which editors show."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class SpanEntry(Described):
    """An entry that applies to a part of each service day, or once between two instants."""

    starts: When | None = Field(None, alias="from")
    """From this time of the service day, "08:00", or from this instant. Default: all day."""
    ends: When | None = Field(None, alias="to")
    """Until this time of the service day, "25:30" for 01:30 in the night, or until this instant. Default:
    all day; after an instant as `from`, for ever."""

    @property
    def when(self) -> Span | Period:
        """The part of the service day, or the period between two instants."""
        return self.period or self.span

    @property
    def span(self) -> Span:
        """The part of the service day; all of it for an entry between instants."""
        starts, ends = self.starts, self.ends
        return Span(
            starts if isinstance(starts, int) else WHOLE_DAY.start_s,
            ends if isinstance(ends, int) else WHOLE_DAY.end_s,
        )

    @property
    def period(self) -> Period | None:
        """The period between two instants; None for an entry that applies in a part of each day."""
        bounds = [to_ms(each) if isinstance(each, datetime) else None for each in (self.starts, self.ends)]
        return None if bounds == [None, None] else Period(*bounds)

    @model_validator(mode="after")
    def _of_one_kind(self) -> SpanEntry:
        if self.starts is not None and self.ends is not None and type(self.starts) is not type(self.ends):
            message = "must have two times of day or two instants as `from` and `to`"
            raise PydanticCustomError("one_kind", message)
        return self


class ClockEntry(Described):
    """How the scenario is replayed."""

    start: Moment = 5 * 3600
    """A time on the first date, "07:30", or an instant, 2026-03-03T07:30+01:00. Default "05:00"."""
    speed: Speed = 1.0
    """Simulated seconds per second, or max. Default 1."""

    def start_on(self, first_day: date) -> datetime:
        """The start as an instant, Madrid time."""
        if isinstance(self.start, datetime):
            return self.start.astimezone(MADRID)
        return to_datetime(origin_ms(first_day) + 1000 * self.start).astimezone(MADRID)


class DemandEntry(SpanEntry):
    """More people come, or fewer."""

    factor: Annotated[float, Field(ge=0, le=20)]
    """Factor of the number of people."""
    lines: References = Field([])
    """Ids of the lines. Default: all."""
    stops: References = Field([])
    """Ids of the stops. Default: all."""


class WeatherEntry(Described):
    """Changes to the weather of the days."""

    rain: Rain = None
    """Rain all day: none, light, moderate or heavy. Default none."""
    temperature_c: Annotated[float, Field(ge=-20, le=20)] = 0.0
    """Degrees Celsius warmer (negative: colder)."""
    humidity: Annotated[float, Field(ge=-60, le=60)] = 0.0
    """Points of relative humidity more (negative: fewer)."""


class BreakdownEntry(Described):
    """A bus breaks down; everybody alights."""

    bus: Reference
    """The bus's id."""
    at: When
    """From this time or instant on, at the first stop that it reaches."""
    repair_min: Annotated[float, Field(ge=1, le=720)]
    """Minutes until it runs again."""
    stop: Reference | None = None
    """The stop where it breaks down. Default: any."""
    ends: When | None = Field(None, alias="to")
    """The instant by which it is repaired, for a breakdown at an instant; a bus that hasn't reached its stop
    by then doesn't break down."""

    @property
    def when(self) -> Span | Period:
        """The time in which the bus stands, if it stops at `at`."""
        stands_s = round(self.repair_min * 60)
        if not isinstance(self.at, datetime):
            return Span(self.at, self.at + stands_s)
        starts = to_ms(self.at)
        ends = starts + stands_s * SECOND_MS
        return Period(starts, min(ends, to_ms(self.ends)) if isinstance(self.ends, datetime) else ends)

    @model_validator(mode="after")
    def _ends_at_an_instant(self) -> BreakdownEntry:
        if self.ends is not None and not (isinstance(self.at, datetime) and isinstance(self.ends, datetime)):
            message = "must have an instant as `at` and as `to`; without `to` it ends after `repair_min`"
            raise PydanticCustomError("two_instants", message)
        return self


class ClosureEntry(SpanEntry):
    """A line's road between two stops is closed, in both directions."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["detour_min"]}, {"required": ["short_turn"]}]}
    )

    line: Reference
    """The line's id."""
    between: Between
    """The two stops, both still served."""
    detour_min: Annotated[float, Field(ge=0.5, le=60)] | None = None
    """Minutes that buses need more for a detour."""
    short_turn: bool = False
    """Instead of a detour: buses turn at the last stop before."""

    @model_validator(mode="after")
    def _one_way_out(self) -> ClosureEntry:
        if (self.detour_min is None) != self.short_turn:
            message = "must have one of `detour_min: 5` and `short_turn: true`"
            raise PydanticCustomError("way_out", message)
        return self


class SlowZoneEntry(SpanEntry):
    """Buses are slower between two stops, in both directions."""

    line: Reference
    """The line's id."""
    between: Between
    """The two stops."""
    speed_factor: Annotated[float, Field(ge=0.1, le=1)]
    """Factor of the speed."""


class ClosedStopEntry(SpanEntry):
    """No bus serves a stop."""

    stop: Reference
    """The stop's id."""


class SurgeEntry(SpanEntry):
    """Many people come to a stop at once."""

    # `to` may be left out only if `from` is an instant, whose text has at least 10 characters.
    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["to"]}, {"properties": {"from": {"minLength": 10}}}]}
    )

    stop: Reference
    """The stop's id."""
    starts: When = Field(alias="from")
    """From this time of the service day, "22:45", or from this instant."""
    people_per_min: Annotated[float, Field(ge=0, le=200)]
    """More people a minute."""
    lines: References = Field([])
    """Ids of the lines for which they come. Default: all that serve the stop."""


class StrikeEntry(SpanEntry):
    """A share of the buses doesn't run: all day at its terminal, or no trips between `from` and `to`."""

    share: Share
    """The share of each line's buses, 0 to 1."""
    lines: References = Field([])
    """Ids of the lines. Default: all."""


class WeatherChangeEntry(SpanEntry, WeatherEntry):
    """Other weather in a part of the day; `weather` at the top of the file is that of whole days."""

    @model_validator(mode="after")
    def _has_bounds(self) -> WeatherChangeEntry:
        _check_bounds(self, "weather")
        return self


class ControlChangeEntry(SpanEntry):
    """Another headway control in a part of the day; `control` at the top is that of whole days."""

    how: Control
    """Headway control: none, terminals or headway."""

    @model_validator(mode="after")
    def _has_bounds(self) -> ControlChangeEntry:
        _check_bounds(self, "control")
        return self


def _check_bounds(entry: SpanEntry, field: str) -> None:
    if entry.starts is None and entry.ends is None:
        message = f"must have `from` or `to`; for whole days give `{field}` at the top of the file"
        raise PydanticCustomError("bounds", message)


class ExtraBusesEntry(Described):
    """More buses on a line, with the ids L1-extra-1, L1-extra-2 and so on."""

    line: Reference
    """The line's id."""
    count: Annotated[int, Field(ge=1, le=50)]
    """Number of extra buses."""
    capacity: Annotated[int, Field(ge=1, le=1000)]
    """Capacity of each, people."""


class FaultEntry(SpanEntry):
    """How positions go wrong on their way to clients."""

    share: Share = 1.0
    """Share of the positions, for `stuck` of the buses. Default 1."""
    buses: References = Field([])
    """Ids of the buses. Default: all."""


class DelayedEntry(FaultEntry):
    """Positions come late."""

    delay_s: Annotated[int, Field(ge=1, le=3600)]
    """Delay in seconds."""


class OneOf(Described):
    """A mapping with exactly one of its fields."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    @model_validator(mode="after")
    def _only_one(self) -> OneOf:
        names = type(self).model_fields
        if sum(getattr(self, name) is not None for name in names) != 1:
            message = f"must have one of {', '.join(names)}, each with its own `-`"
            raise PydanticCustomError("one_of", message)
        return self


class DisruptionEntry(OneOf):
    """One disruption."""

    breakdown: BreakdownEntry | None = None
    closure: ClosureEntry | None = None
    slow_zone: SlowZoneEntry | None = None
    closed_stop: ClosedStopEntry | None = None
    surge: SurgeEntry | None = None
    strike: StrikeEntry | None = None
    weather: WeatherChangeEntry | None = None
    control: ControlChangeEntry | None = None
    extra_buses: ExtraBusesEntry | None = None


class WireEntry(OneOf):
    """One way in which positions go wrong."""

    dropped: FaultEntry | None = None
    """Positions are never sent."""
    delayed: DelayedEntry | None = None
    """Positions come late."""
    stuck: FaultEntry | None = None
    """A bus's position, speed and load stay those at which the fault began."""
    out_of_order: FaultEntry | None = None
    """A position is sent after the bus's next one."""
    malformed: FaultEntry | None = None
    """Messages are cut off in the middle."""


class ScenarioEntry(Described):
    """A scenario of the Madrid bus simulator: how some days differ from ordinary ones."""

    name: Id
    """The scenario's name: letters, digits, - and _."""
    dates: Dates
    """A service day, 2026-03-03, or the first and the last, "2026-03-03 to 2026-03-05"."""
    description: Text = ""
    """A description for people."""
    network: Reference | None = None
    """Path of the network file, relative to this file. Default: the shipped network."""
    seed: Annotated[int, Field(ge=0, le=10**18 - 1)] = 1
    """Another seed gives other random numbers. Default 1."""
    clock: ClockEntry = ClockEntry()
    demand: list[DemandEntry] = Field([], max_length=MOST)
    """More people come, or fewer."""
    weather: WeatherEntry = WeatherEntry()
    control: Control = "terminals"
    """Headway control: none, terminals or headway. Default terminals."""
    disruptions: list[DisruptionEntry] = Field([], max_length=MOST)
    """The disruptions."""
    wire: list[WireEntry] = Field([], max_length=MOST)
    """How positions go wrong on their way to clients."""
