"""`checksum` as Trino computes it: the sum of the values' xxHash64, so that their order doesn't matter.

AWS documents neither the hash nor an example. Timestream's SQL is Trino's, which documents xxHash64.
Times are hashed as nanoseconds since the epoch, and NaN as Java writes it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence

MASK = 2**64 - 1
P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P4, P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
JAVA_NAN = 0x7FF8000000000000
STRIPE = 32


def of_longs(values: Sequence[int | None]) -> bytes:
    """The checksum of whole numbers."""
    return _sum(None if value is None else struct.pack("<q", value) for value in values)


def of_doubles(values: Sequence[float | None]) -> bytes:
    """The checksum of DOUBLEs; 0.0 and -0.0 are equal."""
    return _sum(None if value is None else _bits(value) for value in values)


def of_texts(values: Sequence[str | None]) -> bytes:
    """The checksum of texts."""
    return _sum(None if value is None else value.encode() for value in values)


def _bits(value: float) -> bytes:
    return struct.pack("<Q", JAVA_NAN) if math.isnan(value) else struct.pack("<d", value + 0.0)


def _sum(values: Iterable[bytes | None]) -> bytes:
    total = sum(P1 if value is None else xxhash64(value) * P1 for value in values)
    return (total & MASK).to_bytes(8, "little")


def xxhash64(data: bytes) -> int:
    """The hash of bytes with the seed 0 (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md)."""
    place = len(data) // STRIPE * STRIPE
    found = (_of_stripes(data[:place]) if place else P5) + len(data)
    while place + 8 <= len(data):
        found = _turned(found ^ _round(0, int.from_bytes(data[place : place + 8], "little")), 27) * P1 + P4
        place += 8
    if place + 4 <= len(data):
        found = _turned(found ^ int.from_bytes(data[place : place + 4], "little") * P1, 23) * P2 + P3
        place += 4
    for byte in data[place:]:
        found = _turned(found ^ byte * P5, 11) * P1
    found &= MASK
    found = (found ^ found >> 33) * P2 & MASK
    found = (found ^ found >> 29) * P3 & MASK
    return found ^ found >> 32


def _of_stripes(data: bytes) -> int:
    lanes = [P1 + P2, P2, 0, -P1]
    for stripe in range(0, len(data), STRIPE):
        values = struct.unpack_from("<4Q", data, stripe)
        lanes = [_round(lane, value) for lane, value in zip(lanes, values, strict=True)]
    found = sum(_turned(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True))
    for lane in lanes:
        found = (found ^ _round(0, lane)) * P1 + P4
    return found


def _round(lane: int, value: int) -> int:
    return _turned(lane + value * P2, 31) * P1 & MASK


def _turned(value: int, bits: int) -> int:
    value &= MASK
    return value << bits & MASK | value >> 64 - bits
