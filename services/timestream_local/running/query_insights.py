"""QueryInsights: how much of its tables a query covers.

The endpoint doesn't measure what a query reads: it reports the whole of each table, and the rows of the page.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import duckdb

from services.timestream_local.catalog import Table, table_arn
from services.timestream_local.running.result_pages import ResultPage


def query_insights(
    tables: Sequence[Table], page: ResultPage, connection: duckdb.DuckDBPyConnection
) -> dict[str, object]:
    """The member `QueryInsightsResponse` of a response."""
    insights: dict[str, object] = {
        "QueryTableCount": len(tables),
        "OutputRows": len(page.rows),
        "OutputBytes": len(json.dumps(page.rows)),
    }
    if not tables:
        return insights
    spans = {table_arn(table): _span_ns(table, connection) for table in tables}
    widest = max(spans, key=lambda arn: spans[arn])
    first = tables[0]
    partition = [str(key.get("Name", "measure_name")) for key in first.partition_key]
    spatial = {"Value": 1.0, "TableArn": table_arn(first), "PartitionKey": partition}
    insights["QuerySpatialCoverage"] = {"Max": spatial}
    insights["QueryTemporalRange"] = {"Max": {"Value": spans[widest], "TableArn": widest}}
    return insights


def _span_ns(table: Table, connection: duckdb.DuckDBPyConnection) -> int:
    """The time between the oldest and the newest record of a table."""
    with connection.cursor() as cursor:
        (span,) = cursor.execute(f"SELECT max(time) - min(time) FROM {table.physical_name}").fetchall()[0]
    return int(span or 0)
