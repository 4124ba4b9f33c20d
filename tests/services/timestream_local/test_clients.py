"""Other clients than boto3: awswrangler, and the SDK for JavaScript, each as its users call it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.environment import environment
from tests.moto_aws import Account, account
from tests.node_client import node
from tests.services.timestream_local.served import Served, served

pytestmark = pytest.mark.long

WRANGLER = Path(__file__).parents[3] / "build/awswrangler/bin/python"
BUCKET = "wrangled"
KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="module")
def s3() -> Iterator[Account]:
    with account() as found:
        found.make_bucket(BUCKET)
        yield found


@pytest.fixture(scope="module")
def endpoint(s3: Account, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("clients"), "--s3-endpoint", s3.url) as running:
        yield running


def test_awswrangler_writes_queries_loads_and_unloads(endpoint: Served, s3: Account) -> None:
    program = Path(__file__).with_name("wrangler_client.py")
    done = subprocess.run(
        [WRANGLER, program, endpoint.url, s3.url, BUCKET],
        env=environment(**KEYS, AWS_DEFAULT_REGION="eu-west-1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "rejected": [],
        "types": {
            "time": "datetime64[us]",
            "stop": "string",
            "people": "int64",
            "warmth": "float64",
            "note": "string",
        },
        "rows": [["S1", 5, 20.5, "a"], ["S2", 7, 21.5, "b"], ["S3", 9, 22.5, "ñ"]],
        "times": True,
        "single": 3,
        "task": "SUCCEEDED",
        "loaded": [[5, "a"], [7, "b"], [9, "ñ"]],
        "unloaded": [5, 7, 9],
        "tables": ["loaded", "several", "single"],
        "databases": ["wrangled"],
    }


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node and npm")
def test_the_sdk_for_javascript_needs_variables_alone(endpoint: Served) -> None:
    done = node(
        "timestream.mjs",
        AWS_ACCESS_KEY_ID="x",
        AWS_SECRET_ACCESS_KEY="x",
        AWS_REGION="us-east-2",
        AWS_ENDPOINT_URL_TIMESTREAM_WRITE=endpoint.url,
        AWS_ENDPOINT_URL_TIMESTREAM_QUERY=endpoint.url,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "ingested": 2,
        "rejected": ["RejectedRecordsException", [[0, 1]]],
        "rows": [["cpu", "13.5"], ["memory", "40.0"]],
        "cancelled": True,
        "days": 7,
        "arns": ["arn:aws:timestream:us-east-2:000000000000:database/devops"],
    }


def test_moto_stores_records_and_computes_no_query(s3: Account) -> None:
    write, query = s3.client("timestream-write"), s3.client("timestream-query")
    write.create_database(DatabaseName="moto")
    assert query.query(QueryString="SELECT 1")["Rows"] == []
    with pytest.raises(ClientError):
        query.prepare_query(QueryString="SELECT 1")
    with pytest.raises(ClientError):
        write.list_batch_load_tasks()
