"""Parsing of measure values: from text to a value of the measure's type, or ValueError."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from services.timestream_local.types import GREATEST_BIGINT, LEAST_BIGINT
from services.timestream_local.writing.record_batch import Value

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)


def _double(text: str, _unit: int) -> float:
    value = float(text)
    if not math.isfinite(value) or "_" in text:
        raise ValueError(text)
    return value


def _bigint(text: str, _unit: int) -> int:
    value = int(text)
    if not (LEAST_BIGINT <= value <= GREATEST_BIGINT and _INTEGER.fullmatch(text)):
        raise ValueError(text)
    return value


def _varchar(text: str, _unit: int) -> str:
    return text


def _boolean(text: str, _unit: int) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _timestamp(text: str, unit: int) -> int:
    value = _bigint(text, unit) * unit
    if not 0 <= value <= GREATEST_BIGINT:
        raise ValueError(text)
    return value


PARSERS: dict[str, Callable[[str, int], Value]] = {
    "DOUBLE": _double,
    "BIGINT": _bigint,
    "VARCHAR": _varchar,
    "BOOLEAN": _boolean,
    "TIMESTAMP": _timestamp,
}
