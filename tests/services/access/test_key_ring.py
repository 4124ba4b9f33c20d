"""Keys in a text or a file: the groups they work with, and changes of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.access.authentication import write_private
from services.access.key_ring import KeyFile, keys_of, parse_keys

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
def test_a_team_key_works_with_its_own_group_only(key: str, group: str, name: str | None) -> None:
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
def test_invalid_keys_are_refused_without_showing_them(text: str) -> None:
    with pytest.raises(ValueError, match=r"key") as refusal:
        parse_keys(text)
    assert "secret" not in str(refusal.value)


class Ticks:
    """Monotonic seconds that a test sets."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_changed_key_file_replaces_the_old_key_without_a_restart(tmp_path: Path) -> None:
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
def test_an_invalid_key_file_keeps_the_old_key_and_is_logged_once(
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
