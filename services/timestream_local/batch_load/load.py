"""Running a batch load task: its files from S3, row by row, into the table, and a report of what failed."""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from services.timestream_local.batch_load.csv_rows import CsvRow, csv_rows
from services.timestream_local.catalog import Catalog, Table
from services.timestream_local.database import save_load_task
from services.timestream_local.errors import AwsError, ValidationException
from services.timestream_local.request_fields import mapped, optional, required
from services.timestream_local.running.load_tasks import LoadTask, LoadTasks, Progress
from services.timestream_local.running.object_store import ObjectStore
from services.timestream_local.scheduled.mapping import Record, RowMapping
from services.timestream_local.types import JsonObject, JsonValue, Type
from services.timestream_local.value_texts import instant_ns
from services.timestream_local.writing.record_batch import TimeBounds
from services.timestream_local.writing.record_fields import UNITS_NS
from services.timestream_local.writing.records import MOST_RECORDS, parse_records
from services.timestream_local.writing.writer import Writer

log = logging.getLogger("bus_simulator.timestream")


class Stopped(Exception):
    """The endpoint ends."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where records go, and the times that the table accepts now."""

    catalog: Catalog
    writer: Writer
    bounds: Callable[[Table], TimeBounds]


@dataclass(slots=True)
class FileErrors:
    """What failed in a file: lines by reason."""

    name: str
    lines: dict[str, list[int]] = field(default_factory=dict)

    def add(self, reason: str, line: int) -> None:
        """Note a failed line."""
        self.lines.setdefault(reason, []).append(line)


def run_task(
    task: LoadTask, tasks: LoadTasks, objects: ObjectStore, to: Destination, now: Callable[[], float]
) -> None:
    """Run a task to its end. Errors end up in the task; a task that S3 or a write stopped can be resumed."""
    task.move("IN_PROGRESS", now())
    task.progress = Progress()
    _run(task, tasks, objects, to, now)
    try:
        document = task.document
        to.writer.change(lambda cursor: save_load_task(cursor, task.id, document), _nothing).result()
    except AwsError:
        log.exception("batch load %s ended, but its state can't be kept", task.id)


def _nothing(_done: None) -> None:
    """The tasks need no update after the commit."""


def _run(
    task: LoadTask, tasks: LoadTasks, objects: ObjectStore, to: Destination, now: Callable[[], float]
) -> None:
    loading = _Loading(task, tasks, objects, to)
    try:
        loading.load()
        loading.report()
    except ValidationException as error:
        task.move("FAILED", now(), str(error))
    except (AwsError, Stopped) as error:
        task.move("PROGRESS_STOPPED", now(), str(error) or "The endpoint ended")
    except Exception:
        log.exception("batch load %s failed", task.id)
        task.move("PROGRESS_STOPPED", now(), "An unexpected error occurred")
    else:
        failed = task.progress.rejected + task.progress.unreadable
        task.move("SUCCEEDED", now(), f"{failed} records failed; see the report" if failed else None)


class _Loading:
    """One run of a task."""

    def __init__(self, task: LoadTask, tasks: LoadTasks, objects: ObjectStore, to: Destination) -> None:
        self._task, self._tasks, self._objects, self._to = task, tasks, objects, to
        self._errors: list[FileErrors] = []

    def load(self) -> None:
        """Load all files."""
        source = mapped(self._task.request, "DataSourceConfiguration")
        place = mapped(source, "DataSourceS3Configuration")
        bucket, prefix = required(place, "BucketName", str), optional(place, "ObjectKeyPrefix", str) or ""
        keys = [key for key in self._objects.keys(bucket, prefix) if not key.endswith("/")]
        if not keys:
            raise ValidationException(f"s3://{bucket}/{prefix} has no files")
        for key in keys:
            content = self._objects.get(bucket, key)
            self._task.progress.bytes_read += len(content)
            self._file(FileErrors(key), content, mapped(source, "CsvConfiguration"))

    def _file(self, errors: FileErrors, content: bytes, configuration: JsonObject) -> None:
        self._errors.append(errors)
        names, rows = csv_rows(content, configuration)
        version = optional(self._task.request, "RecordVersion", int) or 1
        columns = {name: (place, Type.VARCHAR) for place, name in enumerate(names)}
        mapping = RowMapping(columns, self._task.model, version)
        waiting: list[tuple[int, Record]] = []
        try:
            for row in rows:
                self._task.progress.processed += 1
                try:
                    records = list(mapping.records(_timed(row, names, self._task.model)))
                except ValidationException as error:
                    self._unreadable(errors, str(error), row.line)
                    continue
                waiting += [(row.line, record) for record in records]
                if len(waiting) >= MOST_RECORDS:
                    self._write(errors, waiting)
                    waiting = []
        except csv.Error as error:
            raise ValidationException(f"{errors.name}: {error}") from None
        self._write(errors, waiting)

    def _unreadable(self, errors: FileErrors, reason: str, line: int) -> None:
        self._task.progress.unreadable += 1
        errors.add(reason, line)

    def _write(self, errors: FileErrors, lines: Sequence[tuple[int, Record]]) -> None:
        """Write records, at most `MOST_RECORDS` at once."""
        if self._tasks.stopping.is_set():
            raise Stopped
        for start in range(0, len(lines), MOST_RECORDS):
            self._write_some(errors, lines[start : start + MOST_RECORDS])

    def _write_some(self, errors: FileErrors, lines: Sequence[tuple[int, Record]]) -> None:
        request = self._task.request
        table = self._to.catalog.table(str(request["TargetDatabaseName"]), str(request["TargetTableName"]))
        body: JsonObject = {"Records": [record for _, record in lines]}
        try:
            batch = parse_records(body, self._to.bounds(table), table.required_dimensions)
        except ValidationException as error:
            if len(lines) > 1:  # one malformed record fails its request, but not a batch load
                for line in lines:
                    self._write_some(errors, [line])
                return
            self._unreadable(errors, str(error), lines[0][0])
            return
        if batch.time:
            self._to.writer.write((table.database, table.name), batch).result()
        for index, why in batch.rejected.items():
            errors.add(why.reason, lines[index][0])
        self._task.progress.rejected += len(batch.rejected)
        self._task.progress.ingested += len(lines) - len(batch.rejected)

    def report(self) -> None:
        """Write the report to S3, if a line failed."""
        place = mapped(mapped(self._task.request, "ReportConfiguration"), "ReportS3Configuration")
        found: list[JsonValue] = [
            {
                "fileName": each.name,
                "errors": [{"reason": why, "lines": lines} for why, lines in each.lines.items()],
            }
            for each in self._errors
            if each.lines
        ]
        if found:
            prefix = (optional(place, "ObjectKeyPrefix", str) or "").strip("/")
            key = "/".join(part for part in (prefix, self._task.id, "error-report.json") if part)
            report = {"taskId": self._task.id, "files": found}
            self._objects.put(required(place, "BucketName", str), key, json.dumps(report).encode())


def _timed(row: CsvRow, names: Sequence[str], model: JsonObject) -> Sequence[str | int | None]:
    """The cells of a row with its time in nanoseconds. Raises `ValidationException` for a wrong row."""
    if len(row.cells) != len(names):
        raise ValidationException(f"The line has {len(row.cells)} cells, not {len(names)} as the first line")
    column = required(model, "TimeColumn", str)
    if column not in names:
        raise ValidationException(f"The file has no column {column}")
    place = names.index(column)
    text = (row.cells[place] or "").strip()
    try:
        unit = UNITS_NS[optional(model, "TimeUnit", str) or "MILLISECONDS"]
        time = int(text) * unit if text.isdigit() else instant_ns(text, zoned=True)
    except ValueError:
        raise ValidationException(f"The time '{text[:64]}' can't be read") from None
    return [*row.cells[:place], time, *row.cells[place + 1 :]]
