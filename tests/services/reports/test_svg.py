"""Elements of SVG: simplified polylines, rounded lengths and steps."""

from __future__ import annotations

import numpy as np

from services.reports.svg import polyline, px, round_step, thinned


def test_simplified_lines_stay_within_the_tolerance() -> None:
    x = np.arange(500.0)
    y = np.cumsum(np.where(x.astype(int) % 7 < 3, 0.0, 1.3))
    kept = thinned(x, y, 0.8)
    assert len(kept) < 400
    assert np.abs(np.interp(x, x[kept], y[kept]) - y).max() < 1.6
    assert thinned(x, 2 * x, 0.1) == [0, 499]
    assert polyline(np.array([1.0, 1.04, 2.0]), np.array([5.0, 5.0, 3.0]), 0.0) == "M10 50l10-20"
    assert polyline(np.array([1.0, 1.0]), np.array([5.0, 5.0]), 0.3) == "M10 50l0 0"


def test_lengths_and_steps_are_round() -> None:
    assert [px(value) for value in (1.0, 0.04, 12.34, -0.26)] == ["1", "0", "12.3", "-0.3"]
    assert [round_step(value, 5) for value in (0.01, 0.9, 5, 24, 480, 2600)] == [0.002, 0.2, 1, 5, 100, 1000]
