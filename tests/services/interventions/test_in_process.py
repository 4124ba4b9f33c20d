"""Interventions in a running city: what they change, from which moment, and what the store keeps of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from services.errors import Conflict, NotFound
from services.interventions.control import InvalidDisruption, TooEarly
from services.interventions.stored_journal import stored_journal
from simulator.clock import MAX
from storage.duckdb_store import DuckDBStore
from storage.errors import StoreUnavailable
from storage.journal import journal_digest
from storage.store import JournalEntry
from tests.services.fakes import HOUR, MINUTE, NOW, SECOND
from tests.services.moved_city import TICK
from tests.services.steered_city import INPUTS, check_bytes, check_equal, steered

BREAKDOWN: Any = {"breakdown": {"bus": "B001", "repair_min": 20}}
SURGE: Any = {"surge": {"stop": "S002", "people_per_min": 40}}
FIRST = TICK + 11 * SECOND
"""The first second that is neither past nor written at `NOW`."""


def test_an_intervention_changes_what_is_written_from_then_on_and_nothing_before(tmp_path: Path) -> None:
    with steered(tmp_path) as city:
        made = city.interventions.intervene(SURGE)
        assert made.takes_effect == NOW.replace(microsecond=0)
        city.wall.advance(20 * MINUTE)
        city.settle()
        check_bytes(city.store)
        with closing(INPUTS.city(1)) as undisturbed:
            check_equal(city.store, undisturbed, until=made.takes_effect)
            with pytest.raises(AssertionError):
                check_equal(city.store, undisturbed)


def test_a_restarted_run_continues_with_its_journal(tmp_path: Path) -> None:
    with steered(tmp_path) as city:
        city.interventions.intervene(BREAKDOWN)
        city.wall.advance(5 * MINUTE)
        city.settle()
        digest = stored_journal(city.store).digest
    with steered(tmp_path, start=NOW + 2 * HOUR) as city:
        city.settle()
        check_bytes(city.store)
        assert stored_journal(city.store).digest == journal_digest(city.store.journal()) == digest
        assert city.context.scenario is not None
        assert city.interventions.intervene(SURGE).number == 2


def test_over_later_records_a_run_warns_and_a_refusal_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    why = "to disturb the city now, run it with another --store"
    with steered(tmp_path) as city, pytest.raises(InvalidDisruption) as refused:
        city.interventions.intervene({"breakdown": {"bus": "B999", "repair_min": 20}})
    assert why not in str(refused.value)
    assert why not in caplog.text
    earlier = NOW - timedelta(days=2)
    with steered(tmp_path, start=earlier) as city, pytest.raises(InvalidDisruption) as refused:
        city.interventions.intervene({"breakdown": {"bus": "B999", "repair_min": 20}})
    assert why in refused.value.messages[-1]
    assert why in caplog.text


@pytest.mark.long
def test_what_is_written_ahead_sets_the_earliest_moment(tmp_path: Path) -> None:
    """At the greatest speed feeders write up to an hour ahead of the clock."""
    with steered(tmp_path, rate=MAX) as city:
        city.reach(NOW + 2 * HOUR)
        with pytest.raises(TooEarly) as refused:
            city.interventions.intervene(from_(NOW + HOUR))
        earliest = datetime.fromisoformat(refused.value.earliest)
        assert earliest > NOW + 2 * HOUR
        made = city.interventions.intervene(SURGE)
        assert made.takes_effect >= earliest
        city.reach(made.takes_effect + HOUR)
    with closing(DuckDBStore(tmp_path / "steered.duckdb")) as store:
        check_bytes(store)


def from_(instant: datetime) -> Any:
    return {"surge": {"stop": "S005", "people_per_min": 20, "from": instant.isoformat()}}


@pytest.mark.long
def test_a_planned_intervention_takes_effect_at_its_time(tmp_path: Path) -> None:
    with steered(tmp_path) as city:
        assert city.interventions.intervene(from_(NOW + 7 * MINUTE)).takes_effect == NOW + 7 * MINUTE
        city.wall.advance(10 * MINUTE)
        city.settle()
        check_bytes(city.store)


@pytest.mark.long
def test_an_intervention_is_ended_as_early_as_possible_and_a_planned_one_withdrawn(tmp_path: Path) -> None:
    with steered(tmp_path) as city:
        control = city.interventions
        for disruption in (SURGE, {"closed_stop": {"stop": "S005", "from": (NOW + HOUR).isoformat()}}):
            control.intervene(disruption)
        city.wall.advance(4 * MINUTE)
        city.settle()
        ends = [json.loads(control.end(number).text)["ends"] for number in ("1", "2")]
        assert [datetime.fromisoformat(each) for each in ends] == [NOW + 4 * MINUTE] * 2
        city.wall.advance(2 * HOUR)
        city.settle()
        check_bytes(city.store)
        with pytest.raises(Conflict, match="Intervention 1 has ended already"):
            control.end("1")
        with pytest.raises(NotFound, match="Intervention 3 not found"):
            control.end("3")


@pytest.mark.long
def test_everything_wrong_is_said_at_once_and_nothing_is_kept(tmp_path: Path) -> None:
    with steered(tmp_path) as city:
        wrong = {"closure": {"line": "L9", "between": ["S001", "S999"], "detour_min": -1, "form": "08:00"}}
        with pytest.raises(InvalidDisruption) as refused:
            city.interventions.intervene(wrong)
        assert len(refused.value.messages) > 1
        long = {"strike": {"share": 0.5, "lines": ["L1"] * 400}}
        with pytest.raises(InvalidDisruption):
            city.interventions.intervene(long)
        assert list(city.store.journal()) == []


@pytest.mark.long
def test_two_people_at_once_both_get_an_intervention_of_their_own(tmp_path: Path) -> None:
    wanted = [{"breakdown": {"bus": f"B00{number}", "repair_min": 5}} for number in range(1, 5)]
    with steered(tmp_path) as city:
        made: list[JournalEntry] = []

        def intervene(disruption: Any) -> None:
            made.append(city.interventions.intervene(disruption))

        together([partial(intervene, disruption) for disruption in wanted])
        assert sorted(entry.number for entry in made) == [1, 2, 3, 4]
        assert list(city.store.journal()) == sorted(made, key=lambda entry: entry.number)
        city.wall.advance(10 * MINUTE)
        city.settle()
        check_bytes(city.store)


def together(jobs: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("is_kept", [False, True])
def test_after_an_error_of_the_store_the_city_goes_on_by_what_the_store_has_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_kept: bool
) -> None:
    with steered(tmp_path) as city:
        record = city.store.record

        def fail(entry: JournalEntry, *, changes_from: datetime) -> None:
            if is_kept:
                record(entry, changes_from=changes_from)
            raise StoreUnavailable("the disk was full for a moment")

        with monkeypatch.context() as patched:
            patched.setattr(city.store, "record", fail)
            with pytest.raises(StoreUnavailable):
                city.interventions.intervene(SURGE)
        city.wall.advance(10 * MINUTE)
        city.settle()
        assert len(city.store.journal()) == is_kept
        check_bytes(city.store)


@pytest.mark.long
def test_after_jumps_of_the_clock_the_data_are_those_of_the_journal(tmp_path: Path) -> None:
    """What a jump ahead wrote stays, so after a jump back nothing can change before its end."""
    with steered(tmp_path) as city:
        city.interventions.intervene(SURGE)
        city.control.jump(NOW + 5 * HOUR)
        city.settle()
        city.control.jump(NOW + HOUR)
        city.settle()
        with pytest.raises(TooEarly) as refused:
            city.interventions.intervene(from_(NOW + 2 * HOUR))
        assert datetime.fromisoformat(refused.value.earliest) == NOW + 5 * HOUR - 9 * SECOND
        late = city.interventions.intervene(BREAKDOWN)
        city.wall.advance(timedelta(minutes=5))
        city.settle()
        city.control.jump(late.takes_effect + HOUR)
        city.settle()
        check_bytes(city.store)
