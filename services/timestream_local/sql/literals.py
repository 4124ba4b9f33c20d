"""Literals: texts, numbers, booleans, NULL and intervals."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from string import hexdigits

from sqlglot import exp

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.scopes import refused
from services.timestream_local.sql.typed_sql import NULL, Typed, digits_of, text, whole
from services.timestream_local.types import DAY_NS, DURATIONS_NS, GREATEST_INT, Type

INTERVALS_NS = {
    "SECOND": DURATIONS_NS["s"],
    "MINUTE": DURATIONS_NS["m"],
    "HOUR": DURATIONS_NS["h"],
    "DAY": DAY_NS,
    "WEEK": 7 * DAY_NS,
}
INTERVALS_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
PARAMETER_TYPE = "parameter type"
"""The key of a placeholder's type among its metadata. No query's text makes a placeholder that has it."""
_COUNT = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


def literal(node: exp.Literal) -> Typed:
    """A text, or a number: INTEGER or BIGINT if it consists of digits only, else DOUBLE."""
    if node.is_string:
        return text(node.this)
    if not node.this.isdigit():
        try:
            value = float(node.this)
        except ValueError:  # sqlglot takes `.10.06` for a number
            value = math.inf
        if not math.isfinite(value):
            raise ValidationException(f"Invalid numeric literal: {node.this}")
        return Typed(f"CAST({value!r} AS DOUBLE)", Type.DOUBLE, value, finite=True)
    return whole_number(digits_of(node.this))


def whole_number(value: int) -> Typed:
    """An INTEGER, or a BIGINT if the value needs one."""
    fits = -GREATEST_INT - 1 <= value <= GREATEST_INT
    return whole(value, Type.INTEGER if fits else Type.BIGINT)


def boolean(node: exp.Boolean) -> Typed:
    """`true` or `false`."""
    return Typed("true" if node.this else "false", Type.BOOLEAN, bool(node.this))


def null(_node: exp.Null) -> Typed:
    """NULL."""
    return NULL


def interval(node: exp.Interval) -> Typed:
    """An interval such as `interval '2' hour`."""
    unit, number, sign = node.args.get("unit"), node.this, ""
    if isinstance(number, exp.Neg):
        number, sign = number.this, "-"
    digits = sign + number.name.strip() if isinstance(number, exp.Literal) else ""
    if not isinstance(unit, exp.Var) or not _COUNT.fullmatch(digits):
        raise refused(f"the interval {node.sql(dialect='trino')}", node)
    word = unit.name.upper()
    if word in INTERVALS_NS:
        return whole(int(digits) * INTERVALS_NS[word], Type.INTERVAL)
    if word not in INTERVALS_MONTHS:
        raise refused(f"the interval unit {word}", node)
    return whole(int(digits) * INTERVALS_MONTHS[word], Type.MONTHS)


def binary(node: exp.HexString) -> Typed:
    """Bytes such as `X'65'`."""
    if len(node.name) % 2 or not all(digit in hexdigits for digit in node.name):
        raise ValidationException(f"X'{node.name[:64]}' is not made of pairs of hexadecimal digits")
    return Typed(f"unhex('{node.name}')", Type.BINARY)


def placeholder(node: exp.Placeholder) -> Typed:
    """A parameter of the DuckDB statement, which a query template has in place of a value."""
    kind = node.meta.get(PARAMETER_TYPE)
    if not isinstance(kind, Type):
        raise refused("?", node)
    return Typed(f"${node.name}", kind)


LITERALS: dict[type[exp.Expr], Callable[..., Typed]] = {
    exp.Literal: literal,
    exp.Boolean: boolean,
    exp.HexString: binary,
    exp.Null: null,
    exp.Interval: interval,
    exp.Placeholder: placeholder,
}
"""The functions that compile literals, by type of node."""
