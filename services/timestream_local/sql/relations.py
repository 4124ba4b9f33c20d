"""Relations under the names that an alias gives, and arrays and time series as relations (UNNEST)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.functions.arrays import element_of
from services.timestream_local.sql.scopes import Output, Relation, only
from services.timestream_local.sql.typed_sql import Typed
from services.timestream_local.types import Field, RowType, Type


def unnested(node: exp.Unnest, alias: str, arrays: Sequence[Typed]) -> tuple[str, Relation]:
    """UNNEST: a row for each place in the arrays, NULL where one is too short.

    A time series gives the columns time and value, an array of rows one for each field.
    """
    only(node, "expressions", "alias", "offset")
    listed = [each.sql for each in arrays]
    place = node.args.get("offset")
    if place is not None and place:
        longest = ", ".join(f"len({sql})" for sql in listed)
        listed.append(f"generate_series(1, greatest({longest}))")
    columns = [column for n, each in enumerate(arrays, 1) for column in _columns_of(f"z[{n}]", each)]
    relation = named(node, [_outside(alias, n, each) for n, each in enumerate(columns, 1)], frozenset())
    if len(listed) > len(arrays):
        columns.append(Output(_name_of(place), Typed(f"z[{len(listed)}]", Type.BIGINT)))
        numbered = [*relation.columns, _outside(alias, len(columns), columns[-1])]
        relation = Relation(relation.names, numbered)
    selected = ", ".join(f"{each.typed.sql} AS o{n}" for n, each in enumerate(columns, 1))
    rows = f"SELECT unnest(list_zip({', '.join(listed)})) AS z"
    return f"LATERAL (SELECT {selected} FROM ({rows}) AS w) AS {alias}", relation


def _columns_of(sql: str, array: Typed) -> Iterator[Output]:
    element = element_of("UNNEST", array)
    if not isinstance(element, RowType):
        yield Output(None, Typed(sql, element))
        return
    for n, field in enumerate(element.fields, 1):
        yield _field_of(sql, n, field)


def _field_of(sql: str, place: int, field: Field) -> Output:
    return Output(field.name, Typed(f"struct_extract({sql}, 'f{place}')", field.type))


def _outside(alias: str, place: int, column: Output) -> Output:
    """A column under the name that the query around it uses."""
    return Output(column.name, Typed(f"{alias}.o{place}", column.typed.type))


def _name_of(place: object) -> str:
    return place.name if isinstance(place, exp.Identifier) else "ordinality"


def named(node: exp.Expr, columns: Sequence[Output], names: frozenset[tuple[str, ...]]) -> Relation:
    """A relation under its alias, with the column names that the alias may give."""
    alias = node.args.get("alias")
    if alias is None:
        return Relation(names, columns)
    only(alias, "this", "columns")
    name = alias.this.name.lower() if alias.this is not None else ""
    return Relation(frozenset({(name,)}), renamed(columns, alias.args.get("columns") or ()))


def renamed(columns: Sequence[Output], names: Sequence[exp.Identifier]) -> list[Output]:
    """Columns under the names that an alias gives them; unchanged if it gives none."""
    if not names:
        return list(columns)
    if len(names) != len(columns):
        raise ValidationException(f"Column alias list has {len(names)} entries, not {len(columns)}")
    return [Output(name.name, column.typed) for name, column in zip(names, columns, strict=True)]
