"""The key: where it comes from, who may read it, and the refusals in their order."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from services.auth import ApiKey, Caller, authenticate, local_key
from services.errors import BadRequest, ServiceError, Unauthorized

KEY = ApiKey.of("right")
REFUSED: list[tuple[dict[str, str], str]] = [
    ({}, "Missing x-api-key header"),
    ({"x-group-name": "a"}, "Missing x-api-key header"),
    ({"x-api-key": "", "x-group-name": "a"}, "Missing x-api-key header"),
    ({"x-api-key": "wrong"}, "Missing x-group-name header"),
    ({"x-api-key": "right", "x-group-name": "  "}, "Missing x-group-name header"),
    ({"x-api-key": "wrong", "x-group-name": "a"}, "Invalid API key"),
    ({"x-api-key": "right ever", "x-group-name": "a"}, "Invalid API key"),
    ({"x-api-key": "wr\xf6ng", "x-group-name": "a" * 65}, "Invalid API key"),
]


@pytest.mark.parametrize(("headers", "message"), REFUSED)
def test_refusals_come_in_order(headers: dict[str, str], message: str) -> None:
    with pytest.raises(Unauthorized) as refusal:
        authenticate(headers, KEY)
    assert refusal.value.body == {"error": "Unauthorized", "message": message}


def test_the_right_key_with_a_group_passes() -> None:
    caller = authenticate({"x-api-key": "right", "x-group-name": " team-alpha "}, KEY)
    assert caller == Caller(group="team-alpha", key_name="default")


def test_a_group_has_at_most_64_characters() -> None:
    assert authenticate({"x-api-key": "right", "x-group-name": "a" * 64}, KEY).group == "a" * 64
    with pytest.raises(BadRequest, match="at most 64"):
        authenticate({"x-api-key": "right", "x-group-name": "a" * 65}, KEY)


def test_a_first_start_makes_a_key_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "var" / "bus.duckdb.api-key"
    first, second = local_key(None, path), local_key(None, path)
    assert first.is_new
    assert not second.is_new
    assert first.text == second.text
    assert len(first.text) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_an_empty_key_file_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch()
    assert local_key(None, path).is_new


def test_the_environments_key_wins_and_touches_no_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert local_key("mine", path).text == "mine"
    assert not path.exists()


def test_no_key_shows_when_things_are_printed(tmp_path: Path) -> None:
    key = local_key("secret-key", tmp_path / "key")
    assert "secret-key" not in repr(key)
    assert KEY.digest.hex() not in repr(KEY)


def test_every_error_has_the_contracts_shape() -> None:
    for kind in ServiceError.__subclasses__():
        assert set(kind.__new__(kind).body) == {"error", "message"}
