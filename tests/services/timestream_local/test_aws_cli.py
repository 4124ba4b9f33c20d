"""The operations manual's AWS CLI commands, run unchanged except for `--endpoint-url`, in this process."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from services.timestream_local.value_texts import timestamp_text
from simulator.clock import SystemWall
from tests.aws_cli import aws
from tests.services.timestream_local.samples import multi, scalars
from tests.services.timestream_local.served import Served, served

pytestmark = pytest.mark.e2e

NOBODY = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_EC2_METADATA_DISABLED": "true",
}
NOW = int(SystemWall().time())
OLDEST, NEWEST = ((NOW - age) * 10**9 for age in (2 * 3600, 60))
COMMANDS: dict[str, tuple[str, list[str], list[tuple[str, ...]]]] = {
    "data volume": (
        """aws timestream-query query \\
  --query-string "SELECT COUNT(*) as count FROM bus_simulator.people_count WHERE time > ago(1h)" \\
  --region eu-west-1""",
        ["count"],
        [("1",)],
    ),
    "data presence": (
        """aws timestream-query query \\
  --query-string "SELECT COUNT(*) FROM bus_simulator.people_count" \\
  --region eu-west-1""",
        ["_col0"],
        [("2",)],
    ),
    "data age": (
        """aws timestream-query query \\
  --query-string "SELECT MIN(time) as oldest, MAX(time) as newest FROM bus_simulator.people_count" \\
  --region eu-west-1""",
        ["oldest", "newest"],
        [(timestamp_text(OLDEST), timestamp_text(NEWEST))],
    ),
    "entity ids": (
        """aws timestream-query query \\
  --query-string "SELECT DISTINCT stop_id FROM bus_simulator.people_count" \\
  --region eu-west-1""",
        ["stop_id"],
        [("S001",)],
    ),
}
"""The manual's commands, each with the columns and rows of its result."""


def answer_to(url: str, command: str) -> Any:
    """The JSON that a command of the CLI prints."""
    program, *arguments = shlex.split(command.replace("\\\n", " "))
    assert program == "aws"
    done = aws([*arguments, "--endpoint-url", url], NOBODY)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("cli")) as running:
        made = answer_to(
            running.url,
            "aws timestream-write create-database --database-name bus_simulator --region eu-west-1",
        )
        assert made["Database"]["DatabaseName"] == "bus_simulator"
        running.write.create_table(DatabaseName="bus_simulator", TableName="people_count")
        records = [multi({"stop_id": "S001"}, time, [("count", "BIGINT", "5")]) for time in (OLDEST, NEWEST)]
        running.write.write_records(DatabaseName="bus_simulator", TableName="people_count", Records=records)
        yield running


@pytest.mark.parametrize("name", COMMANDS)
def test_the_aws_cli_runs_the_queries_of_the_operations_manual(endpoint: Served, name: str) -> None:
    command, columns, rows = COMMANDS[name]
    answer = answer_to(endpoint.url, command)
    assert [column["Name"] for column in answer["ColumnInfo"]] == columns
    assert [scalars(row) for row in answer["Rows"]] == rows
