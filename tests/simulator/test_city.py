"""The line-days that a city keeps in memory, and the end of its processes."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from simulator.city import KEPT_DAYS, City
from simulator.day import line_day_processes
from simulator.progress import Progress
from simulator.scenario.disruptions import Strike
from simulator.scenario.scenario import Scenario
from storage.schema import Stream
from tests.environment import environment
from tests.networks import two_lines

ROOT = Path(__file__).parent.parent.parent
START = datetime(2026, 11, 18, 7, tzinfo=UTC)

PARENT = """
from simulator.day.line_day_processes import ProcessPool

if __name__ == "__main__":
    with ProcessPool(1) as pool:
        pool.submit(int).result()
        print("simulated", flush=True)
        input()
"""


@pytest.mark.integration
def test_processes_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen(
        [sys.executable, str(script)],
        cwd=ROOT,
        env=environment(PYTHONPATH=str(ROOT)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "simulated\n"
        children = psutil.Process(parent.pid).children(recursive=True)
        assert children
        parent.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []


def test_line_days_are_kept_for_a_few_days_only() -> None:
    network = two_lines()
    with closing(City(network)) as city:
        for day in range(KEPT_DAYS + 1):
            start = START + timedelta(days=day)
            city.window(start, start + timedelta(minutes=1), [Stream.BUS_POSITION])
        assert city.line_days_in_memory == KEPT_DAYS * len(network.lines)


def test_a_city_for_ascending_windows_keeps_no_line_day_before_the_latest() -> None:
    network, simulated, kept = two_lines(), 0, []

    def count(progress: Progress) -> None:
        nonlocal simulated
        simulated += progress.done == progress.total and progress.total

    with closing(City(network)) as plain, closing(City(network, kept_days=0, on_progress=count)) as city:
        for hour in range(24):
            start = START + timedelta(hours=hour)
            span = (start, start + timedelta(hours=1))
            assert city.window(*span, tuple(Stream)) == plain.window(*span, tuple(Stream))
            kept.append(city.line_days_in_memory)
        assert plain.line_days_in_memory == simulated, "none was simulated twice"
        assert kept[0] == kept[-1] == len(network.lines) < simulated


def test_line_days_begun_in_another_process_change_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_day_processes, "FEWEST_BEGUN", 2)
    network, day = two_lines(), START.date()
    strike = Scenario("strike", day, day, strikes=(Strike(0.5, (network.lines[0].line_id,)),))
    span, streams = (START, START + timedelta(hours=1)), tuple(Stream)
    with closing(City(network)) as begun, closing(City(network, scenario=strike)) as plain:
        begun.begin(*span)
        begun.follow(strike)
        assert begun.window(*span, streams) == plain.window(*span, streams)


def test_a_killed_helping_process_leaves_its_line_days_to_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_day_processes, "ProcessPool", lambda _jobs: BrokenPool())
    monkeypatch.setattr(line_day_processes, "FEWEST_BEGUN", 2)
    span, streams = (START, START + timedelta(minutes=1)), [Stream.STOP_VISIT]
    with closing(City(two_lines())) as begun, closing(City(two_lines())) as plain:
        begun.begin(*span)
        assert begun.window(*span, streams) == plain.window(*span, streams)


class BrokenPool(ThreadPoolExecutor):
    """A pool whose process was killed."""

    def submit(self, *_: object, **__: object) -> Future[Any]:
        """Return a future that has failed as those of a broken pool do."""
        failed: Future[Any] = Future()
        failed.set_exception(BrokenProcessPool())
        return failed
