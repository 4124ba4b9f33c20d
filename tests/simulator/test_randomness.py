import math

import numpy as np
import pytest

from simulator.randomness import random_numbers
from simulator.randomness.keys import random_key

KEY = random_key(1, "arrivals", "L1/0/S001", "2026-05-05")


def test_keys_are_frozen() -> None:
    assert random_key(1, "travel", "B001", "2026-11-23") == 13966625855394073314
    assert KEY == 2261084047393795080


def test_raw_bits_are_splitmix64() -> None:
    # The first outputs of SplitMix64 seeded with 1234567, from its reference implementation.
    bits = random_numbers.bits(np.array([1234567], np.uint64), np.arange(5, dtype=np.uint64))
    assert bits.tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@pytest.mark.parametrize(
    ("other"),
    [
        random_key(2, "arrivals", "L1/0/S001", "2026-05-05"),
        random_key(1, "travel", "L1/0/S001", "2026-05-05"),
        random_key(1, "arrivals", "L1/0/S002", "2026-05-05"),
        random_key(1, "arrivals", "L1/0/S001", "2026-05-06"),
    ],
)
def test_every_part_of_a_key_gives_another_stream(other: int) -> None:
    ours, theirs = random_numbers.uniform([KEY, other], 2000)
    assert abs(np.corrcoef(ours, theirs)[0, 1]) < 0.06


def test_a_draw_is_addressed_by_its_counter() -> None:
    whole = random_numbers.uniform([KEY], 100)
    assert np.array_equal(whole[:, 40:60], random_numbers.uniform([KEY], 20, first=40))


def test_streams_drawn_together_equal_streams_drawn_alone() -> None:
    together = random_numbers.uniform([KEY, 7], 10)
    assert np.array_equal(together[1:], random_numbers.uniform([7], 10))


def test_uniform_values_fill_the_unit_interval_evenly() -> None:
    values = random_numbers.uniform([KEY], 200_000)[0]
    assert values.min() >= 0
    assert values.max() < 1
    counts = np.bincount((values * 100).astype(int), minlength=100)
    assert ((counts - 2000) ** 2 / 2000).sum() < 149  # chi-square, 99 degrees of freedom, p = 0.001


def test_exponential_values_have_the_distribution() -> None:
    values = random_numbers.exponential(random_numbers.uniform([KEY], 400_000)[0])
    assert values.mean() == pytest.approx(1, abs=0.006)
    for quantile in (0.1, 0.5, 0.9, 0.99, 0.9999):
        share = (values <= -math.log(1 - quantile)).mean()
        assert share == pytest.approx(quantile, abs=4 * np.sqrt(quantile * (1 - quantile) / 400_000) + 1e-5)


def test_exponential_values_are_frozen() -> None:
    values = random_numbers.exponential(np.array([0.0, 0.25, 0.5, 0.75, 0.9999, 1 - 2**-53]))
    assert values.tolist() == [0.0, 0.287682072, 0.693147181, 1.386294361, 9.21034040820011, 36.736800571]


def test_lognormal_values_have_mean_one() -> None:
    table = random_numbers.lognormal_table(0.26)
    values = random_numbers.interpolate(
        table, random_numbers.uniform([KEY], 200_000)[0] * random_numbers.TABLE_SIZE
    )
    assert values.mean() == pytest.approx(1, abs=0.003)
    assert np.std([math.log(value) for value in values]) == pytest.approx(0.26, abs=0.003)


def test_smooth_noise_is_continuous_and_bounded() -> None:
    keys = np.array([[KEY], [7]], np.uint64)
    values = random_numbers.smooth(keys, np.arange(0, 40, 0.01))
    assert values.shape == (2, 4000)
    assert np.abs(values).max() <= 1
    assert np.abs(np.diff(values)).max() < 0.031  # the steepest slope is 1.5 times a range of 2
