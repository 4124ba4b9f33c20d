"""A network written as a folder is the same network."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.network import Network
from simulator.network_files.loader import load_network
from simulator.network_files.writer import write_network
from tests.any_network import any_network
from tests.examples import examples
from tests.networks import two_lines
from tests.synthetic import synthetic_network

SHIPPED = load_network(Path(__file__).parents[3] / "data/lines.yaml")


def read_back(network: Network, folder: Path) -> Network:
    write_network(network, folder, ["a comment: with {signs}"])
    return load_network(folder)


@pytest.mark.parametrize("network", [SHIPPED, two_lines(), synthetic_network(3, 5, 40)])
def test_a_network_is_read_back_with_its_digest(network: Network, tmp_path: Path) -> None:
    assert read_back(network, tmp_path).digest == network.digest


@examples(40)
@given(network=any_network())
def test_any_network_is_read_back_with_its_digest(
    network: Network, tmp_path_factory: pytest.TempPathFactory
) -> None:
    back = read_back(network, tmp_path_factory.mktemp("folder"))
    assert back.lines == network.lines
    assert back.digest == network.digest


@examples(8)
@given(networks=st.tuples(any_network(), any_network()))
def test_a_folder_that_is_written_again_has_nothing_of_before(
    networks: tuple[Network, Network], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("folder")
    for network in networks:
        assert read_back(network, folder).digest == network.digest
