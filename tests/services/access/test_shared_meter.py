"""Limits that several servers share by a table of PostgreSQL: what all together admit, and an outage."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from services.access.authentication import Caller
from services.access.rate_limits import WALL_S, Limits
from services.access.shared_meter import CREDIT, SharedMeter, StoredUse, shared_meter
from services.errors import DailyLimitExceeded, TooManyRequests
from storage.errors import StoreUnavailable
from storage.postgres.request_use import RequestUses
from storage.postgres.store import PostgresStore
from tests.postgres_server import open_shared, query, schema_of, shared_server, url_of
from tests.process import PATIENCE_S, running

pytestmark = pytest.mark.integration

TEAM, OTHER = Caller("team-alpha", "group team-alpha"), Caller("team-beta", "group team-beta")
LIMITS = Limits(rate_per_s=50, per_day=0)


class SwitchedUses:
    """Uses that can't be reached while `away`."""

    def __init__(self, uses: RequestUses) -> None:
        self._uses, self.away = uses, False

    def add(self, requests: Mapping[str, int]) -> Mapping[str, StoredUse]:
        if self.away:
            raise StoreUnavailable("the database is away")
        return self._uses.add(requests)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PostgresStore]:
    with closing(open_shared(tmp_path)) as opened:
        yield opened


def uses(store: PostgresStore, limits: Limits = LIMITS) -> RequestUses:
    return store.request_uses(rate_per_s=limits.rate_per_s, burst=limits.burst)


def passed(meters: Sequence[SharedMeter], requests: int, caller: Caller = TEAM) -> int:
    """How many of a key's requests pass that go to each server in turn; it exchanges as its thread would."""
    count = 0
    for number in range(requests):
        meter = meters[number % len(meters)]
        try:
            meter.count(caller)
        except TooManyRequests:
            continue
        count += 1
        if meter.is_due:
            meter.exchange()
    return count


def most_since(began_s: float) -> float:
    """What one server admits of a key from a moment until now."""
    return LIMITS.burst + LIMITS.rate_per_s * (WALL_S() - began_s)


def test_all_servers_together_admit_a_key_at_one_rate(store: PostgresStore) -> None:
    began_s = WALL_S()
    meters = [SharedMeter(uses(store), LIMITS) for _ in range(4)]
    admitted = passed(meters, 300)
    assert LIMITS.burst <= admitted <= most_since(began_s) + 4 * CREDIT
    assert passed(meters, 1, OTHER) == 1, "another key has limits of its own"


def test_the_daily_limit_holds_over_all_servers(store: PostgresStore) -> None:
    limits = Limits(rate_per_s=0, per_day=100)
    meters = [SharedMeter(uses(store, limits), limits) for _ in range(3)]
    assert 100 <= passed(meters, 300) <= 100 + 3 * CREDIT
    assert meters[0].used_today(TEAM) >= 100
    late = SharedMeter(uses(store, limits), limits)
    assert passed([late], 10) == 1, "its first request tells it"
    with pytest.raises(DailyLimitExceeded):
        late.count(TEAM)


@pytest.mark.parametrize(
    ("limits", "credit"),
    [
        (Limits(), CREDIT),
        (Limits(rate_per_s=1000, per_day=0), 100),
        (Limits(rate_per_s=1000, per_day=100_000), 50),
        (Limits(rate_per_s=0, per_day=100), CREDIT),
    ],
)
def test_counts_are_exchanged_after_a_small_share_of_the_limits(
    store: PostgresStore, limits: Limits, credit: int
) -> None:
    meter = SharedMeter(uses(store, limits), limits)
    assert (passed([meter], 1), meter.is_due) == (1, False), "it exchanges the first request of a key"
    for number in range(credit):
        assert not meter.is_due, number
        meter.count(TEAM)
    assert meter.is_due


def test_without_the_database_a_server_counts_alone_and_owes_it(
    store: PostgresStore, caplog: pytest.LogCaptureFixture
) -> None:
    began_s, switched = WALL_S(), SwitchedUses(uses(store))
    alone, other = (SharedMeter(each, LIMITS) for each in (switched, uses(store)))
    assert passed([alone, other], 2) == 2
    switched.away = True
    for _ in range(90):
        alone.count(TEAM)
        assert not alone.tried()
    assert caplog.text.count("limits count at this server alone: the database is away") == 1
    switched.away = False
    assert alone.tried()
    assert 92 + passed([other], 200) <= most_since(began_s) + 2 * CREDIT, "it learns of the 90"


def test_a_store_without_the_table_and_no_limits_need_no_shared_meter(store: PostgresStore) -> None:
    with shared_meter(store, Limits(rate_per_s=0, per_day=0)) as meter:
        assert meter is None
    with shared_meter(store, LIMITS) as meter:
        assert isinstance(meter, SharedMeter)
        meter.count(TEAM)
    assert uses(store).add({TEAM.key_name: 1})[TEAM.key_name].today == 2, "what was owed at the end is added"


@pytest.mark.long
def test_two_servers_over_one_database_give_one_limit(tmp_path: Path) -> None:
    most, first = 40, 20
    options = ("--store", url_of(tmp_path), "--rate-limit", "0", "--daily-limit", str(most))
    with closing(open_shared(tmp_path)) as store, ExitStack() as stack:
        assert uses(store).add({}) == {}  # makes the table
        one, other = (stack.enter_context(running(tmp_path, *options, command="serve")) for _ in range(2))
        assert [one.ask("/lines")[0] for _ in range(first)] == [200] * first
        wait_for_uses(tmp_path, first)
        assert other.ask("/lines")[0] == 200
        wait_for_uses(tmp_path, first + 1)
        statuses = [other.ask("/lines")[0] for _ in range(most)]
        assert statuses[-1] == 429
        assert statuses.count(200) < most - CREDIT, "the other server's requests count"
        assert 429 in [one.ask("/lines")[0] for _ in range(most - first)]


def wait_for_uses(folder: Path, requests: int) -> None:
    """Wait until servers have added a number of requests."""
    for _ in range(PATIENCE_S * 20):
        if query(shared_server().url, f"SELECT sum(today) FROM {schema_of(folder)}.request_use") == [
            (requests,)
        ]:
            return
        threading.Event().wait(0.05)
    raise AssertionError("the requests were never added")
