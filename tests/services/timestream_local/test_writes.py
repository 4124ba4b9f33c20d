"""Which records WriteRecords accepts, replaces, ignores and rejects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from services.timestream_local.errors import AwsError, RejectedRecordsException, ValidationException
from services.timestream_local.server import opened
from services.timestream_local.state import Response
from services.timestream_local.types import DAY_NS, HOUR_NS, MINUTE_NS, JsonObject, JsonValue
from services.timestream_local.writing.upserts import SAME_VERSION
from tests.services.timestream_local.samples import NOW_NS, START_NS, Local, Record, local, record

pytestmark = pytest.mark.integration

PLACE = {"DatabaseName": "city", "TableName": "rows"}


@pytest.fixture
def city(tmp_path: Path) -> Iterator[Local]:
    with local(tmp_path) as endpoint:
        make(endpoint)
        yield endpoint


def make(endpoint: Local, **properties: JsonValue) -> None:
    asyncio.run(endpoint.call("CreateDatabase", DatabaseName="city"))
    asyncio.run(endpoint.call("CreateTable", **PLACE, **properties))


def write(endpoint: Local, *records: Record, **common: JsonValue) -> Response:
    more: Record = {"CommonAttributes": common} if common else {}
    return asyncio.run(endpoint.call("WriteRecords", **PLACE, Records=list(records), **more))


def rejections(endpoint: Local, *records: Record) -> list[dict[str, object]]:
    with pytest.raises(RejectedRecordsException) as refused:
        write(endpoint, *records)
    return refused.value.rejected


def count(value: int, *, time: int = START_NS, stop: str = "S1", **more: JsonValue) -> Record:
    return record({"stop": stop}, time, [("n", "BIGINT", str(value))], **more)


def test_a_record_written_twice_is_stored_once(city: Local) -> None:
    write(city, count(1), count(1))
    write(city, count(1))
    assert city.rows("SELECT n FROM city.rows") == [("1",)]


def test_a_changed_value_needs_a_higher_version(city: Local) -> None:
    write(city, count(1))
    assert rejections(city, count(2)) == [{"RecordIndex": 0, "Reason": SAME_VERSION, "ExistingVersion": 1}]
    write(city, count(3, Version=5))
    (rejected,) = rejections(city, count(4, Version=2))
    assert rejected == {
        "RecordIndex": 0,
        "Reason": "The record version 2 is lower than the existing version 5. "
        "A higher version is required to update the measure value.",
        "ExistingVersion": 5,
    }
    assert city.rows("SELECT n FROM city.rows") == [("3",)]


def test_versions_are_compared_within_a_request_too(city: Local) -> None:
    write(city, count(1, Version=1), count(2, Version=2), count(3, Version=3))
    assert city.rows("SELECT n FROM city.rows") == [("3",)]
    (rejected,) = rejections(city, count(9, stop="S2", Version=2), count(8, stop="S2", Version=1))
    assert (rejected["RecordIndex"], rejected["ExistingVersion"]) == (1, 2)


def test_records_differ_by_time_dimensions_and_measure_name(city: Local) -> None:
    write(city, count(1))
    write(city, count(2, time=START_NS + 1), count(3, stop="S2"), count(4, MeasureName="other"))
    more = record({"stop": "S1", "line": "L1"}, START_NS, [("n", "BIGINT", "5")])
    write(city, more)
    assert city.rows("SELECT n FROM city.rows ORDER BY n") == [("1",), ("2",), ("3",), ("4",), ("5",)]


def test_valid_records_are_stored_although_others_are_rejected(city: Local) -> None:
    bad = count(2, stop="S2", time=NOW_NS + 16 * MINUTE_NS)
    assert [r["RecordIndex"] for r in rejections(city, count(1), bad, count(3, stop="S3"))] == [1]
    assert city.rows("SELECT n FROM city.rows ORDER BY n") == [("1",), ("3",)]


def test_common_attributes_apply_to_each_record(city: Local) -> None:
    bare: Record = {"Dimensions": [{"Name": "stop", "Value": "S1"}], "MeasureValue": "2.5"}
    write(
        city,
        bare,
        {**bare, "MeasureName": "other"},
        Dimensions=[{"Name": "line", "Value": "L1"}],
        MeasureName="warmth",
        MeasureValueType="DOUBLE",
        Time=str(START_NS // 10**6),
    )
    assert city.rows(
        "SELECT stop, line, measure_name, measure_value::double, time FROM city.rows ORDER BY 3"
    ) == [
        ("S1", "L1", "other", "2.5", "2026-03-02 07:30:00.000000000"),
        ("S1", "L1", "warmth", "2.5", "2026-03-02 07:30:00.000000000"),
    ]
    with pytest.raises(ValidationException, match="overlap"):
        write(city, count(1), Dimensions=[{"Name": "stop", "Value": "x"}])


@pytest.mark.parametrize(
    ("unit", "time"),
    [
        ("SECONDS", START_NS // 10**9),
        ("MILLISECONDS", START_NS // 10**6),
        ("MICROSECONDS", START_NS // 1000),
        ("NANOSECONDS", START_NS),
        (None, START_NS // 10**6),
    ],
)
def test_times_are_accepted_in_every_unit(city: Local, unit: str | None, time: int) -> None:
    record = count(1, TimeUnit=unit) if unit else {k: v for k, v in count(1).items() if k != "TimeUnit"}
    write(city, {**record, "Time": str(time)})
    assert city.rows("SELECT time FROM city.rows") == [("2026-03-02 07:30:00.000000000",)]


def test_values_of_every_type_are_read_back_unchanged(city: Local) -> None:
    measures = [
        ("d", "DOUBLE", "-0.1"),
        ("b", "BIGINT", "-9223372036854775808"),
        ("v", "VARCHAR", 'ñ "quoted" \'s'),
        ("o", "BOOLEAN", "True"),
        ("t", "TIMESTAMP", str(START_NS + 7)),
    ]
    write(city, record({"stop": "S1"}, START_NS, measures))
    expected = [("-0.1", "-9223372036854775808", 'ñ "quoted" \'s', "true", "2026-03-02 07:30:00.000000007")]
    assert city.rows("SELECT d, b, v, o, t FROM city.rows") == expected


def test_the_memory_store_accepts_records_within_its_retention(city: Local) -> None:
    write(city, count(1, time=NOW_NS - 6 * HOUR_NS), count(2, time=NOW_NS + 15 * MINUTE_NS - 1))
    late = rejections(city, count(3, time=NOW_NS - 6 * HOUR_NS - 1), count(4, time=NOW_NS + 15 * MINUTE_NS))
    reason = (
        "The record timestamp is outside the time range [2026-03-02T02:30:00.000Z, 2026-03-02T08:45:00.000Z) "
        "of the memory store."
    )
    assert late == [{"RecordIndex": 0, "Reason": reason}, {"RecordIndex": 1, "Reason": reason}]


def test_magnetic_store_writes_accept_older_records(tmp_path: Path) -> None:
    retention = {"MemoryStoreRetentionPeriodInHours": 24, "MagneticStoreRetentionPeriodInDays": 30}
    with local(tmp_path) as city:
        make(
            city,
            RetentionProperties=retention,
            MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True},
        )
        answer = write(city, count(1), count(2, time=NOW_NS - 30 * DAY_NS))
        assert answer == {"RecordsIngested": {"Total": 2, "MemoryStore": 1, "MagneticStore": 1}}
        (rejected,) = rejections(city, count(3, time=NOW_NS - 30 * DAY_NS - 1))
        assert "of the data ingestion window." in str(rejected["Reason"])


def test_queries_hide_records_after_their_retention(tmp_path: Path) -> None:
    retention = {"MemoryStoreRetentionPeriodInHours": 1, "MagneticStoreRetentionPeriodInDays": 1}
    with local(tmp_path) as city:
        make(city, RetentionProperties=retention)
        write(city, count(1, time=NOW_NS - HOUR_NS), count(2, time=NOW_NS - HOUR_NS + 1))
    with local(tmp_path, NOW_NS + DAY_NS - HOUR_NS + 1) as city:
        assert city.rows("SELECT n FROM city.rows") == [("2",)]


REJECTED: list[tuple[str, Record]] = [
    ("129 dimensions", record({f"d{n}": "x" for n in range(129)}, START_NS, [("n", "BIGINT", "1")])),
    ("long dimension name", record({"d" * 61: "x"}, START_NS, [("n", "BIGINT", "1")])),
    ("long dimension", record({"d": "x" * 2048}, START_NS, [("n", "BIGINT", "1")])),
    ("empty dimension", record({"d": ""}, START_NS, [("n", "BIGINT", "1")])),
    ("long value", record({"d": "x"}, START_NS, [("v", "VARCHAR", "x" * 2049)])),
    (
        "large record",
        record({"d": "x"}, START_NS, [("v", "VARCHAR", "x" * 1500), ("w", "VARCHAR", "x" * 600)]),
    ),
    ("dimension name over 60 bytes", record({"ñ" * 31: "x"}, START_NS, [("n", "BIGINT", "1")])),
    ("measure's column over 256 bytes", record({"d": "x"}, START_NS, [("ñ" * 200, "BIGINT", "1")])),
    ("measure name over 256 bytes", {**count(1, stop="S2"), "MeasureName": "ñ" * 200}),
    ("value over 2048 bytes", record({"d": "x"}, START_NS, [("v", "VARCHAR", "ñ" * 1025)])),
    ("257 measures", record({"d": "x"}, START_NS, [(f"m{n}", "BIGINT", "1") for n in range(257)])),
]


@pytest.mark.parametrize("record", [r for _, r in REJECTED], ids=[name for name, _ in REJECTED])
def test_a_record_beyond_a_limit_is_rejected_alone(city: Local, record: Record) -> None:
    assert [r["RecordIndex"] for r in rejections(city, count(1), record)] == [1]


def test_names_like_reserved_ones_and_as_long_as_allowed_are_accepted(city: Local) -> None:
    write(city, record({"Time": "t", "ñ" * 30: "d"}, START_NS, [("measure_values", "BIGINT", "1")]))
    write(city, record({"TS_x": "u"}, START_NS, [("ñ" * 128, "BIGINT", "2")]))
    assert city.rows('SELECT "Time", time, measure_values FROM city.rows WHERE "TS_x" IS NULL') == [
        ("t", "2026-03-02 07:30:00.000000000", "1")
    ]


def test_names_in_quotes_count_their_case_in_every_statement(tmp_path: Path) -> None:
    place = {"DatabaseName": "CaseDb", "TableName": "CaseT"}
    with local(tmp_path) as endpoint:
        asyncio.run(endpoint.call("CreateDatabase", DatabaseName="CaseDb"))
        asyncio.run(endpoint.call("CreateTable", **place))
        records: JsonValue = [record({"Host": "h"}, START_NS, [("n", "BIGINT", "1")])]
        asyncio.run(endpoint.call("WriteRecords", **place, Records=records))
        for found in ('SELECT "Host" FROM "CaseDb"."CaseT"', "SELECT host FROM casedb.caset"):
            assert endpoint.rows(found) == [("h",)]
        for found in (
            'DESCRIBE "CaseDb"."CaseT"',
            "DESCRIBE casedb.caset",
            "SHOW MEASURES FROM casedb.caset",
        ):
            assert endpoint.rows(found)
        for missing in (
            'SELECT "HOST" FROM "CaseDb"."CaseT"',
            'SELECT "Host" FROM "casedb"."CaseT"',
            'SELECT "Host" FROM "CaseDb"."caset"',
            'DESCRIBE "CaseDb"."caset"',
            'SHOW TABLES FROM "casedb"',
            'SHOW MEASURES FROM "CaseDb"."caset"',
        ):
            with pytest.raises(ValidationException, match="does not exist"):
                endpoint.rows(missing)


INVALID: list[tuple[str, Record]] = [
    ("no dimensions", {**count(1), "Dimensions": []}),
    ("same dimension twice", {**count(1), "Dimensions": [{"Name": "a", "Value": "1"}] * 2}),
    ("dimension without value", {**count(1), "Dimensions": [{"Name": "a"}]}),
    *(
        (f"reserved name {name}", record({name: "x"}, START_NS, [("n", "BIGINT", "1")]))
        for name in ("time", "measure_value", "measure_name", "measure_name_x", "ts_x", "ts_non_existent_col")
    ),
    ("no measure name", {**count(1), "MeasureName": ""}),
    ("no time", {**count(1), "Time": None}),
    ("time not a number", {**count(1), "Time": "yesterday"}),
    ("time twice negative", {**count(1), "Time": "--5"}),
    ("time a sign", {**count(1), "Time": "-"}),
    ("time a fraction", {**count(1), "Time": "1.5"}),
    ("unknown unit", {**count(1), "TimeUnit": "DAYS"}),
    ("version zero", {**count(1), "Version": 0}),
    ("unknown type", record({"a": "x"}, START_NS, [("n", "DECIMAL", "1")])),
    ("no measures", record({"a": "x"}, START_NS, [])),
    ("measure twice", record({"a": "x"}, START_NS, [("n", "BIGINT", "1")] * 2)),
    ("no number", record({"a": "x"}, START_NS, [("n", "BIGINT", "1.5")])),
    ("too great", record({"a": "x"}, START_NS, [("n", "BIGINT", "9223372036854775808")])),
    ("NaN", record({"a": "x"}, START_NS, [("x", "DOUBLE", "NaN")])),
    ("no boolean", record({"a": "x"}, START_NS, [("x", "BOOLEAN", "yes")])),
    ("single and several", {**count(1), "MeasureValue": "1"}),
    (
        "single timestamp",
        {**count(1), "MeasureValues": None, "MeasureValueType": "TIMESTAMP", "MeasureValue": "1"},
    ),
]


@pytest.mark.parametrize("record", [r for _, r in INVALID], ids=[name for name, _ in INVALID])
def test_a_malformed_record_fails_the_whole_request(city: Local, record: Record) -> None:
    with pytest.raises(ValidationException):
        write(city, count(7), record)
    assert city.rows("SELECT measure_name FROM city.rows") == []


def test_a_column_keeps_its_type(city: Local) -> None:
    write(city, count(1))
    other = record({"stop": "S9"}, START_NS, [("n", "DOUBLE", "1.5")])
    (rejected,) = rejections(city, other)
    assert "measure, BIGINT" in str(rejected["Reason"])


def test_only_the_record_that_uses_a_name_in_another_role_is_rejected(city: Local) -> None:
    write(city, record({"stop": "S1"}, START_NS, [("x", "BIGINT", "1")]))
    as_dimension = record({"stop": "S2", "x": "north"}, START_NS, [("n", "BIGINT", "2")])
    as_measure = record({"stop": "S3"}, START_NS, [("x", "BIGINT", "3")])
    (rejected,) = rejections(city, as_dimension, as_measure)
    assert (rejected["RecordIndex"], "x exists" in str(rejected["Reason"])) == (0, True)
    assert city.rows("SELECT stop, x FROM city.rows ORDER BY 1") == [("S1", "1"), ("S3", "3")]


def test_a_rejected_record_does_not_move_the_time_of_the_data(tmp_path: Path) -> None:
    retention = {"MemoryStoreRetentionPeriodInHours": 1, "MagneticStoreRetentionPeriodInDays": 30}
    far = record({"stop": "S9"}, START_NS + 200 * 365 * DAY_NS, [("n", "DOUBLE", "1.5")])
    with opened(tmp_path / "timestream.duckdb", "data") as parts:
        city = Local(parts)
        make(city, RetentionProperties=retention)
        write(city, count(1))
        for records in ([far], [count(2, stop="S2"), far]):
            assert len(rejections(city, *records)) == 1
        assert city.rows("SELECT n, now() FROM city.rows ORDER BY n") == [
            ("1", "2026-03-02 07:30:00.000000000"),
            ("2", "2026-03-02 07:30:00.000000000"),
        ]


def test_concurrent_requests_are_all_answered_and_stored(city: Local) -> None:
    async def many() -> None:
        calls = [
            city.call("WriteRecords", **PLACE, Records=[count(n, time=START_NS + n, stop=f"S{n % 7}")])
            for n in range(300)
        ]
        await asyncio.gather(*calls)

    asyncio.run(many())
    assert city.rows("SELECT count(*), sum(n) FROM city.rows") == [("300", str(sum(range(300))))]


Step = tuple[str, JsonObject]
DB, TABLE = {"DatabaseName": "city2"}, {"DatabaseName": "city2", "TableName": "table2"}
STEPS: list[Step] = [
    ("describe_database", DB),
    ("create_database", DB),
    ("describe_database", DB),
    ("describe_table", TABLE),
    ("create_table", TABLE),
    ("create_table", {"DatabaseName": "nowhere", "TableName": "table2"}),
    ("describe_table", TABLE),
    ("list_tables", DB),
    ("write_records", {**TABLE, "Records": [count(1)]}),
    ("write_records", {**TABLE, "Records": [count(1), count(2, stop="S2")]}),
    ("write_records", {"DatabaseName": "nowhere", "TableName": "table2", "Records": [count(1)]}),
    ("write_records", {"DatabaseName": "city2", "TableName": "nothing", "Records": [count(1)]}),
    ("delete_table", TABLE),
    ("describe_table", TABLE),
    ("delete_database", DB),
    ("describe_database", DB),
]


def test_the_endpoint_accepts_and_refuses_the_same_requests_as_moto(tmp_path: Path) -> None:
    def ours(endpoint: Local) -> Callable[[Step], object]:
        def answer(step: Step) -> object:
            name = "".join(word.title() for word in step[0].split("_"))
            try:
                return sorted(asyncio.run(endpoint.call(name, **step[1])))
            except AwsError as error:
                return type(error).__name__, str(error)

        return answer

    def theirs(step: Step) -> object:
        try:
            answer = getattr(client, step[0])(**step[1])
        except ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]
        return sorted(key for key in answer if key != "ResponseMetadata")

    with local(tmp_path) as endpoint, mock_aws():
        client = boto3.client(
            "timestream-write", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        mine = ours(endpoint)
        assert [(step[0], mine(step)) for step in STEPS] == [(step[0], theirs(step)) for step in STEPS]
