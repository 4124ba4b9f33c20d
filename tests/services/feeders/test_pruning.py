"""Pruning: whole days that are older than some days, every hour; a store that is away is no reason to end."""

from __future__ import annotations

from datetime import datetime

import pytest

from services.cli import status_of
from services.feeders.pruning import Pruning
from storage.errors import StoreUnavailable
from tests.services.fakes import DAY, HOUR, NOW, FaultyStore, fake_clock

MIDNIGHT = NOW.replace(hour=0, minute=0, second=0)


class CountingStore(FaultyStore):
    """Notes up to when it was pruned; the first time it can't be reached."""

    def __init__(self) -> None:
        super().__init__()
        self.pruned: list[datetime] = []

    def prune(self, before: datetime) -> None:
        self.pruned.append(before)
        if len(self.pruned) == 1:
            raise StoreUnavailable("away")


def test_it_prunes_every_hour_also_after_a_failure() -> None:
    store = CountingStore()
    Pruning(store, fake_clock(lasts=16 * HOUR + 1 * DAY), 2).run_until_closed()
    # It begins at 07:30: seventeen times until midnight, then the next day.
    days_ago = [(MIDNIGHT - before) / DAY for before in store.pruned]
    assert days_ago == [2] * 17 + [1] * 23


TIMESTREAM = ("feed", "sensors", "--store", "timestream://bus?region=eu-west-1")


@pytest.mark.parametrize("words", [TIMESTREAM, ("run", "--timestream-port", "0")])
def test_a_store_with_a_retention_of_its_own_is_refused(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of([*words, "--keep-days", "3"]) == 2
    assert "set that, and leave out --keep-days" in capsys.readouterr().err
