"""The aggregate and window functions: their signatures and SQL."""

from __future__ import annotations

from collections.abc import Sequence

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.functions.aggregates_of_any import OF_ANY, AggregateCall
from services.timestream_local.sql.functions.signatures import Signature, called
from services.timestream_local.sql.typed_sql import WHOLE, Typed, coerced, common_type
from services.timestream_local.types import Type

V, B, I, L, D = Type.VARCHAR, Type.BOOLEAN, Type.INTEGER, Type.BIGINT, Type.DOUBLE  # noqa: E741
T, S = Type.TIMESTAMP, Type.INTERVAL


DISTINCT, SUFFIX = "\x01", "\x02"
"""Placeholders in the SQL of an aggregate: the first for DISTINCT, the second for FILTER and OVER."""


def _sql(name: str, arguments: str = "{0}") -> str:
    return f"{name}({DISTINCT}{arguments}){SUFFIX}"


def _spread(name: str) -> list[Signature]:
    return [Signature((D,), D, _sql(name))]


def _of_two(name: str) -> list[Signature]:
    return [Signature((D, D), D, _sql(name, "{0}, {1}"))]


PAIR = "{0}, {1}"
CORRELATION = f"({_sql('regr_sxy', PAIR)} / sqrt({_sql('regr_sxx', PAIR)} * {_sql('regr_syy', PAIR)}))"
"""DuckDB's `corr` divides by two roots, and gives 0.9999999999999998 of points on a line."""


def _finite(name: str) -> list[Signature]:
    """A function of pairs that is NULL where it isn't finite, as of a single pair."""
    found = _sql(name, "{0}, {1}") if name != "corr" else CORRELATION
    return [Signature((D, D), D, f"CASE WHEN isfinite({found}) THEN {found} END")]


# Trino's skewness is that of a population, DuckDB's is corrected for a sample.
COUNT = f"count({{0}}){SUFFIX}"
SKEWNESS = f"({_sql('skewness')} * ({COUNT} - 2) / sqrt({COUNT} * ({COUNT} - 1)))"
WHOLE_SUM = f"CAST({_sql('sum')} AS BIGINT)"
VALUES = _sql("count")
AVERAGE = (
    f"CASE WHEN {VALUES} > 0 THEN CAST({_sql('sum')} // {VALUES} AS BIGINT) "
    f"+ CAST(round({_sql('sum')} % {VALUES} / {VALUES}) AS BIGINT) END"
)
"""The average of intervals, to the nanosecond: a DOUBLE has too few digits for those of some months."""
AGGREGATES: dict[str, list[Signature]] = {
    "sum": [
        Signature((L,), L, WHOLE_SUM),
        Signature((D,), D, _sql("sum")),
        Signature((S,), S, WHOLE_SUM),
        Signature((Type.MONTHS,), Type.MONTHS, f"CAST({_sql('sum')} AS INTEGER)"),
    ],
    "avg": [
        Signature((L,), D, _sql("avg")),
        Signature((D,), D, _sql("avg")),
        Signature((S,), S, AVERAGE),
        Signature((Type.MONTHS,), Type.MONTHS, f"CAST({_sql('avg')} AS INTEGER)"),
    ],
    "stddev": _spread("stddev_samp"),
    "stddev_samp": _spread("stddev_samp"),
    "stddev_pop": _spread("stddev_pop"),
    "variance": _spread("var_samp"),
    "var_samp": _spread("var_samp"),
    "var_pop": _spread("var_pop"),
    "count_if": [Signature((B,), L, f"count(CASE WHEN {{0}} THEN 1 END){SUFFIX}")],
    "bool_and": [Signature((B,), B, _sql("bool_and"))],
    "bool_or": [Signature((B,), B, _sql("bool_or"))],
    "every": [Signature((B,), B, _sql("bool_and"))],
    "geometric_mean": _spread("geomean"),
    "corr": _finite("corr"),
    "covar_pop": _of_two("covar_pop"),
    "covar_samp": _of_two("covar_samp"),
    "regr_slope": _finite("regr_slope"),
    "regr_intercept": _finite("regr_intercept"),
    "skewness": [Signature((D,), D, SKEWNESS)],
    "bitwise_and_agg": [Signature((L,), L, _sql("bit_and"))],
    "bitwise_or_agg": [Signature((L,), L, _sql("bit_or"))],
}
NEVER_DISTINCT = {
    *("approx_distinct", "count_if", "max_by", "min_by", "approx_percentile", "create_time_series"),
}

RANKING: dict[str, tuple[int, Type]] = {
    "row_number": (0, L),
    "rank": (0, L),
    "dense_rank": (0, L),
    "percent_rank": (0, D),
    "cume_dist": (0, D),
    "ntile": (1, L),
}
SHIFTING = ("lag", "lead")
PICKING = ("first_value", "last_value", "nth_value")


def aggregate(call: AggregateCall) -> Typed:
    """A call of an aggregate function."""
    if call.distinct and (call.name in NEVER_DISTINCT or not call.arguments):
        raise ValidationException(f"DISTINCT is not supported in {call.name}")
    if call.name in OF_ANY:
        return OF_ANY[call.name](call)
    found = called(call.name, AGGREGATES[call.name], call.arguments)
    return Typed(found.sql.replace(DISTINCT, call.distinct).replace(SUFFIX, call.suffix), found.type)


def window_function(name: str, arguments: Sequence[Typed], *, ignore_nulls: bool) -> Typed:
    """A call of a function that requires OVER, without the SQL of the OVER."""
    nulls = " IGNORE NULLS" if ignore_nulls else ""
    if name in RANKING:
        count, kind = RANKING[name]
        if len(arguments) != count or any(a.type not in WHOLE for a in arguments) or ignore_nulls:
            raise ValidationException(f"Unexpected parameters for function {name}")
        return Typed(f"{name}({', '.join(coerced(a, L).sql for a in arguments)})", kind)
    if name == "nth_value":
        return _nth_value(arguments, nulls)
    if name in PICKING:
        if len(arguments) != 1:
            raise ValidationException(f"Unexpected parameters for function {name}")
        return Typed(f"{name}({arguments[0].sql}{nulls})", arguments[0].type)
    return _shifted(name, arguments, nulls)


def _nth_value(arguments: Sequence[Typed], nulls: str) -> Typed:
    if len(arguments) != 2:
        raise ValidationException("Unexpected parameters for function nth_value")
    place = _number("nth_value", arguments[1], least=1)
    return Typed(f"nth_value({arguments[0].sql}, {place}{nulls})", arguments[0].type)


def _number(name: str, typed: Typed, *, least: int) -> str:
    """The SQL of a place or distance, an error where it is less than `least`."""
    if typed.type not in (*WHOLE, Type.UNKNOWN):
        raise ValidationException(f"Unexpected parameters ({typed.type.label}) for function {name}")
    if isinstance(typed.value, int) and typed.value >= least:
        return str(typed.value)
    number = coerced(typed, L).sql
    wrong = f"CAST(ts_error('{name}: the offset must be at least {least}') AS BIGINT)"
    return f"(CASE WHEN {number} < {least} THEN {wrong} ELSE {number} END)"


def _shifted(name: str, arguments: Sequence[Typed], nulls: str) -> Typed:
    if not 1 <= len(arguments) <= 3:
        raise ValidationException(f"Unexpected parameters for function {name}")
    value, given = arguments[0], []
    if len(arguments) > 1:
        given.append(_number(name, arguments[1], least=0))
    kind = value.type
    if len(arguments) > 2:
        kind = common_type((value.type, arguments[2].type), name)
        given.append(coerced(arguments[2], kind).sql)
    return Typed(f"{name}({', '.join([coerced(value, kind).sql, *given])}{nulls})", kind)


AGGREGATE_NAMES = frozenset((*AGGREGATES, *OF_ANY))
WINDOW_ONLY = frozenset((*RANKING, *SHIFTING, *PICKING))
