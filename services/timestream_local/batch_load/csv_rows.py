"""The rows of a CSV file as a batch load reads it, with the numbers of their lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.timestream_local.errors import ValidationException
from services.timestream_local.request_fields import optional
from services.timestream_local.types import JsonObject


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A row: the number of its first line, its cells by column (None for NULL)."""

    line: int
    cells: Sequence[str | None]


def csv_rows(content: bytes, configuration: JsonObject) -> tuple[Sequence[str], Iterator[CsvRow]]:
    """The names in the header of a CSV file, and its rows. Raises `ValidationException` without a header."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationException(f"The file isn't UTF-8: {error.reason} at byte {error.start}") from None
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=optional(configuration, "ColumnSeparator", str) or ",",
        quotechar=optional(configuration, "QuoteChar", str) or '"',
        escapechar=optional(configuration, "EscapeChar", str) or "\\",
    )
    null = optional(configuration, "NullValue", str) or ""
    trim = optional(configuration, "TrimWhiteSpace", bool) or False
    names = next(reader, None)
    if not names:
        raise ValidationException("The file is empty: its first line must name the columns")

    def rows() -> Iterator[CsvRow]:
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                texts = [cell.strip() if trim else cell for cell in cells]
                yield CsvRow(line, [None if text in ("", null) else text for text in texts])
            line = reader.line_num + 1

    return [name.strip() for name in names], rows()
