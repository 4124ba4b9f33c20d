"""The tables of a network folder: `timetable.csv` and `shapes.csv`, too large for YAML.

- `timetable.csv`: `line_id`, `day_type` (weekday, saturday, sunday), `time`, `pattern_id`: every departure. A
  line with rows here has no `hours`, `headway_min` or `departures` in the network file, and no service on
  day types without rows. Times are as in GTFS: 00:30:00 of a Saturday is in the night from Friday, 24:30:00
  in that to Sunday.
  Optional: `timing`, the number of one of the pattern's timings; `block`: departures of a line and day type
  with the same block are run by one bus.
- `timings.csv`: `pattern_id`, `timing` (1, 2, …), `runs_s`, `leaves_s`: planned running times. `runs_s` has
  the seconds of each hop ("75 80 60"): from leaving a stop until leaving the next, or until reaching it if
  `leaves_s` has it. That has timepoints, "3:240": the number of a stop (from 1) and the seconds from the
  departure before which the bus doesn't leave it. Optional file: without it trips run at the line's speed.
- `shapes.csv`: `pattern_id`, `latitude`, `longitude`, `stop`: the shape of a pattern, point by point from its
  first to its last stop. `stop` is the number of the stop at a point (from 1), empty for points in between;
  the stop's coordinates are those of the network file. Patterns without rows run straight from stop to stop.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.files.csv_checks import check_keys, check_values, seconds_of
from simulator.files.csv_table import ID, LATITUDE, LONGITUDE, TIME, CsvColumn, Kind, Rules, TableFile
from simulator.files.problems import Problem
from simulator.network import Departure, Timing
from simulator.network_files.route_shape import LatLon, RouteShape, measured
from simulator.network_files.timetable import Timetable
from simulator.network_files.timings import check_numbers, read_timings
from simulator.types import DayType

NETWORK, TIMETABLE, SHAPES, TIMINGS = "network.yaml", "timetable.csv", "shapes.csv", "timings.csv"
MAX_BYTES = 500_000_000
DAY_TYPE = Kind(f"^({'|'.join(DayType)})$", f"one of {', '.join(DayType)}")
NUMBER = Kind(r"^[1-9][0-9]{0,4}$", "the number of a stop or timing, from 1")
RULES: Mapping[str, Rules] = {
    TIMETABLE: Rules(
        {
            "line_id": CsvColumn(ID),
            "day_type": CsvColumn(DAY_TYPE),
            "time": CsvColumn(TIME),
            "pattern_id": CsvColumn(ID),
            "timing": CsvColumn(NUMBER, needed=False),
            "block": CsvColumn(ID, needed=False),
        },
        (),
        needed=False,
        optional=frozenset({"timing", "block"}),
    ),
    TIMINGS: Rules(
        {
            "pattern_id": CsvColumn(ID),
            "timing": CsvColumn(NUMBER),
            "runs_s": CsvColumn(Kind(r"^[0-9]{1,6}( [0-9]{1,6})*$", 'seconds such as "75 80 60"')),
            "leaves_s": CsvColumn(
                Kind(
                    r"^[1-9][0-9]{0,4}:[0-9]{1,6}( [1-9][0-9]{0,4}:[0-9]{1,6})*$",
                    'stop numbers and seconds such as "3:240 7:900"',
                ),
                needed=False,
            ),
        },
        ("pattern_id", "timing"),
        needed=False,
    ),
    SHAPES: Rules(
        {
            "pattern_id": CsvColumn(ID),
            "latitude": CsvColumn(LATITUDE),
            "longitude": CsvColumn(LONGITUDE),
            "stop": CsvColumn(NUMBER, needed=False),
        },
        (),
        needed=False,
    ),
}


class ShapeRow(NamedTuple):
    """A point of a pattern's shape, and the number of the stop at it (from 1; 0 for none)."""

    latitude: float
    longitude: float
    stop: int


@dataclass(frozen=True, slots=True)
class NetworkTables:
    """Timetables by line id, shapes and timings by pattern id.

    `roads` are shapes that lead through their patterns' stops already.
    """

    timetables: Mapping[str, Timetable] = field(default_factory=dict)
    shapes: Mapping[str, Sequence[ShapeRow]] = field(default_factory=dict)
    timings: Mapping[str, Sequence[Timing]] = field(default_factory=dict)
    roads: Mapping[str, RouteShape] = field(default_factory=dict)

    def shape(self, pattern_id: str, stops: Sequence[LatLon]) -> RouteShape | None:
        """A pattern's shape through its stops; None if the tables have none.

        ValueError unless its stops are numbered 1, 2, … from its first point to its last, as many as `stops`.
        """
        rows = self.shapes.get(pattern_id)
        if rows is None:
            return self.roads.get(pattern_id)
        indexes = [i for i, row in enumerate(rows) if row.stop]
        if [rows[i].stop for i in indexes] != list(range(1, len(stops) + 1)):
            raise ValueError(
                f"has {len(indexes)} of the pattern's {len(stops)} stops, or has them in another order"
            )
        if (indexes[0], indexes[-1]) != (0, len(rows) - 1):
            raise ValueError("begins before the first stop or ends after the last")
        return measured([stops[r.stop - 1] if r.stop else (r.latitude, r.longitude) for r in rows], indexes)


def table_files(folder: Path) -> dict[str, TableFile]:
    """The files of a folder's tables with the problems of their values, by name."""
    return {name: _file(folder / name, rules) for name, rules in RULES.items() if (folder / name).is_file()}


def read_tables(
    files: Mapping[str, TableFile], patterns: Mapping[str, Iterable[str]]
) -> tuple[NetworkTables, list[Problem]]:
    """The tables of these files, and their problems. `patterns`: pattern ids by line id."""
    timetable, shapes, timings = (files.get(name) for name in (TIMETABLE, SHAPES, TIMINGS))
    if timetable is not None and not timetable.problems:
        _check_patterns(timetable, patterns)
    if shapes is not None and not shapes.problems:
        _check_shapes(shapes, patterns)
    if timings is not None and not timings.problems:
        check_keys(timings)
        _check_known(timings, patterns)
        check_numbers(timings)
    problems = [problem for table in files.values() for problem in table.problems]
    if problems:
        return NetworkTables(), problems
    return NetworkTables(_timetables(timetable), _shapes(shapes), read_timings(timings)), []


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
    _check_known(table, patterns)
    codes = table["pattern_id"].dictionary_encode().indices.to_numpy()
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    seen = codes[starts]
    again = starts[np.setdiff1d(np.arange(len(seen)), np.unique(seen, return_index=True)[1])]
    table.note(
        again,
        [f"pattern {table['pattern_id'][int(i)]} has rows above: put its rows together" for i in again],
    )


def _check_known(table: TableFile, patterns: Mapping[str, Iterable[str]]) -> None:
    """Note rows of unknown patterns."""
    known = pa.array([name for names in patterns.values() for name in names], pa.string())
    unknown = np.flatnonzero(
        pc.invert(pc.is_in(table["pattern_id"], value_set=known)).to_numpy(zero_copy_only=False)
    )
    table.note(
        unknown, [f"pattern {table['pattern_id'][int(i)]} isn't in {NETWORK}: correct it" for i in unknown]
    )


def _timetables(table: TableFile | None) -> dict[str, dict[DayType, list[Departure]]]:
    result: dict[str, dict[DayType, list[Departure]]] = {}
    if table is None:
        return result
    times = seconds_of(table, "time")
    columns = ("line_id", "day_type", "pattern_id")
    codes = [table.codes(name) for name in columns]
    lines, days, patterns = (table.values(name).to_pylist() for name in columns)
    timing, block = table.texts("timing"), table.texts("block")
    timing_of = {text: int(text) - 1 if text else None for text in set(timing)}
    rank = np.argsort(np.argsort(np.array(patterns)))
    order = np.lexsort((rank[codes[2]], times, codes[1], codes[0]))
    rows = order.tolist()
    in_order = times[order].tolist(), codes[2][order].tolist()
    departures = [
        Departure(time_s, patterns[pattern], timing_of[timing[row]], block[row])
        for time_s, pattern, row in zip(*in_order, rows, strict=True)
    ]
    line, day = (column[order] for column in codes[:2])
    firsts = np.flatnonzero(np.diff(line, prepend=-1) | np.diff(day, prepend=-1))
    for first, end in itertools.pairwise([*firsts.tolist(), len(rows)]):
        of_line = result.setdefault(lines[line[first]], {})
        of_line[DayType(days[day[first]])] = departures[first:end]
    return {line_id: dict(sorted(by_day.items())) for line_id, by_day in result.items()}


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


def timetable_rows(timetables: Mapping[str, Timetable]) -> Iterator[tuple[str, ...]]:
    """The rows of `timetable.csv`, its header first; timings and blocks only if there are any."""
    of_lines = [each for days in timetables.values() for times in days.values() for each in times]
    extra = any(each.timing is not None or each.block for each in of_lines)
    yield "line_id", "day_type", "time", "pattern_id", *(("timing", "block") if extra else ())
    for line_id, days in timetables.items():
        for day, departures in days.items():
            for departure in departures:
                minutes, seconds = divmod(departure.time_s, 60)
                time = f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
                timing = "" if departure.timing is None else str(departure.timing + 1)
                further = (timing, departure.block) if extra else ()
                yield line_id, day.value, time, departure.pattern_id, *further


def shape_rows(shapes: Mapping[str, Sequence[ShapeRow]]) -> Iterator[tuple[str, str, str, str]]:
    """The rows of `shapes.csv`, its header first."""
    yield "pattern_id", "latitude", "longitude", "stop"
    for pattern_id, rows in shapes.items():
        for row in rows:
            yield pattern_id, repr(row.latitude), repr(row.longitude), str(row.stop or "")
