"""The key: where it comes from, who may read it, and the refusals in their order."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from services.access.authentication import ApiKey, Caller, authenticate, check_group, local_key, write_private
from services.access.key_ring import KeyFile, keys_of, parse_keys
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
    check_group(authenticate({"x-api-key": "right", "x-group-name": "a" * 64}, KEY))
    with pytest.raises(BadRequest, match="at most 64"):
        check_group(authenticate({"x-api-key": "right", "x-group-name": "a" * 65}, KEY))


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


TEAMS = '{"api_key": "general", "keys": {"team-alpha": "alphas", "team-beta": "betas"}}'


@pytest.mark.parametrize(
    ("key", "group", "name"),
    [
        ("general", "anybody", "default"),
        ("general", "team-alpha", "default"),
        ("alphas", "team-alpha", "group team-alpha"),
        ("alphas", "team-beta", None),
        ("alphas", "anybody", None),
        ("betas", "team-beta", "group team-beta"),
        ("nonsense", "team-alpha", None),
    ],
)
def test_a_teams_key_works_with_its_group_only(key: str, group: str, name: str | None) -> None:
    assert parse_keys(TEAMS).name_of(key, group) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "two words",
        "a\0b",
        '{"api_key": secret-key}',
        "{}",
        '{"api_key": ""}',
        '{"api_key": 5}',
        '{"api_key": "secret-key", "keys": ["secret-key"]}',
        '{"api_key": "secret-key", "keys": {"": "secret-key"}}',
        '{"api_key": "secret-key", "keys": {"a": "secret key"}}',
        '{"a":' * 100_000,
    ],
)
def test_what_is_no_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"key") as refusal:
        parse_keys(text)
    assert "secret" not in str(refusal.value)


class Ticks:
    """Monotonic seconds, set by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_changed_file_counts_without_a_restart_and_the_old_key_no_longer(tmp_path: Path) -> None:
    file, ticks = tmp_path / "key", Ticks()
    write_private(file, "old-secret\n")
    keys = KeyFile(file, refresh_s=10, now_s=ticks)
    write_private(file, TEAMS)
    ticks.now_s = 9.9
    assert keys.name_of("old-secret", "a") == "default"
    ticks.now_s = 10
    assert keys.name_of("old-secret", "a") is None
    assert keys.name_of("general", "a") == "default"
    assert keys.name_of("alphas", "team-alpha") == "group team-alpha"


@pytest.mark.parametrize("broken", ["", '{"api_key": new-secret}', None])
def test_a_broken_file_leaves_the_old_key_valid_and_says_so_once(
    tmp_path: Path, broken: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    file, ticks = tmp_path / "key", Ticks()
    write_private(file, "old-secret\n")
    keys = KeyFile(file, refresh_s=10, now_s=ticks)
    if broken is None:
        file.unlink()
    else:
        write_private(file, broken)
    for ticks.now_s in (10, 20, 30):
        assert keys.name_of("old-secret", "a") == "default"
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1
    write_private(file, "new-secret")
    ticks.now_s = 40
    assert keys.name_of("new-secret", "a") == "default"
    assert keys.name_of("old-secret", "a") is None
    assert "secret" not in caplog.text


def test_keys_without_a_file_never_change(tmp_path: Path) -> None:
    assert keys_of("mine", None).name_of("mine", "a") == "default"
    write_private(tmp_path / "key", "kept")
    assert keys_of("ignored", tmp_path / "key").name_of("kept", "a") == "default"
