"""The line-days that a city keeps in memory, and the end of its processes."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from simulator.city import KEPT_DAYS, City
from storage.schema import Stream
from tests.environment import environment
from tests.networks import two_lines

ROOT = Path(__file__).parent.parent.parent
START = datetime(2026, 11, 18, 7, tzinfo=UTC)

PARENT = """
from datetime import UTC, datetime, timedelta
from simulator.city import City
from storage.schema import Stream
from tests.networks import two_lines

if __name__ == "__main__":
    city = City(two_lines(), jobs=2)
    start = datetime(2026, 11, 18, 7, tzinfo=UTC)
    city.window(start, start + timedelta(minutes=1), [Stream.BUS_POSITION])
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
        assert len(children) >= 2
        parent.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []


def test_line_days_are_kept_for_a_few_days_only() -> None:
    network = two_lines()
    with closing(City(network)) as city:
        for day in range(8):
            start = START + timedelta(days=day)
            city.window(start, start + timedelta(minutes=1), [Stream.BUS_POSITION])
        assert city.line_days_in_memory == KEPT_DAYS * len(network.lines)
