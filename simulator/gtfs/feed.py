"""A GTFS feed read from its zip: routes, stops and shapes, and trips as columns of numbers.

Refused, all at once, each with file and line: what `simulator.gtfs.archive` refuses; values against the rules
of `simulator.gtfs.tables`; required files without rows; references to unknown ids; rows with the same key;
calendars and frequencies that end before they begin; times that decrease along a trip; a trip's first or
last stop without a time; stops with trips but without coordinates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from simulator.files.csv_table import (
    UNKNOWN,
    TableFile,
    check_keys,
    check_references,
    check_stretch,
    check_values,
    parsed_seconds,
)
from simulator.files.problems import InputFileError, Problem
from simulator.gtfs.archive import read_archive
from simulator.gtfs.calendar import Calendar, read_calendar
from simulator.gtfs.tables import TABLES
from simulator.network_files.route_shape import LatLon
from simulator.progress import OnProgress, Progress, ignore_progress

Ints = NDArray[np.int64]
Tables = Mapping[str, TableFile]

CALENDARS = ("calendar.txt", "calendar_dates.txt")


@dataclass(frozen=True, slots=True)
class FeedRoute:
    """A route's id, its public names (may be empty), and its GTFS route type."""

    route_id: str
    short_name: str
    long_name: str
    route_type: int


@dataclass(frozen=True, slots=True)
class FeedStop:
    """A stop's id, name and WGS84 coordinates; None for station nodes without them."""

    stop_id: str
    name: str
    place: LatLon | None


@dataclass(frozen=True, slots=True)
class Frequency:
    """A trip is repeated from `start_s` every `headway_s`, before `end_s` (seconds of the service day)."""

    start_s: int
    end_s: int
    headway_s: int


@dataclass(frozen=True, slots=True)
class Trips:
    """Columns by trip. The stop times of trip i are `first[i]:first[i + 1]` of the columns after it.

    `route` and `shape` index the feed's lists, `direction` is 0 or 1; times are seconds of the service day.
    UNKNOWN is a direction, shape or time that isn't given.
    """

    route: Ints
    direction: Ints
    shape: Ints
    service: Sequence[str]
    first: Ints
    stop: Ints
    arrival_s: Ints
    departure_s: Ints


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed's contents. `frequencies` are by the index of the trip that is repeated."""

    path: Path
    timezone: str
    routes: Sequence[FeedRoute]
    stops: Sequence[FeedStop]
    shapes: Sequence[Sequence[LatLon]]
    trips: Trips
    calendar: Calendar
    frequencies: Mapping[int, Sequence[Frequency]]
    estimated: bool
    """Whether some frequencies say that departures aren't exact."""


def read_feed(path: Path, on_progress: OnProgress = ignore_progress) -> Feed:
    """Read a feed from its zip. InputFileError has everything that is wrong with it."""
    raw = read_archive(path, TABLES.keys())
    problems = list(_missing(path, raw))
    tables = {name: TableFile(f"{path}/{name}", TABLES[name], content) for name, content in raw.items()}
    steps = len(tables) + 1
    for number, (name, table) in enumerate(tables.items()):
        on_progress(Progress(f"reading {name}", number, steps, "steps"))
        check_values(table)
        check_keys(table)
        check_stretch(table)
    on_progress(Progress("checking the feed", len(tables), steps, "steps"))
    problems += _empty(tables)
    for table in tables.values():
        check_references(table, tables)
    if not problems:
        _check_services(tables)
    stop_times = tables.get("stop_times.txt")
    if stop_times is not None and not stop_times.problems and not tables["trips.txt"].problems:
        _check_stop_times(stop_times, tables)
    if "shapes.txt" in tables and not tables["shapes.txt"].problems:
        _in_order(tables["shapes.txt"], "shape_id", "shape_pt_sequence")
    problems += [problem for table in tables.values() for problem in table.problems]
    if problems:
        raise InputFileError(problems)
    feed = _feed(path, tables)
    on_progress(Progress("checking the feed", steps, steps, "steps"))
    return feed


def _missing(path: Path, raw: Mapping[str, bytes]) -> Iterator[Problem]:
    for name, rules in TABLES.items():
        if rules.needed and name not in raw:
            yield Problem(f"{path}/{name}", 1, "is missing: GTFS requires it")
    if not any(name in raw for name in CALENDARS):
        yield Problem(
            f"{path}/{CALENDARS[0]}", 1, f"is missing, and so is {CALENDARS[1]}: GTFS requires one of them"
        )


def _empty(tables: Tables) -> Iterator[Problem]:
    for table in tables.values():
        if table.rules.needed and not table.problems and not len(table):
            yield Problem(table.file, 1, "has no rows: GTFS requires some")


def _check_services(tables: Tables) -> None:
    """Note trips whose service is in no calendar."""
    trips, calendars = tables["trips.txt"], [tables[name] for name in CALENDARS if name in tables]
    if any("service_id" not in table.columns for table in (trips, *calendars)):
        return
    known = pa.concat_arrays([table["service_id"] for table in calendars])
    unknown = np.flatnonzero(
        pc.invert(pc.is_in(trips["service_id"], value_set=known)).to_numpy(zero_copy_only=False)
    )
    named = " or ".join(name for name in CALENDARS if name in tables)
    trips.note(
        unknown, [f"service_id {trips['service_id'][int(i)]} isn't in {named}: correct it" for i in unknown]
    )


def _in_order(table: TableFile, owner: str, sequence: str) -> tuple[Ints, Ints, list[str]]:
    """Sort rows by owner and sequence: their order, each one's owner (an index), and the owners' ids.

    Notes rows with the same owner and sequence number as another.
    """
    encoded = table[owner].dictionary_encode()
    owners = encoded.indices.to_numpy().astype(np.int64)
    places = pc.cast(table[sequence], pa.int64()).to_numpy()
    order = np.lexsort((places, owners))
    same = (np.diff(owners[order]) == 0) & (np.diff(places[order]) == 0)
    again = np.sort(order[1:][same])
    table.note(
        again,
        [f"{owner} {table[owner][int(i)]} has {sequence} {places[i]} twice: renumber" for i in again],
    )
    return order, owners[order], encoded.dictionary.to_pylist()


def _check_stop_times(table: TableFile, tables: Tables) -> None:
    """Note times that decrease, trips' first and last stops without a time, stops without coordinates."""
    order, trip, _ = _in_order(table, "trip_id", "stop_sequence")
    arrival, departure = _times(table, order)
    # Rows are sorted by trip, so a trip begins where the trip changes, and the one before ends there.
    ends = np.flatnonzero(np.diff(trip, prepend=-1, append=-1))
    untimed = [i for i in {*ends[:-1].tolist(), *(ends[1:] - 1).tolist()} if i >= 0 and departure[i] < 0]
    rows = np.sort(order[sorted(untimed)])
    table.note(rows, ["a trip's first and last stop need a time: add it"] * len(rows))
    timed = np.flatnonzero(departure >= 0)
    before, after = timed[:-1], timed[1:]
    late = after[(trip[before] == trip[after]) & (departure[before] > arrival[after])]
    wrong = np.union1d(late, timed[arrival[timed] > departure[timed]])
    table.note(
        np.sort(order[wrong]),
        [
            f"trip {table['trip_id'][int(i)]} arrives at stop {table['stop_id'][int(i)]} before it left the "
            "previous stop: correct the times"
            for i in np.sort(order[wrong])
        ],
    )
    stops = tables["stops.txt"]
    if not stops.problems and stops.columns:
        placeless = pc.or_(pc.equal(stops["stop_lat"], ""), pc.equal(stops["stop_lon"], ""))
        lost = pc.and_(placeless, pc.is_in(stops["stop_id"], value_set=pc.unique(table["stop_id"])))
        found = np.flatnonzero(lost.to_numpy(zero_copy_only=False))
        stops.note(found, ["a stop with trips needs stop_lat and stop_lon: add them"] * len(found))


def _times(table: TableFile, order: Ints) -> tuple[Ints, Ints]:
    """Arrivals and departures in seconds, in an order of rows; a missing one equals the other."""
    arrival, departure = (parsed_seconds(table[name])[order] for name in ("arrival_time", "departure_time"))
    return np.where(arrival < 0, departure, arrival), np.where(departure < 0, arrival, departure)


def _feed(path: Path, tables: Tables) -> Feed:
    """The feed of tables without problems."""
    shape_ids, shapes = _shapes(tables.get("shapes.txt"))
    frequencies = tables.get("frequencies.txt")
    return Feed(
        path=path,
        timezone=str(tables["agency.txt"]["agency_timezone"][0]),
        routes=_routes(tables["routes.txt"]),
        stops=_stops(tables["stops.txt"]),
        shapes=shapes,
        trips=_trips(tables, shape_ids),
        calendar=read_calendar(tables),
        frequencies=_frequencies(frequencies, tables["trips.txt"]),
        estimated=frequencies is not None and not set(_text(frequencies, "exact_times")) <= {"1"},
    )


def _text(table: TableFile, name: str) -> list[str]:
    """A column's values; empty texts if the file doesn't have the column."""
    values: list[str] = table[name].to_pylist() if name in table.columns else [""] * len(table)
    return values


def _routes(table: TableFile) -> list[FeedRoute]:
    names = (_text(table, name) for name in ("route_id", "route_short_name", "route_long_name"))
    kinds = map(int, _text(table, "route_type"))
    return [FeedRoute(*row) for row in zip(*names, kinds, strict=True)]


def _stops(table: TableFile) -> list[FeedStop]:
    names = ("stop_id", "stop_name", "stop_lat", "stop_lon")
    return [
        FeedStop(stop_id, name, (float(lat), float(lon)) if lat and lon else None)
        for stop_id, name, lat, lon in zip(*(_text(table, name) for name in names), strict=True)
    ]


def _shapes(table: TableFile | None) -> tuple[pa.Array, list[list[LatLon]]]:
    """The ids of the shapes, and each one's points in order."""
    if table is None or not len(table):
        return pa.array([], pa.string()), []
    order, owner, ids = _in_order(table, "shape_id", "shape_pt_sequence")
    columns = [
        pc.cast(table[name], pa.float64()).to_numpy()[order].tolist()
        for name in ("shape_pt_lat", "shape_pt_lon")
    ]
    shapes: list[list[LatLon]] = [[] for _ in ids]
    for index, *place in zip(owner.tolist(), *columns, strict=True):
        shapes[index].append((place[0], place[1]))
    return pa.array(ids, pa.string()), shapes


def _trips(tables: Tables, shape_ids: pa.Array) -> Trips:
    trips, times = tables["trips.txt"], tables["stop_times.txt"]
    route = pc.index_in(trips["route_id"], value_set=tables["routes.txt"]["route_id"])
    shapes = pa.array(_text(trips, "shape_id"), pa.string())
    of_row = pc.index_in(times["trip_id"], value_set=trips["trip_id"]).to_numpy().astype(np.int64)
    order = np.lexsort((pc.cast(times["stop_sequence"], pa.int64()).to_numpy(), of_row))
    arrival, departure = _times(times, order)
    stop = pc.index_in(times["stop_id"], value_set=tables["stops.txt"]["stop_id"])
    return Trips(
        route=route.to_numpy().astype(np.int64),
        direction=np.array([int(text or UNKNOWN) for text in _text(trips, "direction_id")], np.int64),
        shape=pc.fill_null(pc.index_in(shapes, value_set=shape_ids), UNKNOWN).to_numpy().astype(np.int64),
        service=_text(trips, "service_id"),
        first=np.searchsorted(of_row[order], np.arange(len(trips) + 1)),
        stop=stop.to_numpy().astype(np.int64)[order],
        arrival_s=arrival,
        departure_s=departure,
    )


def _frequencies(table: TableFile | None, trips: TableFile) -> dict[int, list[Frequency]]:
    if table is None:
        return {}
    trip = pc.index_in(table["trip_id"], value_set=trips["trip_id"]).to_pylist()
    starts, ends = (parsed_seconds(table[name]).tolist() for name in ("start_time", "end_time"))
    result: dict[int, list[Frequency]] = {}
    for index, *row in zip(trip, starts, ends, map(int, _text(table, "headway_secs")), strict=True):
        result.setdefault(index, []).append(Frequency(*row))
    return result
