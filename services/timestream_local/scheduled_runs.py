"""One run of a scheduled query: query, write the records, and report what was rejected to S3.

A run's records and its summary are committed together. So a run that the end of the endpoint interrupts is
made again from its beginning, and one that is finished never is.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from services.timestream_local import database
from services.timestream_local.errors import AwsError, ValidationException
from services.timestream_local.request_fields import mapped, optional
from services.timestream_local.scheduled.definition import ScheduledQuery
from services.timestream_local.scheduled.mapping import Record, RowMapping
from services.timestream_local.state import EndpointState
from services.timestream_local.types import SECOND_NS, JsonObject, JsonValue
from services.timestream_local.value_texts import iso_text
from services.timestream_local.writing.record_batch import Batch, time_bounds
from services.timestream_local.writing.records import MOST_RECORDS, parse_records
from services.timestream_local.writing.writer import Change

log = logging.getLogger("bus_simulator.timestream")


@dataclass(frozen=True, slots=True)
class Result:
    """What a run is about to write: its rows as records, and these parsed, 100 in a batch."""

    rows: int = 0
    records: Sequence[Record] = ()
    batches: Sequence[Batch] = ()

    @property
    def errors(self) -> list[JsonValue]:
        """The rejected records with the reasons, complete once they are written."""
        found: list[JsonValue] = []
        for number, batch in enumerate(self.batches):
            for index, why in sorted(batch.rejected.items()):
                found.append({"reason": why.reason, "records": [self.records[number * MOST_RECORDS + index]]})
        return found


@dataclass(frozen=True, slots=True)
class Invocation:
    """A run of a query: its times in seconds since the epoch, and whether it was asked for by a client."""

    arn: str
    at: float
    triggered: float
    manual: bool
    begun: float

    def summary(self, result: Result, reason: str | None) -> JsonObject:
        """The API's summary of the run. `reason` says why it failed as a whole."""
        errors = len(result.errors)
        found: dict[str, JsonValue] = {
            "InvocationTime": self.at,
            "TriggerTime": self.triggered,
            "RunStatus": f"{'MANUAL' if self.manual else 'AUTO'}_TRIGGER_"
            f"{'FAILURE' if errors or reason else 'SUCCESS'}",
            "ExecutionStats": {
                "ExecutionTimeInMillis": round((perf_counter() - self.begun) * 1000),
                "DataWrites": 0,
                "BytesMetered": 0,
                "CumulativeBytesScanned": 0,
                "RecordsIngested": 0 if reason else len(result.records) - errors,
                "QueryResultRows": result.rows,
            },
        }
        if errors or reason:
            found["FailureReason"] = reason or "Some records were rejected"
        return found


async def run(state: EndpointState, query: ScheduledQuery, invocation_s: float, *, manual: bool) -> None:
    """Run a scheduled query for an invocation time, and keep the run's summary.

    What goes wrong is in the summary. Nothing is kept if the query was deleted meanwhile.
    """
    triggered = state.query_instant() / SECOND_NS
    invocation = Invocation(query.arn, invocation_s, triggered, manual, perf_counter())
    result = Result()
    try:
        result = await _result(state, query, invocation_s)
        done = await _written(state, query, invocation, result)
    except Exception as error:  # other queries must go on; the summary gets the error
        if not isinstance(error, AwsError):
            log.error("run of %s failed", query.request["Name"], exc_info=error)
        reason = str(error) if isinstance(error, AwsError) else "An unexpected error occurred"
        failure = invocation.summary(result, reason)
        await change_query(state, query.arn, lambda kept: kept.after_run(failure, _previous(invocation)))
        return
    if done is not None and result.errors:
        await _report(state, done, invocation, result.errors)


def _target(query: ScheduledQuery) -> tuple[str, str]:
    return str(query.target.get("DatabaseName", "")), str(query.target.get("TableName", ""))


def _previous(invocation: Invocation) -> float | None:
    return None if invocation.manual else invocation.at


async def _result(state: EndpointState, query: ScheduledQuery, invocation_s: float) -> Result:
    sql, runtime = str(query.request["QueryString"]), round(invocation_s * SECOND_NS)
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(
        state.pool, lambda: state.queries.result(sql, state.query_instant, runtime)
    )
    if not query.target:
        return Result(len(found.rows))
    columns = {name: (n, kind) for n, (name, kind) in enumerate(found.columns)}
    # The version is the time of the run in microseconds, so that a later run replaces what this one writes.
    mapping = RowMapping(columns, query.target, max(state.wall() // 1000, 1))
    records = [record for row in found.rows for record in mapping.records(row)]
    table = state.catalog.table(*_target(query))
    bounds = time_bounds(table, state.instant(table.database), future=state.now == "wall")
    parts = [records[start : start + MOST_RECORDS] for start in range(0, len(records), MOST_RECORDS)]
    batches = [parse_records({"Records": part}, bounds, table.required_dimensions) for part in parts]
    return Result(len(found.rows), records, batches)


async def _written(
    state: EndpointState, query: ScheduledQuery, invocation: Invocation, result: Result
) -> ScheduledQuery | None:
    """Commit a run's records and its summary together; return the query with it, None if it was deleted."""

    def change(cursor: database.Cursor) -> ScheduledQuery | None:
        summary = invocation.summary(result, None)
        return _changed(state, query.arn, lambda q: q.after_run(summary, _previous(invocation)))(cursor)

    return await asyncio.wrap_future(
        state.writer.write_with(_target(query), result.batches, change, _keep_in(state))
    )


async def change_query(
    state: EndpointState, arn: str, change: Callable[[ScheduledQuery], ScheduledQuery]
) -> None:
    """Change a scheduled query as it is by then, unless it was deleted."""
    await state.change(_changed(state, arn, change), _keep_in(state))


def _changed(
    state: EndpointState, arn: str, change: Callable[[ScheduledQuery], ScheduledQuery]
) -> Change[ScheduledQuery | None]:
    """The change of a query in the file, in the thread that writes; None if the query was deleted."""

    def work(cursor: database.Cursor) -> ScheduledQuery | None:
        current = state.catalog.scheduled.get(arn)
        if current is None:
            return None
        changed = change(current)
        database.save_scheduled(cursor, changed)
        return changed

    return work


def _keep_in(state: EndpointState) -> Callable[[ScheduledQuery | None], None]:
    def keep(changed: ScheduledQuery | None) -> None:
        if changed is not None:
            state.catalog.scheduled[changed.arn] = changed

    return keep


async def _report(
    state: EndpointState, query: ScheduledQuery, invocation: Invocation, errors: Sequence[JsonValue]
) -> None:
    """Write the error report, and where it lies into the run's summary."""
    place = mapped(mapped(query.request, "ErrorReportConfiguration"), "S3Configuration")
    bucket, prefix = str(place["BucketName"]), optional(place, "ObjectKeyPrefix", str) or ""
    times = [iso_text(round(at * SECOND_NS)) for at in (invocation.at, invocation.triggered)]
    way = "Manual" if invocation.manual else "Auto"
    parts = (prefix.strip("/"), query.arn.rpartition("/")[2], times[0], way, times[1])
    key = "/".join(part for part in parts if part)
    report = json.dumps({"reportId": secrets.token_hex(16).upper(), "errors": errors}).encode()
    try:
        if state.objects is None:
            raise ValidationException("there is no S3: start the endpoint with --s3-endpoint")
        await asyncio.to_thread(state.objects.put, bucket, key, report)
    except AwsError as error:
        log.warning("error report of %s not written: %s", query.request["Name"], error)
        return
    old = query.last_run or {}
    new = {**old, "ErrorReportLocation": {"S3ReportLocation": {"BucketName": bucket, "ObjectKey": key}}}
    await change_query(state, query.arn, lambda kept: kept.with_summary(old, new))
