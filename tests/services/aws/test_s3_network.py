"""A network in S3: changes by entity tag, and earlier versions by their run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.aws.s3_network import S3Network
from storage.store import Run
from tests.moto_aws import Account, account
from tests.process import SHIPPED

BUCKET, KEY = "networks", "config/lines.yaml"
SHIPPED_TEXT = SHIPPED.read_text(encoding="utf-8")
OTHER_TEXT = SHIPPED_TEXT.replace("capacity: 90", "capacity: 91")


@pytest.fixture
def aws() -> Iterator[Account]:
    with account() as found:
        found.make_bucket(BUCKET)
        yield found


def put(aws: Account, text: str) -> None:
    aws.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=text.encode())


def kept(aws: Account) -> S3Network:
    return S3Network(aws.client("s3"), f"s3://{BUCKET}/{KEY}")


def test_a_replaced_network_is_found_by_its_run(aws: Account) -> None:
    enabled = {"Status": "Enabled"}
    aws.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=enabled)
    put(aws, SHIPPED_TEXT)
    first = kept(aws).load(1, None)
    for text in ("lines: [", OTHER_TEXT):
        put(aws, text)
    network = kept(aws)
    newest = network.load(1, None)
    assert newest.run != first.run
    assert network.earlier(first.run, 1, None) == first
    assert network.earlier(Run(1, "0" * 64, "", "2"), 1, None) is None


def test_a_bucket_without_versions_has_no_earlier_network(aws: Account) -> None:
    put(aws, SHIPPED_TEXT)
    first = kept(aws).load(1, None)
    put(aws, OTHER_TEXT)
    network = kept(aws)
    network.load(1, None)
    assert network.changed() is False
    assert network.earlier(first.run, 1, None) is None
