from itertools import pairwise

import numpy as np
from google.transit.gtfs_realtime_pb2 import TripUpdate, VehicleDescriptor
from hypothesis import given
from hypothesis import strategies as st

from services.feeds.gtfs_realtime.messages.wire_rows import (
    delimited,
    joined,
    message_field,
    number_field,
    only,
    table,
    taken,
    varint,
)

EVENTS = st.tuples(st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**62), st.booleans())


@given(st.lists(EVENTS, min_size=1))
def test_rows_are_the_bytes_that_protobuf_writes(events: list[tuple[int, int, bool]]) -> None:
    delays, times, present = (np.array(column) for column in zip(*events, strict=True))
    event = [*only(present, number_field(1, delays)), *number_field(2, times)]
    ids = taken(table([delimited(4, b"S1"), delimited(4, b"S" * 200)]), present.astype(np.int64))
    content, ends = joined([*only(present, message_field(2, event)), ids])
    found = [content[start:end] for start, end in pairwise([0, *ends.tolist()])]
    expected = []
    for delay, time, has_arrival in events:
        update = TripUpdate.StopTimeUpdate(stop_id="S" * 200 if has_arrival else "S1")
        if has_arrival:
            update.arrival.delay, update.arrival.time = delay, time
        expected.append(update.SerializeToString())
    assert found == expected


@given(st.integers(0, 2**40))
def test_one_number_is_a_varint(number: int) -> None:
    event = TripUpdate.StopTimeEvent(time=number)
    assert bytes([2 << 3]) + varint(number) == event.SerializeToString()


def test_a_text_has_its_length_before_it() -> None:
    assert delimited(1, b"x" * 300) == VehicleDescriptor(id="x" * 300).SerializeToString()
