"""A network as one JSON file."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from services.aws.compiled_network import FORMAT, CompiledNetwork, InvalidCompiledNetwork, dump, load
from simulator.network import Timing
from simulator.network_files.loader import load_network
from storage.store import Run
from tests.networks import line, network, street, two_lines
from tests.synthetic import synthetic_network

SHIPPED = load_network(Path(__file__).parents[3] / "data/lines.yaml")
TIMED = network(
    line("L1", street(4), departures=()),
    line("L2", street(4, row=1), first_bus=9, night=True, one_way=True, speed_kmh=31.5),
)


@pytest.mark.parametrize("net", [SHIPPED, two_lines(), TIMED, synthetic_network(3, 5, 40)])
def test_a_dumped_network_and_run_load_unchanged(net: object) -> None:
    from simulator.network import Network

    assert isinstance(net, Network)
    run = Run(7, net.digest, "", "2")
    back = load(dump(net, run), "here")
    assert back == CompiledNetwork(net, run)
    assert back.network.digest == net.digest
    assert back.network.name == net.name


def test_the_same_network_gives_the_same_bytes() -> None:
    run = Run(1, SHIPPED.digest, "", "2")
    assert dump(SHIPPED, run) == dump(load(dump(SHIPPED, run), "here").network, run)


GOOD = json.loads(dump(two_lines(), Run(1, "n", "", "2")))


def timed_with(name: str) -> bytes:
    """A compiled network whose timings have one more field."""
    net = two_lines()
    first, *others = net.lines
    pattern = replace(first.patterns[0], timings=(Timing((60,) * (len(first.patterns[0].stops) - 1)),))
    timed = replace(net, lines=(replace(first, patterns=(pattern, *first.patterns[1:])), *others))
    found = json.loads(dump(timed, Run(1, "n", "", "2")))
    found["lines"][0]["patterns"][0]["timings"][0] |= {"holds": [], name: 1}
    return json.dumps(found).encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"lines:\n- line_id: L1\n", "is not JSON"),
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is not a compiled network"),
        (b'{"lines": []}', "is not a compiled network"),
        (json.dumps(GOOD | {"version": 2}).encode(), "is a compiled network of version 2, not 1"),
        (json.dumps(GOOD | {"run": None}).encode(), "is damaged (TypeError: "),
        (json.dumps(GOOD | {"lines": [{"line_id": "L1"}]}).encode(), "is damaged (KeyError: 'patterns')"),
        (json.dumps(GOOD | {"stops": [{"stop": "S1"}]}).encode(), "is damaged (TypeError: "),
        (json.dumps({"format": FORMAT, "version": 1}).encode(), "is damaged (KeyError: 'lines')"),
        (
            json.dumps(GOOD | {"trams": [], "ferries": []}).encode(),
            "has fields that this version doesn't know (ferries, trams), so a newer one wrote it: update",
        ),
        (timed_with("runs_ms"), "is damaged (TypeError: Timing.__init__() got an unexpected keyword arg"),
    ],
)
def test_other_files_are_refused_with_their_place_and_the_remedy(content: bytes, reason: str) -> None:
    with pytest.raises(InvalidCompiledNetwork) as refused:
        load(content, "s3://bucket/config/network.json")
    assert str(refused.value).startswith(f"s3://bucket/config/network.json {reason}")
    assert str(refused.value).endswith("; `make load-config` writes one")


def test_loading_imports_no_numpy_and_no_yaml() -> None:
    code = "import sys, services.aws.compiled_network; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"numpy", "pyarrow", "duckdb", "simpy", "yaml"} & set(loaded.split())
