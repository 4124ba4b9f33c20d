"""Draws of streams of random numbers, by their keys.

A stream's bits are SplitMix64 (Steele, Lea & Flood, OOPSLA 2014) started at a 64-bit BLAKE2b hash of the
key, addressed by counter: draw i needs no draw before it, and many streams are drawn in one array
operation. Only integer and IEEE + − × ÷ operations touch the result; distributions are inverse-CDF tables,
whose transcendentals are rounded to 1e-9. NumPy's own generators and exp/log differ between versions and
CPUs, so they are banned.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]
Floats = NDArray[np.float64]

GAMMA = np.uint64(0x9E3779B97F4A7C15)
MIX_A = np.uint64(0xBF58476D1CE4E5B9)
MIX_B = np.uint64(0x94D049BB133111EB)
SHIFT_30, SHIFT_27, SHIFT_31, SHIFT_11 = (np.uint64(n) for n in (30, 27, 31, 11))

TABLE_SIZE = 4096


def bits(keys: Bits, counters: Bits) -> Bits:
    """Raw 64-bit draws of each stream at each counter; `keys` and `counters` broadcast."""
    # SplitMix64's output function of the state after `counters` + 1 steps. A step only adds GAMMA, so one
    # multiplication reaches any draw. uint64 arithmetic wraps, as it must.
    z = keys + (counters + np.uint64(1)) * GAMMA
    z = (z ^ (z >> SHIFT_30)) * MIX_A
    z = (z ^ (z >> SHIFT_27)) * MIX_B
    mixed: Bits = z ^ (z >> SHIFT_31)
    return mixed


def uniform(keys: list[int], count: int, *, first: int = 0) -> Floats:
    """Shape (len(keys), count): draws first..first+count of each stream, uniform in [0, 1)."""
    return uniform_at(np.array(keys, np.uint64)[:, None], np.arange(first, first + count, dtype=np.uint64))


def uniform_at(keys: Bits, counters: Bits) -> Floats:
    """Uniform draws in [0, 1) at the given counters; broadcasts."""
    return (bits(keys, counters) >> SHIFT_11).astype(np.float64) * 2.0**-53


def table(values: list[float]) -> Floats:
    """A table of TABLE_SIZE + 1 inverse-CDF knots at u = 0, 1/TABLE_SIZE, …, 1."""
    return np.array([round(value, 9) for value in values])


def interpolate(knots: Floats, position: Floats) -> Floats:
    """Values between equally spaced knots at positions in [0, len(knots) - 1), linearly."""
    index = position.astype(np.int64)
    low = knots[index]
    return low + (knots[index + 1] - low) * (position - index)


EXPONENTIAL = table([-math.log(1 - k / TABLE_SIZE) for k in range(TABLE_SIZE)] + [math.log(TABLE_SIZE) + 1])


def exponential(u: Floats) -> Floats:
    """Unit-mean exponential values of uniform draws.

    The last of the table's bins starts over (the distribution has no memory): the draw's place in that bin
    is a uniform draw again.
    """
    position = u * TABLE_SIZE
    value = interpolate(EXPONENTIAL, position)
    tail = position >= TABLE_SIZE - 1
    if tail.any():
        value[tail] = EXPONENTIAL[TABLE_SIZE - 1] + exponential(position[tail] - (TABLE_SIZE - 1))
    return value


def _normal_knots() -> list[float]:
    inverse = NormalDist().inv_cdf
    edge = 0.5 / TABLE_SIZE
    return [inverse(min(max(k / TABLE_SIZE, edge), 1 - edge)) for k in range(TABLE_SIZE + 1)]


NORMAL_KNOTS = _normal_knots()


def lognormal_table(sigma: float) -> Floats:
    """Inverse CDF of a log-normal variable with mean 1 and log standard deviation `sigma`.

    The tails end at ±3.7 standard deviations.
    """
    return table([math.exp(sigma * z - sigma * sigma / 2) for z in NORMAL_KNOTS])


def smooth(keys: Bits, position: Floats) -> Floats:
    """Value noise in [-1, 1): uniform values at whole positions, joined by 3x² - 2x³.

    `keys` (n, 1) and `position` (m,) ≥ 0 give shape (n, m).
    """
    index = position.astype(np.int64)
    x = position - index
    blend = x * x * (3.0 - 2.0 * x)
    # Positions between the same whole ones share their values, which are drawn once.
    drawn, place = np.unique(np.concatenate([index, index + 1]), return_inverse=True)
    values = np.ascontiguousarray(uniform_at(keys, drawn.astype(np.uint64)).T)
    start, end = values[place[: len(index)]], values[place[len(index) :]]
    smoothed: Floats = 2.0 * (start + (end - start) * blend[:, None]) - 1.0
    return smoothed.T
