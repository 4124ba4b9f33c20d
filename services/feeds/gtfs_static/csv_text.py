"""Values and rows of CSV as GTFS has them (RFC 4180): quoted only where a value needs it."""

from __future__ import annotations

import re

_QUOTED = re.compile('[",]')
_BREAK = re.compile(r"\s*[^\S ]\s*")
"""White space other than spaces: line breaks and tabs, which GTFS allows in no value."""


def csv_value(text: str) -> str:
    """A value on one line without spaces at its ends, in quotes if it has a comma or quotes."""
    value = _BREAK.sub(" ", text).strip()
    return '"' + value.replace('"', '""') + '"' if _QUOTED.search(value) else value


def csv_row(*values: str) -> str:
    """A row without its line break."""
    return ",".join(map(csv_value, values))


def number(metres: float) -> str:
    """Metres with two decimals."""
    return f"{metres:.2f}"


def degrees(value: float) -> str:
    """A coordinate with all its digits, never with an exponent."""
    text = repr(value)
    return f"{value:.12f}" if "e" in text else text
