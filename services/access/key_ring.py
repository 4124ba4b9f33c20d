"""The valid keys: parsed from a text or a file, which is read again when it changes.

The text is one plain key, or JSON `{"api_key":"…","keys":{"team-alpha":"…"}}`: `api_key` works with every
group name, a team's key only with its own. No error or log message contains a key.
"""

from __future__ import annotations

import hmac
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.access.authentication import GENERAL, LONGEST_GROUP, ApiKey, Keys, digest_of
from services.refreshed_value import RefreshedValue

log = logging.getLogger("bus_simulator.keys")

GROUP_PREFIX = "group "
"""The name of a team's key is this and the group's name."""
REFRESH_S = 10.0
"""How often a key file is checked for changes."""


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """The general key, and the teams' keys by group name."""

    general: ApiKey
    of_group: Mapping[str, ApiKey]

    def name_of(self, offered: str, group: str) -> str | None:
        """See `Keys`. Always compares twice, whether the group has a key or not."""
        given, team = digest_of(offered), self.of_group.get(group)
        general = hmac.compare_digest(self.general.digest, given)
        own = hmac.compare_digest((team or self.general).digest, given)
        if general:
            return GENERAL
        return f"{GROUP_PREFIX}{group}" if own else None

    def hash_of(self, key_name: str) -> bytes | None:
        """See `Keys`."""
        if key_name == GENERAL:
            return self.general.digest
        team = self.of_group.get(key_name.removeprefix(GROUP_PREFIX))
        return team.digest if team is not None and key_name.startswith(GROUP_PREFIX) else None

    def name_of_signature(self, message: bytes, signature: bytes, group: str) -> str | None:
        """See `Keys`."""
        general = self.general.signed(message, signature)
        own = self.of_group.get(group, self.general).signed(message, signature)
        if general:
            return GENERAL
        return f"{GROUP_PREFIX}{group}" if own else None


def parse_keys(text: str) -> KeyRing:
    """Parse the keys in a text. Raises ValueError, whose message contains no key."""
    if not text.lstrip().startswith("{"):
        return KeyRing(_key(text, "the key"), {})
    try:
        found: dict[str, object] = json.loads(text)  # an object, since the text begins with {
    except (ValueError, RecursionError):
        raise ValueError("the keys are not valid JSON") from None
    teams = found.get("keys", {})
    if not isinstance(teams, dict) or not all(0 < len(group.strip()) <= LONGEST_GROUP for group in teams):
        raise ValueError(f'"keys" must map group names (at most {LONGEST_GROUP} characters) to keys')
    of_group = {group.strip(): _key(key, f'the key of group "{group}"') for group, key in teams.items()}
    return KeyRing(_key(found.get("api_key"), '"api_key"'), of_group)


def _key(text: object, name: str) -> ApiKey:
    key = text.strip() if isinstance(text, str) else ""
    if not key.isprintable() or len(key.split()) != 1:
        raise ValueError(f"{name} must be one word of text")
    return ApiKey.of(key)


class KeyFile:
    """The keys of a file. A changed file counts after at most `refresh_s`; a broken one changes nothing.

    Raises OSError or ValueError if the file can't be used at the start.
    """

    def __init__(
        self, path: Path, *, refresh_s: float = REFRESH_S, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._version: FileVersion | None = None
        self._ring = RefreshedValue(
            self._read, errors=(OSError, ValueError), on_error=self._log, refresh_s=refresh_s, now_s=now_s
        )
        self._ring.refresh()

    def name_of(self, offered: str, group: str) -> str | None:
        """See `Keys`."""
        return self._ring.get().name_of(offered, group)

    def hash_of(self, key_name: str) -> bytes | None:
        """See `Keys`."""
        return self._ring.get().hash_of(key_name)

    def name_of_signature(self, message: bytes, signature: bytes, group: str) -> str | None:
        """See `Keys`."""
        return self._ring.get().name_of_signature(message, signature, group)

    def _read(self) -> KeyRing | None:
        """Return the file's keys, None if it is the version read last."""
        found, last = version_of(self._path), self._version
        if last is not None and found == last:
            return None
        self._version = found
        ring = parse_keys(self._path.read_text(encoding="utf-8"))
        if last is not None:
            log.info("keys changed", extra={"fields": {"file": str(self._path)}})
        return ring

    def _log(self, error: Exception) -> None:
        reason = error.strerror if isinstance(error, OSError) else _reason(error)
        log.error("%s is not a valid key file (%s); the previous keys stay valid", self._path, reason)


def _reason(error: Exception) -> str:
    return "not UTF-8 text" if isinstance(error, UnicodeError) else str(error)


@dataclass(frozen=True, slots=True)
class FileVersion:
    """Identifies a version of a file; all 0 for a missing file."""

    modified_ns: int = 0
    size: int = 0
    inode: int = 0


def version_of(path: Path) -> FileVersion:
    """The version of the file at `path`."""
    try:
        found = path.stat()
    except OSError:
        return FileVersion()
    return FileVersion(found.st_mtime_ns, found.st_size, found.st_ino)


def keys_of(text: str, path: Path | None, *, refresh_s: float = REFRESH_S) -> Keys:
    """Return the keys in the file at `path`, or, without a path, in a `text` that never changes.

    Raises ValueError if there are none.
    """
    return parse_keys(text) if path is None else KeyFile(path, refresh_s=refresh_s)
