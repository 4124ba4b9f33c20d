"""Same inputs, same bytes: golden digests, also in other environments.

After a change of the model: raise `simulator.day.line_day.MODEL_VERSION`, then
`python -m tests.digests windows > tests/golden/digests.json`, and the same for `scenarios`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.digests import WINDOWS, digests, scenario_digests, scenario_names
from tests.environment import environment

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parent.parent
GOLDEN = json.loads((ROOT / "tests" / "golden" / "digests.json").read_text())
GOLDEN_SCENARIOS = json.loads((ROOT / "tests" / "golden" / "scenarios.json").read_text())

SOME_WINDOWS = ("clocks go forward",)
QUICK_WINDOWS = ("weekday morning", "night", "clocks go forward")
QUICK_SCENARIOS = ("closure",)
some_windows_or_all = pytest.mark.parametrize(
    "windows",
    [pytest.param(SOME_WINDOWS, id="some"), pytest.param(tuple(WINDOWS), id="all", marks=pytest.mark.long)],
)

IN_LIMA = {"TZ": "America/Lima", "LC_ALL": "C"}


def interpreter(version: str) -> str:
    """A CPython X.Y of this machine: on the PATH, or one of pyenv's."""
    candidates = [f"python{version}"]
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=True).stdout.strip()
        candidates += [str(path) for path in Path(root).glob(f"versions/{version}.*/bin/python3")]
    for candidate in candidates:
        if shutil.which(candidate) and subprocess.run([candidate, "-V"], capture_output=True).returncode == 0:
            return candidate
    raise AssertionError(f"no CPython {version} on this machine")


def printed(python: str, *arguments: str, **variables: str) -> dict[str, dict[str, str]]:
    """The digests that another process prints."""
    done = subprocess.run(
        [python, "-m", "tests.digests", *arguments],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


def golden(windows: Sequence[str]) -> dict[str, dict[str, str]]:
    """The golden digests of these windows."""
    return {name: GOLDEN[name] for name in windows}


def test_every_shipped_scenario_has_golden_digests() -> None:
    assert set(scenario_names()) == set(GOLDEN_SCENARIOS)
    assert set(QUICK_SCENARIOS) < set(GOLDEN_SCENARIOS)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK_SCENARIOS else pytest.mark.long)
        for name in GOLDEN_SCENARIOS
    ],
)
def test_a_shipped_scenario_has_its_golden_digests(name: str) -> None:
    assert scenario_digests([name]) == {name: GOLDEN_SCENARIOS[name]}


@pytest.mark.parametrize(
    "window", [pytest.param(name, marks=() if name in QUICK_WINDOWS else pytest.mark.long) for name in GOLDEN]
)
def test_the_shipped_network_has_its_golden_digests(window: str) -> None:
    assert digests([window]) == golden([window])


def test_every_window_has_golden_digests() -> None:
    assert set(WINDOWS) == set(GOLDEN)
    assert set(QUICK_WINDOWS) < set(GOLDEN)


@some_windows_or_all
def test_processes_in_parallel_change_nothing(windows: Sequence[str]) -> None:
    assert digests(windows, jobs=2) == golden(windows)


@some_windows_or_all
def test_a_seed_changes_every_stream_of_every_window(windows: Sequence[str]) -> None:
    other = digests(windows, seed=2)
    assert [(name, s) for name in windows for s in other[name] if other[name][s] == GOLDEN[name][s]] == []


def test_the_time_zone_of_the_machine_changes_nothing() -> None:
    assert printed(sys.executable, "windows", *SOME_WINDOWS, **IN_LIMA) == golden(SOME_WINDOWS)


def plain_cpu(features: Collection[str]) -> dict[str, str]:
    """The variable that makes NumPy use no instructions beyond those of every CPU of this kind."""
    assert features
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(features)}


@pytest.mark.long
def test_a_plain_cpu_in_another_time_zone_gives_the_same_bytes() -> None:
    features: list[str] = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    assert printed(sys.executable, "windows", **IN_LIMA, **plain_cpu(features)) == GOLDEN


@pytest.mark.long
@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_other_interpreters_give_the_same_bytes(version: str, tmp_path: Path) -> None:
    assert printed(other_python(version, "numpy", tmp_path), "windows") == GOLDEN


@pytest.mark.long
def test_the_lowest_numpy_gives_the_same_bytes_and_those_of_every_scenario_on_a_plain_cpu(
    tmp_path: Path,
) -> None:
    python = other_python("3.11", "numpy==2.1.0", tmp_path)
    show = "import json, numpy; print(json.dumps(numpy.show_config('dicts')['SIMD Extensions']['found']))"
    features = subprocess.run([python, "-c", show], capture_output=True, text=True, check=True).stdout
    assert printed(python, "windows") == GOLDEN
    assert printed(python, "scenarios", **plain_cpu(json.loads(features))) == GOLDEN_SCENARIOS


def other_python(version: str, numpy: str, folder: Path) -> str:
    """An interpreter in an environment of its own, with what the digests need."""
    python = folder / "bin" / "python"
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([uv, "venv", "--quiet", "--python", interpreter(version), folder], check=True)
    needed = [numpy, "click", "pyarrow", "simpy", "pydantic", "pyyaml", "tzdata"]
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *needed], check=True)
    return str(python)
