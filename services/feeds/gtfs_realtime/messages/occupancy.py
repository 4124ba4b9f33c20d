"""How full a bus is, in the terms of GTFS-Realtime."""

from __future__ import annotations

from functools import lru_cache

from google.transit.gtfs_realtime_pb2 import VehiclePosition

SEATS_SHARE = 0.33
"""The share of a city bus's places that are seats: some 30 of 90."""
STATUS = (
    (0.0, VehiclePosition.EMPTY),
    (0.6 * SEATS_SHARE, VehiclePosition.MANY_SEATS_AVAILABLE),
    (SEATS_SHARE, VehiclePosition.FEW_SEATS_AVAILABLE),
    (0.8, VehiclePosition.STANDING_ROOM_ONLY),
    (0.99, VehiclePosition.CRUSHED_STANDING_ROOM_ONLY),
)
"""The status up to a share of the capacity; above the last a bus is full."""


@lru_cache(4096)
def occupancy_status(load: int, capacity: int) -> VehiclePosition.OccupancyStatus:
    """The status of a bus with so many people aboard."""
    share = load / capacity
    return next((status for most, status in STATUS if share <= most), VehiclePosition.FULL)


def occupancy_percentage(load: int, capacity: int) -> int:
    """The load in per cent of the capacity."""
    return round(100 * load / capacity)
