"""On which line of a CSV file a row begins: blank lines aren't rows, and a quoted value may span lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection


def lines_of_rows(content: bytes, rows: Collection[int]) -> dict[int, int]:
    """Return the line of each of some rows, both counted from 1; the first row is the header.

    A row that the file doesn't have is missing from the result.
    """
    text = io.StringIO(content.decode("utf-8-sig", errors="replace"), newline="")
    reader = csv.reader(line.replace("\0", "") for line in text)
    lines: dict[int, int] = {}
    begins, row = 1, 0
    try:
        for fields in reader:
            if fields:
                row += 1
                if row in rows:
                    lines[row] = begins
            if len(lines) == len(rows):
                break
            begins = reader.line_num + 1
    except csv.Error:
        pass  # a quote that never ends: rows after it have no line
    return lines
