"""Keys in plain text, for handing them out and rotating them.

Servers keep hashes only (`services.access.key_ring`). Nothing here prints or logs a key.
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
    """Return a random key of 256 bits, in characters that need no quoting in a shell or URL."""
    return secrets.token_urlsafe(KEY_BYTES)


@dataclass(frozen=True, slots=True, repr=False)
class PlainKeys:
    """The general key, which works with every group name, and teams' keys, each for its group name only."""

    general: str
    of_team: Mapping[str, str]

    @property
    def text(self) -> str:
        """The content of a secret or key file with these keys."""
        teams = {"keys": dict(sorted(self.of_team.items()))} if self.of_team else {}
        return json.dumps({"api_key": self.general, **teams})

    @property
    def file_text(self) -> str:
        """The content of a local key file: the general key alone, ready to be copied, if no team has one."""
        return self.text if self.of_team or self.general.startswith("{") else self.general

    def with_new_general(self, make: Callable[[], str] = new_key) -> PlainKeys:
        """Return these keys with a new general key."""
        return replace(self, general=make())

    def with_new_teams(self, teams: Iterable[str], make: Callable[[], str] = new_key) -> PlainKeys:
        """Return these keys with a new key for each of `teams`, whether it had one or not."""
        return replace(self, of_team={**self.of_team, **{team: make() for team in teams}})


def parse_plain_keys(text: str) -> PlainKeys:
    """Parse a secret or key file. Raises ValueError, whose message contains nothing of the text."""
    parse_keys(text)
    if not text.lstrip().startswith("{"):
        return PlainKeys(text.strip(), {})
    found = json.loads(text)
    teams = {group.strip(): key.strip() for group, key in found.get("keys", {}).items()}
    return PlainKeys(found["api_key"].strip(), teams)


def team_name(name: str) -> str:
    """Return `name` as a group name. Raises ValueError if no request header could hold it."""
    if not 0 < len(name.strip()) <= LONGEST_GROUP or not name.isprintable():
        raise ValueError(f"'{name}' is not a group name: use 1 to {LONGEST_GROUP} printable characters")
    return name.strip()
