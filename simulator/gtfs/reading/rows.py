"""Which rows of a feed's tables are left out: those with wrong values, repeated keys, unknown references.

A row that can't be read costs what it describes: of stop times the trip, of shapes the shape. Each kind of
defect is one finding, with the first lines and the number of all.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simulator.files.csv_checks import (
    disordered,
    repeated_keys,
    value_message,
    wrong_references,
    wrong_values,
)
from simulator.files.csv_table import Rows, TableFile

OWNERS: Mapping[str, str] = {"stop_times.txt": "trip_id", "shapes.txt": "shape_id"}
"""By file the column that names what is lost with a row; in other files a row stands for itself."""
LOST: Mapping[str, str] = {"stop_times.txt": "trip", "shapes.txt": "shape"}

Mask = NDArray[np.bool_]


def leave_out_wrong_rows(name: str, table: TableFile) -> None:
    """Remove the rows of a file (`name`) with wrong values, repeated keys or a disordered stretch."""
    _leave_out_blank(table)
    for column, rows in list(wrong_values(table)):
        message = value_message(table, column, int(rows[0]))
        if table.rules.columns[column].else_empty:
            table.find("wrong-value", rows, f"{message}: read as empty")
            table.blank(column, rows)
    for column, rows in list(wrong_values(table)):
        said = value_message(table, column, int(rows[0]))
        table.find(
            "wrong-value", rows, f"{said}: {_lost(name, table, int(rows[0]))}", _trips(name, table, rows)
        )
    wrong = [rows for _, rows in wrong_values(table)]
    if wrong:
        _remove(name, table, np.unique(np.concatenate(wrong)))
    _leave_out_repeated(table)
    ends_first = disordered(table)
    if len(ends_first):
        first, last = table.rules.stretch or ("", "")
        table.find("disordered", ends_first, f"`{last}` comes before `{first}`: the row is left out")
        _remove(name, table, ends_first)


def leave_out_unknown(name: str, table: TableFile, others: Mapping[str, TableFile]) -> None:
    """Remove the rows of a file that refer to unknown ids."""
    for column, rows in list(wrong_references(table, others)):
        file, _ = table.rules.columns[column].refers or ("", "")
        said = f"{column} {table[column][int(rows[0])].as_py()} isn't in {file}"
        lost = "the row is left out" if column == OWNERS.get(name) else _lost(name, table, int(rows[0]))
        table.find("unknown-id", rows, f"{said}: {lost}", _trips(name, table, rows))
    wrong = [rows for _, rows in wrong_references(table, others)]
    if wrong:
        _remove(name, table, np.unique(np.concatenate(wrong)))


def _leave_out_blank(table: TableFile) -> None:
    """Remove rows of empty fields: spreadsheets write them at the end of a file."""
    if len(table.rules.columns) == 1:
        return  # the columns that aren't read may have values
    some = np.zeros(len(table), bool)
    for column in table.columns:
        empty = table.values(column).index("").as_py()
        if empty < 0:
            return
        some |= table.codes(column) != empty
    table.keep(some)


def _leave_out_repeated(table: TableFile) -> None:
    equal, differing = repeated_keys(table)
    kept = np.ones(len(table), bool)
    for rows, code, said in (
        (equal, "repeated-row", "an earlier row is the same: read once"),
        (differing, "repeated-id", "rows with the same id differ: they are left out"),
    ):
        if len(rows):
            key = ", ".join(f"{name} {table[name][int(rows[0])].as_py()}" for name in table.rules.key)
            table.find(code, rows, f"{key}: {said}")
            kept[rows] = False
    table.keep(kept)


def _lost(name: str, table: TableFile, row: int) -> str:
    owner = OWNERS.get(name)
    if owner is None or owner not in table.columns:
        return "the row is left out"
    return f"{LOST[name]} {table[owner][row].as_py()} is left out"


def _trips(name: str, table: TableFile, rows: Rows) -> int:
    """The number of trips that some rows cost."""
    return len(np.unique(table.codes("trip_id")[rows])) if name in ("stop_times.txt", "trips.txt") else 0


def _remove(name: str, table: TableFile, rows: Rows) -> None:
    """Remove rows, and with them the others of what they describe."""
    kept = np.ones(len(table), bool)
    owner = OWNERS.get(name)
    if owner is None:
        kept[rows] = False
    else:
        codes = table.codes(owner)
        lost = np.zeros(len(table.values(owner)), bool)
        lost[codes[rows]] = True
        kept = ~lost[codes]
    table.keep(kept)


def in_order(table: TableFile, owner: str, sequence: str) -> Rows:
    """The order of a table's rows by owner (its code) and sequence number."""
    owners, numbers = table.codes(owner), table.numbers(sequence).astype(np.int64)
    later = np.diff(owners)
    if ((later > 0) | ((later == 0) & (np.diff(numbers) >= 0))).all():
        return np.arange(len(table))
    return np.lexsort((numbers, owners))
