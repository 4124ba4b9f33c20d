"""Sessions of browsers: a signed token stands for a key, so that pages needn't keep the key.

A token says whose it is and until when, signed with the hash of the key. No server keeps sessions: a token
holds across restarts and in every process with the same keys, and ends when its key is replaced.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass

from services.access.authentication import Caller, Keys

LIFETIME_S = 12 * 3600
LONGEST_TOKEN = 1024


@dataclass(frozen=True, slots=True)
class Session:
    """A caller, until `expires_s` (seconds since the Unix epoch)."""

    caller: Caller
    expires_s: int


def new_token(caller: Caller, keys: Keys, *, now_s: float) -> str:
    """Return a token for a caller, valid for `LIFETIME_S`. Raises KeyError if its key is no longer known."""
    signing_key = keys.hash_of(caller.key_name)
    if signing_key is None:
        raise KeyError(caller.key_name)
    content = json.dumps([caller.key_name, caller.group, int(now_s) + LIFETIME_S]).encode()
    return f"{_text(content)}.{_text(_signature(signing_key, content))}"


def session_of(token: str, keys: Keys, *, now_s: float) -> Session | None:
    """Return the session of a token; None if it has expired, or wasn't made with one of the keys."""
    found = _parsed(token)
    if found is None:
        return None
    session, content, signature = found
    signing_key = keys.hash_of(session.caller.key_name)
    if signing_key is None or not hmac.compare_digest(_signature(signing_key, content), signature):
        return None
    return session if now_s < session.expires_s else None


def _parsed(token: str) -> tuple[Session, bytes, bytes] | None:
    """The session that a token claims to be, its signed content and its signature."""
    if len(token) > LONGEST_TOKEN:
        return None
    first, _, second = token.partition(".")
    try:
        content, signature = base64.urlsafe_b64decode(first), base64.urlsafe_b64decode(second)
        key_name, group, expires_s = json.loads(content)
    except (ValueError, TypeError, RecursionError):
        return None
    if not isinstance(key_name, str) or not isinstance(group, str) or not isinstance(expires_s, int):
        return None
    return Session(Caller(group, key_name), expires_s), content, signature


def _signature(signing_key: bytes, content: bytes) -> bytes:
    return hmac.digest(signing_key, b"bus-simulator session " + content, hashlib.sha256)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode()
