"""The order of work of `run`, with a formula as model and a store in memory."""

from __future__ import annotations

import dataclasses
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from services.access.store_holder import read_holder
from services.feeders import history_plan
from services.inputs.load import Inputs
from services.processes.all_in_one import AllInOne
from services.processes.history_writer import HistoryWriter, run_silently
from services.processes.store_holding import announced_holder
from services.settings import Settings
from services.web.uvicorn.server import listen, url_of
from simulator.clock import Clock
from storage.errors import StoreUnavailable
from storage.schema import Stream
from tests.services.fakes import (
    HOUR,
    MINUTE,
    NOW,
    RUN,
    FakeWall,
    FaultyStore,
    FormulaCity,
    expected,
    network,
)

LIVE = NOW.replace(minute=0, second=0)
SETTINGS = Settings(
    network=Path("unused"),
    seed=1,
    store="duckdb:unused",
    speed=1,
    host="127.0.0.1",
    port=0,
    at=None,
    backfill=2 * HOUR,
    jobs=None,
    continue_with_new_inputs=False,
)


def started_clock(late: timedelta = timedelta()) -> Clock:
    """A clock that began at NOW, `late` before, and closes an hour later."""
    wall = FakeWall(NOW + HOUR)
    clock = wall.clock = Clock(wall=wall)
    clock.rest(late.total_seconds())
    return clock


def all_in_one(
    store: FaultyStore,
    *,
    city: FormulaCity | None = None,
    backfill: timedelta = 2 * HOUR,
    late: timedelta = timedelta(),
) -> AllInOne:
    """A simulator assembled some time after its clock has begun."""
    settings = dataclasses.replace(SETTINGS, backfill=backfill)
    return AllInOne(settings, Inputs(network(), 1, RUN), city or FormulaCity(), store, started_clock(late))


def test_the_current_hour_is_written_first_then_history_newest_first() -> None:
    store, city = FaultyStore(), FormulaCity()
    all_in_one(store, city=city).prepare(run_silently)
    starts = list(dict.fromkeys(start for start, _, _ in city.asked))
    assert starts == [LIVE, LIVE - HOUR, LIVE - 2 * HOUR]
    for stream in Stream:
        (held,) = store.coverage(stream)
        assert store.records[stream] == expected(stream, LIVE - 2 * HOUR, held.end)
        assert held.end <= NOW + MINUTE


def test_an_hour_that_ends_during_the_start_leaves_no_gap() -> None:
    store = FaultyStore()
    all_in_one(store, late=40 * MINUTE).prepare(run_silently)
    for stream in Stream:
        (held,) = store.coverage(stream)
        assert held.start == LIVE - 2 * HOUR
        assert held.end > LIVE + HOUR


def test_without_backfill_latest_still_has_records() -> None:
    store = FaultyStore()
    all_in_one(store, backfill=timedelta()).prepare(run_silently)
    assert store.coverage(Stream.PEOPLE_COUNT)[0].start == LIVE


def test_background_history_continues_after_the_store_was_unreachable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history_plan, "REACH", 4 * HOUR)
    store = FaultyStore()
    clock = started_clock()
    history = HistoryWriter(FormulaCity(), store, RUN, clock, 2 * HOUR)
    history.write_before_serving(clock.course, run_silently)
    store.failing, store.failures = StoreUnavailable("no room"), 3
    history.write_until_closed()
    assert store.failures == 0
    assert store.coverage(Stream.PEOPLE_COUNT)[0].start == LIVE - 4 * HOUR


def test_a_listeners_url_is_the_one_by_which_this_machine_reaches_it() -> None:
    for host, shown in (("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("localhost", "")):
        with closing(listen(host, 0)) as listener:
            port = listener.getsockname()[1]
            assert url_of(listener).startswith(f"http://{shown}")
            assert url_of(listener).endswith(f":{port}")


def test_the_error_for_a_port_in_use_says_what_to_do() -> None:
    with closing(listen("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port}.*choose another --port"):
            listen("127.0.0.1", port)


def test_a_running_process_can_be_found_by_its_owner_only_and_only_while_it_runs(tmp_path: Path) -> None:
    store = f"duckdb:{tmp_path}/bus.duckdb"
    file = tmp_path / "bus.duckdb.holder.json"
    with closing(listen("127.0.0.1", 0)) as listener:
        with announced_holder(store, listener) as key:
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            holder = read_holder(file)
            assert key.matches(holder.key)
            assert holder.port == listener.getsockname()[1]
        assert not file.exists()
    with pytest.raises(StoreUnavailable, match="left no"):
        read_holder(file)
