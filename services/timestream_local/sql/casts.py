"""CAST and TRY_CAST by Trino's rules: text must match exactly, a DOUBLE is rounded half up to an integer."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from services.timestream_local.errors import InvalidText, ValidationException
from services.timestream_local.sql.functions.signatures import BLANKS, MICROS, TIMESTAMP_SQL, D, T, V
from services.timestream_local.sql.typed_sql import NULL, NUMBERS, WHOLE, Typed, coerced, coercible, whole
from services.timestream_local.types import DAY_NS, ArrayType, Field, Kind, RowType, Type, physical
from services.timestream_local.value_texts import day_ns, instant_ns, time_of_day_ns

NAMES = {
    "VARCHAR": Type.VARCHAR,
    "BOOLEAN": Type.BOOLEAN,
    "INT": Type.INTEGER,
    "INTEGER": Type.INTEGER,
    "BIGINT": Type.BIGINT,
    "DOUBLE": Type.DOUBLE,
    "TIMESTAMP": Type.TIMESTAMP,
    "DATE": Type.DATE,
    "TIME": Type.TIME,
    "VARBINARY": Type.BINARY,
}
WHOLE_TEXT = "[+-]?[0-9]+"
DOUBLE_TEXT = r"[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|NaN|Infinity)"


def kind_of(node: exp.DataType) -> Kind | None:
    """The type that a query names in CAST; None for one that isn't supported."""
    name, parts = node.this.name, node.expressions
    if name == "ARRAY" and len(parts) == 1:
        element = kind_of(parts[0])
        return None if element is None else ArrayType(element)
    if name == "STRUCT":
        fields = [_field_of(part) for part in parts]
        known = tuple(field for field in fields if field is not None)
        return RowType(known) if known and len(known) == len(fields) else None
    return None if parts else NAMES.get(name)


def _field_of(node: exp.Expr) -> Field | None:
    inner = node.args.get("kind") if isinstance(node, exp.ColumnDef) else node
    kind = kind_of(inner) if isinstance(inner, exp.DataType) else None
    return None if kind is None else Field(node.name if inner is not node else None, kind)


def cast(source: Typed, target: Kind, *, trying: bool) -> Typed:
    """`source` cast to a type. With `trying` (TRY_CAST) the result is NULL for a value that can't be cast."""
    if source.type is Type.UNKNOWN or source.type == target:
        return coerced(source, target)
    if not isinstance(target, Type) or not isinstance(source.type, Type):
        found = _composite(source, target)
        # One value that can't be cast makes the whole array or row NULL.
        return Typed(f"TRY({found.sql})", target) if trying else found
    if source.type is V:
        return _from_text(source, target, trying=trying)
    if target is V:
        return _to_text(source)
    return _between(source, target, trying=trying)


def _composite(source: Typed, target: Kind) -> Typed:
    """An array cast element by element, a row field by field."""
    kind = source.type
    if isinstance(kind, ArrayType) and isinstance(target, ArrayType):
        element = cast(Typed("e", kind.element), target.element, trying=False)
        return Typed(f"list_transform({source.sql}, lambda e: {element.sql})", target)
    if isinstance(kind, RowType) and isinstance(target, RowType) and len(kind.fields) == len(target.fields):
        pairs = enumerate(zip(kind.fields, target.fields, strict=True), 1)
        fields = [
            (n, cast(Typed(f"struct_extract({source.sql}, 'f{n}')", before.type), after.type, trying=False))
            for n, (before, after) in pairs
        ]
        listed = ", ".join(f"'f{n}': {field.sql}" for n, field in fields)
        return Typed(
            f"(CASE WHEN {source.sql} IS NOT NULL THEN CAST({{{listed}}} AS {physical(target)}) END)", target
        )
    raise _refusal(source, target)


def _refusal(source: Typed, target: Kind) -> ValidationException:
    return ValidationException(f"Cannot cast {source.type.label} to {target.label} here")


def _between(source: Typed, target: Type, *, trying: bool) -> Typed:
    word = "TRY_CAST" if trying else "CAST"
    if source.type is D and target in WHOLE:
        return Typed(f"{word}(round({source.sql}) AS {physical(target)})", target)
    numeric = (*NUMBERS, Type.BOOLEAN)
    if source.type in numeric and target in numeric:
        return Typed(f"{word}({source.sql} AS {physical(target)})", target)
    if source.type is T and target is Type.TIME:
        return Typed(f"({source.sql} % {DAY_NS})", target)
    if source.type is T and target is Type.DATE:
        return Typed(f"CAST({MICROS.replace('{0}', source.sql)} AS DATE)", target)
    if coercible(source.type, target):
        return coerced(source, target)
    raise _refusal(source, target)


def _to_text(source: Typed) -> Typed:
    if source.type is T:
        return Typed(TIMESTAMP_SQL.replace("{0}", source.sql), V)
    if source.type is Type.TIME:
        return Typed(f"substr({TIMESTAMP_SQL.replace('{0}', source.sql)}, 12)", V)
    if source.type is D:
        # Java and DuckDB write numbers of other sizes differently.
        plain = f"({source.sql} = 0 OR abs({source.sql}) BETWEEN 0.001 AND 9999999.999999)"
        return Typed(
            f"(CASE WHEN {plain} THEN CAST({source.sql} AS VARCHAR) ELSE ts_double_text({source.sql}) END)", V
        )
    if source.type in (*WHOLE, Type.BOOLEAN, Type.DATE):
        return Typed(f"CAST({source.sql} AS VARCHAR)", V)
    if source.type in (Type.INTERVAL, Type.MONTHS):
        function = "ts_interval_text" if source.type is Type.INTERVAL else "ts_months_text"
        return Typed(f"{function}({source.sql})", V)
    raise _refusal(source, V)


def _from_text(source: Typed, target: Type, *, trying: bool) -> Typed:
    if target in PARSERS:
        return _time_from_text(source, target, trying=trying)
    if target is Type.BINARY:
        return Typed(f"encode({source.sql})", target)
    sql = source.sql
    if trying:
        otherwise = "NULL"
    else:
        message = f"'Cannot cast ''' || {sql} || ''' to {physical(target)}'"
        failure = f"CAST(ts_error({message}) AS {physical(target)})"
        otherwise = f"CASE WHEN {sql} IS NOT NULL THEN {failure} END"
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
    return Typed(
        f"(CASE WHEN regexp_full_match({sql}, '{pattern}') "
        f"THEN {word}({sql} AS {physical(target)}) ELSE {otherwise} END)",
        target,
    )


def _time_from_text(source: Typed, target: Type, *, trying: bool) -> Typed:
    """A text as TIMESTAMP or TIME, exact to the nanosecond, or DATE."""
    parse, native = PARSERS[target]
    if isinstance(source.value, str):
        try:
            found = whole(parse(source.value), T if target is Type.DATE else target)
        except ValueError as error:
            if trying:
                return coerced(NULL, target)
            raise InvalidText(str(error)) from None
    else:
        call = f"{native}({source.sql})"
        found = Typed(f"TRY({call})" if trying else call, target)
    if target is not Type.DATE:
        return found
    return Typed(f"CAST({MICROS.replace('{0}', found.sql)} AS DATE)", target)


def _zoneless_ns(text: str) -> int:
    return instant_ns(text, zoned=False)


PARSERS: dict[Type, tuple[Callable[[str], int], str]] = {
    T: (_zoneless_ns, "ts_instant"),
    Type.DATE: (day_ns, "ts_day"),
    Type.TIME: (time_of_day_ns, "ts_time_of_day"),
}
"""The parser of each type of times, and its name in DuckDB."""
