"""The keys as an operator holds them: the texts themselves, to be handed out and changed.

Everything else keeps their hashes only (`services.access.key_ring`). Nothing here is ever printed or logged.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from services.access.authentication import LONGEST_GROUP
from services.access.key_ring import parse_keys

KEY_BYTES = 32


def new_key() -> str:
    """A key that nobody can guess, of letters that need no quoting anywhere."""
    return secrets.token_urlsafe(KEY_BYTES)


@dataclass(frozen=True, slots=True, repr=False)
class PlainKeys:
    """The key that works with every group name, and the teams' own, each for its group name only."""

    general: str
    of_team: Mapping[str, str]

    @property
    def text(self) -> str:
        """As a secret or a key file has them."""
        teams = {"keys": dict(sorted(self.of_team.items()))} if self.of_team else {}
        return json.dumps({"api_key": self.general, **teams})

    def with_new_general(self, make: Callable[[], str] = new_key) -> PlainKeys:
        """The same, with another general key."""
        return replace(self, general=make())

    def with_new_teams(self, teams: Iterable[str], make: Callable[[], str] = new_key) -> PlainKeys:
        """The same, with another key for each of these teams, those that had none included."""
        return replace(self, of_team={**self.of_team, **{team: make() for team in teams}})


def parse_plain_keys(text: str) -> PlainKeys:
    """The keys of a secret or a key file. ValueError, which shows nothing of it, for what is none."""
    parse_keys(text)
    if not text.lstrip().startswith("{"):
        return PlainKeys(text.strip(), {})
    found = json.loads(text)
    teams = {group.strip(): key.strip() for group, key in found.get("keys", {}).items()}
    return PlainKeys(found["api_key"].strip(), teams)


def team_name(name: str) -> str:
    """A group name for a team. ValueError for one that no request could bear."""
    if not 0 < len(name.strip()) <= LONGEST_GROUP or not name.isprintable():
        raise ValueError(f"'{name}' is no group name: 1 to {LONGEST_GROUP} printable characters")
    return name.strip()
