"""The endpoint's page: it lists what is stored, and runs a query in a browser without a console error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, expect

from tests.services.timestream_local.served import Served, served

TIME_S = 1_772_782_200
"""6 March 2026, 07:30 UTC."""
NAMED = "a<b & c"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An endpoint with a table of three records, two of them of the last minute, and an empty database."""
    with served(tmp_path_factory.mktemp("endpoint"), "--now", "data") as endpoint:
        for name in ("city", "empty"):
            endpoint.write.create_database(DatabaseName=name)
        endpoint.write.create_table(DatabaseName="city", TableName="counts")
        endpoint.write.write_records(
            DatabaseName="city",
            TableName="counts",
            CommonAttributes={
                "Dimensions": [{"Name": "stop", "Value": NAMED}],
                "MeasureName": "waiting",
                "MeasureValueType": "BIGINT",
                "TimeUnit": "SECONDS",
            },
            Records=[{"Time": str(TIME_S - ago), "MeasureValue": "7"} for ago in (0, 30, 90)],
        )
        yield endpoint


def test_the_page_lists_databases_tables_and_rates(running: Served) -> None:
    with urlopen(f"{running.url}/") as answer:
        page, policy = answer.read().decode(), answer.headers["content-security-policy"]
    cells = "<td>city<td>counts<td>3<td>2<td>2026-03-06 07:30:00.000000000"
    assert cells in page
    assert "<td>empty<td colspan=4>no tables" in page
    assert policy.startswith("default-src 'none'")


def test_health_counts_databases_and_tables(running: Served) -> None:
    with urlopen(f"{running.url}/health") as answer:
        body = json.load(answer)
    assert body == {"status": "ok", "databases": 2, "tables": 1, "scheduledQueries": 0}


@pytest.mark.browser
def test_the_page_runs_a_query(running: Served, browser: Browser) -> None:
    with browser.new_context() as context:
        page, complaints = context.new_page(), list[str]()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.goto(running.url)
        query = page.get_by_label("Query")
        query.fill('SELECT stop, time, NULL AS nothing FROM "city"."counts" ORDER BY time DESC LIMIT 1')
        page.get_by_role("button", name="Run").click()
        cells = page.locator("#result tr").last.locator("td")
        expect(cells).to_have_text([NAMED, "2026-03-06 07:30:00.000000000", "NULL"])
        query.fill("SELECT nothing")
        page.get_by_role("button", name="Run").click()
        expect(page.locator("#result")).to_contain_text("nothing")
    assert [text for text in complaints if "status of 400" not in text] == []
