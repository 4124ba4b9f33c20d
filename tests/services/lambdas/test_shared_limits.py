"""Limits that several processes share by a table: what all together admit, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from services.access.authentication import Caller
from services.access.rate_limits import DAY_S, Limits
from services.errors import DailyLimitExceeded, TooManyRequests
from services.lambdas.shared_limits import (
    CREDIT,
    OUTAGE_S,
    SharedMeter,
    UseTable,
    use_table_definition,
)
from storage.aws_clients import client
from tests.services.aws.fake_aws import ClientDouble
from tests.services.aws.tables import HandWatch
from tests.timestream_endpoint import REGION

pytestmark = pytest.mark.integration

NAME = "bus-simulator-request-limits"
TEAM, OTHER = Caller("team-alpha", "group team-alpha"), Caller("team-beta", "group team-beta")


class CountedClient(ClientDouble):
    """Passes calls on to moto and counts them; `away` makes them fail as for a table that isn't there, `deaf`
    loses their answers.
    """

    def __init__(self, client: Any) -> None:
        self._client, self.calls, self.away, self.deaf = client, 0, False, False

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            self.calls += 1
            table = "none" if self.away else request["TableName"]
            answer = getattr(self._client, name)(**{**request, "TableName": table})
            if self.deaf:
                raise ReadTimeoutError(endpoint_url="https://dynamodb")
            return answer

        return call


@pytest.fixture
def dynamodb(aws: None) -> CountedClient:
    made: Any = client("dynamodb", region=REGION)
    made.create_table(**use_table_definition(NAME))
    return CountedClient(made)


def meters(dynamodb: CountedClient, watch: HandWatch, limits: Limits, number: int) -> list[SharedMeter]:
    """As many processes."""
    return [SharedMeter(UseTable(dynamodb, NAME), limits, wall_s=watch) for _ in range(number)]


def passed(instances: Sequence[SharedMeter], requests: int, caller: Caller = TEAM) -> int:
    """How many of a client's requests pass that go to each process in turn."""
    count = 0
    for number in range(requests):
        try:
            instances[number % len(instances)].count(caller)
            count += 1
        except TooManyRequests:
            pass
    return count


def test_all_processes_together_admit_a_client_at_its_rate(dynamodb: CountedClient) -> None:
    watch, limits = HandWatch(), Limits(per_day=0)
    instances = meters(dynamodb, watch, limits, 4)
    first = passed(instances, 500)
    assert limits.burst <= first <= limits.burst + 4 * CREDIT
    assert passed(instances, 1, OTHER) == 1
    before, seconds = dynamodb.calls, 2
    later = 0
    for _ in range(seconds * 100):  # 1,000 requests a second
        watch.seconds += 0.01
        later += passed(instances, 10)
    assert first + later <= limits.burst + seconds * limits.rate_per_s + 4 * CREDIT
    assert later >= seconds * limits.rate_per_s - 4 * CREDIT
    assert dynamodb.calls - before <= 2 * (later / CREDIT + 7), "a refusal needs no call"


def test_very_many_processes_keep_the_promised_bound(dynamodb: CountedClient) -> None:
    watch, limits, number, seconds = HandWatch(), Limits(per_day=0), 60, 10
    instances = meters(dynamodb, watch, limits, number)
    admitted = 0
    for _ in range(seconds * 20):  # 2,400 requests a second
        admitted += passed(instances, 2 * number)
        watch.seconds += 0.05
    assert admitted <= limits.burst + seconds * limits.rate_per_s + number * CREDIT


def test_the_daily_limit_holds_over_all_processes_until_midnight_utc(dynamodb: CountedClient) -> None:
    watch = HandWatch()
    instances = meters(dynamodb, watch, Limits(rate_per_s=0, per_day=100), 3)
    assert 100 <= passed(instances, 300) <= 100 + 3 * CREDIT
    (late,) = meters(dynamodb, watch, Limits(rate_per_s=0, per_day=100), 1)
    with pytest.raises(DailyLimitExceeded) as refused:
        late.count(TEAM)
    assert late.used_today(TEAM) >= 100
    watch.seconds += refused.value.retry_after_s or 0
    assert watch.seconds % DAY_S < 1
    assert 100 <= passed([*instances, late], 300) <= 100 + 4 * CREDIT


def test_one_process_is_exact_and_asks_once_in_five_requests(dynamodb: CountedClient) -> None:
    watch = HandWatch()
    instances = meters(dynamodb, watch, Limits(rate_per_s=0, per_day=103), 1)
    assert passed(instances, 200) == 103
    assert dynamodb.calls == 1 + 103 // CREDIT, "one to read, the others to add"
    assert passed(instances, 200) == 0


def test_each_key_and_each_group_of_the_general_key_has_its_own_limits(dynamodb: CountedClient) -> None:
    instances = meters(dynamodb, HandWatch(), Limits(rate_per_s=1, per_day=3), 1)
    for caller in (TEAM, OTHER, Caller("team-alpha", "default"), Caller("anyone", "default")):
        assert passed(instances, 10, caller) == 2


def test_without_the_table_every_process_counts_alone_and_answers(
    dynamodb: CountedClient, caplog: pytest.LogCaptureFixture
) -> None:
    watch = HandWatch()
    instances = meters(dynamodb, watch, Limits(per_day=0), 2)
    dynamodb.away = True
    assert passed(instances, 400) == 200
    assert dynamodb.calls == 2, "each process asks once in a while"
    assert "limits count alone for 5 s: ResourceNotFoundException" in caplog.text
    dynamodb.away = False
    watch.seconds += OUTAGE_S
    assert passed(instances, 400) == 0, "both add what they admitted"
    watch.seconds += 4
    assert 50 <= passed(instances, 400) <= 100 + 2 * CREDIT, "the debt is at most a burst"


def test_an_addition_whose_answer_is_lost_counts_once(dynamodb: CountedClient) -> None:
    watch = HandWatch()
    (alone,) = meters(dynamodb, watch, Limits(rate_per_s=0, per_day=100), 1)
    assert passed([alone], CREDIT) == CREDIT
    dynamodb.deaf = True
    assert passed([alone], 2) == 2
    dynamodb.deaf = False
    watch.seconds += OUTAGE_S
    assert passed([alone], 200) == 100 - CREDIT - 2


def test_clocks_that_differ_add_no_tokens(dynamodb: CountedClient) -> None:
    ahead, behind = HandWatch(), HandWatch()
    ahead.seconds += 0.5
    limits = Limits(per_day=0)
    pair = [*meters(dynamodb, ahead, limits, 1), *meters(dynamodb, behind, limits, 1)]
    assert passed(pair, 1000) <= limits.burst + 0.5 * limits.rate_per_s + 2 * CREDIT
