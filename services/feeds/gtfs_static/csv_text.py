"""Values and rows of CSV as GTFS has them (RFC 4180): quoted only where a value needs it."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r'[",\r\n]|^\s|\s$')


def csv_value(text: str) -> str:
    """A value, in quotes if it has a comma, quotes, a line break, or spaces at an end."""
    if not _SPECIAL.search(text):
        return text
    return '"' + text.replace('"', '""') + '"'


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
