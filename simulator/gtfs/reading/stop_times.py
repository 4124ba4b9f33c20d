"""Which trips are left out for their stop times, and the others' stop times in order.

Left out, each kind with a finding: trips without stop times, or with fewer than two; stops that riders may
order (flexible services); a sequence number twice; a first or last stop without a time; times that run
backwards; stops without coordinates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from simulator.files.csv_checks import seconds_of
from simulator.files.csv_table import UNKNOWN, Rows, TableFile
from simulator.gtfs.reading.rows import Mask, in_order
from simulator.gtfs.reading.tables import FLEX


@dataclass(frozen=True, slots=True)
class StopTimes:
    """Stop times by trip (an index of trips.txt), in order: row of the table, stop, times in seconds."""

    row: Rows
    trip: Rows
    stop: Rows
    arrival_s: Rows
    departure_s: Rows

    def of(self, kept: Mask) -> StopTimes:
        """The stop times for which a mask is true."""
        if kept.all():
            return self
        columns = (self.row, self.trip, self.stop, self.arrival_s, self.departure_s)
        return StopTimes(*(column[kept] for column in columns))


def read_stop_times(table: TableFile, trips: TableFile, stops: TableFile, placed: Mask) -> StopTimes:
    """The stop times of the trips that can run; `placed`: which stops have coordinates."""
    known = pc.is_in(trips["trip_id"], value_set=table.values("trip_id")).to_numpy(zero_copy_only=False)
    none = np.flatnonzero(~known)
    if len(none):
        said = f"trip {trips['trip_id'][int(none[0])].as_py()} has no stop times: left out"
        trips.find("no-stop-times", none, said, len(none))
    _leave_out_flex(table)
    order = in_order(table, "trip_id", "stop_sequence")
    arrival, departure = _times(table)
    trip = _indexes(table, "trip_id", trips["trip_id"])[order]
    stop = _indexes(table, "stop_id", stops["stop_id"])[order]
    times = StopTimes(order, trip, stop, arrival[order], departure[order])
    numbers = table.numbers("stop_sequence")[order]
    times = _without(
        times, table, len(trips), "repeated-sequence", _same_sequence(times, numbers), _twice(table)
    )
    times = _without(
        times, table, len(trips), "stop-without-place", _unplaced(times, placed), _nowhere(table)
    )
    times = _without(times, table, len(trips), "untimed-end", _untimed_ends(times), _untimed)
    leaves_first = np.flatnonzero((times.arrival_s > times.departure_s) & (times.departure_s >= 0))
    times = _without(times, table, len(trips), "times-backwards", leaves_first, _leaves_first(table))
    times = _without(times, table, len(trips), "times-backwards", _backwards(times), _early(table))
    return _of_two_or_more(times, trips)


def _leave_out_flex(table: TableFile) -> None:
    """Remove rows of flexible services: places without a stop, or with a window of time instead of times."""
    flex = np.zeros(len(table), bool)
    for name in FLEX:
        if name in table.columns:
            flex |= pc.not_equal(table[name], "").to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(flex)
    if len(rows):
        trips = len(np.unique(table.codes("trip_id")[rows]))
        said = f"trip {table['trip_id'][int(rows[0])].as_py()} serves an area or a window of time on demand"
        table.find("flexible", rows, f"{said}: left out, buses run only to fixed stops", trips)
        table.keep(~flex)
    nowhere = np.flatnonzero(pc.equal(table["stop_id"], "").to_numpy(zero_copy_only=False))
    if len(nowhere):
        codes = table.codes("trip_id")
        lost = np.unique(codes[nowhere])
        trip = table["trip_id"][int(nowhere[0])].as_py()
        table.find("no-stop", nowhere, f"`stop_id` is missing: trip {trip} is left out", len(lost))
        table.keep(~np.isin(codes, lost))


def _times(table: TableFile) -> tuple[Rows, Rows]:
    """Arrivals and departures in seconds; a missing one equals the other."""
    found = [
        seconds_of(table, name) if name in table.columns else np.full(len(table), UNKNOWN, np.int64)
        for name in ("arrival_time", "departure_time")
    ]
    arrival, departure = found
    return np.where(arrival < 0, departure, arrival), np.where(departure < 0, arrival, departure)


def _indexes(table: TableFile, column: str, known: pa.Array) -> Rows:
    """By row, the place of a column's value among the known ids."""
    place = pc.fill_null(pc.index_in(table.values(column), value_set=known), UNKNOWN)
    result: Rows = place.to_numpy().astype(np.int64)[table.codes(column)]
    return result


def _without(
    times: StopTimes, table: TableFile, trips: int, code: str, wrong: Rows, message: Callable[[int], str]
) -> StopTimes:
    """The stop times without those of trips with a wrong one (places in `times`)."""
    if not len(wrong):
        return times
    lost = np.zeros(trips, bool)
    lost[times.trip[wrong]] = True
    rows = np.sort(times.row[wrong])
    trip = table["trip_id"][int(rows[0])].as_py()
    table.find(code, rows, f"{message(int(rows[0]))}: trip {trip} is left out", int(lost.sum()))
    return times.of(~lost[times.trip])


def _same_sequence(times: StopTimes, numbers: NDArray[np.float64]) -> Rows:
    same_trip = np.diff(times.trip) == 0
    return np.flatnonzero(same_trip & (np.diff(numbers) == 0)) + 1


def _twice(table: TableFile) -> Callable[[int], str]:
    return lambda row: f"has stop_sequence {table['stop_sequence'][row].as_py()} twice"


def _unplaced(times: StopTimes, placed: Mask) -> Rows:
    return np.flatnonzero(~placed[times.stop])


def _nowhere(table: TableFile) -> Callable[[int], str]:
    return lambda row: f"stop {table['stop_id'][row].as_py()} has no coordinates in stops.txt"


def _untimed_ends(times: StopTimes) -> Rows:
    untimed: Rows = np.flatnonzero(times.departure_s < 0)
    if not len(untimed):
        return untimed
    # Rows are sorted by trip, so a trip begins where the trip changes, and the one before ends there.
    changes = np.diff(times.trip, prepend=-1, append=-1) != 0
    ends: Rows = untimed[changes[untimed] | changes[untimed + 1]]
    return ends


def _untimed(_row: int) -> str:
    return "a trip's first and last stop need a time"


def _backwards(times: StopTimes) -> Rows:
    timed = np.flatnonzero(times.departure_s >= 0)
    known = times.of(times.departure_s >= 0)
    same = known.trip[:-1] == known.trip[1:]
    wrong = np.zeros(len(known.trip), bool)
    wrong[1:] = same & (known.departure_s[:-1] > known.arrival_s[1:])
    return timed[wrong]


def _leaves_first(table: TableFile) -> Callable[[int], str]:
    return lambda row: f"leaves stop {table['stop_id'][row].as_py()} before it arrives there"


def _early(table: TableFile) -> Callable[[int], str]:
    return lambda row: f"arrives at stop {table['stop_id'][row].as_py()} before it left the previous stop"


def _of_two_or_more(times: StopTimes, trips: TableFile) -> StopTimes:
    """The stop times of trips with two or more; trips without any, or with one, are reported."""
    counts = np.bincount(times.trip, minlength=len(trips))
    alone = np.flatnonzero(counts == 1)
    if len(alone):
        said = f"trip {trips['trip_id'][int(alone[0])].as_py()} has only one stop with a time"
        trips.find("one-stop", alone, f"{said}: left out", len(alone))
    return times.of(counts[times.trip] > 1)
