import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.day import cabin_co2


@given(st.floats(0, 40))
def test_decay_is_the_exponential(x: float) -> None:
    assert cabin_co2.decay(np.array([x]))[0] == pytest.approx(math.exp(-x), abs=3e-6)


@given(st.floats(0, 3000), st.floats(0, 300), st.floats(0, 2), st.floats(0, 2000))
def test_coefficients_solve_the_mass_balance(
    closed_s: float, open_s: float, source: float, excess: float
) -> None:
    a, b = cabin_co2.coefficients(np.array([closed_s]), np.array([open_s]), np.array([source]))
    shut = source / cabin_co2.CLOSED_PER_S + (excess - source / cabin_co2.CLOSED_PER_S) * math.exp(
        -cabin_co2.CLOSED_PER_S * closed_s
    )
    opened = source / cabin_co2.OPEN_PER_S + (shut - source / cabin_co2.OPEN_PER_S) * math.exp(
        -cabin_co2.OPEN_PER_S * open_s
    )
    assert (a * excess + b)[0] == pytest.approx(opened, abs=0.02)


def test_forty_aboard_bring_co2_into_the_expected_band() -> None:
    source = 40 * cabin_co2.source_ppm_per_s(90)
    excess = 0.0
    for _ in range(30):  # a stop of 15 s every 90 s
        a, b = cabin_co2.coefficients(np.array([75.0]), np.array([15.0]), np.array([source]))
        excess = float((a * excess + b)[0])
    assert 900 <= cabin_co2.OUTDOOR_PPM + excess <= 1700


def test_the_first_leg_starts_with_outdoor_air() -> None:
    assert cabin_co2.excess_by_leg([0.5, 0.5, 0.5], [100.0, 0.0, 10.0]) == [0.0, 100.0, 50.0]
