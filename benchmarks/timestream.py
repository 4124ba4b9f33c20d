"""Timestream: the store through boto3 and a real socket, against the local endpoint in its own process."""

from __future__ import annotations

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import duckdb
import psutil
import pyarrow as pa

from benchmarks.answering import STEP
from benchmarks.figures import Figure, timed
from services.inputs.load import Inputs, load_inputs
from services.times import HOUR
from services.timestream_local import database
from services.timestream_local.catalog import Table
from simulator.city import City
from simulator.network import Network
from storage.arrow_schema import arrow_schema
from storage.schema import SCHEMAS, Stream
from storage.timestream_batch import chunks
from storage.timestream_sql import MEASURE_NAME
from storage.timestream_store import TimestreamStore

REGION, DATABASE = "eu-west-1", "bus_simulator"
KEYS = {"AWS_ACCESS_KEY_ID": "benchmark", "AWS_SECRET_ACCESS_KEY": "benchmark"}
PATIENCE_S = 60
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAYS, QUESTIONS, WRITERS = 7, 2_000, 4
RUSH_HOUR = MONDAY + 7 * HOUR


def measure() -> Iterator[Figure]:
    """The newest record by boto3 over a week of data, and the rate at which boto3 writes."""
    inputs = load_inputs(None, None, None)
    with tempfile.TemporaryDirectory() as name:
        rows = week(Path(name), inputs)
        with endpoint(Path(name)) as running, closing(opened(running.url)) as store:
            times_ms = sorted(asked(store, inputs.network))
    yield timed(
        "Timestream: an entity's newest record by boto3 from the local endpoint, p99",
        times_ms[int(0.99 * len(times_ms))], "ms", 8,
        f"{DAYS} days of the shipped network, {rows / 1e6:.1f} M records; {QUESTIONS:,} queries, each for "
        f"another entity, one after the other; median {statistics.median(times_ms):.1f} ms",
        row_id="ts-newest",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as name, endpoint(Path(name)) as running:
        rows, seconds, own_s, theirs_s = written(running, inputs)
    yield Figure(
        "Timestream: records written by plain boto3, per core of the writer",
        rows / own_s, "records/s", "target", 10_000, "at least", 1,
        f"{rows:,} records of all streams, calls of 100; on the same machine the endpoint stores "
        f"{rows / theirs_s:,.0f} per CPU-second; both together {rows / seconds:,.0f}/s of wall time",
        row_id="ts-write",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as name, endpoint(Path(name)) as running:
        rows, seconds, theirs_s = stored(running, inputs)
    yield Figure(
        "Timestream: records that the local endpoint stores, of several writers at once",
        rows / seconds, "records/s", "target", 33_000, "at least", 1,
        f"{rows:,} records of all streams, {WRITERS} writers that send requests of 100 written before; "
        f"{rows / theirs_s:,.0f} per CPU-second of the endpoint",
        row_id="ts-writers",
    )  # fmt: skip


def asked(store: TimestreamStore, network: Network) -> Iterator[float]:
    """Milliseconds of each query."""
    now = MONDAY + DAYS * 24 * HOUR - timedelta(seconds=10)
    stops = (str(stop.stop_id) for stop in network.stops)
    buses = (str(bus.bus_id) for line in network.lines for bus in line.buses)
    entities = [(stream, stop) for stop in stops for stream in (Stream.PEOPLE_COUNT, Stream.SENSOR_DATA)]
    entities += [(stream, bus) for bus in buses for stream in (Stream.BUS_POSITION, Stream.SENSOR_DATA)]
    for number in range(QUESTIONS):
        stream, key = entities[number * STEP % len(entities)]
        began = time.perf_counter()
        found = store.latest(stream, key, now=now)
        yield (time.perf_counter() - began) * 1000
        assert found is not None, key


def written(running: EndpointProcess, inputs: Inputs) -> tuple[int, float, float, float]:
    """Records written, wall seconds, and CPU seconds of this process and of the endpoint."""
    endpoints = psutil.Process(running.process.pid)
    with closing(opened(running.url)) as store, closing(inputs.city(1)) as city:
        batches = city.window(RUSH_HOUR, RUSH_HOUR + HOUR, list(Stream))
        began, own_s, theirs_s = time.perf_counter(), time.process_time(), sum(endpoints.cpu_times()[:2])
        for stream, batch in batches.items():
            store.write(stream, batch, covers=(RUSH_HOUR, RUSH_HOUR + HOUR), run=inputs.run)
        seconds, own_s = time.perf_counter() - began, time.process_time() - own_s
        theirs_s = sum(endpoints.cpu_times()[:2]) - theirs_s
    return sum(len(batch) for batch in batches.values()), seconds, own_s, theirs_s


def stored(running: EndpointProcess, inputs: Inputs) -> tuple[int, float, float]:
    """Records that the endpoint has stored, wall seconds, and CPU seconds of the endpoint."""
    endpoints = psutil.Process(running.process.pid)
    with closing(opened(running.url)) as store, closing(inputs.city(1)) as city:
        before = RUSH_HOUR - timedelta(minutes=1), RUSH_HOUR
        for stream, batch in city.window(*before, list(Stream)).items():
            store.write(stream, batch, covers=before, run=inputs.run)  # which makes the tables
        batches = city.window(RUSH_HOUR, RUSH_HOUR + HOUR, list(Stream))
    bodies = [body for stream, batch in batches.items() for body in requests_of(stream, batch)]
    shares = [bodies[number::WRITERS] for number in range(WRITERS)]
    began, theirs_s = time.perf_counter(), sum(endpoints.cpu_times()[:2])
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda share: sent(running.port, share), shares))
    seconds, theirs_s = time.perf_counter() - began, sum(endpoints.cpu_times()[:2]) - theirs_s
    return sum(map(len, batches.values())), seconds, theirs_s


def requests_of(stream: Stream, batch: pa.Table) -> Iterator[bytes]:
    """The bodies of the WriteRecords requests for records of a stream."""
    shared = {
        "MeasureName": MEASURE_NAME,
        "MeasureValueType": "MULTI",
        "TimeUnit": "MILLISECONDS",
        "Version": 1,
    }
    for chunk in chunks(stream, batch):
        body = {"DatabaseName": DATABASE, "TableName": str(stream), "Records": chunk.records}
        yield json.dumps(body | {"CommonAttributes": shared | chunk.common}).encode()


def sent(port: int, bodies: Sequence[bytes]) -> None:
    """Send requests one after the other over one connection."""
    headers = {
        "X-Amz-Target": "Timestream_20181101.WriteRecords",
        "Content-Type": "application/x-amz-json-1.0",
    }
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as connection:
        for body in bodies:
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            answer.read()


@dataclass(slots=True)
class EndpointProcess:
    """The endpoint as a process over a file in `folder`."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """The URL at which it listens."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def endpoint(folder: Path) -> Iterator[EndpointProcess]:
    """Run the endpoint; it is stopped on exit."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = f"duckdb:{file_in(folder)}"
    command = ["timestream-local", "--store", store, "--port", str(port), "--now", "data"]
    with subprocess.Popen(
        [sys.executable, "-m", "bus_simulator", *command],
        cwd=Path(__file__).parent.parent,
        env=variables(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        listening(port)
        try:
            yield EndpointProcess(folder, port, process)
        finally:
            process.send_signal(signal.SIGTERM)


def variables() -> dict[str, str]:
    """The environment of a process."""
    return {"PATH": os.defpath, **KEYS}


def file_in(folder: Path) -> Path:
    """The endpoint's file."""
    return folder / "timestream.duckdb"


def listening(port: int) -> None:
    """Wait until the port accepts connections."""
    end = time.perf_counter() + PATIENCE_S
    while time.perf_counter() < end:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise TimeoutError(f"nobody listens on port {port}")


def opened(url: str) -> TimestreamStore:
    """The store over an endpoint."""
    os.environ.update(KEYS)  # noqa: TID251 - boto3 requires keys, even if they are not checked
    return TimestreamStore(DATABASE, region=REGION, endpoint_url=url)


def week(folder: Path, inputs: Inputs) -> int:
    """Put seven days of a network into an endpoint's file; return the number of rows.

    Tables, columns and coverage come by the API; the rest is put into the file, which takes seconds.
    """
    end = MONDAY + DAYS * 24 * HOUR
    with closing(inputs.city(1)) as city:
        with endpoint(folder) as running, closing(opened(running.url)) as store:
            for stream, batch in city.window(MONDAY, MONDAY + HOUR, list(Stream)).items():
                store.write(stream, batch, covers=(MONDAY, MONDAY + HOUR), run=inputs.run)
                nothing = arrow_schema(stream).empty_table()
                store.write(stream, nothing, covers=(MONDAY + HOUR, end), run=inputs.run)
        with closing(database.open_database(file_in(folder))) as connection:
            return sum(filled(connection, city, MONDAY + n * HOUR) for n in range(1, DAYS * 24))


def filled(connection: duckdb.DuckDBPyConnection, city: City, start: datetime) -> int:
    """Put an hour of all streams into an endpoint's tables; return the number of rows."""
    rows = 0
    tables = database.load(connection).tables
    for stream, batch in city.window(start, start + HOUR, list(Stream)).items():
        insert(connection, tables[DATABASE, str(stream)], stream, batch)
        rows += len(batch)
    return rows


def insert(connection: duckdb.DuckDBPyConnection, table: Table, stream: Stream, batch: pa.Table) -> None:
    """Put rows of a stream into an endpoint's table."""
    places = {column.name: column.physical_name for column in table.columns}
    kinds = {column.name: column.kind for column in SCHEMAS[stream].columns}
    given = ["epoch_ms(time) * 1000000", f"'{MEASURE_NAME}'", "1"]
    given += [f"epoch_ms({name}) * 1000000" if kinds[name] == "time" else f'"{name}"' for name in places]
    connection.register("incoming", batch)
    connection.execute(
        f"INSERT INTO {table.physical_name} (time, measure_name, version, {', '.join(places.values())}) "
        f"SELECT {', '.join(given)} FROM incoming"
    )
    connection.unregister("incoming")
