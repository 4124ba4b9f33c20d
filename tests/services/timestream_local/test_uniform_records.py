"""Requests whose records are alike are read by column, with the same result as one by one."""

from __future__ import annotations

import copy
import random  # noqa: TID251 - the data of a test
from unittest.mock import patch

import pytest

from services.timestream_local.errors import AwsError
from services.timestream_local.types import JsonValue
from services.timestream_local.writing import records
from services.timestream_local.writing.record_batch import Batch, TimeBounds
from services.timestream_local.writing.uniform_records import uniform_batch
from tests.services.timestream_local.samples import NOW_NS, Record, record

BOUNDS = TimeBounds(NOW_NS - 10**12, NOW_NS + 10**12, NOW_NS - 10**9, "memory store")
ODD: tuple[JsonValue, ...] = (
    *(
        "",
        "x",
        "1_0",
        " 1",
        "1,2",
        "+5",
        "-3",
        "NaN",
        "1e400",
        "١",
        "ñ" * 700,
        "TRUE",
        "true",
        "9" * 19,
        "9" * 20,
    ),
    *(None, 5, 1.5, True, [], {}, ["a"], {"Name": "a"}, "MULTI", "DOUBLE", "BIGINT", "time", "ts_a", "a:b"),
)
"""Values that may stand where another is due."""


def outcome(body: Record) -> Batch | str:
    try:
        return records.parse_records(body, BOUNDS, ["stop"])
    except AwsError as error:
        return str(error)


def alike() -> Record:
    rows: list[JsonValue] = [
        record(
            {"stop": f"S{n}", "line": "1"},
            NOW_NS + n,
            [
                ("n", "BIGINT", str(n)),
                ("x", "DOUBLE", f"{n}.5"),
                ("ok", "BOOLEAN", "true"),
                ("t", "TIMESTAMP", "7"),
            ][: 4 - n % 2],
            Version=n + 1,
        )
        for n in range(4)
    ]
    return {"Records": rows, "CommonAttributes": {"Dimensions": [{"Name": "city", "Value": "Madrid"}]}}


def changed(body: Record, chance: random.Random) -> Record:
    """A copy with one member, at any depth, removed or replaced by an odd value."""
    body = copy.deepcopy(body)
    place: JsonValue = body
    while isinstance(place, dict | list) and place:
        key = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or chance.random() < 0.1:
            if chance.random() < 0.2:
                del place[key]
            else:
                place[key] = chance.choice(ODD)
            return body
        place = inner
    return body


def test_records_that_are_alike_are_read_by_column() -> None:
    body = alike()
    rows = body["Records"]
    assert isinstance(rows, list)
    batch = uniform_batch(body, rows, BOUNDS, ["stop"])
    assert batch is not None
    assert batch.measures == {
        "n": [0, 1, 2, 3],
        "x": [0.5, 1.5, 2.5, 3.5],
        "ok": [True] * 4,
        "t": [7, None, 7, None],
    }
    assert batch.dimensions == {"city": ["Madrid"] * 4, "stop": ["S0", "S1", "S2", "S3"], "line": ["1"] * 4}


@pytest.mark.parametrize("seed", range(4))
def test_any_request_is_read_by_column_as_one_by_one(seed: int) -> None:
    chance = random.Random(seed)
    by_column = 0
    for _ in range(100):
        body = alike()
        for _ in range(chance.randint(0, 2)):
            body = changed(body, chance)
        with patch.object(records, "uniform_batch", return_value=None):
            expected = outcome(body)
        assert outcome(body) == expected
        rows = body.get("Records")
        if isinstance(rows, list) and rows and isinstance(body.get("CommonAttributes", {}), dict):
            by_column += uniform_batch(body, rows, BOUNDS, ["stop"]) is not None
    assert by_column > 25
