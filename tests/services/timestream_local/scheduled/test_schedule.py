"""The times of schedules, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.timestream_local.errors import ValidationException
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
    ],
)
def test_the_next_time_of_a_schedule(expression: str, after: str, following: str) -> None:
    schedule = schedule_of(expression, seconds("2026-03-02 08:00"))
    assert schedule(seconds(after)) == seconds(following)


def test_a_schedule_of_past_years_has_no_next_time() -> None:
    assert schedule_of("cron(0 0 1 1 ? 2020)", 0.0)(seconds("2026-03-02 08:00")) is None


@pytest.mark.parametrize(
    "expression",
    ["", "rate(0 minutes)", "rate(5 weeks)", "cron(0 12 * * ?)", "cron(60 12 * * ? *)", "cron(x * * * ? *)"],
)
def test_other_expressions_are_refused(expression: str) -> None:
    with pytest.raises(ValidationException, match="is not valid"):
        schedule_of(expression, 0.0)
