"""The audit's checks of sensors (I8), of streams against each other (I9), and of completeness (I10)."""

from __future__ import annotations

from storage.audit_check import PEOPLE, POSITIONS, SENSORS, VISITS, Check, Every

STREAM_CHECKS = (
    Check(
        "I8", "temperature and humidity change slowly", "piece", SENSORS,
        """SELECT format('{} {} at {}: {} C and {} % after {} C and {} %', entity_type, entity_id, time,
             temperature, humidity, before_temperature, before_humidity) AS example FROM sensor
           WHERE of_piece AND before_time = time - INTERVAL 1 MINUTE
             AND (abs(temperature - before_temperature) > 1.5001
               OR abs(humidity - before_humidity) > 6.0001)""",
    ),
    Check(
        "I8", "CO2 follows the mass balance", "piece", SENSORS,
        """SELECT format('bus {} at {}: {} ppm, but the mass balance gives {}', bus_id, time, co2_level,
             round(expected, 1)) AS example FROM air WHERE known AND abs(co2_level - expected) > 2""",
    ),
    Check(
        "I8", "sensor values are within their limits", "piece", SENSORS,
        """SELECT format('{} {} at {}: {} ppm, {} %', entity_type, entity_id, time, co2_level, humidity)
             AS example FROM sensor WHERE of_piece AND (co2_level < $outdoor
             OR NOT (humidity BETWEEN 0 AND 100) OR NOT (temperature BETWEEN -40 AND 70)
             OR (entity_type = 'bus') = (co2_level IS NULL OR door_status IS NULL)
             OR door_status NOT IN ('open', 'closed'))""",
    ),
    Check(
        "I9", "a bus with open doors has speed zero", "piece", SENSORS,
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
        "I9", "no more people wait for a line than at the stop", "piece", PEOPLE,
        """SELECT format('stop {} at {}: {} wait for {}, but only {} were at the stop', v.stop_id, v.time,
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
    """The checks of I10 for a stream with a cadence: every entity once at every tick, and rows in order.

    `order` are the columns of the stream's key, `known` is a query for the keys of all entities.
    """
    key, keys = ", ".join(order), " || ' ' || ".join(order)
    whole = Check(
        "I10", f"{table} has every entity once at every tick", "piece",
        f"SELECT count(*) FROM {table} WHERE of_piece",
        f"""WITH tick AS (SELECT unnest(generate_series($first_tick_{cadence_s},
              $ends - INTERVAL 1 MILLISECOND, INTERVAL {cadence_s} SECOND)) AS time),
            due AS (SELECT *, 1 AS due FROM ({known}), tick),
            counted AS (SELECT {key}, time, count(*) AS n FROM {table} WHERE of_piece GROUP BY ALL)
            SELECT format('{{}} at {{}}: {{}} rows, expected {{}}', {keys}, time, coalesce(n, 0),
              coalesce(due, 0)) AS example
            FROM due FULL JOIN counted USING ({key}, time) WHERE n IS DISTINCT FROM due""",
    )  # fmt: skip
    return whole, ordered(table, order, "piece", f"SELECT count(*) FROM {table} WHERE of_piece")


def ordered(table: str, order: tuple[str, ...], every: Every, judged: str) -> Check:
    """The check of I10 that rows ascend strictly by time and the columns of `order`."""
    keys = " || ' ' || ".join(order)
    return Check(
        "I10", f"{table} is in order", every, judged,
        f"""SELECT format('{{}} at {{}} is not after the row before it', {keys}, time) AS example
            FROM {table} WHERE of_{every} AND NOT in_order""",
    )  # fmt: skip


ORDER_CHECKS = (
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
