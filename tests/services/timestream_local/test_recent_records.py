"""What is known of the records written last never misses a stored one."""

from __future__ import annotations

import pytest

from services.timestream_local.writing import recent_records
from services.timestream_local.writing.recent_records import RecentRecords


def test_a_stored_record_is_never_taken_for_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches around a time that moves on, with dimensions that grow, over many generations."""
    monkeypatch.setattr(recent_records, "MOST", 40)
    recent = RecentRecords(10)
    stored = {(9, 0)}  # before `since`, so that it isn't noted
    known_as_new = 0
    for number in range(600):
        names = ("stop_id",) if number < 300 else ("stop_id", "line_id")
        places = range(number % 6 + 1)
        batch = {(number + (number * p * 7) % 13 - 8, (number * 11 + p * 17) % 31) for p in places}
        hashes = [hash((*names, *record)) for record in batch]
        if recent.lack(names, min(time for time, _ in batch), hashes):
            known_as_new += 1
            assert not batch & stored
        recent.add(names, max(time for time, _ in batch), hashes)
        stored |= batch
    assert known_as_new > 100
