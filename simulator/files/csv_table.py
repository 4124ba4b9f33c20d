"""A CSV file as columns of text, and checks of its values by rules.

Rules are data: which columns are read, what their values must look like, to which column of which file they
refer. Columns that the rules don't name aren't read. Problems come with file and line, one of a kind a line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from simulator.files.problems import Problem, quoted_value

MOST_PROBLEMS = 20
"""Problems of one kind that are reported for a file; one more gives the number of the others."""

LONGEST_LINE = 100_000
"""Bytes; a row of a timetable has about a hundred."""

Rows = NDArray[np.int64]

UNKNOWN = -1
"""Stands for a number that isn't given."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: a pattern (RE2 over the trimmed text), its description for messages, its range."""

    pattern: str
    words: str
    low: float | None = None
    high: float | None = None


_NUMBER = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$"
ID = Kind(r"^.{1,1000}$", "an id")
TEXT = Kind(r"(?s)^.*$", "text")
LATITUDE = Kind(_NUMBER, "a number from -90 to 90", -90, 90)
LONGITUDE = Kind(_NUMBER, "a number from -180 to 180", -180, 180)
WHOLE = Kind(r"^[0-9]{1,9}$", "a whole number, at least 0")
TIME = Kind(r"^[0-9]{1,2}:[0-5][0-9]:[0-5][0-9]$", "a time such as 06:30:00, or 25:30:00 after midnight")
DATE = Kind(r"^[0-9]{8}$", "a date such as 20260302")
FLAG = Kind(r"^[01]$", "0 or 1")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its kind, whether every row must have a value, and the (file, column) it refers to."""

    kind: Kind
    needed: bool = True
    refers: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """A file: its columns, the columns that together identify a row (`key`), whether it must be there.

    With an empty `key` the code that sorts the file checks for repeated rows.
    """

    columns: Mapping[str, Column]
    key: tuple[str, ...]
    needed: bool = True
    optional: frozenset[str] = field(default_factory=frozenset)
    """Columns that may be absent altogether."""
    stretch: tuple[str, str] | None = None
    """Two columns of one kind, start and end: the end may not come before the start."""


class TableFile:
    """A file's rows as columns of trimmed text, all of one length; "" where a row has no value.

    `file` is its name in problems; `problems` is what was found wrong with it.
    """

    def __init__(self, file: str, rules: Rules, content: bytes) -> None:
        self.file = file
        self.rules = rules
        self.problems: list[Problem] = []
        self._text = ""
        self.columns: Mapping[str, pa.Array] = self._read(content.removeprefix(b"\xef\xbb\xbf"))

    def __getitem__(self, column: str) -> pa.Array:
        return self.columns[column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def note(self, rows: Iterable[int], messages: Iterable[str]) -> None:
        """Add a problem for each of some rows (ascending, counted from 0)."""
        pairs = list(zip(rows, messages, strict=True))
        lines = self._lines([row for row, _ in pairs[:MOST_PROBLEMS]])
        self.problems += [
            Problem(self.file, line, text) for line, (_, text) in zip(lines, pairs, strict=False)
        ]
        if len(pairs) > MOST_PROBLEMS:
            rest = f"and {len(pairs) - MOST_PROBLEMS:,} more lines like this"
            self.problems.append(Problem(self.file, lines[-1] + 1, rest))

    def _read(self, content: bytes) -> Mapping[str, pa.Array]:
        try:
            self._text = content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self._stop(line, "isn't UTF-8 here: save the file as UTF-8")
            return {}
        if "\0" in self._text:
            self._stop(self._text[: self._text.index("\0")].count("\n") + 1, "has a NUL character: remove it")
            return {}
        overlong = _overlong_line(content)
        if overlong:
            self._stop(overlong, f"has over {LONGEST_LINE:,} bytes in one line: put each row on its own line")
            return {}
        header = self._header()
        for name in sorted({name for name in header if header.count(name) > 1}):
            self._stop(1, f"column `{name}` appears twice: remove one")
        for name in self.rules.columns if header else ():
            if name not in header and name not in self.rules.optional:
                self._stop(1, f"column `{name}` is missing: add it")
        return {} if self.problems else self._columns(content, header)

    def _header(self) -> list[str]:
        """The names of the columns; empty, with a problem, if the first line isn't a header."""
        try:
            header = [name.strip() for name in next(csv.reader(io.StringIO(self._text, newline="")), [])]
        except csv.Error as error:
            self._stop(1, f"can't be read as CSV: {error}")
            return []
        if not header:
            self._stop(1, "is empty: begin with a line of column names")
        elif any("\n" in name or "\r" in name for name in header):
            self._stop(1, "has a line break in a column's name: remove it")
        return header

    def _columns(self, content: bytes, header: list[str]) -> Mapping[str, pa.Array]:
        # Arrow reads millions of rows in a second but doesn't say where a bad one is: on any error the slower
        # csv module finds the line.
        wanted = [name for name in self.rules.columns if name in header]
        bad: list[int] = []

        def skip(_: object) -> str:
            bad.append(1)
            return "skip"

        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(content),
                arrow_csv.ReadOptions(
                    use_threads=False, column_names=header, skip_rows=1, block_size=1 << 24
                ),
                arrow_csv.ParseOptions(newlines_in_values=b'"' in content, invalid_row_handler=skip),
                arrow_csv.ConvertOptions(
                    include_columns=wanted,
                    column_types=dict.fromkeys(wanted, pa.string()),
                    strings_can_be_null=False,
                    quoted_strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV" not in str(error):
                self._unreadable(error)
                return {}
            table = pa.table({name: pa.array([], pa.string()) for name in wanted})
        if bad:
            self._uneven(len(header))
            return {}
        return {name: pc.utf8_trim_whitespace(table[name].combine_chunks()) for name in wanted}

    def _unreadable(self, error: pa.ArrowInvalid) -> None:
        """Add a problem at the line that isn't CSV, or at line 1 if that line can't be determined."""
        for _ in self._records():
            pass
        if not self.problems:
            self._stop(1, f"can't be read as CSV: {error}")

    def _uneven(self, width: int) -> None:
        """Add a problem for each line that hasn't `width` fields."""
        found = [(line, len(row)) for line, row in self._records() if len(row) != width]
        for line, count in found[:MOST_PROBLEMS]:
            self._stop(line, f"has {count} fields, the header {width}: make them equal")
        if not found:
            self._stop(1, "has lines with more or fewer fields than the header")

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Each row after the header, with the line on which it begins; blank lines are skipped."""
        reader, line = csv.reader(io.StringIO(self._text, newline="")), 1
        try:
            for number, row in enumerate(reader):
                if row and number:
                    yield line, row
                line = reader.line_num + 1
        except csv.Error as error:
            self._stop(line, f"can't be read as CSV: {error}")

    def _lines(self, rows: list[int]) -> list[int]:
        """The lines, from 1, on which these rows begin."""
        wanted, lines = set(rows), {}
        for number, (line, _) in enumerate(self._records() if rows else ()):
            if number in wanted:
                lines[number] = line
                if len(lines) == len(wanted):
                    break
        return [lines.get(row, 1) for row in rows]

    def _stop(self, line: int, message: str) -> None:
        self.problems.append(Problem(self.file, line, message))


def _overlong_line(content: bytes) -> int:
    """The number of the longest line (from 1) if it has over `LONGEST_LINE` bytes, else 0."""
    characters = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero((characters == ord("\n")) | (characters == ord("\r")))
    lengths = np.diff(ends, prepend=-1, append=len(content))
    if lengths.max() <= LONGEST_LINE:
        return 0
    before = content[: int(lengths[: lengths.argmax()].sum())].replace(b"\r\n", b"\n")
    return before.count(b"\n") + before.count(b"\r") + 1


def check_values(table: TableFile) -> None:
    """Note each row with values that are missing or not of their column's kind, one problem a row."""
    wrong: dict[int, list[str]] = {}
    for name, values in table.columns.items():
        column = table.rules.columns[name]
        for row in _not_of_kind(values, column):
            value = values[row].as_py()
            wrong.setdefault(int(row), []).append(
                f"`{name}` must be {column.kind.words}, got {quoted_value(value)}"
                if value
                else f"`{name}` is missing"
            )
    rows = sorted(wrong)
    table.note(rows, ["; ".join(wrong[row]) for row in rows])


def check_keys(table: TableFile) -> None:
    """Note each row whose key an earlier row has."""
    key = [name for name in table.rules.key if name in table.columns]
    if not key or not len(table):
        return
    names = pa.table({name: table[name] for name in key})
    first = (
        names.append_column("row", pa.array(np.arange(len(table)))).group_by(key).aggregate([("row", "min")])
    )
    if len(first) == len(table):
        return
    again = np.setdiff1d(np.arange(len(table)), first["row_min"].to_numpy())
    said = [", ".join(f"{name} {table[name][int(row)]}" for name in key) for row in again]
    table.note(
        again, [f"{text}: an earlier row has the same: give each row its own, or remove one" for text in said]
    )


def check_stretch(table: TableFile) -> None:
    """Note each row whose end comes before its start. Skipped for tables with other problems."""
    if table.rules.stretch is None or table.problems:
        return
    first, last = table.rules.stretch
    start, end = (_comparable(table[name], table.rules.columns[name]) for name in (first, last))
    wrong = np.flatnonzero(start > end)
    table.note(wrong, [f"`{last}` comes before `{first}`: put them in order" for _ in wrong])


def _comparable(values: pa.Array, column: Column) -> Rows:
    return parsed_seconds(values) if column.kind is TIME else pc.cast(values, pa.int64()).to_numpy()


def check_references(table: TableFile, others: Mapping[str, TableFile]) -> None:
    """Note each row with an id that isn't in the file to which it refers."""
    for name, values in table.columns.items():
        refers = table.rules.columns[name].refers
        if refers is None or refers[0] not in others or not len(others[refers[0]]):
            continue
        known = pc.is_in(values, value_set=others[refers[0]][refers[1]])
        if not table.rules.columns[name].needed:
            known = pc.or_(known, pc.equal(values, ""))
        unknown = _rows(pc.invert(known))
        table.note(
            unknown, [f"{name} {values[int(row)]} isn't in {refers[0]}: correct it" for row in unknown]
        )


def _not_of_kind(values: pa.Array, column: Column) -> Rows:
    """The rows whose value is missing, doesn't fit the pattern or is out of range."""
    # Each distinct value is checked once: a timetable repeats few values in millions of rows.
    kind, absent = column.kind, pc.equal(values, "")
    unique = values.dictionary_encode()
    fits = pc.match_substring_regex(unique.dictionary, kind.pattern)
    if kind is DATE:
        fits = pa.array(map(_is_date, unique.dictionary.to_pylist()), pa.bool_())
    if kind.low is not None or kind.high is not None:
        numbers = pc.cast(pc.if_else(fits, unique.dictionary, "0"), pa.float64())
        low, high = kind.low, kind.high
        fits = pc.and_(fits, pc.greater_equal(numbers, low)) if low is not None else fits
        fits = pc.and_(fits, pc.less_equal(numbers, high)) if high is not None else fits
    right = pc.take(fits, unique.indices)
    return _rows(pc.invert(pc.and_(right, pc.invert(absent)) if column.needed else pc.or_(right, absent)))


def parsed_date(text: str) -> date:
    """The date of "20260302". ValueError for anything else."""
    return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a civil date has no zone


def _is_date(text: str) -> bool:
    try:
        return len(text) == 8 and parsed_date(text).year >= 1970
    except ValueError:
        return False


def parsed_seconds(values: pa.Array) -> Rows:
    """Times of kind `TIME` as seconds of the service day; UNKNOWN for empty ones."""
    unique = values.dictionary_encode()
    seconds = [_seconds(text) if text else UNKNOWN for text in unique.dictionary.to_pylist()]
    result: Rows = np.array(seconds, np.int64)[unique.indices.to_numpy()]
    return result


def _seconds(text: str) -> int:
    hours, minutes, seconds = map(int, text.split(":"))
    return hours * 3600 + minutes * 60 + seconds


def _rows(mask: pa.Array) -> Rows:
    rows: Rows = np.flatnonzero(mask.to_numpy(zero_copy_only=False))
    return rows
