"""The authorities that sign a server's certificate, where the URL says from which address to fetch them.

libpq reads `sslrootcert` from a file only. A container has no file of its own, while AWS publishes the
authorities of each region at an address.
"""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.error import URLError
from urllib.request import urlopen

from storage.errors import StoreError, StoreUnavailable

PARAMETER = "sslrootcert"
SCHEME = "https://"
PATIENCE_S = 10.0
MOST_BYTES = 2_000_000
CERTIFICATE = b"-----BEGIN CERTIFICATE-----"


def with_local_authorities(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings of libpq whose `sslrootcert` is a file, also if it was an https:// address.

    Raises `StoreError` unless the address has certificates.
    """
    address = settings.get(PARAMETER, "")
    if not address.startswith(SCHEME):
        return dict(settings)
    return {**settings, PARAMETER: str(_fetched(address))}


@cache
def _fetched(address: str) -> Path:
    """A file of this process, removed when it ends, with the certificates at an address."""
    try:
        with urlopen(address, timeout=PATIENCE_S) as answer:  # noqa: S310 - https:// only
            content: bytes = answer.read(MOST_BYTES)
    except URLError as error:
        raise StoreUnavailable(f"{PARAMETER}: {address} can't be fetched: {error.reason}") from error
    except OSError as error:
        raise StoreUnavailable(f"{PARAMETER}: {address} can't be fetched: {error}") from error
    if CERTIFICATE not in content:
        raise StoreError(f"{PARAMETER}: {address} has no certificates in PEM format")
    with NamedTemporaryFile(prefix="authorities-", suffix=".pem", delete=False) as file:
        file.write(content)
    atexit.register(Path(file.name).unlink, missing_ok=True)
    return Path(file.name)
