"""Dense polylines with fewer points."""

from __future__ import annotations

import numpy as np

from simulator.gtfs.reading.polylines import simplified


def test_a_dense_line_keeps_its_ends_and_corners_only() -> None:
    north = [(40.4 + 0.00001 * i, -3.7) for i in range(1000)]
    east = [(40.40999, -3.7 + 0.00001 * i) for i in range(1, 1000)]
    kept = simplified(np.array(north + east))
    assert kept.tolist() == [list(north[0]), list(north[-1]), list(east[-1])]


def test_a_line_there_and_back_keeps_its_turn() -> None:
    there = [(40.4 + 0.00001 * i, -3.7) for i in range(1000)]
    kept = simplified(np.array([*there, *there[::-1]]))
    assert [list(there[0]), list(there[-1]), list(there[0])] == np.unique(kept, axis=0)[[0, -1, 0]].tolist()
    assert len(kept) <= 4


def test_other_lines_stay_as_they_are() -> None:
    sparse = np.array([(40.4 + 0.001 * i, -3.7) for i in range(1000)])
    assert simplified(sparse) is sparse
