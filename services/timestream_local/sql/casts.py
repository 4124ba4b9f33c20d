"""CAST and TRY_CAST by Trino's rules: text must match exactly, a DOUBLE is rounded half up to an integer."""

from __future__ import annotations

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.functions.signatures import BLANKS, MICROS, TIMESTAMP_SQL, D, T, V
from services.timestream_local.sql.typed_sql import NUMBERS, WHOLE, Typed, coerced, coercible, whole
from services.timestream_local.types import PHYSICAL, Type, instant_ns

NAMES = {
    "VARCHAR": Type.VARCHAR,
    "BOOLEAN": Type.BOOLEAN,
    "INT": Type.INTEGER,
    "INTEGER": Type.INTEGER,
    "BIGINT": Type.BIGINT,
    "DOUBLE": Type.DOUBLE,
    "TIMESTAMP": Type.TIMESTAMP,
    "DATE": Type.DATE,
}
WHOLE_TEXT = "[+-]?[0-9]+"
SPECIAL_DOUBLES = "('NaN', 'Infinity', '+Infinity', '-Infinity')"
INFINITE = "Infinity and NaN are not supported"
DOUBLE_TEXT = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"


def cast(source: Typed, target: Type, *, trying: bool) -> Typed:
    """`source` cast to a type. With `trying` (TRY_CAST) the result is NULL for a value that can't be cast."""
    if source.type is Type.UNKNOWN or (source.type is target):
        return coerced(source, target)
    if source.type is V:
        return _from_text(source, target, trying=trying)
    if target is V:
        return _to_text(source)
    return _between(source, target, trying=trying)


def _refusal(source: Typed, target: Type) -> ValidationException:
    return ValidationException(f"Cannot cast {source.type.label} to {target.label} here")


def _between(source: Typed, target: Type, *, trying: bool) -> Typed:
    word = "TRY_CAST" if trying else "CAST"
    if source.type is D and target in WHOLE:
        return Typed(f"{word}(round({source.sql}) AS {PHYSICAL[target]})", target)
    numeric = (*NUMBERS, Type.BOOLEAN)
    if source.type in numeric and target in numeric:
        return Typed(f"{word}({source.sql} AS {PHYSICAL[target]})", target)
    if source.type is T and target is Type.DATE:
        return Typed(f"CAST({MICROS.replace('{0}', source.sql)} AS DATE)", target)
    if coercible(source.type, target):
        return coerced(source, target)
    raise _refusal(source, target)


def _to_text(source: Typed) -> Typed:
    if source.type is T:
        return Typed(TIMESTAMP_SQL.replace("{0}", source.sql), V)
    if source.type is D:
        plain = f"({source.sql} = 0 OR abs({source.sql}) BETWEEN 0.001 AND 9999999.999999)"
        message = "CAST to varchar of a double outside 0.001 to 10 million is not supported"
        return Typed(
            f"(CASE WHEN {plain} THEN CAST({source.sql} AS VARCHAR) "
            f"WHEN {source.sql} IS NOT NULL THEN error('{message}') END)",
            V,
        )
    if source.type in (*WHOLE, Type.BOOLEAN, Type.DATE):
        return Typed(f"CAST({source.sql} AS VARCHAR)", V)
    raise _refusal(source, V)


def _from_text(source: Typed, target: Type, *, trying: bool) -> Typed:
    if target in (T, Type.DATE):
        return _literal_time(source, target)
    sql = source.sql
    if trying:
        otherwise = "NULL"
    else:
        message = f"'Cannot cast ''' || {sql} || ''' to {PHYSICAL[target]}'"
        otherwise = f"CASE WHEN {sql} IS NOT NULL THEN error({message}) END"
    word = "TRY_CAST" if trying else "CAST"
    if target is D:
        # Trino parses numbers as Java does, which allows blanks around a DOUBLE but not around an integer.
        sql = f"trim({sql}, {BLANKS})"
    if target is Type.BOOLEAN:
        return Typed(
            f"(CASE WHEN lower({sql}) IN ('true', 't', '1') THEN true "
            f"WHEN lower({sql}) IN ('false', 'f', '0') THEN false ELSE {otherwise} END)",
            target,
        )
    if target not in NUMBERS:
        raise _refusal(source, target)
    pattern = DOUBLE_TEXT if target is D else WHOLE_TEXT
    # An error even in TRY_CAST, whose NULL would be a wrong result: Trino casts these texts to values.
    special = f"WHEN {sql} IN {SPECIAL_DOUBLES} THEN error('{INFINITE}') " if target is D else ""
    return Typed(
        f"(CASE {special}WHEN regexp_full_match({sql}, '{pattern}') "
        f"THEN {word}({sql} AS {PHYSICAL[target]}) ELSE {otherwise} END)",
        target,
    )


def _literal_time(source: Typed, target: Type) -> Typed:
    """A text literal as TIMESTAMP, exact to the nanosecond, or DATE. Other texts can't be cast to these."""
    if not isinstance(source.value, str):
        raise ValidationException(f"Cannot cast varchar to {target.label} here, unless it is a literal")
    try:
        instant = whole(instant_ns(source.value, zoned=False), T)
    except ValueError as error:
        raise ValidationException(str(error)) from None
    if target is T:
        return instant
    if len(source.value.strip()) > 10:
        raise ValidationException(f"'{source.value}' is not a valid date")
    return Typed(f"CAST({MICROS.replace('{0}', instant.sql)} AS DATE)", target)
