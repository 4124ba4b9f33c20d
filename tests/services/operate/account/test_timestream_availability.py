"""Only Timestream's own refusal means that an account can't use it."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from services.operate.account.timestream_availability import timestream_available
from services.operate.aws_problems import AwsProblem
from tests.services.aws.fake_aws import FakeClient, refused

NOT_A_CUSTOMER = (
    "Only existing Timestream for LiveAnalytics customers can access the service. "
    "Reach out to AWS support for more information."
)


def raising(error: ClientError) -> object:
    def call() -> None:
        raise error

    return call


def test_an_account_that_gets_endpoints_can_use_timestream() -> None:
    assert timestream_available(FakeClient(describe_endpoints={"Endpoints": [{"Address": "a"}]}))


def test_an_account_that_aws_refuses_cannot_use_timestream() -> None:
    refusal = ClientError(
        {"Error": {"Code": "AccessDeniedException", "Message": NOT_A_CUSTOMER}}, "DescribeEndpoints"
    )
    assert not timestream_available(FakeClient(describe_endpoints=raising(refusal)))


def test_missing_permissions_are_an_error_and_not_a_refusal_of_the_account() -> None:
    with pytest.raises(AwsProblem, match="lack the permission"):
        timestream_available(FakeClient(describe_endpoints=raising(refused("AccessDeniedException"))))
