"""An endpoint with tokens: a writer writes, a reader reads, nobody deletes, strangers get nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from services.background import background
from services.commands.timestream_local import timestream_local
from services.errors import InputError
from services.inputs.load import opened_timestream
from services.timestream_local.options import EndpointOptions, Tokens
from services.timestream_local.server import opened, serving, web_server
from services.web.uvicorn.server import listen, url_of
from storage.aws_clients import client
from storage.errors import StoreError
from storage.open import timestream_at
from storage.schema import Stream
from storage.timestream_errors import AccessDenied
from storage.timestream_store import TimestreamStore
from tests.storage.records import RUN, count, table

TIME = datetime(2026, 3, 6, 7, 30, tzinfo=UTC)
WINDOW = (TIME, TIME + timedelta(minutes=1))


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The URL of an endpoint with the tokens `writes` and `reads`, in this process."""
    options = EndpointOptions(tokens=Tokens(writer="writes", reader="reads"))
    with (
        closing(listen("127.0.0.1", 0)) as listener,
        opened(tmp_path / "timestream.duckdb", "data", options=options) as state,
    ):
        server = web_server(state)

        def stop() -> None:
            server.should_exit = True

        with background(lambda: asyncio.run(serving(state, server, listener)), name="endpoint", stop=stop):
            yield url_of(listener)


@contextmanager
def store(url: str, token: str | None, *, make: bool = False) -> Iterator[TimestreamStore]:
    place = f"timestream://bus_simulator?region=eu-west-1&endpoint_url={url}"
    with closing(timestream_at(place, make=make, token=token)) as found:
        yield found


def test_each_token_allows_what_its_clients_need_and_none_deletes(url: str) -> None:
    records = table(Stream.PEOPLE_COUNT, [count(TIME)])
    with store(url, "writes", make=True) as writes:
        writes.write(Stream.PEOPLE_COUNT, records, covers=WINDOW, run=RUN)
        assert writes.coverage(Stream.PEOPLE_COUNT)
    with store(url, "reads") as reads:
        assert reads.latest(Stream.PEOPLE_COUNT, "S001", now=TIME) is not None
        later = (TIME + timedelta(minutes=1), TIME + timedelta(minutes=2))
        more = table(Stream.PEOPLE_COUNT, [count(later[0])])
        with pytest.raises(AccessDenied, match="This token does not allow WriteRecords"):
            reads.write(Stream.PEOPLE_COUNT, more, covers=later, run=RUN)
    for token in ("writes", "reads"):
        write = client("timestream-write", region="eu-west-1", endpoint_url=url, access_key_id=token)
        with closing(write), pytest.raises(ClientError, match="does not allow DeleteTable"):
            write.delete_table(DatabaseName="bus_simulator", TableName="people_count")
    for token in ("guess", "wrïtes"):
        with store(url, token) as stranger, pytest.raises(StoreError, match="UnrecognizedClient"):
            stranger.coverage(Stream.PEOPLE_COUNT)


def test_a_reader_may_not_write_files(url: str) -> None:
    statement = "UNLOAD (SELECT 1 AS one) TO 's3://files/folder' WITH (format = 'CSV')"
    reads = client("timestream-query", region="eu-west-1", endpoint_url=url, access_key_id="reads")
    with closing(reads):
        for sql in (statement, f" -- a note\n/* x */ {statement.replace('UNLOAD', 'unload')}"):
            with pytest.raises(ClientError, match="does not allow UNLOAD"):
                reads.query(QueryString=sql)
        assert reads.query(QueryString="SELECT 'unload' AS unload")["Rows"]
    writes = client("timestream-query", region="eu-west-1", endpoint_url=url, access_key_id="writes")
    with closing(writes), pytest.raises(ClientError, match="UNLOAD needs an S3"):
        writes.query(QueryString=statement)


def test_operators_scripts_send_the_token_of_the_environment(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"timestream://bus_simulator?region=eu-west-1&endpoint_url={url}"
    with store(url, "writes", make=True):
        pass
    monkeypatch.setenv("BUS_SIMULATOR_STORE_TOKEN", "reads")
    with closing(opened_timestream(place)) as found:
        assert not found.coverage(Stream.PEOPLE_COUNT)
    with pytest.raises(InputError, match="names no database"):
        opened_timestream("timestream://")


def test_without_a_token_only_health_answers(url: str) -> None:
    with urlopen(f"{url}/health") as answer:
        assert answer.status == 200
    with pytest.raises(HTTPError) as refused, urlopen(url):
        pass
    with refused.value as answer:
        assert (answer.code, b"UnknownOperation" in answer.read()) == (400, True)


@pytest.mark.parametrize("reader", ["", "same"])
def test_one_token_alone_or_twice_is_refused(reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUS_SIMULATOR_WRITER_TOKEN", "same")
    monkeypatch.setenv("BUS_SIMULATOR_READER_TOKEN", reader)
    done = CliRunner().invoke(timestream_local, ["--port", "0"])
    assert done.exit_code == 2
    assert "BUS_SIMULATOR_READER_TOKEN, to different values" in done.output
