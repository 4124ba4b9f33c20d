"""Logins by user and by application, and tokens that every process with the keys accepts until they end."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from services.access.authentication import ApiKey, Caller
from services.access.key_ring import parse_keys
from services.feeds.emt.envelope import (
    InvalidToken,
    NoCredentials,
    Refusal,
    WrongApplicationKeys,
    WrongPassword,
)
from services.feeds.emt.login import LIFETIME_S, EmtLogin

RING = parse_keys('{"api_key": "general", "keys": {"team-alpha": "own"}}')
START_S = 1_000_000.0


class Wall:
    """Wall time that a test sets."""

    def __init__(self) -> None:
        self.now_s = START_S

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("headers", "caller"),
    [
        ({"email": "me@example.org", "password": "general"}, Caller("me", "default")),
        ({"email": "team-alpha@example.org", "password": "own"}, Caller("team-alpha", "group team-alpha")),
        ({"email": "@", "password": "general"}, Caller("@", "default")),
        ({"email": "m" * 99, "password": "general"}, Caller("m" * 64, "default")),
        ({"x-clientid": "team-alpha", "passkey": "own"}, Caller("team-alpha", "group team-alpha")),
        ({"x-clientid": "any", "passkey": "general", "email": "", "password": "x"}, Caller("any", "default")),
        ({"x-clientid": "any", "email": "me@x", "password": "general"}, Caller("me", "default")),
    ],
)
def test_a_login_names_its_caller_and_so_does_its_token(headers: Mapping[str, str], caller: Caller) -> None:
    session = EmtLogin(RING).session(headers)
    assert session.caller == caller
    assert EmtLogin(RING).caller({"accesstoken": f" {session.token} "}) == caller
    assert session.token.isascii()


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({}, NoCredentials),
        ({"email": "me@example.org"}, NoCredentials),
        ({"password": "general"}, NoCredentials),
        ({"x-clientid": "team-alpha"}, NoCredentials),
        ({"passkey": "general"}, NoCredentials),
        ({"email": "me@example.org", "password": "wrong"}, WrongPassword),
        ({"email": "team-beta@example.org", "password": "own"}, WrongPassword),
        ({"x-clientid": "team-beta", "passkey": "own"}, WrongApplicationKeys),
    ],
)
def test_other_credentials_are_refused(headers: Mapping[str, str], refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        EmtLogin(RING).session(headers)


def test_a_token_ends_after_a_day_of_wall_time() -> None:
    wall = Wall()
    login = EmtLogin(RING, wall_s=wall)
    session = login.session({"email": "me@example.org", "password": "general"})
    assert session.ends_s == START_S + LIFETIME_S
    wall.now_s += LIFETIME_S - 1
    assert login.caller({"accesstoken": session.token}) == session.caller
    wall.now_s += 1
    with pytest.raises(InvalidToken):
        login.caller({"accesstoken": session.token})


def test_a_token_ends_with_its_key() -> None:
    token = EmtLogin(ApiKey.of("old")).session({"email": "me@x", "password": "old"}).token
    assert EmtLogin(ApiKey.of("old")).caller({"accesstoken": token}) == Caller("me", "default")
    with pytest.raises(InvalidToken):
        EmtLogin(ApiKey.of("new")).caller({"accesstoken": token})


def test_a_token_that_was_changed_is_refused() -> None:
    login = EmtLogin(RING)
    group, ends, signature = login.session({"email": "team-alpha@x", "password": "own"}).token.split(".")
    forged = [
        "",
        "x",
        "..",
        f"{group}.{ends}",
        f"{group}.{ends}.",
        f"{group}.{int(ends) + 1}.{signature}",
        f"bWU.{ends}.{signature}",
        f"{group}.{ends}.{signature[:-2]}",
        f"{group}.{ends}.é",
        f"\xff.{ends}.{signature}",
        "A" * 10_000,
    ]
    for token in forged:
        with pytest.raises(InvalidToken):
            login.caller({"accesstoken": token})
