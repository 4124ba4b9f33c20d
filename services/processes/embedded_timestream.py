"""A local Timestream endpoint in the process that feeds it, for clients that query it as on AWS.

Also history for an endpoint that isn't running yet: written into its file without requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from services.background import background
from services.feeders import history_plan
from services.feeders.backfill import fill
from services.feeders.network_in_force import replaced_inputs
from services.inputs.load import DUCKDB, opened
from services.interventions.stored_journal import disturbed_inputs, stored_journal
from services.processes.history_writer import RunBackfill
from services.processes.process_setup import ProcessSetup
from services.web.uvicorn.server import listen, url_of
from storage.coverage import Interval
from storage.instants import to_us
from storage.schema import SCHEMAS, Stream
from storage.store import Store
from storage.timestream_sql import MEASURE_NAME
from storage.timestream_store import TimestreamStore

if TYPE_CHECKING:
    import pyarrow as pa

    from services.timestream_local.state import EndpointState
    from services.timestream_local.writing.writer import Writer

DATABASE = "bus_simulator"
REGION = "eu-west-1"


@contextmanager
def embedded_endpoint(file: Path, *, host: str, port: int) -> Iterator[str]:
    """Serve `file` in a thread and yield the endpoint's URL. Its current time is that of the newest record.

    Raises OSError for a port in use, `StoreError` for a file that can't be used.
    """
    with _served(file, host, port) as (url, _):
        yield url


@contextmanager
def _served(file: Path, host: str, port: int) -> Iterator[tuple[str, EndpointState]]:
    from services.timestream_local.server import opened, serving, web_server

    with closing(listen(host, port)) as listener, opened(file, "data") as parts:
        server = web_server(parts)

        def serve() -> None:
            asyncio.run(serving(parts, server, listener))

        def stop() -> None:
            server.should_exit = True

        with background(serve, name="timestream-local", stop=stop):
            yield url_of(listener), parts


@contextmanager
def file_store(file: Path) -> Iterator[TimestreamStore]:
    """A store over an endpoint's file, for windows of history.

    Raises `StoreHeld` if an endpoint has it open.
    """
    with _served(file, "127.0.0.1", 0) as (url, state):
        insert = partial(insert_stream, state.writer)
        with closing(TimestreamStore(DATABASE, region=REGION, endpoint_url=url, insert=insert)) as store:
            yield store


def insert_stream(writer: Writer, stream: Stream, table: pa.Table, interval: Interval) -> None:
    """Store the rows of a stream for [start, end) as WriteRecords would."""
    from services.timestream_local.types import Type
    from services.timestream_local.writing.bulk import Rows, insert
    from storage.timestream_batch import MEASURE_TYPES

    schema = SCHEMAS[stream]
    kinds = {column.name: Type(MEASURE_TYPES[column.kind]) for column in schema.columns[1:]}
    start_ms, end_ms = (to_us(edge) // 1000 for edge in interval)
    insert(writer, (DATABASE, str(stream)), Rows(table, schema.key, kinds, MEASURE_NAME, (start_ms, end_ms)))


@contextmanager
def store_of_history(url: str) -> Iterator[Store]:
    """The store for history at a URL: `duckdb:PATH` is an endpoint's file, others are stores themselves.

    Raises `StoreError`: `StoreHeld` if an endpoint has the file open.
    """
    file = url.removeprefix(DUCKDB)
    with file_store(Path(file)) if file != url else closing(opened(url, for_writing=True)) as store:
        yield store


def write_history(setup: ProcessSetup, store: Store, span: timedelta, run_backfill: RunBackfill) -> int:
    """Write the history of `span` before the current hour that a store lacks; return the rows."""
    clock = setup.clock
    now = clock.now()
    replaced = replaced_inputs(store, setup.inputs, now)
    inputs = replaced[0].inputs if replaced else setup.inputs.current
    live = history_plan.live_start(store, inputs.run, now)
    windows = history_plan.before_serving(store, inputs.run, live=live, span=span)
    if not windows:
        return 0
    disturbed = disturbed_inputs(inputs, stored_journal(store))
    with closing(disturbed.city(None)) as model:
        filling = fill(windows, model=model, store=store, run=inputs.run, stopped=lambda: clock.closed)
        return run_backfill(filling, windows)


def store_at(endpoint: str) -> str:
    """The URL of the store in an endpoint's database."""
    return f"timestream://{DATABASE}?region={REGION}&endpoint_url={endpoint}"
