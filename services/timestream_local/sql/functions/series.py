"""The functions on time series. What needs more than SQL is in `running.functions.series_functions`.

Points outside of a series have no linear or cubic value, and no earlier one before its first point: NULL.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.functions.signatures import Call, D, S, T, check_count
from services.timestream_local.sql.typed_sql import (
    NULL,
    NUMBERS,
    Typed,
    coerced,
    coercible,
    common_type,
    instant_literal,
    whole,
)
from services.timestream_local.types import SECOND_NS, ArrayType, Kind, TimeSeriesType, Type, physical

POINT = "lambda z: {'f1': z[1], 'f2': z[2]}"


def _series(name: str, typed: Typed, *, numbers: bool = False) -> TimeSeriesType:
    kind = typed.type
    if not isinstance(kind, TimeSeriesType) or (numbers and kind.value not in NUMBERS):
        wanted = "a time series of numbers" if numbers else "a time series"
        raise ValidationException(f"Unexpected parameters for function {name}: {kind.label}, not {wanted}")
    return kind


def _of_null(call: Call) -> Call:
    """The call, which of NULL is NULL."""

    def called(name: str, arguments: Sequence[Typed]) -> Typed:
        if arguments and arguments[0].type is Type.UNKNOWN:
            return NULL
        return call(name, arguments)

    return called


def _known(series: Typed) -> str:
    """The points of a series that have a value."""
    return f"list_filter({series.sql}, lambda p: p.f2 IS NOT NULL)"


def _times(series: Typed) -> str:
    return f"list_transform({_known(series)}, lambda p: p.f1)"


def _values(series: Typed, kind: Kind = D) -> str:
    return f"list_transform({_known(series)}, lambda p: CAST(p.f2 AS {physical(kind)}))"


def _instants(name: str, typed: Typed) -> tuple[str, bool]:
    """The SQL of the instants to interpolate at as a list, and whether it is a single one."""
    typed = instant_literal(typed) or typed
    if isinstance(typed.type, ArrayType) and coercible(typed.type, ArrayType(T)):
        return coerced(typed, ArrayType(T)).sql, False
    if coercible(typed.type, T):
        return f"[{coerced(typed, T).sql}]", True
    raise ValidationException(
        f"Unexpected parameters for function {name}: {typed.type.label}, neither a timestamp nor an array"
    )


def _at(instants: str, values: str, kind: Kind, *, single: bool) -> Typed:
    """Values at instants: a time series, or the value at a single one."""
    if single:
        return Typed(f"({values})[1]", kind)
    return Typed(f"list_transform(list_zip({instants}, {values}), {POINT})", TimeSeriesType(kind))


def _curve(function: str) -> Call:
    """Interpolation by a function of the times, values and instants, all numbers."""

    def call(name: str, arguments: Sequence[Typed]) -> Typed:
        check_count(name, arguments, 2)
        series = arguments[0]
        _series(name, series, numbers=True)
        instants, single = _instants(name, arguments[1])
        values = f"{function}({_times(series)}, {_values(series)}, {instants})"
        return _at(instants, values, D, single=single)

    return call


def _picked(name: str, arguments: Sequence[Typed], function: str, kind: Kind, missing: str) -> Typed:
    """Values of the points whose places `function` finds, and `missing` where there is none."""
    instants, single = _instants(name, arguments[1])
    values = _values(arguments[0], kind)
    places = f"{function}({_times(arguments[0])}, {instants})"
    picked = f"list_transform({places}, lambda i: COALESCE(list_extract({values}, i), {missing}))"
    if single and kind in NUMBERS:
        return Typed(f"CAST(({picked})[1] AS DOUBLE)", D)
    return _at(instants, picked, kind, single=single)


def _locf(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 2)
    kind = _series(name, arguments[0]).value
    return _picked(name, arguments, "ts_places_before", kind, "NULL")


def _fill(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 3)
    kind = common_type((_series(name, arguments[0]).value, arguments[2].type), name)
    return _picked(name, arguments, "ts_places_at", kind, coerced(arguments[2], kind).sql)


def _unit(name: str, typed: Typed) -> str:
    if typed.type is not S:
        raise ValidationException(f"Unexpected parameters for function {name}: {typed.type.label}")
    return typed.sql


def _derivative(condition: str) -> Call:
    def call(name: str, arguments: Sequence[Typed]) -> Typed:
        check_count(name, arguments, 2)
        series = arguments[0]
        _series(name, series, numbers=True)
        unit = _unit(name, arguments[1])
        slopes = f"ts_derivative({_times(series)}, {_values(series)}, {unit})"
        later = f"list_transform(list_zip(({_times(series)})[2:], {slopes}), {POINT})"
        return Typed(f"list_filter({later}, lambda p: {condition})", TimeSeriesType(D))

    return call


def _integral(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 1, 2)
    series = arguments[0]
    _series(name, series, numbers=True)
    unit = _unit(name, arguments[1]) if len(arguments) > 1 else whole(SECOND_NS, S).sql
    return Typed(f"ts_integral({_times(series)}, {_values(series)}, {unit})", D)


def _correlation(function: str) -> Call:
    def call(name: str, arguments: Sequence[Typed]) -> Typed:
        check_count(name, arguments, 2)
        for series in arguments:
            _series(name, series, numbers=True)
        given = ", ".join(f"{_times(series)}, {_values(series)}" for series in arguments)
        return Typed(f"{function}({given})", D)

    return call


_FUNCTIONS: dict[str, Call] = {
    "interpolate_linear": _curve("ts_linear"),
    "interpolate_spline_cubic": _curve("ts_spline"),
    "interpolate_locf": _locf,
    "interpolate_fill": _fill,
    "derivative_linear": _derivative("true"),
    "non_negative_derivative_linear": _derivative("p.f2 >= 0"),
    "integral_trapezoidal": _integral,
    "correlate_pearson": _correlation("ts_pearson"),
    "correlate_spearman": _correlation("ts_spearman"),
}
SERIES: dict[str, Call] = {name: _of_null(call) for name, call in _FUNCTIONS.items()}


def create_time_series(arguments: Sequence[Typed], suffix: str) -> Typed:
    """The points of CREATE_TIME_SERIES, in order of time. `suffix` is the SQL of FILTER and OVER."""
    check_count("create_time_series", arguments, 2)
    time, value = arguments
    if time.type is not T:
        raise ValidationException(
            f"Unexpected parameters ({time.type.label}, {value.type.label}) for function create_time_series"
        )
    kind = TimeSeriesType(value.type)
    points = f"list({{'f1': {time.sql}, 'f2': {value.sql}}} ORDER BY {time.sql}){suffix}"
    return Typed(
        f"(CASE WHEN count(*){suffix} > count({value.sql}){suffix} "
        f"THEN {_refusal('The value of a time series must not be null', kind)} "
        f"WHEN count(*){suffix} > count({time.sql}){suffix} "
        f"THEN {_refusal('The time of a time series must not be null', kind)} "
        f"WHEN count(*){suffix} > count(DISTINCT {time.sql}){suffix} "
        f"THEN {_refusal('Duplicate timestamps are not allowed in a time series', kind)} "
        f"ELSE CAST({points} AS {physical(kind)}) END)",
        kind,
    )


def _refusal(message: str, kind: Kind) -> str:
    return f"CAST(ts_error('{message}') AS {physical(kind)})"
