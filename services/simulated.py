"""What a scenario's days say, as they are simulated now: without a store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from services.feeders.backfill import hours
from simulator.city import City
from simulator.scenario import Scenario
from simulator.service_day import origin_ms
from simulator.types import to_datetime
from storage.digest import stream_digest
from storage.schema import Stream


def stretch_of(scenario: Scenario) -> tuple[datetime, datetime]:
    """From the origin of the scenario's first service day to the end of its last."""
    after = scenario.last_day + timedelta(days=1)
    return to_datetime(origin_ms(scenario.first_day)), to_datetime(origin_ms(after))


def stream_digests(city: City, start: datetime, end: datetime) -> Mapping[Stream, str]:
    """The digest of each stream over [start, end)."""
    return {
        stream: stream_digest(
            (city.window(first, last, [stream])[stream] for first, last in hours(start, end)), stream
        )
        for stream in Stream
    }
