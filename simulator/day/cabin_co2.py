"""A bus cabin's CO2 by mass balance, and its climate.

One well-mixed volume (ASHRAE 62.1, appendix D): dX/dt = G·n/V − λ·X for the excess X over outdoors, with
n people aboard and air exchange λ, higher while the doors are open. Between events both are constant, so
each piece has its exact solution; exp(−x) comes from a table rounded to 1e-9.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.randomness.random_numbers import interpolate

Floats = NDArray[np.float64]

OUTDOOR_PPM = 420
"""Outdoor CO2 (NOAA global mean 2023: 419.3 ppm)."""
PERSON_M3_PER_S = 0.0186 / 3600
"""CO2 that a sedentary adult breathes out, 0.31 l/min (ASHRAE 62.1, appendix D)."""
VOLUME_M3_PER_PLACE = 0.9
"""A 12 m bus of 90 places has some 80 m³."""
CLOSED_PER_S = 8.0 / 3600
OPEN_PER_S = 36.0 / 3600
"""Air changes: 8 an hour by the ventilation, 36 an hour with open doors."""

EXP_STEPS = 256
EXP_END = 24
EXP_TABLE = np.array([round(math.exp(-k / EXP_STEPS), 9) for k in range(EXP_STEPS * EXP_END)] + [0.0, 0.0])


def decay(x: Floats) -> Floats:
    """exp(-x) for x ≥ 0 by table; below 4e-11, and 0, from x = 24 on."""
    return interpolate(EXP_TABLE, np.minimum(x * EXP_STEPS, float(EXP_STEPS * EXP_END)))


def source_ppm_per_s(capacity: int) -> float:
    """How fast one passenger raises the CO2 of a bus with `capacity` places, ppm/s."""
    return PERSON_M3_PER_S * 1e6 / (capacity * VOLUME_M3_PER_PLACE)


def coefficients(closed_s: Floats, open_s: Floats, source: Floats) -> tuple[Floats, Floats]:
    """The excess that follows from an excess X is a·X + b: returns a and b (ppm).

    The doors are shut for `closed_s` seconds, then open for `open_s`; `source` is what all aboard add, ppm/s.
    """
    shut, opened = decay(closed_s * CLOSED_PER_S), decay(open_s * OPEN_PER_S)
    after_shut = source * (1.0 - shut) / CLOSED_PER_S
    return shut * opened, after_shut * opened + source * (1.0 - opened) / OPEN_PER_S


def excess_by_leg(factor: list[float], added: list[float]) -> list[float]:
    """The excess at the start of each leg of one bus, from outdoor air at the first."""
    excess, result = 0.0, []
    for a, b in zip(factor, added, strict=True):
        result.append(excess)
        excess = a * excess + b
    return result
