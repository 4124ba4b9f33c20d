"""What to say to those who would disturb a city whose store has later records than its clock."""

from __future__ import annotations

from datetime import datetime

from services.times import HOUR, format_instant
from storage.journal import first_open_second
from storage.store import Store

FURTHEST_AHEAD = HOUR
"""At the greatest speed feeders write this far ahead of the clock."""


def written_ahead(store: Store, now: datetime) -> str | None:
    """Why an intervention can't count soon after `now`; None where it can."""
    first = first_open_second(store.coverage)
    if first is None or first - now <= FURTHEST_AHEAD:
        return None
    return (
        f"The store has records until {format_instant(first)}, which no intervention can change, and the "
        f"clock is at {format_instant(now)}: to disturb the city now, run it with another --store"
    )
