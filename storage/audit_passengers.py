"""The audit's checks of passengers: at stops (I1), aboard (I2), and on trips (I3)."""

from __future__ import annotations

from storage.audit_check import Check

PASSENGER_CHECKS = (
    Check(
        "I1", "people at a stop are conserved", "piece", "people", "crowd",
        """before_time = time - INTERVAL 1 MINUTE
             AND count <> before_count + arrived - boarded - "left" """,
        """format('stop {} at {}: count {}, but {} before + {} arrived - {} boarded - {} left',
             stop_id, time, count, before_count, arrived, boarded, "left")""",
    ),
    Check(
        "I1", "boardings equal those of the visits", "piece", "people", "crowd",
        "time > $first AND boarded <> visits_boarding",
        """format('stop {} at {}: boarded {}, but the visits of the minute have {}',
             stop_id, time, boarded, visits_boarding)""",
    ),
    Check(
        "I1", "numbers of people aren't negative", "piece", "people", "crowd",
        """least(count, arrived, boarded, "left") < 0""",
        """format('stop {} at {}: count {}, arrived {}, boarded {}, left {}', stop_id, time, count,
             arrived, boarded, "left")""",
    ),
    Check(
        "I2", "load is load before - alighting + boarding", "day", "visit", "visit_in_trip",
        "passenger_count <> load_before - alighting + boarding",
        """format('bus {} at {}, {}: {} aboard, but {} before - {} + {}', bus_id, stop_id, time,
             passenger_count, load_before, alighting, boarding)""",
    ),
    Check(
        "I2", "load is between zero and the capacity", "day", "visit", "visit_in_trip",
        """passenger_count < 0 OR passenger_count > capacity
             OR least(boarding, alighting, left_behind, waiting) < 0""",
        """format('bus {} at {}, {}: {} aboard, {} places', bus_id, stop_id, time, passenger_count,
             capacity)""",
    ),
    Check(
        "I2", "people are left behind only by a full bus", "day", "visit", "visit_in_trip",
        "left_behind > 0 AND passenger_count <> capacity",
        """format('bus {} at {}, {}: left {} behind with {} of {} places taken', bus_id, stop_id, time,
             left_behind, passenger_count, capacity)""",
    ),
    Check(
        "I2", "positions carry the last visit's load", "piece", "position", "seen",
        "(passenger_count <> load OR (trip_id = '' AND passenger_count <> 0))",
        """format('bus {} at {}: {} aboard, but {} since its last visit', bus_id, time,
             passenger_count, coalesce(load::VARCHAR, '0'))""",
    ),
    Check(
        "I3", "boardings of a trip equal its alightings", "day", "trip",
        """(SELECT t.* EXCLUDE (of_day), v.of_day FROM trip t JOIN visit_in_trip v USING (trip_id)
             WHERE v.sequence = t.last AND v.ends_trip AND t.boarding <> t.alighting
             AND trip_id IN (SELECT trip_id FROM visit_in_trip WHERE starts_trip))""",
        "true",
        "format('trip {}: {} boarded, {} alighted', trip_id, boarding, alighting)",
    ),
    Check(
        "I3", "nobody boards or alights where no pattern allows it", "day", "visit",
        """(SELECT v.*, r.boards, r.alights FROM visit_in_trip v JOIN (
             SELECT line_id, direction, place, stop_id, bool_or(boards) AS boards, bool_or(alights) AS alights
             FROM pattern_stop GROUP BY ALL HAVING NOT bool_or(boards) OR NOT bool_or(alights)) r
             ON r.line_id = v.line_id AND r.direction = v.direction AND r.place = v.sequence
             AND r.stop_id = v.stop_id)""",
        "NOT is_irregular AND ((boarding > 0 AND NOT boards) OR (alighting > 0 AND NOT alights))",
        """format('bus {} at {}, {}: {} boarding, {} alighting', bus_id, stop_id, time, boarding,
             alighting)""",
    ),
    Check(
        "I3", "a bus is empty after a trip's last stop", "day", "visit", "visit_in_trip",
        "ends_trip AND (passenger_count <> 0 OR boarding <> 0)",
        """format('bus {} at {}, {}: {} aboard and {} boarding at the last stop', bus_id, stop_id,
             time, passenger_count, boarding)""",
    ),
)  # fmt: skip
