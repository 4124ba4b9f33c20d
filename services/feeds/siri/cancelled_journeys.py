"""Planned trips that no bus runs, as SIRI writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from services.feeds.siri.journeys import CancelledJourney, SiriCity, described
from services.feeds.siri.tree import Tree
from services.times import format_instant

if TYPE_CHECKING:
    from services.feeds.gtfs_realtime.realtime_feeds import RealtimeFeeds


def cancelled_journeys(feeds: RealtimeFeeds) -> Sequence[CancelledJourney]:
    """The trips that GTFS-Realtime says are cancelled. May raise `StoreError`."""
    return [
        CancelledJourney(
            line,
            line.patterns[planned.pattern],
            planned.trip_id,
            planned.start_date,
            [planned.departs + timedelta(seconds=c.arrives_s) for c in feeds.days.calls(line, planned)],
        )
        for line, planned in feeds.cancelled()
    ]


def cancelled_timetable(city: SiriCity, cancelled: CancelledJourney) -> Tree:
    """An estimated journey with `Cancellation`, which all its calls have, too."""
    stops = [city.network.stop[stop.stop_id] for stop in cancelled.pattern.stops]
    calls: list[Tree] = [
        {
            "StopPointRef": city.ids.stop[stop.stop_id],
            "Order": number,
            "StopPointName": [stop.name],
            "Cancellation": True,
            "AimedDepartureTime" if number == 1 else "AimedArrivalTime": format_instant(aimed),
        }
        for number, (stop, aimed) in enumerate(zip(stops, cancelled.aimed, strict=True), 1)
    ]
    return {
        "LineRef": city.ids.route[cancelled.line.line_id],
        "DirectionRef": str(cancelled.pattern.direction),
        "DatedVehicleJourneyRef": cancelled.ref,
        "Cancellation": True,
        **described(city, cancelled.line, cancelled.pattern),
        "Monitored": False,
        "EstimatedCalls": {"EstimatedCall": calls},
        "IsCompleteStopSequence": True,
    }
