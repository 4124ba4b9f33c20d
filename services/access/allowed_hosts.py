"""Which Host and Origin a request may name: else a foreign page could have a browser's DNS lead it here.

A page can bind its own name to this machine's address, but neither `localhost` nor an address itself. So on a
loopback address these are allowed and nothing else; on others every address, this machine's name, and what is
listed.
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
    """The page that asks is of another place."""

    status = 403
    error = "Forbidden"


class ForeignHost(ServiceError):
    """The request is for another host."""

    status = 421
    error = "MisdirectedRequest"


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """Names in lower case, without ports; `addresses` allows every address besides, `ANY` everything."""

    names: frozenset[str]
    addresses: bool = False

    def check(self, headers: Mapping[str, str]) -> None:
        """Raise `ForeignHost` or `ForeignOrigin` for a request that names another place."""
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
    """What a server that listens on `host` allows, with those listed."""
    own = () if is_loopback(host) else (socket.gethostname(),)
    return AllowedHosts(
        frozenset(name.lower() for name in (host, *own, *listed)), addresses=not is_loopback(host)
    )


def _name_of(url: str) -> str | None:
    """The host that a URL names, in lower case, None if it names none."""
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
