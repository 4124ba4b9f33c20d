"""The three feeds and their two formats."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

PROTOBUF, JSON = "application/x-protobuf", "application/json"
FORMATS: Mapping[str, str] = {"": PROTOBUF, "protobuf": PROTOBUF, "json": JSON}
"""The media type of each value of `format`."""
CADENCE = timedelta(seconds=30)
"""Feeds change with the positions."""


class RealtimeFeed(StrEnum):
    """The name of a feed in its URL."""

    VEHICLE_POSITIONS = "vehicle-positions"
    TRIP_UPDATES = "trip-updates"
    ALERTS = "alerts"
