"""The simulator as a process for tests: start, requests, clock, end."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.request import urlopen

import psycopg
import pytest

from bus_simulator_testing.api import Api, Refused, Unreachable
from bus_simulator_testing.choices import Choices
from bus_simulator_testing.pool import Pool
from bus_simulator_testing.process import BusSimulatorProcess
from bus_simulator_testing.program import PROGRAM, NotStarted, environment
from bus_simulator_testing.simulator import BusSimulator

pytestmark = pytest.mark.e2e

START = datetime.fromisoformat("2026-03-02T07:45:00Z")
HOUR = "2026-03-02T08:00:00Z"
"""A whole hour, when the least data have to be written before the first response."""
QUICK = Choices()
REWIND_S = 3.0
"""Ten times what rewinding takes on a quiet machine."""


@pytest.fixture(scope="module")
def city() -> Iterator[BusSimulatorProcess]:
    with BusSimulatorProcess(QUICK) as simulator:
        yield simulator


def test_it_responds_and_gives_its_addresses(city: BusSimulatorProcess) -> None:
    assert city.get("/people-count/S001", mode="latest")["stop_id"] == "S001"
    assert city.ws_url == f"ws{city.api_url[4:]}/production"
    assert city.mcp_url == f"{city.api_url}/mcp"
    assert (city.siri_url, city.emt_url) == (f"{city.api_url}/siri", f"{city.api_url}/emt")
    visits = city.get("/siri/vehicle-monitoring", format="json")["Siri"]["ServiceDelivery"]
    assert visits["VehicleMonitoringDelivery"][0]["VehicleActivity"]
    assert city.get("/emt/v1/mobilitylabs/user/login/")["code"] == "99"
    assert served(city.gtfs_url).startswith(b"PK")
    assert [served(url)[:1] for url in city.gtfs_rt_urls] == [b"\n"] * 3


def served(url: str) -> bytes:
    """What a URL on this machine gives to a program without a key."""
    with urlopen(url, timeout=60) as answer:
        return bytes(answer.read())


def test_an_error_has_status_and_body(city: BusSimulatorProcess) -> None:
    with pytest.raises(Refused, match="/people-count/S999") as refusal:
        city.get("/people-count/S999", mode="latest")
    assert (refusal.value.status, refusal.value.body["error"]) == (404, "NotFound")


def test_without_a_timestream_endpoint_the_error_says_how_to_get_one(city: BusSimulatorProcess) -> None:
    with pytest.raises(RuntimeError, match="timestream=True"):
        _ = city.timestream_endpoint


def test_a_city_keeps_its_data_in_postgres(city: BusSimulatorProcess) -> None:
    with pytest.raises(RuntimeError, match="postgres=True"):
        _ = city.postgres_url
    with BusSimulatorProcess(Choices(at=HOUR, postgres=True)) as simulator:
        simulator.advance(60)
        position = simulator.get("/bus-position/B001", mode="latest")
        with psycopg.connect(simulator.postgres_url) as connection:
            found = connection.execute(
                "SELECT passenger_count FROM bus_simulator.bus_position WHERE bus_id = 'B001' ORDER BY time"
            ).fetchall()
        assert found[-1] == (position["passenger_count"],)


def test_the_clock_is_advanced_and_waited_for(city: BusSimulatorProcess) -> None:
    began = city.now()
    assert city.advance(90) == began + timedelta(seconds=90)
    assert city.wait_until(began + timedelta(minutes=3)) == began + timedelta(minutes=3)
    with pytest.raises(ValueError, match="is past"):
        city.wait_until(began)
    assert city.wait_until(began + timedelta(minutes=3)) == began + timedelta(minutes=3)

    def has_passengers(simulator: BusSimulator) -> bool:
        return bool(simulator.get("/bus-position/B001", mode="latest")["passenger_count"])

    assert city.wait_until(has_passengers, within=timedelta(hours=1)) >= began
    with pytest.raises(TimeoutError, match="simulated time"):
        city.wait_until(lambda _: False, within=60)
    with pytest.raises(ValueError, match="rewind"):
        city.advance(-1)


def test_the_programs_error_message_is_passed_on() -> None:
    with (
        pytest.raises(NotStarted, match="no-such-scenario"),
        BusSimulatorProcess(Choices(scenario="no-such-scenario")),
    ):
        pass


QUERIES = {
    "/people-count/S001": {"mode": "latest"},
    "/sensors/bus/B001": {"timestamp": "2027-01-01"},
    "/bus-position/line/L1": {"mode": "latest"},
    "/bus-position/B001": {"start": "2026-03-02T07:00Z", "end": "2026-03-03T07:00Z"},
    "/stop-visits/line/L1": {"start": "2026-03-02T07:00Z", "end": "2026-03-03T07:00Z"},
    "/health": {},
    "/clock": {},
}


@pytest.mark.long
def test_a_pool_rewinds_a_clock_that_was_moved_and_every_answer_is_a_fresh_simulators() -> None:
    with Pool(PROGRAM) as pool:
        with pool.lent(QUICK) as first:
            fresh = answers(first)
        with pool.lent(QUICK) as second:
            assert second is first
            second.advance(timedelta(hours=1))
            assert second.get("/bus-position/line/L1", mode="latest") != fresh["/bus-position/line/L1"]
            began = perf_counter()
        assert perf_counter() - began < REWIND_S
        with pool.lent(QUICK) as third:
            assert third is first
            assert answers(third) == fresh
            digest_until_start = digests(third)
    assert not first.runs
    with BusSimulatorProcess(QUICK) as other:
        assert digests(other) == digest_until_start


def answers(simulator: BusSimulatorProcess) -> dict[str, Any]:
    """The answers to `QUERIES`, without what `/health` says of all the store holds."""
    found = {path: simulator.get(path, **query) for path, query in QUERIES.items()}
    del found["/health"]["streams"]
    return found


def digests(simulator: BusSimulatorProcess) -> dict[str, str]:
    """The digests of a simulator's records up to now, from a copy of its store."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy.duckdb")
        store = f"duckdb:{simulator.folder / 'bus.duckdb'}"
        run_program("snapshot", "--store", store, "-o", str(copy))
        until = (simulator.now() + timedelta(milliseconds=1)).isoformat()
        printed = run_program(
            "digest", "--store", f"duckdb:{copy}", "--start", "2026-03-02T07:00Z", "--end", until
        )
    return dict(line.split() for line in printed.splitlines())


def run_program(*arguments: str) -> str:
    done = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


@pytest.mark.long
def test_a_simulator_whose_clock_runs_is_not_lent_again() -> None:
    running = Choices(speed=60)
    with Pool(PROGRAM) as pool:
        with pool.lent(running) as first:
            pass
        assert not first.runs


def test_proxies_are_bypassed_on_this_machine(
    city: BusSimulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert city.get("/health")["status"] == "healthy"
    with pytest.raises(Unreachable, match="refused"):
        Api("http://bus-simulator.invalid", {}).get("/health", {})


@pytest.mark.long
def test_relative_paths_work_and_a_running_clock_is_waited_for(tmp_path: Path) -> None:
    network = Path(__file__).parents[2] / "data" / "lines.yaml"
    choices = Choices(
        network=network.relative_to(Path.cwd()) if network.is_relative_to(Path.cwd()) else network,
        speed=60,
        at=HOUR,
        timestream=True,
    )
    with BusSimulatorProcess(choices) as simulator:
        later = simulator.now() + timedelta(seconds=30)
        assert simulator.wait_until(later) >= later
        with pytest.raises(TimeoutError, match="after 0"):
            simulator.wait_until("2027-01-01", patience_s=0)
        assert simulator.timestream_endpoint.startswith("http://127.0.0.1:")


def test_the_program_sees_neither_a_projects_packages_nor_its_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", "somewhere")
    monkeypatch.setenv("BUS_SIMULATOR_SEED", "5")
    monkeypatch.setenv("AWS_PROFILE", "real")
    made = environment("key")
    assert not {"PYTHONPATH", "BUS_SIMULATOR_SEED", "AWS_PROFILE"} & set(made)
    assert made["BUS_SIMULATOR_API_KEY"] == "key"
