"""Keys from Secrets Manager: when they are read, and what happens while they can't be."""

from __future__ import annotations

import json
import logging

import pytest

from services.access.authentication import authenticate
from services.aws.secret_key_ring import SecretKeyRing, refreshing_keys
from services.errors import Unauthorized
from simulator.clock import Clock
from storage.errors import DependencyUnavailable
from tests.services.aws.fake_aws import FakeClient


class Secret:
    """A secret that a test changes, and seconds that it lets pass."""

    def __init__(self, **keys: object) -> None:
        self.text = json.dumps(keys)
        self.seconds = 0.0
        self.client = FakeClient(get_secret_value=lambda **_: {"SecretString": self.text})
        self.keys = SecretKeyRing(self.client, "the/secret", refresh_s=60, now_s=lambda: self.seconds)


def test_a_rotated_key_works_within_the_refresh_and_the_old_one_stops() -> None:
    secret = Secret(api_key="old", keys={"team": "theirs"})
    assert secret.keys.name_of("old", "me") == "default"
    assert secret.keys.name_of("theirs", "team") == "group team"
    secret.text = json.dumps({"api_key": "new"})
    secret.seconds = 59
    assert secret.keys.name_of("new", "me") is None
    secret.seconds = 60
    assert secret.keys.name_of("new", "me") == "default"
    assert secret.keys.name_of("old", "me") is None
    assert secret.client.requests("get_secret_value") == [{"SecretId": "the/secret"}] * 2


def test_the_last_keys_stay_valid_while_the_secret_is_unavailable_or_invalid(
    caplog: pytest.LogCaptureFixture,
) -> None:
    secret = Secret(api_key="good-key")
    assert secret.keys.name_of("good-key", "me") == "default"
    secret.client.away = True
    for seconds in (60, 120):
        secret.seconds = seconds
        assert secret.keys.name_of("good-key", "me") == "default"
    secret.client.away = False
    secret.text, secret.seconds = '{"api_key": "two words"}', 180
    assert secret.keys.name_of("good-key", "me") == "default"
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]
    assert "good-key" not in caplog.text
    assert "two words" not in caplog.text


def test_before_the_first_keys_every_request_is_refused() -> None:
    secret = Secret(api_key="key")
    secret.client.away = True
    with pytest.raises(DependencyUnavailable, match="the/secret"):
        authenticate({"x-api-key": "key", "x-group-name": "me"}, secret.keys)
    secret.client.away, secret.seconds = False, 60
    with pytest.raises(Unauthorized):
        authenticate({"x-api-key": "other", "x-group-name": "me"}, secret.keys)


def test_a_server_reads_the_secret_in_a_thread() -> None:
    secret, clock = Secret(api_key="old"), Clock()
    keys = SecretKeyRing(secret.client, "s", refresh_s=float("inf"))
    assert keys.name_of("old", "me") == "default"
    secret.text = "new"
    with refreshing_keys(keys, 0.01, clock):
        while keys.name_of("new", "me") is None:
            clock.rest(0.005)
    assert clock.closed


def test_a_change_is_logged_without_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    secret = Secret(api_key="first-key")
    secret.keys.refresh()
    secret.text = "second-key"
    secret.keys.refresh()
    secret.keys.refresh()
    assert [record.getMessage() for record in caplog.records] == ["keys changed"]
