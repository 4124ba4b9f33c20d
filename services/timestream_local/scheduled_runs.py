"""One run of a scheduled query: query, write the records, and report what was rejected to S3."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

from services.timestream_local.errors import AwsError, ValidationException
from services.timestream_local.request_fields import mapped, optional
from services.timestream_local.scheduled.definition import MOST_FAILED, ScheduledQuery
from services.timestream_local.scheduled.mapping import Record, RowMapping
from services.timestream_local.state import EndpointState
from services.timestream_local.types import SECOND_NS, JsonValue
from services.timestream_local.value_texts import iso_text
from services.timestream_local.writing.record_batch import time_bounds
from services.timestream_local.writing.records import MOST_RECORDS, parse_records

log = logging.getLogger("bus_simulator.timestream")


@dataclass(slots=True)
class Outcome:
    """What a run did: rows of its result, records written, and the errors with their records."""

    rows: int = 0
    written: int = 0
    errors: list[JsonValue] = field(default_factory=list)


async def run(
    state: EndpointState, query: ScheduledQuery, invocation_s: float, *, manual: bool
) -> ScheduledQuery:
    """Run a scheduled query for an invocation time; return it with the run's summary."""
    begun, trigger_s = perf_counter(), state.query_instant() / SECOND_NS
    outcome, reason = Outcome(), None
    try:
        await _fill(state, query, invocation_s, outcome)
    except AwsError as error:
        reason = str(error)
    failed = reason is not None or bool(outcome.errors)
    summary: dict[str, JsonValue] = {
        "InvocationTime": invocation_s,
        "TriggerTime": trigger_s,
        "RunStatus": f"{'MANUAL' if manual else 'AUTO'}_TRIGGER_{'FAILURE' if failed else 'SUCCESS'}",
        "ExecutionStats": {
            "ExecutionTimeInMillis": round((perf_counter() - begun) * 1000),
            "DataWrites": 0,
            "BytesMetered": 0,
            "CumulativeBytesScanned": 0,
            "RecordsIngested": outcome.written,
            "QueryResultRows": outcome.rows,
        },
    }
    if outcome.errors:
        location = await asyncio.to_thread(_report, state, query, summary, outcome.errors, manual=manual)
        summary |= location
        reason = reason or "Some records were rejected"
    if reason is not None:
        summary["FailureReason"] = reason
    runs = (summary, *query.failed)[:MOST_FAILED] if failed else query.failed
    return replace(query, previous=invocation_s, last_run=summary, failed=runs)


async def _fill(state: EndpointState, query: ScheduledQuery, invocation_s: float, outcome: Outcome) -> None:
    sql, runtime = str(query.request["QueryString"]), round(invocation_s * 1e9)
    loop = asyncio.get_running_loop()
    result = await loop.run_in_executor(
        state.pool, lambda: state.queries.result(sql, state.query_instant, runtime)
    )
    outcome.rows = len(result.rows)
    if not query.target:
        return
    columns = {name: (n, kind) for n, (name, kind) in enumerate(result.columns)}
    mapping = RowMapping(columns, query.target, max(runtime // 1_000_000, 1))
    records = [record for row in result.rows for record in mapping.records(row)]
    for start in range(0, len(records), MOST_RECORDS):
        await _write(state, query, records[start : start + MOST_RECORDS], outcome)


async def _write(
    state: EndpointState, query: ScheduledQuery, records: Sequence[Record], outcome: Outcome
) -> None:
    names = str(query.target["DatabaseName"]), str(query.target["TableName"])
    table = state.catalog.table(*names)
    bounds = time_bounds(table, state.instant(table.database), future=state.now == "wall")
    batch = parse_records({"Records": list(records)}, bounds, table.required_dimensions)
    if batch.time:
        await asyncio.wrap_future(state.writer.write(names, batch))
    outcome.written += len(records) - len(batch.rejected)
    for index, why in sorted(batch.rejected.items()):
        outcome.errors.append({"reason": why.reason, "records": [records[index]]})


def _report(
    state: EndpointState,
    query: ScheduledQuery,
    summary: dict[str, JsonValue],
    errors: Sequence[JsonValue],
    *,
    manual: bool,
) -> dict[str, JsonValue]:
    """Write the error report; return where it lies, as a member of the run's summary."""
    place = mapped(mapped(query.request, "ErrorReportConfiguration"), "S3Configuration")
    bucket, prefix = str(place["BucketName"]), optional(place, "ObjectKeyPrefix", str) or ""
    times = [iso_text(round(float(str(summary[name])) * 1e9)) for name in ("InvocationTime", "TriggerTime")]
    way = "Manual" if manual else "Auto"
    parts = (prefix.strip("/"), query.arn.rpartition("/")[2], times[0], way, times[1])
    key = "/".join(part for part in parts if part)
    report = {"reportId": secrets.token_hex(16).upper(), "errors": errors}
    try:
        if state.objects is None:
            raise ValidationException("there is no S3: start the endpoint with --s3-endpoint")
        state.objects.put(bucket, key, json.dumps(report).encode())
    except AwsError as error:
        log.warning("error report of %s not written: %s", query.request["Name"], error)
        return {}
    return {"ErrorReportLocation": {"S3ReportLocation": {"BucketName": bucket, "ObjectKey": key}}}
