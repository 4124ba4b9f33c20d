"""The formats of times in SQL functions, MySQL's and Joda's, as those of DuckDB."""

from __future__ import annotations

import re
from typing import NamedTuple

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.functions.signatures import literal_of
from services.timestream_local.sql.typed_sql import Typed, text_sql

MYSQL = {
    **{letter: f"%{letter}" for letter in "abdHIjmpSYy%"},
    "c": "%-m",
    "e": "%-d",
    "f": "%f",
    "h": "%I",
    "i": "%M",
    "k": "%-H",
    "l": "%-I",
    "M": "%B",
    "r": "%I:%M:%S %p",
    "s": "%S",
    "T": "%H:%M:%S",
    "v": "%V",
    "x": "%G",
    "W": "%A",
}
"""The letters after % in MySQL's formats, which Trino's date_format and date_parse take, as DuckDB's."""


def mysql_format(name: str, argument: Typed) -> str:
    """The format that is the literal `argument` of a function, in DuckDB's letters."""
    written, parts = literal_of(name, argument), []
    letters = iter(written)
    for letter in letters:
        if letter != "%":
            parts.append(letter)
            continue
        letter = next(letters, "")
        if letter not in MYSQL:
            raise ValidationException(f"{name}: %{letter} is not supported in a format")
        parts.append(MYSQL[letter])
    return "".join(parts)


_LETTERS = re.compile("%-?(.)")
_OF_YEAR, _OF_DAY = frozenset("YyG"), frozenset("mbBdjV")


def parsed(text: str, pattern: str, *, from_1970: bool = False) -> str:
    """The SQL of the time in a text, by a format in DuckDB's letters.

    A format without a year means 1970, or 2000 if it has a month or day, as Joda's parser has it, which Trino
    uses; DuckDB means 1900. A year of two digits is from 1969 to 2068, or `from_1970` to 2069.
    """
    letters = set(_LETTERS.findall(pattern))
    if letters.isdisjoint(_OF_YEAR):
        text = f"'{1970 if letters.isdisjoint(_OF_DAY) else 2000} ' || {text}"
        pattern = f"%Y {pattern}"
    found = f"strptime({text}, {text_sql(pattern)})"
    if from_1970 and "y" in letters:
        return f"({found} + to_years(CASE WHEN year({found}) < 1970 THEN 100 ELSE 0 END))"
    return found


class JodaFormat(NamedTuple):
    """A format of Joda's for writing and for reading a time, and whether a text of it ends with a zone.

    `read` is None if a zone is anywhere else in it.
    """

    written: str
    read: str | None
    zoned: bool


ZONE_AT_END = r"\s*([+-][0-9]{2}:?[0-9]{2}|[A-Za-z][A-Za-z0-9_/+-]*)\s*$"
_PIECE = re.compile(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|[^A-Za-z']+")
_ONE_OR_TWO = {"d": "d", "H": "H", "h": "I", "m": "M", "s": "S"}
_MONTHS = ("%-m", "%m", "%b", "%B")
_FRACTIONS = {3: "%g", 6: "%f", 9: "%n"}
_ZONES = {"z": "UTC", "Z": "+0000", "ZZ": "+00:00", "ZZZ": "UTC"}


def joda_format(name: str, argument: Typed) -> JodaFormat:
    """The format that is the literal `argument` of a function."""
    pieces = list(_PIECE.finditer(literal_of(name, argument)))
    zones = [place for place, piece in enumerate(pieces) if piece[2] in _ZONES]
    written = []
    for piece in pieces:
        run = piece[2]
        if run in _ZONES:
            written.append(_ZONES[run])
        elif run:
            written.append(_joda_letters(name, run))
        else:
            plain = "'" if piece[0] == "''" else (piece[1] or piece[0]).replace("''", "'")
            written.append(plain.replace("%", "%%"))
    whole = "".join(written)
    if zones and zones != [len(pieces) - 1]:
        return JodaFormat(whole, None, zoned=True)
    return JodaFormat(whole, "".join(written[:-1]).rstrip() if zones else whole, bool(zones))


def _joda_letters(name: str, run: str) -> str:
    letter, count = run[0], len(run)
    if letter in "yYu":
        return "%y" if count == 2 else "%Y"
    if letter in "ML":
        return _MONTHS[min(count, 4) - 1]
    if letter in _ONE_OR_TWO and count <= 2:
        return f"%{'-' if count == 1 else ''}{_ONE_OR_TWO[letter]}"
    if letter == "S" and count in _FRACTIONS:
        return _FRACTIONS[count]
    found = {"a": "%p", "E": "%A" if count > 3 else "%a", "D": "%j" if count == 3 else "%-j"}.get(letter)
    if found is None:
        raise ValidationException(f"{name}: {run} is not supported in a format")
    return found
