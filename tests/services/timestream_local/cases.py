"""Queries over a few records with the results computed by hand; docs/timestream-sql.md shows them.

Values are texts in the API's format; None is NULL.
"""

# ruff: noqa: E501 - a query is easier to read on one line

from __future__ import annotations

from typing import TypeAlias

Row: TypeAlias = tuple[str | None, ...]

NOW = "2026-03-02T08:30:00Z"
STOPS = """
| stop_id | time                          | people | warmth | busy  | note |
| S001    | 2026-03-02 07:30:00.000000000 | 5      | 20.5   | true  | a    |
| S001    | 2026-03-02 07:31:00.000000000 | 7      | 21.5   | false |      |
| S002    | 2026-03-02 07:30:00.000000000 | -3     |        |       | B    |
| S002    | 2026-03-02 07:32:00.000000000 |        | 19.0   | true  | ñu   |
| S003    | 2026-03-02 08:05:30.123456789 | 0      | -1.5   | false | a%b  |
"""
NAMES = """
| stop_id | time                          | name |
| S001    | 2026-03-02 07:30:00.000000000 | Sol  |
| S002    | 2026-03-02 07:30:00.000000000 | Goya |
| S009    | 2026-03-02 07:30:00.000000000 | Opera |
"""
SINGLE = (
    ("cpu", "DOUBLE", "1.5"),
    ("cpu", "DOUBLE", "2.5"),
    ("doors", "BIGINT", "4"),
    ("up", "BOOLEAN", "true"),
)
"""Records with a single measure, of host `h`, a minute apart from 07:30 on."""


def one(*values: str | None) -> list[Row]:
    """A result of one row."""
    return [tuple(values)]


def each(*values: str | None) -> list[Row]:
    """A result of one column."""
    return [(value,) for value in values]


CASES: dict[str, list[tuple[str, list[Row]]]] = {
    "Selecting": [
        ("SELECT 1", one("1")),
        ("SELECT stop_id FROM city.stops WHERE people = 5", one("S001")),
        (
            "SELECT * FROM city.stops WHERE people = 7",
            one("S001", "metrics", "2026-03-02 07:31:00.000000000", "7", "21.5", "false", None),
        ),
        ('SELECT s."people" FROM "city"."stops" AS s WHERE s.people > 5', one("7")),
        ("SELECT stops.people FROM city.stops WHERE city.stops.people = 0", one("0")),
        (
            "SELECT s.*, 1 AS one FROM city.names s WHERE name = 'Sol'",
            [("S001", "metrics", "2026-03-02 07:30:00.000000000", "Sol", "1")],
        ),
        ("SELECT DISTINCT stop_id FROM city.stops ORDER BY stop_id", each("S001", "S002", "S003")),
        ("SELECT PEOPLE FROM City.Stops WHERE Stop_Id = 'S003'", one("0")),
        ("SELECT ALL stop_id FROM city.names ORDER BY 1 LIMIT ALL", each("S001", "S002", "S009")),
        ("(SELECT 2)", one("2")),
        ("SELECT 'a' AS x, true AS y, NULL AS z ORDER BY x, y DESC, z", one("a", "true", None)),
        ("SELECT 1 /* a comment */ -- and another", one("1")),
        ("SELECT 7;", one("7")),
    ],
    "Conditions": [
        ("SELECT people FROM city.stops WHERE people BETWEEN 0 AND 5 ORDER BY 1", each("0", "5")),
        ("SELECT people FROM city.stops WHERE people NOT BETWEEN 0 AND 5 ORDER BY 1", each("-3", "7")),
        ("SELECT people FROM city.stops WHERE people IN (5, 7, 9) ORDER BY 1", each("5", "7")),
        ("SELECT people FROM city.stops WHERE people NOT IN (5, 7) ORDER BY 1", each("-3", "0")),
        ("SELECT people FROM city.stops WHERE people NOT IN (5, NULL)", []),
        ("SELECT note FROM city.stops WHERE note LIKE 'a%' ORDER BY 1", each("a", "a%b")),
        ("SELECT note FROM city.stops WHERE note LIKE 'a!%_' ESCAPE '!'", one("a%b")),
        ("SELECT note FROM city.stops WHERE note LIKE 'b'", []),
        ("SELECT note FROM city.stops WHERE note NOT LIKE 'a%' ORDER BY 1", each("B", "ñu")),
        ("SELECT stop_id FROM city.stops WHERE note IS NULL", one("S001")),
        ("SELECT count(*) FROM city.stops WHERE note IS NOT NULL", one("4")),
        ("SELECT people FROM city.stops WHERE busy AND NOT people < 5", one("5")),
        ("SELECT people FROM city.stops WHERE people = 0 OR people = 7 ORDER BY 1", each("0", "7")),
        (
            "SELECT NULL = NULL, NULL IS DISTINCT FROM NULL, 1 IS NOT DISTINCT FROM 1",
            one(None, "false", "true"),
        ),
        (
            "SELECT 1 <> 2, 1 != 1, 2 >= 2, 2 <= 1, 1 < 2, 1 > 2",
            one("true", "false", "true", "false", "true", "false"),
        ),
        ("SELECT true OR NULL, false AND NULL, true AND NULL, NOT NULL", one("true", "false", None, None)),
        ("SELECT 'a' < 'b', 'B' < 'a', 'ñ' > 'z'", one("true", "true", "true")),
        ("SELECT 5 BETWEEN 7 AND 3, NULL BETWEEN 1 AND 2, 1 BETWEEN NULL AND 0", one("false", None, "false")),
        (r"SELECT 'a%' LIKE 'a\%', 'a\b' LIKE 'a\%', 'a_b' LIKE 'a_'", one("false", "true", "false")),
        (
            "SELECT CASE NULL WHEN NULL THEN 1 ELSE 2 END, NOT 1 = 2, NOT true AND false",
            one("2", "true", "false"),
        ),
    ],
    "Numbers": [
        ("SELECT 5 / 2, -5 / 2, 5 / -2, 5.0 / 2, 5 / 2.0", one("2", "-2", "-2", "2.5", "2.5")),
        ("SELECT 5 % 3, -5 % 3, 5 % -3, mod(7, 4), 5.5 % 2", one("2", "-2", "2", "3", "1.5")),
        ("SELECT 2 + 3 * 4, (2 + 3) * 4, 7 - 10, -(-3)", one("14", "20", "-3", "3")),
        (
            "SELECT 1e3, 1.5, .5, 12345678.9, 0.00012, 1e22",
            one("1000.0", "1.5", "0.5", "1.23456789E7", "1.2E-4", "1.0E22"),
        ),
        (
            "SELECT 9223372036854775807, -9223372036854775808",
            one("9223372036854775807", "-9223372036854775808"),
        ),
        ("SELECT abs(-3), abs(-2.5), sign(-7), sign(0.0)", one("3", "2.5", "-1", "0.0")),
        ("SELECT ceil(1.2), floor(-1.2), ceiling(4), floor(4)", one("2.0", "-2.0", "4", "4")),
        ("SELECT round(2.5), round(-2.5), round(3.14159, 2), round(7)", one("3.0", "-3.0", "3.14", "7")),
        (
            "SELECT round(7, 1), round(1234.5, -2), round(-0.4), ceil(-0.5)",
            one("7", "1200.0", "-0.0", "-0.0"),
        ),
        (
            "SELECT -7 / 3, 7 / -3, mod(-7, 3), mod(7, -3), -people / 2 FROM city.stops WHERE people = 7",
            one("-2", "-2", "-1", "1", "-3"),
        ),
        ("SELECT sqrt(9), power(2, 10), pow(4.0, 0.5)", one("3.0", "1024.0", "2.0")),
        ("SELECT greatest(1, 3, 2), least(1.5, 1), greatest(1, NULL)", one("3", "1.0", None)),
        ("SELECT 1 + NULL, NULL * 2.5, -people FROM city.stops WHERE note = 'ñu'", one(None, None, None)),
        (
            "SELECT people * 2, people / 2, warmth / 2 FROM city.stops WHERE people = 5",
            one("10", "2", "10.25"),
        ),
        (
            "SELECT cbrt(27.0), exp(0.0), ln(1.0), log2(8.0), log10(1000.0), log(2.0, 8.0), e(), pi()",
            one("3.0", "1.0", "0.0", "3.0", "3.0", "3.0", "2.718281828459045", "3.141592653589793"),
        ),
        (
            "SELECT sin(0.0), cos(0.0), tan(0.0), asin(0.0), acos(1.0), atan(0.0), cosh(0.0), tanh(0.0)",
            one("0.0", "1.0", "0.0", "0.0", "0.0", "0.0", "1.0", "0.0"),
        ),
        (
            "SELECT atan2(0.0, 1.0), degrees(pi()), radians(180.0), truncate(-2.7), truncate(3.14159, 2), truncate(7)",
            one("0.0", "180.0", "3.141592653589793", "-2.0", "3.14", "7"),
        ),
        (
            "SELECT is_nan(1.0), is_finite(1.0), is_infinite(1.0), random() < 1.0, rand(10) < 10, random(5, 6)",
            one("false", "true", "false", "true", "true", "5"),
        ),
        (
            "SELECT width_bucket(5.0, 0.0, 10.0, 5), width_bucket(-1.0, 0.0, 10.0, 5), width_bucket(10.0, 0.0, 10.0, 5), width_bucket(7.0, 10.0, 0.0, 5)",
            one("3", "0", "6", "2"),
        ),
        (
            "SELECT from_base('ff', 16), from_base('-101', 2), to_base(255, 16), to_base(-5, 2)",
            one("255", "-5", "ff", "-101"),
        ),
        (
            "SELECT bit_count(9, 64), bit_count(-7, 64), bit_count(-7, 8), bitwise_and(19, 25), bitwise_or(19, 25), bitwise_xor(19, 25), bitwise_not(19)",
            one("2", "62", "6", "17", "27", "10", "-20"),
        ),
        ("SELECT try(1 / 0), try(4 / 2)", one(None, "2")),
    ],
    "Text": [
        (
            "SELECT 'a' || 'b', 'a' || NULL, concat('a', 'b', 'c'), concat('a', NULL)",
            one("ab", None, "abc", None),
        ),
        ("SELECT 'it''s', length('ñandú'), upper('ñu'), lower('SOL')", one("it's", "5", "ÑU", "sol")),
        (
            "SELECT substr('abcde', 2), substr('abcde', 2, 3), substr('abcde', -2), substring('abc', 3, 9)",
            one("bcde", "bcd", "de", "c"),
        ),
        (
            "SELECT substr('abc', 0), substr('abc', -5), substr('abc', 0, 2), substr('abc', 2, 0)",
            one("", "", "", ""),
        ),
        (
            "SELECT substr('abc', 1, NULL), substr(stop_id, 2, people) FROM city.stops WHERE note = 'ñu'",
            one(None, None),
        ),
        ("SELECT replace('abc', '', ''), replace(NULL, '', 'x')", one("abc", None)),
        ("SELECT trim('  a '), ltrim('  a '), rtrim('  a ')", one("a", "a ", "  a")),
        ("SELECT replace('banana', 'an', 'o'), replace('banana', 'an')", one("booa", "ba")),
        ("SELECT strpos('madrid', 'd'), strpos('madrid', 'x')", one("3", "0")),
        ("SELECT starts_with('madrid', 'mad'), starts_with('madrid', 'rid')", one("true", "false")),
        (r"SELECT 'a\n', 'a\', length('\\'), ''''", one(r"a\n", "a\\", "2", "'")),
        (
            "SELECT reverse('abñ'), lpad('abc', 5, 'xy'), rpad('abc', 2, 'x'), chr(241), codepoint('ñ')",
            one("ñba", "xyabc", "ab", "ñ", "241"),
        ),
        (
            "SELECT hamming_distance('abc', 'abd'), levenshtein_distance('kitten', 'sitting'), split_part('a,b,c', ',', 2), split_part('a', ',', 2)",
            one("1", "3", "b", None),
        ),
        (
            "SELECT position('b' IN 'abc'), strpos('abcabc', 'b', 2), strpos('abc', 'c', 2)",
            one("2", "5", "0"),
        ),
        (
            "SELECT regexp_extract('b', '(a)?b', 1), regexp_extract('b', '(a*)b', 1), regexp_extract('ab', '(a)?b', 1), regexp_extract('x', '(a)?b', 1)",
            one(None, "", "a", None),
        ),
        (
            "SELECT regexp_extract_all('b ab', '(a)?b', 1), regexp_replace('b ab', '(a)?b', groups -> coalesce(groups[1], '-'))",
            one("[NULL, a]", "- a"),
        ),
        (
            "SELECT regexp_replace('bab', '(a)?', x -> '<' || coalesce(x[1], '') || '>'), regexp_replace('ab', '', x -> '-'), regexp_replace('', 'x*', x -> '-'), regexp_replace('abc', 'z', x -> '-')",
            one("<>b<a>b<>", "-a-b-", "-", "abc"),
        ),
        (
            r"SELECT regexp_like('1a 2b 14m', '\d+b'), regexp_extract('1a 2b 14m', '\d+'), regexp_extract('1a 2b 14m', '(\d+)([a-z]+)', 2), regexp_extract('a', 'b')",
            one("true", "1", "a", None),
        ),
        (
            r"SELECT regexp_replace('1a 2b 14m', '\d+[ab] '), regexp_replace('1a 2b 14m', '(\d+)([ab]) ', '3c$2 '), regexp_replace('ab', 'a', '\')",
            one("14m", "3ca 3cb 14m", r"\b"),
        ),
    ],
    "CASE, IF and COALESCE": [
        (
            "SELECT CASE WHEN people > 5 THEN 'many' WHEN people > 0 THEN 'some' ELSE 'none' END FROM city.stops ORDER BY people",
            each("none", "none", "some", "many", "none"),
        ),
        (
            "SELECT CASE stop_id WHEN 'S001' THEN 1 WHEN 'S002' THEN 2 END FROM city.stops ORDER BY 1",
            each("1", "1", "2", "2", None),
        ),
        ("SELECT CASE WHEN NULL THEN 1 ELSE 2.5 END, CASE WHEN true THEN 1 ELSE 2.5 END", one("2.5", "1.0")),
        ("SELECT if(1 > 2, 'a', 'b'), if(1 > 2, 'a')", one("b", None)),
        (
            "SELECT coalesce(NULL, NULL, 3), coalesce(NULL, 'x'), nullif(1, 1), nullif(1, 2)",
            one("3", "x", None, "1"),
        ),
    ],
    "Casts": [
        (
            "SELECT CAST('12' AS bigint), CAST('-7' AS integer), CAST('1.5' AS double), CAST('1e3' AS double)",
            one("12", "-7", "1.5", "1000.0"),
        ),
        (
            "SELECT CAST(2.5 AS bigint), CAST(-2.5 AS bigint), CAST(2.4 AS integer), CAST(3 AS double)",
            one("3", "-3", "2", "3.0"),
        ),
        ("SELECT CAST(1.5 AS varchar), CAST(12 AS varchar), CAST(true AS varchar)", one("1.5", "12", "true")),
        (
            "SELECT CAST('true' AS boolean), CAST('F' AS boolean), CAST('1' AS boolean), CAST(0 AS boolean)",
            one("true", "false", "true", "false"),
        ),
        ("SELECT CAST(true AS bigint), CAST(NULL AS double)", one("1", None)),
        (
            "SELECT TRY_CAST('x' AS bigint), TRY_CAST('1.5' AS bigint), TRY_CAST(' 1' AS bigint), TRY_CAST('7' AS bigint)",
            one(None, None, None, "7"),
        ),
        ("SELECT CAST(' 1.5' AS double), TRY_CAST('-2 ' AS double)", one("1.5", "-2.0")),
        (
            "SELECT TRY_CAST('yes' AS boolean), TRY_CAST('99999999999' AS integer), TRY_CAST('a' AS double)",
            one(None, None, None),
        ),
        (
            "SELECT CAST(time AS varchar) FROM city.stops WHERE stop_id = 'S003'",
            one("2026-03-02 08:05:30.123456789"),
        ),
        (
            "SELECT CAST('2026-03-02 07:30:00.5' AS timestamp), CAST('2026-03-02' AS date)",
            one("2026-03-02 07:30:00.500000000", "2026-03-02"),
        ),
        (
            "SELECT CAST(time AS date), CAST(DATE '2026-03-02' AS timestamp) FROM city.stops WHERE people = 0",
            one("2026-03-02", "2026-03-02 00:00:00.000000000"),
        ),
    ],
    "Times": [
        (
            "SELECT now(), current_timestamp, current_date",
            one("2026-03-02 08:30:00.000000000", "2026-03-02 08:30:00.000000000", "2026-03-02"),
        ),
        (
            "SELECT ago(1h), ago(15m), ago(30s), ago(1d)",
            one(
                "2026-03-02 07:30:00.000000000",
                "2026-03-02 08:15:00.000000000",
                "2026-03-02 08:29:30.000000000",
                "2026-03-01 08:30:00.000000000",
            ),
        ),
        (
            "SELECT 1h, 90m, 2d, 1500ms, 5us, 7ns",
            one(
                "0 01:00:00.000000000",
                "0 01:30:00.000000000",
                "2 00:00:00.000000000",
                "0 00:00:01.500000000",
                "0 00:00:00.000005000",
                "0 00:00:00.000000007",
            ),
        ),
        (
            "SELECT ago(2hour), 3minute, 1day",
            one("2026-03-02 06:30:00.000000000", "0 00:03:00.000000000", "1 00:00:00.000000000"),
        ),
        (
            "SELECT current_date - 1d, DATE '2026-02-28' + interval '2' day, DATE '2026-01-31' + interval '1' month, DATE '2026-03-31' - interval '1' month, DATE '2026-03-02' - DATE '2026-02-27'",
            one("2026-03-01", "2026-03-02", "2026-02-28", "2026-02-28", "3 00:00:00.000000000"),
        ),
        (
            "SELECT 1h + 30m, 1h - 90m, 2 * 15m, 1h * 3, -1h",
            one(
                "0 01:30:00.000000000",
                "-0 00:30:00.000000000",
                "0 00:30:00.000000000",
                "0 03:00:00.000000000",
                "-0 01:00:00.000000000",
            ),
        ),
        (
            "SELECT interval '2' hour, interval '1' day, interval '3' month, interval '1' year",
            one("0 02:00:00.000000000", "1 00:00:00.000000000", "0-3", "1-0"),
        ),
        (
            "SELECT time + 1d, time - 5m, 1h + time FROM city.stops WHERE people = 5",
            one(
                "2026-03-03 07:30:00.000000000",
                "2026-03-02 07:25:00.000000000",
                "2026-03-02 08:30:00.000000000",
            ),
        ),
        (
            "SELECT TIMESTAMP '2026-01-31 12:00:00' + interval '1' month, TIMESTAMP '2026-03-31 12:00:00.000000001' - interval '1' month",
            one("2026-02-28 12:00:00.000000000", "2026-02-28 12:00:00.000000001"),
        ),
        ("SELECT max(time) - min(time) FROM city.stops", one("0 00:35:30.123456789")),
        ("SELECT bin(time, 1h) FROM city.stops WHERE people = 7", one("2026-03-02 07:00:00.000000000")),
        (
            "SELECT bin(time, 30s), bin(time, 15m), bin(time, 1d) FROM city.stops WHERE stop_id = 'S003'",
            one(
                "2026-03-02 08:05:30.000000000",
                "2026-03-02 08:00:00.000000000",
                "2026-03-02 00:00:00.000000000",
            ),
        ),
        (
            "SELECT date_trunc('minute', time), date_trunc('hour', time), date_trunc('day', time) FROM city.stops WHERE people = 0",
            one(
                "2026-03-02 08:05:00.000000000",
                "2026-03-02 08:00:00.000000000",
                "2026-03-02 00:00:00.000000000",
            ),
        ),
        (
            "SELECT date_trunc('week', TIMESTAMP '2026-03-01 10:00:00'), date_trunc('month', TIMESTAMP '2026-03-31 10:00:00'), date_trunc('quarter', TIMESTAMP '2026-03-31 10:00:00'), date_trunc('year', TIMESTAMP '2026-03-31 10:00:00')",
            one(
                "2026-02-23 00:00:00.000000000",
                "2026-03-01 00:00:00.000000000",
                "2026-01-01 00:00:00.000000000",
                "2026-01-01 00:00:00.000000000",
            ),
        ),
        (
            "SELECT date_add('hour', 2, TIMESTAMP '2026-03-02 07:30:00'), date_add('day', -2, TIMESTAMP '2026-03-02 07:30:00'), date_add('month', 1, TIMESTAMP '2026-01-31 07:30:00')",
            one(
                "2026-03-02 09:30:00.000000000",
                "2026-02-28 07:30:00.000000000",
                "2026-02-28 07:30:00.000000000",
            ),
        ),
        (
            "SELECT date_diff('minute', TIMESTAMP '2026-03-02 07:30:30', TIMESTAMP '2026-03-02 08:30:00'), date_diff('hour', TIMESTAMP '2026-03-02 08:30:00', TIMESTAMP '2026-03-02 07:00:00'), date_diff('day', TIMESTAMP '2026-03-01 12:00:00', TIMESTAMP '2026-03-02 11:59:59')",
            one("59", "-1", "0"),
        ),
        (
            "SELECT date_diff('month', TIMESTAMP '2026-01-31 00:00:00', TIMESTAMP '2026-02-28 00:00:00'), date_diff('month', TIMESTAMP '2026-01-15 12:00:00', TIMESTAMP '2026-03-15 11:00:00'), date_diff('year', TIMESTAMP '2024-03-02 00:00:00', TIMESTAMP '2026-03-01 00:00:00'), date_diff('month', TIMESTAMP '2026-03-15 00:00:00', TIMESTAMP '2026-01-15 00:00:00')",
            one("1", "1", "1", "-2"),
        ),
        (
            "SELECT from_iso8601_timestamp('2026-03-02T08:30:00+01:00'), from_iso8601_timestamp('2026-03-02T07:30:00.123456789Z'), from_iso8601_timestamp('2026-03-02')",
            one(
                "2026-03-02 07:30:00.000000000",
                "2026-03-02 07:30:00.123456789",
                "2026-03-02 00:00:00.000000000",
            ),
        ),
        (
            "SELECT from_milliseconds(1772436600123), to_milliseconds(TIMESTAMP '2026-03-02 07:30:00.123'), to_milliseconds(2s), from_nanoseconds(1), to_nanoseconds(1us)",
            one(
                "2026-03-02 07:30:00.123000000",
                "1772436600123",
                "2000",
                "1970-01-01 00:00:00.000000001",
                "1000",
            ),
        ),
        (
            "SELECT to_unixtime(TIMESTAMP '1970-01-01 00:00:01.5'), to_iso8601(TIMESTAMP '2026-03-02 07:30:00')",
            one("1.5", "2026-03-02T07:30:00.000000000Z"),
        ),
        (
            "SELECT date_trunc('month', DATE '2026-03-15'), date_add('day', 20, DATE '2026-03-15'), date_diff('week', DATE '2026-03-01', DATE '2026-03-15'), to_iso8601(DATE '2026-03-15')",
            one("2026-03-01", "2026-04-04", "2", "2026-03-15"),
        ),
        (
            "SELECT date_diff('second', TIMESTAMP '2026-03-01 00:00:00.9', TIMESTAMP '2026-03-01 00:00:02.1'), date_diff('week', TIMESTAMP '2026-03-01 00:00:00', TIMESTAMP '2026-03-14 23:00:00'), date_diff('quarter', TIMESTAMP '2026-01-31 00:00:00', TIMESTAMP '2026-12-31 00:00:00'), date_diff('millisecond', now(), ago(1s))",
            one("1", "1", "3", "-1000"),
        ),
        (
            "SELECT week(DATE '2027-01-01'), day_of_week(DATE '2026-03-01'), year(DATE '2027-01-01')",
            one("53", "7", "2027"),
        ),
        (
            "SELECT bin(from_milliseconds(5), 1h), now() - 1h - 30m, ago(2 * 15m)",
            one(
                "1970-01-01 00:00:00.000000000",
                "2026-03-02 07:00:00.000000000",
                "2026-03-02 08:00:00.000000000",
            ),
        ),
        (
            "SELECT parse_duration('90s'), date(TIMESTAMP '2026-03-02 07:30:00')",
            one("0 00:01:30.000000000", "2026-03-02"),
        ),
        (
            "SELECT year(time), month(time), day(time), hour(time), minute(time), second(time), millisecond(time) FROM city.stops WHERE people = 0",
            one("2026", "3", "2", "8", "5", "30", "123"),
        ),
        (
            "SELECT extract(hour FROM time), day_of_week(time), dow(time), day_of_year(time), week(time), quarter(time) FROM city.stops WHERE people = 0",
            one("8", "1", "1", "61", "10", "1"),
        ),
        ("SELECT count(*) FROM city.stops WHERE time > ago(1h)", one("3")),
        (
            "SELECT count(*) FROM city.stops WHERE time BETWEEN TIMESTAMP '2026-03-02 07:30:00' AND TIMESTAMP '2026-03-02 07:31:00'",
            one("3"),
        ),
        ("SELECT count(*) FROM city.stops WHERE time >= DATE '2026-03-02'", one("5")),
        ("SELECT people FROM city.stops WHERE time = TIMESTAMP '2026-03-02 08:05:30.123456789'", one("0")),
        ("SELECT 2week, 3month, 1year", one("14 00:00:00.000000000", "0-3", "1-0")),
        (
            "SELECT ago(1year), TIMESTAMP '2026-03-31 00:00:00' - 1month",
            one("2025-03-02 08:30:00.000000000", "2026-02-28 00:00:00.000000000"),
        ),
        (
            "SELECT parse_duration('1.5h'), parse_duration('42.8 ms')",
            one("0 01:30:00.000000000", "0 00:00:00.042800000"),
        ),
        ("SELECT count(*) FROM city.stops WHERE time > '2026-03-02 07:31'", one("2")),
        (
            "SELECT count(*) FROM city.stops WHERE time BETWEEN '2026-03-02T07:30:00Z' AND '2026-03-03'",
            one("5"),
        ),
        ("SELECT count(*) FROM city.stops WHERE time IN ('2026-03-02 07:30:00')", one("2")),
        (
            "SELECT date_trunc('hour', '2026-03-02 07:31:00'), hour('2026-03-02 05:00:00'), date_diff('day', '2026-03-02', '2026-03-05')",
            one("2026-03-02 07:00:00.000000000", "5", "3"),
        ),
        (
            "SELECT from_unixtime(1.5), from_unixtime(0), current_timezone(), localtimestamp = current_timestamp",
            one("1970-01-01 00:00:01.500000000", "1970-01-01 00:00:00.000000000", "UTC", "true"),
        ),
        (
            "SELECT last_day_of_month(TIMESTAMP '2022-07-07 17:44:43.771000000'), from_iso8601_date('2022-07-17'), date('2026-03-02')",
            one("2022-07-31", "2022-07-17", "2026-03-02"),
        ),
        (
            "SELECT date_format(TIMESTAMP '2026-03-02 07:05:09.123456789', '%Y-%m-%d %H:%i:%s.%f %a %b %c %e %M %W %p %l %j %T %y %%')",
            one("2026-03-02 07:05:09.123456 Mon Mar 3 2 March Monday AM 7 061 07:05:09 26 %"),
        ),
        (
            "SELECT date_parse('2026-03-02 07:05', '%Y-%m-%d %H:%i'), year_of_week(DATE '2027-01-01'), yow(DATE '2026-01-01')",
            one("2026-03-02 07:05:00.000000000", "2026", "2026"),
        ),
    ],
    "Aggregates": [
        (
            "SELECT count(*), count(people), count(DISTINCT stop_id), count(1) FROM city.stops",
            one("5", "4", "3", "5"),
        ),
        (
            "SELECT sum(people), avg(people), min(people), max(people) FROM city.stops",
            one("9", "2.25", "-3", "7"),
        ),
        (
            "SELECT sum(warmth), avg(warmth), min(note), max(note) FROM city.stops",
            one("59.5", "14.875", "B", "ñu"),
        ),
        (
            "SELECT count(*), sum(people), avg(people), max(people) FROM city.stops WHERE people > 100",
            one("0", None, None, None),
        ),
        (
            "SELECT approx_distinct(stop_id), approx_percentile(people, 0.5), approx_percentile(warmth, 1.0) FROM city.stops",
            one("3", "0", "21.5"),
        ),
        (
            "SELECT stddev(people), stddev_pop(people), variance(people), var_pop(people) FROM city.stops WHERE people IN (5, 7)",
            one("1.4142135623730951", "1.0", "2.0", "1.0"),
        ),
        (
            "SELECT max_by(stop_id, people), min_by(stop_id, people), max_by(warmth, time) FROM city.stops",
            one("S001", "S002", "-1.5"),
        ),
        ("SELECT min_by(warmth, people), max_by(note, people) FROM city.stops", one(None, None)),
        (
            "SELECT max_by(stop_id, people), min_by(people, stop_id) FROM city.stops WHERE people IS NULL",
            one(None, None),
        ),
        (
            "SELECT count(DISTINCT people), count(DISTINCT note), sum(DISTINCT people) FROM city.stops",
            one("4", "4", "9"),
        ),
        (
            "SELECT count_if(people > 0), bool_and(busy), bool_or(busy), every(busy) FROM city.stops",
            one("2", "false", "true", "false"),
        ),
        (
            "SELECT count(*) FILTER (WHERE busy), sum(people) FILTER (WHERE people > 0) FROM city.stops",
            one("2", "12"),
        ),
        ("SELECT sum(DISTINCT people / 5), count(DISTINCT busy) FROM city.stops", one("1", "2")),
        (
            "SELECT stop_id, count(*), sum(people) FROM city.stops GROUP BY stop_id ORDER BY stop_id",
            [("S001", "2", "12"), ("S002", "2", "-3"), ("S003", "1", "0")],
        ),
        (
            "SELECT stop_id, sum(people) AS total FROM city.stops GROUP BY 1 HAVING sum(people) > 0 ORDER BY total",
            one("S001", "12"),
        ),
        (
            "SELECT bin(time, 1h) AS hour, count(*) FROM city.stops GROUP BY bin(time, 1h) ORDER BY hour DESC",
            [("2026-03-02 08:00:00.000000000", "1"), ("2026-03-02 07:00:00.000000000", "4")],
        ),
        (
            "SELECT busy, count(*) FROM city.stops GROUP BY busy ORDER BY busy",
            [("false", "2"), ("true", "2"), (None, "1")],
        ),
        ("SELECT max(time) FROM city.stops WHERE stop_id = 'S002'", one("2026-03-02 07:32:00.000000000")),
        (
            "SELECT arbitrary(stop_id), geometric_mean(4) FROM city.stops WHERE stop_id = 'S001'",
            one("S001", "4.0"),
        ),
        (
            "SELECT corr(x, y), covar_samp(x, y), regr_slope(y, x), regr_intercept(y, x) FROM (VALUES (1.0, 2.0), (2.0, 4.0), (3.0, 6.0)) AS v(x, y)",
            one("1.0", "2.0", "2.0", "0.0"),
        ),
        (
            "SELECT covar_pop(x, y), skewness(x) FROM (VALUES (1.0, 2.0), (3.0, 4.0), (5.0, 9.0), (7.0, 9.0)) AS v(x, y)",
            one("6.5", "0.0"),
        ),
        (
            "SELECT bitwise_and_agg(x), bitwise_or_agg(x), avg(d) FROM (VALUES (6, 1h), (3, 2h)) AS v(x, d)",
            one("2", "7", "0 01:30:00.000000000"),
        ),
        (
            "SELECT stop_id, busy, count(*) FROM city.stops GROUP BY GROUPING SETS ((stop_id), (busy), ()) ORDER BY 1, 2, 3",
            [
                ("S001", None, "2"),
                ("S002", None, "2"),
                ("S003", None, "1"),
                (None, "false", "2"),
                (None, "true", "2"),
                (None, None, "1"),
                (None, None, "5"),
            ],
        ),
        (
            "SELECT stop_id, count(*) FROM city.stops GROUP BY ROLLUP (stop_id) ORDER BY 1",
            [("S001", "2"), ("S002", "2"), ("S003", "1"), (None, "5")],
        ),
        (
            "SELECT stop_id, count(*) FROM city.stops GROUP BY CUBE (stop_id) ORDER BY 1",
            [("S001", "2"), ("S002", "2"), ("S003", "1"), (None, "5")],
        ),
        ("SELECT count(*) FROM city.stops GROUP BY ()", one("5")),
        ("SELECT count(*) FROM city.stops GROUP BY DISTINCT ()", one("5")),
        (
            "SELECT stop_id, count(*) FROM city.stops WHERE busy GROUP BY ALL stop_id, GROUPING SETS ((), ()) ORDER BY 1",
            [("S001", "1"), ("S001", "1"), ("S002", "1"), ("S002", "1")],
        ),
        (
            "SELECT stop_id, count(*) FROM city.stops WHERE busy GROUP BY DISTINCT stop_id, GROUPING SETS ((), (1)) ORDER BY 1",
            [("S001", "1"), ("S002", "1")],
        ),
        (
            "SELECT a, b, count(*) FROM (VALUES (1, 2), (1, 3)) AS v(a, b) GROUP BY DISTINCT ROLLUP (a, b), CUBE (a) ORDER BY 1, 2",
            [("1", "2", "1"), ("1", "3", "1"), ("1", None, "2"), (None, None, "2")],
        ),
        (
            "SELECT a, b, grouping(a, b) FROM (VALUES (1, 2)) AS v(a, b) GROUP BY DISTINCT GROUPING SETS ((a, b), (b, a), a, (a)) ORDER BY 3",
            [("1", "2", "0"), ("1", None, "1")],
        ),
        (
            "SELECT stop_id, busy FROM city.stops WHERE busy GROUP BY (stop_id, busy) ORDER BY 1",
            [("S001", "true"), ("S002", "true")],
        ),
    ],
    "Order": [
        ("SELECT people FROM city.stops ORDER BY people", each("-3", "0", "5", "7", None)),
        ("SELECT people FROM city.stops ORDER BY people DESC", each("7", "5", "0", "-3", None)),
        ("SELECT people FROM city.stops ORDER BY people NULLS FIRST LIMIT 2", each(None, "-3")),
        ("SELECT people FROM city.stops ORDER BY people DESC NULLS FIRST LIMIT 1", one(None)),
        ("SELECT people AS p FROM city.stops ORDER BY -p LIMIT 1", one("7")),
        ("SELECT stop_id FROM city.stops ORDER BY warmth DESC LIMIT 1", one("S001")),
        (
            "SELECT stop_id FROM city.stops WHERE stop_id = 'S001' AND time BETWEEN ago(1h) AND now() ORDER BY time DESC LIMIT 1",
            one("S001"),
        ),
        ("SELECT 1 FROM city.stops LIMIT 0", []),
    ],
    "Joins, subqueries, sets": [
        (
            "SELECT n.name, s.people FROM city.stops s JOIN city.names n ON s.stop_id = n.stop_id ORDER BY s.people",
            [("Goya", "-3"), ("Sol", "5"), ("Sol", "7"), ("Goya", None)],
        ),
        (
            "SELECT n.name, count(s.people) FROM city.names n LEFT JOIN city.stops s ON n.stop_id = s.stop_id GROUP BY n.name ORDER BY 1",
            [("Goya", "1"), ("Opera", "0"), ("Sol", "2")],
        ),
        (
            "SELECT n.name, s.stop_id FROM city.names n RIGHT JOIN city.stops s ON n.stop_id = s.stop_id WHERE n.name IS NULL",
            one(None, "S003"),
        ),
        ("SELECT count(*) FROM city.names n FULL OUTER JOIN city.stops s ON n.stop_id = s.stop_id", one("6")),
        (
            "SELECT count(*) FROM city.names a CROSS JOIN city.names b RIGHT JOIN city.stops s ON b.stop_id = s.stop_id",
            one("13"),
        ),
        ("SELECT count(*) FROM city.names CROSS JOIN city.stops", one("15")),
        ("SELECT count(*) FROM city.names a, city.names b WHERE a.stop_id < b.stop_id", one("3")),
        (
            "SELECT stop_id, name FROM city.names JOIN city.stops USING (stop_id) WHERE people = 7",
            one("S001", "Sol"),
        ),
        (
            "SELECT name FROM city.names WHERE stop_id IN (SELECT stop_id FROM city.stops WHERE people > 0)",
            one("Sol"),
        ),
        (
            "SELECT name FROM city.names n WHERE NOT EXISTS (SELECT 1 FROM city.stops s WHERE s.stop_id = n.stop_id)",
            one("Opera"),
        ),
        ("SELECT people FROM city.stops WHERE people = (SELECT max(people) FROM city.stops)", one("7")),
        ("SELECT x.p + 1 FROM (SELECT people AS p FROM city.stops WHERE people > 5) AS x", one("8")),
        (
            "WITH b AS (SELECT stop_id, people FROM city.stops WHERE people > 0), t(total) AS (SELECT sum(people) FROM b) SELECT total FROM t",
            one("12"),
        ),
        ("WITH a AS (SELECT 1 AS x) SELECT y.x FROM a AS y UNION ALL SELECT x FROM a", each("1", "1")),
        ("SELECT 1 UNION SELECT 1 UNION ALL SELECT 2 ORDER BY 1", each("1", "2")),
        (
            "SELECT stop_id FROM city.stops INTERSECT SELECT stop_id FROM city.names ORDER BY stop_id",
            each("S001", "S002"),
        ),
        ("SELECT stop_id FROM city.names EXCEPT SELECT stop_id FROM city.stops", one("S009")),
        ("SELECT 1 AS a UNION ALL SELECT 2.5 ORDER BY a DESC LIMIT 1", one("2.5")),
        ("SELECT b FROM (VALUES (1, 'x'), (2, 'y')) AS v(a, b) WHERE a = 2", one("y")),
        ("SELECT 1 UNION SELECT 2 INTERSECT SELECT 2 ORDER BY 1", each("1", "2")),
        ("SELECT 1 EXCEPT SELECT 2 INTERSECT SELECT 1", one("1")),
        (
            "SELECT x FROM (SELECT people AS x FROM city.stops ORDER BY people DESC LIMIT 2) ORDER BY x",
            each("5", "7"),
        ),
        (
            "SELECT stop_id FROM city.stops WHERE people IN (SELECT people FROM city.stops ORDER BY people LIMIT 2) ORDER BY 1",
            each("S002", "S003"),
        ),
        ("(SELECT 1 LIMIT 1) UNION ALL (SELECT 2 LIMIT 0)", one("1")),
        ("SELECT people FROM city.stops WHERE people > ALL (SELECT 0 UNION SELECT 5)", one("7")),
        (
            "SELECT people FROM city.stops WHERE people = ANY (SELECT 0 UNION SELECT 5) ORDER BY 1",
            each("0", "5"),
        ),
        ("SELECT people FROM city.stops WHERE people < SOME (SELECT 0) ORDER BY 1", each("-3")),
    ],
    "Windows": [
        (
            "SELECT stop_id, row_number() OVER (PARTITION BY stop_id ORDER BY time DESC) AS n FROM city.names ORDER BY 1",
            [("S001", "1"), ("S002", "1"), ("S009", "1")],
        ),
        (
            "SELECT people, rank() OVER (ORDER BY people), dense_rank() OVER (ORDER BY busy) FROM city.stops ORDER BY people",
            [("-3", "1", "3"), ("0", "2", "1"), ("5", "3", "2"), ("7", "4", "1"), (None, "5", "2")],
        ),
        (
            "SELECT lag(people) OVER (ORDER BY people), lead(people, 2, 99) OVER (ORDER BY people) FROM city.stops ORDER BY people",
            [(None, "5"), ("-3", "7"), ("0", None), ("5", "99"), ("7", "99")],
        ),
        (
            "SELECT first_value(stop_id) OVER (ORDER BY people DESC), last_value(people) OVER (ORDER BY people ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM city.stops LIMIT 1",
            one("S001", None),
        ),
        (
            "SELECT sum(people) OVER (ORDER BY people ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM city.stops ORDER BY people",
            each("-3", "-3", "5", "12", "7"),
        ),
        ("SELECT DISTINCT count(*) OVER (), max(people) OVER () FROM city.stops", one("5", "7")),
        (
            "SELECT sum(people) OVER (ORDER BY stop_id) FROM city.stops ORDER BY stop_id, people",
            each("12", "12", "9", "9", "9"),
        ),
        (
            "SELECT sum(people) OVER (ORDER BY people ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) FROM city.stops ORDER BY people",
            each("-3", "5", "12", "7", None),
        ),
        (
            "SELECT lag(people) OVER (ORDER BY people NULLS FIRST) FROM city.stops ORDER BY people NULLS FIRST",
            each(None, None, "-3", "0", "5"),
        ),
        (
            "SELECT stop_id FROM (SELECT stop_id, row_number() OVER (PARTITION BY stop_id ORDER BY time DESC) AS n, people FROM city.stops) AS r WHERE n = 1 AND people IS NULL",
            one("S002"),
        ),
        (
            "SELECT ntile(2) OVER (ORDER BY people), percent_rank() OVER (ORDER BY people), cume_dist() OVER (ORDER BY people) FROM city.stops ORDER BY people LIMIT 1",
            one("1", "0.0", "0.2"),
        ),
        (
            "SELECT first_value(warmth) IGNORE NULLS OVER (ORDER BY people) FROM city.stops ORDER BY people LIMIT 2",
            each(None, "-1.5"),
        ),
        ("SELECT sum(x) OVER (ORDER BY x rows 1 preceding) FROM (VALUES 1,2,3) AS t(x)", each("1", "3", "5")),
        ("SELECT sum(x) OVER (ORDER BY x Rows 1 Preceding) FROM (VALUES 1,2,3) AS t(x)", each("1", "3", "5")),
        (
            "SELECT sum(x) OVER (ORDER BY x range unbounded preceding) FROM (VALUES 1,2,3) AS t(x)",
            each("1", "3", "6"),
        ),
        (
            "SELECT sum(x) OVER (ORDER BY x rows between 1 preceding and current row) FROM (VALUES 1,2,3) AS t(x)",
            each("1", "3", "5"),
        ),
        (
            "SELECT sum(x) OVER (ORDER BY x RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES 1,2,4) AS t(x)",
            each("1", "3", "4"),
        ),
        (
            "SELECT sum(x) OVER (ORDER BY x DESC RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM (VALUES 1.5,2.0,4.0) AS t(x)",
            each("4.0", "3.5", "3.5"),
        ),
        (
            "SELECT count(*) OVER (ORDER BY time RANGE BETWEEN 1m PRECEDING AND CURRENT ROW) FROM city.stops ORDER BY 1",
            each("1", "2", "2", "2", "3"),
        ),
        (
            "SELECT nth_value(people, 2) OVER (ORDER BY time, stop_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM city.stops LIMIT 1",
            one("-3"),
        ),
    ],
    "Records with a single measure": [
        (
            "SELECT measure_name, measure_value::double FROM city.single WHERE measure_name = 'cpu' ORDER BY time",
            [("cpu", "1.5"), ("cpu", "2.5")],
        ),
        ("SELECT avg(measure_value::double), max(measure_value::bigint) FROM city.single", one("2.0", "4")),
        ("SELECT \"measure_value::boolean\" FROM city.single WHERE measure_name = 'up'", one("true")),
        ("SELECT s.measure_value::bigint FROM city.single s WHERE measure_name = 'doors'", one("4")),
    ],
    "SHOW and DESCRIBE": [
        ("SHOW DATABASES", one("city")),
        ("SHOW DATABASES LIKE 'x%'", []),
        ("SHOW TABLES FROM city", each("names", "single", "stops")),
        ("SHOW TABLES FROM city LIKE 's%'", each("single", "stops")),
        (
            'DESCRIBE "city"."names"',
            [
                ("stop_id", "varchar", "DIMENSION"),
                ("measure_name", "varchar", "MEASURE_NAME"),
                ("time", "timestamp", "TIMESTAMP"),
                ("name", "varchar", "MULTI"),
            ],
        ),
    ],
}
