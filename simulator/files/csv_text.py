"""The text of a CSV file: its encoding, its records with their lines, and rows of uneven length."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

LONGEST_LINE = 100_000
"""Bytes; a row of a timetable has about a hundred."""
SAMPLE = 4096
"""Bytes from the start of a file that show whether it is UTF-16 without a mark."""

Record = tuple[int, list[str]]
"""The line on which a record begins, from 1, and its fields."""


class UnclosedQuote(ValueError):
    """A record that never ends: `line` is where it begins."""

    def __init__(self, line: int) -> None:
        super().__init__("has a quote that isn't closed: close it")
        self.line = line


class Decoded(NamedTuple):
    """A file's text as UTF-8 without a mark; where it wasn't, what is wrong, the first line, the mend."""

    content: bytes
    was: str = ""
    line: int = 1
    done: str = "it is read as such"


def decoded(content: bytes) -> Decoded:
    """The text of a file in UTF-8, UTF-16 (with or without a mark) or Latin-1 (as Windows writes it).

    Some wrong bytes in a text that has right UTF-8 characters become U+FFFD; NUL characters are removed.
    """
    found = _decoded(content.removeprefix(codecs.BOM_UTF8))
    if b"\0" not in found.content:
        return found
    line = line_at(found.content, found.content.index(b"\0"))
    content = found.content.replace(b"\0", b"")
    return Decoded(content, "has NUL characters", line, "they are left out")


def _decoded(content: bytes) -> Decoded:
    encoding = _utf_16(content)
    if encoding:
        text = content.decode(encoding, "replace").removeprefix("\ufeff")
        return Decoded(text.encode("utf-8", "replace"), "is UTF-16 text, not UTF-8")
    try:
        if not content.isascii():
            content.decode()
    except UnicodeDecodeError as error:
        text = content.decode("utf-8", "replace")
        line = line_at(content, error.start)
        wrong = text.count("\ufffd")
        if len(re.findall(r"[^\x00-\x7f\ufffd]", text)) >= wrong:
            was = f"has {wrong:,} characters that aren't UTF-8"
            return Decoded(text.encode(), was, line, "they are read as \ufffd")
        return Decoded(content.decode("cp1252", "replace").encode(), "is Latin-1 text, not UTF-8", line)
    return Decoded(content)


def _utf_16(content: bytes) -> str:
    """The UTF-16 encoding of a text, by its mark or by the zeros between Latin letters; "" for none."""
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        zeros = content[1:SAMPLE:2] if name == "utf-16-le" else content[:SAMPLE:2]
        if content.startswith(mark) or (len(zeros) > 2 and zeros.count(0) > 0.6 * len(zeros)):
            return name
    return ""


def line_at(content: bytes, at: int) -> int:
    """The line of a byte, from 1, by whichever line ends the file has."""
    before = content[:at]
    return before.count(b"\n") + before.replace(b"\r\n", b"").count(b"\r") + 1


def overlong_line(content: bytes) -> int:
    """The number of the first line (from 1) that has over `LONGEST_LINE` bytes, else 0."""
    end = b"\n" if b"\n" in content else b"\r"
    if not _is_overlong(content, end):
        return 0
    ends = np.flatnonzero(np.frombuffer(content, np.uint8) == end[0])
    lengths = np.diff(ends, prepend=-1, append=len(content))
    long = np.flatnonzero(lengths > LONGEST_LINE)
    for index in long.tolist():
        start = 0 if index == 0 else int(ends[index - 1]) + 1
        # With mixed line ends a long stretch between line feeds may be many lines.
        if max(map(len, content[start : start + int(lengths[index])].split(b"\r"))) > LONGEST_LINE:
            return line_at(content, start)
    return 0


def _is_overlong(content: bytes, end: bytes) -> bool:
    """Whether any `LONGEST_LINE` bytes have no line end among them."""
    start = 0
    while len(content) - start >= LONGEST_LINE:
        last = content.rfind(end, start, start + LONGEST_LINE)
        if last < 0:
            return True
        start = last + 1
    return False


def header_of(content: bytes) -> list[str]:
    """The trimmed names of a file's columns, without empty ones at the end; [] for none.

    UnclosedQuote if the line has a quote that isn't closed.
    """
    first = content[: 2 * LONGEST_LINE].decode("utf-8", "ignore")
    try:
        rows = csv.reader(io.StringIO(first, newline=""))
        header = next(([name.strip() for name in row] for row in rows if _has_text(row)), [])
    except csv.Error as error:
        raise UnclosedQuote(1) from error
    while header and not header[-1]:
        header.pop()
    return header


def _has_text(row: list[str]) -> bool:
    return any(map(str.strip, row))


def records(content: bytes) -> Iterator[Record]:
    """Each record after the header; empty lines are skipped. UnclosedQuote where a record never ends."""
    reader, line, header = csv.reader(io.StringIO(content.decode(), newline="")), 1, True
    try:
        for row in reader:
            if row and not header:
                yield line, row
            header = header and not _has_text(row)
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnclosedQuote(line) from error


@dataclass(slots=True)
class Evened:
    """Records with as many fields as the header, as CSV without it, and each one's line.

    Blank records and empty fields at the end are dropped, missing ones are added (`short`: the lines of those
    records), and records with too many fields are left out (`long`: line and number of fields).
    """

    content: bytes = b""
    lines: list[int] = field(default_factory=list)
    short: list[int] = field(default_factory=list)
    long: list[tuple[int, int]] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)
    """The number of fields by line, of the records in `short`."""


def evened(content: bytes, width: int) -> Evened:
    """The records of a file, each made `width` fields wide. UnclosedQuote where a record never ends."""
    made, out = Evened(), io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for line, row in records(content):
        if not _has_text(row):
            continue
        while len(row) > width and not row[-1].strip():
            row.pop()
        if len(row) > width:
            made.long.append((line, len(row)))
            continue
        if len(row) < width:
            made.short.append(line)
            made.counts[line] = len(row)
            row += [""] * (width - len(row))
        writer.writerow(row)
        made.lines.append(line)
    made.content = out.getvalue().encode()
    return made


def refuse_unclosed(content: bytes) -> None:
    """UnclosedQuote for a text with an odd number of quotes, at the first record of several lines."""
    if content.count(b'"') % 2 == 0:
        return
    starts, last = 1, 1
    for line, row in records(content):
        if any("\n" in text or "\r" in text for text in row):
            raise UnclosedQuote(line)
        starts, last = last, line
    raise UnclosedQuote(max(starts, last))
