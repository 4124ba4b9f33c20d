"""The operations on batch load tasks."""

from __future__ import annotations

import json

from services.timestream_local import database
from services.timestream_local.batch_load.load import Destination, run_task
from services.timestream_local.catalog import Table
from services.timestream_local.errors import ResourceNotFoundException, ValidationException
from services.timestream_local.list_pagination import page, with_token
from services.timestream_local.request_fields import listed, mapped, optional, required
from services.timestream_local.running.client_tokens import is_repeated
from services.timestream_local.running.load_tasks import RESUMABLE_S, STATUSES, LoadTask
from services.timestream_local.running.object_store import ObjectStore
from services.timestream_local.state import Body, EndpointState, Response
from services.timestream_local.types import JsonObject
from services.timestream_local.writing.record_batch import TimeBounds, time_bounds
from services.timestream_local.writing.record_fields import UNITS_NS, not_one_of

MOST_LISTED = 100


class BatchLoadOperations:
    """The operations that create, describe, list and resume batch load tasks."""

    def __init__(self, state: EndpointState) -> None:
        self._state = state

    async def create(self, body: Body, _address: str) -> Response:
        """Create a task, which begins at once."""
        objects, tasks, now = self._objects(), self._state.loads, self._state.seconds()
        token = optional(body, "ClientToken", str)
        known = tasks.by_token.get(token) if token else None
        if known is not None and is_repeated(body, known.request):
            return {"TaskId": known.id}
        names = required(body, "TargetDatabaseName", str), required(body, "TargetTableName", str)
        self._state.catalog.table(*names)
        source = required(body, "DataSourceConfiguration", dict)
        if required(source, "DataFormat", str) != "CSV":
            raise ValidationException("DataFormat must be CSV")
        required(required(source, "DataSourceS3Configuration", dict), "BucketName", str)
        report = required(required(body, "ReportConfiguration", dict), "ReportS3Configuration", dict)
        required(report, "BucketName", str)
        task = LoadTask(dict(body), _model(body, objects), now, now)
        await self._keep(task)
        self._begin(task, objects)
        return {"TaskId": task.id}

    async def _keep(self, task: LoadTask) -> None:
        document = task.document
        await self._state.change(
            lambda cursor: database.save_load_task(cursor, task.id, document),
            lambda _done: self._state.loads.add(task),
        )

    async def describe(self, body: Body, _address: str) -> Response:
        """Describe a task."""
        return {"BatchLoadTaskDescription": self._named(body).description}

    async def list_all(self, body: Body, _address: str) -> Response:
        """List tasks in pages, the newest first; all, or those of a state."""
        status = optional(body, "TaskStatus", str)
        if status is not None and status not in STATUSES:
            raise not_one_of("taskStatus", status, STATUSES)
        tasks = [each for each in self._state.loads.by_id.values() if status in (None, each.status)]
        tasks.sort(key=lambda task: task.created, reverse=True)
        named = [((f"{place:09d}",), task) for place, task in enumerate(tasks)]
        found, token = page(body, named, most_listed=MOST_LISTED)
        return with_token({"BatchLoadTasks": [task.summary for task in found]}, token)

    async def resume(self, body: Body, _address: str) -> Response:
        """Run a stopped task again: records that it has written before are the same, and stay."""
        task, now = self._named(body), self._state.seconds()
        if task.status != "PROGRESS_STOPPED" or now > task.created + RESUMABLE_S:
            raise ValidationException(f"The task {task.id} can't be resumed: it is {task.status}")
        objects = self._objects()
        task.move("PENDING_RESUME", now)
        await self._keep(task)
        self._begin(task, objects)
        return {}

    def _begin(self, task: LoadTask, objects: ObjectStore) -> None:
        state = self._state

        def bounds(table: Table) -> TimeBounds:
            return time_bounds(table, state.instant(table.database), future=state.now == "wall")

        to = Destination(state.catalog, state.writer, bounds)
        state.loads.runs[task.id] = state.pool.submit(run_task, task, state.loads, objects, to, state.seconds)

    def _objects(self) -> ObjectStore:
        if self._state.objects is None:
            raise ValidationException("Batch loads need an S3: start the endpoint with --s3-endpoint")
        return self._state.objects

    def _named(self, body: Body) -> LoadTask:
        name = required(body, "TaskId", str)
        found = self._state.loads.by_id.get(name)
        if found is None:
            raise ResourceNotFoundException(f"The batch load task {name[:64]} does not exist.")
        return found


def _model(body: Body, objects: ObjectStore) -> JsonObject:
    """The data model of a request, or of the object in S3 that it names."""
    configuration = mapped(body, "DataModelConfiguration")
    model, place = (
        optional(configuration, "DataModel", dict),
        mapped(configuration, "DataModelS3Configuration"),
    )
    if (model is None) == (not place):
        raise ValidationException("DataModelConfiguration needs DataModel or DataModelS3Configuration")
    if model is None:
        content = objects.get(required(place, "BucketName", str), required(place, "ObjectKey", str))
        try:
            model = json.loads(content)
        except ValueError:
            raise ValidationException("The data model in S3 is not JSON") from None
        if not isinstance(model, dict):
            raise ValidationException("The data model in S3 is not a JSON object")
    required(model, "TimeColumn", str)
    if (optional(model, "TimeUnit", str) or "MILLISECONDS") not in UNITS_NS:
        raise ValidationException(f"TimeUnit must be one of {', '.join(UNITS_NS)}")
    if not listed(model, "DimensionMappings"):
        raise ValidationException("The data model needs DimensionMappings")
    if not mapped(model, "MultiMeasureMappings") and not listed(model, "MixedMeasureMappings"):
        raise ValidationException("The data model needs MultiMeasureMappings or MixedMeasureMappings")
    return model
