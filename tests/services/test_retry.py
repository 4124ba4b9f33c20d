"""Pauses between attempts: doubling, capped, short again after a success."""

from __future__ import annotations

from services.retry import Backoff


def test_pauses_double_up_to_the_cap() -> None:
    backoff = Backoff()
    assert [backoff.next_pause_s() for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_success_makes_the_next_pause_short_again() -> None:
    backoff = Backoff(2, 5)
    assert not backoff.is_retrying
    assert [backoff.next_pause_s() for _ in range(3)] == [2, 4, 5]
    assert backoff.is_retrying
    backoff.reset()
    assert not backoff.is_retrying
    assert backoff.next_pause_s() == 2


def test_equal_first_and_longest_pauses_count_as_retrying_too() -> None:
    backoff = Backoff(3, 3)
    assert backoff.next_pause_s() == backoff.next_pause_s() == 3
    assert backoff.is_retrying
