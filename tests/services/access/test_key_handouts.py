"""Key files to hand out, and rotation of plain keys."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from services.access.key_handouts import Addresses, handout_path, write_handouts
from services.access.key_plaintext import PlainKeys, new_key, parse_plain_keys, team_name

KEYS = PlainKeys("general-key", {"team-alpha": "alphas-key", "team/beta": "betas-key"})
URLS = Addresses("https://api.example.org", "wss://ws.example.org", "https://mcp.example.org")


def test_organisers_get_every_key_and_each_team_its_own(tmp_path: Path) -> None:
    output = tmp_path / "keys.txt"
    written = write_handouts(KEYS, output, URLS)
    assert written == [output, tmp_path / "keys.team-alpha.txt", tmp_path / "keys.team%2Fbeta.txt"]
    texts = {path: path.read_text() for path in written}
    assert all(key in texts[output] for key in ("general-key", "alphas-key", "betas-key"))
    team = texts[handout_path(output, "team-alpha")]
    assert "GROUP_NAME=team-alpha\nAPI_KEY=alphas-key\n" in team
    assert "MCP_URL=https://mcp.example.org\n" in team
    assert all(line.startswith("#") for line in team.splitlines()[5:])
    assert "general-key" not in team
    assert "betas-key" not in team


def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    for path in write_handouts(KEYS, tmp_path / "keys.txt", URLS):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_rotation_changes_the_chosen_keys_only() -> None:
    general = KEYS.with_new_general(lambda: "new")
    assert (general.general, general.of_team) == ("new", KEYS.of_team)
    teams = KEYS.with_new_teams(["team-alpha", "team-gamma"], lambda: "new")
    assert teams.general == KEYS.general
    assert teams.of_team == {"team-alpha": "new", "team/beta": "betas-key", "team-gamma": "new"}


def test_keys_survive_writing_and_parsing() -> None:
    assert parse_plain_keys(KEYS.text) == KEYS
    assert parse_plain_keys(" one-key\n") == PlainKeys("one-key", {})


def test_new_keys_differ_and_need_no_quoting() -> None:
    first, second = new_key(), new_key()
    assert first != second
    assert first.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("name", ["", "  ", "a" * 65, "a\nb"])
def test_a_name_that_no_header_could_hold_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a group name"):
        team_name(name)
