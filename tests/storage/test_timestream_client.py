"""Retries, rejected records, pages, and errors that name the endpoint and the cause."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.stub import Stubber

from storage.aws_clients import client
from storage.errors import StoreError, StoreUnavailable
from storage.timestream_client import QueryClient, RetryPolicy, WriteClient
from storage.timestream_errors import AccessDenied, RejectedRecord, TableMissing

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from types_boto3_timestream_query.type_defs import RowTypeDef
    from types_boto3_timestream_write.client import TimestreamWriteClient

URL = "http://127.0.0.1:9"
QUICK = RetryPolicy(attempts=4, first_s=0.0, longest_s=0.0)
ROW: RowTypeDef = {"Data": [{"ScalarValue": "1"}, {"NullValue": True}]}
INFO = [{"Name": name, "Type": {"ScalarType": "VARCHAR"}} for name in ("a", "b")]


@pytest.fixture
def query(keys: None) -> Iterator[tuple[QueryClient, Stubber]]:
    made = client("timestream-query", region="eu-west-1", endpoint_url=URL)
    with Stubber(made) as stub:
        yield QueryClient(made, QUICK), stub


@pytest.fixture
def write(keys: None) -> Iterator[tuple[WriteClient, Stubber]]:
    made = client("timestream-write", region="eu-west-1", endpoint_url=URL)
    with Stubber(made) as stub:
        yield WriteClient(made, QUICK), stub


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def page(*rows: RowTypeDef, token: str | None = None) -> dict[str, object]:
    answer: dict[str, object] = {"QueryId": "q", "Rows": list(rows), "ColumnInfo": INFO}
    return answer if token is None else {**answer, "NextToken": token}


def test_all_pages_of_a_query_are_read(query: tuple[QueryClient, Stubber]) -> None:
    calls, stub = query
    stub.add_response("query", page(ROW, token="more"), {"QueryString": "Q"})
    stub.add_response("query", page(token="and more"), {"QueryString": "Q", "NextToken": "more"})
    stub.add_response("query", page(ROW), {"QueryString": "Q", "NextToken": "and more"})
    assert calls.rows("Q") == [["1", None], ["1", None]]
    stub.assert_no_pending_responses()


def test_columns_are_returned_in_the_given_order_and_missing_ones_are_none(
    query: tuple[QueryClient, Stubber],
) -> None:
    calls, stub = query
    stub.add_response("query", page(ROW))
    assert calls.rows("Q", ("b", "c", "a")) == [[None, None, "1"]]


def test_a_query_that_fails_at_a_later_page_starts_again(query: tuple[QueryClient, Stubber]) -> None:
    calls, stub = query
    stub.add_response("query", page(ROW, token="more"))
    stub.add_client_error("query", "InternalServerException", http_status_code=500)
    stub.add_response("query", page(ROW), {"QueryString": "Q"})
    assert calls.rows("Q") == [["1", None]]


def test_a_query_of_a_table_without_columns_has_no_rows(query: tuple[QueryClient, Stubber]) -> None:
    calls, stub = query
    stub.add_client_error("query", "ValidationException", "line 1:8: Column 'stop_id' does not exist")
    assert calls.rows("Q") == []


@pytest.mark.parametrize(
    ("code", "status"),
    [("ThrottlingException", 429), ("InternalServerException", 500), ("Whatever", 503), ("Throttling", 400)],
)
def test_transient_errors_are_retried(query: tuple[QueryClient, Stubber], code: str, status: int) -> None:
    calls, stub = query
    for _ in range(3):
        stub.add_client_error("query", code, http_status_code=status)
    stub.add_response("query", page())
    assert calls.rows("Q") == []


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(endpoint_url=URL),
        ReadTimeoutError(endpoint_url=URL),
        EndpointConnectionError(endpoint_url=URL),
    ],
    ids=lambda error: type(error).__name__,
)
def test_after_the_last_attempt_the_store_is_unavailable(
    query: tuple[QueryClient, Stubber], error: Exception
) -> None:
    calls, _ = query
    tries: list[None] = []

    def fail() -> None:
        tries.append(None)
        raise error

    with pytest.raises(StoreUnavailable, match=URL):
        calls.retried(fail)
    assert len(tries) == QUICK.attempts


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ValidationException", StoreError),
        ("ResourceNotFoundException", TableMissing),
        ("AccessDeniedException", AccessDenied),
    ],
)
def test_permanent_errors_are_not_retried(
    query: tuple[QueryClient, Stubber], code: str, kind: type[StoreError]
) -> None:
    calls, stub = query
    stub.add_client_error("query", code, "so it is", http_status_code=400)
    with pytest.raises(kind, match=f"{URL}: {code}: so it is") as raised:
        calls.rows("Q")
    assert not isinstance(raised.value, StoreUnavailable)


def test_without_credentials_the_error_names_the_variable_to_set(query: tuple[QueryClient, Stubber]) -> None:
    def fail() -> None:
        raise NoCredentialsError

    with pytest.raises(StoreError, match="AWS_ACCESS_KEY_ID"):
        query[0].retried(fail)


def test_rejected_records_are_returned_with_reasons(write: tuple[WriteClient, Stubber]) -> None:
    calls, stub = write
    stub.add_client_error(
        "write_records",
        "RejectedRecordsException",
        http_status_code=419,
        modeled_fields={
            "RejectedRecords": [
                {"RecordIndex": 3, "Reason": "too old"},
                {"RecordIndex": 5, "Reason": "there", "ExistingVersion": 7},
            ]
        },
    )
    stub.add_response("write_records", {"RecordsIngested": {"Total": 1}})
    assert calls.write("d", "t", {}, []) == [
        RejectedRecord(3, "too old", None),
        RejectedRecord(5, "there", 7),
    ]
    assert calls.write("d", "t", {}, []) == ()


def test_an_outage_is_logged_once_at_its_start_and_end(
    query: tuple[QueryClient, Stubber], caplog: pytest.LogCaptureFixture
) -> None:
    calls, stub = query
    for _ in range(3):
        stub.add_client_error("query", "ThrottlingException", "slowly", http_status_code=429)
    for _ in range(2):
        stub.add_response("query", page())
    with caplog.at_level(logging.INFO, "bus_simulator.timestream"):
        calls.rows("Q")
        calls.rows("Q")
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "ThrottlingException: slowly" in caplog.text


def test_closing_ends_the_pause_before_a_retry(keys: None) -> None:
    made = client("timestream-query", region="eu-west-1", endpoint_url=URL)
    calls = QueryClient(made, RetryPolicy(attempts=9, first_s=3600.0, longest_s=3600.0))

    def fail() -> None:
        calls.close()
        raise EndpointConnectionError(endpoint_url=URL)

    with pytest.raises(StoreUnavailable, match="closed"):
        calls.retried(fail)


@pytest.mark.parametrize(("failures", "limit_s"), [(1, 0.1), (2, 0.2), (5, 1.6), (7, 5.0), (10**6, 5.0)])
def test_pauses_between_attempts_double_up_to_a_limit(failures: int, limit_s: float) -> None:
    assert RetryPolicy().limit_s(failures) == pytest.approx(limit_s)


def make(endpoint_url: str | None = None) -> TimestreamWriteClient:
    return client("timestream-write", region="eu-west-1", endpoint_url=endpoint_url)


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_ENDPOINT_URL_TIMESTREAM_WRITE": URL},
        {"AWS_ENDPOINT_URL": URL},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_TIMESTREAM_WRITE": URL},
    ],
)
def test_the_standard_variables_set_the_endpoint_and_disable_discovery(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], keys: None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    made = make()
    assert made.meta.endpoint_url == URL
    asked: list[str] = []

    def stop(request: AWSPreparedRequest, **_: object) -> None:
        asked.append(request.url)
        raise EndpointConnectionError(endpoint_url=request.url)

    made.meta.events.register("before-send", stop)
    with pytest.raises(EndpointConnectionError):
        made.list_databases()
    assert asked == [URL + "/"]


def test_an_endpoint_argument_overrides_the_variables(monkeypatch: pytest.MonkeyPatch, keys: None) -> None:
    # Without keys boto3 asks the instance's metadata service, which may be behind a proxy.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert make(endpoint_url=URL).meta.endpoint_url == URL
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert make().meta.endpoint_url == "https://ingest.timestream.eu-west-1.amazonaws.com"
