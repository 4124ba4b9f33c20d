"""Comparisons: the type in which operands of different types are compared, and the SQL that does it."""

from __future__ import annotations

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.typed_sql import Typed, coerced, common_type
from services.timestream_local.types import Type


def compare(operator: str, left: Typed, right: Typed) -> Typed:
    """`left operator right`, a BOOLEAN. Raises `ValidationException` for types that can't be compared."""
    kind = comparison_type(operator, left, right)
    return Typed(f"({coerced(left, kind).sql} {operator} {coerced(right, kind).sql})", Type.BOOLEAN)


def comparison_type(operator: str, *operands: Typed) -> Type:
    """The type in which values are compared."""
    try:
        return common_type((operand.type for operand in operands), operator)
    except ValidationException:
        kinds = [operand.type for operand in operands]
        names = ", ".join(kind.label for kind in dict.fromkeys(kinds))
        hint = ""
        if set(kinds) == {Type.TIMESTAMP, Type.VARCHAR}:
            hint = "; write TIMESTAMP '2026-03-02 07:30:00' or from_iso8601_timestamp('2026-03-02T07:30:00Z')"
        raise ValidationException(f"'{operator}' cannot be applied to {names}{hint}") from None
