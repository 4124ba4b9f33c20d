"""Batch load tasks, their documents in the file, and their bodies in the API's format."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from typing import Any

from services.timestream_local.types import JsonObject, JsonValue

RESUMABLE_S = 24 * 3600.0
"""How long after its creation a stopped task can be resumed."""
ENDED = ("SUCCEEDED", "FAILED", "PROGRESS_STOPPED")
STATUSES = ("CREATED", "IN_PROGRESS", *ENDED, "PENDING_RESUME")


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

    @classmethod
    def of(cls, document: dict[str, Any], now: float) -> LoadTask:
        """The task of a document. One that was running when the endpoint ended is stopped."""
        task = cls(**document | {"progress": Progress(**document["progress"])})
        if task.status not in ENDED:
            task.move("PROGRESS_STOPPED", now, "The endpoint ended while the task ran")
        return task

    @property
    def document(self) -> JsonObject:
        """The task as it is kept in the file."""
        return asdict(self)

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

    def __init__(self, known: Iterable[LoadTask] = ()) -> None:
        self.by_id: dict[str, LoadTask] = {}
        self.by_token: dict[str, LoadTask] = {}
        for task in known:
            self.add(task)
        self.runs: dict[str, Future[None]] = {}
        self.stopping = threading.Event()

    def add(self, task: LoadTask) -> None:
        """Add a task."""
        self.by_id[task.id] = task
        token = task.request.get("ClientToken")
        if isinstance(token, str):
            self.by_token[token] = task
