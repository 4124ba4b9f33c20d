"""Arrivals against what then happened: their order, their buses, no look ahead, equal over both stores."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from services.errors import BadRequest, UnknownEntity
from services.transit.arrivals import Arrival, certainty
from services.transit.line_history import LineHistories, Outlook
from services.transit.request import ArrivalsRequest, wanted_arrivals
from storage.duckdb_store import DuckDBStore
from storage.schema import StopVisit, Stream
from storage.store import Page, Selection
from tests.services.transit.city_morning import START, all_visits, city_network, morning, write
from tests.timestream_endpoint import KEYS, open_shared

pytestmark = pytest.mark.integration

MINUTE = timedelta(minutes=1)
NOW = START + 90 * MINUTE + timedelta(seconds=10)
MOMENTS = [NOW + n * timedelta(minutes=7, seconds=11) for n in range(3)]
CONSTANT_M_S = 13.16 / 3.6


def of(stop_id: str, outlook: Outlook) -> Sequence[Arrival]:
    wanted = ArrivalsRequest(stop_id, (), 100, timedelta(hours=1))
    return wanted_arrivals(city_network(), outlook, wanted=wanted)


@cache
def morning_at(now: datetime) -> Outlook:
    return LineHistories().at(morning(), now)


def everywhere(outlook: Outlook) -> Mapping[str, Sequence[Arrival]]:
    return {stop.stop_id: of(stop.stop_id, outlook) for stop in city_network().stops}


def truth() -> Mapping[tuple[str, str], StopVisit]:
    return {(visit.trip_id, visit.stop_id): visit for visit in all_visits()}


@pytest.mark.parametrize("now", MOMENTS)
def test_expected_times_ascend_from_now_on_and_no_bus_has_left_the_stop(now: datetime) -> None:
    happened = truth()
    found = everywhere(morning_at(now))
    assert sum(map(len, found.values())) > 100
    for stop_id, arrivals in found.items():
        times = [arrival.expected for arrival in arrivals]
        assert times == sorted(times)
        for arrival in arrivals:
            assert arrival.expected >= now
            visit = happened.get((arrival.position.trip_id, stop_id))
            assert visit is None or visit.time > now
            assert arrival.stops_away >= 0
            assert arrival.distance_m >= 0


def test_predictions_are_nearer_to_what_happens_than_a_constant_speed() -> None:
    happened = truth()
    ours, constant = [], []
    for now in MOMENTS:
        for stop_id, arrivals in everywhere(morning_at(now)).items():
            for arrival in arrivals:
                visit = happened.get((arrival.position.trip_id, stop_id))
                if visit is not None and arrival.has_departed:
                    wait_s = (visit.arrival_time - now).total_seconds()
                    ours.append(abs((arrival.expected - now).total_seconds() - wait_s))
                    constant.append(abs(arrival.distance_m / CONSTANT_M_S - wait_s))
    assert len(ours) > 300
    assert statistics.fmean(ours) < 0.95 * statistics.fmean(constant)


def test_what_happens_later_changes_no_prediction(tmp_path: Path) -> None:
    with closing(DuckDBStore(tmp_path / "bus.duckdb")) as store:
        write(store, NOW + timedelta(milliseconds=1))
        assert everywhere(LineHistories().at(store, NOW)) == everywhere(morning_at(NOW))


def test_earlier_requests_change_no_prediction() -> None:
    histories = LineHistories()
    for now in (*MOMENTS, MOMENTS[0]):
        assert of("S001", histories.at(morning(), now)) == of("S001", morning_at(now))


def test_history_that_is_written_late_counts_at_once(tmp_path: Path) -> None:
    histories, middle, end = LineHistories(), NOW - 20 * MINUTE, NOW + timedelta(milliseconds=1)
    with closing(DuckDBStore(tmp_path / "bus.duckdb")) as store:
        write(store, end, middle)
        assert everywhere(histories.at(store, NOW)) != everywhere(morning_at(NOW))
        write(store, middle)
        assert everywhere(histories.at(store, NOW)) == everywhere(morning_at(NOW))


def test_visits_are_read_of_all_lines_at_once_and_once_a_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    histories, reads = LineHistories(), list[datetime]()
    read = DuckDBStore.range_of

    def counted(
        store: DuckDBStore,
        stream: Stream,
        selection: Selection,
        *,
        start: datetime,
        end: datetime,
        limit: int,
        cursor: str | None,
    ) -> Page:
        reads.append(start)
        return read(store, stream, selection, start=start, end=end, limit=limit, cursor=cursor)

    monkeypatch.setattr(DuckDBStore, "range_of", counted)
    with closing(DuckDBStore(tmp_path / "bus.duckdb")) as store:
        write(store, NOW)
        for second in range(10):
            assert of("S001", histories.at(store, NOW + timedelta(seconds=second)))
        # The last hour and a half, and this time of day on the working day before.
        assert len(reads) == 2
        write(store, NOW + MINUTE / 2, NOW)
        now = NOW + MINUTE / 2
        assert of("S001", histories.at(store, now)) == of("S001", LineHistories().at(store, now))
        assert reads[2] == NOW


@pytest.mark.long
def test_both_stores_give_equal_predictions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    start, now = NOW - 20 * MINUTE, NOW + timedelta(milliseconds=1)
    with closing(open_shared(tmp_path)) as timestream, closing(DuckDBStore(tmp_path / "b.duckdb")) as duckdb:
        for store in (timestream, duckdb):
            write(store, now, start)
        ours = everywhere(LineHistories().at(duckdb, NOW))
        assert sum(map(len, ours.values())) > 100
        assert everywhere(LineHistories().at(timestream, NOW)) == ours


def test_a_bus_at_its_terminal_is_expected_to_depart_after_those_before_it() -> None:
    waiting = [
        a for now in MOMENTS for a in of("S001", morning_at(now)) if not a.has_departed and not a.stops_away
    ]
    assert waiting
    for arrival in waiting:
        assert (arrival.stops_away, arrival.distance_m, arrival.boards) == (0, 0.0, True)


def test_where_a_trip_ends_nobody_may_board() -> None:
    ends = [a for a in of("S001", morning_at(NOW)) if a.pattern.stops[-1].stop_id == "S001"]
    assert ends
    assert not any(arrival.boards for arrival in ends)


def test_certainty_falls_with_the_wait_and_is_less_at_a_terminal() -> None:
    found = [certainty(wait_s, has_departed=True) for wait_s in (0, 60, 120, 300, 900, 5000)]
    assert found == sorted(found, reverse=True)
    assert all(0 < each <= 1 for each in found)
    assert certainty(60, has_departed=False) < certainty(60, has_departed=True)


def test_limit_horizon_and_lines_select() -> None:
    whole = of("S001", morning_at(NOW))

    def chosen(**change: object) -> Sequence[Arrival]:
        fields = {"stop_id": "S001", "line_ids": (), "limit": 100, "horizon": timedelta(hours=1), **change}
        wanted = ArrivalsRequest(**fields)  # type: ignore[arg-type]  # the test's own fields
        return wanted_arrivals(city_network(), morning_at(NOW), wanted=wanted)

    assert chosen(limit=2) == whole[:2]
    assert chosen(line_ids=("L6",)) == [a for a in whole if a.line.line_id == "L6"]
    assert chosen(horizon=5 * MINUTE) == [a for a in whole if a.expected <= NOW + 5 * MINUTE]
    with pytest.raises(UnknownEntity, match="Line L99 not found"):
        chosen(line_ids=("L99",))
    with pytest.raises(BadRequest, match=r"Stop S021 is not served by line L6\. Its lines: L1"):
        chosen(stop_id="S021", line_ids=("L6",))
