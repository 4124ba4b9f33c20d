"""Tokens are good for five minutes with one request, and new again after four hours."""

from __future__ import annotations

import pytest

from services.timestream_local.errors import ValidationException
from services.timestream_local.running.client_tokens import MOST_KEPT, ClientTokens

TOKEN = "t" * 32


class Seconds:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_token_is_sent_again_within_five_minutes_only() -> None:
    clock = Seconds()
    tokens = ClientTokens(clock)
    tokens.check(TOKEN, "SELECT 1")
    clock.now += 299
    tokens.check(TOKEN, "SELECT 1")
    clock.now += 2
    with pytest.raises(ValidationException, match="5 minutes"):
        tokens.check(TOKEN, "SELECT 1")


def test_a_token_is_new_again_after_four_hours() -> None:
    clock = Seconds()
    tokens = ClientTokens(clock)
    tokens.check(TOKEN, "SELECT 1")
    with pytest.raises(ValidationException, match="another request"):
        tokens.check(TOKEN, "SELECT 2")
    clock.now += 4 * 3600 + 1
    tokens.check(TOKEN, "SELECT 2")


@pytest.mark.parametrize("token", ["t" * 31, "t" * 129])
def test_a_token_of_another_length_is_refused(token: str) -> None:
    with pytest.raises(ValidationException, match="32 to 128"):
        ClientTokens().check(token, "SELECT 1")


def test_the_oldest_tokens_are_forgotten_beyond_a_number() -> None:
    tokens = ClientTokens()
    for number in range(MOST_KEPT + 1):
        tokens.check(f"{number:032}", "SELECT 1")
    tokens.check(f"{0:032}", "SELECT 2")
    with pytest.raises(ValidationException):
        tokens.check(f"{MOST_KEPT:032}", "SELECT 2")
