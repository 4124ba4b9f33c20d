"""An endpoint in the test's process, with its own file, and the records of `cases`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from services.timestream_local.operations import Operations
from services.timestream_local.options import EndpointOptions
from services.timestream_local.running.queries import LONGEST_QUERY_S
from services.timestream_local.running.result_pages import QueryBody
from services.timestream_local.server import DEFAULT_OPTIONS, opened
from services.timestream_local.state import EndpointState, Response
from services.timestream_local.types import JsonValue
from services.timestream_local.value_texts import instant_ns
from tests.services.timestream_local.cases import NAMES, NOW, SINGLE, STOPS

if TYPE_CHECKING:
    from types_boto3_timestream_query.type_defs import RowTypeDef
    from types_boto3_timestream_write.type_defs import RecordTypeDef

Record: TypeAlias = dict[str, JsonValue]
NOW_NS = instant_ns(NOW, zoned=True)
START_NS = instant_ns("2026-03-02T07:30:00Z", zoned=True)
KINDS = {"people": "BIGINT", "warmth": "DOUBLE", "busy": "BOOLEAN", "note": "VARCHAR", "name": "VARCHAR"}


class Local:
    """Calls the endpoint's operations directly. `now` is in nanoseconds since the epoch."""

    def __init__(self, state: EndpointState, now: int = NOW_NS) -> None:
        self.state = replace(state, wall=lambda: now)
        self.operations = Operations(self.state)

    async def call(self, name: str, **body: JsonValue) -> Response:
        """The response body of an operation."""
        return await self.operations.answer(name, body, "here:1")

    def query(self, sql: str, most: int | None = None) -> QueryBody:
        """The response body with a query's first page."""
        return self.state.queries.run(sql, self.state.query_instant, most)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """The rows of a query's first page as texts; NULL is None."""
        return [scalars(row) for row in self.query(sql)["Rows"]]


def scalars(row: RowTypeDef) -> tuple[object, ...]:
    """The values of a row of a response as texts; NULL is None."""
    return tuple(plain(datum) for datum in row["Data"])


def plain(datum: Mapping[str, Any]) -> str | None:
    """A value as text: an array as `[1, 2]`, a row as `(1, a)`, a time series as `[time: value]`."""
    ((kind, value),) = datum.items()
    if kind == "NullValue":
        return None
    if kind == "TimeSeriesValue":
        return f"[{', '.join(each['Time'] + ': ' + str(plain(each['Value'])) for each in value)}]"
    if kind == "ScalarValue":
        return str(value)
    listed = value["Data"] if kind == "RowValue" else value
    inner = ", ".join("NULL" if text is None else text for text in map(plain, listed))
    return f"({inner})" if kind == "RowValue" else f"[{inner}]"


@contextmanager
def local(
    folder: Path,
    now: int = NOW_NS,
    *,
    longest_query_s: float = LONGEST_QUERY_S,
    options: EndpointOptions = DEFAULT_OPTIONS,
) -> Iterator[Local]:
    """An endpoint without databases in the test's process."""
    file = folder / "timestream.duckdb"
    with opened(file, "wall", longest_query_s=longest_query_s, options=options) as state:
        yield Local(state, now)


def record(
    dimensions: Mapping[str, str], time_ns: int, measures: Sequence[tuple[str, str, str]], **more: JsonValue
) -> Record:
    """A MULTI record with further members; measures are (name, type, value)."""
    return {
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "MeasureName": "metrics",
        "MeasureValueType": "MULTI",
        "MeasureValues": [{"Name": n, "Type": kind, "Value": value} for n, kind, value in measures],
        "Time": str(time_ns),
        "TimeUnit": "NANOSECONDS",
        **more,
    }


def multi(
    dimensions: Mapping[str, str], time_ns: int, measures: Sequence[tuple[str, str, str]]
) -> RecordTypeDef:
    """A MULTI record for a boto3 client; measures are (name, type, value)."""
    return cast("RecordTypeDef", record(dimensions, time_ns, measures))


def records_of(table: str) -> list[Record]:
    """The records of a table that `cases` gives as text."""
    titles, *lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.strip().splitlines()]
    records: list[Record] = []
    for line in lines:
        row = dict(zip(titles, line, strict=True))
        measures = [(name, KINDS[name], row[name]) for name in titles[2:] if row[name]]
        records.append(record({"stop_id": row["stop_id"]}, instant_ns(row["time"], zoned=False), measures))
    return records


def single_records() -> list[Record]:
    """Records with a single measure."""
    return [
        {
            "Dimensions": [{"Name": "host", "Value": "h"}],
            "MeasureName": name,
            "MeasureValueType": kind,
            "MeasureValue": value,
            "Time": str(START_NS // 10**9 + 60 * place),
            "TimeUnit": "SECONDS",
        }
        for place, (name, kind, value) in enumerate(SINGLE)
    ]


async def fill(endpoint: Local) -> None:
    """Write the records of `cases`."""
    await endpoint.call("CreateDatabase", DatabaseName="city")
    tables = {"stops": records_of(STOPS), "names": records_of(NAMES), "single": single_records()}
    for name, records in tables.items():
        await endpoint.call("CreateTable", DatabaseName="city", TableName=name)
        await endpoint.call("WriteRecords", DatabaseName="city", TableName=name, Records=records)
