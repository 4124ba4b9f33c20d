"""Predicates, which are BOOLEAN: comparisons, AND, OR, NOT, IS NULL, BETWEEN, IN, EXISTS, LIKE."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from sqlglot import exp

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.scopes import Output, Scope, only, refused, single_column
from services.timestream_local.sql.typed_sql import Typed, coerced, coercible, common_type, instant_literal
from services.timestream_local.types import ArrayType, Kind, RowType, Type

COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}


class Operands(Protocol):
    """Compiles the operands of an expression; see `sql.expressions.Expressions`."""

    def typed(self, node: exp.Expr, scope: Scope) -> Typed:
        """An operand."""

    def condition(self, node: exp.Expr, scope: Scope, where: str) -> str:
        """The SQL of an operand that must be BOOLEAN; `where` names its place in the error."""


class Subqueries(Protocol):
    """Compiles queries within expressions; see `sql.compiler.Compiler`."""

    def subquery(self, node: exp.Expr, outer: Scope) -> tuple[str, Sequence[Output]]:
        """The SQL and the columns of a query, which may refer to the columns of `outer`."""


class Predicates:
    """Compiles predicates."""

    def __init__(self, operands: Operands, queries: Subqueries) -> None:
        self._operands, self._queries = operands, queries

    def comparison(self, node: exp.Expr, scope: Scope) -> Typed:
        """A comparison of two operands."""
        only(node, "this", "expression")
        left, right = node.this, node.args["expression"]
        operator = COMPARISONS[type(node)]
        if isinstance(right, exp.Any | exp.All):
            return self._quantified(operator, left, right, scope)
        return compare(operator, self._operands.typed(left, scope), self._operands.typed(right, scope))

    def _quantified(self, operator: str, left: exp.Expr, right: exp.Any | exp.All, scope: Scope) -> Typed:
        """A comparison with ANY, SOME or ALL values of a query."""
        word = "ALL" if isinstance(right, exp.All) else "ANY"
        inner = right.this.unnest()
        if not isinstance(inner, exp.Query) or "DISTINCT" in operator:
            raise refused(f"{operator} {word} of anything but a query", right)
        value = self._operands.typed(left, scope)
        sql, columns = self._queries.subquery(inner, scope)
        other = single_column(columns)
        kind = comparison_type(operator, value, other)
        return Typed(
            f"({coerced(value, kind).sql} {operator} {word} "
            f"(SELECT {coerced(Typed('o1', other.type), kind).sql} FROM ({sql}) AS i))",
            Type.BOOLEAN,
        )

    def logic(self, node: exp.Expr, scope: Scope) -> Typed:
        """AND or OR."""
        word = "AND" if isinstance(node, exp.And) else "OR"
        # A chain is a tree as deep as the chain is long. It is flattened, since recursion has a limit.
        operands = [self._operands.condition(n, scope, f"Logical {word}'s term") for n in node.flatten()]
        return Typed(f"({f' {word} '.join(operands)})", Type.BOOLEAN)

    def negation(self, node: exp.Not, scope: Scope) -> Typed:
        """NOT."""
        return Typed(f"(NOT {self._operands.condition(node.this, scope, 'NOT')})", Type.BOOLEAN)

    def is_null(self, node: exp.Is, scope: Scope) -> Typed:
        """IS NULL."""
        if not isinstance(node.expression, exp.Null):
            raise refused("IS with anything but NULL", node)
        return Typed(f"({self._operands.typed(node.this, scope).sql} IS NULL)", Type.BOOLEAN)

    def between(self, node: exp.Between, scope: Scope) -> Typed:
        """BETWEEN, which includes both bounds."""
        only(node, "this", "low", "high")
        value, low, high = (self._operands.typed(node.args[part], scope) for part in ("this", "low", "high"))
        value, low, high = with_instants(value, low, high)
        kind = comparison_type("BETWEEN", value, low, high)
        value, low, high = (coerced(each, kind) for each in (value, low, high))
        ending = _unless_nan(">=", value, low) if not high.finite else ""
        return Typed(f"({value.sql} BETWEEN {low.sql} AND {high.sql}{ending})", Type.BOOLEAN)

    def membership(self, node: exp.In, scope: Scope) -> Typed:
        """IN a list, or in the result of a query with one column."""
        only(node, "this", "expressions", "query")
        value = self._operands.typed(node.this, scope)
        query = node.args.get("query")
        if query is not None:
            sql, columns = self._queries.subquery(query, scope)
            other = single_column(columns)
            kind = comparison_type("IN", value, other)
            one = coerced(value, kind)
            ending = "" if _is_finite(one) else f" AND NOT isnan({one.sql})"
            found = f"SELECT {coerced(Typed('o1', other.type), kind).sql} FROM ({sql}) AS i"
            return Typed(f"({one.sql} IN ({found}){ending})", Type.BOOLEAN)
        options = [self._operands.typed(option, scope) for option in node.expressions]
        if not options:
            raise refused("IN of nothing", node)
        value, *options = with_instants(value, *options)
        kind = comparison_type("IN", value, *options)
        nan = kind is Type.DOUBLE and not all(map(_is_finite, (value, *options)))
        if nan or isinstance(kind, ArrayType | RowType):
            # In DuckDB NaN is equal to itself, and so is NULL in an array, so that its IN finds them.
            return Typed(
                f"({' OR '.join(compare('=', value, option).sql for option in options)})", Type.BOOLEAN
            )
        listed = ", ".join(coerced(option, kind).sql for option in options)
        return Typed(f"({coerced(value, kind).sql} IN ({listed}))", Type.BOOLEAN)

    def exists(self, node: exp.Exists, scope: Scope) -> Typed:
        """EXISTS of a query."""
        sql, _ = self._queries.subquery(node.this, scope)
        return Typed(f"EXISTS ({sql})", Type.BOOLEAN)

    def like(self, node: exp.Like, scope: Scope, escape: exp.Expr | None = None) -> Typed:
        """LIKE, which is case-sensitive; `escape` is the character of its ESCAPE."""
        only(node, "this", "expression", "negate")
        value = self._operands.typed(node.this, scope)
        pattern = self._operands.typed(node.expression, scope)
        for typed in (value, pattern):
            if not coercible(typed.type, Type.VARCHAR):
                raise ValidationException(f"LIKE needs varchar, not {typed.type.label}")
        ending = f" ESCAPE {self._operands.typed(escape, scope).sql}" if escape is not None else ""
        sql = f"({value.sql} LIKE {pattern.sql}{ending})"
        return Typed(f"(NOT {sql})" if node.args.get("negate") else sql, Type.BOOLEAN)

    def escaped(self, node: exp.Escape, scope: Scope) -> Typed:
        """LIKE … ESCAPE."""
        sign = node.expression
        if not isinstance(node.this, exp.Like) or not (sign.is_string and len(sign.name) == 1):
            raise refused("ESCAPE with anything but one character after LIKE", node)
        pattern = node.this.expression
        if pattern.is_string and re.sub(
            f"{re.escape(sign.name)}[%_{re.escape(sign.name)}]", "", pattern.name
        ).count(sign.name):
            raise ValidationException(
                "Escape character must be followed by '%', '_' or the escape character itself"
            )
        return self.like(node.this, scope, sign)


PREDICATES: dict[type[exp.Expr], Callable[..., Typed]] = {
    **dict.fromkeys(COMPARISONS, Predicates.comparison),
    exp.And: Predicates.logic,
    exp.Or: Predicates.logic,
    exp.Not: Predicates.negation,
    exp.Is: Predicates.is_null,
    exp.Between: Predicates.between,
    exp.In: Predicates.membership,
    exp.Exists: Predicates.exists,
    exp.Like: Predicates.like,
    exp.Escape: Predicates.escaped,
}
"""The methods that compile predicates, by type of node."""


def compare(operator: str, left: Typed, right: Typed) -> Typed:
    """`left operator right`. Raises `ValidationException` for types that can't be compared."""
    left, right = with_instants(left, right)
    kind = comparison_type(operator, left, right)
    left, right = coerced(left, kind), coerced(right, kind)
    if operator in ("=", "<>") and isinstance(kind, ArrayType | RowType):
        sql = same(left.sql, right.sql, kind)
        return Typed(sql if operator == "=" else f"(NOT {sql})", Type.BOOLEAN)
    return Typed(f"({left.sql} {operator} {right.sql}{_unless_nan(operator, left, right)})", Type.BOOLEAN)


def same(left: str, right: str, kind: Kind, depth: int = 0) -> str:
    """The SQL of `left = right`. Arrays and rows with NULL in them are neither equal nor different, as in
    Trino, unless they differ elsewhere; in DuckDB two NULLs in them are equal.
    """
    if isinstance(kind, RowType):
        fields = enumerate(kind.fields, 1)
        pairs = (
            (f"struct_extract({left}, 'f{n}')", f"struct_extract({right}, 'f{n}')", f) for n, f in fields
        )
        return f"({' AND '.join(same(one, other, f.type, depth) for one, other, f in pairs)})"
    if not isinstance(kind, ArrayType):
        return compare("=", Typed(left, kind), Typed(right, kind)).sql
    pair, equal = f"p{depth}", f"q{depth}"
    inner = same(f"{pair}[1]", f"{pair}[2]", kind.element, depth + 1)
    found = f"list_transform(list_zip({left}, {right}), lambda {pair}: {inner})"
    return (
        f"(CASE WHEN {left} IS NULL OR {right} IS NULL THEN NULL WHEN len({left}) <> len({right}) "
        f"OR list_contains({found}, false) THEN false "
        f"WHEN len(list_filter({found}, lambda {equal}: {equal} IS NULL)) = 0 THEN true END)"
    )


def _unless_nan(operator: str, left: Typed, right: Typed) -> str:
    """What makes a comparison of DOUBLEs with NaN false (`<>` true), as IEEE has it.

    In DuckDB NaN is the greatest number and equal to itself, so that it matters on one side only.
    """
    greater = right if operator in ("<", "<=") else left
    if left.type is not Type.DOUBLE or "DISTINCT" in operator or greater.finite:
        return ""
    if operator in ("=", "<>") and right.finite:
        return ""
    other = left if greater is right else right
    # A comparison with NULL is NULL, also that of NaN.
    nan = f"isnan({greater.sql})" + ("" if other.value is not None else f" AND {other.sql} IS NOT NULL")
    return f" OR ({nan})" if operator == "<>" else f" AND NOT ({nan})"


def _is_finite(typed: Typed) -> bool:
    return typed.finite or typed.type is not Type.DOUBLE or isinstance(typed.value, float)


def with_instants(*operands: Typed) -> Sequence[Typed]:
    """Operands with text literals as times, if they are compared with a time."""
    if not any(operand.type in (Type.TIMESTAMP, Type.DATE) for operand in operands):
        return operands
    return [instant_literal(operand) or operand for operand in operands]


def comparison_type(operator: str, *operands: Typed) -> Kind:
    """The type in which values are compared. Raises `ValidationException` if there is none."""
    try:
        return common_type((operand.type for operand in operands), operator)
    except ValidationException:
        kinds = [operand.type for operand in operands]
        names = ", ".join(kind.label for kind in dict.fromkeys(kinds))
        hint = ""
        if set(kinds) == {Type.TIMESTAMP, Type.VARCHAR}:
            hint = "; write TIMESTAMP '2026-03-02 07:30:00' or from_iso8601_timestamp('2026-03-02T07:30:00Z')"
        raise ValidationException(f"'{operator}' cannot be applied to {names}{hint}") from None
