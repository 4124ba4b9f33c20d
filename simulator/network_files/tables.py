"""The tables of a network folder: `timetable.csv` and `shapes.csv`, too large for YAML.

- `timetable.csv`: `line_id`, `day_type` (weekday, saturday, sunday), `time`, `pattern_id`: every departure. A
  line with rows here has no `hours`, `headway_min` or `departures` in the network file, and no service on
  day types without rows. Times are as in GTFS: 00:30:00 of a Saturday is in the night from Friday, 24:30:00
  in that to Sunday.
- `shapes.csv`: `pattern_id`, `latitude`, `longitude`, `stop`: the shape of a pattern, point by point from its
  first to its last stop. `stop` is the number of the stop at a point (from 1), empty for points in between;
  the stop's coordinates are those of the network file. Patterns without rows run straight from stop to stop.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.files.csv_table import (
    ID,
    LATITUDE,
    LONGITUDE,
    TIME,
    Column,
    Kind,
    Rules,
    TableFile,
    check_values,
    parsed_seconds,
)
from simulator.files.problems import Problem
from simulator.network import Departure
from simulator.network_files.route_shape import LatLon, RouteShape, measured
from simulator.network_files.timetable import Timetable
from simulator.types import DayType

NETWORK, TIMETABLE, SHAPES = "network.yaml", "timetable.csv", "shapes.csv"
MAX_BYTES = 500_000_000
DAY_TYPE = Kind(f"^({'|'.join(DayType)})$", f"one of {', '.join(DayType)}")
RULES: Mapping[str, Rules] = {
    TIMETABLE: Rules(
        {
            "line_id": Column(ID),
            "day_type": Column(DAY_TYPE),
            "time": Column(TIME),
            "pattern_id": Column(ID),
        },
        (),
        needed=False,
    ),
    SHAPES: Rules(
        {
            "pattern_id": Column(ID),
            "latitude": Column(LATITUDE),
            "longitude": Column(LONGITUDE),
            "stop": Column(Kind(r"^[1-9][0-9]{0,4}$", "the number of a stop, from 1"), needed=False),
        },
        (),
        needed=False,
    ),
}


@dataclass(frozen=True, slots=True)
class ShapeRow:
    """A point of a pattern's shape, and the number of the stop at it (from 1; 0 for none)."""

    latitude: float
    longitude: float
    stop: int


@dataclass(frozen=True, slots=True)
class NetworkTables:
    """Timetables by line id, shapes by pattern id."""

    timetables: Mapping[str, Timetable] = field(default_factory=dict)
    shapes: Mapping[str, Sequence[ShapeRow]] = field(default_factory=dict)

    def shape(self, pattern_id: str, stops: Sequence[LatLon]) -> RouteShape | None:
        """A pattern's shape through its stops; None if the tables have none.

        ValueError unless its stops are numbered 1, 2, … from its first point to its last, as many as `stops`.
        """
        rows = self.shapes.get(pattern_id)
        if rows is None:
            return None
        indexes = [i for i, row in enumerate(rows) if row.stop]
        if [rows[i].stop for i in indexes] != list(range(1, len(stops) + 1)):
            raise ValueError(
                f"has {len(indexes)} of the pattern's {len(stops)} stops, or has them in another order"
            )
        if (indexes[0], indexes[-1]) != (0, len(rows) - 1):
            raise ValueError("begins before the first stop or ends after the last")
        return measured([stops[r.stop - 1] if r.stop else (r.latitude, r.longitude) for r in rows], indexes)


def read_tables(folder: Path, patterns: Mapping[str, Iterable[str]]) -> tuple[NetworkTables, list[Problem]]:
    """The tables of a folder, and their problems. `patterns`: pattern ids by line id."""
    files = {name: _file(folder / name, rules) for name, rules in RULES.items() if (folder / name).is_file()}
    timetable, shapes = files.get(TIMETABLE), files.get(SHAPES)
    if timetable is not None and not timetable.problems:
        _check_patterns(timetable, patterns)
    if shapes is not None and not shapes.problems:
        _check_shapes(shapes, patterns)
    problems = [problem for table in files.values() for problem in table.problems]
    if problems:
        return NetworkTables(), problems
    return NetworkTables(_timetables(timetable), _shapes(shapes)), []


def _file(path: Path, rules: Rules) -> TableFile:
    content = path.read_bytes() if path.stat().st_size <= MAX_BYTES else b""
    table = TableFile(str(path), rules, content)
    if len(content) < path.stat().st_size:
        table.problems = [Problem(str(path), 1, f"is over {MAX_BYTES:,} bytes: shorten it")]
    check_values(table)
    return table


def _check_patterns(table: TableFile, patterns: Mapping[str, Iterable[str]]) -> None:
    """Note departures of unknown lines, and those on patterns of other lines."""
    known = pa.array([f"{line} {name}" for line, names in patterns.items() for name in names], pa.string())
    both = pc.binary_join_element_wise(table["line_id"], table["pattern_id"], " ")
    unknown = np.flatnonzero(pc.invert(pc.is_in(both, value_set=known)).to_numpy(zero_copy_only=False))
    table.note(
        unknown,
        [
            f"line {line} has no pattern {name}: correct it"
            if (line := table["line_id"][int(i)].as_py()) in patterns
            else f"line {line} isn't in {NETWORK}: correct it"
            for i in unknown
            for name in [table["pattern_id"][int(i)]]
        ],
    )


def _check_shapes(table: TableFile, patterns: Mapping[str, Iterable[str]]) -> None:
    """Note shapes of unknown patterns, and shapes whose rows aren't together."""
    known = pa.array([name for names in patterns.values() for name in names], pa.string())
    unknown = np.flatnonzero(
        pc.invert(pc.is_in(table["pattern_id"], value_set=known)).to_numpy(zero_copy_only=False)
    )
    table.note(
        unknown, [f"pattern {table['pattern_id'][int(i)]} isn't in {NETWORK}: correct it" for i in unknown]
    )
    codes = table["pattern_id"].dictionary_encode().indices.to_numpy()
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    seen = codes[starts]
    again = starts[np.setdiff1d(np.arange(len(seen)), np.unique(seen, return_index=True)[1])]
    table.note(
        again,
        [f"pattern {table['pattern_id'][int(i)]} has rows above: put its rows together" for i in again],
    )


def _timetables(table: TableFile | None) -> dict[str, dict[DayType, list[Departure]]]:
    result: dict[str, dict[DayType, list[Departure]]] = {}
    if table is None:
        return result
    times = parsed_seconds(table["time"])
    columns = [table[name].dictionary_encode() for name in ("line_id", "day_type", "pattern_id")]
    codes = [column.indices.to_numpy() for column in columns]
    lines, days, patterns = ([str(v) for v in column.dictionary.to_pylist()] for column in columns)
    rank = np.argsort(np.argsort(np.array(patterns)))
    order = np.lexsort((rank[codes[2]], times, codes[1], codes[0]))
    rows = zip(*(column[order].tolist() for column in (codes[0], codes[1], times, codes[2])), strict=True)
    for (line, day), group in itertools.groupby(rows, key=lambda row: row[:2]):
        result.setdefault(lines[line], {})[DayType(days[day])] = [
            Departure(time_s, patterns[pattern]) for _, _, time_s, pattern in group
        ]
    return {line: dict(sorted(by_day.items())) for line, by_day in result.items()}


def _shapes(table: TableFile | None) -> dict[str, list[ShapeRow]]:
    result: dict[str, list[ShapeRow]] = {}
    if table is None:
        return result
    latitude, longitude = (
        pc.cast(table[name], pa.float64()).to_pylist() for name in ("latitude", "longitude")
    )
    stop = pc.cast(pc.if_else(pc.equal(table["stop"], ""), "0", table["stop"]), pa.int64()).to_pylist()
    for name, *row in zip(table["pattern_id"].to_pylist(), latitude, longitude, stop, strict=True):
        result.setdefault(name, []).append(ShapeRow(*row))
    return result


def timetable_rows(timetables: Mapping[str, Timetable]) -> Iterator[tuple[str, str, str, str]]:
    """The rows of `timetable.csv`, its header first."""
    yield "line_id", "day_type", "time", "pattern_id"
    for line_id, days in timetables.items():
        for day, departures in days.items():
            for departure in departures:
                minutes, seconds = divmod(departure.time_s, 60)
                time = f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
                yield line_id, day.value, time, departure.pattern_id


def shape_rows(shapes: Mapping[str, Sequence[ShapeRow]]) -> Iterator[tuple[str, str, str, str]]:
    """The rows of `shapes.csv`, its header first."""
    yield "pattern_id", "latitude", "longitude", "stop"
    for pattern_id, rows in shapes.items():
        for row in rows:
            yield pattern_id, repr(row.latitude), repr(row.longitude), str(row.stop or "")
