"""The identities of the records written last, by which most others are known to be new without a query.

Live data come in the order of time, but records of one time come in several requests: whether a time is later
than all stored ones says too little.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

MOST = 100_000
"""The hashes after which a new generation begins; about 6 MB."""


@dataclass(slots=True)
class RecentRecords:
    """The hashes of the identities of all records of a table from the time `since` on, and perhaps of more.

    They are kept in two generations. When the later one is full the earlier one is dropped, and `since` moves
    behind its last time. Hashes of records that weren't stored, or of two records that are equal, only cost a
    query.
    """

    since: int
    dimensions: tuple[str, ...] = ()
    _earlier: set[int] = field(default_factory=set)
    _later: set[int] = field(default_factory=set)
    _last_earlier: int = -1
    _last_later: int = -1

    def lack(self, dimensions: tuple[str, ...], first: int, hashes: Collection[int]) -> bool:
        """Whether none of these records is in the table; `first` is the least of their times."""
        if dimensions != self.dimensions or first < self.since:
            return False
        return self._earlier.isdisjoint(hashes) and self._later.isdisjoint(hashes)

    def add(self, dimensions: tuple[str, ...], last: int, hashes: Collection[int]) -> None:
        """Note records of the table; `last` is the greatest of their times."""
        if dimensions != self.dimensions:
            # The hashes so far are of other identities, so that they find nothing.
            self.since = max(self.since, self._last_earlier + 1, self._last_later + 1)
            self._earlier, self._later = set(), set()
            self.dimensions = dimensions
        elif len(self._later) >= MOST:
            self.since = max(self.since, self._last_earlier + 1)
            self._earlier, self._last_earlier = self._later, self._last_later
            self._later, self._last_later = set(), -1
        self._later.update(hashes)
        self._last_later = max(self._last_later, last)
