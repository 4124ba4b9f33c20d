"""Authentication by API key and group name, with the three 401 texts in their order.

A local run's key is `BUS_SIMULATOR_API_KEY`, else the one in a file beside the database, created at the first
start. Keys are never logged.
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

from services.errors import BadRequest, Forbidden, Unauthorized

KEY_HEADER = "x-api-key"
GROUP_HEADER = "x-group-name"
LONGEST_GROUP = 64


INVALID_KEY = "Invalid API key"
GENERAL = "default"
"""Name of the key that works with every group name."""


class Keys(Protocol):
    """The currently valid keys."""

    def name_of(self, offered: str, group: str) -> str | None:
        """Return the name of the key with the text `offered`, None if `group` may not use it.

        Takes the same time whatever is offered.
        """

    def hash_of(self, key_name: str) -> bytes | None:
        """Return the SHA-256 hash of the key with a name, None if no key has it."""

    def name_of_signature(self, message: bytes, signature: bytes, group: str) -> str | None:
        """Return the name of the key that `signed` a message, None if `group` may use none that did."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated client: its group, and the name of its key (never the key itself)."""

    group: str
    key_name: str


@dataclass(frozen=True, slots=True, repr=False)
class ApiKey:
    """A key, kept as its SHA-256 hash. Comparing hashes takes the same time for all keys."""

    digest: bytes

    @classmethod
    def of(cls, key: str) -> ApiKey:
        """The key with this text."""
        return cls(digest_of(key))

    def matches(self, key: str) -> bool:
        """Whether `key` is the text of this key; in constant time."""
        return hmac.compare_digest(self.digest, digest_of(key))

    def name_of(self, offered: str, _group: str) -> str | None:
        """See `Keys`; this key is the only one."""
        return GENERAL if self.matches(offered) else None

    def hash_of(self, key_name: str) -> bytes | None:
        """See `Keys`."""
        return self.digest if key_name == GENERAL else None

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made the signature of a message; in constant time."""
        return hmac.compare_digest(_signature(self.digest, message), signature)

    def name_of_signature(self, message: bytes, signature: bytes, _group: str) -> str | None:
        """See `Keys`."""
        return GENERAL if self.signed(message, signature) else None


def signed(message: bytes, key: str) -> bytes:
    """Sign a message with a key's text, so that every process that has the key can tell (HMAC-SHA-256)."""
    return _signature(digest_of(key), message)


def _signature(digest: bytes, message: bytes) -> bytes:
    return hmac.digest(digest, message, "sha256")


def digest_of(key: str) -> bytes:
    """The hash that is kept and compared instead of a key's text."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def authenticate(headers: Mapping[str, str], keys: Keys) -> Caller:
    """Return the caller that the headers name. Raises `Unauthorized`.

    `headers` has lower-case names. An empty header counts as missing.
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
    """Raise `BadRequest` for a group name that is too long. Call it after the check for 404 and 405."""
    if len(caller.group) > LONGEST_GROUP:
        raise BadRequest(f"Invalid {GROUP_HEADER} header: at most {LONGEST_GROUP} characters")


MAIN_KEY_ONLY = "Only the main API key may disturb the city; this is the key of a group"


def check_main_key(caller: Caller | None) -> None:
    """Raise `Forbidden` unless the caller has the key that works with every group name."""
    if caller is None or caller.key_name != GENERAL:
        raise Forbidden(MAIN_KEY_ONLY)


QUERY_NAMES = {"api_key": KEY_HEADER, "group_name": GROUP_HEADER}
"""Parameters of a WebSocket's URL that carry credentials, and the headers they stand for."""


def credentials_in(query: Mapping[str, str], names: Mapping[str, str] = QUERY_NAMES) -> dict[str, str]:
    """Return the key and group in a URL's parameters, by the header names they stand for.

    URL decoding turns `+` into a space. No key contains a space, so spaces in the key are turned back.
    """
    found = {header: query[name] for name, header in names.items() if name in query}
    if KEY_HEADER in found:
        found[KEY_HEADER] = found[KEY_HEADER].replace(" ", "+")
    return found


@dataclass(frozen=True, slots=True, repr=False)
class LocalKey:
    """The key of a local run: its text, its file (None if from the environment), and whether it is new."""

    text: str
    path: Path | None
    is_new: bool


def local_key(from_environment: str | None, path: Path) -> LocalKey:
    """Return the key from the environment, else from the file at `path`, which is created if absent.

    The file is readable by its owner only. Raises OSError if it can be neither read nor written.
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
    """Write a file that only its owner may read, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
    draft.replace(path)
