"""The audit's checks of movement: doors (I4), stops and patterns (I5), speed (I6), and direction (I7)."""

from __future__ import annotations

from storage.audit_check import Check

STEP_SLACK_M = 0.3
"""Distances are rounded to 0.1 m, and a step is calculated from three of them."""

MOVED = """sqrt(power((latitude - before_latitude) * 111195.08, 2)
  + power((longitude - before_longitude) * 111195.08 * cos(radians(latitude)), 2))"""
"""Metres from the previous position (equirectangular projection, mean Earth radius)."""
AHEAD = """sqrt(power((next_latitude - latitude) * 111195.08, 2)
  + power((next_longitude - longitude) * 111195.08 * cos(radians(latitude)), 2))"""
"""Metres to the next stop in a straight line."""

MOVEMENT_CHECKS = (
    Check(
        "I4", "doors are open exactly during visits", "piece", "sensor", "reading",
        "known AND (door_status = 'open') IS DISTINCT FROM should_be_open",
        """format('bus {} at {}: doors {}, but by its visits {}', entity_id, time, door_status,
             CASE WHEN should_be_open THEN 'open' ELSE 'closed' END)""",
    ),
    Check(
        "I4", "a bus with open doors stands at its stop", "piece", "position", "seen",
        """standing AND next_doors AND (speed <> 0 OR distance_to_next_stop <> 0
             OR abs(latitude - next_latitude) > 6e-7 OR abs(longitude - next_longitude) > 6e-7)""",
        """format('bus {} at {}: {} km/h, {} m before {}, at {}, {}', bus_id, time, speed,
             distance_to_next_stop, next_stop_id, latitude, longitude)""",
    ),
    Check(
        "I4", "a bus that passes a stop lets nobody on or off", "day", "visit", "visit_in_trip",
        """(arrival_time > time OR doors_open = (arrival_time = time)
             OR (NOT doors_open AND boarding + alighting + left_behind <> 0))""",
        """format('bus {} at {}, {}: arrived {}, {} boarding, {} alighting, {} left behind', bus_id,
             stop_id, time, arrival_time, boarding, alighting, left_behind)""",
    ),
    Check(
        "I5", "positions name the stop of the next visit", "piece", "position", "seen",
        """CASE WHEN next_stop IS NULL THEN known AND trip_id <> ''
             WHEN trip_id = '' THEN NOT next_starts
             ELSE (next_stop_id, direction, trip_id) <> (next_stop, next_direction, next_trip) END""",
        """CASE WHEN next_stop IS NULL
             THEN format('bus {} at {}: on trip {}, but without a later visit', bus_id, time, trip_id)
             ELSE format('bus {} at {}: next stop {} ({}, trip {}), but its next visit is {} ({}, trip {})',
               bus_id, time, next_stop_id, direction, trip_id, next_stop, next_direction, next_trip) END""",
    ),
    Check(
        "I5", "a bus without a trip is on its way to a first stop", "piece", "position",
        """(FROM position p WHERE of_piece AND trip_id = '' AND (line_id, direction, next_stop_id) NOT IN (
             SELECT (line_id, direction, stop_id) FROM pattern_stop WHERE place = 1)
             AND NOT EXISTS (FROM irregular i WHERE i.line_id = p.line_id AND p.time >= i.since
               AND p.time < i.until))""",
        "true",
        """format('bus {} at {}: no trip of line {} starts at {} in direction {}', bus_id, time, line_id,
             next_stop_id, direction)""",
    ),
    Check(
        "I5", "visits follow a pattern stop by stop", "day", "visit", "visit_in_trip",
        """(places IS NULL OR (before_time IS NOT NULL
             AND NOT (trip_id = before_trip_id AND sequence = before_sequence + 1)
             AND NOT (trip_id <> before_trip_id AND starts_trip AND before_ended)))""",
        """format('bus {} at {}, {}: stop {} of trip {} after stop {} of trip {}', bus_id, stop_id, time,
             sequence, trip_id, coalesce(before_sequence::VARCHAR, '-'), coalesce(before_trip_id, '-'))""",
    ),
    Check(
        "I5", "the distance to the next stop never grows", "piece", "position", "seen",
        """since = before_since AND same_stop
             AND distance_to_next_stop > before_distance_to_next_stop""",
        """format('bus {} at {}: {} m to {}, {} m before', bus_id, time, distance_to_next_stop,
             next_stop_id, before_distance_to_next_stop)""",
    ),
    Check(
        "I5", "the distance to the next stop is within the hop", "piece", "position", "seen",
        f"""(distance_to_next_stop < 0
             OR (NOT next_starts AND distance_to_next_stop > hop_m + {STEP_SLACK_M}))""",
        """format('bus {} at {}: {} m to {}, but the stops are {} m apart', bus_id, time,
             distance_to_next_stop, next_stop_id, hop_m)""",
    ),
    Check(
        "I6", "a bus moves along its route, at most 90 km/h", "piece", "position", "seen",
        f"""before_time IS NOT NULL AND next_stop IS NOT NULL
             AND NOT empty_run AND NOT before_empty_run
             AND (odometer_m - before_odometer_m > 25 * seconds + {STEP_SLACK_M}
               OR odometer_m - before_odometer_m < -{STEP_SLACK_M})""",
        """format('bus {} at {}: {} m along the route in {} s', bus_id, time,
             round(odometer_m - before_odometer_m, 1), seconds)""",
    ),
    Check(
        "I6", "a bus never jumps to a distant place", "piece", "position", "seen",
        f"""before_time IS NOT NULL
             AND {MOVED} > 25 * seconds + 1""",
        f"""format('bus {{}} at {{}}: {{}} m in {{}} s', bus_id, time,
             round({MOVED}), seconds)""",
    ),
    Check(
        "I6", "a parked bus stays where it is", "piece", "position", "seen",
        """trip_id = '' AND before_parked AND distance_to_next_stop = 0
             AND before_distance_to_next_stop = 0 AND before_speed = 0
             AND (latitude <> before_latitude OR longitude <> before_longitude OR speed <> 0)""",
        """format('bus {} at {}: parked, but moved from {}, {} to {}, {}', bus_id, time,
             before_latitude, before_longitude, latitude, longitude)""",
    ),
    Check(
        "I6", "a bus in layover stands at its stop", "piece", "position", "seen",
        """since = before_since AND next_starts AND trip_id <> ''
             AND distance_to_next_stop = 0 AND before_distance_to_next_stop = 0
             AND (speed <> 0 OR abs(latitude - next_latitude) > 6e-7
               OR abs(longitude - next_longitude) > 6e-7)""",
        """format('bus {} at {}: {} km/h at {}, {} in layover at {}', bus_id, time, speed, latitude,
             longitude, next_stop_id)""",
    ),
    Check(
        "I6", "the next stop is no farther than the route to it", "piece", "position", "seen",
        f"NOT next_starts AND {AHEAD} > distance_to_next_stop * 1.001 + 1",
        """format('bus {} at {}: {} m to {} by route, less than straight', bus_id, time,
             distance_to_next_stop, next_stop_id)""",
    ),
    Check(
        "I6", "speed is between 0 and 90 km/h", "piece", "position", "seen",
        "NOT (speed BETWEEN 0 AND 90)",
        "format('bus {} at {}: {} km/h', bus_id, time, speed)",
    ),
    Check(
        "I6", "a bus on its way has a speed above zero", "piece", "position", "seen",
        """NOT next_starts AND speed = 0 AND time > since + INTERVAL 1 SECOND
             AND time < next_arrival - INTERVAL 1 SECOND
             AND NOT (distance_to_next_stop = 0 AND (line_id, direction, next_stop_id) IN (
               SELECT (line_id, direction, stop_id) FROM pattern_stop WHERE NOT boards AND NOT alights))""",
        """format('bus {} at {}: 0 km/h, {} m before {}', bus_id, time, distance_to_next_stop,
             next_stop_id)""",
    ),
    Check(
        "I7", "visits change direction only at terminals", "day", "visit", "visit_in_trip",
        """direction <> before_direction
             AND NOT (starts_trip AND before_ended)""",
        """format('bus {} at {}, {}: direction {} after {} within a trip', bus_id, stop_id, time,
             direction, before_direction)""",
    ),
    Check(
        "I7", "positions have a direction of the line", "piece", "position", "seen",
        "(line_id, direction) NOT IN (SELECT (line_id, direction) FROM pattern_stop)",
        "format('bus {} at {}: line {} has no direction {}', bus_id, time, line_id, direction)",
    ),
)  # fmt: skip
