"""The times of schedules, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.timestream_local.errors import ValidationException
from services.timestream_local.scheduled.definition import ScheduledQuery
from services.timestream_local.scheduled.schedule import schedule_of


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("expression", "after", "following"),
    [
        ("rate(5 minutes)", "2026-03-02 08:00", "2026-03-02 08:05"),
        ("rate(5 minutes)", "2026-03-02 08:07", "2026-03-02 08:10"),
        ("rate(1 hour)", "2026-03-02 09:00", "2026-03-02 10:00"),
        ("rate(1 day)", "2026-03-02 09:00", "2026-03-03 08:00"),
        ("cron(0 12 * * ? *)", "2026-03-02 08:00", "2026-03-02 12:00"),
        ("cron(0 12 * * ? *)", "2026-03-02 12:00", "2026-03-03 12:00"),
        ("cron(0/15 * * * ? *)", "2026-03-02 08:16", "2026-03-02 08:30"),
        ("cron(30 6 ? * MON-FRI *)", "2026-03-06 07:00", "2026-03-09 06:30"),
        ("cron(0 0 1 JAN,JUL ? *)", "2026-03-02 08:00", "2026-07-01 00:00"),
        ("cron(0 0 29 2 ? *)", "2026-03-02 08:00", "2028-02-29 00:00"),
        ("cron(0 0 L * ? *)", "2026-02-02 08:00", "2026-02-28 00:00"),
        ("cron(0 0 l 4 ? *)", "2026-02-02 08:00", "2026-04-30 00:00"),
        ("cron(0 10 15W 2-3 ? *)", "2026-02-02 08:00", "2026-02-16 10:00"),
        ("cron(0 10 1W 8 ? *)", "2026-02-02 08:00", "2026-08-03 10:00"),
        ("cron(0 10 31W 5 ? *)", "2026-02-02 08:00", "2026-05-29 10:00"),
        ("cron(0 10 31W 4-5 ? *)", "2026-04-01 08:00", "2026-05-29 10:00"),
        ("cron(0 10 14W 3 ? *)", "2026-03-02 08:00", "2026-03-13 10:00"),
        ("cron(0 10 ? * MON#2 *)", "2026-03-02 08:00", "2026-03-09 10:00"),
        ("cron(0 10 ? * 3#5 *)", "2026-04-01 08:00", "2026-06-30 10:00"),
        ("cron(0 10 ? * 6L *)", "2026-03-02 08:00", "2026-03-27 10:00"),
        ("cron(0 10 ? * L *)", "2026-03-02 08:00", "2026-03-07 10:00"),
    ],
)
def test_the_next_time_of_a_schedule(expression: str, after: str, following: str) -> None:
    schedule = schedule_of(expression, seconds("2026-03-02 08:00"))
    assert schedule(seconds(after)) == seconds(following)


def test_a_schedule_of_past_years_has_no_next_time() -> None:
    assert schedule_of("cron(0 0 1 1 ? 2020)", 0.0)(seconds("2026-03-02 08:00")) is None


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "rate(0 minutes)",
        "rate(5 weeks)",
        "cron(0 12 * * ?)",
        "cron(60 12 * * ? *)",
        "cron(x * * * ? *)",
        "cron(0 12 * * * *)",
        "cron(0 12 1 * MON *)",
        "cron(0 12 ? * ? *)",
        "cron(0 12 32W * ? *)",
        "cron(0 12 ? * MON#6 *)",
        "cron(0 12 ? * ABC#1 *)",
        "cron(L 12 * * ? *)",
    ],
)
def test_other_expressions_are_refused(expression: str) -> None:
    with pytest.raises(ValidationException, match="is not valid"):
        schedule_of(expression, 0.0)


def test_a_query_that_was_kept_with_an_invalid_schedule_never_runs() -> None:
    kept = ScheduledQuery(
        "arn", {"ScheduleConfiguration": {"ScheduleExpression": "cron(0 10 * * * *)"}}, created=0.0
    )
    assert kept.next_run is None
