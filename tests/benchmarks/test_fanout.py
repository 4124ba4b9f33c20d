"""The benchmark of the fan-out runs: its clients receive every byte of what the servers send."""

from __future__ import annotations

import pytest

from benchmarks import fanout

pytestmark = pytest.mark.long


@pytest.mark.parametrize("kind", ["floor", "single", "batch"])
def test_clients_receive_all_that_is_sent(kind: fanout.Kind) -> None:
    assert fanout.cpu_s_per_million(kind, connections=3) > 0
