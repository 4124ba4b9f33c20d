"""Query results in the API's format: the columns with their types, and pages of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NotRequired, TypeAlias, TypedDict, cast

from services.timestream_local.types import (
    ArrayType,
    Kind,
    RowType,
    Scalar,
    Stored,
    TimeSeriesType,
    Type,
)
from services.timestream_local.value_texts import TEXTS, timestamp_text

if TYPE_CHECKING:
    from types_boto3_timestream_query.type_defs import (
        ColumnInfoTypeDef,
        DatumTypeDef,
        QueryStatusTypeDef,
        RowTypeDef,
        TimeSeriesDataPointTypeDef,
    )

TypeInfo: TypeAlias = dict[str, object]
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
    QueryInsightsResponse: NotRequired[dict[str, object]]


@dataclass(slots=True)
class ResultPage:
    """The rows of one page in the API's format, and whether another page follows."""

    rows: list[RowTypeDef] = field(default_factory=list)
    more: bool = False


def column_info(columns: Sequence[tuple[str, Kind]]) -> list[ColumnInfoTypeDef]:
    """The `ColumnInfo` of columns."""
    return [{"Name": name, "Type": type_info(kind)} for name, kind in columns]


def type_info(kind: Kind) -> TypeInfo:
    """A type in the API's format."""
    if isinstance(kind, ArrayType):
        return {"ArrayColumnInfo": {"Type": type_info(kind.element)}}
    if isinstance(kind, TimeSeriesType):
        return {"TimeSeriesMeasureValueColumnInfo": {"Type": type_info(kind.value)}}
    if isinstance(kind, RowType):
        named: list[TypeInfo] = [{"Name": each.name} if each.name else {} for each in kind.fields]
        fields = zip(named, kind.fields, strict=True)
        return {"RowColumnInfo": [{**name, "Type": type_info(each.type)} for name, each in fields]}
    return {"ScalarType": kind.value}


Writer: TypeAlias = "Callable[[Any], tuple[DatumTypeDef, int]]"
"""Writes a value of DuckDB as a Datum, and tells how many characters of data that is."""


def writer_of(kind: Kind) -> Writer:
    """The function that writes values of a type."""
    if isinstance(kind, Type):
        return _scalar_writer(TEXTS[kind])
    if isinstance(kind, RowType):
        return _row_writer([writer_of(each.type) for each in kind.fields])
    if isinstance(kind, TimeSeriesType):
        return _series_writer(writer_of(kind.value))
    return _array_writer(writer_of(kind.element))


def _scalar_writer(text: Callable[..., str]) -> Writer:
    def write(value: Scalar | None) -> tuple[DatumTypeDef, int]:
        if value is None:
            return NULL, 0
        written = text(value)
        return {"ScalarValue": written}, len(written) + 20

    return write


def _row_writer(fields: Sequence[Writer]) -> Writer:
    def write(value: Mapping[str, Stored] | None) -> tuple[DatumTypeDef, int]:
        if value is None:
            return NULL, 0
        data, size = _written(fields, list(value.values()))
        return {"RowValue": {"Data": data}}, size + 30

    return write


def _array_writer(element: Writer) -> Writer:
    def write(value: Sequence[Stored] | None) -> tuple[DatumTypeDef, int]:
        if value is None:
            return NULL, 0
        data, size = _written([element] * len(value), value)
        return {"ArrayValue": cast("list[dict[str, Any]]", data)}, size + 20

    return write


def _series_writer(value_writer: Writer) -> Writer:
    def write(points: Sequence[Mapping[str, Stored]] | None) -> tuple[DatumTypeDef, int]:
        if points is None:
            return NULL, 0
        written = [value_writer(point["f2"]) for point in points]
        times = [timestamp_text(int(str(point["f1"]))) for point in points]
        series: list[TimeSeriesDataPointTypeDef] = [
            {"Time": time, "Value": cast("dict[str, Any]", datum)}
            for time, (datum, _) in zip(times, written, strict=True)
        ]
        return {"TimeSeriesValue": series}, sum(size + 60 for _, size in written) + 20

    return write


def _written(writers: Sequence[Writer], values: Sequence[Stored]) -> tuple[list[DatumTypeDef], int]:
    """Values as Data, and how many characters that is."""
    both = [write(value) for write, value in zip(writers, values, strict=True)]
    return [datum for datum, _ in both], sum(size for _, size in both)


class Pager:
    """Divides the rows of a result into pages. `rows` are DuckDB's values, `kinds` the types of columns."""

    def __init__(self, rows: Iterator[Sequence[Stored]], kinds: Sequence[Kind]) -> None:
        self._rows, self._writers = rows, [writer_of(kind) for kind in kinds]
        # The next row is read ahead, to know whether another page follows.
        self._ahead = next(rows, None)

    def page(self, most_rows: int | None) -> ResultPage:
        """The next page, of at most `most_rows` rows and little more than `LARGEST_PAGE` characters."""
        page, size = ResultPage(), 0
        while self._ahead is not None and size < LARGEST_PAGE:
            if most_rows is not None and len(page.rows) == most_rows:
                break
            data, written = _written(self._writers, self._ahead)
            page.rows.append({"Data": data})
            size += written
            self._ahead = next(self._rows, None)
        page.more = self._ahead is not None
        return page
