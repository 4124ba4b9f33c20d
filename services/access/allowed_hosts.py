"""Host and Origin headers that a server accepts, as a defence against DNS rebinding.

A foreign web page can make its own DNS name resolve to this machine, but it can claim neither `localhost` nor
a bare address. So a server on a loopback address accepts only `localhost` and loopback addresses. Any other
server accepts every address, the machine's name, and the names listed by `--allowed-hosts`.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from services.access.rate_limits import is_loopback
from services.errors import ServiceError, clipped

ANY = "*"


class ForeignOrigin(ServiceError):
    """The Origin header names a host that isn't allowed."""

    status = 403
    error = "Forbidden"


class ForeignHost(ServiceError):
    """The Host header names a host that isn't allowed."""

    status = 421
    error = "MisdirectedRequest"


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """Allowed host names, in lower case without ports.

    `addresses` allows every IP address too; the name `ANY` allows everything.
    """

    names: frozenset[str]
    addresses: bool = False

    def check(self, headers: Mapping[str, str]) -> None:
        """Raise `ForeignHost` or `ForeignOrigin` unless both headers are allowed; `headers` in lower case."""
        host = headers.get("host", "")
        if not self._is_allowed(_name_of(f"//{host}")):
            raise ForeignHost(f"Host '{clipped(host)}' is not allowed; --allowed-hosts lists others")
        origin = headers.get("origin")
        if origin is not None and not self._is_allowed(_name_of(origin)):
            raise ForeignOrigin(f"Origin '{clipped(origin)}' is not allowed; --allowed-hosts lists others")

    def _is_allowed(self, name: str | None) -> bool:
        if ANY in self.names:
            return True
        if name is None:
            return False
        return name in self.names or is_loopback(name) or (self.addresses and _is_address(name))


def hosts_for(host: str, listed: Iterable[str] = ()) -> AllowedHosts:
    """Return what a server that listens on `host` allows: its own names and those `listed`."""
    own = () if is_loopback(host) else (socket.gethostname(),)
    return AllowedHosts(
        frozenset(name.lower() for name in (host, *own, *listed)), addresses=not is_loopback(host)
    )


def _name_of(url: str) -> str | None:
    """The host name in a URL, in lower case, or None."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
