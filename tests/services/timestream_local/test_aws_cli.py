"""The operations manual's queries, by the AWS CLI, with nothing added but where the endpoint is."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from simulator.clock import SystemWall
from tests.environment import environment
from tests.services.timestream_local.samples import multi
from tests.services.timestream_local.served import served

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not on this machine"),
]

QUERIES = {
    "SELECT COUNT(*) as count FROM bus_simulator.people_count WHERE time > ago(1h)": [["2"]],
    "SELECT COUNT(*) FROM bus_simulator.people_count": [["2"]],
    "SELECT DISTINCT stop_id FROM bus_simulator.people_count": [["S001"]],
}

NOBODY = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_PAGER": "",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def aws(url: str, *arguments: str) -> Any:
    """What a command of the CLI answers."""
    done = subprocess.run(
        ["aws", *arguments, "--region", "eu-west-1", "--endpoint-url", url],
        env=environment(**NOBODY),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_manuals_queries_run_unchanged(tmp_path: Path) -> None:
    now = int(SystemWall().time()) * 10**9
    place = {"DatabaseName": "bus_simulator", "TableName": "people_count"}
    with served(tmp_path) as running:
        aws(running.url, "timestream-write", "create-database", "--database-name", "bus_simulator")
        running.write.create_table(**place)
        records = [multi({"stop_id": "S001"}, now - n, [("count", "BIGINT", "5")]) for n in range(2)]
        running.write.write_records(**place, Records=records)
        for sql, expected in QUERIES.items():
            answer = aws(running.url, "timestream-query", "query", "--query-string", sql)
            assert [[datum["ScalarValue"] for datum in row["Data"]] for row in answer["Rows"]] == expected
        ages = "SELECT MIN(time) as oldest, MAX(time) as newest FROM bus_simulator.people_count"
        answer = aws(running.url, "timestream-query", "query", "--query-string", ages)
        assert [column["Name"] for column in answer["ColumnInfo"]] == ["oldest", "newest"]
