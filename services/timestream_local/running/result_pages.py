"""Query results in the API's format: the columns with their types, and pages of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NotRequired, TypedDict

from services.timestream_local.types import TEXTS, Scalar, Type

if TYPE_CHECKING:
    from types_boto3_timestream_query.type_defs import (
        ColumnInfoTypeDef,
        DatumTypeDef,
        QueryStatusTypeDef,
        RowTypeDef,
    )

LARGEST_PAGE = 1_000_000
"""The most characters of data on a page, about the API's limit of 1 MB."""
NULL: DatumTypeDef = {"NullValue": True}
LISTED_DIMENSIONS: dict[str, object] = {
    "ArrayColumnInfo": {
        "Type": {
            "RowColumnInfo": [
                {"Name": "dimension_name", "Type": {"ScalarType": "VARCHAR"}},
                {"Name": "data_type", "Type": {"ScalarType": "VARCHAR"}},
            ]
        }
    }
}


class QueryBody(TypedDict):
    """The response body of Query, with the token of the next page if there is one."""

    QueryId: str
    Rows: list[RowTypeDef]
    ColumnInfo: list[ColumnInfoTypeDef]
    QueryStatus: QueryStatusTypeDef
    NextToken: NotRequired[str]


@dataclass(slots=True)
class ResultPage:
    """The rows of one page in the API's format, and whether another page follows."""

    rows: list[RowTypeDef] = field(default_factory=list)
    more: bool = False


def column_info(columns: Sequence[tuple[str, Type]]) -> list[ColumnInfoTypeDef]:
    """The `ColumnInfo` of scalar columns."""
    return [{"Name": name, "Type": {"ScalarType": kind.value}} for name, kind in columns]


class Pager:
    """Divides the rows of a result into pages. `rows` are DuckDB's values, `kinds` the types of columns."""

    def __init__(self, rows: Iterator[Sequence[Scalar]], kinds: Sequence[Type]) -> None:
        self._rows, self._texts = rows, [TEXTS[kind] for kind in kinds]
        # The next row is read ahead, to know whether another page follows.
        self._ahead = next(rows, None)

    def page(self, most_rows: int | None) -> ResultPage:
        """The next page, of at most `most_rows` rows and little more than `LARGEST_PAGE` characters."""
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

    def _written(self, values: Sequence[Scalar]) -> tuple[RowTypeDef, int]:
        data: list[DatumTypeDef] = []
        size = 0
        for value, text in zip(values, self._texts, strict=True):
            if value is None:
                data.append(NULL)
                continue
            written = text(value)
            size += len(written) + 20
            data.append({"ScalarValue": written})
        return {"Data": data}, size
