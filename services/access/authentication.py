"""Who may ask: the API key, where it comes from, and the three refusals in their order.

The key is `BUS_SIMULATOR_API_KEY`, else the one kept in a file beside the database, made at first start.
It is never logged.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.errors import BadRequest, Unauthorized

KEY_HEADER = "x-api-key"
GROUP_HEADER = "x-group-name"
LONGEST_GROUP = 64


INVALID_KEY = "Invalid API key"
GENERAL = "default"
"""The name of the key that works with every group name."""


class Keys(Protocol):
    """The keys that are valid now."""

    def name_of(self, offered: str, group: str) -> str | None:
        """The name of the key whose text is `offered`, if `group` may use it; in constant time."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the group, and the name of the key it came with (never the key itself)."""

    group: str
    key_name: str


@dataclass(frozen=True, slots=True, repr=False)
class ApiKey:
    """A key, kept as its hash: comparing hashes takes the same time whatever is compared."""

    digest: bytes

    @classmethod
    def of(cls, key: str) -> ApiKey:
        """The key with this text."""
        return cls(digest_of(key))

    def matches(self, key: str) -> bool:
        """Whether `key` is this key, in constant time."""
        return hmac.compare_digest(self.digest, digest_of(key))

    def name_of(self, offered: str, _group: str) -> str | None:
        """See `Keys`: this is the only one."""
        return GENERAL if self.matches(offered) else None


def digest_of(key: str) -> bytes:
    """What is kept and compared in the place of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def authenticate(headers: Mapping[str, str], keys: Keys) -> Caller:
    """Who asks. Raises `Unauthorized`.

    `headers` has lower-case names. An empty header is a missing one.
    """
    offered, group = headers.get(KEY_HEADER, "").strip(), headers.get(GROUP_HEADER, "").strip()
    if not offered:
        raise Unauthorized(f"Missing {KEY_HEADER} header")
    if not group:
        raise Unauthorized(f"Missing {GROUP_HEADER} header")
    name = keys.name_of(offered, group)
    if name is None:
        raise Unauthorized(INVALID_KEY)
    return Caller(group, name)


def check_group(caller: Caller) -> None:
    """Raise `BadRequest` for a group name that is too long: to be asked once the path is known to exist."""
    if len(caller.group) > LONGEST_GROUP:
        raise BadRequest(f"Invalid {GROUP_HEADER} header: at most {LONGEST_GROUP} characters")


QUERY_NAMES = {"api_key": KEY_HEADER, "group_name": GROUP_HEADER}
"""The credentials of a WebSocket's query, by the names of the headers that they stand for."""


def credentials_in(query: Mapping[str, str]) -> dict[str, str]:
    """Key and group of a WebSocket's query, by their headers' names, as far as it has them.

    A query turns `+` into a space; no key has one, so in the key it is turned back.
    """
    asked = {header: query[name] for name, header in QUERY_NAMES.items() if name in query}
    if KEY_HEADER in asked:
        asked[KEY_HEADER] = asked[KEY_HEADER].replace(" ", "+")
    return asked


@dataclass(frozen=True, slots=True, repr=False)
class LocalKey:
    """The key of a local run: its text, the file that keeps it (None: environment), and whether it is new."""

    text: str
    path: Path | None
    is_new: bool


def local_key(from_environment: str | None, path: Path) -> LocalKey:
    """The environment's key, else that of the file at `path`, made readable for its owner only if absent.

    Raises OSError where the file can be neither read nor made.
    """
    if from_environment is not None:
        return LocalKey(from_environment, None, is_new=False)
    kept = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    if kept:
        return LocalKey(kept, path, is_new=False)
    made = secrets.token_urlsafe(24)
    write_private(path, made + "\n")
    return LocalKey(made, path, is_new=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
    draft.replace(path)
