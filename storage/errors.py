"""The errors of stores, and of other services that the program depends on.

Messages are for users: they name the file, database or object, and what to do.
"""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import unquote

HIDDEN = "***"
AFTER_SCHEME = re.compile(r"(?<=:/)(/?[^/?#@:\s\"]*):[^\s\"]*(?=@)")
"""User and password of a URL in a text, also where a path has joined its two slashes. Greedy: a password that
isn't percent-encoded may have any character, and hiding more than it does no harm."""
WHOLE_URL = re.compile(r"(?<=://)([^/?#@:]*):.*(?=@)", re.DOTALL)
BARE = re.compile(r"^(?!duckdb:|lake:)([^/?#@:\s]*):.*(?=@)", re.DOTALL)
"""The same for a whole URL, and for one whose scheme or slashes were forgotten."""
INNER_URL = re.compile(r"(?<=[?&]read_url=)[^&#]+")
NAMES = ("password", "passwd", "pwd", "secret", "_key")
ENCODED_NAME = re.compile(r"(?<=[?&])[^=&]*%[^=&]*(?==)")
VALUE = re.compile(
    rf"((?:{'|'.join(NAMES)})\s*=\s*)(?!\*\*\*)"
    r"(?:'(?:[^'\\]|\\.)*'|\"[^\"]*\"|\"?[^\s&\"]+(?:&[^=&\s\"]*(?=&|\s|\"|$))*)",
    re.IGNORECASE | re.DOTALL,
)
"""A secret's name and value, with pieces after an & that have no name, since they may be of the value."""


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
    url = ENCODED_NAME.sub(lambda found: unquote(found[0]), url)
    pattern = WHOLE_URL if "://" in url else BARE
    return without_passwords(pattern.sub(rf"\1:{HIDDEN}", url))


def without_passwords(text: str) -> str:
    """A text in which `***` stands for the passwords of URLs, and for values such as `password=…`."""
    if ":/" in text and "@" in text:
        text = AFTER_SCHEME.sub(rf"\1:{HIDDEN}", text)
    if "=" not in text:
        return text
    lowered = text.lower()  # the pattern alone is slow, and each line of a log comes here
    return VALUE.sub(rf"\1{HIDDEN}", text) if any(name in lowered for name in NAMES) else text
