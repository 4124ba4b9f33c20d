"""Feeds with any kind of defect: the import ends, names file and line, and what comes in is sound."""

from __future__ import annotations

import json
import re
import resource
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from services.cli import status_of
from simulator.files.problems import InputFileError
from simulator.gtfs.importer import import_feed
from tests.environment import soak
from tests.examples import examples
from tests.gtfs_feeds import feed, zipped
from tests.gtfs_mutations import mutated
from tests.simulator.gtfs.feed_builder import feed_of, hourly
from tests.test_invariants import assert_clean, audited

pytestmark = pytest.mark.integration

MOST_CPU_S = 30
MOST_BYTES = 1_000_000_000
START = datetime(2026, 3, 3, 6, tzinfo=UTC)

DEFECTS: Mapping[str, tuple[str, ...]] = {
    "stops.txt": ("", "91", "north", "A", "\u0007"),
    "routes.txt": ("", "bus", "R9", "R1"),
    "trips.txt": ("", "R9", "NOPE", "2", "WK70"),
    "stop_times.txt": ("", "Z", "25:61:00", "99:59:59", "00:00:00", "-1", "0"),
    "calendar.txt": ("", "2", "20261332", "19700101", "WK"),
    "frequencies.txt": ("", "0", "1", "06:00:00", "99:00:00", "NOPE"),
    "shapes.txt": ("", "NaN", "0", "200", "x"),
}
FREQUENCIES = (
    "trip_id,start_time,end_time,headway_secs\nWK70,09:10:00,10:00:00,900\nWK71,09:10:00,10:00:00,900\n"
)
SHAPES = (
    "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
    "S,40.40,-3.7001,1\nS,40.41,-3.7001,2\nS,40.42,-3.7001,3\n"
)


@contextmanager
def bounded_cpu() -> Iterator[None]:
    """Raise TimeoutError in this block after `MOST_CPU_S` seconds of CPU."""

    def expire(_number: int, _frame: object) -> NoReturn:
        raise TimeoutError(f"not done in {MOST_CPU_S} s of CPU")

    before = signal.signal(signal.SIGVTALRM, expire)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@st.composite
def defective(draw: st.DrawFn) -> tuple[str, dict[str, str | bytes]]:
    """A file, and a feed in which one row or the whole of that file is wrong."""
    files: dict[str, str | bytes] = dict(feed_of(hourly(["WK"]), frequencies=FREQUENCIES, shapes=SHAPES))
    name = draw(st.sampled_from(sorted(DEFECTS)))
    header, *rows = str(files[name]).splitlines()
    at = draw(st.integers(0, len(rows) - 1))
    fields = rows[at].split(",")
    kind = draw(st.sampled_from(["value", "long", "short", "twice", "quote", "latin"]))
    if kind == "value":
        fields[draw(st.integers(0, len(fields) - 1))] = draw(st.sampled_from(DEFECTS[name]))
    elif kind == "long":
        fields += ["x", "y"]
    elif kind == "short":
        fields = fields[:-1]
    elif kind == "twice":
        rows.append(rows[at])
    else:
        fields[0] += {"quote": '"', "latin": "ñ"}[kind]
    rows[at] = ",".join(fields)
    text = "\n".join([header, *rows, ""])
    files[name] = text.encode("latin-1") if kind == "latin" else text
    return name, files


@examples(24, quick=4, suppress=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(made=defective())
def test_each_defect_ends_in_a_refusal_or_a_sound_network(
    made: tuple[str, dict[str, str | bytes]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, files = made
    path = zipped(tmp_path / "feed.zip", files)
    with bounded_cpu():
        status = status_of(["import-gtfs", str(path), "-o", str(tmp_path / "city")])
    said = capsys.readouterr()
    assert status in (0, 2)
    if status == 2:
        lines = said.err.removeprefix("Error: ").splitlines()
        assert all(re.match(rf"{re.escape(str(path))}[/a-z_.]*:\d+: .", line) for line in lines)
        return
    report = json.loads((tmp_path / "city" / "import-report.json").read_text(encoding="utf-8"))
    warnings = [found for found in report["findings"] if found["severity"] == "warning"]
    assert all(found["file"].startswith(str(path)) and found["lines"] for found in warnings)
    assert_clean(audited(import_feed(path).network, START, START.replace(hour=8)))


def peak_bytes() -> int:
    """The most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.long
def test_hundreds_of_damaged_feeds_end_without_a_traceback(tmp_path: Path) -> None:
    before = peak_bytes()
    sources: list[Mapping[str, str | bytes]] = [
        feed(),
        feed_of(hourly(), frequencies=FREQUENCIES, shapes=SHAPES),
    ]
    imported: list[int] = []
    refused: list[int] = []
    cases = 2000 if soak() else 500
    for seed in range(cases):
        path = zipped(tmp_path / "feed.zip", mutated(sources[seed % 2], seed))
        with bounded_cpu():
            try:
                import_feed(path).details.as_json()
                imported.append(seed)
            except InputFileError:
                refused.append(seed)
    assert min(len(imported), len(refused)) > cases // 10
    # What other tests of this process took before doesn't count.
    assert peak_bytes() <= max(MOST_BYTES, before)
