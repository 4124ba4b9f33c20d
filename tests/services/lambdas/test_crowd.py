"""A client that runs wild and one with wrong keys take nothing from 300 teams."""

from __future__ import annotations

import sys

import pytest

from services.access.rate_limits import Limits
from services.lambdas.shared_limits import CREDIT
from tests.services.lambdas.crowd import INSTANCES, TEAMS_PER_S, WILD_PER_S, gather

pytestmark = pytest.mark.long

SECONDS = 2.0


def test_nobody_else_notices_a_client_that_runs_wild_and_one_with_wrong_keys() -> None:
    crowd = gather(SECONDS)
    sys.stdout.write(f"{crowd.described()}\n")
    teams, wild, wrong = (crowd.statuses[kind] for kind in ("teams", "wild", "wrong"))
    assert teams.keys() == {200}
    assert teams.total() >= 0.99 * TEAMS_PER_S * SECONDS
    most = Limits().burst + Limits().rate_per_s * SECONDS
    assert most - 2 * CREDIT <= wild[200] <= most + INSTANCES * CREDIT
    assert wild[200] + wild[429] == wild.total() >= 0.99 * WILD_PER_S * SECONDS
    assert wrong.keys() == {401}
    calls_of_wild = 2 * (wild[200] / CREDIT + INSTANCES)
    assert crowd.counting_calls <= calls_of_wild + teams.total() * (1 + 2 / CREDIT)
