"""The invariants as SQL (DuckDB), each a query whose rows are violations with a readable `example`.

They read the tables of `storage.audit_views`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

STEP_SLACK_M = 0.3
"""Distances are rounded to 0.1 m; three of them enter a step."""


@dataclass(frozen=True, slots=True)
class Check:
    """Part of an invariant: over which table's judged rows, and the query that finds violations."""

    invariant: str
    what: str
    every: Literal["day", "piece"]
    judged: str
    violations: str


MOVED = """sqrt(power((latitude - before_latitude) * 111195.08, 2)
  + power((longitude - before_longitude) * 111195.08 * cos(radians(latitude)), 2))"""
"""Metres from the position before (equirectangular, mean Earth radius)."""
AHEAD = """sqrt(power((next_latitude - latitude) * 111195.08, 2)
  + power((next_longitude - longitude) * 111195.08 * cos(radians(latitude)), 2))"""
"""Metres straight to the next stop."""

VISITS = "SELECT count(*) FROM visit WHERE of_day"
POSITIONS = "SELECT count(*) FROM position WHERE of_piece"
SENSORS = "SELECT count(*) FROM sensor WHERE of_piece"
PEOPLE = "SELECT count(*) FROM people WHERE of_piece"

CHECKS = (
    Check(
        "I1", "people at a stop are conserved", "piece", PEOPLE,
        """SELECT format('stop {} at {}: count {}, but {} before + {} arrived - {} boarded - {} left',
             stop_id, time, count, before_count, arrived, boarded, "left") AS example FROM crowd
           WHERE of_piece AND before_time = time - INTERVAL 1 MINUTE
             AND count <> before_count + arrived - boarded - "left" """,
    ),
    Check(
        "I1", "people boarded are those of the visits", "piece", PEOPLE,
        """SELECT format('stop {} at {}: boarded {}, but the visits of the minute have {}',
             stop_id, time, boarded, visits_boarding) AS example FROM crowd
           WHERE of_piece AND time > $first AND boarded <> visits_boarding""",
    ),
    Check(
        "I1", "numbers of people aren't negative", "piece", PEOPLE,
        """SELECT format('stop {} at {}: count {}, arrived {}, boarded {}, left {}', stop_id, time, count,
             arrived, boarded, "left") AS example FROM crowd
           WHERE of_piece AND least(count, arrived, boarded, "left") < 0""",
    ),
    Check(
        "I2", "load is load before - alighting + boarding", "day", VISITS,
        """SELECT format('bus {} at {}, {}: {} aboard, but {} before - {} + {}', bus_id, stop_id, time,
             passenger_count, load_before, alighting, boarding) AS example FROM stretch
           WHERE of_day AND passenger_count <> load_before - alighting + boarding""",
    ),
    Check(
        "I2", "load is between none and the capacity", "day", VISITS,
        """SELECT format('bus {} at {}, {}: {} aboard, {} places', bus_id, stop_id, time, passenger_count,
             capacity) AS example FROM stretch JOIN bus USING (bus_id)
           WHERE of_day AND (passenger_count < 0 OR passenger_count > capacity
             OR least(boarding, alighting, left_behind, waiting) < 0)""",
    ),
    Check(
        "I2", "people are left behind only by a full bus", "day", VISITS,
        """SELECT format('bus {} at {}, {}: left {} behind with {} of {} places taken', bus_id, stop_id, time,
             left_behind, passenger_count, capacity) AS example FROM stretch JOIN bus USING (bus_id)
           WHERE of_day AND left_behind > 0 AND passenger_count <> capacity""",
    ),
    Check(
        "I2", "positions carry the last visit's load", "piece", POSITIONS,
        """SELECT format('bus {} at {}: {} aboard, but {} since its last visit', bus_id, time,
             passenger_count, coalesce(load::VARCHAR, '0')) AS example FROM seen
           WHERE of_piece AND (passenger_count <> load OR (trip_id = '' AND passenger_count <> 0))""",
    ),
    Check(
        "I3", "who boards a trip alights from it", "day", "SELECT count(*) FROM trip",
        """SELECT format('trip {}: {} boarded, {} alighted', trip_id, t.boarding, t.alighting) AS example
           FROM trip t JOIN stretch v USING (trip_id)
           WHERE v.sequence = t.last AND v.of_day AND v.ends_trip AND t.boarding <> t.alighting
             AND trip_id IN (SELECT trip_id FROM stretch WHERE starts_trip)""",
    ),
    Check(
        "I3", "a trip's last stop empties the bus", "day", VISITS,
        """SELECT format('bus {} at {}, {}: {} aboard and {} got in at the last stop', bus_id, stop_id, time,
             passenger_count, boarding) AS example FROM stretch
           WHERE of_day AND ends_trip AND (passenger_count <> 0 OR boarding <> 0)""",
    ),
    Check(
        "I4", "doors are open exactly during visits", "piece", SENSORS,
        """SELECT format('bus {} at {}: doors {}, but by its visits {}', entity_id, time, door_status,
             CASE WHEN should_be_open THEN 'open' ELSE 'closed' END) AS example FROM reading
           WHERE of_piece AND known AND (door_status = 'open') IS DISTINCT FROM should_be_open""",
    ),
    Check(
        "I4", "a bus with open doors stands at its stop", "piece", POSITIONS,
        """SELECT format('bus {} at {}: {} km/h, {} m before {}, at {}, {}', bus_id, time, speed,
             distance_to_next_stop, next_stop_id, latitude, longitude) AS example FROM seen
           WHERE of_piece AND standing AND next_doors AND (speed <> 0 OR distance_to_next_stop <> 0
             OR abs(latitude - next_latitude) > 6e-7 OR abs(longitude - next_longitude) > 6e-7)""",
    ),
    Check(
        "I4", "a pass opens no doors and moves nobody", "day", VISITS,
        """SELECT format('bus {} at {}, {}: a pass since {} with {} in, {} out, {} left', bus_id, stop_id,
             time, arrival_time, boarding, alighting, left_behind) AS example FROM stretch
           WHERE of_day AND (arrival_time > time OR doors_open = (arrival_time = time)
             OR (NOT doors_open AND boarding + alighting + left_behind <> 0))""",
    ),
    Check(
        "I5", "positions name the stop that is visited next", "piece", POSITIONS,
        """SELECT format('bus {} at {}: next stop {} ({}, trip {}), but its next visit is {} ({}, trip {})',
             bus_id, time, next_stop_id, direction, trip_id, next_stop, next_direction, next_trip) AS example
           FROM seen WHERE of_piece AND next_stop IS NOT NULL
             AND CASE WHEN trip_id = '' THEN NOT next_starts
               ELSE (next_stop_id, direction, trip_id) <> (next_stop, next_direction, next_trip) END
           UNION ALL SELECT format('bus {} at {}: no trip of line {} starts at {} in direction {}', bus_id,
             time, line_id, next_stop_id, direction)
           FROM seen WHERE of_piece AND trip_id = '' AND (line_id, direction, next_stop_id) NOT IN (
             SELECT (line_id, direction, stop_id) FROM pattern_stop WHERE place = 1)
             AND NOT EXISTS (FROM irregular i WHERE i.line_id = seen.line_id AND time >= i.since
               AND time < i.until)
           UNION ALL SELECT format('bus {} at {}: on trip {} without a visit to come', bus_id, time, trip_id)
           FROM seen WHERE of_piece AND next_stop IS NULL AND known AND trip_id <> '' """,
    ),
    Check(
        "I5", "visits follow a pattern stop by stop", "day", VISITS,
        """SELECT format('bus {} at {}, {}: stop {} of trip {} after stop {} of trip {}', bus_id, stop_id,
             time, sequence, trip_id, coalesce(before_sequence::VARCHAR, '-'), coalesce(before_trip, '-'))
             AS example FROM stretch
           WHERE of_day AND (places IS NULL OR (before_time IS NOT NULL
             AND NOT (trip_id = before_trip AND sequence = before_sequence + 1)
             AND NOT (trip_id <> before_trip AND starts_trip AND before_ended)))""",
    ),
    Check(
        "I5", "the way to the next stop never grows", "piece", POSITIONS,
        """SELECT format('bus {} at {}: {} m to {}, {} m before', bus_id, time, distance_to_next_stop,
             next_stop_id, before_distance) AS example FROM step
           WHERE of_piece AND since = before_since AND next_stop_id = before_stop
             AND distance_to_next_stop > before_distance""",
    ),
    Check(
        "I5", "the way to the next stop is within the hop", "piece", POSITIONS,
        f"""SELECT format('bus {{}} at {{}}: {{}} m to {{}}, a hop of {{}} m', bus_id, time,
             distance_to_next_stop, next_stop_id, hop_m) AS example FROM seen
           WHERE of_piece AND (distance_to_next_stop < 0
             OR (NOT next_starts AND distance_to_next_stop > hop_m + {STEP_SLACK_M}))""",
    ),
    Check(
        "I6", "a bus moves along its route, at most 90 km/h", "piece", POSITIONS,
        f"""SELECT format('bus {{}} at {{}}: {{}} m along the route in {{}} s', bus_id, time,
             round(odometer_m - before_odometer_m, 1), seconds) AS example FROM step
           WHERE of_piece AND before_time IS NOT NULL AND next_stop IS NOT NULL
             AND NOT empty_run AND NOT before_empty_run
             AND (odometer_m - before_odometer_m > 25 * seconds + {STEP_SLACK_M}
               OR odometer_m - before_odometer_m < -{STEP_SLACK_M})""",
    ),
    Check(
        "I6", "a bus never jumps", "piece", POSITIONS,
        f"""SELECT format('bus {{}} at {{}}: {{}} m in {{}} s', bus_id, time,
             round({MOVED}), seconds)
             AS example FROM step WHERE of_piece AND before_time IS NOT NULL
             AND {MOVED} > 25 * seconds + 1""",
    ),
    Check(
        "I6", "a parked bus stays where it is", "piece", POSITIONS,
        """SELECT format('bus {} at {}: parked, but moved from {}, {} to {}, {}', bus_id, time,
             before_latitude, before_longitude, latitude, longitude) AS example FROM step
           WHERE of_piece AND trip_id = '' AND before_trip = '' AND distance_to_next_stop = 0
             AND before_distance = 0 AND before_speed = 0
             AND (latitude <> before_latitude OR longitude <> before_longitude OR speed <> 0)""",
    ),
    Check(
        "I6", "a bus in layover stands at its stop", "piece", POSITIONS,
        """SELECT format('bus {} at {}: {} km/h at {}, {} in layover at {}', bus_id, time, speed, latitude,
             longitude, next_stop_id) AS example FROM step
           WHERE of_piece AND since = before_since AND next_starts AND trip_id <> ''
             AND distance_to_next_stop = 0 AND before_distance = 0
             AND (speed <> 0 OR abs(latitude - next_latitude) > 6e-7
               OR abs(longitude - next_longitude) > 6e-7)""",
    ),
    Check(
        "I6", "the next stop is no farther than the way to it", "piece", POSITIONS,
        f"""SELECT format('bus {{}} at {{}}: {{}} m to {{}}, which is farther', bus_id, time,
             distance_to_next_stop, next_stop_id) AS example FROM seen
           WHERE of_piece AND NOT next_starts AND {AHEAD} > distance_to_next_stop * 1.001 + 1""",
    ),
    Check(
        "I6", "speed is between 0 and 90 km/h", "piece", POSITIONS,
        """SELECT format('bus {} at {}: {} km/h', bus_id, time, speed) AS example FROM seen
           WHERE of_piece AND NOT (speed BETWEEN 0 AND 90)""",
    ),
    Check(
        "I6", "a bus under way has a speed", "piece", POSITIONS,
        """SELECT format('bus {} at {}: 0 km/h, {} m before {}', bus_id, time, distance_to_next_stop,
             next_stop_id) AS example FROM seen
           WHERE of_piece AND NOT next_starts AND speed = 0 AND time > since + INTERVAL 1 SECOND
             AND time < next_arrival - INTERVAL 1 SECOND""",
    ),
    Check(
        "I7", "visits change direction only at terminals", "day", VISITS,
        """SELECT format('bus {} at {}, {}: direction {} after {} in mid-trip', bus_id, stop_id, time,
             direction, before_direction) AS example FROM stretch
           WHERE of_day AND direction <> before_direction
             AND NOT (starts_trip AND before_ended)""",
    ),
    Check(
        "I7", "positions have a direction of the line", "piece", POSITIONS,
        """SELECT format('bus {} at {}: line {} has no direction {}', bus_id, time, line_id, direction)
             AS example FROM seen WHERE of_piece
             AND (line_id, direction) NOT IN (SELECT (line_id, direction) FROM pattern_stop)""",
    ),
    Check(
        "I8", "temperature and humidity change slowly", "piece", SENSORS,
        """SELECT format('{} {} at {}: {} C and {} % after {} C and {} %', entity_type, entity_id, time,
             temperature, humidity, before_temperature, before_humidity) AS example FROM minute
           WHERE of_piece AND before_time = time - INTERVAL 1 MINUTE
             AND (abs(temperature - before_temperature) > 1.5001
               OR abs(humidity - before_humidity) > 6.0001)""",
    ),
    Check(
        "I8", "CO2 is the mass balance of the visits", "piece", SENSORS,
        """SELECT format('bus {} at {}: {} ppm, but the mass balance gives {}', bus_id, time, co2_level,
             round(expected, 1)) AS example FROM air WHERE known AND abs(co2_level - expected) > 2""",
    ),
    Check(
        "I8", "CO2 is never below outdoors, humidity is a share", "piece", SENSORS,
        """SELECT format('{} {} at {}: {} ppm, {} %', entity_type, entity_id, time, co2_level, humidity)
             AS example FROM sensor WHERE of_piece AND (co2_level < $outdoor
             OR NOT (humidity BETWEEN 0 AND 100) OR NOT (temperature BETWEEN -40 AND 70)
             OR (entity_type = 'bus') = (co2_level IS NULL OR door_status IS NULL)
             OR door_status NOT IN ('open', 'closed'))""",
    ),
    Check(
        "I9", "a bus with open doors stands, in both streams", "piece", SENSORS,
        """SELECT format('bus {} at {}: doors open at {} km/h', s.entity_id, s.time, p.speed) AS example
           FROM sensor s JOIN position p ON p.bus_id = s.entity_id AND p.time = s.time
           WHERE s.of_piece AND s.entity_type = 'bus' AND s.door_status = 'open' AND p.speed <> 0""",
    ),
    Check(
        "I9", "positions and visits are of the bus's own line", "piece", POSITIONS,
        """SELECT format('bus {} at {}: line {}, but it is of line {}', bus_id, time, p.line_id, b.line_id)
             AS example FROM position p JOIN bus b USING (bus_id)
           WHERE of_piece AND p.line_id <> b.line_id""",
    ),
    Check(
        "I9", "no more wait for a line than are at the stop", "piece", PEOPLE,
        """SELECT format('stop {} at {}: {} wait for {}, but only {} were there', v.stop_id, v.time,
             v.waiting, v.line_id, c.before_count + c.arrived) AS example
           FROM visit v JOIN crowd c ON c.stop_id = v.stop_id
             AND c.time = to_timestamp(ceil(epoch(v.time) / 60) * 60)
           WHERE c.of_piece AND v.waiting > c.before_count + c.arrived""",
    ),
    Check(
        "I9", "visits are of the bus's own line", "day", VISITS,
        """SELECT format('bus {} at {}: line {}, but it is of line {}', bus_id, time, v.line_id,
             coalesce(b.line_id, 'none')) AS example FROM visit v LEFT JOIN bus b USING (bus_id)
           WHERE of_day AND v.line_id IS DISTINCT FROM b.line_id""",
    ),
    Check(
        "I9", "people are counted for the stop's lines", "piece", PEOPLE,
        """SELECT format('stop {} at {}: lines {}, but {} serve it', stop_id, time, p.line_ids, s.line_ids)
             AS example FROM people p JOIN stop s USING (stop_id)
           WHERE of_piece AND p.line_ids <> s.line_ids""",
    ),
)  # fmt: skip


def completeness(table: str, order: tuple[str, ...], known: str, cadence_s: int) -> tuple[Check, Check]:
    """I10 of a ticking stream: every entity once at every tick and nothing else; in order of time and key.

    `order` are the key's columns, `known` a query of all entities as those columns.
    """
    key, keys = ", ".join(order), " || ' ' || ".join(order)
    whole = Check(
        "I10", f"{table} has every entity once at every tick", "piece",
        f"SELECT count(*) FROM {table} WHERE of_piece",
        f"""WITH tick AS (SELECT unnest(generate_series($first_tick_{cadence_s},
              $ends - INTERVAL 1 MILLISECOND, INTERVAL {cadence_s} SECOND)) AS time),
            due AS (SELECT *, 1 AS due FROM ({known}), tick),
            counted AS (SELECT {key}, time, count(*) AS n FROM {table} WHERE of_piece GROUP BY ALL)
            SELECT format('{{}} at {{}}: {{}} rows, should be {{}}', {keys}, time, coalesce(n, 0),
              coalesce(due, 0)) AS example
            FROM due FULL JOIN counted USING ({key}, time) WHERE n IS DISTINCT FROM due""",
    )  # fmt: skip
    return whole, ordered(table, order, "piece", f"SELECT count(*) FROM {table} WHERE of_piece")


def ordered(table: str, order: tuple[str, ...], every: Literal["day", "piece"], judged: str) -> Check:
    """I10: rows come strictly ascending by time and the columns of `order`."""
    key, keys = ", ".join(order), " || ' ' || ".join(order)
    return Check(
        "I10", f"{table} is in order", every, judged,
        f"""SELECT format('{{}} at {{}} is not after the row before it', {keys}, time) AS example FROM (
              SELECT *, lag((time, {key})) OVER (ORDER BY row) AS before FROM {table})
            WHERE of_{every} AND before IS NOT NULL AND (time, {key}) <= before""",
    )  # fmt: skip


COMPLETE = (
    *completeness("position", ("bus_id", "line_id"), "SELECT bus_id, line_id FROM bus", 30),
    *completeness("people", ("stop_id", "line_ids"), "SELECT stop_id, line_ids FROM stop", 60),
    *completeness(
        "sensor", ("entity_id", "entity_type"),
        """SELECT bus_id AS entity_id, 'bus' AS entity_type FROM bus
           UNION ALL SELECT stop_id, 'stop' FROM stop""",
        60,
    ),
    ordered("visit", ("bus_id", "line_id", "stop_id"), "day", VISITS),
)  # fmt: skip
