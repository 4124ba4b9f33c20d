"""The fixture `timestream_endpoint` and the process behind it serve Timestream without a city."""

from __future__ import annotations

import urllib.request
from typing import cast

import pytest

from bus_simulator_testing.program import NotStarted
from bus_simulator_testing.timestream import TimestreamProcess
from tests.services.timestream_local.served import query_client, write_client

pytestmark = pytest.mark.integration


def get(url: str) -> tuple[str, str]:
    """The media type and the text of a page."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.headers["content-type"], cast("bytes", answer.read()).decode()


def test_the_fixture_serves_boto3_health_and_page(timestream_endpoint: str) -> None:
    write_client(timestream_endpoint).create_database(DatabaseName="mine")
    answer = query_client(timestream_endpoint).query(QueryString="SELECT ARRAY[1, 2]")
    assert answer["Rows"] == [{"Data": [{"ArrayValue": [{"ScalarValue": "1"}, {"ScalarValue": "2"}]}]}]
    kind, health = get(f"{timestream_endpoint}/health")
    assert (kind, '"status":"ok","databases":1' in health) == ("application/json", True)
    kind, page = get(f"{timestream_endpoint}/")
    assert kind == "text/html; charset=utf-8"
    assert "<td>mine<td colspan=4>no tables" in page


def test_a_process_that_fails_tells_why() -> None:
    with pytest.raises(NotStarted, match="No such option"), TimestreamProcess("--no-such-option"):
        raise AssertionError("it started")


def test_an_endpoint_has_no_url_before_it_starts() -> None:
    with pytest.raises(NotStarted, match="use it in a `with`"):
        _ = TimestreamProcess().url
