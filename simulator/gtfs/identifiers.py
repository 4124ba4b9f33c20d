"""Ids that a network file allows, made from a feed's ids alone: not from their order, nor from other ids.

An allowed id stays as it is. Any other becomes its letters and digits and a hash of itself, so that it is the
same in every version of a feed. The feed's own id is kept as `gtfs_id`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from simulator.gtfs.feed import FeedRoute

LONGEST_ID = 40
"""Characters of an id that is kept; ids may have 64, and bus and pattern ids are longer than their line's."""
HASH_DIGITS = 7
LONG_HASH_DIGITS = 15

_ALLOWED = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST_ID}}}")
_LIKE_A_BUS = re.compile(r"B.*-[0-9]{2,}")
"""Buses are named after their line, and stops may not have their ids."""


def allowed_ids(ids: Iterable[str]) -> dict[str, str]:
    """An id that a network file allows for each of a feed's stop or route ids, each different."""
    made = {text: allowed_id(text) for text in ids}
    taken = Counter(made.values())
    # Two hashes in a thousand million are equal; longer ones tell those ids apart, whatever their order.
    return {
        text: made_id if taken[made_id] == 1 else _hashed(text, LONG_HASH_DIGITS)
        for text, made_id in made.items()
    }


def allowed_id(text: str) -> str:
    """An id that a network file allows, from a feed's id alone."""
    if _ALLOWED.fullmatch(text) and not _LIKE_A_BUS.fullmatch(text):
        return text
    return _hashed(text, HASH_DIGITS)


def _hashed(text: str, digits: int) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9_-]+", "-", plain).strip("-")[: LONGEST_ID - digits - 2].strip("-")
    # The letter keeps it from looking like the number of a bus.
    code = "h" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:digits]
    return f"{slug}-{code}" if slug else code


def line_ids(routes: Sequence[FeedRoute]) -> Sequence[str]:
    """The line id of each route: its short name if no other route has it, else its route id."""
    names = Counter(route.short_name for route in routes)
    public = [r.short_name if r.short_name and names[r.short_name] == 1 else r.route_id for r in routes]
    twice = Counter(public)
    # The short name of one route may be the id of another: then both are known by their route id and a hash.
    made = [
        allowed_id(name) if twice[name] == 1 else _hashed(r.route_id, HASH_DIGITS)
        for name, r in zip(public, routes, strict=True)
    ]
    taken = Counter(made)
    return [
        one if taken[one] == 1 else _hashed(r.route_id, LONG_HASH_DIGITS)
        for one, r in zip(made, routes, strict=True)
    ]


def night_id(line_id: str, taken: Mapping[str, object]) -> str:
    """The id of the night part of a line that is split."""
    plain = f"{line_id}-night"
    return plain if plain not in taken else f"{plain}-{allowed_id(plain + ' ').rsplit('-', 1)[-1]}"
