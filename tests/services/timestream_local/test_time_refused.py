"""The stores' client knows a refusal for the time of records from any other."""

from __future__ import annotations

import pytest

from services.timestream_local.writing.record_batch import TimeBounds
from storage.errors import StoreError, TimeRefused
from storage.timestream_errors import RejectedRecord
from storage.timestream_writer import refuse

OUT_OF_TIME = RejectedRecord(0, TimeBounds(0, 1, 0, "memory store").refusal(), None)
TOO_LARGE = RejectedRecord(1, "The record is larger than 2048 bytes.", None)


def test_records_refused_for_their_times_may_be_taken_later() -> None:
    with pytest.raises(TimeRefused, match="1 of 5 records were refused: The record timestamp is outside"):
        refuse("people_count", 5, [OUT_OF_TIME])


def test_a_record_refused_for_another_reason_is_an_error() -> None:
    with pytest.raises(StoreError) as refused:
        refuse("people_count", 5, [OUT_OF_TIME, TOO_LARGE])
    assert not isinstance(refused.value, TimeRefused)
