"""What passengers are told of disruptions that begin at an instant."""

from __future__ import annotations

from datetime import UTC, date, datetime

from services.feeds.gtfs_realtime.disruption_notices import Period, notices
from simulator.journal import EMPTY, undisturbed
from simulator.types import to_ms
from tests.interventions import with_one_more
from tests.networks import two_lines

MOMENT = datetime(2026, 3, 3, 10, tzinfo=UTC)
NOW_S = to_ms(MOMENT) // 1000


def test_a_notice_lasts_from_the_instant_until_the_disruption_ends() -> None:
    base, journal = undisturbed(date(2026, 3, 3), seed=1), EMPTY
    for document in (
        {"closure": {"line": "L1", "between": ["S005", "S008"], "detour_min": 5}},
        {"breakdown": {"bus": "B001", "repair_min": 30}},
        {"strike": {"share": 0.3, "to": "2026-03-03T12:00:00Z"}},
        {"weather": {"rain": "heavy"}},
    ):
        longer = with_one_more(document, two_lines(), base, journal, MOMENT)
        assert longer is not None
        journal = longer
    found = {notice.name: notice.periods for notice in notices(journal.applied_to(base), two_lines())}
    assert found == {
        "closure-1": (Period(NOW_S, None),),
        "strike-1": (Period(NOW_S, NOW_S + 7200),),
        "breakdown-1": (Period(NOW_S, NOW_S + 1800),),
        "rain-1": (Period(NOW_S, None),),
    }
