"""Instants and spans: what is read, how it is written, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.times import HOUR, ceiling, floor, format_instant, parse_instant, parse_span

READ = [
    ("2026-03-02", "2026-03-02T00:00:00Z"),
    ("20260302", "2026-03-02T00:00:00Z"),
    ("2026-03-02T08:30", "2026-03-02T08:30:00Z"),
    ("2026-03-02 08:30", "2026-03-02T08:30:00Z"),
    ("2026-03-02T08:30:15.250Z", "2026-03-02T08:30:15.250Z"),
    ("2026-03-02t08:30:15z", "2026-03-02T08:30:15Z"),
    ("2026-03-02T08:30:15+02:00", "2026-03-02T06:30:15Z"),
    ("2026-03-02T08:30:15 02:00", "2026-03-02T06:30:15Z"),
    ("2026-03-02 08:30 02", "2026-03-02T06:30:00Z"),
    ("2026-03-02T08:30-0330", "2026-03-02T12:00:00Z"),
    (" 2026-03-02 ", "2026-03-02T00:00:00Z"),
]


@pytest.mark.parametrize(("text", "instant"), READ)
def test_iso_8601_is_read_in_all_its_usual_forms(text: str, instant: str) -> None:
    assert format_instant(parse_instant(text)) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1772436600",
        "2026-3-2",
        "2026-13-01",
        "2026-02-30",
        "2026-03-02T",
        "2026-03-02T25:00",
        "02/03/2026",
        "0001-01-01T00:00:00+02:00",
        "9999-12-31T23:59:59-05:00",
        "２０２６-03-02",
        "2026-03-02T08:30Zzz",
        "2026-03-02x08:30",
    ],
)
def test_anything_else_is_refused_with_the_accepted_forms(text: str) -> None:
    with pytest.raises(ValueError, match=r"accepted: 2026-03-02, .*\+01:00"):
        parse_instant(text)


def test_milliseconds_are_written_only_where_not_zero() -> None:
    assert format_instant(datetime(2026, 3, 2, 8, 30, 0, 999, UTC)) == "2026-03-02T08:30:00Z"
    assert format_instant(datetime(2026, 3, 2, 8, 30, 0, 7000, UTC)) == "2026-03-02T08:30:00.007Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_is_read_back(instant: datetime) -> None:
    whole = instant.replace(microsecond=instant.microsecond // 1000 * 1000)
    assert parse_instant(format_instant(whole)) == whole


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("0", timedelta()),
        ("90m", timedelta(minutes=90)),
        ("24h", timedelta(days=1)),
        ("5D", timedelta(days=5)),
        ("1w", timedelta(weeks=1)),
        ("30s", timedelta(seconds=30)),
        ("0h", timedelta()),
    ],
)
def test_spans_have_a_unit(text: str, span: timedelta) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "24", "-1h", "1.5h", "h", "367d", "999999999d", "1y"])
def test_other_spans_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a span of time"):
        parse_span(text)


def test_floor_and_ceiling_stay_on_whole_multiples() -> None:
    instant = datetime(2026, 3, 2, 8, 30, 10, tzinfo=UTC)
    assert floor(instant, HOUR) == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert ceiling(instant, HOUR) == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert ceiling(floor(instant, HOUR), HOUR) == floor(instant, HOUR)
