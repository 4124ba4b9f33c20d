"""The caller of a request or handshake: by the key that it sends, else by a browser's session cookie.

A cookie counts only for requests of the map's own pages. Its attribute SameSite=Strict keeps it out of other
sites' requests. Pages of other ports of this host count as the same site, hence the check of Origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.types import Scope

from services.access.authentication import KEY_HEADER, Caller, Keys, authenticate
from services.access.sessions import Session, session_of
from services.errors import Unauthorized
from services.web.access_log import SESSION_GROUP, headers_of
from simulator.clock import SystemWall

COOKIE = "bus-simulator-session"
FOREIGN_PAGE = (
    "Only this server's own pages may use the session's cookie; changes and WebSockets need an Origin header "
    f"that names this server. Other clients send {KEY_HEADER}"
)
SESSION_ENDED = f"The session has ended: sign in again, or send {KEY_HEADER}"
READING = ("GET", "HEAD")
OWN_SITE = ("same-origin", "none")
"""Values of Sec-Fetch-Site: a page of this origin, or the person who typed the address."""


def caller_of(scope: Scope, offered: Mapping[str, str], keys: Keys) -> Caller:
    """Return the caller that `offered` headers or the scope's cookie name. Raises `Unauthorized`."""
    headers = headers_of(scope)
    if KEY_HEADER in offered or token_in(headers) is None:
        return authenticate(offered, keys)
    session = session_in(scope, keys)
    if session is None:
        raise Unauthorized(SESSION_ENDED if is_own_page(scope, headers) else FOREIGN_PAGE)
    scope[SESSION_GROUP] = session.caller.group
    return session.caller


def session_in(scope: Scope, keys: Keys) -> Session | None:
    """The session of a request's cookie; None without a valid one, and for another site's request."""
    headers = headers_of(scope)
    token = token_in(headers)
    if token is None or not is_own_page(scope, headers):
        return None
    return session_of(token, keys, now_s=SystemWall().time())


def is_own_page(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether a page of this server sends the request. All but reading needs an Origin that says so."""
    if headers.get("sec-fetch-site", "same-origin") not in OWN_SITE:
        return False
    origin = headers.get("origin")
    if origin is None:
        return scope["type"] == "http" and scope["method"] in READING
    return urlsplit(origin).netloc == headers.get("host")


def token_in(headers: Mapping[str, str]) -> str | None:
    """The text of the session's cookie; None without one."""
    return cookies_in(headers.get("cookie", "")).get(cookie_name(headers))


def cookie_name(headers: Mapping[str, str]) -> str:
    """The name of the cookie: with the port, since a host's cookies go to the servers of all its ports."""
    port = headers.get("host", "").rpartition(":")[2]
    return f"{COOKIE}-{port}" if port.isdigit() else COOKIE


def cookies_in(header: str) -> dict[str, str]:
    """The cookies of a Cookie header, by name."""
    pairs = (part.partition("=") for part in header.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}
