"""The audit's checks of sensors (I8), of streams against each other (I9), and of completeness (I10)."""

from __future__ import annotations

from storage.audit_check import Check, Every

STREAM_CHECKS = (
    Check(
        "I8", "temperature and humidity change slowly", "piece", "sensor", "sensor",
        """before_time = time - INTERVAL 1 MINUTE
             AND (abs(temperature - before_temperature) > 1.5001
               OR abs(humidity - before_humidity) > 6.0001)""",
        """format('{} {} at {}: {} C and {} % after {} C and {} %', entity_type, entity_id, time,
             temperature, humidity, before_temperature, before_humidity)""",
    ),
    Check(
        "I8", "CO2 follows the mass balance", "piece", "sensor", "air",
        "known AND abs(co2_level - expected) > 2",
        """format('bus {} at {}: {} ppm, but the mass balance gives {}', bus_id, time, co2_level,
             round(expected, 1))""",
    ),
    Check(
        "I8", "sensor values are within their limits", "piece", "sensor", "sensor",
        """(co2_level < $outdoor
             OR NOT (humidity BETWEEN 0 AND 100) OR NOT (temperature BETWEEN -40 AND 70)
             OR (entity_type = 'bus') = (co2_level IS NULL OR door_status IS NULL)
             OR door_status NOT IN ('open', 'closed'))""",
        "format('{} {} at {}: {} ppm, {} %', entity_type, entity_id, time, co2_level, humidity)",
    ),
    Check(
        "I9", "a bus with open doors has speed zero", "piece", "sensor",
        """(SELECT s.of_piece, s.entity_id, s.time, p.speed
             FROM sensor s JOIN position p ON p.bus_id = s.entity_id AND p.time = s.time
             WHERE s.entity_type = 'bus' AND s.door_status = 'open')""",
        "speed <> 0",
        "format('bus {} at {}: doors open at {} km/h', entity_id, time, speed)",
    ),
    Check(
        "I9", "positions and visits are of the bus's own line", "piece", "position", "seen",
        "line_id <> bus_line_id",
        "format('bus {} at {}: line {}, but it is of line {}', bus_id, time, line_id, bus_line_id)",
    ),
    Check(
        "I9", "no more people wait for a line than at the stop", "piece", "people", "crowd",
        "most_waiting > before_count + arrived",
        """format('stop {} at {}: {} wait for {}, but only {} were at the stop', stop_id, time, most_waiting,
             most_waiting_line, before_count + arrived)""",
    ),
    Check(
        "I9", "visits are of the bus's own line", "day", "visit", "visit_in_trip",
        "line_id IS DISTINCT FROM bus_line_id",
        """format('bus {} at {}: line {}, but it is of line {}', bus_id, time, line_id,
             coalesce(bus_line_id, 'none'))""",
    ),
    Check(
        "I9", "people are counted for the stop's lines", "piece", "people", "crowd",
        "line_ids <> serving",
        "format('stop {} at {}: lines {}, but {} serve it', stop_id, time, line_ids, serving)",
    ),
)  # fmt: skip


def completeness(table: str, order: tuple[str, ...], known: str, cadence_s: int) -> tuple[Check, Check]:
    """The checks of I10 for a stream with a cadence: every entity once at every tick, and rows in order.

    `order` are the columns of the stream's key, `known` is a query for the keys of all entities.
    """
    key, keys = ", ".join(order), " || ' ' || ".join(order)
    whole = Check(
        "I10", f"{table} has every entity once at every tick", "piece", table,
        f"""(WITH tick AS (SELECT unnest(generate_series($first_tick_{cadence_s},
               $ends - INTERVAL 1 MILLISECOND, INTERVAL {cadence_s} SECOND)) AS time),
             due AS (SELECT *, 1 AS due FROM ({known}), tick),
             counted AS (SELECT {key}, time, count(*) AS n FROM {table} WHERE of_piece GROUP BY ALL)
             SELECT *, true AS of_piece FROM due FULL JOIN counted USING ({key}, time))""",
        "n IS DISTINCT FROM due",
        f"""format('{{}} at {{}}: {{}} rows, expected {{}}', {keys}, time, coalesce(n, 0),
              coalesce(due, 0))""",
        # As many rows as are due, no two of them alike, each at a tick and of a known entity.
        f"""count(*) = $ticks_{cadence_s} * (SELECT count(*) FROM ({known})) AND bool_and(in_order)
             AND bool_and(epoch_ms(time) % {cadence_s * 1000} = 0)
             AND NOT EXISTS (FROM {table} ANTI JOIN ({known}) USING ({key}) WHERE of_piece)""",
    )  # fmt: skip
    return whole, ordered(table, order, "piece")


def ordered(table: str, order: tuple[str, ...], every: Every) -> Check:
    """The check of I10 that rows ascend strictly by time and the columns of `order`."""
    keys = " || ' ' || ".join(order)
    example = f"format('{{}} at {{}} is not after the row before it', {keys}, time)"
    return Check("I10", f"{table} is in order", every, table, table, "NOT in_order", example)


ORDER_CHECKS = (
    *completeness("position", ("bus_id", "line_id"), "SELECT bus_id, line_id FROM bus", 30),
    *completeness("people", ("stop_id", "line_ids"), "SELECT stop_id, line_ids FROM stop", 60),
    *completeness(
        "sensor", ("entity_id", "entity_type"),
        """SELECT bus_id AS entity_id, 'bus' AS entity_type FROM bus
           UNION ALL SELECT stop_id, 'stop' FROM stop""",
        60,
    ),
    ordered("visit", ("bus_id", "line_id", "stop_id"), "day"),
)  # fmt: skip
