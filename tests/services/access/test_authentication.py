"""Authentication: the source of a local key, its file's permissions, and refusals in order."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from services.access.authentication import ApiKey, Caller, authenticate, check_group, local_key
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
def test_missing_and_wrong_credentials_are_refused_in_order(headers: dict[str, str], message: str) -> None:
    with pytest.raises(Unauthorized) as refusal:
        authenticate(headers, KEY)
    assert refusal.value.body == {"error": "Unauthorized", "message": message}


def test_a_valid_key_and_a_group_identify_the_caller() -> None:
    caller = authenticate({"x-api-key": "right", "x-group-name": " team-alpha "}, KEY)
    assert caller == Caller(group="team-alpha", key_name="default")


def test_a_group_has_at_most_64_characters() -> None:
    check_group(authenticate({"x-api-key": "right", "x-group-name": "a" * 64}, KEY))
    with pytest.raises(BadRequest, match="at most 64"):
        check_group(authenticate({"x-api-key": "right", "x-group-name": "a" * 65}, KEY))


def test_the_first_start_creates_a_key_file_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "var" / "bus.duckdb.api-key"
    first, second = local_key(None, path), local_key(None, path)
    assert first.is_new
    assert not second.is_new
    assert first.text == second.text
    assert len(first.text) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_an_empty_key_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch()
    assert local_key(None, path).is_new


def test_the_key_from_the_environment_takes_precedence_and_writes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert local_key("mine", path).text == "mine"
    assert not path.exists()


def test_reprs_contain_no_key(tmp_path: Path) -> None:
    key = local_key("secret-key", tmp_path / "key")
    assert "secret-key" not in repr(key)
    assert KEY.digest.hex() not in repr(KEY)


def test_every_error_body_has_an_error_and_a_message() -> None:
    for kind in ServiceError.__subclasses__():
        assert set(kind.__new__(kind).body) == {"error", "message"}
