"""ARNs have the client's region and the endpoint's account."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from services.timestream_local.options import EndpointOptions
from services.timestream_local.running.client_arns import region_of
from services.timestream_local.state import Response
from services.timestream_local.types import JsonValue
from tests.services.timestream_local.samples import local

ACCOUNT = "123456789012"


@pytest.mark.parametrize(
    ("authorization", "region"),
    [
        ("AWS4-HMAC-SHA256 Credential=AKID/20260302/us-east-2/timestream/aws4_request, Signed", "us-east-2"),
        ("AWS4-HMAC-SHA256 Credential=AKID/2026/us-east-2/timestream", "eu-west-1"),
        ("", "eu-west-1"),
    ],
)
def test_the_region_is_that_of_the_signature(authorization: str, region: str) -> None:
    assert region_of(authorization) == region


@pytest.mark.integration
def test_a_client_sees_its_region_and_uses_the_arns_that_it_gets(tmp_path: Path) -> None:
    with local(tmp_path, options=EndpointOptions(account=ACCOUNT)) as endpoint:

        def call(operation: str, region: str = "us-east-2", **body: JsonValue) -> Response:
            return asyncio.run(endpoint.operations.answer(operation, body, "here:1", region))

        call("CreateDatabase", DatabaseName="city", Tags=[{"Key": "a", "Value": "1"}])
        listed = call("ListDatabases")["Databases"]
        assert isinstance(listed, list)
        arn = f"arn:aws:timestream:us-east-2:{ACCOUNT}:database/city"
        assert [each["Arn"] for each in listed] == [arn]
        call("TagResource", ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
        tags = call("ListTagsForResource", ResourceARN=arn)["Tags"]
        assert tags == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
        there = call("DescribeDatabase", "eu-south-2", DatabaseName="city")["Database"]
        assert isinstance(there, dict)
        assert there["Arn"] == f"arn:aws:timestream:eu-south-2:{ACCOUNT}:database/city"
