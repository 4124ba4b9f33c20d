"""The audit finds and names each fault planted in a store, and finds none in a correct one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from services.reports.audit_inputs import audit_facts
from simulator.city import City
from simulator.day.line_day import MODEL_VERSION
from storage.audit import audit
from storage.audit_report import AuditReport
from storage.duckdb_store import DuckDBStore
from storage.schema import Stream
from storage.store import Run
from tests.networks import two_lines
from tests.storage.duckdb_files import change

pytestmark = pytest.mark.integration

NETWORK = two_lines()
FACTS = audit_facts(NETWORK)
RUN = Run(1, NETWORK.digest, "", MODEL_VERSION)
START, END = datetime(2026, 11, 18, 7, tzinfo=UTC), datetime(2026, 11, 18, 8, tzinfo=UTC)

ONE_MINUTE = "TIMESTAMPTZ '2026-11-18 07:31:00+00'"
MOVING = """(SELECT (bus_id, time) FROM bus_position WHERE speed > 10 AND distance_to_next_stop > 60
  AND time > TIMESTAMPTZ '2026-11-18 07:20:00+00' ORDER BY time, bus_id LIMIT 1)"""
SERVED = """(SELECT (bus_id, time) FROM stop_visit WHERE doors_open AND sequence BETWEEN 4 AND 8
  AND boarding > 0 AND time > TIMESTAMPTZ '2026-11-18 07:20:00+00' ORDER BY time, bus_id LIMIT 1)"""
IN_DWELL = """(SELECT (p.bus_id, p.time) FROM bus_position p JOIN stop_visit v
  ON v.bus_id = p.bus_id AND v.arrival_time <= p.time AND p.time < v.time AND v.doors_open
  WHERE p.time > TIMESTAMPTZ '2026-11-18 07:20:00+00' AND epoch(p.time)::BIGINT % 60 = 0
  ORDER BY p.time, p.bus_id LIMIT 1)"""

FAULTS = {
    "people appear from nowhere": (
        "I1",
        f"UPDATE people_count SET count = count + 1 WHERE time = {ONE_MINUTE}",
    ),
    "a boarding isn't counted": (
        "I1",
        "UPDATE people_count SET boarded = boarded - 1 WHERE (stop_id, time) = "
        "(SELECT (stop_id, time) FROM people_count WHERE boarded > 0 "
        "AND time > TIMESTAMPTZ '2026-11-18 07:00:00+00' ORDER BY time, stop_id LIMIT 1)",
    ),
    "fewer than nobody waits": ("I1", f"UPDATE people_count SET count = -1 WHERE time = {ONE_MINUTE}"),
    "a load too high by one": (
        "I2",
        f"UPDATE stop_visit SET passenger_count = passenger_count + 1 WHERE (bus_id, time) = {SERVED}",
    ),
    "a position with another load": (
        "I2",
        f"UPDATE bus_position SET passenger_count = passenger_count + 3 WHERE (bus_id, time) = {MOVING}",
    ),
    "more aboard than places": (
        "I2",
        f"UPDATE stop_visit SET passenger_count = 1000 WHERE (bus_id, time) = {SERVED}",
    ),
    "somebody in a parked bus": ("I2", "UPDATE bus_position SET passenger_count = 5 WHERE trip_id = ''"),
    "left behind by a bus with room": (
        "I2",
        f"UPDATE stop_visit SET left_behind = 2 WHERE (bus_id, time) = {SERVED}",
    ),
    "somebody boards and never alights": (
        "I3",
        f"UPDATE stop_visit SET boarding = boarding + 1 WHERE (bus_id, time) = {SERVED}",
    ),
    "somebody stays aboard at the last stop": (
        "I3",
        "UPDATE stop_visit SET passenger_count = 1 WHERE sequence = 12 AND line_id = 'L1'",
    ),
    "doors reported closed in a dwell": (
        "I4",
        f"UPDATE sensor_data SET door_status = 'closed' WHERE (entity_id, time) = {IN_DWELL}",
    ),
    "doors reported open on the way": (
        "I4",
        f"UPDATE sensor_data SET door_status = 'open' WHERE entity_type = 'bus' AND time = {ONE_MINUTE}",
    ),
    "a bus rolls with open doors": (
        "I4",
        f"UPDATE bus_position SET speed = 5 WHERE (bus_id, time) = {IN_DWELL}",
    ),
    "a bus stands beside its stop": (
        "I4",
        f"UPDATE bus_position SET latitude = latitude + 0.00001 WHERE (bus_id, time) = {IN_DWELL}",
    ),
    "a parked bus names a stop of nobody's": (
        "I5",
        "UPDATE bus_position SET next_stop_id = 'S999' WHERE trip_id = ''",
    ),
    "another next stop": (
        "I5",
        f"UPDATE bus_position SET next_stop_id = 'S001' WHERE (bus_id, time) = {MOVING}",
    ),
    "a visit is missing": ("I5", f"DELETE FROM stop_visit WHERE (bus_id, time) = {SERVED}"),
    "the way to the next stop grows": (
        "I5",
        f"UPDATE bus_position SET distance_to_next_stop = distance_to_next_stop + 900 "
        f"WHERE (bus_id, time) = {MOVING}",
    ),
    "a bus jumps": (
        "I6",
        f"UPDATE bus_position SET longitude = longitude + 0.02 WHERE (bus_id, time) = {MOVING}",
    ),
    "a bus goes backwards": (
        "I6",
        "UPDATE bus_position SET distance_to_next_stop = distance_to_next_stop + 200 WHERE (bus_id, time) = "
        "(SELECT (bus_id, time) FROM (SELECT *, lag(distance_to_next_stop) OVER w AS before, "
        "lag(next_stop_id) OVER w AS stop FROM bus_position WINDOW w AS (PARTITION BY bus_id ORDER BY time)) "
        "WHERE stop = next_stop_id AND before - distance_to_next_stop BETWEEN 1 AND 150 "
        "AND speed > 0 ORDER BY time, bus_id LIMIT 1)",
    ),
    "a bus flies": ("I6", f"UPDATE bus_position SET speed = 120 WHERE (bus_id, time) = {MOVING}"),
    "a bus moves at no speed": ("I6", f"UPDATE bus_position SET speed = 0 WHERE (bus_id, time) = {MOVING}"),
    "a bus leaves its route": (
        "I6",
        f"UPDATE bus_position SET latitude = latitude + 0.004 WHERE (bus_id, time) = {MOVING}",
    ),
    "a bus moves in layover": (
        "I6",
        "UPDATE bus_position SET speed = 50 WHERE trip_id <> '' AND distance_to_next_stop = 0 AND speed = 0 "
        f"AND time > {ONE_MINUTE}",
    ),
    "a parked bus wanders": (
        "I6",
        f"UPDATE bus_position SET latitude = latitude + 0.0001 WHERE trip_id = '' AND time = {ONE_MINUTE}",
    ),
    "a visit in the wrong direction": (
        "I7",
        f"UPDATE stop_visit SET direction = 1 - direction WHERE (bus_id, time) = {SERVED}",
    ),
    "a direction that the line hasn't": (
        "I7",
        f"UPDATE bus_position SET direction = 2 WHERE (bus_id, time) = {MOVING}",
    ),
    "a leap of temperature": (
        "I8",
        f"UPDATE sensor_data SET temperature = temperature + 3 WHERE time = {ONE_MINUTE}",
    ),
    "CO2 off by 10 ppm": (
        "I8",
        f"UPDATE sensor_data SET co2_level = co2_level + 10 WHERE time = {ONE_MINUTE}",
    ),
    "doors ajar": ("I8", "UPDATE sensor_data SET door_status = 'ajar' WHERE door_status = 'closed'"),
    "CO2 below outdoors": ("I8", f"UPDATE sensor_data SET co2_level = 400 WHERE time = {ONE_MINUTE}"),
    "a position of another line": (
        "I9",
        f"UPDATE bus_position SET line_id = 'L2' WHERE (bus_id, time) = {MOVING} AND line_id <> 'L2'",
    ),
    "more wait than are there": (
        "I9",
        f"UPDATE stop_visit SET waiting = waiting + 500 WHERE (bus_id, time) = {SERVED}",
    ),
    "people for other lines": (
        "I9",
        f"UPDATE people_count SET line_ids = 'L9' WHERE time = {ONE_MINUTE}",
    ),
    "doors open at speed, by the sensors": (
        "I9",
        "UPDATE sensor_data SET door_status = 'open' WHERE entity_type = 'bus'",
    ),
    "a gap": ("I10", f"DELETE FROM bus_position WHERE time = {ONE_MINUTE}"),
    "a duplicate": ("I10", f"INSERT INTO people_count SELECT * FROM people_count WHERE time = {ONE_MINUTE}"),
    "an unknown entity": (
        "I10",
        f"UPDATE sensor_data SET entity_id = 'X1' WHERE entity_id = 'S001' AND time = {ONE_MINUTE}",
    ),
    "a record off the tick": (
        "I10",
        f"UPDATE sensor_data SET time = time + INTERVAL 1 SECOND WHERE time = {ONE_MINUTE}",
    ),
    "a visit twice": (
        "I10",
        f"INSERT INTO stop_visit SELECT * FROM stop_visit WHERE (bus_id, time) = {SERVED}",
    ),
}


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with an hour of a working day, written in two windows."""
    path = tmp_path_factory.mktemp("audit") / "clean.duckdb"
    city = City(NETWORK)
    with closing(DuckDBStore(path)) as store:
        for window in pairwise((START, START + timedelta(minutes=25), END)):
            for stream, batch in city.window(*window, list(Stream)).items():
                store.write(stream, batch, covers=window, run=RUN)
    return path


@pytest.fixture
def copy(clean: Path, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "copy.duckdb"
    shutil.copy(clean, path)
    yield path
    path.unlink()


def judged(path: Path) -> AuditReport:
    with closing(DuckDBStore(path)) as store:
        return audit(store, [FACTS])


def violated(report: AuditReport) -> set[str]:
    return {finding.invariant for finding in report.findings if finding.violations}


def test_a_copy_without_a_fault_passes(copy: Path) -> None:
    report = judged(copy)
    assert violated(report) == set()
    assert report.passed
    assert report.judged == [(START, END, RUN.run_id)]
    assert all(finding.checked > 0 for finding in report.findings)


def rounds() -> dict[str, Sequence[str]]:
    """The faults in groups of at most one for each invariant."""
    groups: list[dict[str, str]] = []
    for name, (invariant, _) in FAULTS.items():
        free = [group for group in groups if invariant not in group]
        if not free:
            groups.append({})
        (free or groups[-1:])[0][invariant] = name
    return {"; ".join(group): tuple(group.values()) for group in groups}


@pytest.mark.parametrize(
    "names",
    [pytest.param(names, id=f"at once: {of}") for of, names in rounds().items()]
    + [pytest.param((name,), id=name, marks=pytest.mark.long) for name in FAULTS],
)
def test_planted_faults_are_found_and_named(copy: Path, names: Sequence[str]) -> None:
    change(copy, *(FAULTS[name][1] for name in names))
    report = judged(copy)
    assert not report.passed
    for invariant in (FAULTS[name][0] for name in names):
        (finding,) = [finding for finding in report.findings if finding.invariant == invariant]
        assert finding.violations
        assert finding.examples
        assert all("2026-11-18" in example or "trip" in example for example in finding.examples)


def test_every_invariant_has_at_least_two_faults() -> None:
    planted_for = [invariant for invariant, _ in FAULTS.values()]
    assert {i: planted_for.count(i) >= 2 for i in (f"I{n}" for n in range(1, 11))} == dict.fromkeys(
        (f"I{n}" for n in range(1, 11)), True
    )


def test_an_empty_store_fails_the_audit(tmp_path: Path) -> None:
    report = judged(tmp_path / "empty.duckdb")
    assert not report.passed
    assert "people_count has no coverage" in report.missing


def test_a_store_without_a_stream_fails_the_audit(copy: Path) -> None:
    change(copy, "DELETE FROM bus_position")
    report = judged(copy)
    assert "bus_position has no records" in report.missing
    assert "I10" in violated(report)


def test_data_of_an_unknown_network_fail_the_audit(copy: Path) -> None:
    with closing(DuckDBStore(copy)) as store:
        report = audit(store, [replace(FACTS, network_digest="other")])
    assert not report.passed
    assert "another network" in report.missing[0]


def test_the_report_is_converted_to_json_data(copy: Path) -> None:
    report = judged(copy).as_dict()
    assert report["passed"] is True
    assert report["violations"] == 0
