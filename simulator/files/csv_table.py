"""A CSV file as columns of text, by rules.

Rules are data: which columns are read, what their values must look like, to which column of which file they
refer. Columns that the rules don't name aren't read. `simulator.files.csv_checks` checks values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from simulator.files import csv_text
from simulator.files.csv_text import Evened, UnclosedQuote
from simulator.files.findings import Finding, Severity
from simulator.files.problems import Problem

MOST_PROBLEMS = 20
"""Problems of one kind that are reported for a file; one more gives the number of the others."""
BLOCK_BYTES = 1 << 20

Rows = NDArray[np.int64]

OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}

UNKNOWN = -1
"""Stands for a number that isn't given."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: a pattern (RE2 over the trimmed text), its description for messages, its range.

    `longest` is a number of characters. As part of a pattern it would cost RE2 milliseconds.
    """

    pattern: str
    words: str
    low: float | None = None
    high: float | None = None
    longest: int | None = None


_NUMBER = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?$"
ID = Kind("", "an id of at most 1000 characters", longest=1000)
TEXT = Kind("", "text")
NUMBER = Kind(_NUMBER, "a number")
LATITUDE = Kind(_NUMBER, "a number from -90 to 90", -90, 90)
LONGITUDE = Kind(_NUMBER, "a number from -180 to 180", -180, 180)
WHOLE = Kind(r"^[0-9]{1,9}$", "a whole number from 0 to 999,999,999")
TIME = Kind(r"^[0-9]{1,2}:[0-5][0-9]:[0-5][0-9]$", "a time such as 06:30:00, or 25:30:00 after midnight")
DATE = Kind(r"^[0-9]{8}$", "a date such as 20260302")
FLAG = Kind(r"^[01]$", "0 or 1")


@dataclass(frozen=True, slots=True)
class CsvColumn:
    """A column: its kind, whether every row must have a value, and the (file, column) it refers to.

    `else_empty`: where rows are left out for wrong values, one of this column is read as empty instead.
    """

    kind: Kind
    needed: bool = True
    refers: tuple[str, str] | None = None
    else_empty: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """A file: its columns, the columns that together identify a row (`key`), whether it must be there.

    With an empty `key` the code that sorts the file checks for repeated rows.
    """

    columns: Mapping[str, CsvColumn]
    key: tuple[str, ...]
    needed: bool = True
    optional: frozenset[str] = field(default_factory=frozenset)
    """Columns that may be absent altogether."""
    stretch: tuple[str, str] | None = None
    """Two columns of one kind, start and end: the end may not come before the start."""


class TableFile:
    """A file's rows as columns of trimmed text, all of one length; "" where a row has no value.

    `file` is its name in problems; `problems` is what makes it unusable. With `lenient`, text in another
    encoding and rows of uneven length are understood or left out instead, with a line in `findings`.
    `content` gives the file's bytes: it is called again when a problem's line is wanted.
    """

    def __init__(
        self, file: str, rules: Rules, content: bytes | Callable[[], bytes], *, lenient: bool = False
    ) -> None:
        self.file = file
        self.rules = rules
        self.problems: list[Problem] = []
        self.findings: list[Finding] = []
        self._lenient = lenient
        self._content = content
        self._columns: dict[str, pa.DictionaryArray] = {}
        self._plain: dict[str, pa.Array] = {}
        self._evened_lines: list[int] | None = None
        self._rows: Rows | None = None
        """The rows of the file that are left, where some were removed."""
        self._read()

    @property
    def columns(self) -> Iterable[str]:
        """The names of the columns that were read."""
        return self._columns.keys()

    def __getitem__(self, column: str) -> pa.Array:
        """A column's values, a text for each row."""
        if column not in self._plain:
            self._plain[column] = self._columns[column].dictionary_decode()
        return self._plain[column]

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def values(self, column: str) -> pa.Array:
        """A column's distinct values (and perhaps some of rows that were removed)."""
        return self._columns[column].dictionary

    def codes(self, column: str) -> Rows:
        """By row, the index of a column's value in `values`."""
        codes: Rows = self._columns[column].indices.to_numpy().astype(np.int64)
        return codes

    def texts(self, column: str) -> list[str]:
        """A column's values; empty texts if the file doesn't have the column."""
        return self[column].to_pylist() if column in self._columns else [""] * len(self)

    def numbers(self, column: str) -> NDArray[np.float64]:
        """A column of numbers; not a number where it has no value."""
        values = self.values(column)
        # Values of rows that were removed may be anything.
        right = pc.match_substring_regex(values, _NUMBER)
        numbers = pc.cast(pc.if_else(right, values, "nan"), pa.float64()).to_numpy()
        result: NDArray[np.float64] = numbers[self.codes(column)]
        return result

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Remove the rows that aren't true in a mask."""
        if rows.all():
            return
        mask = pa.array(rows)
        self._columns = {name: column.filter(mask) for name, column in self._columns.items()}
        self._plain = {}
        self._rows = (np.arange(len(rows)) if self._rows is None else self._rows)[rows]

    def blank(self, column: str, rows: Rows) -> None:
        """Make the values of some rows empty."""
        plain = self[column].to_numpy(zero_copy_only=False).copy()
        plain[rows] = ""
        self._columns[column] = pa.array(plain, pa.string()).dictionary_encode()
        del self._plain[column]

    def note(self, rows: Iterable[int], messages: Iterable[str]) -> None:
        """Add a problem for each of some rows (ascending, counted from 0)."""
        pairs = list(zip(rows, messages, strict=True))
        lines = self.lines([row for row, _ in pairs[:MOST_PROBLEMS]])
        self.problems += [
            Problem(self.file, line, text) for line, (_, text) in zip(lines, pairs, strict=False)
        ]
        if len(pairs) > MOST_PROBLEMS:
            rest = f"and {len(pairs) - MOST_PROBLEMS:,} more lines like this"
            self.problems.append(Problem(self.file, lines[-1] + 1, rest))

    def find(self, code: str, rows: Rows, message: str, trips: int = 0) -> None:
        """Add a finding about some rows (ascending, counted from 0); the message is about the first."""
        lines = self.lines(rows[:MOST_PROBLEMS].tolist())
        self.findings.append(Finding(code, self.file, message, lines, len(rows), trips))

    def lines(self, rows: list[int]) -> list[int]:
        """The lines, from 1, on which these rows begin."""
        if self._rows is not None:
            rows = self._rows[rows].tolist()
        if self._evened_lines is not None:
            return [self._evened_lines[row] for row in rows]
        wanted, lines = set(rows), dict[int, int]()
        for number, (line, _) in enumerate(csv_text.records(self._text()) if rows else ()):
            if number in wanted:
                lines[number] = line
                if len(lines) == len(wanted):
                    break
        return [lines.get(row, 1) for row in rows]

    def _text(self) -> bytes:
        raw = self._content if isinstance(self._content, bytes) else self._content()
        return csv_text.decoded(raw).content

    def _read(self) -> None:
        raw = self._content if isinstance(self._content, bytes) else self._content()
        content, was, line, done = csv_text.decoded(raw)
        if was:
            self._uneasy(line, f"{was}: {done}", f"{was}: save the file as UTF-8")
        overlong = csv_text.overlong_line(content)
        if overlong:
            limit = f"{csv_text.LONGEST_LINE:,}"
            self._stop(overlong, f"has over {limit} bytes in one line: put each row on its own line")
            return
        try:
            header = self._header(content)
            if not self.problems:
                self._columns = self._read_columns(content, header)
        except UnclosedQuote as error:
            self._stop(error.line, str(error))

    def _header(self, content: bytes) -> list[str]:
        """The names of the columns; with problems, if they can't be used."""
        header = csv_text.header_of(content)
        if not header:
            self._stop(1, "is empty: begin with a line of column names")
        elif any("\n" in name or "\r" in name for name in header):
            self._stop(1, "has a line break in a column's name: remove it")
        if not self.problems and (separator := _other_separator(header)):
            self._stop(1, f"has {separator} between the columns: write commas")
        if self._lenient:
            header = self._in_lower_case(header)
        for name in self.rules.columns if header and not self.problems else ():
            if header.count(name) > 1:
                self._stop(1, f"column `{name}` appears twice: remove one")
            if name not in header and name not in self.rules.optional:
                self._stop(1, f"column `{name}` is missing: add it")
        return header

    def _in_lower_case(self, header: list[str]) -> list[str]:
        """The header with `STOP_ID` as `stop_id`, unless that is there too, and a finding."""
        lower = {
            name: name.lower()
            for name in header
            if name not in self.rules.columns and name.lower() in self.rules.columns
        }
        lower = {name: plain for name, plain in lower.items() if plain not in header}
        if lower:
            named = ", ".join(f"`{name}`" for name in lower)
            said = f"columns are in lower case in GTFS, and other readers may not find these: {named} read"
            self.findings.append(Finding("column-name", self.file, said, (1,), severity=Severity.NOTE))
        return [lower.get(name, name) for name in header]

    def _read_columns(self, content: bytes, header: list[str]) -> dict[str, pa.DictionaryArray]:
        # Arrow reads millions of rows in a second but accepts only rows as wide as the header: for others the
        # slower csv module makes them so.
        wanted = [name for name in self.rules.columns if name in header]
        csv_text.refuse_unclosed(content)
        # A blank line before the header isn't counted by Arrow.
        if content.lstrip(b" \t")[:1] in (b"\r", b"\n"):
            return self._evened(content, header, wanted)
        skipped = content.find(b"\n") < 0 and content.find(b"\r") < 0
        try:
            return _arrow_columns(b"" if skipped else content, header, wanted, skip=1)
        except pa.ArrowInvalid:
            return self._evened(content, header, wanted)

    def _evened(self, content: bytes, header: list[str], wanted: list[str]) -> dict[str, pa.DictionaryArray]:
        made = csv_text.evened(content, len(header))
        self._evened_lines = made.lines
        self._uneven(made, len(header))
        if self.problems:
            return {}
        return _arrow_columns(made.content, header, wanted, skip=0)

    def _uneven(self, made: Evened, width: int) -> None:
        """Add problems or findings for the rows that hadn't `width` fields."""
        if not self._lenient:
            uneven = sorted([*made.counts.items(), *made.long])
            for line, count in uneven[:MOST_PROBLEMS]:
                self._stop(line, f"has {count} fields, the header {width}: make them equal")
            return
        if made.short:
            said = (
                f"has {made.counts[made.short[0]]} fields, the header {width}: the others are read as empty"
            )
            lines = made.short[:MOST_PROBLEMS]
            self.findings.append(Finding("short-row", self.file, said, lines, len(made.short)))
        if made.long:
            said = f"has {made.long[0][1]} fields, the header {width}: the row is left out"
            lines = [line for line, _ in made.long[:MOST_PROBLEMS]]
            self.findings.append(Finding("long-row", self.file, said, lines, len(made.long)))

    def _uneasy(self, line: int, finding: str, problem: str) -> None:
        if self._lenient:
            self.findings.append(Finding("encoding", self.file, finding, (line,)))
        else:
            self._stop(line, problem)

    def _stop(self, line: int, message: str) -> None:
        self.problems.append(Problem(self.file, line, message))


def _other_separator(header: list[str]) -> str | None:
    """What is between the columns of a header in which there is no comma; None where that can't be told."""
    only = header[0] if len(header) == 1 else ""
    return next((said for separator, said in OTHER_SEPARATORS.items() if separator in only), None)


def _arrow_columns(
    content: bytes, header: list[str], wanted: list[str], *, skip: int
) -> dict[str, pa.DictionaryArray]:
    """The `wanted` columns of CSV, trimmed. ArrowInvalid for rows that aren't as wide as the header."""
    if not content or content.isspace():
        empty = pa.array([], pa.string()).dictionary_encode()
        return dict.fromkeys(wanted, empty)
    # Columns without a name, or with one that isn't wanted, may be called alike: number them.
    names = [name if name in wanted else f"\0{number}" for number, name in enumerate(header)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(content),
            arrow_csv.ReadOptions(
                use_threads=False, column_names=names, skip_rows=skip, block_size=BLOCK_BYTES
            ),
            arrow_csv.ParseOptions(newlines_in_values=b'"' in content),
            arrow_csv.ConvertOptions(
                include_columns=wanted,
                column_types=dict.fromkeys(wanted, pa.string()),
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise
        return _arrow_columns(b"", header, wanted, skip=skip)
    return {name: _coded(table[name]) for name in wanted}


def _coded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """A column's trimmed texts by codes."""
    coded = column.combine_chunks().dictionary_encode()
    trimmed = pc.utf8_trim_whitespace(coded.dictionary)
    if trimmed.equals(coded.dictionary):
        return coded
    # Texts that differed in blanks alone are now one.
    again = trimmed.dictionary_encode()
    return pa.DictionaryArray.from_arrays(again.indices.take(coded.indices), again.dictionary)
