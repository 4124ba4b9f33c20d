"""EMT's login: who calls, and the access token of the calls after it.

A token holds the caller's group and its end, signed with the API key. So every process that has the keys
accepts it, it survives a restart, and it ends with the key. Its seconds are wall seconds, whatever the
simulated clock does.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from services.access.authentication import LONGEST_GROUP, Caller, Keys, signed
from services.access.rate_limits import WALL_S
from services.feeds.emt.envelope import InvalidToken, NoCredentials, WrongApplicationKeys, WrongPassword

EMAIL, PASSWORD, CLIENT_ID, PASS_KEY, TOKEN = "email", "password", "x-clientid", "passkey", "accesstoken"
"""The headers, in lower case."""
EMT_HEADERS = (EMAIL, PASSWORD, CLIENT_ID, PASS_KEY, TOKEN)
LIFETIME_S = 86_400
LONGEST_TOKEN = 1024


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """A login: its caller, the e-mail or client id that it gave, its token, and when that ends."""

    caller: Caller
    user: str
    is_application: bool
    token: str
    ends_s: float


class _Offered(NamedTuple):
    """The credentials of a login."""

    user: str
    group: str
    key: str
    is_application: bool


class EmtLogin:
    """Checks logins and tokens against the API keys."""

    def __init__(self, keys: Keys, *, wall_s: Callable[[], float] = WALL_S) -> None:
        self._keys, self._wall_s = keys, wall_s

    def session(self, headers: Mapping[str, str]) -> Session:
        """Log in by `X-ClientId` and `passKey`, else by `email` and `password`. Raises `Refusal`."""
        offered = _offered(headers)
        name = self._keys.name_of(offered.key, offered.group)
        if name is None:
            raise WrongApplicationKeys if offered.is_application else WrongPassword
        ends_s = int(self._wall_s()) + LIFETIME_S
        token = _token(offered.group, ends_s, offered.key)
        return Session(Caller(offered.group, name), offered.user, offered.is_application, token, ends_s)

    def caller(self, headers: Mapping[str, str]) -> Caller:
        """The caller whose token the headers have. Raises `InvalidToken`."""
        content, _, signature = headers.get(TOKEN, "").strip()[:LONGEST_TOKEN].rpartition(".")
        group, _, ends = content.partition(".")
        try:
            made, name = _decoded(signature), _decoded(group).decode()
            ends_s = int(ends)
        except ValueError:
            raise InvalidToken from None
        key_name = self._keys.name_of_signature(_message(content), made, name)
        if key_name is None or ends_s <= self._wall_s():
            raise InvalidToken
        return Caller(name, key_name)


def _offered(headers: Mapping[str, str]) -> _Offered:
    """The credentials in the headers. The group of a user is the part of the e-mail before the @."""
    client_id, pass_key = headers.get(CLIENT_ID, "").strip(), headers.get(PASS_KEY, "").strip()
    email, password = headers.get(EMAIL, "").strip(), headers.get(PASSWORD, "").strip()
    if client_id and pass_key:
        return _Offered(client_id, client_id[:LONGEST_GROUP], pass_key, is_application=True)
    if email and password:
        group = email.partition("@")[0].strip() or email
        return _Offered(email, group[:LONGEST_GROUP], password, is_application=False)
    raise NoCredentials


def _token(group: str, ends_s: int, key: str) -> str:
    content = f"{_encoded(group.encode())}.{ends_s}"
    return f"{content}.{_encoded(signed(_message(content), key))}"


def _message(content: str) -> bytes:
    """What is signed: the name of the purpose keeps signatures of other kinds out."""
    return b"emt-token:" + content.encode()


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    """Decode base64 without padding. Raises ValueError."""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError(str(error)) from None
