"""The fields of a network file (`data/lines.yaml`), their types and ranges.

The basic file is a list of `lines`, each with

- `line_id`, `name`: ids have letters, digits, `-` and `_`;
- `stops`: two or more in the order of the outbound direction, each with `stop_id`, `name`, `latitude` and
  `longitude` (WGS84 degrees), `is_terminal` (true for the first and the last) and `base_arrival_rate` (0 to
  60 people a minute who come to this stop for this line, mean over the hours of a weekday's service);
- `buses`: one or more, each with `bus_id` (unique in the file), `capacity` (people) and
  `initial_position` (0 to 1: below 0.5 the bus is at home at the first terminal, else at the last).

Optional fields of a line, and their defaults:

- `night: true`: its service day starts at 12:00 instead of 04:00. Default false.
- `hours: "05:30-01:30"`: the first and the last departure. An end at or before the start is after midnight,
  which may also be written 25:30. Default 05:30-01:30, for night lines 23:45-06:00; the default end comes
  earlier where buses couldn't be home before the next day's start.
- `headway_min: 8`: minutes between departures; or a list of `{from: "07:00", to: "09:00", every_min: 6}` in
  order, outside of which nothing departs; without `from` or `to` it reaches to that end of the service.
  Default: from the number of buses and the running time.
- `departures: {outbound: ["06:00", "06:20"], inbound: ["06:40"]}`: every departure, instead of `headway_min`;
  an entry may name its pattern, `{time: "06:00", pattern: L1-short}`. Without `hours` the service lasts from
  the first to the last departure.
- `speed_kmh`: between stops, at a quiet hour, 5 to 80. Default: the city's.
- `shape: [[40.41, -3.70], …]`: the road of the outbound direction, its points in order. It is led through the
  stops; the parts before the first and after the last are left out. Default: straight from stop to stop.
- `one_way: true`: no inbound direction; buses run back empty. Default false.
- `patterns`: sequences of stops, `{pattern_id, direction: outbound | inbound, stops: [ids from the line's
  stops], shape, no_boarding, no_alighting}`, instead of the stops as listed and mirrored; the first of a
  direction is its main one. A stop may come more than once in a pattern. `no_boarding` and `no_alighting` are
  the numbers of the stops, from 1, at which trips let nobody in or out; they pass a stop in both lists with
  closed doors. Default: outbound `<line_id>-0` as listed, inbound `<line_id>-1` mirrored.
- `dates: {"2026-03-19": sunday, "2026-12-25": none}`: dates with the service of another day type, or none.
- `timezone: America/New_York`: the IANA time zone of all times of the line. Default Europe/Madrid.

`hours`, `headway_min` and `departures` apply to every day, or are given by day type: a mapping with all of
`weekday`, `saturday` and `sunday` (Sundays and public holidays), where `none` means no service that day.
In `headway_min` and `departures` a time before the service day's start is after midnight.

A stop shared by lines may be repeated in each with the same name and place, or be defined once, in any line
or in a list `stops` at the top of the file (`stop_id`, `name`, `latitude`, `longitude`); then other entries
need only `stop_id`, `is_terminal` and `base_arrival_rate`. Lines and the stops of that list may have
`gtfs_id`, the id of the route or stop in the feed that they come from.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from simulator.network import MADRID_TIME
from simulator.types import DayType

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TIME = re.compile(r"([0-9]{1,2}):([0-5][0-9])")
_HOURS = re.compile(rf"({_TIME.pattern})\s*-\s*({_TIME.pattern})")
_LAST_HOUR = 47

T = TypeVar("T")


def _checked_id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise PydanticCustomError("id", "may have only letters, digits, `-` and `_`, at most 64")
    return value


def _checked_name(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise PydanticCustomError("name", "must be printable text on one line, not blank")
    return value


def _checked_timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise PydanticCustomError("timezone", "must be an IANA time zone such as Europe/Madrid") from None
    return value


def parsed_time(value: Any) -> int:
    """Seconds of a time as written, "25:30". PydanticCustomError (a ValueError) for anything else."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) > _LAST_HOUR:
        raise PydanticCustomError("time", 'must be a time such as "06:30", or "25:30" for 01:30 at night')
    return int(match[1]) * 3600 + int(match[2]) * 60


def _span(value: Any) -> tuple[int, int]:
    match = _HOURS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("hours", 'must be hours such as "05:30-01:30", or none')
    return parsed_time(match[1]), parsed_time(match[4])


def _none_word(value: Any) -> Any:
    return None if value == "none" else value


def _as_bands(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return [{"every_min": value}]
    if not isinstance(value, list):
        raise PydanticCustomError("bands", "must be minutes, or a list of {{from, to, every_min}}, or none")
    return value


def _as_departure(value: Any) -> Any:
    if not isinstance(value, (str, dict)):
        raise PydanticCustomError("departure", 'must be a time such as "06:30", or {{time, pattern}}')
    return {"time": value} if isinstance(value, str) else value


def _checked_date(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise PydanticCustomError("date", 'must be a date such as "2026-03-19"') from None


NoneWord = BeforeValidator(_none_word)
IsoDate = Annotated[str, AfterValidator(_checked_date)]
Id = Annotated[str, AfterValidator(_checked_id)]
GtfsId = Annotated[str, Field(max_length=1000)]
Name = Annotated[str, Field(max_length=200), AfterValidator(_checked_name)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Seconds = Annotated[int, BeforeValidator(parsed_time)]
Hours = Annotated[tuple[int, int], BeforeValidator(_span)]
"""Seconds of the first and the last departure as written: the second may be the smaller."""

Shape = Annotated[
    list[Annotated[tuple[Latitude, Longitude], Field(strict=False)]], Field(min_length=2, max_length=20_000)
]


StopNumber = Annotated[int, Field(ge=1)]


class Entry(BaseModel):
    """A mapping of the file: unknown fields and conversions of types are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class ByDay(Entry, Generic[T]):
    """A value for each day type, None for no service; a single value applies to all three."""

    weekday: Annotated[T | None, BeforeValidator(_none_word)]
    saturday: Annotated[T | None, BeforeValidator(_none_word)]
    sunday: Annotated[T | None, BeforeValidator(_none_word)]

    def of(self, day: DayType) -> T | None:
        """The value of one day type."""
        by_day = {DayType.WEEKDAY: self.weekday, DayType.SATURDAY: self.saturday}
        return by_day.get(day, self.sunday)

    @model_validator(mode="before")
    @classmethod
    def _spread(cls, value: Any) -> Any:
        if isinstance(value, dict) and not value.keys() & {"outbound", "inbound"}:
            return value
        return {"weekday": value, "saturday": value, "sunday": value}


class HeadwayBand(Entry):
    """A part of the day with one headway."""

    from_s: Seconds | None = Field(None, alias="from")
    to_s: Seconds | None = Field(None, alias="to")
    every_min: Annotated[float, Field(ge=0.5, le=720)]


class DepartureEntry(Entry):
    """A departure on a direction's main pattern or on the one named."""

    time: Seconds
    pattern: Id | None = None


class DepartureLists(Entry):
    """A day's departures."""

    outbound: list[Annotated[DepartureEntry, BeforeValidator(_as_departure)]] = []
    inbound: list[Annotated[DepartureEntry, BeforeValidator(_as_departure)]] = []


Bands = Annotated[list[HeadwayBand], Field(min_length=1), BeforeValidator(_as_bands)]


class PatternEntry(Entry):
    """A sequence of a line's stops."""

    pattern_id: Id
    direction: Literal["outbound", "inbound"]
    stops: Annotated[list[Id], Field(min_length=2)]
    shape: Shape | None = None
    no_boarding: list[StopNumber] = []
    no_alighting: list[StopNumber] = []


class PlaceEntry(Entry):
    """A stop that lines share."""

    stop_id: Id
    name: Name
    latitude: Latitude
    longitude: Longitude
    gtfs_id: GtfsId = ""


class LineStopEntry(Entry):
    """A stop of a line. Name, latitude and longitude come together, here or elsewhere in the file."""

    stop_id: Id
    name: Name = ""
    latitude: Latitude = 0.0
    longitude: Longitude = 0.0
    is_terminal: bool
    base_arrival_rate: Annotated[float, Field(ge=0, le=60)]


class BusEntry(Entry):
    """A bus of a line."""

    bus_id: Id
    capacity: Annotated[int, Field(ge=1, le=1000)]
    initial_position: Annotated[float, Field(ge=0, le=1)]


class LineEntry(Entry):
    """A line."""

    line_id: Id
    name: Name
    stops: Annotated[list[LineStopEntry], Field(min_length=2)]
    buses: Annotated[list[BusEntry], Field(min_length=1)]
    night: bool = False
    hours: ByDay[Hours] | None = None
    headway_min: ByDay[Bands] | None = None
    departures: ByDay[DepartureLists] | None = None
    speed_kmh: Annotated[float, Field(ge=5, le=80)] | None = None
    shape: Shape | None = None
    one_way: bool = False
    patterns: Annotated[list[PatternEntry], Field(min_length=1)] | None = None
    timezone: Annotated[str, AfterValidator(_checked_timezone)] = MADRID_TIME
    dates: dict[IsoDate, Annotated[Literal["weekday", "saturday", "sunday"] | None, NoneWord]] = {}
    gtfs_id: GtfsId = ""


class NetworkEntry(Entry):
    """The whole file. Lines are validated one by one, so that errors in one don't hide those in another."""

    lines: Annotated[list[Any], Field(min_length=1)]
    stops: list[PlaceEntry] = []
