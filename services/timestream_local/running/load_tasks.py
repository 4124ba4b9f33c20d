"""Batch load tasks, which are kept as long as the endpoint runs, and their bodies in the API's format."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field

from services.timestream_local.types import JsonObject, JsonValue

RESUMABLE_S = 24 * 3600.0
"""How long after its creation a stopped task can be resumed."""


@dataclass(slots=True)
class Progress:
    """What a task has done so far."""

    processed: int = 0
    ingested: int = 0
    unreadable: int = 0
    rejected: int = 0
    bytes_read: int = 0

    @property
    def body(self) -> dict[str, JsonValue]:
        """The API's BatchLoadProgressReport."""
        return {
            "RecordsProcessed": self.processed,
            "RecordsIngested": self.ingested,
            "ParseFailures": self.unreadable,
            "RecordIngestionFailures": self.rejected,
            "FileFailures": 0,
            "BytesMetered": self.bytes_read,
        }


@dataclass(slots=True)
class LoadTask:
    """A task: its request, its model, its state, and times in seconds since the epoch."""

    request: JsonObject
    model: JsonObject
    created: float
    updated: float
    id: str = field(default_factory=lambda: secrets.token_hex(16).upper())
    status: str = "CREATED"
    error: str | None = None
    progress: Progress = field(default_factory=Progress)

    def move(self, status: str, now: float, error: str | None = None) -> None:
        """Give the task another state."""
        self.status, self.error, self.updated = status, error, now

    @property
    def summary(self) -> dict[str, JsonValue]:
        """The task in a list."""
        found: dict[str, JsonValue] = {
            "TaskId": self.id,
            "TaskStatus": self.status,
            "DatabaseName": self.request["TargetDatabaseName"],
            "TableName": self.request["TargetTableName"],
            "CreationTime": self.created,
            "LastUpdatedTime": self.updated,
        }
        if self.status == "PROGRESS_STOPPED":
            found["ResumableUntil"] = self.created + RESUMABLE_S
        return found

    @property
    def description(self) -> dict[str, JsonValue]:
        """The task with its request and progress."""
        found = self.summary
        found["TargetDatabaseName"], found["TargetTableName"] = (
            found.pop("DatabaseName"),
            found.pop("TableName"),
        )
        for name in (
            "DataSourceConfiguration",
            "ReportConfiguration",
            "DataModelConfiguration",
            "RecordVersion",
        ):
            if name in self.request:
                found[name] = self.request[name]
        if self.error is not None:
            found["ErrorMessage"] = self.error[:2048]
        return found | {"ProgressReport": self.progress.body}


class LoadTasks:
    """All tasks by id, and their last runs. `stopping` is set when the endpoint ends."""

    def __init__(self) -> None:
        self.by_id: dict[str, LoadTask] = {}
        self.by_token: dict[str, LoadTask] = {}
        self.runs: dict[str, Future[None]] = {}
        self.stopping = threading.Event()
