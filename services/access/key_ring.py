"""The keys that are valid now: read from a text or a file, and read again when the file changes.

A text is a plain key, or JSON `{"api_key":"…","keys":{"team-alpha":"…"}}`: the first works with every group
name, a team's only with its own. No message names a key.
"""

from __future__ import annotations

import hmac
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.access.authentication import GENERAL, LONGEST_GROUP, ApiKey, Keys, digest_of

log = logging.getLogger("bus_simulator.keys")

REFRESH_S = 10.0
"""How often a key file is looked at."""


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """A general key, and keys by the group they are for."""

    general: ApiKey
    of_group: Mapping[str, ApiKey]

    def name_of(self, offered: str, group: str) -> str | None:
        """See `Keys`. Always two comparisons, whatever there is."""
        given, team = digest_of(offered), self.of_group.get(group)
        general = hmac.compare_digest(self.general.digest, given)
        own = hmac.compare_digest((team or self.general).digest, given)
        if general:
            return GENERAL
        return f"group {group}" if own else None


def parse_keys(text: str) -> KeyRing:
    """The keys of a text. ValueError, which shows nothing of it, for what isn't one."""
    if not text.lstrip().startswith("{"):
        return KeyRing(_key(text, "the key"), {})
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("the keys are no valid JSON") from None
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
    """The keys of a file. One that is changed counts after at most `refresh_s`; a broken one changes nothing.

    Raises OSError or ValueError where there is nothing to begin with.
    """

    def __init__(
        self, path: Path, *, refresh_s: float = REFRESH_S, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._path, self._refresh_s, self._now_s = path, refresh_s, now_s
        self._looked_s, self._seen = now_s(), _state(path)
        self._ring = parse_keys(path.read_text(encoding="utf-8"))

    def name_of(self, offered: str, group: str) -> str | None:
        """See `Keys`."""
        now_s = self._now_s()
        if now_s - self._looked_s >= self._refresh_s:
            self._looked_s = now_s
            self._refresh()
        return self._ring.name_of(offered, group)

    def _refresh(self) -> None:
        """Read the file if it isn't the one seen last."""
        found = _state(self._path)
        if found == self._seen:
            return
        try:
            self._ring = parse_keys(self._path.read_text(encoding="utf-8"))
            log.info("keys changed", extra={"fields": {"file": str(self._path)}})
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else _reason(error)
            log.error("%s is no key file (%s): the keys before it stay valid", self._path, reason)
        self._seen = found


def _reason(error: ValueError) -> str:
    return "no UTF-8 text" if isinstance(error, UnicodeError) else str(error)


def _state(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file does; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def keys_of(text: str, path: Path | None, *, refresh_s: float = REFRESH_S) -> Keys:
    """The keys of the file at `path`, else of a text that never changes. ValueError for what are none."""
    return parse_keys(text) if path is None else KeyFile(path, refresh_s=refresh_s)
