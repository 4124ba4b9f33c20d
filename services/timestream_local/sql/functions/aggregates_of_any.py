"""The aggregate functions that take values of any type, or give arrays: their SQL for DuckDB.

Each gets its arguments, and the SQL of DISTINCT, ORDER BY, and FILTER and OVER.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.functions.series import create_time_series
from services.timestream_local.sql.functions.signatures import D, L, check_count
from services.timestream_local.sql.typed_sql import NUMBERS, WHOLE, Typed, coerced, coercible
from services.timestream_local.types import ArrayType, Kind, Type, physical


@dataclass(frozen=True, slots=True)
class AggregateCall:
    """The arguments of an aggregate, and the SQL around them."""

    name: str
    arguments: Sequence[Typed]
    distinct: str = ""
    order: str = ""
    suffix: str = ""


Aggregate: TypeAlias = Callable[[AggregateCall], Typed]


def _count(call: AggregateCall) -> Typed:
    check_count(call.name, call.arguments, 0, 1)
    counted = f"{call.distinct}{call.arguments[0].sql}" if call.arguments else "*"
    return Typed(f"count({counted}){call.suffix}", L)


def _approx_distinct(call: AggregateCall) -> Typed:
    check_count(call.name, call.arguments, 1, 2)
    return Typed(f"count(DISTINCT {call.arguments[0].sql}){call.suffix}", L)


def _arbitrary(call: AggregateCall) -> Typed:
    check_count(call.name, call.arguments, 1)
    (value,) = call.arguments
    return Typed(f"any_value({value.sql}){call.suffix}", value.type)


def _array_agg(call: AggregateCall) -> Typed:
    check_count(call.name, call.arguments, 1)
    (value,) = call.arguments
    return Typed(f"list({call.distinct}{value.sql}{call.order}){call.suffix}", ArrayType(value.type))


def _checksum(call: AggregateCall) -> Typed:
    """`checksum`: of no rows it is NULL, and NULL counts as a value."""
    check_count(call.name, call.arguments, 1)
    (value,) = call.arguments
    hashed = CHECKSUMS.get(value.type) if isinstance(value.type, Type) else None
    if hashed is None:
        raise ValidationException(f"Unexpected parameters ({value.type.label}) for function {call.name}")
    listed = f"list({call.distinct}{hashed.value.replace('{0}', value.sql)}){call.suffix}"
    return Typed(f"{hashed.function}({listed})", Type.BINARY)


def _extreme(call: AggregateCall) -> Typed:
    """`max` or `min`: of all values, or an array of the n greatest or least."""
    check_count(call.name, call.arguments, 1, 2)
    value = call.arguments[0]
    _check_ordered(call.name, value)
    if len(call.arguments) == 1:
        return Typed(f"{call.name}({call.distinct}{value.sql}){call.suffix}", value.type)
    count = _number(call.name, call.arguments[1])
    return Typed(f"{call.name}({value.sql}, {count}){call.suffix}", ArrayType(value.type))


def _extreme_by(call: AggregateCall) -> Typed:
    """`max_by` or `min_by`: the value with the greatest or least key, or an array of n of them."""
    check_count(call.name, call.arguments, 2, 3)
    value, key = call.arguments[:2]
    _check_ordered(call.name, key)
    highest = call.name == "max_by"
    if len(call.arguments) == 2:
        function = "arg_max_null" if highest else "arg_min_null"
        return Typed(f"{function}({call.distinct}{value.sql}, {key.sql}){call.suffix}", value.type)
    count = _number(call.name, call.arguments[2])
    pairs = f"{{'f1': {value.sql}, 'f2': {key.sql}}} ORDER BY {key.sql} {'DESC' if highest else 'ASC'}"
    known = f"list_filter(list({pairs}){call.suffix}, lambda p: p.f2 IS NOT NULL)"
    first = f"list_transform(list_slice({known}, 1, {count}), lambda p: p.f1)"
    return Typed(first, ArrayType(value.type))


def _check_ordered(name: str, typed: Typed) -> None:
    if not isinstance(typed.type, Type):
        raise ValidationException(f"Unexpected parameters ({typed.type.label}) for function {name}")


def _number(name: str, typed: Typed) -> str:
    if not isinstance(typed.value, int) or typed.type not in WHOLE or not 1 <= typed.value <= 10_000:
        raise ValidationException(f"{name} takes a literal number of values, from 1 to 10000")
    return coerced(typed, L).sql


def _percentile(call: AggregateCall) -> Typed:
    """approx_percentile: of a value or with its weight, one or an array of shares, perhaps an accuracy.

    It is computed exactly, by the nearest rank.
    """
    check_count(call.name, call.arguments, 2, 4)
    used = call.arguments[:2] if _has_accuracy(call.arguments) else call.arguments[:3]
    value, *weights, shares = used
    if len(used) == 3 and not _is_share(shares):
        raise _wrong_percentile(call)
    if value.type not in NUMBERS or not _is_share(shares) or any(w.type not in NUMBERS for w in weights):
        raise _wrong_percentile(call)
    kind: Kind = L if value.type in WHOLE else D
    several = isinstance(shares.type, ArrayType)
    if weights:
        pairs = f"list({{'f1': {coerced(weights[0], D).sql}, 'f2': {coerced(value, D).sql}}}){call.suffix}"
        listed = shares.sql if several else f"[{shares.sql}]"
        given = f"list_transform({pairs}, lambda p: p.f2), list_transform({pairs}, lambda p: p.f1)"
        found = f"ts_percentiles({given}, CAST({listed} AS DOUBLE[]))"
        found = found if several else f"({found})[1]"
    else:
        _check_share(call, shares)
        found = f"quantile_disc({coerced(value, kind).sql}, {shares.sql}){call.suffix}"
    gives = ArrayType(kind) if several else kind
    return Typed(f"CAST({found} AS {physical(gives)})", gives)


def _has_accuracy(arguments: Sequence[Typed]) -> bool:
    """Whether the third of three arguments is an accuracy: the second is a share, not a weight."""
    share = arguments[1]
    is_share = isinstance(share.type, ArrayType) or (share.type is D and share.value is not None)
    return len(arguments) == 3 and is_share


def _is_share(typed: Typed) -> bool:
    return coercible(typed.type, D) or coercible(typed.type, ArrayType(D))


def _check_share(call: AggregateCall, shares: Typed) -> None:
    if not isinstance(shares.type, ArrayType) and not (
        isinstance(shares.value, int | float) and 0 <= shares.value <= 1
    ):
        raise _wrong_percentile(call)


def _wrong_percentile(call: AggregateCall) -> ValidationException:
    return ValidationException(f"{call.name} is only supported of numbers with a literal between 0 and 1")


def _series(call: AggregateCall) -> Typed:
    return create_time_series(call.arguments, call.suffix)


class Hashed(NamedTuple):
    """The function that sums hashes, and the SQL of the value that it hashes."""

    function: str
    value: str


_AS_LONG = Hashed("ts_checksum_longs", "CAST({0} AS BIGINT)")
CHECKSUMS: dict[Type, Hashed] = {
    Type.VARCHAR: Hashed("ts_checksum_texts", "{0}"),
    Type.DOUBLE: Hashed("ts_checksum_doubles", "{0}"),
    Type.DATE: Hashed("ts_checksum_longs", "({0} - DATE '1970-01-01')"),
} | dict.fromkeys(
    (
        *(Type.BOOLEAN, Type.INTEGER, Type.BIGINT, Type.UNKNOWN),
        *(Type.TIMESTAMP, Type.TIME, Type.INTERVAL, Type.MONTHS),
    ),
    _AS_LONG,
)
OF_ANY: dict[str, Aggregate] = {
    "count": _count,
    "approx_distinct": _approx_distinct,
    "arbitrary": _arbitrary,
    "array_agg": _array_agg,
    "checksum": _checksum,
    "max": _extreme,
    "min": _extreme,
    "max_by": _extreme_by,
    "min_by": _extreme_by,
    "approx_percentile": _percentile,
    "create_time_series": _series,
}
