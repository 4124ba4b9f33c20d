"""Notices that the canonical validator doesn't give."""

from __future__ import annotations

import pytest

from services.feeds.gtfs_notices import MOST_SAMPLES
from services.feeds.own_notices import short_headways

HEADER = "trip_id,start_time,end_time,headway_secs\n"


def test_every_headway_under_a_minute_is_counted_and_the_first_are_samples() -> None:
    rows = "".join(f"T{n},06:00:00,07:00:00,{headway}\n" for n, headway in enumerate([60, *[7] * 9, 600]))
    [group] = short_headways((HEADER + "\n" + rows).encode())
    assert (group.count, len(group.samples)) == (9, MOST_SAMPLES)
    assert group.samples[0].row == 3


@pytest.mark.parametrize(
    "content",
    [
        "",
        "trip_id\nT1\n",
        f"{HEADER}T1,06:00:00\nT2,06:00:00,07:00:00,7x\n",
        f"{HEADER}T1,a,b,0\n",
        f"{HEADER}T1,a,b,\u0667\n",
        f'{HEADER}T1,a,b,"{"7" * 200_000}\n',
    ],
)
def test_what_is_no_short_headway_is_left_to_the_library(content: str) -> None:
    assert short_headways(content.encode()) == []
