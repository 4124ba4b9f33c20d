"""The table of planned running times, `timings.csv` (see `simulator.network_files.tables`), as timings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from simulator.files.csv_table import TableFile
from simulator.network import Hold, Timing


def check_numbers(table: TableFile) -> None:
    """Note the first row of each pattern whose timings aren't numbered 1, 2, …, row by row."""
    seen: dict[str, int] = {}
    wrong: dict[str, int] = {}
    for row, (name, number) in enumerate(_keys(table)):
        seen[name] = seen.get(name, 0) + 1
        if number != seen[name]:
            wrong.setdefault(name, row)
    rows = np.array(sorted(wrong.values()), np.int64)
    names = sorted(wrong, key=wrong.__getitem__)
    table.note(rows, [f"the timings of pattern {name} must be numbered 1, 2, … in order" for name in names])


def read_timings(table: TableFile | None) -> dict[str, list[Timing]]:
    """The timings of each pattern id."""
    result: dict[str, list[Timing]] = {}
    if table is None:
        return result
    columns = (table[name].to_pylist() for name in ("pattern_id", "runs_s", "leaves_s"))
    for name, runs, leaves in zip(*columns, strict=True):
        holds = (each.split(":") for each in leaves.split())
        timing = Timing(
            tuple(map(int, runs.split())),
            tuple(Hold(int(number) - 1, int(seconds)) for number, seconds in holds),
        )
        result.setdefault(name, []).append(timing)
    return result


def timing_rows(timings: Mapping[str, Sequence[Timing]]) -> Iterator[tuple[str, str, str, str]]:
    """The rows of `timings.csv`, its header first."""
    yield "pattern_id", "timing", "runs_s", "leaves_s"
    for pattern_id, of_pattern in timings.items():
        for number, timing in enumerate(of_pattern, 1):
            leaves = " ".join(f"{hold.position + 1}:{hold.leaves_s}" for hold in timing.holds)
            yield pattern_id, str(number), " ".join(map(str, timing.runs_s)), leaves


def _keys(table: TableFile) -> Iterator[tuple[str, int]]:
    numbers = map(int, table["timing"].to_pylist())
    return zip(table["pattern_id"].to_pylist(), numbers, strict=True)
