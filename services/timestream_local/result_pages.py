"""Query results in the shape of the API: typed columns, and rows of data in pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from services.timestream_local.types import TEXTS, Type

Datum: TypeAlias = dict[str, Any]
LARGEST_PAGE = 1_000_000
"""Characters of data on a page, about the API's limit of 1 MB."""
NOTHING: Datum = {"NullValue": True}
LISTED_DIMENSIONS = {
    "ArrayColumnInfo": {
        "Type": {
            "RowColumnInfo": [
                {"Name": "dimension_name", "Type": {"ScalarType": "VARCHAR"}},
                {"Name": "data_type", "Type": {"ScalarType": "VARCHAR"}},
            ]
        }
    }
}


@dataclass(slots=True)
class ResultPage:
    """The rows of one page in the shape of the API, and whether more follow."""

    rows: list[dict[str, list[Datum]]] = field(default_factory=list)
    more: bool = False


def column_info(columns: Sequence[tuple[str, Type]]) -> list[dict[str, Any]]:
    """`ColumnInfo` of scalar columns."""
    return [{"Name": name, "Type": {"ScalarType": kind.value}} for name, kind in columns]


class Pager:
    """Cuts rows into pages. `rows` are values as DuckDB gives them."""

    def __init__(self, rows: Iterator[tuple[Any, ...]], kinds: Sequence[Type]) -> None:
        self._rows, self._texts = rows, [TEXTS[kind] for kind in kinds]
        self._ahead: tuple[Any, ...] | None = next(rows, None)

    def page(self, most_rows: int | None) -> ResultPage:
        """The next page: at most so many rows, and not much more than `LARGEST_PAGE`."""
        page, size = ResultPage(), 0
        while self._ahead is not None and size < LARGEST_PAGE:
            if most_rows is not None and len(page.rows) == most_rows:
                break
            row, written = self._written(self._ahead)
            page.rows.append(row)
            size += written
            self._ahead = next(self._rows, None)
        page.more = self._ahead is not None
        return page

    def _written(self, values: tuple[Any, ...]) -> tuple[dict[str, list[Datum]], int]:
        data, size = [], 0
        for value, text in zip(values, self._texts, strict=True):
            if value is None:
                data.append(NOTHING)
                continue
            written = text(value)
            size += len(written) + 20
            data.append({"ScalarValue": written})
        return {"Data": data}, size
