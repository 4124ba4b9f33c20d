"""Queries of the local Timestream endpoint return the results computed by hand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress

import pytest

from services.timestream_local.errors import QueryExecutionException, ValidationException
from services.timestream_local.value_texts import double_text
from tests.case_table import each_case
from tests.services.timestream_local.cases import CASES, Row
from tests.services.timestream_local.composite_cases import COMPOSITE
from tests.services.timestream_local.samples import Local, fill, local


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with local(tmp_path_factory.mktemp("sql")) as endpoint:
        asyncio.run(fill(endpoint))
        yield endpoint


ALL = [(sql, rows) for cases in (CASES | COMPOSITE).values() for sql, rows in cases]


@each_case("sql, rows", ALL)
def test_a_query_returns_the_rows_computed_by_hand(city: Local, sql: str, rows: list[Row]) -> None:
    assert city.rows(sql) == rows


REFUSED = [
    # ways to DuckDB's files, settings, extensions
    ("SELECT * FROM read_csv('/etc/passwd')", "table function read_csv"),
    ("SELECT * FROM read_text('/etc/passwd')", "table function read_text"),
    ("SELECT * FROM read_blob('/etc/passwd')", "table function read_blob"),
    ("SELECT * FROM read_parquet('x.parquet')", "table function read_parquet"),
    ("SELECT * FROM read_json('x.json')", "table function read_json"),
    ("SELECT * FROM glob('/etc/*')", "table function glob"),
    ("SELECT * FROM sniff_csv('/etc/passwd')", "table function sniff_csv"),
    ("SELECT * FROM duckdb_settings()", "table function duckdb_settings"),
    ("SELECT * FROM duckdb_tables()", "table function duckdb_tables"),
    ("SELECT * FROM duckdb_secrets()", "table function duckdb_secrets"),
    ("SELECT * FROM pragma_database_list()", "table function"),
    ("SELECT * FROM query('SELECT 1')", "table function query"),
    ("SELECT * FROM query_table('meta')", "table function query_table"),
    ("SELECT * FROM range(10)", "table function"),
    ("SELECT * FROM '/etc/passwd'", "mismatched input"),
    ('SELECT * FROM "/etc/passwd"', "does not exist"),
    ("SELECT * FROM 'x'.\"y\"", "mismatched input"),
    ("SELECT * FROM meta", "does not exist"),
    ("SELECT * FROM main.meta", "does not exist"),
    ("SELECT * FROM main.data_1", "does not exist"),
    ("SELECT * FROM information_schema.tables", "does not exist"),
    ("SELECT * FROM timestream.main.meta", "a catalog's name"),
    ("SELECT getenv('HOME')", "getenv"),
    ("SELECT current_setting('threads')", "current_setting"),
    ("SELECT set_config('threads', '1')", "set_config"),
    ("SELECT nextval('table_ids')", "nextval"),
    ("SELECT error('x')", "error"),
    ("SELECT version()", "version"),
    ("SELECT txid_current()", "txid_current"),
    ("SELECT write_log('x')", "write_log"),
    ("ATTACH '/tmp/x.duckdb' AS x", "ATTACH"),
    ("DETACH city", "DETACH"),
    ("COPY city.stops TO '/tmp/x.csv'", "COPY"),
    ("EXPORT DATABASE '/tmp/x'", "EXPORT"),
    ("IMPORT DATABASE '/tmp/x'", "IMPORT"),
    ("INSTALL httpfs", "INSTALL"),
    ("LOAD httpfs", "LOAD"),
    ("PRAGMA database_list", "PRAGMA"),
    ("SET threads = 1", "SET"),
    ("SET lock_configuration = false", "SET"),
    ("RESET threads", "RESET"),
    ("USE memory", "USE"),
    ("CALL pragma_version()", "CALL"),
    ("CHECKPOINT", "CHECKPOINT"),
    ("VACUUM", "VACUUM"),
    ("CREATE TABLE x (a int)", "CREATE"),
    ("CREATE SECRET (TYPE s3)", "CREATE"),
    ("DROP TABLE city.stops", "DROP"),
    ("ALTER TABLE city.stops ADD COLUMN x int", "ALTER"),
    ("INSERT INTO city.stops SELECT 1", "INSERT"),
    ("UPDATE city.stops SET people = 1", "UPDATE"),
    ("DELETE FROM city.stops", "DELETE"),
    ("TRUNCATE city.stops", "TRUNCATE"),
    ("BEGIN", "BEGIN"),
    ("EXPLAIN SELECT 1", "EXPLAIN"),
    ("FROM city.stops", "FROM"),
    ("VALUES (1)", "VALUES"),
    ("TABLE city.stops", "TABLE"),
    ("SELECT 1; SELECT 2", "more than one statement"),
    ("SELECT 1; DROP TABLE data_1", "more than one statement"),
    # what Timestream knows and this doesn't
    ("UNLOAD (SELECT 1) TO 's3://bucket' WITH (format = 'CSV')", "UNLOAD needs an S3"),
    ("SELECT @scheduled_runtime", "only for PrepareQuery and scheduled queries"),
    ("SELECT [1, 2]", "line 1:8: mismatched input '['"),
    ("SELECT people IN [1] FROM city.stops", "mismatched input '['"),
    ("SELECT interpolate_linear(1, 2)", "for function interpolate_linear: integer, not a time series"),
    ("SELECT create_time_series(people, time) FROM city.stops", "(bigint, timestamp) for function create"),
    ("SELECT derivative_linear(create_time_series(time, note), 1m) FROM city.stops", "a time series of num"),
    ("SELECT map(ARRAY[1], ARRAY[2])", "The function map is not supported"),
    ("SELECT checksum(ARRAY[1])", "(array(integer)) for function checksum"),
    ("SELECT array_sort(ARRAY[1], (x, y) -> 'a')", "must give a whole number: varchar"),
    ("SELECT 1.5month", "not a duration"),
    ("SELECT time AT TIME ZONE 'Moon/Base' FROM city.stops", "'Moon/Base' is not a time zone"),
    ("SELECT time AT TIME ZONE '../../etc/passwd' FROM city.stops", "is not a time zone"),
    # ways to DuckDB through lambdas and arrays
    ("SELECT transform(ARRAY['/etc/passwd'], x -> read_text(x))", "read_text"),
    ("SELECT filter(ARRAY['threads'], x -> current_setting(x) = '1')", "current_setting"),
    ("SELECT transform(ARRAY['HOME'], x -> getenv(x))", "getenv"),
    ("SELECT reduce(ARRAY[1], 0, (s, x) -> nextval('table_ids'), s -> s)", "nextval"),
    ("SELECT transform(ARRAY[1], x -> (SELECT count(*) FROM meta))", "A query in a lambda"),
    ("SELECT * FROM UNNEST(glob('/etc/*')) AS t(x)", "glob"),
    ("SELECT ts_linear(ARRAY[1], ARRAY[1.0], ARRAY[1])", "The function ts_linear is not supported"),
    ("SELECT list_transform(ARRAY[1], x -> x)", "list_transform is not supported with a lambda"),
    ("SELECT all_match(ARRAY[1], x -> x > 0)", "all_match is not supported with a lambda"),
    ("SELECT transform(ARRAY[1], read_text -> read_text(read_text))", "read_text"),
    ("SELECT transform(ARRAY[1], (x, y) -> x)", "a lambda with 1 parameters"),
    ("SELECT transform(ARRAY[1], 2)", "transform needs a lambda"),
    ("SELECT filter(ARRAY[1], x -> x)", "must give a boolean: integer"),
    ("SELECT transform(ARRAY[1], x -> y)", "Column 'y' does not exist"),
    ("SELECT ROW(1, 2).x", "row(integer, integer) has no field 'x'"),
    ("SELECT (ARRAY[1, 2])[1:2]", ": is not supported"),
    ("SELECT ARRAY[1, 'a']", "don't go together"),
    ("SELECT cardinality(1)", "integer, not an array"),
    ("SELECT contains(ARRAY[1], 'a')", "don't go together"),
    ("SELECT sum(ARRAY[1])", "(array(integer)) for function sum"),
    ("SELECT max(people, 0) FROM city.stops", "a literal number of values"),
    ("SELECT ARRAY[1] + 1", "cannot be applied to array(integer), integer"),
    ("SELECT TIME '25:00'", "is not a valid time"),
    ("SELECT X'ABC'", "pairs of hexadecimal digits"),
    ("SELECT CAST(1 AS array(bigint))", "Cannot cast integer to array(bigint)"),
    ("SELECT CAST(ARRAY[1] AS map(bigint, bigint))", "CAST to MAP"),
    ("SELECT 1 OFFSET 2", "OFFSET"),
    ("SELECT 1 FETCH FIRST 1 ROWS ONLY", "FETCH"),
    ("SELECT stop_id FROM city.stops GROUP BY ALL", "ALL"),
    ("SELECT * FROM city.stops NATURAL JOIN city.names", "NATURAL JOIN"),
    ("SELECT * FROM city.stops SEMI JOIN city.names ON true", "SEMI JOIN"),
    ("SELECT * FROM city.stops TABLESAMPLE BERNOULLI (10)", "TABLESAMPLE"),
    ("SELECT * FROM UNNEST(x)", "Column 'x' does not exist"),
    ("SELECT * FROM UNNEST(1)", "for function UNNEST: integer, not an array"),
    ("SELECT * FROM city.names, LATERAL (SELECT 1)", "LATERAL"),
    ("SELECT * FROM city.stops PIVOT (sum(people) FOR stop_id IN ('S001'))", "PIVOT"),
    ("WITH RECURSIVE a(x) AS (SELECT 1) SELECT x FROM a", "RECURSIVE"),
    ("SELECT DISTINCT ON (stop_id) people FROM city.stops", "DISTINCT ON"),
    ("SELECT sum(people) OVER w FROM city.stops WINDOW w AS (ORDER BY time)", "WINDOW"),
    ("SELECT sum(people ORDER BY time) FROM city.stops", "ORDER"),
    ("SELECT listagg(note, ',') WITHIN GROUP (ORDER BY note) FROM city.stops", "WITHIN GROUP"),
    ("SELECT 'a' ILIKE 'A'", "ILIKE"),
    ("SELECT 5 DIV 2", "DIV"),
    ("SELECT 5 ^ 2", "^ is"),
    ("SELECT 5 & 2", "& is"),
    ("SELECT CAST(1.5 AS decimal(5, 2))", "DECIMAL"),
    ("SELECT CAST('abc' AS varchar(2))", "VARCHAR(2)"),
    ("SELECT CAST(1 AS json)", "JSON"),
    ("SELECT time::bigint FROM city.stops", "::"),
    ("SELECT ?", "? is not supported"),
    ("SELECT * EXCLUDE (people) FROM city.stops", "EXCEPT"),
    ("SELECT 1mo", "not a duration"),
    ("SELECT 1h2m", "not a duration"),
    ("SELECT bin(time, people) FROM city.stops", "bin"),
    ("SELECT bin(time, 1month) FROM city.stops", "bin by months or years"),
    ("SELECT bin(time, interval '1' year) FROM city.stops", "bin by months or years"),
    ("SELECT regexp_like(note, '(?=a)b') FROM city.stops", "look-around in a pattern is not supported: (?="),
    ("SELECT regexp_split(note, 'a(?<!b)') FROM city.stops", "look-around in a pattern"),
    (r"SELECT regexp_replace(note, '(a)\1', x -> x[1]) FROM city.stops", r"a back reference in a pattern"),
    (r"SELECT regexp_replace(note, '(?<n>a)\k<n>', '') FROM city.stops", r"a back reference in a pattern"),
    ("SELECT regexp_extract(note, '(?>a)') FROM city.stops", "an atomic group in a pattern"),
    ("SELECT regexp_extract(note, 'a++') FROM city.stops", "a possessive quantifier in a pattern"),
    ("SELECT regexp_extract(note, '[a-z&&[b]]') FROM city.stops", "a class within a class"),
    (
        f"SELECT count(*) FROM (VALUES (1, 2)) AS v(a, b) GROUP BY DISTINCT {', '.join(['CUBE (a, b)'] * 7)}",
        "GROUP BY has 16384 grouping sets but can have at most 4096",
    ),
    ("SELECT regexp_extract(note, '(a)', 2) FROM city.stops", "Pattern has 1 groups. Cannot access group 2"),
    ("SELECT regexp_replace(note, '(a)', '${b}') FROM city.stops", "no group 'b'"),
    ("SELECT trim(LEADING 'a') FROM city.stops", "trim(LEADING …) needs FROM"),
    ("SELECT substring(note FROM) FROM city.stops", "mismatched input"),
    ("SELECT grouping() FROM city.stops", "grouping needs"),
    ("SELECT grouping(people) FROM city.stops", "arguments of grouping must appear in the GROUP BY"),
    ("SELECT grouping(people) FROM city.stops GROUP BY stop_id", "arguments of grouping must appear"),
    ("SELECT x -> 1", "->"),
    ("SELECT {'a': 1}", "{"),
    ("SELECT count(*) FROM city.stops FOR UPDATE", "FOR UPDATE"),
    ("SELECT people IN () FROM city.stops", "IN of nothing"),
    (r"SELECT U&'\00e9'", "U&"),
    ("SELECT N'a'", "N'…' is not"),
    ("SELECT E'a'", "mismatched input"),
    ("SELECT 0x1F", "a hexadecimal number"),
    ("SELECT TIMESTAMP '2026-03-02 07:30:00 Europe/Madrid'", "WITH TIME ZONE"),
    ("SELECT count(DISTINCT stop_id, people) FROM city.stops", "for function count"),
    ("SELECT sum(people) OVER (ORDER BY note RANGE 1 PRECEDING) FROM city.stops", "does not match types"),
    ("SELECT sum(people) OVER (ORDER BY people RANGE -1 PRECEDING) FROM city.stops", "must not be negative"),
    ("SELECT sum(people) OVER (ORDER BY people, note RANGE 1 PRECEDING) FROM city.stops", "exactly one"),
    ("SELECT sum(people) OVER (ORDER BY time RANGE 1 PRECEDING) FROM city.stops", "does not match types"),
    ("SELECT sum(people) OVER (ORDER BY people ROWS people PRECEDING) FROM city.stops", "but a number"),
    (
        "SELECT sum(people) OVER (ORDER BY people GROUPS 1 PRECEDING) FROM city.stops",
        "window frame",
    ),
    ("SELECT bin(time, -1h) FROM city.stops", "greater than zero"),
    ("SHOW COLUMNS FROM city.stops", "SHOW COLUMNS"),
    ("SHOW ALL TABLES", "SHOW ALL"),
    # what is wrong
    ("", "empty"),
    (";", "empty"),
    ("SELECT", "SELECT needs"),
    ("SELECT FROM city.stops", "SELECT needs"),
    ("SELECT people, FROM city.stops", "mismatched input"),
    ("SELECT 'a", "can't be read"),
    ("SELECT (1", "mismatched input"),
    ("SELECT nowhere FROM city.stops", "line 1:8: Column 'nowhere' does not exist"),
    ("SELECT x.people FROM city.stops", "Column 'x.people' does not exist"),
    ("SELECT stop_id FROM city.stops a JOIN city.names b ON a.stop_id = b.stop_id", "ambiguous"),
    ("SELECT 1 FROM city.nothing", "line 1:20: Table city.nothing does not exist"),
    ("SELECT 1 FROM nothing.stops", "does not exist"),
    ("SELECT 1 FROM stops", "does not exist"),
    ("SELECT people FROM city.stops WHERE time > note", "cannot be applied to timestamp, varchar"),
    ("SELECT people FROM city.stops WHERE time > 'yesterday'", "cannot be applied to timestamp, varchar"),
    ("SELECT date_format(now(), '%D')", "%D is not supported"),
    ("SELECT from_iso8601_date('2022-07-40')", "2022-07-40"),
    ("SELECT position('a')", "position(part IN text)"),
    ("SELECT people = ANY (1, 2) FROM city.stops", "ANY of anything but a query"),
    ("SELECT lag(people, 1.5) OVER (ORDER BY time) FROM city.stops", "(double) for function lag"),
    ("SELECT parse_duration(5)", "(integer) for function parse_duration"),
    ("SELECT people FROM city.stops GROUP BY", "GROUP BY needs"),
    ("SELECT measure_value::double::bigint FROM city.single", "line 1:29: mismatched input '::'"),
    ("SELECT people, measure_value::varchar FROM city.stops", "line 1:16: Column 'measure_value::varchar'"),
    ("SELECT people, measure_value::uuid FROM city.single", "line 1:16: the column measure_value::uuid"),
    ('SELECT "PEOPLE" FROM city.stops', "Column 'PEOPLE' does not exist"),
    ('SELECT people FROM "City".stops', "Table City.stops does not exist"),
    ('SELECT people FROM city."STOPS"', "Table city.STOPS does not exist"),
    ('DESCRIBE city."STOPS"', "does not exist"),
    ('SHOW TABLES FROM "City"', "does not exist"),
    ('SHOW MEASURES FROM "City".stops', "does not exist"),
    ("UNLOAD (SELECT 1) TO 's3://b' WITH (partitioned_by = ARRAY['a'])", "the target of UNLOAD"),
    ("SELECT people FROM city.stops WHERE people", "must evaluate to a boolean"),
    ("SELECT people FROM city.stops WHERE people = '5'", "cannot be applied to bigint, varchar"),
    ("SELECT people + note FROM city.stops", "cannot be applied to bigint, varchar"),
    ("SELECT time + 1 FROM city.stops", "cannot be applied to timestamp, integer"),
    ("SELECT people || note FROM city.stops", "not varchar"),
    ("SELECT length(people) FROM city.stops", "Unexpected parameters (bigint) for function length"),
    ("SELECT sum(note) FROM city.stops", "for function sum"),
    ("SELECT CASE WHEN true THEN 1 ELSE 'a' END", "don't go together"),
    ("SELECT stop_id, count(*) FROM city.stops", "GROUP BY"),
    ("SELECT count(*) FROM city.stops WHERE count(*) > 1", "aggregates"),
    ("SELECT 1 UNION SELECT 1, 2", "different number of fields"),
    ("SELECT 1 UNION SELECT 'a'", "don't go together"),
    ("SELECT people FROM city.stops WHERE people IN (SELECT 1, 2)", "only one column"),
    ("SELECT row_number() FROM city.stops", "OVER"),
    ("SELECT people FROM city.stops ORDER BY 2", "not in the select list"),
    ("SELECT DISTINCT stop_id FROM city.stops ORDER BY people", "must appear in select list"),
    ("SELECT TIMESTAMP '2026-13-01 00:00:00'", "month"),
    ("SELECT from_iso8601_timestamp('yesterday')", "yesterday"),
    ("SELECT 99999999999999999999", "numeric literal"),
    (f"SELECT {'9' * 5000}", "numeric literal"),
    (f"SELECT -{'9' * 5000}", "numeric literal"),
    (f"SELECT 1 LIMIT {'9' * 5000}", "numeric literal"),
    (f"SELECT 1 ORDER BY {'9' * 5000}", "numeric literal"),
    ("SELECT 1 LIMIT 9223372036854775808", "numeric literal"),
    ("SELECT from_iso8601_timestamp('0001-01-01T00:00:00+05:00')", "years 1970 to 2262"),
    ("SELECT from_iso8601_timestamp('9999-12-31T23:00:00-05:00')", "years 1970 to 2262"),
    (
        "SELECT 1 FROM city.names a, city.names b RIGHT JOIN city.stops s ON b.stop_id = s.stop_id",
        "RIGHT JOIN after a comma",
    ),
    (
        "SELECT 1 FROM city.names a, city.names b FULL JOIN city.stops s ON b.stop_id = s.stop_id",
        "FULL JOIN after a comma",
    ),
    ("SELECT 1 FROM city.names a JOIN city.names b", "JOIN needs ON or USING"),
    (
        "SELECT s.stop_id FROM city.names n JOIN city.stops s USING (stop_id)",
        "line 1:10: Column 's.stop_id' does not exist: USING joins by it, write 'stop_id'",
    ),
    (
        "SELECT 1 FROM city.names n JOIN city.stops s USING (stop_id) WHERE n.stop_id = ''",
        "USING joins by it",
    ),
    ("SELECT 1 FROM city.names n JOIN city.stops s USING (stop_id, STOP_ID)", "multiple times in USING"),
    ("WITH a AS (SELECT 1 AS x), A AS (SELECT 2 AS x) SELECT x FROM a", "'a' specified more than once"),
    ("SELECT 1 <=> 2", "<=>"),
    ("SELECT interval '1 day'", "this interval"),
    ("SELECT interval 2 hour", "this interval"),
    ("SELECT interval -2 hour", "this interval"),
    ("SELECT interval '1' day '2' hour", "this interval"),
    ("SELECT ago('1h')", "ago"),
    ("SELECT 1e400", "numeric literal"),
    ("SELECT interval '--2' hour", "interval"),
    ("SELECT date_trunc('hour', DATE '2026-03-15')", "'hour' is not a valid DATE field"),
    ("SELECT date_diff('hour', DATE '2026-03-15', DATE '2026-03-16')", "'hour' is not a valid DATE field"),
    ("SELECT bin(time, 1h) AS h, count(*) FROM city.stops GROUP BY h", "Column 'h' does not exist"),
    ("SELECT sum(people) AS s FROM city.stops HAVING s > 1", "Column 's' does not exist"),
    ("SELECT a.people FROM city.stops a, city.stops b WHERE people = 1", "ambiguous"),
    ("SELECT date_trunc('fortnight', now())", "fortnight"),
    ("SELECT 99999999999999999999d", "is longer than 292 years"),
    ("SELECT ago(9223372036854775808ns)", "is longer than 292 years"),
    (f"SELECT {'9' * 200}ms", "is not a duration"),
    ("SELECT regexp_extract('a', 'a', -1)", "Group cannot be negative"),
    ("SELECT array_agg(DISTINCT ORDER BY people) FROM city.stops", "for function array_agg"),
    ("SELECT .10.06", "Invalid numeric literal: 0.10.06"),
    ("SELECT 1 FROM (VALUES 1, ()) AS t(x)", "a row of VALUES without values is not supported"),
    ("SELECT 1 FROM (VALUES ()) AS t", "a row of VALUES without values is not supported"),
    ("SELECT 1 AS order", "line 1:13: mismatched input 'order': as a name it needs quotes"),
    ("SELECT 1 AS End FROM city.stops", "mismatched input 'End'"),
    ("SELECT x.group FROM (SELECT 1 AS x) AS x", "mismatched input 'group'"),
    ("SELECT 1 FROM city.table", "mismatched input 'table'"),
    ("SELECT 1 AS uescape", "mismatched input 'uescape'"),
    ("DESCRIBE city.values", "mismatched input 'values'"),
    ("SELECT count(DISTINCT people) OVER () FROM city.stops", "DISTINCT in a function with OVER is not"),
    ("SELECT now() AT TIME ZONE '+14:01'", "'+14:01' is not an offset of a time zone"),
    ("SELECT now() AT TIME ZONE '+05:60'", "'+05:60' is not an offset of a time zone"),
    ("SELECT try(nowhere('x'))", "The function nowhere is not supported"),
]


@each_case("sql, names", REFUSED)
def test_unsupported_sql_is_refused_by_name(city: Local, sql: str, names: str) -> None:
    with pytest.raises(ValidationException) as refusal:
        city.query(sql)
    assert names in str(refusal.value)
    assert refusal.value.code == "ValidationException"
    assert not re.search(r"TokenType|Token token|<class|sqlglot|SENTINEL", str(refusal.value))


FAILING = [
    ("SELECT bit_count(19, 2)", "19 can not be represented with 2 bits"),
    ("SELECT from_base('12', 2)", "Not a valid base-2 number: 12"),
    ("SELECT ARRAY[1, 2][3]", "must be between 1 and 2, not 3"),
    ("SELECT element_at(ARRAY[1], 0)", "start at 1"),
    ("SELECT slice(ARRAY[1], 0, 1)", "start at 1"),
    ("SELECT create_time_series(time, people) FROM city.stops", "must not be null"),
    (
        "SELECT create_time_series(t, v) FROM (VALUES (TIMESTAMP '2026-01-01', 1), (NULL, 2)) AS x(t, v)",
        "The time of a time series must not be null",
    ),
    ("SELECT create_time_series(time, 1) FROM city.stops", "Duplicate timestamps"),
    ("SELECT sequence(1, 20000)", "more than 10000 entries"),
    ("SELECT sequence(1, 2, 0)", "step is positive"),
    ("SELECT repeat(1, 20000)", "at most 10000"),
    ("SELECT split('a', '')", "empty string"),
    (
        "SELECT correlate_pearson(create_time_series(time, people), create_time_series(time + 1d, people)) "
        "FROM city.stops WHERE stop_id = 'S001'",
        "The time series must have the same timestamps",
    ),
    ("SELECT CAST(nan() AS bigint)", "out of range"),
    ("SELECT lpad('a', 3, '')", "must not be empty"),
    ("SELECT regexp_like('a', '(')", "missing )"),
    ("SELECT regexp_like(note, note || '(?=a)') FROM city.stops", "patterns are RE2's"),
    ("SELECT bin(time, time - time) FROM city.stops", "greater than zero"),
    ("SELECT date_parse('x', '%Y')", "Could not parse"),
    ("SELECT hamming_distance('a', 'bc')", "same length"),
    ("SELECT 1 / 0", "Division by zero"),
    ("SELECT nth_value(people, 0) OVER (ORDER BY time) FROM city.stops", "must be at least 1"),
    ("SELECT lag(people, -1) OVER (ORDER BY time) FROM city.stops", "must be at least 0"),
    ("SELECT rand(0)", "bound must be positive"),
    (
        "SELECT derivative_linear(create_time_series(time, people), 0s) FROM city.stops "
        "WHERE stop_id = 'S001'",
        "must not be zero",
    ),
    ("SELECT random(5, 5)", "upper bound must be greater"),
    ("SELECT from_iso8601_timestamp(note) FROM city.stops", "is not a valid timestamp"),
    ("SELECT parse_duration(note) FROM city.stops", "is not a duration"),
    ("SELECT 1 % (people - people) FROM city.stops", "Division by zero"),
    ("SELECT 9223372036854775807 + 1", "Overflow"),
    ("SELECT 2147483647 + 1", "Overflow"),
    ("SELECT -9223372036854775808 - 1", "Overflow"),
    ("SELECT sum(x) FROM (VALUES (9223372036854775807), (1)) AS v(x)", "out of range"),
    ("SELECT CAST('abc' AS bigint)", "Cannot cast 'abc' to BIGINT"),
    ("SELECT CAST(' 12' AS bigint)", "Cannot cast ' 12' to BIGINT"),
    ("SELECT CAST('UINT64' AS bigint)", "Cannot cast 'UINT64' to BIGINT"),
    ("SELECT current_date + 1h", "to a date"),
    ("SELECT CAST('1.5' AS integer)", "Cannot cast '1.5' to INTEGER"),
    ("SELECT CAST('yes' AS boolean)", "Cannot cast 'yes' to BOOLEAN"),
    ("SELECT CAST(3000000000 AS integer)", "out of range"),
    ("SELECT -9223372036854775808 / -1", "Overflow"),
    ("SELECT -(-9223372036854775808)", "Overflow"),
    ("SELECT abs(-9223372036854775808)", "Overflow"),
    ("SELECT ago(100000d)", "Negative time"),
    ("SELECT time - 100000d FROM city.stops", "Negative time"),
    ("SELECT from_milliseconds(-1)", "Negative time"),
    ("SELECT date_add('year', -100, now())", "Negative time"),
    ("SELECT date_trunc('week', from_milliseconds(5))", "Negative time"),
    ("SELECT (SELECT people FROM city.stops)", "More than one row"),
    ("SELECT sequence(DATE '2026-03-01', DATE '2026-03-10', 36h)", "must be a day interval"),
    ("SELECT date_parse('1950', '%Y')", "Negative time"),
    ("SELECT levenshtein_distance(lpad('a', 2000, 'b'), lpad('c', 2000, 'd'))", "at most 1000000 pairs"),
]


@each_case("sql, names", FAILING)
def test_invalid_values_raise_an_error(city: Local, sql: str, names: str) -> None:
    with pytest.raises(QueryExecutionException) as failure:
        city.query(sql)
    assert names.lower() in str(failure.value).lower()


@pytest.mark.integration
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 500 + "1" + ")" * 500,
        "SELECT " + "-" * 3 + "1" + " + 1" * 20_000,
        "SELECT 1.0" + " / (1.0" * 100 + ")" * 100,
        "SELECT " + "CASE WHEN true THEN " * 1000 + "1" + " END" * 1000,
        "SELECT 1 FROM " + "(SELECT 1 FROM " * 150 + "city.stops" + ") AS x" * 150,
        "SELECT 1 IN (" + ", ".join(["1"] * 10_000) + ")",
        "SELECT " + " OR ".join(["true"] * 4_000),
        pytest.param("SELECT 1 IN (" + ", ".join(["1"] * 50_000) + ")", marks=pytest.mark.long),
        pytest.param("SELECT " + " OR ".join(["true"] * 20_000), marks=pytest.mark.long),
        "SELECT '" + "a" * 200_000 + "'",
        "SELECT '\x00'",
        "SELECT \ud800",
        "\x00",
        "SELECT 1 FROM city.stops WHERE stop_id = '" + "' OR '1'='1" * 1000,
    ],
    ids=[
        "parentheses",
        "sum",
        "divisions",
        "cases",
        "subqueries",
        "long IN",
        "long OR",
        "longer IN",
        "longer OR",
        "long text",
        "nul in text",
        "half a surrogate pair",
        "nul alone",
        "many quotes",
    ],
)
def test_huge_queries_are_answered_or_refused(city: Local, sql: str) -> None:
    with suppress(ValidationException, QueryExecutionException):
        assert city.query(sql)["QueryId"]


def test_columns_have_the_names_and_types_of_timestream(city: Local) -> None:
    sql = "SELECT stop_id, people, warmth, busy, time, 1, 1h, now(), people AS x FROM city.stops LIMIT 1"
    info = [(c["Name"], c["Type"]["ScalarType"]) for c in city.query(sql)["ColumnInfo"]]
    assert info == [
        ("stop_id", "VARCHAR"),
        ("people", "BIGINT"),
        ("warmth", "DOUBLE"),
        ("busy", "BOOLEAN"),
        ("time", "TIMESTAMP"),
        ("_col5", "INTEGER"),
        ("_col6", "INTERVAL_DAY_TO_SECOND"),
        ("_col7", "TIMESTAMP"),
        ("x", "BIGINT"),
    ]


def test_nested_values_have_the_shapes_of_the_api(city: Local) -> None:
    sql = (
        "SELECT create_time_series(time, people) AS s, array_agg(people) AS a, "
        "CAST(ROW(1, NULL) AS ROW(x BIGINT, y VARCHAR)) AS r FROM city.stops WHERE people = 7"
    )
    answer = city.query(sql)
    bigint = {"ScalarType": "BIGINT"}
    fields = [{"Name": "x", "Type": bigint}, {"Name": "y", "Type": {"ScalarType": "VARCHAR"}}]
    assert answer["ColumnInfo"] == [
        {"Name": "s", "Type": {"TimeSeriesMeasureValueColumnInfo": {"Type": bigint}}},
        {"Name": "a", "Type": {"ArrayColumnInfo": {"Type": bigint}}},
        {"Name": "r", "Type": {"RowColumnInfo": fields}},
    ]
    seven, one = {"ScalarValue": "7"}, {"ScalarValue": "1"}
    point = {"Time": "2026-03-02 07:31:00.000000000", "Value": seven}
    assert answer["Rows"] == [
        {
            "Data": [
                {"TimeSeriesValue": [point]},
                {"ArrayValue": [seven]},
                {"RowValue": {"Data": [one, {"NullValue": True}]}},
            ]
        }
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-0.5, "-0.5"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (-12345678.25, "-1.234567825E7"),
        (1e-9, "1.0E-9"),
        (1.5e300, "1.5E300"),
        (float("inf"), "Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_doubles_are_written_as_java_writes_them(value: float, text: str) -> None:
    assert double_text(value) == text
