"""What functions re-read: the network in S3, the clock in Systems Manager."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.aws.compiled_network import CompiledNetwork, dump
from services.aws.ssm_clock import SsmClockParameter
from services.lambdas.polled_clock import POLL_S, PolledClock
from services.lambdas.s3_compiled_network import CHECK_S, S3CompiledNetwork
from storage.aws_clients import client
from storage.errors import DependencyInvalid, DependencyUnavailable
from storage.store import Run
from tests.networks import two_lines
from tests.services.aws.tables import HandWatch
from tests.services.fakes import network
from tests.timestream_endpoint import REGION

pytestmark = pytest.mark.integration

KEY = "config/network.json"
RUN = Run(1, "n", "", "2")


class Bucket:
    """A bucket in moto with a network, and the time of its cache."""

    def __init__(self) -> None:
        self.s3: Any = client("s3", region=REGION)
        self.s3.create_bucket(Bucket="networks", CreateBucketConfiguration={"LocationConstraint": REGION})
        self.watch = HandWatch()
        self.found = S3CompiledNetwork(self.s3, "networks", KEY, now_s=self.watch)

    def put(self, content: bytes) -> None:
        self.s3.put_object(Bucket="networks", Key=KEY, Body=content)


@pytest.fixture
def bucket(aws: None) -> Bucket:
    return Bucket()


def test_a_changed_network_takes_effect_after_four_minutes(
    bucket: Bucket,
) -> None:
    bucket.put(dump(two_lines(), RUN))
    first = bucket.found.current()
    assert first == CompiledNetwork(two_lines(), RUN)
    bucket.watch.seconds += CHECK_S
    assert bucket.found.current() is first
    bucket.put(dump(network(), RUN))
    bucket.watch.seconds += CHECK_S - 1
    assert bucket.found.current() is first
    bucket.watch.seconds += 1
    assert bucket.found.current() == CompiledNetwork(network(), RUN)


@pytest.mark.parametrize("content", [b"lines: []", None])
def test_an_invalid_or_missing_network_leaves_the_last_one_in_use(
    bucket: Bucket, content: bytes | None
) -> None:
    bucket.put(dump(two_lines(), RUN))
    first = bucket.found.current()
    bucket.s3.delete_object(Bucket="networks", Key=KEY) if content is None else bucket.put(content)
    bucket.watch.seconds += CHECK_S
    assert bucket.found.current() is first


def test_without_a_first_network_the_error_names_its_place(bucket: Bucket) -> None:
    with pytest.raises(DependencyUnavailable, match=f"s3://networks/{KEY} can't be read"):
        bucket.found.current()
    bucket.put(b"lines: []")
    with pytest.raises(DependencyInvalid, match=f"s3://networks/{KEY} is not JSON"):
        bucket.found.current()
    bucket.put(dump(two_lines(), RUN))
    assert bucket.found.current().run == RUN


def standing(time: str) -> str:
    return f'{{"anchor": "{time}", "wall_anchor": "{time}", "rate": 1, "paused": true}}'


def test_the_clock_parameter_is_read_at_most_every_ten_seconds(aws: None) -> None:
    ssm = client("ssm", region=REGION)
    ssm.put_parameter(Name="/c", Type="String", Value=standing("2026-03-02T07:30:10Z"))
    watch = HandWatch()
    clock = PolledClock(SsmClockParameter(ssm, "/c"), now_s=watch)
    assert clock.now() == datetime(2026, 3, 2, 7, 30, 10, tzinfo=UTC)
    ssm.put_parameter(Name="/c", Type="String", Value=standing("2026-05-01T00:00:00Z"), Overwrite=True)
    watch.seconds += POLL_S - 1
    assert clock.now() == datetime(2026, 3, 2, 7, 30, 10, tzinfo=UTC)
    watch.seconds += 1
    assert clock.now() == datetime(2026, 5, 1, tzinfo=UTC)
    ssm.delete_parameter(Name="/c")
    watch.seconds += POLL_S
    assert clock.now() == datetime(2026, 5, 1, tzinfo=UTC)
