"""Queries over arrays, rows, time series, times of day and special numbers, with results worked out by hand.

An array's text is `[1, 2]`, a row's `(1, a)`, and a time series' `[time: value, …]`.
"""

# ruff: noqa: E501 - a query is easier to read on one line

from __future__ import annotations

from tests.services.timestream_local.cases import Row, each, one

POINTS = "(VALUES (TIMESTAMP '2026-01-01 00:00:00', 10.0), (TIMESTAMP '2026-01-01 00:02:00', 14.0), (TIMESTAMP '2026-01-01 00:04:00', 18.0)) AS t(time, v)"
SERIES = f"FROM (SELECT create_time_series(time, v) AS s FROM {POINTS}) AS x"
BENT = "FROM (SELECT create_time_series(time, v) AS s FROM (VALUES (TIMESTAMP '2026-01-01 00:00:00', 0.0), (TIMESTAMP '2026-01-01 00:01:00', 1.0), (TIMESTAMP '2026-01-01 00:02:00', 0.0)) AS t(time, v)) AS x"


def at(minute: int, second: int = 0) -> str:
    """A time after midnight of 1 January 2026, as results have it."""
    return f"2026-01-01 00:{minute:02d}:{second:02d}.000000000"


def series(*values: str) -> str:
    """A time series of these values, one a minute from midnight."""
    return f"[{', '.join(f'{at(minute)}: {value}' for minute, value in enumerate(values))}]"


COMPOSITE: dict[str, list[tuple[str, list[Row]]]] = {
    "Time series": [
        (
            f"SELECT CREATE_TIME_SERIES(time, v) FROM {POINTS}",
            one(f"[{at(0)}: 10.0, {at(2)}: 14.0, {at(4)}: 18.0]"),
        ),
        (
            "SELECT create_time_series(time, measure_value::double) FROM city.single WHERE measure_name = 'cpu'",
            one("[2026-03-02 07:30:00.000000000: 1.5, 2026-03-02 07:31:00.000000000: 2.5]"),
        ),
        (f"SELECT create_time_series(time, v) FROM {POINTS} WHERE v > 99", one(None)),
        (
            f"SELECT interpolate_linear(create_time_series(time, v), sequence(min(time), max(time), 1m)) FROM {POINTS}",
            one(series("10.0", "12.0", "14.0", "16.0", "18.0")),
        ),
        (
            f"SELECT interpolate_locf(create_time_series(time, v), sequence(min(time), max(time), 1m)) FROM {POINTS}",
            one(series("10.0", "10.0", "14.0", "14.0", "18.0")),
        ),
        (
            f"SELECT interpolate_fill(create_time_series(time, v), sequence(min(time), max(time), 1m), 0.0) FROM {POINTS}",
            one(series("10.0", "0.0", "14.0", "0.0", "18.0")),
        ),
        (
            f"SELECT interpolate_spline_cubic(create_time_series(time, v), sequence(min(time), max(time), 1m)) FROM {POINTS}",
            one(series("10.0", "12.0", "14.0", "16.0", "18.0")),
        ),
        # The natural spline through (0, 0), (1, 1), (2, 0) is 1.5 x - 0.5 x³ up to 1: at 0.5 it is 0.6875.
        (
            f"SELECT interpolate_spline_cubic(s, TIMESTAMP '2026-01-01 00:00:30'), interpolate_spline_cubic(s, TIMESTAMP '2026-01-01 00:01:30') {BENT}",
            one("0.6875", "0.6875"),
        ),
        (
            f"SELECT interpolate_linear(s, TIMESTAMP '2026-01-01 00:01:30'), interpolate_locf(s, TIMESTAMP '2026-01-01 00:03:00'), interpolate_fill(s, TIMESTAMP '2026-01-01 00:03:00', 7.5) {SERIES}",
            one("13.0", "14.0", "7.5"),
        ),
        (
            f"SELECT interpolate_linear(s, TIMESTAMP '2025-12-31 00:00:00'), interpolate_locf(s, TIMESTAMP '2025-12-31 00:00:00'), interpolate_locf(s, TIMESTAMP '2026-01-02 00:00:00') {SERIES}",
            one(None, None, "18.0"),
        ),
        (
            f"SELECT u.time, u.value {SERIES} CROSS JOIN UNNEST(s) AS u (time, value)",
            [(at(0), "10.0"), (at(2), "14.0"), (at(4), "18.0")],
        ),
        (f"SELECT value {SERIES}, UNNEST(s) WHERE value > 12 ORDER BY 1", each("14.0", "18.0")),
        (
            f"SELECT u.value FROM (SELECT create_time_series(time, v) AS s FROM {POINTS} WHERE v > 99) AS x CROSS JOIN UNNEST(s) AS u (time, value)",
            [],
        ),
        (
            f"SELECT derivative_linear(s, 1m), derivative_linear(s, 1s) {BENT}",
            one(f"[{at(1)}: 1.0, {at(2)}: -1.0]", f"[{at(1)}: {1 / 60}, {at(2)}: -{1 / 60}]"),
        ),
        (f"SELECT non_negative_derivative_linear(s, 1m) {BENT}", one(f"[{at(1)}: 1.0]")),
        (
            f"SELECT integral_trapezoidal(s), integral_trapezoidal(s, 1s), integral_trapezoidal(s, 1m) {SERIES}",
            one("3360.0", "3360.0", "56.0"),
        ),
        (f"SELECT correlate_pearson(s, s), correlate_spearman(s, s) {BENT}", one("1.0", "1.0")),
        (
            "SELECT correlate_pearson(a, b), correlate_spearman(a, b) FROM (SELECT create_time_series(time, x) AS a, create_time_series(time, y) AS b FROM (VALUES (TIMESTAMP '2026-01-01 00:00:00', 1, 4.0), (TIMESTAMP '2026-01-01 00:01:00', 2, 2.0), (TIMESTAMP '2026-01-01 00:02:00', 3, 0.0)) AS t(time, x, y)) AS p",
            one("-1.0", "-1.0"),
        ),
        (
            f"SELECT cardinality(filter(s, p -> p.value > 12)), filter(s, p -> p.time < TIMESTAMP '2026-01-01 00:01:00') {SERIES}",
            one("2", f"[{at(0)}: 10.0]"),
        ),
        (f"SELECT reduce(s, 0.0, (a, p) -> a + p.value, a -> a) {SERIES}", one("42.0")),
        (
            f"SELECT reduce(s, CAST(ROW(0.0, 0) AS ROW(sum DOUBLE, count INTEGER)), (a, p) -> CAST(ROW(p.value + a.sum, a.count + 1) AS ROW(sum DOUBLE, count INTEGER)), a -> IF(a.count = 0, NULL, a.sum / a.count)) {SERIES}",
            one("14.0"),
        ),
        (
            f"SELECT transform(s, p -> p.value / 2), zip_with(s, s, (p, q) -> p.value - q.value), s[2].value {SERIES}",
            one("[5.0, 7.0, 9.0]", "[0.0, 0.0, 0.0]", "14.0"),
        ),
    ],
    "Sequences and UNNEST": [
        (
            "SELECT sequence(1, 3), sequence(3, 1), sequence(1, 10, 4)",
            one("[1, 2, 3]", "[3, 2, 1]", "[1, 5, 9]"),
        ),
        (
            "SELECT sequence(DATE '2026-03-01', DATE '2026-03-03'), sequence(DATE '2026-01-31', DATE '2026-03-31', interval '1' month)",
            one("[2026-03-01, 2026-03-02, 2026-03-03]", "[2026-01-31, 2026-02-28, 2026-03-31]"),
        ),
        (
            "SELECT sequence(TIMESTAMP '2026-01-01 00:00:00', TIMESTAMP '2026-01-01 00:01:00', 30s)",
            one(f"[{at(0)}, {at(0, 30)}, {at(1)}]"),
        ),
        ("SELECT cardinality(sequence('2026-01-01 00:00:00', '2026-01-01 01:00:00', 1m))", one("61")),
        ("SELECT x FROM UNNEST(ARRAY[3, 1]) AS t(x)", each("3", "1")),
        (
            "SELECT x, y, n FROM UNNEST(ARRAY['a', 'b'], ARRAY[1]) WITH ORDINALITY AS t(x, y, n)",
            [("a", "1", "1"), ("b", None, "2")],
        ),
        (
            "SELECT hour * 10 + minute FROM UNNEST(sequence(1, 2)) AS t(hour) CROSS JOIN UNNEST(sequence(0, 1)) AS u(minute) ORDER BY 1",
            each("10", "11", "20", "21"),
        ),
        (
            "SELECT stop_id, p FROM (SELECT stop_id, array_agg(people ORDER BY people) AS ps FROM city.stops GROUP BY stop_id) AS g CROSS JOIN UNNEST(ps) AS u(p) WHERE p > 0 ORDER BY p",
            [("S001", "5"), ("S001", "7")],
        ),
        (
            "SELECT name, x FROM city.names LEFT JOIN UNNEST(ARRAY[1]) AS t(x) ON true WHERE name = 'Sol'",
            one("Sol", "1"),
        ),
        ("SELECT a, b FROM UNNEST(ARRAY[ROW(1, 'x'), ROW(2, 'y')]) AS t(a, b)", [("1", "x"), ("2", "y")]),
    ],
    "Arrays and rows": [
        (
            "SELECT ARRAY[1, 2, NULL], ARRAY['a'], ARRAY[], ARRAY[1, 2.5], ARRAY[ARRAY[1], ARRAY[]]",
            one("[1, 2, NULL]", "[a]", "[]", "[1.0, 2.5]", "[[1], []]"),
        ),
        (
            "SELECT ARRAY[4, 5][2], element_at(ARRAY[4, 5], -1), element_at(ARRAY[4, 5], 3), (ARRAY['a', 'b'])[1]",
            one("5", "5", None, "a"),
        ),
        (
            "SELECT ROW(1, 'a'), CAST(ROW(1, 'a') AS ROW(x BIGINT, y VARCHAR)).y, ROW(1, 'a')[1]",
            one("(1, a)", "a", "1"),
        ),
        (
            "SELECT r.x FROM (SELECT CAST(ROW(people, note) AS ROW(x BIGINT, y VARCHAR)) AS r FROM city.stops) AS t WHERE r.y = 'a'",
            one("5"),
        ),
        (
            "SELECT ARRAY[1] || ARRAY[2], ARRAY[1] || 2, 0 || ARRAY[1], concat(ARRAY[1], ARRAY[2], ARRAY[3])",
            one("[1, 2]", "[1, 2]", "[0, 1]", "[1, 2, 3]"),
        ),
        (
            "SELECT array_distinct(ARRAY[3, 1, 3, NULL, NULL]), array_except(ARRAY[1, 2, 2], ARRAY[1]), array_intersect(ARRAY[1, 2, 2], ARRAY[2]), array_union(ARRAY[1, 2], ARRAY[2, 3])",
            one("[3, 1, NULL]", "[2]", "[2]", "[1, 2, 3]"),
        ),
        (
            "SELECT array_join(ARRAY[1, NULL, 3], ','), array_join(ARRAY[1, NULL, 3], ',', '?')",
            one("1,3", "1,?,3"),
        ),
        (
            "SELECT array_max(ARRAY[1, 3]), array_min(ARRAY[2, 1]), array_max(ARRAY[1, NULL]), array_min(ARRAY[])",
            one("3", "1", None, None),
        ),
        (
            "SELECT array_position(ARRAY['a', 'b'], 'b'), array_position(ARRAY['a'], 'z'), array_remove(ARRAY[1, 2, 1], 1), array_sort(ARRAY[3, NULL, 1])",
            one("2", "0", "[2]", "[1, 3, NULL]"),
        ),
        (
            "SELECT arrays_overlap(ARRAY[1], ARRAY[1, 2]), arrays_overlap(ARRAY[1], ARRAY[2]), arrays_overlap(ARRAY[1, NULL], ARRAY[2])",
            one("true", "false", None),
        ),
        (
            "SELECT cardinality(ARRAY[1, 2]), contains(ARRAY[1, 2], 2), contains(ARRAY[1, 2], 3), contains(ARRAY[1, NULL], 3)",
            one("2", "true", "false", None),
        ),
        (
            "SELECT repeat('a', 2), repeat(1, 0), reverse(ARRAY[1, 2]), flatten(ARRAY[ARRAY[1], ARRAY[2, 3]]), cardinality(shuffle(ARRAY[1, 2, 3]))",
            one("[a, a]", "[]", "[2, 1]", "[1, 2, 3]", "3"),
        ),
        (
            "SELECT slice(ARRAY[1, 2, 3, 4], 2, 2), slice(ARRAY[1, 2, 3, 4], -2, 2), slice(ARRAY[1], 5, 2), slice(ARRAY[1, 2], -5, 2)",
            one("[2, 3]", "[3, 4]", "[]", "[]"),
        ),
        ("SELECT zip(ARRAY[1, 2], ARRAY['a'])", one("[(1, a), (2, NULL)]")),
        (
            "SELECT filter(ARRAY[5, -6, NULL, 7], x -> x > 0), transform(ARRAY[5, 6], x -> x + 1), transform(ARRAY[1, 2], x -> transform(ARRAY[10, 20], y -> x * y))",
            one("[5, 7]", "[6, 7]", "[[10, 20], [20, 40]]"),
        ),
        (
            "SELECT reduce(ARRAY[5, 20, 50], 0, (s, x) -> s + x, s -> s), reduce(ARRAY[5, 6, 10, 20], 0.0, (s, x) -> s + x, s -> s / 4), reduce(ARRAY[], 0, (s, x) -> s + x, s -> s)",
            one("75", "10.25", "0"),
        ),
        (
            "SELECT zip_with(ARRAY[1, 3], ARRAY['a', 'b'], (x, y) -> y || CAST(x AS varchar)), zip_with(ARRAY[1, 2], ARRAY[3], (x, y) -> x + y)",
            one("[a1, b3]", "[4, NULL]"),
        ),
        (
            "SELECT transform(ARRAY[people, 1], x -> x + people) FROM city.stops WHERE people = 7",
            one("[14, 8]"),
        ),
        (
            "SELECT CAST(ARRAY[1, 2] AS array(varchar)), CAST(ARRAY['1', '2'] AS array(bigint)), TRY_CAST(ARRAY['x'] AS array(double)), CAST(NULL AS array(bigint))",
            one("[1, 2]", "[1, 2]", None, None),
        ),
        (
            "SELECT ARRAY[1, 2] = ARRAY[1, 2], ARRAY[1] < ARRAY[2], ARRAY[1] IS NULL",
            one("true", "true", "false"),
        ),
        (
            "SELECT split('a,b,c', ','), split('a,b,c', ',', 2), regexp_split('1a 2b 14m', '\\s*[a-z]+\\s*')",
            one("[a, b, c]", "[a, b,c]", "[1, 2, 14, ]"),
        ),
        (
            "SELECT regexp_extract_all('1a 2b 14m', '\\d+'), regexp_extract_all('1a 2b 14m', '(\\d+)([a-z]+)', 2), regexp_replace('new york', '(\\w)(\\w*)', x -> upper(x[1]) || lower(x[2]))",
            one("[1, 2, 14]", "[a, b, m]", "New York"),
        ),
    ],
    "Aggregates to and from arrays": [
        (
            "SELECT array_agg(people ORDER BY people DESC), array_agg(DISTINCT stop_id ORDER BY stop_id) FROM city.stops",
            one("[7, 5, 0, -3, NULL]", "[S001, S002, S003]"),
        ),
        (
            "SELECT max(people, 2), min(people, 2), max_by(note, people, 3), min_by(stop_id, people, 1) FROM city.stops",
            one("[7, 5]", "[-3, 0]", "[NULL, a, a%b]", "[S002]"),
        ),
        (
            "SELECT approx_percentile(x, ARRAY[0.25, 1.0]), approx_percentile(x, w, 0.5), approx_percentile(x, w, ARRAY[0.1, 0.9]), approx_percentile(x, w, 0.5, 0.01), approx_distinct(x, 0.02) FROM (VALUES (1, 1), (2, 1), (3, 1), (4, 7)) AS t(x, w)",
            one("[1, 4]", "4", "[1, 4]", "4", "4"),
        ),
        (
            "SELECT count(ARRAY[people]), arbitrary(ARRAY[1]), max_by(ARRAY[people], people) FROM city.stops",
            one("5", "[1]", "[7]"),
        ),
    ],
    "Infinity and NaN": [
        (
            "SELECT 1.0 / 0, -1.0 / 0, 0.0 / 0, sqrt(-1), ln(0.0), ln(-1.0), exp(1000.0)",
            one("Infinity", "-Infinity", "NaN", "NaN", "-Infinity", "NaN", "Infinity"),
        ),
        (
            "SELECT infinity(), nan(), is_nan(nan()), is_infinite(infinity()), is_finite(nan())",
            one("Infinity", "NaN", "true", "true", "false"),
        ),
        (
            "SELECT nan() = nan(), nan() <> nan(), nan() > 1.0, nan() < 1.0, nan() >= nan(), nan() <= nan(), 1.0 < nan()",
            one("false", "true", "false", "false", "false", "false", "false"),
        ),
        (
            "SELECT infinity() > 1, -infinity() < 1, nan() BETWEEN 1 AND infinity(), infinity() = infinity(), nan() IS DISTINCT FROM nan()",
            one("true", "true", "false", "true", "false"),
        ),
        (
            "SELECT CAST('NaN' AS double), CAST('Infinity' AS double), CAST('-Infinity' AS double), CAST(nan() AS varchar), CAST(1e10 AS varchar)",
            one("NaN", "Infinity", "-Infinity", "NaN", "1.0E10"),
        ),
        ("SELECT warmth FROM city.stops WHERE warmth / 0 > 1 ORDER BY 1", each("19.0", "20.5", "21.5")),
    ],
    "Times of day, zones, intervals and bytes": [
        (
            "SELECT TIME '07:30:00', TIME '07:30:00.5', current_time, localtime, CAST(now() AS time)",
            one(
                "07:30:00.000000000",
                "07:30:00.500000000",
                "08:30:00.000000000",
                "08:30:00.000000000",
                "08:30:00.000000000",
            ),
        ),
        (
            "SELECT TIME '23:30:00' + 1h, TIME '00:30:00' - 1h, TIME '10:00' - TIME '09:15', TIME '10:00' > TIME '09:00', hour(TIME '07:30:00'), minute(TIME '07:30:00')",
            one("00:30:00.000000000", "23:30:00.000000000", "0 00:45:00.000000000", "true", "7", "30"),
        ),
        (
            "SELECT CAST(TIME '07:30:00' AS varchar), CAST('07:30' AS time)",
            one("07:30:00.000000000", "07:30:00.000000000"),
        ),
        (
            "SELECT now() AT TIME ZONE 'Europe/Madrid', TIMESTAMP '2026-07-01 00:00:00' AT TIME ZONE 'Europe/Madrid', now() AT TIME ZONE '+05:30', now() AT TIME ZONE '-02:00'",
            one(
                "2026-03-02 09:30:00.000000000",
                "2026-07-01 02:00:00.000000000",
                "2026-03-02 14:00:00.000000000",
                "2026-03-02 06:30:00.000000000",
            ),
        ),
        ("SELECT from_unixtime(0, 'Asia/Tokyo')", one("1970-01-01 09:00:00.000000000")),
        (
            "SELECT 1month + 1year, 3year - 1month, 2 * 3month, 1h / 2, 1h * 1.5, 1month + TIMESTAMP '2026-01-31 00:00:00'",
            one(
                "1-1",
                "2-11",
                "0-6",
                "0 00:30:00.000000000",
                "0 01:30:00.000000000",
                "2026-02-28 00:00:00.000000000",
            ),
        ),
        ("SELECT sum(d), avg(d) FROM (VALUES 1month, 3month) AS t(d)", one("0-4", "0-2")),
        ("SELECT X'6566', CAST('a' AS varbinary)", one("ZWY=", "YQ==")),
        (
            "SELECT round(1250, -2), round(-1250, -2), round(14, -1), replace('abc', '', '-'), replace('', '', 'x')",
            one("1300", "-1300", "10", "-a-b-c-", "x"),
        ),
    ],
    "Other names": [
        (
            "SELECT array_join(ARRAY[NULL], ','), array_join(ARRAY[], ','), array_join(NULL, ',')",
            one("", "", None),
        ),
        (
            "SELECT day_of_month(DATE '2026-03-02'), doy(DATE '2026-03-02'), week_of_year(DATE '2026-03-02')",
            one("2", "61", "10"),
        ),
        (
            "SELECT stddev_samp(people), var_samp(people) FROM city.stops WHERE people IN (5, 7)",
            one("1.4142135623730951", "2.0"),
        ),
    ],
    "Grafana, its macros expanded": [
        ("SHOW DATABASES", one("city")),
        ('SHOW TABLES FROM "city"', each("names", "single", "stops")),
        (
            'SHOW MEASURES FROM "city"."single"',
            [
                ("cpu", "double", "[(host, varchar)]"),
                ("doors", "bigint", "[(host, varchar)]"),
                ("up", "boolean", "[(host, varchar)]"),
            ],
        ),
        ('SELECT DISTINCT "host" FROM "city"."single"', one("h")),
        (
            'SELECT CREATE_TIME_SERIES(time, measure_value::double) AS cpu FROM "city"."single" WHERE time BETWEEN from_milliseconds(1772436600000) AND from_milliseconds(1772440200000) AND measure_name = \'cpu\' GROUP BY host',
            one("[2026-03-02 07:30:00.000000000: 1.5, 2026-03-02 07:31:00.000000000: 2.5]"),
        ),
        (
            'SELECT BIN(time, 60000ms) AS t, avg(measure_value::double) AS cpu FROM "city"."single" WHERE time BETWEEN from_milliseconds(1772436600000) AND from_milliseconds(1772440200000) AND measure_name = \'cpu\' GROUP BY BIN(time, 60000ms) ORDER BY t',
            [("2026-03-02 07:30:00.000000000", "1.5"), ("2026-03-02 07:31:00.000000000", "2.5")],
        ),
        (
            'WITH binned AS (SELECT host, BIN(time, 60000ms) AS t, AVG(measure_value::double) AS v FROM "city"."single" WHERE measure_name = \'cpu\' GROUP BY host, BIN(time, 60000ms)), filled AS (SELECT host, INTERPOLATE_LINEAR(CREATE_TIME_SERIES(t, v), SEQUENCE(min(t), max(t), 30000ms)) AS series FROM binned GROUP BY host) SELECT time, ROUND(value, 2) AS cpu FROM filled CROSS JOIN UNNEST(series)',
            [
                ("2026-03-02 07:30:00.000000000", "1.5"),
                ("2026-03-02 07:30:30.000000000", "2.0"),
                ("2026-03-02 07:31:00.000000000", "2.5"),
            ],
        ),
        (
            'SELECT measure_name, time, measure_value::double FROM "city"."single" WHERE time > ago(1h) AND measure_name = \'cpu\' ORDER BY time DESC LIMIT 1',
            one("cpu", "2026-03-02 07:31:00.000000000", "2.5"),
        ),
    ],
    "Times of the guide": [
        (
            "SELECT parse_datetime('2019-12-29 10:10 PST', 'uuuu-LL-dd HH:mm z'), parse_datetime('2026-07-01 10:00 Europe/Madrid', 'yyyy-MM-dd HH:mm z'), parse_datetime('01/07/26 10+02:00', 'dd/MM/yy HHZZ')",
            one(
                "2019-12-29 18:10:00.000000000",
                "2026-07-01 08:00:00.000000000",
                "2026-07-01 08:00:00.000000000",
            ),
        ),
        (
            "SELECT format_datetime(parse_datetime('1968-01-13 12', 'yyyy-MM-dd HH'), 'yyyy-MM-dd HH')",
            one("1968-01-13 12"),
        ),
        (
            "SELECT format_datetime(TIMESTAMP '2026-03-01 15:04:05.678', 'yyyy-MM-dd''T''HH:mm:ss.SSSZZ EEEE h a d MMM')",
            one("2026-03-01T15:04:05.678+00:00 Sunday 3 PM 1 Mar"),
        ),
        (
            "SELECT nanosecond(TIMESTAMP '2026-01-01 00:00:00.162'), typeof(parse_duration('42.8ms')), typeof(1year), parse_duration('1 day'), 12month, 1y, parse_duration('2y')",
            one(
                "162000000",
                "interval day to second",
                "interval year to month",
                "1 00:00:00.000000000",
                "1-0",
                "1-0",
                "2-0",
            ),
        ),
        (
            "SELECT day(1d + 3h), hour(1d + 3h), minute(90m), second(61s), millisecond(1500ms), month(14month), year(14month), nanosecond(5ns), second(-61s)",
            one("1", "3", "30", "1", "500", "2", "1", "5", "-1"),
        ),
        (
            "SELECT day('2019-10-12 23:10:34.000000000'), extract(YEAR FROM '2019-10-12 23:10:34.000000000')",
            one("12", "2019"),
        ),
        (
            "SELECT date_diff('hour', TIME '10:00:00', TIME '12:30:00'), date_add('minute', 90, TIME '23:00:00'), date_add('hour', -1, TIME '00:30:00'), date_trunc('hour', TIME '10:17:30')",
            one("2", "00:30:00.000000000", "23:30:00.000000000", "10:00:00.000000000"),
        ),
        (
            "SELECT interval -'1' day, interval - '2' hour, date_format(TIMESTAMP '2027-01-01 00:00:00', '%x-%v')",
            one("-1 00:00:00.000000000", "-0 02:00:00.000000000", "2026-53"),
        ),
    ],
    "Casts that fail": [
        (
            "SELECT TRY_CAST(ARRAY['1', 'x'] AS ARRAY(BIGINT)), TRY_CAST(ARRAY['1', '2'] AS ARRAY(BIGINT)), TRY_CAST(ROW('1', 'x') AS ROW(a BIGINT, b BIGINT))",
            one(None, "[1, 2]", None),
        ),
        (
            "SELECT TRY_CAST('2026-13-01' AS DATE), TRY_CAST('x' AS TIME), TRY_CAST('2026-02-30 00:00:00' AS TIMESTAMP)",
            one(None, None, None),
        ),
        (
            "SELECT CAST(t AS TIMESTAMP), CAST(d AS DATE), date(d), CAST(n AS TIME), TRY_CAST(d AS TIME) FROM (VALUES ('2026-01-01 10:00:00', '2026-01-01', '07:30')) AS v(t, d, n)",
            one("2026-01-01 10:00:00.000000000", "2026-01-01", "2026-01-01", "07:30:00.000000000", None),
        ),
        (
            "SELECT coalesce(try(CAST('x' AS BIGINT)), 5), try(element_at(ARRAY[1], 0)), try(date_parse('x', '%Y')), try(1 / 0), try(split_part('a', 'b', 0))",
            one("5", None, None, None, None),
        ),
        ("SELECT CAST(1d AS VARCHAR), CAST(14month AS VARCHAR)", one("1 00:00:00.000000000", "1-2")),
    ],
    "Rows and joins": [
        (
            "SELECT a, b FROM (VALUES ROW(1, 'a'), ROW(2, 'b')) AS t(a, b) WHERE (a, b) IN ((1, 'a'), (2, 'a'))",
            one("1", "a"),
        ),
        ("SELECT r FROM (VALUES ROW(ROW(1, 2)), ROW(ROW(1, 2))) AS t(r) GROUP BY r", one("(1, 2)")),
        (
            "SELECT ARRAY[1, NULL] = ARRAY[1, NULL], ARRAY[1, NULL] = ARRAY[2, NULL], ARRAY[ROW(1, 2)] <> ARRAY[ROW(1, 3)], ROW(1, NULL) = ROW(1, NULL), ROW(2, NULL) = ROW(1, NULL), ARRAY[1] = ARRAY[1, NULL]",
            one(None, "false", "true", None, "false", "false"),
        ),
        (
            "SELECT k, b.v, a.v FROM (VALUES (1, 10), (2, 20)) AS a(k, v) FULL JOIN (VALUES (2, 200), (3, 300)) AS b(k, v) USING (k) ORDER BY k",
            [("1", None, "10"), ("2", "200", "20"), ("3", "300", None)],
        ),
        (
            "SELECT * FROM (VALUES (1, 10), (2, 20)) AS a(k, v) RIGHT JOIN (VALUES (2, 200), (3, 300)) AS b(k, v) USING (k) ORDER BY k",
            [("2", "20", "200"), ("3", None, "300")],
        ),
        (
            "SELECT * FROM (VALUES (1, 10)) AS a(k, v) JOIN (VALUES (1, 200)) AS b(k, w) USING (k) LEFT JOIN (VALUES (1, 300)) AS c(k, z) USING (k)",
            one("1", "10", "200", "300"),
        ),
        (
            "SELECT b.*, a.*, k FROM (VALUES (1, 10)) AS a(k, v) JOIN (VALUES (1, 200)) AS b(k, w) USING (k)",
            one("200", "10", "1"),
        ),
        (
            "SELECT d, count(*) OVER (ORDER BY d RANGE 1month PRECEDING), count(*) OVER (ORDER BY d RANGE BETWEEN 28d PRECEDING AND CURRENT ROW) FROM (VALUES DATE '2026-01-31', DATE '2026-02-28', DATE '2026-03-28') AS x(d) ORDER BY 1",
            [("2026-01-31", "1", "1"), ("2026-02-28", "2", "2"), ("2026-03-28", "2", "2")],
        ),
    ],
    "Checksums": [
        # xxHash64 of 'abc' is 44bc2cf5ad770999, of '' ef46db3751d8e999; each is multiplied by its first prime
        ("SELECT checksum(x) FROM (VALUES 'abc') AS t(x)", one("r8nLs3mYEFQ=")),
        ("SELECT checksum(x) FROM (VALUES NULL, 'abc', '') AS t(x)", one("5X3gdzD6Lr4=")),
        (
            "SELECT checksum(people) FILTER (WHERE people > 99), checksum(a) = checksum(b), checksum(a) = checksum(c) FROM (VALUES (1, 2, 0.0), (2, 1, -0.0)) AS t(a, b, c), city.stops",
            one(None, "true", "false"),
        ),
    ],
    "Sorting by a lambda": [
        (
            "SELECT array_sort(ARRAY[3, 2, 5, 1, 2], (x, y) -> IF(x < y, 1, IF(x = y, 0, -1))), array_sort(ARRAY['a', 'abcd', 'abc'], (x, y) -> length(x) - length(y)), array_sort(ARRAY[], (x, y) -> 1)",
            one("[5, 3, 2, 2, 1]", "[a, abc, abcd]", "[]"),
        ),
        (
            "SELECT array_sort(ARRAY[3, NULL, 5], (x, y) -> CASE WHEN x IS NULL THEN -1 WHEN y IS NULL THEN 1 WHEN x < y THEN 1 WHEN x = y THEN 0 ELSE -1 END), array_sort(CAST(NULL AS ARRAY(BIGINT)), (x, y) -> 1)",
            one("[NULL, 5, 3]", None),
        ),
    ],
    "Examples of the guide": [
        (
            "SELECT max_by(t.c1, t.c2), max_by(t.c1, t.c2, 2), min_by(t.c1, t.c2), min_by(t.c1, t.c2, 2) FROM (VALUES (('a', 1)), (('b', 2)), (('c', 3)), (('d', 4))) AS t(c1, c2)",
            one("d", "[d, c]", "a", "[a, b]"),
        ),
        (
            "SELECT corr(t.c1, t.c2), covar_pop(t.c1, t.c2), covar_samp(t.c1, t.c2), regr_slope(t.c1, t.c2), regr_intercept(t.c1, t.c2), skewness(t.c1) FROM (VALUES (1, 1), (2, 2), (3, 3), (4, 4)) AS t(c1, c2)",
            one("1.0", "1.25", "1.6666666666666667", "1.0", "0.0", "0.0"),
        ),
    ],
    "Series of other values": [
        (
            "SELECT derivative_linear(s, 1m), derivative_linear(s, 1s) FROM (SELECT create_time_series(time, v) AS s FROM (VALUES (TIMESTAMP '2026-01-01 00:00:00', 1), (TIMESTAMP '2026-01-01 00:01:00', 8)) AS t(time, v))",
            one(f"[{at(1)}: 7.0]", f"[{at(1)}: 0.11666666666666667]"),
        ),
        (
            "SELECT create_time_series(time, ARRAY[v]), create_time_series(time, ROW(v, 'a')), create_time_series(time, 1d), create_time_series(time, 5y) FROM (VALUES (TIMESTAMP '2026-01-01 00:00:00', 10.0)) AS t(time, v)",
            one(
                f"[{at(0)}: [10.0]]",
                f"[{at(0)}: (10.0, a)]",
                f"[{at(0)}: 1 00:00:00.000000000]",
                f"[{at(0)}: 5-0]",
            ),
        ),
        (
            "SELECT 1.5h, 0.25s, ago(72.5h)",
            one("0 01:30:00.000000000", "0 00:00:00.250000000", "2026-02-27 08:00:00.000000000"),
        ),
    ],
    "NULL and odd arguments": [
        (
            "SELECT split('a', NULL), regexp_split('a', NULL), sequence(1, NULL), zip(NULL, ARRAY[1]), parse_duration(NULL), sign(nan())",
            one(None, None, None, None, None, "NaN"),
        ),
        (
            "SELECT ARRAY[ARRAY[1]] || ARRAY[2], ARRAY[ARRAY[1]] || ARRAY[ARRAY[2]], ARRAY[] || ARRAY[], 0 || ARRAY[1]",
            one("[[1], [2]]", "[[1], [2]]", "[]", "[0, 1]"),
        ),
        (
            "SELECT corr(x, x), regr_slope(x, x), regr_intercept(x, x), approx_percentile(x, 0.5, 0.01), approx_percentile(x, ARRAY[0.5], 0.01) FROM (VALUES 3) AS t(x)",
            one(None, None, None, "3", "[3]"),
        ),
        (
            "SELECT x, lag(x, y) OVER (ORDER BY x), nth_value(x, 1 + y) OVER (ORDER BY x), lead(x, NULL) OVER (ORDER BY x) FROM (VALUES (1, 2), (3, 1)) AS t(x, y) ORDER BY x",
            [("1", None, None, None), ("3", "1", "3", None)],
        ),
        (
            "SELECT from_iso8601_date('2026-W10-1'), from_iso8601_date('2026-061'), from_iso8601_timestamp('2026-06-17T08'), from_iso8601_timestamp('20260617T080405Z'), bin(TIMESTAMP '2026-01-01 00:01:30', parse_duration('1m'))",
            one(
                "2026-03-02",
                "2026-03-02",
                "2026-06-17 08:00:00.000000000",
                "2026-06-17 08:04:05.000000000",
                at(1),
            ),
        ),
        (
            f"SELECT interpolate_linear(s, '2026-01-01 00:01:00'), interpolate_linear(s, ARRAY[]), interpolate_locf(s, NULL), interpolate_fill(NULL, now(), 0.0), cardinality(interpolate_linear(s, ARRAY[NULL, TIMESTAMP '2026-01-01 00:03:00'])) {SERIES}",
            one("12.0", "[]", None, None, "2"),
        ),
        (
            "SELECT from_iso8601_date(d), from_iso8601_timestamp(t), parse_duration(p) FROM (VALUES ('2026-03-02', '2026-06-17T08:04:05.000000000+05:00', '42.8ms')) AS v(d, t, p)",
            one("2026-03-02", "2026-06-17 03:04:05.000000000", "0 00:00:00.042800000"),
        ),
    ],
    "Texts of other letters": [
        (
            "SELECT hamming_distance('añb', 'anb'), levenshtein_distance('añb', 'anbc'), reverse('e' || chr(769)) = chr(769) || 'e', levenshtein_distance('', 'ñ')",
            one("1", "2", "true", "1"),
        ),
        (
            "SELECT width_bucket(5, ARRAY[1, 4, 6]), width_bucket(0, ARRAY[1.5]), width_bucket(NULL, ARRAY[1])",
            one("2", "0", None),
        ),
    ],
    "Calls with words": [
        (
            "SELECT substring('abcdef' FROM 2 FOR 3), substring('abcdef' FROM 5), substring(lower('ABC') FROM 1 + 1)",
            one("bcd", "ef", "bc"),
        ),
        (
            "SELECT trim(BOTH 'x' FROM 'xxaxx'), trim(LEADING 'xy' FROM 'xyaxy'), trim(TRAILING 'x' FROM 'xxaxx'), trim('x' FROM 'xax'), trim('xax', 'x')",
            one("a", "axy", "xxa", "a", "a"),
        ),
        (
            "SELECT trim(LEADING FROM ' a '), trim(TRAILING FROM ' a '), trim(both FROM ' a '), trim(leading) FROM (VALUES ' b ') AS t(leading)",
            one("a ", " a", "a", "b"),
        ),
        (
            "SELECT stop_id, busy, grouping(stop_id), grouping(stop_id, busy), count(*) FROM city.stops WHERE busy GROUP BY GROUPING SETS ((stop_id, busy), (stop_id), ()) ORDER BY 4, 1",
            [
                ("S001", "true", "0", "0", "1"),
                ("S002", "true", "0", "0", "1"),
                ("S001", None, "0", "1", "1"),
                ("S002", None, "0", "1", "1"),
                (None, None, "1", "3", "2"),
            ],
        ),
        (
            "SELECT CASE WHEN grouping(stop_id) = 1 THEN 'all' ELSE stop_id END, count(*) FROM city.stops GROUP BY ROLLUP (stop_id) HAVING count(*) > 1 ORDER BY grouping(stop_id), 1",
            [("S001", "2"), ("S002", "2"), ("all", "5")],
        ),
        (
            "SELECT regexp_replace('aXb', '(?<mid>X)(b)', '<${mid}$2>'), regexp_replace('a1', '(\\d)', '\\$1 $1'), regexp_extract('k=v', '(?<key>\\w)=(?<value>\\w)', 2)",
            one("a<Xb>", "a$1 1", "v"),
        ),
        (
            "SELECT regexp_like('a[b', '[\\[]b'), regexp_like('a+', '\\++'), regexp_like('(?=', '\\Q(?=\\E'), regexp_like('a&b', '[&]b')",
            one("true", "true", "true", "true"),
        ),
        (
            "SELECT regexp_like('a', '^\\p{Alpha}$'), regexp_like('1', '\\p{Alpha}'), regexp_like('1', '\\P{Alpha}'), regexp_replace('a1-b', '[\\p{Alnum}_]', 'x')",
            one("true", "false", "true", "xx-x"),
        ),
        (
            "SELECT nan() IN (nan()), nan() IN (1.0, nan()), 1.0 IN (nan(), 1.0), nan() NOT IN (nan()), nan() IN (nan(), NULL), nan() IN (SELECT nan())",
            one("false", "false", "true", "true", None, "false"),
        ),
        (
            "SELECT nullif(nan(), nan()), nan() = CAST(NULL AS double), NOT nan() <> CAST(NULL AS double), (1, NULL) IN ((1, NULL))",
            one("NaN", None, None, None),
        ),
        (
            "SELECT bin(time, parse_duration('10m')), bin(time, 2 * 5m), bin(time, time - TIMESTAMP '2026-03-02 07:05:30.123456789') FROM city.stops WHERE people = 0",
            one(*["2026-03-02 08:00:00.000000000"] * 3),
        ),
        (
            "SELECT date_add('day', NULL, now()), date_add('day', 1, NULL), date_diff('day', NULL, now()), bin(now(), NULL)",
            one(None, None, None, None),
        ),
    ],
    "Times to the last digit": [
        (
            "SELECT to_unixtime(TIMESTAMP '2026-03-02 07:30:00.25'), to_unixtime(from_nanoseconds(1)), to_unixtime(TIMESTAMP '2026-03-02 07:30:00.123456')",
            one("1.77243660025E9", "1.0E-9", "1.772436600123456E9"),
        ),
        (
            "SELECT avg(d), avg(-d), avg(d) FILTER (WHERE d > 300d) FROM (VALUES 200d, 200d + 3ns, NULL) AS t(d)",
            one("200 00:00:00.000000002", "-200 00:00:00.000000002", None),
        ),
        (
            "SELECT date_parse('12:30 PM', '%h:%i %p'), date_parse('03-02', '%m-%d'), date_parse('61', '%j'), date_parse('69-1-2', '%y-%c-%e'), date_parse('70', '%y')",
            one(
                "1970-01-01 12:30:00.000000000",
                "2000-03-02 00:00:00.000000000",
                "2000-03-01 00:00:00.000000000",
                "2069-01-02 00:00:00.000000000",
                "1970-01-01 00:00:00.000000000",
            ),
        ),
        (
            "SELECT parse_datetime('03 PM', 'hh a'), parse_datetime('10:00 +0200', 'HH:mm Z'), parse_datetime('2 Mar', 'd MMM')",
            one(
                "1970-01-01 15:00:00.000000000",
                "1970-01-01 08:00:00.000000000",
                "2000-03-02 00:00:00.000000000",
            ),
        ),
        (
            "SELECT try(CAST('x' AS date)), try(from_iso8601_timestamp('x')), coalesce(try(parse_duration('x')), 1h), try(year(CAST('x' AS timestamp)))",
            one(None, None, "0 01:00:00.000000000", None),
        ),
        (
            "SELECT sequence(DATE '2026-03-03', DATE '2026-03-02', -24h), now() AT TIME ZONE '-14:00'",
            one("[2026-03-03, 2026-03-02]", "2026-03-01 18:30:00.000000000"),
        ),
    ],
    "Names": [
        (
            'SELECT 1 AS "order", t."END", t.first FROM (SELECT 2 AS "END", 3 AS first) AS t',
            one("1", "2", "3"),
        ),
        (
            "SELECT range, interval, filter, value, day, t.row FROM (SELECT 1 AS range, 2 AS interval, 3 AS filter, 4 AS value, 5 AS day, 6 AS row) AS t",
            one("1", "2", "3", "4", "5", "6"),
        ),
    ],
}
