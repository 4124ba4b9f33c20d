"""The files and fields of the GTFS Schedule reference (gtfs.org), and what the importer does with them.

Which of them are read is in `simulator.gtfs.reading.tables`. `tests/simulator/gtfs/test_reference.py`
compares the two, and imports a feed with each field changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

REVISION = "April 2026"
"""The reference's last revision whose fields are listed here."""


class Unread(NamedTuple):
    """A file that isn't read: what it is about, and its fields."""

    about: str
    fields: tuple[str, ...]


def _unread(about: str, fields: str) -> Unread:
    return Unread(about, tuple(fields.split()))


REPORTED: Mapping[str, Mapping[str, str]] = {
    "routes.txt": {
        "continuous_pickup": "values other than 1 are reported; buses stop only at stops",
        "continuous_drop_off": "values other than 1 are reported; buses stop only at stops",
    },
    "stops.txt": {"location_type": "wrong values are reported; a stop is what trips serve"},
    "stop_times.txt": {
        "continuous_pickup": "values other than 1 are reported; buses stop only at stops",
        "continuous_drop_off": "values other than 1 are reported; buses stop only at stops",
        "location_group_id": "a stop time with one is on demand: left out and reported",
        "location_id": "a stop time with one is on demand: left out and reported",
        "start_pickup_drop_off_window": "a stop time with one is on demand: left out and reported",
        "end_pickup_drop_off_window": "a stop time with one is on demand: left out and reported",
    },
    "frequencies.txt": {
        "exact_times": "said if some aren't exact; departures are evenly spaced in either case"
    },
}
"""Fields that are read for the report alone: of their values nothing gets into the network."""

_DAY = "whether the service runs on this day of the week"
USED: Mapping[str, Mapping[str, str]] = {
    "agency.txt": {
        "agency_timezone": "the time zone of all times; the first agency's counts, others are reported"
    },
    "routes.txt": {
        "route_id": "joins trips; the line's `gtfs_id`, and its id if the short name can't be it",
        "route_short_name": "the line's id, and part of its name",
        "route_long_name": "part of the line's name",
        "route_type": "chooses bus routes: 3, 11, 700–716, 800, or those of `--route-types`",
    },
    "stops.txt": {
        "stop_id": "joins stop times; the stop's `gtfs_id`, and its id where the characters allow it",
        "stop_name": "the stop's name",
        "stop_lat": "where the stop is",
        "stop_lon": "where the stop is",
        "parent_station": "gives a platform without name or coordinates those of its station",
        "platform_code": "added to the stop's name",
    },
    "trips.txt": {
        "route_id": "the trip's line",
        "service_id": "the dates on which the trip runs",
        "trip_id": "joins stop times and frequencies",
        "direction_id": "the direction of the trip's pattern; without it, by where the pattern begins",
        "block_id": "trips of a block on one route are run by one bus",
        "shape_id": "the road from stop to stop",
    },
    "stop_times.txt": {
        "trip_id": "the trip",
        "arrival_time": "running times; blank ones are interpolated by distance",
        "departure_time": "departures and running times",
        "stop_id": "the pattern's stops",
        "stop_sequence": "their order",
        "pickup_type": "1: nobody boards there; 0, 2 and 3 are alike",
        "drop_off_type": "1: nobody alights there; 0, 2 and 3 are alike",
        "timepoint": "1: the bus doesn't leave before its time",
    },
    "calendar.txt": {
        "service_id": "the service",
        "monday": _DAY,
        "tuesday": _DAY,
        "wednesday": _DAY,
        "thursday": _DAY,
        "friday": _DAY,
        "saturday": _DAY,
        "sunday": _DAY,
        "start_date": "the service's first date",
        "end_date": "the service's last date",
    },
    "calendar_dates.txt": {
        "service_id": "the service",
        "date": "the date of the exception",
        "exception_type": "whether the service runs on it",
    },
    "shapes.txt": {
        "shape_id": "the shape",
        "shape_pt_lat": "the road's course",
        "shape_pt_lon": "the road's course",
        "shape_pt_sequence": "the order of its points",
    },
    "frequencies.txt": {
        "trip_id": "the trip that is repeated",
        "start_time": "its first departure",
        "end_time": "departures are before it",
        "headway_secs": "seconds between departures",
    },
}
"""Fields that shape the network."""

_RIDERS, _FARES, _ON_DEMAND = (
    "for riders to read",
    "fares aren't simulated",
    "services on demand aren't simulated",
)
IGNORED: Mapping[str, Mapping[str, str]] = {
    "agency.txt": {
        "agency_id": "lines aren't grouped by agency",
        **dict.fromkeys(("agency_name", "agency_url", "agency_lang", "agency_phone"), _RIDERS),
        "agency_fare_url": _FARES,
        "agency_email": _RIDERS,
        "cemv_support": _FARES,
    },
    "routes.txt": {
        "agency_id": "lines aren't grouped by agency",
        **dict.fromkeys(("route_desc", "route_url"), _RIDERS),
        **dict.fromkeys(("route_color", "route_text_color", "route_sort_order"), "how a route is shown"),
        **dict.fromkeys(("network_id", "cemv_support"), _FARES),
    },
    "stops.txt": {
        **dict.fromkeys(("stop_code", "tts_stop_name", "stop_desc", "stop_url"), _RIDERS),
        "zone_id": _FARES,
        "stop_timezone": "times are in the agency's time zone",
        "wheelchair_boarding": "riders are alike in the model",
        **dict.fromkeys(("level_id", "stop_access"), "ways inside stations aren't simulated"),
    },
    "trips.txt": {
        "trip_headsign": _RIDERS,
        "trip_short_name": _RIDERS,
        **dict.fromkeys(
            ("wheelchair_accessible", "bikes_allowed", "cars_allowed"), "riders are alike in the model"
        ),
        **dict.fromkeys(("safe_duration_factor", "safe_duration_offset"), _ON_DEMAND),
    },
    "stop_times.txt": {
        "stop_headsign": _RIDERS,
        "shape_dist_traveled": "stops are matched to the shape by their coordinates and order",
        **dict.fromkeys(("pickup_booking_rule_id", "drop_off_booking_rule_id"), _ON_DEMAND),
    },
    "shapes.txt": {"shape_dist_traveled": "stops are matched to the shape by their coordinates and order"},
}
"""Fields that aren't read of files that are, and why."""

UNREAD: Mapping[str, Unread] = {
    "fare_attributes.txt": _unread(
        "fares", "fare_id price currency_type payment_method transfers agency_id transfer_duration"
    ),
    "fare_rules.txt": _unread("fares", "fare_id route_id origin_id destination_id contains_id"),
    "timeframes.txt": _unread("fares by time of day", "timeframe_group_id start_time end_time service_id"),
    "rider_categories.txt": _unread(
        "fares by rider", "rider_category_id rider_category_name is_default_fare_category eligibility_url"
    ),
    "fare_media.txt": _unread("tickets and cards", "fare_media_id fare_media_name fare_media_type"),
    "fare_products.txt": _unread(
        "fares", "fare_product_id fare_product_name rider_category_id fare_media_id amount currency"
    ),
    "fare_leg_rules.txt": _unread(
        "fares",
        "leg_group_id network_id from_area_id to_area_id from_timeframe_group_id to_timeframe_group_id "
        "fare_product_id rule_priority",
    ),
    "fare_leg_join_rules.txt": _unread("fares", "from_network_id to_network_id from_stop_id to_stop_id"),
    "fare_transfer_rules.txt": _unread(
        "fares",
        "from_leg_group_id to_leg_group_id transfer_count duration_limit duration_limit_type "
        "fare_transfer_type fare_product_id",
    ),
    "areas.txt": _unread("fare areas", "area_id area_name"),
    "stop_areas.txt": _unread("fare areas", "area_id stop_id"),
    "networks.txt": _unread("groups of routes for fares", "network_id network_name"),
    "route_networks.txt": _unread("groups of routes for fares", "network_id route_id"),
    "transfers.txt": _unread(
        "transfers; riders of the model take one bus",
        "from_stop_id to_stop_id from_route_id to_route_id from_trip_id to_trip_id transfer_type "
        "min_transfer_time",
    ),
    "pathways.txt": _unread(
        "ways inside stations",
        "pathway_id from_stop_id to_stop_id pathway_mode is_bidirectional length traversal_time stair_count "
        "max_slope min_width signposted_as reversed_signposted_as",
    ),
    "levels.txt": _unread("levels of stations", "level_id level_index level_name"),
    "location_groups.txt": _unread("services on demand", "location_group_id location_group_name"),
    "location_group_stops.txt": _unread("services on demand", "location_group_id stop_id"),
    "locations.geojson": _unread(
        "areas of services on demand",
        "type features features.type features.id features.properties features.properties.stop_name "
        "features.properties.stop_desc features.geometry features.geometry.type "
        "features.geometry.coordinates",
    ),
    "booking_rules.txt": _unread(
        "booking of services on demand",
        "booking_rule_id booking_type prior_notice_duration_min prior_notice_duration_max "
        "prior_notice_last_day prior_notice_last_time prior_notice_start_day prior_notice_start_time "
        "prior_notice_service_id message pickup_message drop_off_message phone_number info_url booking_url",
    ),
    "translations.txt": _unread(
        "names in other languages",
        "table_name field_name language translation record_id record_sub_id field_value",
    ),
    "feed_info.txt": _unread(
        "the feed's publisher and validity; the simulator runs on any date",
        "feed_publisher_name feed_publisher_url feed_lang default_lang feed_start_date feed_end_date "
        "feed_version feed_contact_email feed_contact_url",
    ),
    "attributions.txt": _unread(
        "who made the feed",
        "attribution_id agency_id route_id trip_id organization_name is_producer is_operator is_authority "
        "attribution_url attribution_email attribution_phone",
    ),
}
"""Files that aren't read."""
