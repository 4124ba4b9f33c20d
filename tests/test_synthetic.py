from __future__ import annotations

import itertools

import pytest

from simulator.network_files.timetable import schedule_fault
from tests.synthetic import synthetic_network


def test_the_default_network_is_as_large_as_madrids() -> None:
    network = synthetic_network()
    patterns = [pattern for line in network.lines for pattern in line.patterns]
    assert (len(network.lines), len(network.line_of_bus), len(network.stops)) == (220, 2000, 4700)
    assert sum(len(pattern.stops) for pattern in patterns) / len(patterns) == pytest.approx(26.4, abs=0.1)
    assert sum(line.night for line in network.lines) == 27
    assert sum(len(lines) > 1 for lines in network.lines_of_stop.values()) > 1000


@pytest.mark.parametrize("size", [(220, 2000, 4700), (12, 93, 163), (1, 1, 2), (3, 9, 40)])
def test_a_synthetic_network_keeps_the_rules_of_a_file(size: tuple[int, int, int]) -> None:
    network = synthetic_network(*size)
    assert (len(network.lines), len(network.line_of_bus), len(network.stops)) == size
    assert list(network.line) == sorted(network.line)
    assert list(network.stop) == sorted(network.stop)
    assert all(network.lines_of_stop.values())
    for line in network.lines:
        assert schedule_fault(line) is None
        assert line.base_arrival_rate.keys() == line.stop_ids
        assert line.buses
        for pattern in line.patterns:
            metres = [stop.distance_m for stop in pattern.stops]
            assert all(250 <= b - a <= 450 for a, b in itertools.pairwise(metres))


def test_a_synthetic_network_is_always_the_same() -> None:
    assert synthetic_network().digest == "cd971088dfde410ae51b142d2a8b4fe1d53790d7bdb044a7fdcf3c26dae02589"


@pytest.mark.parametrize("size", [(0, 1, 5), (3, 2, 40), (4, 8, 4)])
def test_an_impossible_size_is_refused(size: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=f"no network of {size[0]} lines"):
        synthetic_network(*size)
