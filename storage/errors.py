"""The errors of stores, and of other services that the program depends on.

Messages are for users: they name the file, database or object, and what to do.
"""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import unquote

HIDDEN = "***"
IN_AUTHORITY = re.compile(r"(?<=://)([^/?#@:]*):[^/?#]*(?=@)")
INNER_URL = re.compile(r"(?<=[?&]read_url=)[^&#]+")
IN_QUERY = re.compile(r"(?<=[?&])((?:ssl)?password)=[^&#]*", re.IGNORECASE)


class DependencyError(Exception):
    """A store, or an object, parameter or secret in AWS, can't be used."""


class DependencyUnavailable(DependencyError):
    """The dependency can't be reached or read now. Trying again later may help."""


class DependencyInvalid(DependencyError):
    """The dependency was read, but its content isn't valid for this program. Trying again doesn't help."""


class StoreError(DependencyError):
    """An operation of a store failed."""


class StoreUnavailable(StoreError, DependencyUnavailable):
    """The store can't be reached or read now. Trying again later may help."""


class StoreHeld(StoreUnavailable):
    """The store's file is open in another process."""


class StoreInvalid(StoreError, DependencyInvalid):
    """The file or database isn't a store, is damaged, or has another schema version."""


class WrittenAhead(StoreError):
    """Records are stored at or after the instant from which a journal's entry would count.

    `earliest` is the first instant from which it could.
    """

    def __init__(self, changes_from: datetime, earliest: datetime) -> None:
        super().__init__(
            f"records up to {earliest.isoformat()} are stored: "
            f"nothing can change from {changes_from.isoformat()} on"
        )
        self.earliest = earliest


class JournalChanged(StoreUnavailable):
    """Another process changed the journal since this one read it. Reading it again and trying again helps."""


class TimeRefused(StoreError):
    """The store takes no records of these times at present, as Timestream none of the future."""


class RunMismatch(StoreError):
    """The store was written by another run (seed, network, scenario or model version)."""


def without_password(url: str) -> str:
    """A URL in which `***` stands for a password, for messages and logs; also in one that it holds."""
    url = INNER_URL.sub(lambda found: without_password(unquote(found[0])), url)
    return IN_QUERY.sub(rf"\1={HIDDEN}", IN_AUTHORITY.sub(rf"\1:{HIDDEN}", url))
