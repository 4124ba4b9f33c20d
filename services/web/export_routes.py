"""`GET /export/{stream}`: a stream as a file, streamed while it is read, resumable by `Range`.

A request with `Range` gets its part of a temporary copy of the whole file, whose length has to be known then.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from services.access.authentication import authenticate
from services.access.store_holder import EXPORT_PATH
from services.context import Context
from services.errors import BadRequest, NoData, RangeNotSatisfiable, UnknownEntity, UnknownPath, clipped
from services.queries import parameters
from services.times import format_instant
from services.web import openapi
from services.web.access_log import headers_of
from services.web.handlers import StoreQuery, error_response, query_parameters
from services.web.static_files import add_undocumented
from storage.coverage import overlapping
from storage.schema import Stream

PATH = "/export/{stream}"
MEDIA_TYPES: Mapping[str, str] = {
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "arrow": "application/vnd.apache.arrow.stream",
}


@dataclass(frozen=True, slots=True)
class Export:
    """The records of a stream in [start, end) as a file of a format."""

    stream: Stream
    start: datetime
    end: datetime
    form: str

    @property
    def name(self) -> str:
        """The name under which browsers save it."""
        return f"{self.stream}-{self.start:%Y%m%dT%H%M%SZ}-{self.end:%Y%m%dT%H%M%SZ}.{self.form}"

    def etag(self, run_id: str) -> str:
        """A text that differs if the bytes may differ."""
        said = repr((self.stream.value, self.start, self.end, self.form, run_id))
        return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'


def add_export_routes(app: FastAPI, context: Context) -> None:
    """Add the route, and the one for commands on the same machine. Without Arrow there are none."""
    if find_spec("pyarrow") is None:
        return

    def export(request: Request) -> StoreQuery:
        wanted = export_in(request, context)
        return StoreQuery(lambda _: export_response(context, wanted, request))

    def local_export(request: Request) -> StoreQuery:
        if context.snapshots is None:
            raise UnknownPath
        authenticate(headers_of(request.scope), context.snapshots.key)
        return export(request)

    app.add_api_route(PATH, export, **openapi.declared(PATH))
    add_undocumented(app, f"{EXPORT_PATH}/{{stream}}", local_export)


def export_in(request: Request, context: Context) -> Export:
    """The export that a request asks for, up to now. Raises `BadRequest`, `UnknownEntity`."""
    query = query_parameters(request)
    name, form = request.path_params["stream"], query.get("format") or "parquet"
    if name not in list(Stream):
        raise UnknownEntity(f"Stream {clipped(name)} not found. The streams are {', '.join(Stream)}")
    if form not in MEDIA_TYPES:
        raise BadRequest(f"Invalid format: {clipped(form)}. Must be one of {', '.join(MEDIA_TYPES)}")
    start, end = query.get("start"), query.get("end")
    if not (start and end):
        raise BadRequest("Must specify 'start' and 'end' parameters")
    first, last = parameters.parse_time("start", start), parameters.parse_time("end", end)
    if first > last:
        raise BadRequest(f"Invalid range: start {clipped(start)} is after end {clipped(end)}")
    return Export(Stream(name), first, min(last, context.now()), form)


def export_response(context: Context, wanted: Export, request: Request) -> Response:
    """The file, as it is read, or a part of it. Raises `NoData` if the store has none of it."""
    from services.web.formats.stream_files import file_pieces

    coverage = context.store.coverage(wanted.stream)
    if not overlapping(coverage, wanted.start, wanted.end):
        held = [f"{format_instant(each.start)} to {format_instant(each.end)}" for each in coverage]
        raise NoData(f"No data of {wanted.stream} in that time; there is {', '.join(held) or 'none yet'}")
    pieces = file_pieces(context.store, wanted.stream, wanted.start, wanted.end, wanted.form)
    headers = {
        "etag": wanted.etag(context.run.run_id),
        "accept-ranges": "bytes",
        "content-disposition": f'attachment; filename="{wanted.name}"',
    }
    media_type = MEDIA_TYPES[wanted.form]
    if "range" not in headers_of(request.scope):
        return StreamingResponse(pieces, headers=headers, media_type=media_type)
    handle, name = tempfile.mkstemp(prefix="bus-simulator-export-")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
    except BaseException:
        path.unlink()
        raise
    return TemporaryFileResponse(path, headers=headers, media_type=media_type)


class TemporaryFileResponse(FileResponse):
    """A file that is deleted once it was sent, also if its range was refused or the client left."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or the part of it that `Range` asks for, or an error as all other routes."""
        answered = False

        async def send_answer(message: Message) -> None:
            nonlocal answered
            if message.get("status", 200) >= HTTPStatus.BAD_REQUEST:
                answered = True
                await range_refused(message["status"], Path(self.path))(scope, receive, send)
            elif not answered:
                await send(message)

        try:
            await super().__call__(scope, receive, send_answer)
        finally:
            Path(self.path).unlink(missing_ok=True)


def range_refused(status: int, path: Path) -> Response:
    """The error of a `Range` that is malformed (400) or lies after the end of the file (416)."""
    if status != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return error_response(BadRequest("Invalid Range header. Must be like 'bytes=1000-' or 'bytes=0-999'"))
    size = path.stat().st_size
    refused = error_response(RangeNotSatisfiable(f"Range not satisfiable: the file has {size} bytes"))
    refused.headers["content-range"] = f"bytes */{size}"
    return refused
