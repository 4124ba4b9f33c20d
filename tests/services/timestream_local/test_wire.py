"""The local Timestream endpoint as a process, called by boto3 and by plain HTTP."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from simulator.clock import SystemWall
from storage.timestream_errors import rejections
from tests.process import command
from tests.services.timestream_local.samples import multi, scalars
from tests.services.timestream_local.served import Served, served, write_client

if TYPE_CHECKING:
    from types_boto3_timestream_write.type_defs import RetentionPropertiesTypeDef

pytestmark = pytest.mark.e2e


def now_ns() -> int:
    """A minute ago in nanoseconds since the epoch, within the retention of every table."""
    return int(SystemWall().time() - 60) * 10**9


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("wire")) as running:
        running.write.create_database(DatabaseName="shared")
        running.write.create_table(DatabaseName="shared", TableName="records")
        yield running


def code_of(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def test_endpoint_discovery_returns_the_endpoint_itself(endpoint: Served) -> None:
    for service in (endpoint.write, endpoint.query):
        (found,) = service.describe_endpoints()["Endpoints"]
        assert found == {"Address": endpoint.url, "CachePeriodInMinutes": 1440}


def test_databases_are_created_described_listed_updated_and_deleted(endpoint: Served) -> None:
    write = endpoint.write
    made = write.create_database(DatabaseName="db1", Tags=[{"Key": "team", "Value": "alpha"}])["Database"]
    assert (made["DatabaseName"], made["TableCount"]) == ("db1", 0)
    assert made["Arn"] == "arn:aws:timestream:eu-west-1:000000000000:database/db1"
    with pytest.raises(write.exceptions.ConflictException):
        write.create_database(DatabaseName="db1")
    changed = write.update_database(DatabaseName="db1", KmsKeyId="arn:aws:kms:k")["Database"]
    assert changed["KmsKeyId"] == "arn:aws:kms:k"
    assert write.describe_database(DatabaseName="db1")["Database"] == changed
    assert "db1" in {d["DatabaseName"] for d in write.list_databases()["Databases"]}
    write.delete_database(DatabaseName="db1")
    with pytest.raises(write.exceptions.ResourceNotFoundException, match="The database db1 does not exist"):
        write.describe_database(DatabaseName="db1")


def test_tables_keep_their_properties(endpoint: Served) -> None:
    write = endpoint.write
    write.create_database(DatabaseName="db2")
    retention: RetentionPropertiesTypeDef = {
        "MemoryStoreRetentionPeriodInHours": 24,
        "MagneticStoreRetentionPeriodInDays": 30,
    }
    made = write.create_table(
        DatabaseName="db2",
        TableName="people_count",
        RetentionProperties=retention,
        MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True},
    )["Table"]
    assert made["RetentionProperties"] == retention
    assert made["MagneticStoreWriteProperties"] == {"EnableMagneticStoreWrites": True}
    assert made["TableStatus"] == "ACTIVE"
    plain = write.create_table(DatabaseName="db2", TableName="plain")["Table"]
    assert plain["RetentionProperties"] == {
        "MemoryStoreRetentionPeriodInHours": 6,
        "MagneticStoreRetentionPeriodInDays": 73000,
    }
    retention["MemoryStoreRetentionPeriodInHours"] = 48
    changed = write.update_table(DatabaseName="db2", TableName="people_count", RetentionProperties=retention)
    assert changed["Table"]["RetentionProperties"] == retention
    assert changed["Table"]["MagneticStoreWriteProperties"] == {"EnableMagneticStoreWrites": True}
    assert write.describe_table(DatabaseName="db2", TableName="people_count")["Table"] == changed["Table"]
    with pytest.raises(write.exceptions.ValidationException, match="deleted first"):
        write.delete_database(DatabaseName="db2")
    write.delete_table(DatabaseName="db2", TableName="plain")
    assert [t["TableName"] for t in write.list_tables(DatabaseName="db2")["Tables"]] == ["people_count"]


def test_lists_are_paginated(endpoint: Served) -> None:
    write = endpoint.write
    write.create_database(DatabaseName="db3")
    for number in range(5):
        write.create_table(DatabaseName="db3", TableName=f"table{number}")
    page = write.list_tables(DatabaseName="db3", MaxResults=2)
    pages = [[table["TableName"] for table in page["Tables"]]]
    while "NextToken" in page:
        page = write.list_tables(DatabaseName="db3", MaxResults=2, NextToken=page["NextToken"])
        pages.append([table["TableName"] for table in page["Tables"]])
    assert pages == [["table0", "table1"], ["table2", "table3"], ["table4"]]
    with pytest.raises(write.exceptions.ValidationException, match="Invalid pagination token"):
        write.list_tables(DatabaseName="db3", NextToken="ñ!")


def test_tags_are_added_and_removed(endpoint: Served) -> None:
    write = endpoint.write
    arn = write.create_database(DatabaseName="db4", Tags=[{"Key": "a", "Value": "1"}])["Database"]["Arn"]
    write.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    write.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert write.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert endpoint.query.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    with pytest.raises(write.exceptions.ResourceNotFoundException):
        write.list_tags_for_resource(ResourceARN=arn + "x")


def test_query_pages_have_tokens_valid_for_that_query_only(endpoint: Served) -> None:
    sql = "SELECT a FROM (VALUES (1), (2), (3), (4), (5)) AS v(a) ORDER BY a"
    first = endpoint.query.query(QueryString=sql, MaxRows=2)
    second = endpoint.query.query(QueryString=sql, MaxRows=2, NextToken=first["NextToken"])
    again = endpoint.query.query(QueryString=sql, MaxRows=2, NextToken=first["NextToken"])
    third = endpoint.query.query(QueryString=sql, MaxRows=2, NextToken=second["NextToken"])
    assert [[scalars(row)[0] for row in page["Rows"]] for page in (first, second, again, third)] == [
        ["1", "2"],
        ["3", "4"],
        ["3", "4"],
        ["5"],
    ]
    assert "NextToken" not in third
    assert first["QueryStatus"]["ProgressPercentage"] == 100.0
    with pytest.raises(endpoint.query.exceptions.ValidationException, match="Invalid pagination token"):
        endpoint.query.query(QueryString=sql + " ", NextToken=second["NextToken"])


def test_the_paginator_of_boto3_reads_every_row(endpoint: Served) -> None:
    endpoint.write.create_table(DatabaseName="shared", TableName="paged")
    records = [multi({"id": "x"}, now_ns() + n, [("n", "BIGINT", str(n))]) for n in range(100)]
    endpoint.write.write_records(DatabaseName="shared", TableName="paged", Records=records)
    pages = endpoint.query.get_paginator("query").paginate(
        QueryString="SELECT n FROM shared.paged ORDER BY n", PaginationConfig={"PageSize": 7}
    )
    rows = [scalars(row) for page in pages for row in page["Rows"]]
    assert rows == [(str(n),) for n in range(100)]


def test_a_query_with_further_pages_can_be_cancelled(endpoint: Served) -> None:
    sql = "SELECT a FROM (VALUES (1), (2)) AS v(a)"
    page = endpoint.query.query(QueryString=sql, MaxRows=1)
    assert "cancelled" in endpoint.query.cancel_query(QueryId=page["QueryId"])["CancellationMessage"]
    with pytest.raises(endpoint.query.exceptions.ValidationException):
        endpoint.query.query(QueryString=sql, NextToken=page["NextToken"])
    assert "already" in endpoint.query.cancel_query(QueryId=page["QueryId"])["CancellationMessage"]
    with pytest.raises(endpoint.query.exceptions.ValidationException):
        endpoint.query.cancel_query(QueryId="A" * 40)


def test_a_client_token_belongs_to_one_request(endpoint: Served) -> None:
    token = "0123456789" * 4
    answers = [endpoint.query.query(QueryString="SELECT 1", ClientToken=token)["Rows"] for _ in range(2)]
    assert answers == [[{"Data": [{"ScalarValue": "1"}]}]] * 2
    with pytest.raises(endpoint.query.exceptions.ValidationException, match="ClientToken"):
        endpoint.query.query(QueryString="SELECT 2", ClientToken=token)
    pages = endpoint.query.get_paginator("query").paginate(
        QueryString="SELECT a FROM (VALUES 1, 2, 3) AS v(a)",
        ClientToken=token[::-1],
        PaginationConfig={"PageSize": 1},
    )
    assert sum(len(page["Rows"]) for page in pages) == 3


def test_pages_stay_near_a_megabyte(endpoint: Served) -> None:
    endpoint.write.create_table(DatabaseName="shared", TableName="wide")
    for n in range(8):
        records = [multi({"id": f"{n}"}, now_ns() + i, [("t", "VARCHAR", "x" * 1900)]) for i in range(100)]
        endpoint.write.write_records(DatabaseName="shared", TableName="wide", Records=records)
    first = endpoint.query.query(QueryString="SELECT t FROM shared.wide")
    assert 500 < len(first["Rows"]) < 560
    assert "NextToken" in first


def test_the_error_lists_rejected_records_with_reasons(endpoint: Served) -> None:
    good = multi({"id": "r"}, now_ns(), [("n", "BIGINT", "1")])
    old = multi({"id": "r"}, 5, [("n", "BIGINT", "1")])
    with pytest.raises(endpoint.write.exceptions.RejectedRecordsException) as refused:
        endpoint.write.write_records(DatabaseName="shared", TableName="records", Records=[good, old])
    (rejected,) = rejections(refused.value)
    assert rejected.index == 1
    assert "The record timestamp is outside the time range [" in rejected.reason
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 419
    rows = endpoint.query.query(QueryString="SELECT n FROM shared.records WHERE id = 'r'")["Rows"]
    assert [scalars(row) for row in rows] == [("1",)]


def post(url: str, content: bytes, headers: dict[str, str], method: str = "POST") -> tuple[int, Any]:
    """Send a request; return the status and the JSON body."""
    host, port = url.removeprefix("http://").split(":")
    with closing(http.client.HTTPConnection(host, int(port), timeout=60)) as connection:
        connection.request(method, "/", content, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


QUERY = {"X-Amz-Target": "Timestream_20181101.Query"}
WRITE = {"X-Amz-Target": "Timestream_20181101.WriteRecords"}
PLACE = {"DatabaseName": "shared", "TableName": "records"}
BAD: list[tuple[str, bytes, dict[str, str], int, str]] = [
    ("no target", b"{}", {}, 400, "UnknownOperationException"),
    ("other service", b"{}", {"X-Amz-Target": "DynamoDB_20120810.Query"}, 400, "UnknownOperationException"),
    ("unknown", b"{}", {"X-Amz-Target": "Timestream_20181101.Fly"}, 400, "UnknownOperationException"),
    ("refused", b"{}", {"X-Amz-Target": "Timestream_20181101.PrepareQuery"}, 400, "ValidationException"),
    ("no JSON", b"{", QUERY, 400, "SerializationException"),
    ("not UTF-8", b"\xff\xfe{}", QUERY, 400, "SerializationException"),
    ("a list", b"[]", QUERY, 400, "SerializationException"),
    ("nothing", b"", QUERY, 400, "ValidationException"),
    ("deep", b"[" * 100_000, QUERY, 400, "SerializationException"),
    ("number for text", b'{"QueryString": 5}', QUERY, 400, "SerializationException"),
    ("empty query", b'{"QueryString": ""}', QUERY, 400, "ValidationException"),
    ("long query", b'{"QueryString": "%s"}' % (b"x" * 262_145), QUERY, 400, "ValidationException"),
    ("no rows", b'{"QueryString": "SELECT 1", "MaxRows": 0}', QUERY, 400, "ValidationException"),
    ("true rows", b'{"QueryString": "SELECT 1", "MaxRows": true}', QUERY, 400, "SerializationException"),
    ("syntax", b'{"QueryString": "SELEC 1"}', QUERY, 400, "ValidationException"),
    ("bad token", b'{"QueryString": "SELECT 1", "NextToken": "x"}', QUERY, 400, "ValidationException"),
    ("half pair", b'{"QueryString": "SELECT \'\\ud800\'"}', QUERY, 400, "SerializationException"),
    (
        "no table",
        b'{"DatabaseName": "x", "TableName": "y", "Records": []}',
        WRITE,
        404,
        "ResourceNotFoundException",
    ),
    ("no records", json.dumps(PLACE | {"Records": []}).encode(), WRITE, 400, "ValidationException"),
    ("records text", json.dumps(PLACE | {"Records": "x"}).encode(), WRITE, 400, "SerializationException"),
    ("records of text", json.dumps(PLACE | {"Records": ["x"]}).encode(), WRITE, 400, "ValidationException"),
    ("101 records", json.dumps(PLACE | {"Records": [{}] * 101}).encode(), WRITE, 400, "ValidationException"),
    ("20 MB", b'{"QueryString": "%s"}' % (b"x" * 20_000_000), QUERY, 413, "RequestEntityTooLargeException"),
]


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"), [bad[1:] for bad in BAD], ids=[b[0] for b in BAD]
)
def test_bad_requests_get_an_error_in_the_format_of_aws(
    endpoint: Served, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    got, body = post(endpoint.url, content, headers)
    assert (got, body["__type"].partition("#")[2]) == (status, code)
    assert body["message"] == body["Message"] != ""
    assert "Traceback" not in json.dumps(body)


def test_the_error_for_a_put_request_names_the_missing_header(endpoint: Served) -> None:
    status, body = post(endpoint.url, b"", {}, "PUT")
    assert (status, "X-Amz-Target" in body["message"]) == (400, True)


def test_sigterm_ends_the_process_cleanly_and_no_key_is_logged(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        running.write.create_database(DatabaseName="kept")
        finished = running.process.end()
    assert finished.code == 0
    assert "AKIDNOBODY" not in finished.err
    lines = [json.loads(line) for line in finished.err.splitlines()]
    assert {line["message"] for line in lines} == {"request"}
    with served(tmp_path) as running:
        assert [d["DatabaseName"] for d in running.write.list_databases()["Databases"]] == ["kept"]


def test_a_port_in_use_is_reported_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = command(tmp_path, "timestream-local", "--store", "duckdb:t.duckdb", "--port", port)
    assert done.code == 1
    assert f"can't listen on 127.0.0.1 port {port}" in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").write_text("no database, for sure, whatever it is called\n" * 400)
    done = command(tmp_path, "timestream-local", "--store", "duckdb:x.duckdb", "--port", "0")
    assert done.code == 1
    assert len(done.err.strip().splitlines()) == 1
    assert "Timestream endpoint on" not in done.out  # which tells clients that it serves


@pytest.mark.parametrize("url", ["nonsense", "127.0.0.1:4566", "http://", "AWS", "s3://bucket"])
def test_a_faulty_s3_endpoint_is_refused(tmp_path: Path, url: str) -> None:
    done = command(tmp_path, "timestream-local", "--port", "0", "--s3-endpoint", url)
    assert done.code == 2
    assert f"'{url}' is neither aws nor a URL" in done.err


def test_sigkill_during_writes_loses_no_acknowledged_record(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    start = now_ns()
    with served(tmp_path) as running:
        running.write.create_database(DatabaseName="safe")
        running.write.create_table(DatabaseName="safe", TableName="rows")
        enough = threading.Event()

        def work(worker: int) -> None:
            mine = write_client(running.url)
            for number in range(10_000):
                name = f"{worker}-{number}"
                records = [multi({"id": name}, start + i, [("n", "BIGINT", "1")]) for i in range(20)]
                try:
                    mine.write_records(DatabaseName="safe", TableName="rows", Records=records)
                except (ClientError, BotoCoreError):
                    return
                acknowledged.append(name)
                if len(acknowledged) == 40:
                    enough.set()

        threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(3)]
        for thread in threads:
            thread.start()
        assert enough.wait(60)
        running.process.kill()
        kept = list(acknowledged)
    with served(tmp_path) as running:
        answer = running.query.query(
            QueryString="SELECT id, count(*) FROM safe.rows GROUP BY id HAVING count(*) = 20"
        )
        complete = {scalars(row)[0] for row in answer["Rows"]}
    assert set(kept) <= complete
