"""Compressed responses: which coding a client takes, and bodies in it."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib.util import find_spec

SHORTEST = 1_024
"""Bytes. A shorter body fits into a packet or two as it is."""
GZIP_LEVEL, ZSTD_LEVEL, BROTLI_LEVEL = 5, 3, 4
"""Levels that take a few milliseconds for a megabyte of JSON; gzip takes twenty."""

LONGEST_HEADER = 200
COMPRESSIBLE = ("application/json", "application/geo+json", "application/x-protobuf", "text/")

Compress = Callable[[bytes], bytes]


@cache
def codings() -> Mapping[str, Compress]:
    """The codings that can be written, the preferred first. Lambda functions have no Arrow, and only gzip."""
    found: dict[str, Compress] = {}
    if find_spec("pyarrow") is not None:
        found |= {"zstd": _by_arrow("zstd", ZSTD_LEVEL), "br": _by_arrow("brotli", BROTLI_LEVEL)}
    return found | {"gzip": lambda body: gzip.compress(body, GZIP_LEVEL, mtime=0)}


def _by_arrow(name: str, level: int) -> Compress:
    import pyarrow as pa

    codec = pa.Codec(name, compression_level=level)
    return lambda body: bytes(codec.compress(body, asbytes=True))


@lru_cache(256)
def accepted_coding(header: str) -> str | None:
    """The best coding for an Accept-Encoding header (RFC 9110, 12.5.3); None for no coding."""
    weights: dict[str, float] = {}
    for part in header[:LONGEST_HEADER].lower().split(","):
        name, _, weight = part.partition(";")
        weights[name.strip()] = _weight(weight)
    for_others = weights.get("*", 0.0)
    offered = [(weights.get(name, for_others), name) for name in codings()]
    best = max(weight for weight, _ in offered)
    return next(name for weight, name in offered if weight == best) if best > 0 else None


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


class CodedBody:
    """A body with its entity tag, and in each coding that a client has asked for."""

    def __init__(self, body: bytes, media_type: str) -> None:
        self.body, self.media_type = body, media_type
        self.etag = f'W/"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
        self._coded: dict[str, bytes] = {}

    def coding(self, accept_encoding: str) -> str | None:
        """The coding for a client; None for a body that is short or compressed already."""
        if len(self.body) < SHORTEST or not self.media_type.startswith(COMPRESSIBLE):
            return None
        return accepted_coding(accept_encoding)

    def ready(self, coding: str | None) -> bytes | None:
        """The body in a coding, None if `make` must be called first."""
        return self.body if coding is None else self._coded.get(coding)

    def make(self, coding: str) -> bytes:
        """Return the body in a coding, compressed once."""
        if coding not in self._coded:
            self._coded[coding] = codings()[coding](self.body)
        return self._coded[coding]
