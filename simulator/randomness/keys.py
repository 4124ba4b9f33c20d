"""Keys of streams of random numbers. Functions on AWS need them, without NumPy."""

from __future__ import annotations

import hashlib


def random_key(seed: int, purpose: str, entity: str = "", day: str = "") -> int:
    """The 64-bit start of a stream. Two keys that differ anywhere give unrelated streams."""
    text = "\x1f".join((str(seed), purpose, entity, day))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
