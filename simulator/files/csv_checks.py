"""Checks of a table's values by its rules, and the values of dates and times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.files.csv_table import DATE, TIME, UNKNOWN, CsvColumn, Rows, TableFile
from simulator.files.problems import quoted_value


class WrongValues(NamedTuple):
    """A column's rows (ascending) whose values are missing, not of its kind, or refer to nothing."""

    column: str
    rows: Rows


def wrong_values(table: TableFile) -> Iterator[WrongValues]:
    """The rows of each column whose value is missing, doesn't fit its kind or is out of range."""
    for name in table.columns:
        # Each distinct value is checked once: a timetable repeats few values in millions of rows.
        fits = _fit(table.values(name), table.rules.columns[name])
        if not fits.all():
            wrong = np.flatnonzero(~fits[table.codes(name)])
            if len(wrong):
                yield WrongValues(name, wrong)


def value_message(table: TableFile, column: str, row: int) -> str:
    """What is wrong with a row's value."""
    value = table[column][row].as_py()
    if not value:
        return f"`{column}` is missing"
    return f"`{column}` must be {table.rules.columns[column].kind.words}, got {quoted_value(value)}"


def check_values(table: TableFile) -> None:
    """Note each row with values that are missing or not of their column's kind, one problem a row."""
    wrong: dict[int, list[str]] = {}
    for name, rows in wrong_values(table):
        for row in rows.tolist():
            wrong.setdefault(row, []).append(value_message(table, name, row))
    ordered = sorted(wrong)
    table.note(ordered, ["; ".join(wrong[row]) for row in ordered])


class Repeated(NamedTuple):
    """Rows whose key another row has: those equal in all columns read to an earlier one, and all others."""

    equal: Rows
    differing: Rows


def repeated_keys(table: TableFile) -> Repeated:
    """The rows that have the key of another row."""
    none = np.empty(0, np.int64)
    key = [name for name in table.rules.key if name in table.columns]
    if not key or not len(table):
        return Repeated(none, none)
    codes = np.stack([table.codes(name) for name in key])
    _, group, sizes = np.unique(codes, axis=1, return_inverse=True, return_counts=True)
    twice = np.flatnonzero(sizes[group.reshape(-1)] > 1)
    if not len(twice):
        return Repeated(none, none)
    whole = np.stack([table.codes(name)[twice] for name in table.columns])
    _, first, same, alike = np.unique(
        whole, axis=1, return_index=True, return_inverse=True, return_counts=True
    )
    all_equal = alike[same.reshape(-1)] == sizes[group.reshape(-1)[twice]]
    later = np.setdiff1d(np.arange(len(twice)), first)
    return Repeated(twice[np.intersect1d(later, np.flatnonzero(all_equal))], twice[~all_equal])


def check_keys(table: TableFile) -> None:
    """Note each row whose key an earlier row has."""
    key = [name for name in table.rules.key if name in table.columns]
    if not key or not len(table):
        return
    _, first = np.unique(np.stack([table.codes(name) for name in key]), axis=1, return_index=True)
    again = np.setdiff1d(np.arange(len(table)), first)
    said = [", ".join(f"{name} {table[name][row]}" for name in key) for row in again.tolist()]
    table.note(
        again, [f"{text}: an earlier row has the same: give each row its own, or remove one" for text in said]
    )


def disordered(table: TableFile) -> Rows:
    """The rows whose end comes before their start."""
    if table.rules.stretch is None or not set(table.rules.stretch) <= set(table.columns):
        return np.empty(0, np.int64)
    first, last = table.rules.stretch
    start, end = (_comparable(table, name) for name in (first, last))
    return np.flatnonzero(start > end)


def _comparable(table: TableFile, name: str) -> Rows:
    if table.rules.columns[name].kind is TIME:
        return seconds_of(table, name)
    return table.numbers(name).astype(np.int64)


def wrong_references(table: TableFile, others: Mapping[str, TableFile]) -> Iterator[WrongValues]:
    """The rows of each column with an id that isn't in the file to which it refers."""
    for name in table.columns:
        refers = table.rules.columns[name].refers
        if refers is None or refers[0] not in others or refers[1] not in others[refers[0]].columns:
            continue
        known = pc.is_in(table.values(name), value_set=others[refers[0]][refers[1]])
        if not table.rules.columns[name].needed:
            known = pc.or_(known, pc.equal(table.values(name), ""))
        known = known.to_numpy(zero_copy_only=False)
        if not known.all():
            wrong = np.flatnonzero(~known[table.codes(name)])
            if len(wrong):
                yield WrongValues(name, wrong)


def _fit(values: pa.Array, column: CsvColumn) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which of some distinct values are of a column's kind."""
    kind, absent = column.kind, pc.equal(values, "")
    fits = pc.match_substring_regex(values, kind.pattern)
    if kind.longest is not None:
        fits = pc.less_equal(pc.utf8_length(values), kind.longest)
    if kind is DATE:
        fits = pa.array(map(_is_date, values.to_pylist()), pa.bool_())
    if kind.low is not None or kind.high is not None:
        numbers = pc.cast(pc.if_else(fits, values, "0"), pa.float64())
        low, high = kind.low, kind.high
        fits = pc.and_(fits, pc.greater_equal(numbers, low)) if low is not None else fits
        fits = pc.and_(fits, pc.less_equal(numbers, high)) if high is not None else fits
    right = pc.and_(fits, pc.invert(absent)) if column.needed else pc.or_(fits, absent)
    result: np.ndarray[tuple[int], np.dtype[np.bool_]] = right.to_numpy(zero_copy_only=False)
    return result


EARLIEST_YEAR = 1900
"""Feeds end "never" in 2099, 2999 or 9999, and begin long ago; no date of a timetable is earlier."""


def parsed_date(text: str) -> date:
    """The date of "20260302". ValueError for anything else."""
    return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a civil date has no zone


def _is_date(text: str) -> bool:
    try:
        return len(text) == 8 and text.isascii() and parsed_date(text).year >= EARLIEST_YEAR
    except ValueError:
        return False


def seconds_of(table: TableFile, column: str) -> Rows:
    """A column of kind `TIME` as seconds of the service day; UNKNOWN where it has no value."""
    values = table.values(column)
    if not len(values):
        return np.empty(0, np.int64)
    # "6:30:00" becomes "06:30:00": eight digits and colons, read as a matrix of characters. Values of removed
    # rows, which may be anything, become empty.
    right = pc.match_substring_regex(values, TIME.pattern)
    padded = pc.if_else(right, pc.utf8_lpad(values, 8, "0"), "00:00:00").to_pylist()
    digits = np.frombuffer("".join(padded).encode("ascii"), np.uint8).reshape(-1, 8).astype(np.int64) - ord(
        "0"
    )
    seconds = digits[:, [0, 1, 3, 4, 6, 7]] @ np.array([36_000, 3600, 600, 60, 10, 1])
    seconds[~right.to_numpy(zero_copy_only=False)] = UNKNOWN
    result: Rows = seconds[table.codes(column)]
    return result
