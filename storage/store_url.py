"""The URLs of stores as they may be shown: without passwords."""

from __future__ import annotations

import re

HIDDEN = "***"
IN_AUTHORITY = re.compile(r"(?<=://)([^/?#@:]*):[^/?#]*(?=@)")
IN_QUERY = re.compile(r"(?<=[?&])((?:ssl)?password)=[^&#]*", re.IGNORECASE)


def without_password(url: str) -> str:
    """A URL in which `***` stands for a password, for messages and logs."""
    return IN_QUERY.sub(rf"\1={HIDDEN}", IN_AUTHORITY.sub(rf"\1:{HIDDEN}", url))
